using Jet = Appliance.Kernels.Simd.Jet<Appliance.Kernels.Simd.ScalarLanes, double>;

namespace Appliance.Kernels.Pricing.Closed;

/// <summary>
/// Digitals that settle at expiry (Reiner and Rubinstein 1991; Haug 2007, section 4.19): cash X·e^(−rT)·Φ(w d₂), asset S·e^(−qT)·Φ(w d₁). Exactly on the strike at expiry they pay nothing.
/// </summary>
internal static class Digital
{
    public static Jet Price(in JetMarket m, in OptionContract contract)
    {
        double w = contract.Right == OptionRight.Call ? 1 : -1;
        double strike = Math.Max(contract.Strike, European.StrikeMin);
        bool cash = contract.Kind == ContractKind.CashDigital;
        Jet leg = cash ? m.Discount * contract.Cash : m.Spot * m.YieldDiscount;
        if (m.IsDeterministic) return w * (m.Forward.Value - strike) > 0 ? leg : default;
        Jet d1 = m.D1(m.LogOfSpotTo(strike));
        return leg * Jet.Cdf(w * (cash ? d1 - m.Deviation : d1));
    }
}
