using Appliance.Kernels.Scalar;
using Appliance.Kernels.Simd;

namespace Appliance.Kernels.Pricing.Fourier;

/// <summary>
/// European options and digitals under Heston (1993) and Bates (1996). With F the forward, ω = ln(F/K), s = ½ + iu and ψ the log characteristic function of ln(S_T/F) at u − i/2,
/// a call is Black's value at a fixed total variance less e^(−rT)·K/π·∫ Re(e^(sω)(e^ψ − e^ψ_Black)/(u² + ¼)) du (Lewis 2000; the control variate as in Andersen and Piterbarg 2010, its
/// variance that with which both agree at u = 0). A cash digital has −(1 − s)/K times that integrand, the asset digital follows. <see cref="HestonQuadrature"/> integrates.
/// <para>All Greeks are exact derivatives of the integrand, the control variate's variance held: to ln F a factor s, to v₀ the factor D of ψ, to time Riccati's right-hand side. Vega and volga
/// are to √v₀.</para>
/// <para>Accuracy, seen beside QuantLib and 30 digits: the price alone within 1e-9 of the larger of spot and strike, with Greeks within 1e-11 (<see cref="HestonQuadrature"/> asks less of the first).
/// Where neither variance nor jumps move the price it is the discounted payoff.</para>
/// </summary>
internal static class HestonPricer
{
    private const double InversePi = 0.3183098861837907;

    public static PricingStatus Price(in OptionContract contract, in MarketModel model, bool greeks, out Sensitivities result)
    {
        bool jumps = model.Kind == ModelKind.Bates && model.Lambda > 0;
        double t = contract.Expiry, r = model.Rate, q = model.Yield, spot = contract.Spot, strike = Math.Max(contract.Strike, 1e-100 * spot);
        double discount = Elementary.Exp(-r * t), omega = Elementary.Log(spot / strike) + (r - q) * t;
        double jumpVariance = model.JumpStdDev * model.JumpStdDev;
        bool cash = contract.Kind == ContractKind.CashDigital, asset = contract.Kind == ContractKind.AssetDigital;
        var p = new HestonIntegrand(
            model.Kappa, model.Theta, Math.Max(model.Xi, 1e-20), model.Rho, model.V0, jumps ? model.Lambda : 0, model.JumpMean, jumpVariance, t, omega, 0, 0, 1, 0,
            cash ? contract.Cash : asset ? 0 : -strike, cash ? -contract.Cash : asset ? -strike : 0)
        { JumpCompensator = jumps ? Elementary.Exp(model.JumpMean + 0.5 * jumpVariance) - 1 : 0 };

        double control = ControlVariance(in p);
        if (!(control > 1e-18))
        {
            result = WithVariance(in contract, in model, 0);
            return PricingStatus.Ok;
        }

        // What the jumps' compensator takes from the drift moves the oscillation too.
        Turn(ref p, model, omega - p.Lambda * t * p.JumpCompensator);
        // Where the strike is many deviations away it is the turn by which the integrand decays, and that sets the scale.
        p = p with { ControlVariance = control, Scale = 1 / Math.Max(0.8 * Math.Sqrt(control), 0.25 * Math.Abs(omega)) };
        p = WithJumpsSeen(in p, in model);
        double payment = cash ? Math.Abs(contract.Cash) : Math.Max(spot, strike);
        // A slow decay, cut off where the price needs no more of it, may not let gamma's sum settle: then the whole of it is taken.
        if (!HestonQuadrature.Integrate(in p, payment, greeks, out HestonIntegrals sum) && (greeks || !HestonQuadrature.Integrate(in p, payment, true, out sum)))
        {
            result = default;
            return PricingStatus.OutOfRange;
        }

        // A digital put is what the call leaves of the certain leg.
        double sign = (cash || asset) && contract.Right == OptionRight.Put ? -1 : 1;
        double unit = sign * discount * InversePi;
        Sensitivities b = WithVariance(in contract, in model, control);
        double price = b.Price + unit * sum.Value;
        // No model leaves the bounds; rounding may by a part in 10¹⁶.
        if (!greeks)
        {
            result = new Sensitivities(price, 0, 0, 0, 0, 0, 0, 0, 0);
            return PricingStatus.Ok;
        }
        double perSpot = 1 / spot, root = Math.Sqrt(model.V0);
        double delta = b.Delta + unit * sum.S * perSpot, gamma = b.Gamma + unit * (sum.SS - sum.S) * perSpot * perSpot;
        double rho = b.Rho + unit * t * (sum.S - sum.Value);
        double timeRate = unit * ((r - q) * sum.S - r * sum.Value + sum.Time);
        double deltaTimeRate = unit * ((r - q) * sum.SS - r * sum.S + sum.STime) * perSpot;
        double vega = unit * 2 * root * sum.D, vanna = unit * 2 * root * sum.SD * perSpot, volga = unit * (2 * sum.D + 4 * model.V0 * sum.DD);
        bool live = t > 0;
        result = new Sensitivities(price, delta, gamma, vega, live ? b.Theta - timeRate : 0, rho, vanna, volga, live ? b.Charm - deltaTimeRate : 0);
        return PricingStatus.Ok;
    }

