using Appliance.Lab.Hedging;
using Appliance.Lab.Markets;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Baselines;

/// <summary>Delta and gamma of what is owed, for the classical rules; shared by threads.</summary>
public abstract class DeltaSource
{
    /// <param name="gamma">May be empty where the rule needs none.</param>
    public abstract void Evaluate(EpisodeBlock block, int step, int underlying, Span<double> delta, Span<double> gamma);
    /// <summary>Value of what is owed, where the source knows it at little cost; what was settled before the last step is not in it, so specifications with earlier expiries have none.</summary>
    public virtual bool Value(EpisodeBlock block, int step, int underlying, Span<double> value) => false;

    /// <summary>Why a specification has no closed-form delta; null when it has.</summary>
    public static string? WhyNot(LabSpecification s)
    {
        var unknown = s.Liability.Contracts.FirstOrDefault(c => !ClosedForms.Knows(c.Contract));
        return unknown is null ? null : $"{unknown.Contract} has no delta here: classical rules know european, cash-digital and asset-digital contracts";
    }

    protected static bool AllExpireLast(LabSpecification s) => s.Liability.Contracts.All(c => ClosedForms.Expiry(c, s.Time) == s.Time.Steps);

    /// <param name="volatility">Volatility that the rule is told; NaN takes the model's.</param>
    public static DeltaSource Make(LabSpecification s, double volatility = double.NaN, bool minimumVariance = false)
    {
        if (WhyNot(s) is { } why) throw new ArgumentException(why, nameof(s));
        var m = s.Market;
        if (double.IsNaN(volatility) && m.HedgeVolatility == 0 && m.Model is MarketModel.Heston or MarketModel.Bates) return new VarianceDelta(s, minimumVariance);
        bool jumps = double.IsNaN(volatility) && m.Model == MarketModel.Merton;
        if (minimumVariance && jumps) return new JumpMinimumVarianceDelta(s);
        return new TableDelta(s, volatility, jumps);
    }
}

/// <summary>Delta as a function of price and time alone.</summary>
internal sealed class TableDelta : DeltaSource
{
    private readonly LiabilityTable[] _tables;
    private readonly bool _knowsValue;

    public TableDelta(LabSpecification s, double volatility, bool jumps)
    {
        _knowsValue = AllExpireLast(s);
        _tables = [.. Enumerable.Range(0, s.Market.Spots.Count).Select(u => new LiabilityTable(s, u, double.IsNaN(volatility) ? ModelVolatility.Of(s.Market, s.Time, u) : volatility, jumps))];
    }

    public override void Evaluate(EpisodeBlock block, int step, int underlying, Span<double> delta, Span<double> gamma)
    {
        var spot = block.Market.Row(underlying, step);
        _tables[underlying].Deltas(step, spot, delta);
        if (!gamma.IsEmpty) _tables[underlying].Gammas(step, spot, gamma);
    }

    public override bool Value(EpisodeBlock block, int step, int underlying, Span<double> value)
    {
        if (!_knowsValue) return false;
        _tables[underlying].Values(step, block.Market.Row(underlying, step), value);
        return true;
    }
}

/// <summary>
/// Heston and Bates: the Black-Scholes delta at the volatility √v̄ with v̄ = θ + (v − θ)(1 − e^(−κτ))/(κτ) the mean variance expected over the life left (jumps' variance added). The minimum-variance delta adds
/// vega·∂√v̄/∂v·ρξ/S: price and variance move together by ρξ/S per unit of price (Bartlett, "Hedging under SABR model", Wilmott July 2006; Hull and White, "Optimal delta hedging for options", Journal of Banking and
/// Finance 82 (2017) 180–190).
/// </summary>
internal sealed class VarianceDelta(LabSpecification s, bool minimumVariance) : DeltaSource
{
    private readonly int[] _expiries = [.. s.Liability.Contracts.Select(c => ClosedForms.Expiry(c, s.Time)).Distinct()];

