using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Appliance.Kernels.Simd;

/// <summary>One register of European options: everything of its own per lane. <c>Sign</c> is +1 for a call, −1 for a put.</summary>
internal struct EuropeanInputs<V> where V : struct
{
    public V Spot, Strike, Years, Volatility, Rate, Yield, Sign;
}

/// <summary>Where an option stands. <c>Deviation</c> is v = σ√T, <c>PerDeviation</c> its reciprocal, finite also where v is zero.</summary>
internal struct EuropeanPlace<V> where V : struct
{
    public V Years, Volatility, RootYears, Deviation, PerDeviation, PerSpot, X;
}

/// <summary>The smaller leg's density and both terms; <c>FirstRest</c> is the smaller leg less the first, <c>Parity</c> the larger leg less the smaller.</summary>
internal struct EuropeanTails<V> where V : struct
{
    public V Bell, First, FirstRest, Second, OutOfMoney, Parity;
}

internal struct EuropeanOutputs<V> where V : struct
{
    public V Price, Delta, Gamma, Vega, Theta, Rho, Vanna, Volga, Charm;
}

/// <summary>
/// European options with nine Greeks over any lane width; <see cref="Pricing.European"/> states formulas, limits and accuracy.
/// <para>With x = ln(S/K) + (r − q)T, v = σ√T, h = |x|/v, the out-of-the-money option (call for x ≤ 0, else put) is C·Φ(−(h − v/2)) − D·Φ(−(h + v/2)), where C is the smaller of
/// A = S·e^(−qT) and B = K·e^(−rT), D the larger, and C·φ(h − v/2) = D·φ(h + v/2): one exponential serves both tails. The other option is that plus D − C.</para>
/// </summary>
internal static class EuropeanLanes<L, V> where L : struct, ILanes<V> where V : struct
{
    private const double InverseSqrt2Pi = 0.3989422804014327;
    /// <summary>Below this part of its first term the difference of the two has lost ten bits, and <see cref="EuropeanWing"/> takes it from a series.</summary>
    private const double WingShare = 1.0 / 1024;
    /// <summary>σ√T below this is no volatility: gamma at the strike would leave the range of numbers.</summary>
    private const double DeviationMin = 1e-100;

    /// <param name="secondOrder">Whether vanna, volga and charm are wanted; a constant at each call.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Evaluate(in EuropeanInputs<V> input, bool secondOrder, out EuropeanOutputs<V> result) => Evaluate<LaneByLaneWing<L, V>>(in input, secondOrder, out result);

    /// <typeparam name="W">How the wing's correction reaches the lanes.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Evaluate<W>(in EuropeanInputs<V> input, bool secondOrder, out EuropeanOutputs<V> result) where W : struct, IEuropeanWing<V>
    {
        Place(in input, out EuropeanPlace<V> place);
        Legs(in input, in place, out V smaller, out V larger);
        Tails(in place, smaller, larger, out EuropeanTails<V> tails);
        Correct<W>(in place, smaller, ref tails);
        result = default;
        FirstOrder(in input, in place, larger, in tails, ref result);
        if (secondOrder) SecondOrder(in input, in place, tails.Bell, ref result);
    }

    /// <summary>Where the option stands: logarithm, root and reciprocals.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Place(in EuropeanInputs<V> input, out EuropeanPlace<V> place)
    {
        V zero = L.All(0.0), one = L.All(1.0);
        V years = L.Larger(input.Years, zero);
        V volatility = L.Lesser(L.All(1e100), input.Volatility);
        V rootYears = L.Sqrt(years);
        V deviation = L.Multiply(volatility, rootYears);
        V perSpot = L.Divide(one, input.Spot);
        V ratio = L.Divide(input.Spot, input.Strike);
        // What the ratio's rounding took off is put back: in the wings it would be multiplied by d/v.
        V lost = L.Multiply(L.FmaNegated(ratio, input.Strike, input.Spot), perSpot);
        V carry = L.Subtract(input.Rate, input.Yield);
        place.Years = years;
        place.Volatility = volatility;
        place.RootYears = rootYears;
        place.Deviation = deviation;
        place.PerDeviation = L.Divide(one, Floored(deviation));
        place.PerSpot = perSpot;
        place.X = L.Add(L.Fma(carry, years, ElementaryLanes<L, V>.LogOfNormal(ratio)), lost);
    }

