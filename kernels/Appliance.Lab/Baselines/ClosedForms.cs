using Appliance.Kernels.Scalar;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Baselines;

/// <summary>Value, delta and gamma in the price of what is owed.</summary>
public readonly record struct OwedValue(double Value, double Delta, double Gamma)
{
    public static OwedValue operator +(OwedValue a, OwedValue b) => new(a.Value + b.Value, a.Delta + b.Delta, a.Gamma + b.Gamma);
    public static OwedValue operator *(double w, OwedValue a) => new(w * a.Value, w * a.Delta, w * a.Gamma);
}

/// <summary>
/// Closed forms of European options and digitals under Black and Scholes, and under Merton's jumps as their Poisson mixture: given n jumps the price is that of Black and Scholes from
/// S·exp(−λkτ + n(m + s²/2)) with variance σ²τ + n s² (Merton 1976). Digitals as in Reiner and Rubinstein, "Unscrambling the binary code", Risk 4 (1991).
/// </summary>
public static class ClosedForms
{
    public static bool Knows(ContractKind kind) => kind is ContractKind.European or ContractKind.CashDigital or ContractKind.AssetDigital;

    /// <summary>
    /// What is owed on the contracts of one underlying that are alive at a step, seen from there. A contract that expires before the last step is settled at its own: a decision of that step has nothing of it
    /// left to hedge. At the last step, where nothing is decided, the payoff itself is the value.
    /// </summary>
    /// <param name="onlyExpiry">Leaves out contracts of other expiries; −1 takes all.</param>
    public static OwedValue Owed(LabSpecification s, int underlying, double spot, int step, double volatility, bool withJumps, int onlyExpiry = -1)
    {
        var sum = new OwedValue();
        foreach (var c in s.Liability.Contracts)
        {
            int expiry = Expiry(c, s.Time);
            if (c.Underlying != underlying || expiry < step || (expiry == step && step < s.Time.Steps) || (onlyExpiry >= 0 && expiry != onlyExpiry)) continue;
            double years = (expiry - step) * s.Time.StepYears;
            sum += -c.Position * c.Notional * (withJumps ? Merton(c, spot, years, volatility, s.Market) : BlackScholes(c, spot, years, volatility, s.Market.Rate));
        }
        return sum;
    }

    /// <summary>Step at which a contract expires.</summary>
    public static int Expiry(ContractSpecification c, TimeSpecification time) => c.ExpiryStep < 0 ? time.Steps : c.ExpiryStep;

    public static OwedValue Merton(ContractSpecification c, double spot, double years, double volatility, MarketSpecification m)
    {
        double mean = m.Lambda * years;
        if (mean == 0 || years == 0) return BlackScholes(c, spot, years, volatility, m.Rate);
        double jump = m.JumpMean + 0.5 * m.JumpStdDev * m.JumpStdDev, compensation = m.Lambda * (Math.Exp(jump) - 1) * years, weight = Math.Exp(-mean);
        var sum = new OwedValue();
        for (int n = 0; n < 400; n++)
        {
            double factor = Math.Exp(n * jump - compensation), total = Math.Sqrt(volatility * volatility + n * m.JumpStdDev * m.JumpStdDev / years);
            var part = BlackScholes(c, spot * factor, years, total, m.Rate);
            sum += weight * new OwedValue(part.Value, part.Delta * factor, part.Gamma * factor * factor);
            weight *= mean / (n + 1);
            if (weight < 1e-16 && n > mean) break;
        }
        return sum;
    }

    public static OwedValue BlackScholes(ContractSpecification c, double spot, double years, double volatility, double rate)
    {
        if (c.Contract == ContractKind.European)
        {
            // A strike of zero makes the call the asset itself.
            if (c.Strike <= 0) return c.Call ? new OwedValue(spot, 1, 0) : new OwedValue();
            var g = Kernels.Scalar.BlackScholes.Evaluate(spot, c.Strike, years, volatility, rate, 0, c.Call ? 1 : -1);
            return new OwedValue(g.Price, g.Delta, g.Gamma);
        }
        double w = c.Call ? 1 : -1, v = volatility * Math.Sqrt(years), discount = Math.Exp(-rate * years);
        if (v < 1e-12)
        {
            bool inside = w * (spot - c.Strike * discount) > 0;
            return c.Contract == ContractKind.CashDigital ? new OwedValue(inside ? c.Cash * discount : 0, 0, 0) : inside ? new OwedValue(spot, 1, 0) : new OwedValue();
        }
        double d1 = (Math.Log(spot / c.Strike) + rate * years) / v + 0.5 * v, d2 = d1 - v;
        if (c.Contract == ContractKind.CashDigital)
        {
            double density = c.Cash * discount * Elementary.NormalPdf(d2) / (spot * v);
            return new OwedValue(c.Cash * discount * Elementary.NormalCdf(w * d2), w * density, -w * density * d1 / (spot * v));
        }
        double bell = Elementary.NormalPdf(d1) / v;
        return new OwedValue(spot * Elementary.NormalCdf(w * d1), Elementary.NormalCdf(w * d1) + w * bell, w * bell / spot * (1 - d1 / v));
    }
}