    /// <summary>−8ψ at u = 0, where all is real: the total variance with which the control variate agrees there.</summary>
    private static double ControlVariance(in HestonIntegrand p)
    {
        double xiSquare = p.Xi * p.Xi, beta = p.Kappa - 0.5 * p.Rho * p.Xi, d = Math.Sqrt(beta * beta + 0.25 * xiSquare);
        double e = Elementary.Exp(-d * p.Years), rest = 1 - e;
        // (¼)/(β + d), without the difference where β < 0.
        double q = beta > 0 ? 0.25 / (beta + d) : (d - beta) / xiSquare;
        double logarithm = ComplexLanes<ScalarLanes, double>.LogOnePlus(new(-0.5 * xiSquare * q * rest / d, 0)).Re;
        double psi = -p.Kappa * p.Theta * (q * p.Years + logarithm * (2 / xiSquare)) - 0.25 * p.V0 * rest / (beta + d + xiSquare * q * e);
        if (p.Lambda > 0) psi += p.Lambda * p.Years * (Elementary.Exp(0.5 * p.JumpMean + 0.125 * p.JumpVariance) - 1 - 0.5 * p.JumpCompensator);
        return -8 * psi;
    }

    /// <summary>
    /// The control variate at constant total variance: its time derivative is that of discount and forward alone, so the volatility's share is taken off again.
    /// </summary>
    private static Sensitivities WithVariance(in OptionContract contract, in MarketModel model, double variance)
    {
        double t = contract.Expiry;
        double volatility = t > 0 ? Math.Sqrt(variance / t) : 0;
        Sensitivities b;
        if (contract.Kind == ContractKind.European)
            b = European.Evaluate(contract.Spot, contract.Strike, t, volatility, model.Rate, model.Yield, contract.Right == OptionRight.Call ? 1 : -1, isForward: false);
        else
        {
            var digital = new OptionContract { Kind = contract.Kind, Right = contract.Right, Spot = contract.Spot, Strike = contract.Strike, Expiry = t, Cash = contract.Cash };
            var flat = new MarketModel { Kind = ModelKind.BlackScholes, Rate = model.Rate, Yield = model.Yield, Volatility = volatility };
            Pricer.Price(in digital, in flat, out b);
        }
        if (variance == 0) return b with { Vega = 0, Vanna = 0, Volga = 0 };
        double share = volatility / (2 * t);
        return b with { Vega = 0, Vanna = 0, Volga = 0, Theta = b.Theta + b.Vega * share, Charm = b.Charm + b.Vanna * share };
    }

    /// <summary>
    /// Jumps of nearly one size bring the integrand back wherever u is a multiple of 2π/m, for a width of 1/(m√(λT)). A step in y is u times that in u; the widest that sees them all follows
    /// from the last u at which they count: where δ has ended them, or the variance the whole.
    /// </summary>
    private static HestonIntegrand WithJumpsSeen(in HestonIntegrand p, in MarketModel model)
    {
        double mean = Math.Abs(p.JumpMean), count = p.Lambda * p.Years;
        if (!(p.Lambda > 0) || mean == 0) return p with { StepMax = double.PositiveInfinity };
        double along = (p.V0 + p.Kappa * p.Theta * p.Years) / p.Xi * Math.Sqrt(1 - p.Rho * p.Rho), variance = p.Theta * p.Years + (p.V0 - p.Theta) * (1 - Elementary.Exp(-p.Kappa * p.Years)) / p.Kappa;
        const double decay = 25;
        // φ falls as e^(−½·variance·u²) at first and as e^(−along·u) in the end, whichever falls less.
        double whole = Math.Max(decay / Math.Max(along, 1e-10), Math.Sqrt(2 * decay / Math.Max(variance, 1e-20)));
        double jumps = Math.Sqrt(2 * Elementary.Log(1 + 1e6 * count)) / Math.Max(model.JumpStdDev, 1e-10);
        double reach = Math.Min(whole, jumps);
        return p with { Reach = reach, StepMax = 1 / (mean * Math.Sqrt(Math.Max(count, 0.25)) * reach) };
    }

    /// <summary>For large u the exponent is −u(c√(1 − ρ²) + i(ρc − ω)), c = (v₀ + κθT)/ξ: the turn that makes it real, within bounds, and only towards where e^(iuω) decays.</summary>
    private static void Turn(ref HestonIntegrand p, in MarketModel model, double omega)
    {
        double c = (model.V0 + model.Kappa * model.Theta * p.Years) / p.Xi;
        double across = omega - model.Rho * c, along = c * Math.Sqrt(1 - model.Rho * model.Rho);
        if (across * omega <= 0) return;
        const double most = 0.3249;
        double tangent = along > 0 ? Math.Min(Math.Abs(across) / along, most) : most;
        // A jump's transform e^(sm + ½δ²s²) stands in an exponent itself. On the side to which m makes it grow it may grow as far as δ holds it, to e^⅓.
        if (p.Lambda > 0 && model.JumpMean * omega < 0) tangent = Math.Min(tangent, 0.8 * model.JumpStdDev / Math.Abs(model.JumpMean));
        double cos = 1 / Math.Sqrt(1 + tangent * tangent);
        p = p with { Cos = cos, Sin = Math.Sign(omega) * tangent * cos };
    }
}