    /// <summary>The present values of asset and strike, by size.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Legs(in EuropeanInputs<V> input, in EuropeanPlace<V> place, out V smaller, out V larger)
    {
        V zero = L.All(0.0);
        V asset = L.Multiply(input.Spot, ElementaryLanes<L, V>.Exp(L.Negate(L.Multiply(input.Yield, place.Years))));
        V cash = L.Multiply(input.Strike, ElementaryLanes<L, V>.Exp(L.Negate(L.Multiply(input.Rate, place.Years))));
        smaller = L.WhereGreater(place.X, zero, cash, asset);
        larger = L.WhereGreater(place.X, zero, asset, cash);
    }

    /// <summary>The two terms of the out-of-the-money price, and the price as their difference.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Tails(in EuropeanPlace<V> place, V smaller, V larger, out EuropeanTails<V> tails)
    {
        V zero = L.All(0.0);
        V h = L.Multiply(L.Abs(place.X), place.PerDeviation);
        V halfDeviation = L.Multiply(place.Deviation, L.All(0.5));
        V near = ClampAbove(L.Subtract(h, halfDeviation)), far = ClampAbove(L.Add(h, halfDeviation));
        // The smaller leg's tail begins nearer.
        V nearDistance = ClampAbove(L.Abs(near));
        V bell = L.Multiply(smaller, NormalLanes<L, V>.Bell(nearDistance));
        V nearTail = L.Multiply(bell, NormalLanes<L, V>.TailOneDivision(nearDistance));
        V nearRest = L.Subtract(smaller, nearTail);
        tails.Bell = bell;
        tails.First = L.WhereGreater(near, zero, nearTail, nearRest);
        tails.FirstRest = L.WhereGreater(near, zero, nearRest, nearTail);
        tails.Second = L.Multiply(bell, NormalLanes<L, V>.TailOneDivision(far));
        tails.OutOfMoney = L.Subtract(tails.First, tails.Second);
        tails.Parity = L.Subtract(larger, smaller);
    }

    /// <summary>Whether a lane's difference has lost its digits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsInWing(V first, V outOfMoney) => L.AnyGreater(L.Multiply(first, L.All(WingShare)), outOfMoney);

    /// <summary>Takes what is left of a difference that has lost its digits from a series; nothing is done for a register without such a lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Correct<W>(in EuropeanPlace<V> place, V smaller, ref EuropeanTails<V> tails) where W : struct, IEuropeanWing<V>
    {
        V least = L.Multiply(tails.First, L.All(WingShare));
        if (L.AnyGreater(least, tails.OutOfMoney))
            W.Correct(least, place.X, Floored(place.Deviation), L.Multiply(L.Abs(place.X), place.PerDeviation), smaller, tails.Bell, ref tails.OutOfMoney, ref tails.Parity);
    }

