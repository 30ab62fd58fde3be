using Appliance.Kernels.Scalar;
using Jet = Appliance.Kernels.Simd.Jet<Appliance.Kernels.Simd.ScalarLanes, double>;

namespace Appliance.Kernels.Pricing.Closed;

/// <summary>
/// The eight single barriers with rebate (Reiner and Rubinstein, "Breaking Down the Barriers", Risk 4 (1991); Haug 2007, section 4.17.1, whose letters A to F are kept). A knock-out pays
/// its rebate when hit, a knock-in at expiry when never hit. Powers of H/S stand in the exponent of the tail they multiply, so that small volatilities do not make infinity times zero.
/// <para>The rebate at the hit, F, is <see cref="HitDiscount"/>.</para>
/// </summary>
internal static class SingleBarrier
{
    public static Jet Price(in JetMarket m, in OptionContract contract)
    {
        bool down = contract.Kind is ContractKind.DownAndOut or ContractKind.DownAndIn;
        double strike = Math.Max(contract.Strike, European.StrikeMin), h = contract.Barrier;
        double eta = down ? 1 : -1, phi = contract.Right == OptionRight.Call ? 1 : -1;
        if (m.IsDeterministic) return WithoutVolatility(in m, in contract, eta, phi);

        Jet v = m.Deviation, variance = m.Volatility * m.Volatility;
        Jet mu = m.Carry / variance - 0.5;
        Jet muV = mu * v;
        Jet logSpotBarrier = m.LogOfSpotTo(h), perV = Jet.Reciprocal(in v);
        Jet assetLeg = m.Spot * m.YieldDiscount, cashLeg = m.Discount * strike;
        // ln(H/S)·2μ: the exponent of the mirrored paths.
        Jet mirror = -2.0 * (mu * logSpotBarrier);
        double logBarrierStrike = Elementary.Log(h / strike);

        Jet Plain(in Jet x) => phi * (assetLeg * Jet.Cdf(phi * (x + v)) - cashLeg * Jet.Cdf(phi * x));
        Jet Mirrored(in Jet y) => phi * (assetLeg * Jet.ExpTimesCdf(mirror - 2.0 * logSpotBarrier, eta * (y + v)) - cashLeg * Jet.ExpTimesCdf(mirror, eta * y));
        Jet toStrike = m.LogOfSpotTo(strike) * perV + muV, toBarrier = logSpotBarrier * perV + muV;
        Jet mirroredBarrier = muV - logSpotBarrier * perV, mirroredStrike = (logBarrierStrike - logSpotBarrier) * perV + muV;

        bool strikeAbove = strike > h;
        bool isIn = contract.Kind is ContractKind.DownAndIn or ContractKind.UpAndIn;
        // The strike lies on the far side of the barrier from where the option would live: then the option needs the barrier to be hit.
        bool same = down ? strikeAbove : !strikeAbove;
        Jet a, b, c, d, value;
        if (isIn)
        {
            value = (phi * eta > 0, same) switch
            {
                (true, true) => Mirrored(in mirroredStrike),
                (true, false) => Plain(in toStrike) - Plain(in toBarrier) + Mirrored(in mirroredBarrier),
                (false, true) => Plain(in toBarrier) - Mirrored(in mirroredStrike) + Mirrored(in mirroredBarrier),
                _ => Plain(in toStrike),
            };
            if (contract.Rebate > 0)
                value += m.Discount * contract.Rebate * (Jet.Cdf(eta * toBarrier) - Jet.ExpTimesCdf(mirror, eta * mirroredBarrier));
            return value;
        }
        switch (phi * eta > 0, same)
        {
            case (true, true):
                value = Plain(in toStrike) - Mirrored(in mirroredStrike);
                break;
            case (true, false):
                value = Plain(in toBarrier) - Mirrored(in mirroredBarrier);
                break;
            case (false, true):
                (a, b, c, d) = (Plain(in toStrike), Plain(in toBarrier), Mirrored(in mirroredStrike), Mirrored(in mirroredBarrier));
                value = a - b + c - d;
                break;
            default:
                value = default;
                break;
        }
        if (contract.Rebate > 0) value += contract.Rebate * HitDiscount.Price(in m, in mu, in logSpotBarrier, eta);
        return value;
    }

    private static Jet WithoutVolatility(in JetMarket m, in OptionContract contract, double eta, double phi)
    {
        Jet forward = m.Forward;
        bool hit = eta * (forward.Value - contract.Barrier) <= 0;
        bool isIn = contract.Kind is ContractKind.DownAndIn or ContractKind.UpAndIn;
        Jet payoff = JetMarket.Positive(phi * (m.Discount * (forward - contract.Strike)));
        if (isIn) return hit ? payoff : m.Discount * contract.Rebate;
        if (!hit) return payoff;
        Jet hitYears = -(m.LogOfSpotTo(contract.Barrier) / m.Carry);
        return contract.Rebate * Jet.Exp(-(m.Rate * hitYears));
    }

    /// <summary>What a contract whose barrier has been hit is now: nothing more, its rebate, or (null) the plain option.</summary>
    public static double? AfterHit(in OptionContract contract)
    {
        bool isIn = contract.Kind is ContractKind.DownAndIn or ContractKind.UpAndIn;
        if (isIn) return null;
        return SpotHasHit(in contract) && !ExtremumHasHit(in contract) ? contract.Rebate : 0;
    }

    public static bool HasHit(in OptionContract contract) => SpotHasHit(in contract) || ExtremumHasHit(in contract);

    private static bool IsDown(in OptionContract contract) => contract.Kind is ContractKind.DownAndOut or ContractKind.DownAndIn;
    private static bool SpotHasHit(in OptionContract contract) => IsDown(in contract) ? contract.Spot <= contract.Barrier : contract.Spot >= contract.Barrier;
    private static bool ExtremumHasHit(in OptionContract contract) =>
        contract.Extremum > 0 && (IsDown(in contract) ? contract.Extremum <= contract.Barrier : contract.Extremum >= contract.Barrier);
}
