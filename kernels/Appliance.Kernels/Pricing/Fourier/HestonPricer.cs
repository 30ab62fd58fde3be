using System.Runtime.Intrinsics;
using Appliance.Kernels.Scalar;
using Appliance.Kernels.Simd;

namespace Appliance.Kernels.Pricing.Fourier;

/// <summary>
/// European options and digitals under Heston (1993) and Bates (1996). With F the forward, ω = ln(F/K), s = ½ + iu and ψ the log characteristic function of ln(S_T/F) at u − i/2,
/// a call is Black's value at a fixed total variance less e^(−rT)·K/π·∫ Re(e^(sω)(e^ψ − e^ψ_Black)/(u² + ¼)) du (Lewis 2000; the control variate as in Andersen and Piterbarg 2010, its
/// variance that with which both agree at u = 0). A cash digital has −(1 − s)/K times that integrand, the asset digital follows. The contour is turned by up to π/10 towards where the
/// integrand's oscillation dies (Andersen and Lake, "Robust high-precision option pricing by Fourier transforms", 2018), x = U·exp(t − e^(−t)) with the trapezoidal rule in t
/// (Takahasi and Mori 1974), U from where the integrand has decayed.
/// <para>All Greeks are exact derivatives of the integrand, the control variate's variance held: to ln F a factor s, to v₀ the factor D of ψ, to time Riccati's right-hand side. Vega and volga
/// are to √v₀.</para>
/// <para>Accuracy, seen in HestonTests and beside QuantLib: 1e-10 of the larger of spot and strike and better. Where neither variance nor jumps move the price it is the discounted payoff.</para>
/// </summary>
internal static class HestonPricer
{
    private const int NodeCount = 128;
    private const double Start = -3.2, End = 3.75, InversePi = 0.3183098861837907;
    /// <summary>Where e^(−x) is taken as nothing.</summary>
    private const double DecayEnd = 40;

    private static readonly double[] _nodes = new double[NodeCount], _weights = new double[NodeCount];

    static HestonPricer()
    {
        double step = (End - Start) / (NodeCount - 1);
        for (int i = 0; i < NodeCount; i++)
        {
            double t = Start + step * i, back = Elementary.Exp(-t);
            _nodes[i] = Elementary.Exp(t - back);
            _weights[i] = _nodes[i] * (1 + back) * step;
        }
    }

    public static PricingStatus Price(in OptionContract contract, in MarketModel model, bool greeks, out Sensitivities result)
    {
        bool jumps = model.Kind == ModelKind.Bates && model.Lambda > 0;
        double t = contract.Expiry, r = model.Rate, q = model.Yield, spot = contract.Spot, strike = Math.Max(contract.Strike, 1e-100 * spot);
        double forward = spot * Elementary.Exp((r - q) * t), discount = Elementary.Exp(-r * t);
        double omega = Elementary.Log(spot / strike) + (r - q) * t;
        double jumpVariance = model.JumpStdDev * model.JumpStdDev;
        bool cash = contract.Kind == ContractKind.CashDigital, asset = contract.Kind == ContractKind.AssetDigital;
        var p = new HestonIntegrand(
            model.Kappa, model.Theta, Math.Max(model.Xi, 1e-20), model.Rho, model.V0, jumps ? model.Lambda : 0, model.JumpMean, jumpVariance, t, omega, 0, 1, 0,
            cash ? contract.Cash : asset ? 0 : -strike, cash ? -contract.Cash : asset ? -strike : 0)
        { JumpCompensator = jumps ? Elementary.Exp(model.JumpMean + 0.5 * jumpVariance) - 1 : 0 };

        double control = -8 * HestonLanes<ScalarLanes, double>.Decay(in p, 0);
        var black = new OptionContract { Kind = contract.Kind, Right = contract.Right, Spot = spot, Strike = contract.Strike, Expiry = t, Cash = contract.Cash };
        if (!(control > 1e-18))
        {
            result = WithVariance(in black, in model, 0);
            return PricingStatus.Ok;
        }

        // What the jumps' compensator takes from the drift moves the oscillation too.
        Turn(ref p, model, omega - p.Lambda * t * p.JumpCompensator);
        p = p with { ControlVariance = control };
        double scale = Scale(in p, control);
        if (!(scale < 1e12)) { result = default; return PricingStatus.OutOfRange; }
        HestonIntegrals sum = Vector512.IsHardwareAccelerated ? HestonLanes<Lanes512, Vector512<double>>.Sum(in p, scale, _nodes, _weights, greeks)
            : Vector256.IsHardwareAccelerated ? HestonLanes<Lanes256, Vector256<double>>.Sum(in p, scale, _nodes, _weights, greeks)
            : HestonLanes<ScalarLanes, double>.Sum(in p, scale, _nodes, _weights, greeks);

        // A digital put is what the call leaves of the certain leg.
        double sign = (cash || asset) && contract.Right == OptionRight.Put ? -1 : 1;
        double unit = sign * discount * InversePi;
        Sensitivities b = WithVariance(in black, in model, control);
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

    /// <summary>
    /// The control variate at constant total variance: its time derivative is that of discount and forward alone, so the volatility's share is taken off again.
    /// </summary>
    private static Sensitivities WithVariance(in OptionContract contract, in MarketModel model, double variance)
    {
        double t = contract.Expiry;
        double volatility = t > 0 ? Math.Sqrt(variance / t) : 0;
        var flat = new MarketModel { Kind = ModelKind.BlackScholes, Rate = model.Rate, Yield = model.Yield, Volatility = volatility };
        Pricer.Price(in contract, in flat, out Sensitivities b);
        if (variance == 0) return b with { Vega = 0, Vanna = 0, Volga = 0 };
        double share = volatility / (2 * t);
        return b with { Vega = 0, Vanna = 0, Volga = 0, Theta = b.Theta + b.Vega * share, Charm = b.Charm + b.Vanna * share };
    }

    /// <summary>For large u the exponent is −u(c√(1 − ρ²) + i(ρc − ω)), c = (v₀ + κθT)/ξ: the turn that makes it real, within bounds, and only towards where e^(iuω) decays.</summary>
    private static void Turn(ref HestonIntegrand p, in MarketModel model, double omega)
    {
        double c = (model.V0 + model.Kappa * model.Theta * p.Years) / p.Xi;
        double across = omega - model.Rho * c, along = c * Math.Sqrt(1 - model.Rho * model.Rho);
        if (across * omega <= 0) return;
        const double most = 0.3249;
        double tangent = along > 0 ? Math.Min(Math.Abs(across) / along, most) : most;
        double cos = 1 / Math.Sqrt(1 + tangent * tangent);
        p = p with { Cos = cos, Sin = Math.Sign(omega) * tangent * cos };
    }

    /// <summary>U such that the integrand has decayed by e^(−40) at 40·U: from one register of points, a factor of two apart each, and the secant between the two around it.</summary>
    private static double Scale(in HestonIntegrand p, double control)
    {
        double gauss = Math.Sqrt(2 * DecayEnd / control);
        double low = 0, lowDecay = 0;
        for (double x = gauss / 8; x < 1e13; x *= 2)
        {
            double decay = -HestonLanes<ScalarLanes, double>.Decay(in p, x);
            if (decay >= DecayEnd)
            {
                double end = low + (x - low) * (DecayEnd - lowDecay) / (decay - lowDecay);
                return Math.Max(end, gauss) / DecayEnd;
            }
            (low, lowDecay) = (x, decay);
        }
        return double.PositiveInfinity;
    }
}
