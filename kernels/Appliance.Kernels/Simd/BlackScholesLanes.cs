using System.Runtime.CompilerServices;

namespace Appliance.Kernels.Simd;

/// <summary>What a batch has in common, spread over the lanes once.</summary>
internal readonly struct SharedInputs<L, V>(double spot, double rate, double yield) where L : struct, ILanes<V> where V : struct
{
    public readonly V Spot = L.All(spot), Rate = L.All(rate), Yield = L.All(yield), Carry = L.All(rate - yield);
    /// <summary>Without rate and yield both discount factors are exactly one, and their exponentials need not be computed.</summary>
    public readonly bool Discounts = rate != 0 || yield != 0;
}

/// <summary>The European option formulas over any lane width; <see cref="Scalar.BlackScholes"/> states them with units, limits and source.</summary>
internal static class BlackScholesLanes<L, V> where L : struct, ILanes<V> where V : struct
{
    /// <summary>Below this σ√T an option is taken to have no curvature: spot itself is not known to a part in 10⁹.</summary>
    private const double DeviationMin = 1e-9;

    /// <summary>Loads one register of options at the given references, and stores their results.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Evaluate(
        in SharedInputs<L, V> shared, ref readonly double strikeAt, ref readonly double yearsAt, ref readonly double volatilityAt, ref readonly double callPutAt,
        ref double priceAt, ref double deltaAt, ref double gammaAt, ref double vegaAt, ref double thetaAt, ref double speedAt)
    {
        V zero = L.All(0.0), one = L.All(1.0);
        V spot = shared.Spot;
        V strike = L.Load(in strikeAt);
        V volatility = L.Load(in volatilityAt);
        V sign = L.Load(in callPutAt);
        V years = L.Load(in yearsAt);
        years = L.WhereGreater(years, zero, years, zero);

        V rootYears = L.Sqrt(years);
        V trueDeviation = L.Multiply(volatility, rootYears);
        V deviationMin = L.All(DeviationMin);
        // So small a floor sends every strike but the forward itself far beyond the tails, without making an infinity or a NaN.
        V floor = L.All(1e-30);
        V deviation = L.WhereGreater(trueDeviation, floor, trueDeviation, floor);

        V forwardSpot = spot, presentStrike = strike;
        V logMoneyness = ElementaryLanes<L, V>.LogOfNormal(L.Divide(spot, strike));
        if (shared.Discounts)
        {
            logMoneyness = L.Fma(shared.Carry, years, logMoneyness);
            forwardSpot = L.Multiply(spot, ElementaryLanes<L, V>.Exp(L.Negate(L.Multiply(shared.Yield, years))));
            presentStrike = L.Multiply(strike, ElementaryLanes<L, V>.Exp(L.Negate(L.Multiply(shared.Rate, years))));
        }

        V reciprocal = L.Divide(one, deviation);
        V middle = L.Multiply(logMoneyness, reciprocal);
        V half = L.Multiply(trueDeviation, L.All(0.5));
        V d1 = L.Add(middle, half);
        V d2 = L.Subtract(middle, half);

        V distance1 = Clamp(L.Abs(d1));
        V distance2 = Clamp(L.Abs(d2));
        V bell1 = NormalLanes<L, V>.Bell(distance1);
        V tail1 = L.Multiply(bell1, NormalLanes<L, V>.ScaledTail(distance1));
        V tail2 = L.Multiply(NormalLanes<L, V>.Bell(distance2), NormalLanes<L, V>.ScaledTail(distance2));
        V signed1 = L.Multiply(sign, d1), signed2 = L.Multiply(sign, d2);
        V probability1 = L.WhereGreater(signed1, zero, L.Subtract(one, tail1), tail1);
        V probability2 = L.WhereGreater(signed2, zero, L.Subtract(one, tail2), tail2);

        // At its limit an option has no curvature: the density is taken as zero there (at the strike itself gamma has no limit).
        V density = L.WhereGreater(trueDeviation, deviationMin, NormalLanes<L, V>.DensityFromBell(bell1), zero);
        V assetLeg = L.Multiply(forwardSpot, probability1);
        V cashLeg = L.Multiply(presentStrike, probability2);
        V price = L.Multiply(sign, L.Subtract(assetLeg, cashLeg));
        // Rounding may leave a worthless option at −1e-20; a price is never negative.
        L.Store(L.WhereGreater(price, zero, price, zero), ref priceAt);

        V spotDensity = L.Multiply(forwardSpot, density);
        V discount = L.Divide(one, spot);
        L.Store(L.Multiply(sign, L.Multiply(L.Multiply(forwardSpot, discount), probability1)), ref deltaAt);
        V gamma = L.Multiply(L.Multiply(spotDensity, L.Multiply(discount, discount)), reciprocal);
        L.Store(gamma, ref gammaAt);
        L.Store(L.Multiply(spotDensity, rootYears), ref vegaAt);
        L.Store(L.Negate(L.Multiply(L.Multiply(gamma, discount), L.Fma(d1, reciprocal, one))), ref speedAt);

        // ½σ²S²Γ in the form that stays finite as T → 0: S·φ·σ²/(2σ√T).
        V decay = L.Multiply(L.Multiply(spotDensity, L.Multiply(volatility, volatility)), L.Multiply(reciprocal, L.All(0.5)));
        V carry = L.Multiply(sign, L.Subtract(L.Multiply(shared.Yield, assetLeg), L.Multiply(shared.Rate, cashLeg)));
        // At expiry time has stopped for the option: its value is its payoff.
        L.Store(L.WhereGreater(years, zero, L.Subtract(carry, decay), zero), ref thetaAt);
    }

    /// <summary>Past forty deviations the tails are zero in double; the clamp keeps squares finite.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Clamp(V distance)
    {
        V far = L.All(40.0);
        return L.WhereGreater(distance, far, far, distance);
    }
}
