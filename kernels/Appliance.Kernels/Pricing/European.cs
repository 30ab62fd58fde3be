using Appliance.Kernels.Simd;

namespace Appliance.Kernels.Pricing;

/// <summary>
/// European options under Black-Scholes-Merton and Black-76 (Haug, "The Complete Guide to Option Pricing Formulas", 2nd ed. 2007, chapters 1 and 2; vanna, volga and charm there in
/// chapter 2). With v = σ√T, d₁ = (ln(S/K) + (r − q)T)/v + v/2, d₂ = d₁ − v, w = ±1, A = S·e^(−qT), B = K·e^(−rT): V = w(A Φ(w d₁) − B Φ(w d₂)); Δ = w A Φ(w d₁)/S;
/// Γ = Aφ(d₁)/(S² v); vega = Aφ(d₁)√T; Θ = −Aφ(d₁)σ/(2√T) + w(q A Φ(w d₁) − r B Φ(w d₂)); rho = w T B Φ(w d₂); vanna = −Aφ(d₁)d₂/(Sσ); volga = vega·d₁d₂/σ;
/// charm = qΔ − Aφ(d₁)/S·((r − q)/v − d₂/(2T)).
/// <para>Limits: without volatility or time the discounted payoff of the forward, its delta (½ on the strike), no curvature; volatility without bound gives A for the call and B for the
/// put; a strike of zero is the prepaid forward.</para>
/// <para>Accuracy (EuropeanAccuracyTests, against 340 digits): price within 1e-15 of the larger of A and B and relatively within 1e-12 also in the far wings, as are all Greeks
/// relative to their largest term.</para>
/// </summary>
internal static class European
{
    /// <summary>Stands for a strike of zero: worth nothing beside any price, and its logarithm exists.</summary>
    public const double StrikeMin = 1e-200;

    public static Sensitivities Price(in OptionContract contract, in MarketModel model)
    {
        bool isBlack76 = model.Kind == ModelKind.Black76;
        return Evaluate(
            contract.Spot, contract.Strike, contract.Expiry, model.Volatility, model.Rate, isBlack76 ? model.Rate : model.Yield, contract.Right == OptionRight.Call ? 1 : -1, isBlack76);
    }

    /// <param name="isForward">The yield is the rate and moves with it.</param>
    public static Sensitivities Evaluate(double spot, double strike, double years, double volatility, double rate, double yield, double sign, bool isForward)
    {
        var input = new EuropeanInputs<double>
        {
            Spot = spot, Strike = Math.Max(strike, StrikeMin), Years = years, Volatility = volatility, Rate = rate, Yield = yield, Sign = sign,
        };
        EuropeanLanes<ScalarLanes, double>.Evaluate(in input, secondOrder: true, out EuropeanOutputs<double> g);
        return new Sensitivities(g.Price, g.Delta, g.Gamma, g.Vega, g.Theta, isForward ? -years * g.Price : g.Rho, g.Vanna, g.Volga, g.Charm);
    }
}