    public override void Evaluate(EpisodeBlock block, int step, int underlying, Span<double> delta, Span<double> gamma)
    {
        delta.Clear();
        gamma.Clear();
        // Each expiry has its own life left, and so its own mean variance.
        foreach (int expiry in _expiries)
            if (expiry > step) Add(block, step, expiry, delta, gamma);
    }

    private void Add(EpisodeBlock block, int step, int expiry, Span<double> delta, Span<double> gamma)
    {
        var m = s.Market;
        var spot = block.Market.Row(0, step);
        var variance = block.Market.Row(1, step);
        double years = (expiry - step) * s.Time.StepYears, share = MeanReversion.EffectiveYears(m.Kappa, years) / years;
        double jumps = m.Lambda * (m.JumpMean * m.JumpMean + m.JumpStdDev * m.JumpStdDev);
        for (int p = 0; p < delta.Length; p++)
        {
            double mean = Math.Max(m.Theta + (variance[p] - m.Theta) * share + jumps, 1e-8), volatility = Math.Sqrt(mean);
            var owed = ClosedForms.Owed(s, 0, spot[p], step, volatility, withJumps: false, expiry);
            // Vega of a European payoff of one expiry under Black and Scholes is S²·Γ·σ·τ.
            double vega = spot[p] * spot[p] * owed.Gamma * volatility * years;
            delta[p] += owed.Delta + (minimumVariance ? vega * share / (2 * volatility) * m.Rho * m.Xi / spot[p] : 0);
            if (!gamma.IsEmpty) gamma[p] += owed.Gamma;
        }
    }
}

/// <summary>
/// Merton: the holding that makes the variance of the next instant least, (σ²S²Δ + λE[(J − 1)S·(V(JS) − V(S))]) / (σ²S² + λS²E(J − 1)²), by Gauss-Hermite nodes over the jump (Cont and Tankov, "Financial
/// Modelling with Jump Processes", CRC 2004, section 10.4), tabulated from the value table.
/// </summary>
internal sealed class JumpMinimumVarianceDelta(LabSpecification s) : DeltaSource
{
    private static readonly double[] _nodes = [-2.350604973674492, -1.335849074013697, -0.4360774119276165, 0.4360774119276165, 1.335849074013697, 2.350604973674492];
    private static readonly double[] _weights = [0.0045300099055088, 0.1570673203228566, 0.7246295952243925, 0.7246295952243925, 0.1570673203228566, 0.0045300099055088];
    private readonly LiabilityTable _table = new(s, 0, s.Market.Volatilities[0], withJumps: true);

    public override void Evaluate(EpisodeBlock block, int step, int underlying, Span<double> delta, Span<double> gamma)
    {
        var m = s.Market;
        var spot = block.Market.Row(0, step);
        int n = delta.Length;
        double[] values = new double[n], jumped = new double[n], at = new double[n], covariance = new double[n];
        _table.Deltas(step, spot, delta);
        _table.Values(step, spot, values);
        double diffusion = m.Volatilities[0] * m.Volatilities[0], square = 0, total = _weights.Sum();
        for (int q = 0; q < _nodes.Length; q++)
        {
            double jump = Math.Exp(m.JumpMean + Math.Sqrt(2) * m.JumpStdDev * _nodes[q]), w = m.Lambda * _weights[q] / total;
            square += w * (jump - 1) * (jump - 1);
            for (int p = 0; p < n; p++) at[p] = spot[p] * jump;
            _table.Values(step, at, jumped);
            for (int p = 0; p < n; p++) covariance[p] += w * (jump - 1) * (jumped[p] - values[p]) / spot[p];
        }
        for (int p = 0; p < n; p++) delta[p] = (diffusion * delta[p] + covariance[p]) / (diffusion + square);
        if (!gamma.IsEmpty) _table.Gammas(step, spot, gamma);
    }

    public override bool Value(EpisodeBlock block, int step, int underlying, Span<double> value)
    {
        if (!AllExpireLast(s)) return false;
        _table.Values(step, block.Market.Row(0, step), value);
        return true;
    }
}