    /// <summary>Price, delta, gamma, vega, theta and rho.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void FirstOrder(in EuropeanInputs<V> input, in EuropeanPlace<V> place, V larger, in EuropeanTails<V> tails, ref EuropeanOutputs<V> result)
    {
        V zero = L.All(0.0), one = L.All(1.0), half = L.All(0.5);
        V x = place.X, years = place.Years, perSpot = place.PerSpot, perDeviation = place.PerDeviation, rootYears = place.RootYears, volatility = place.Volatility;
        V rate = input.Rate, yield = input.Yield, second = tails.Second;
        V outOfMoney = L.Larger(tails.OutOfMoney, zero);

        // A call is out of the money where x ≤ 0, a put where x > 0; the other right holds the complementary probabilities.
        V signedX = L.Multiply(input.Sign, L.WhereGreater(x, zero, one, L.All(-1.0)));
        V ownFirst = L.WhereGreater(signedX, zero, tails.FirstRest, tails.First);
        V ownSecond = L.WhereGreater(signedX, zero, L.Subtract(larger, second), second);
        result.Price = L.WhereGreater(signedX, zero, L.Add(outOfMoney, tails.Parity), outOfMoney);
        V assetLeg = L.WhereGreater(x, zero, ownSecond, ownFirst), cashLeg = L.WhereGreater(x, zero, ownFirst, ownSecond);
        assetLeg = L.Multiply(input.Sign, assetLeg);
        cashLeg = L.Multiply(input.Sign, cashLeg);

        V density = Density(in place, tails.Bell);
        V densityPerSpot = L.Multiply(density, perSpot);
        result.Delta = L.Multiply(assetLeg, perSpot);
        result.Gamma = L.Multiply(L.Multiply(densityPerSpot, perSpot), perDeviation);
        result.Vega = L.Multiply(density, rootYears);
        result.Rho = L.Multiply(years, cashLeg);
        V decay = L.Multiply(L.Multiply(L.Multiply(density, volatility), volatility), L.Multiply(perDeviation, half));
        V theta = L.Subtract(L.FmaNegated(rate, cashLeg, L.Multiply(yield, assetLeg)), decay);
        // At expiry time has stopped for the option: its value is its payoff.
        result.Theta = L.WhereGreater(years, zero, theta, zero);
    }

    /// <summary>Vanna, volga and charm; delta must be there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SecondOrder(in EuropeanInputs<V> input, in EuropeanPlace<V> place, V bell, ref EuropeanOutputs<V> result)
    {
        V zero = L.All(0.0), half = L.All(0.5);
        V x = place.X, years = place.Years, perSpot = place.PerSpot, perDeviation = place.PerDeviation, rootYears = place.RootYears, volatility = place.Volatility;
        V density = Density(in place, bell);
        V densityPerSpot = L.Multiply(density, perSpot);
        V h = L.Multiply(L.Abs(x), perDeviation), halfDeviation = L.Multiply(place.Deviation, half);
        V middle = L.WhereGreater(x, zero, h, L.Negate(h));
        V d1 = L.Add(middle, halfDeviation), d2 = L.Subtract(middle, halfDeviation);
        V smile = L.Multiply(density, perDeviation);
        // Without density these are zero, and d, which may be beyond numbers there, must not turn them into NaN.
        V liveD1 = L.WhereGreater(density, zero, d1, zero), liveD2 = L.WhereGreater(density, zero, d2, zero);
        V minusVannaPerRoot = L.Multiply(L.Multiply(smile, perSpot), liveD2);
        result.Vanna = L.Negate(L.Multiply(minusVannaPerRoot, rootYears));
        result.Volga = L.Multiply(L.Multiply(L.Multiply(L.Multiply(smile, liveD2), liveD1), rootYears), rootYears);
        // ∂d1/∂T = (r − q)/v − d2/(2T), and 1/T = σ²/v².
        V perTwiceYears = L.Multiply(half, L.Multiply(L.Multiply(volatility, perDeviation), L.Multiply(volatility, perDeviation)));
        V carry = L.Subtract(input.Rate, input.Yield);
        V drift = L.FmaNegated(L.Multiply(densityPerSpot, liveD2), perTwiceYears, L.Multiply(L.Multiply(densityPerSpot, carry), perDeviation));
        V charm = L.Subtract(L.Multiply(input.Yield, result.Delta), drift);
        result.Charm = L.WhereGreater(years, zero, charm, zero);
    }

    /// <summary>At its limit an option has no curvature (on the strike itself gamma has no limit).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Density(in EuropeanPlace<V> place, V bell) => L.WhereGreater(place.Deviation, L.All(DeviationMin), L.Multiply(bell, L.All(InverseSqrt2Pi)), L.All(0.0));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Floored(V deviation) => L.Larger(deviation, L.All(DeviationMin));

    /// <summary>Past forty deviations the tails are zero in double; the clamp keeps squares finite.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V ClampAbove(V distance) => L.Lesser(L.All(40.0), distance);
}

