namespace Appliance.Kernels.Pricing;

/// <summary>
/// A price and its derivatives, all per 1.00 of what they are taken by: of spot, of volatility, of rate, of a year. Partial derivatives of the price as a function of the contract's
/// and model's fields, every other field held.
/// </summary>
/// <param name="Price">V, in quote currency.</param>
/// <param name="Delta">∂V/∂S. Under Black-76, to the forward.</param>
/// <param name="Gamma">∂²V/∂S².</param>
/// <param name="Vega">∂V/∂σ. Under Heston and Bates σ is √v₀.</param>
/// <param name="Theta">−∂V/∂T: what a year of calendar time brings; mostly negative.</param>
/// <param name="Rho">∂V/∂r at constant yield; under Black-76 at constant forward.</param>
/// <param name="Vanna">∂²V/∂S∂σ.</param>
/// <param name="Volga">∂²V/∂σ².</param>
/// <param name="Charm">−∂²V/∂S∂T: what a year of calendar time does to delta.</param>
public readonly record struct Sensitivities(
    double Price, double Delta, double Gamma, double Vega, double Theta, double Rho, double Vanna, double Volga, double Charm)
{
    public bool IsFinite =>
        double.IsFinite(Price) && double.IsFinite(Delta) && double.IsFinite(Gamma) && double.IsFinite(Vega) && double.IsFinite(Theta) && double.IsFinite(Rho)
        && double.IsFinite(Vanna) && double.IsFinite(Volga) && double.IsFinite(Charm);
}
