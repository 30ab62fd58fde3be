using Appliance.Kernels.Simd;

namespace Appliance.Kernels.Scalar;

/// <summary>Price and derivatives of one option. Units as in <see cref="Contract.IComputeBackend"/>.</summary>
/// <param name="Price">In quote currency, per 1.0 of underlying.</param>
/// <param name="Delta">∂V/∂S.</param>
/// <param name="Gamma">∂²V/∂S².</param>
/// <param name="Vega">∂V/∂σ, per 1.00 of volatility.</param>
/// <param name="Theta">∂V/∂t at constant expiry date, per year: mostly negative.</param>
/// <param name="Speed">∂³V/∂S³.</param>
public readonly record struct OptionGreeks(double Price, double Delta, double Gamma, double Vega, double Theta, double Speed);

/// <summary>
/// European options on an asset with continuous yield (Black and Scholes 1973, Merton 1973; the derivatives as in Haug, "The Complete Guide
/// to Option Pricing Formulas", 2nd ed. 2007, chapter 2). With v = σ√T, d₁ = (ln(S/K) + (r − q)T)/v + v/2, d₂ = d₁ − v and w = ±1:
/// V = w(S e^(−qT) Φ(w d₁) − K e^(−rT) Φ(w d₂)); Δ = w e^(−qT) Φ(w d₁); Γ = e^(−qT) φ(d₁)/(S v); vega = S e^(−qT) φ(d₁) √T;
/// Θ = −S e^(−qT) φ(d₁) σ/(2√T) + w(q S e^(−qT) Φ(w d₁) − r K e^(−rT) Φ(w d₂)); speed = −(Γ/S)(d₁/v + 1).
/// <para>Range: S, K positive and normal, |ln(S/K)| below 700, σ ≥ 0; T below zero counts as zero; rate and yield any finite.</para>
/// <para>Limits: towards σ√T = 0 price and delta go to those of the discounted payoff (delta ½ e^(−qT) where the forward is the strike itself); below σ√T = 1e-9
/// gamma, vega and speed are zero (on the strike gamma has no limit); at T = 0 theta is zero too. Nothing is NaN.</para>
/// <para>Accuracy against 120-digit values (tests/reference/kernels), as BlackScholesTests asserts it: price to 1e-15 of the larger of spot and strike; every figure besides to
/// a relative 2e-15·(1 + d²) + 4e-16·d/v, where d is the strike's distance in deviations: what the rounding of S/K does to d.</para>
/// </summary>
public static class BlackScholes
{
    /// <param name="callPut">+1 call, −1 put.</param>
    public static OptionGreeks Evaluate(double spot, double strike, double years, double volatility, double rate, double yield, double callPut)
    {
        var shared = new SharedInputs<ScalarLanes, double>(spot, rate, yield);
        double price = 0, delta = 0, gamma = 0, vega = 0, theta = 0, speed = 0;
        BlackScholesLanes<ScalarLanes, double>.Evaluate(
            in shared, in strike, in years, in volatility, in callPut, ref price, ref delta, ref gamma, ref vega, ref theta, ref speed);
        return new OptionGreeks(price, delta, gamma, vega, theta, speed);
    }
}