/// <summary>Takes <see cref="EuropeanWing"/>'s correction to the lanes that need it.</summary>
internal interface IEuropeanWing<V> where V : struct
{
    static abstract void Correct(V least, V x, V deviation, V h, V c, V bell, ref V outOfMoney, ref V parity);
}

/// <summary>One lane after another, out of line: it is rare.</summary>
internal readonly struct LaneByLaneWing<L, V> : IEuropeanWing<V> where L : struct, ILanes<V> where V : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Correct(V least, V x, V deviation, V h, V c, V bell, ref V outOfMoney, ref V parity) =>
        EuropeanWing.Correct<L, V>(least, x, deviation, h, c, bell, ref outOfMoney, ref parity);
}

/// <summary>One option without an array to spill lanes to, for kernels on accelerators, which have no stack to speak of.</summary>
internal readonly struct SingleWing : IEuropeanWing<double>
{
    public static void Correct(double least, double x, double deviation, double h, double c, double bell, ref double outOfMoney, ref double parity) =>
        EuropeanWing.CorrectOne(x, deviation, h, c, bell, ref outOfMoney, ref parity);
}

/// <summary>
/// The out-of-the-money price where it is so small a part of its two terms that their difference has lost its digits: C·φ(h − v/2)·(Y(h − v/2) − Y(h + v/2)) with the Mills ratio Y, the
/// bracket from Taylor's series around h. Y' = hY − 1 gives all derivatives; −Y' itself is fitted (<see cref="NormalLanes{L,V}.MillsSlope"/>).
/// </summary>
internal static class EuropeanWing
{
    private const double SmallX = 0.34, DeviationMax = 0.1;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Correct<L, V>(V least, V x, V deviation, V h, V c, V bell, ref V outOfMoney, ref V parity) where L : struct, ILanes<V> where V : struct
    {
        Span<double> store = stackalloc double[8 * 8];
        L.Store(least, ref store[0]);
        L.Store(x, ref store[8]);
        L.Store(deviation, ref store[16]);
        L.Store(h, ref store[24]);
        L.Store(c, ref store[32]);
        L.Store(bell, ref store[40]);
        L.Store(outOfMoney, ref store[48]);
        L.Store(parity, ref store[56]);
        for (int i = 0; i < L.Width; i++)
        {
            // The same test for each lane as for the register, so that every width gives the same bits.
            if (!(store[i] > store[48 + i])) continue;
            CorrectOne(store[8 + i], store[16 + i], store[24 + i], store[32 + i], store[40 + i], ref store[48 + i], ref store[56 + i]);
        }
        outOfMoney = L.Load(in store[48]);
        parity = L.Load(in store[56]);
    }

    public static void CorrectOne(double x, double deviation, double h, double c, double bell, ref double outOfMoney, ref double parity)
    {
        double distance = Math.Min(h, 40), absX = Math.Abs(x);
        // A wide deviation gets here only where nothing is left to correct: beyond seven hundred deviations.
        if (deviation <= DeviationMax) outOfMoney = bell * 0.3989422804014327 * MillsDifference(distance, deviation);
        if (absX < SmallX) parity = c * ElementaryLanes<ScalarLanes, double>.ExpLessOne(absX);
    }

    /// <summary>Y(h − v/2) − Y(h + v/2) for v ≤ 0.1.</summary>
    private static double MillsDifference(double h, double v)
    {
        double ratio = NormalLanes<ScalarLanes, double>.TailOneDivision(h) * 2.5066282746310002;
        double minusY1 = NormalLanes<ScalarLanes, double>.MillsSlope(h);
        double y2 = ratio - h * minusY1, y3 = h * y2 - 2 * minusY1, y4 = h * y3 + 3 * y2, y5 = h * y4 + 4 * y3, y6 = h * y5 + 5 * y4, y7 = h * y6 + 6 * y5;
        double square = v * v;
        return v * (minusY1 - square * (1.0 / 24) * (y3 + square * (1.0 / 80) * (y5 + square * (1.0 / 168) * y7)));
    }
}
