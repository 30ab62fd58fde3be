using System.Runtime.CompilerServices;
using Appliance.Kernels.Simd;

namespace Appliance.Kernels.ImpliedVolatility;

/// <summary>Where a price lies decides how its volatility is found.</summary>
internal enum Region : byte
{
    /// <summary>Below the price at s = √(2a), where the vega is highest: sought in 1/ln c, which is nearly a parabola in s.</summary>
    Low,
    /// <summary>Above it while c is below 0.4 and a below 0.75: sought in c, with the error function's own series so that a small s keeps its digits.</summary>
    Middle,
    /// <summary>The rest: sought in ln(1 − c).</summary>
    High,
    /// <summary>Not plainly one of these: strike and forward e^10 or more apart, or something is wrong. Looked at one by one.</summary>
    Other,
}

/// <summary>
/// s = σ√T from an out-of-the-money price over any lane width, after Jäckel's "Let's be rational": out-of-the-money prices, an objective for each region that is nearly linear in s, an
/// explicit start and Householder steps of third order. The starts are ours: in place of his rational interpolation between computed points they invert Bachelier's formula by a polynomial
/// and correct it to Black's (low, middle), or invert the normal distribution twice (high); they are right to 1 %, or 8 % (high), for a ≤ 2.1, so that two steps end at the last bits.
/// <see cref="ImpliedVolatilitySolver"/> states range and accuracy.
/// </summary>
internal static class ImpliedVolatilityLanes<L, V> where L : struct, ILanes<V> where V : struct
{
    private const double Sqrt2Pi = 2.5066282746310002, InverseSqrt2 = 0.7071067811865476, Ln2 = 0.6931471805599453;
    public const double MiddlePriceMax = 0.4, MiddleLogMax = 0.75, NearLogMax = 10;
    /// <summary>Forward and strike that differ at all are 1e-16 apart or more; this is what rounding makes of equal ones.</summary>
    public const double AtForwardLogMax = 1e-20;

    /// <summary>
    /// Of one register of options: a, c, |F − K| per unit of the smaller, what the price holds above the payoff, and the region as a number. Prices are undiscounted. Whatever does not lie plainly
    /// inside the range is <see cref="Region.Other"/>. Divisions are what costs here, so that one serves where two would be easier to read.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prepare(V price, V forward, V strike, V years, V sign, out V logDistance, out V normalised, out V gap, out V timeValue, out V region)
    {
        V zero = L.All(0.0), one = L.All(1.0);
        V smaller = L.WhereGreater(forward, strike, strike, forward), larger = L.WhereGreater(forward, strike, forward, strike);
        V perProduct = L.Divide(one, L.Multiply(smaller, larger));
        V perSmaller = L.Multiply(perProduct, larger), perLarger = L.Multiply(perProduct, smaller);
        V ratio = L.Multiply(larger, perSmaller);
        // What the ratio's rounding took off is put back: near the forward it is all there is.
        V lost = L.Multiply(L.FmaNegated(ratio, smaller, larger), perLarger);
        V log = L.Add(ElementaryLanes<L, V>.LogOfNormal(ratio), lost);
        logDistance = L.WhereGreater(log, zero, log, zero);
        V intrinsic = L.Multiply(sign, L.Subtract(forward, strike));
        timeValue = L.Subtract(price, L.WhereGreater(intrinsic, zero, intrinsic, zero));
        normalised = L.Multiply(timeValue, perSmaller);
        gap = L.Multiply(L.Subtract(larger, smaller), perSmaller);
        V border = L.Subtract(L.All(0.5), NormalLanes<L, V>.TailOneDivision(L.Sqrt(L.Add(logDistance, logDistance))));

        V low = L.All((double)Region.Low), middle = L.All((double)Region.Middle), high = L.All((double)Region.High), other = L.All((double)Region.Other);
        region = L.WhereGreater(L.All(MiddlePriceMax), normalised, L.WhereGreater(L.All(MiddleLogMax), logDistance, middle, high), high);
        // On the forward itself the border is zero but for its last bits, and so is the distance.
        region = L.WhereGreater(border, normalised, L.WhereGreater(logDistance, L.All(AtForwardLogMax), low, region), region);
        region = L.WhereGreater(L.All(NearLogMax), logDistance, region, other);
        region = L.WhereGreater(one, normalised, region, other);
        V least = L.All(ImpliedVolatilitySolver.TimeValueMin);
        region = L.WhereGreater(normalised, least, L.WhereGreater(timeValue, least, region, other), other);
        region = L.WhereGreater(smaller, L.All(ImpliedVolatilitySolver.PriceMin), L.WhereGreater(L.All(ImpliedVolatilitySolver.PriceMax), larger, region, other), other);
        region = L.WhereGreater(years, zero, L.WhereGreater(L.All(ImpliedVolatilitySolver.YearsMax), years, region, other), other);
        // A right that is neither +1 nor −1, a NaN too.
        V square = L.Multiply(sign, sign);
        region = L.WhereGreater(square, L.All(0.9999), L.WhereGreater(L.All(1.0001), square, region, other), other);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Low(V a, V c, V gap)
    {
        V one = L.All(1.0);
        V logPrice = ElementaryLanes<L, V>.LogOfNormal(c);
        V perLogPrice = L.Divide(one, logPrice);
        V sMax = L.Multiply(L.Sqrt(L.Add(a, a)), L.All(1.001));
        // Bachelier: with x = 1/(1 + y), y² = ln(1 + |F − K|/price), s/a is a polynomial in x times (1 + y)/y². Then Hagan's ratio of the two volatilities, 1 + s²/24, with more.
        V square = L.Subtract(ElementaryLanes<L, V>.LogOfNormal(L.Add(c, gap)), logPrice);
        V yPlus = L.Add(L.Sqrt(square), one);
        V reciprocal = L.Divide(one, L.Multiply(yPlus, square));
        V x = L.Multiply(reciprocal, square);
        V p = L.All(-17.89990104);
        p = L.Fma(p, x, L.All(59.38064793));
        p = L.Fma(p, x, L.All(-73.11736574));
        p = L.Fma(p, x, L.All(38.43831803));
        p = L.Fma(p, x, L.All(-4.992068101));
        p = L.Fma(p, x, L.All(0.0109375866));
        p = L.Fma(p, x, L.All(0.6900055259));
        V s = FromBachelier(L.Multiply(a, L.Multiply(L.Multiply(reciprocal, yPlus), L.Multiply(yPlus, p))));
        s = LowStep(a, logPrice, perLogPrice, L.WhereGreater(s, sMax, sMax, s));
        return LowStep(a, logPrice, perLogPrice, L.WhereGreater(s, sMax, sMax, s));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LowStep(V a, V logPrice, V perLogPrice, V s)
    {
        V one = L.All(1.0);
        V perS = L.Divide(one, s);
        V h = L.Multiply(a, perS);
        V near = L.FmaNegated(s, L.All(0.5), h);
        V slope = L.Multiply(s, NormalisedBlack<L, V>.TailSlope(near, s));
        V logHere = L.FmaNegated(L.Multiply(near, L.All(0.5)), near, ElementaryLanes<L, V>.LogOfNormal(slope));
        // c/c'; its reciprocal and that of ln c from one division.
        V priceByVega = L.Multiply(slope, L.All(Sqrt2Pi));
        V reciprocal = L.Divide(one, L.Multiply(priceByVega, logHere));
        V growth = L.Multiply(reciprocal, logHere), perLog = L.Multiply(reciprocal, priceByVega);
        NormalisedBlack<L, V>.Curvature(h, s, perS, out V second, out V third);
        V newton = L.Multiply(L.Multiply(L.Multiply(L.Subtract(logPrice, logHere), logHere), perLogPrice), priceByVega);
        // g = 1/ln c: g''/g' = c''/c' − (c'/c)(1 + 2/ln c), g'''/g' = c'''/c' + 2(c'/c)²(1 + 3/ln c·(1 + 1/ln c)) − 3(c''/c')(c'/c)(1 + 2/ln c).
        V bend = L.Multiply(growth, L.Fma(perLog, L.All(2.0), one));
        V twist = L.Multiply(L.Multiply(growth, growth), L.Fma(L.Multiply(perLog, L.All(6.0)), L.Add(one, perLog), L.All(2.0)));
        third = L.Add(third, L.FmaNegated(L.Multiply(second, L.All(3.0)), bend, twist));
        return NormalisedBlack<L, V>.Step(s, newton, L.Subtract(second, bend), third);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Middle(V a, V c, V gap)
    {
        V one = L.All(1.0);
        V w = L.Divide(gap, c);
        V p = L.All(0.00015710636);
        p = L.Fma(p, w, L.All(-0.0024580965));
        p = L.Fma(p, w, L.All(0.015979427));
        p = L.Fma(p, w, L.All(-0.064340899));
        p = L.Fma(p, w, L.All(0.49600037));
        p = L.Fma(p, w, L.All(1.0001681));
        // a/(e^a − 1) to 4e-4, finite at the money.
        V shrink = L.Fma(a, L.Fma(a, L.All(1.0 / 12), L.All(-0.5)), one);
        V s = FromBachelier(L.Multiply(L.Multiply(L.Multiply(c, L.All(Sqrt2Pi)), shrink), p));
        V halfRise = ElementaryLanes<L, V>.ExpLessOne(L.Multiply(a, L.All(0.5)));
        V rise = L.Fma(halfRise, halfRise, L.Add(halfRise, halfRise));
        s = MiddleStep(a, c, rise, s);
        return MiddleStep(a, c, rise, s);
    }

    /// <summary>c = ½erf(d₁/√2) + ½erf(d/√2) − (e^a − 1)·(½ − ½erf(d/√2)) with d₁ = t − h, d = t + h.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V MiddleStep(V a, V c, V rise, V s)
    {
        V half = L.All(0.5), one = L.All(1.0);
        V perS = L.Divide(one, s);
        V h = L.Multiply(a, perS), t = L.Multiply(s, half);
        V d1 = L.Subtract(t, h);
        V halfErf1 = L.Multiply(half, NormalLanes<L, V>.ErfNear(L.Multiply(d1, L.All(InverseSqrt2))));
        V halfErf2 = L.Multiply(half, NormalLanes<L, V>.ErfNear(L.Multiply(L.Add(t, h), L.All(InverseSqrt2))));
        V here = L.FmaNegated(rise, L.Subtract(half, halfErf2), L.Add(halfErf1, halfErf2));
        V perVega = L.Multiply(L.All(Sqrt2Pi), ElementaryLanes<L, V>.Exp(L.Multiply(L.Multiply(d1, d1), half)));
        NormalisedBlack<L, V>.Curvature(h, s, perS, out V second, out V third);
        return NormalisedBlack<L, V>.Step(s, L.Multiply(L.Subtract(c, here), perVega), second, third);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V High(V a, V c)
    {
        V logRest = ElementaryLanes<L, V>.LogOfNormal(L.Subtract(L.All(1.0), c));
        V s = HighStart(a, logRest);
        s = HighStep(a, logRest, s);
        s = HighStep(a, logRest, s);
        return s;
    }

    /// <summary>1 − c ≈ 2e^(a/2)·Φ(−t)·e^(−h²/2): for h = 0 first, then with the h that this gives.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V HighStart(V a, V logRest)
    {
        V logTail = L.Subtract(L.FmaNegated(a, L.All(0.5), logRest), L.All(Ln2));
        V t = NormalQuantile(logTail);
        V h = L.Divide(L.Multiply(a, L.All(0.5)), t);
        // ln 0.45: the tail is to stay below one half.
        V corrected = L.Fma(L.Multiply(h, L.All(0.5)), h, logTail), most = L.All(-0.7985);
        t = NormalQuantile(L.WhereGreater(corrected, most, most, corrected));
        return L.Add(t, t);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V HighStep(V a, V logRest, V s)
    {
        V one = L.All(1.0), half = L.All(0.5);
        V sMin = L.Multiply(L.Sqrt(L.Add(a, a)), L.All(0.999));
        s = L.WhereGreater(sMin, s, sMin, s);
        V perS = L.Divide(one, s);
        V h = L.Multiply(a, perS), t = L.Multiply(s, half);
        V d1 = L.Subtract(t, h);
        V tails = L.Add(NormalLanes<L, V>.TailOneDivision(d1), NormalLanes<L, V>.TailOneDivision(L.Add(t, h)));
        V logHere = L.FmaNegated(L.Multiply(d1, half), d1, ElementaryLanes<L, V>.LogOfNormal(tails));
        // (1 − c)/c' and its reciprocal.
        V restByVega = L.Multiply(tails, L.All(Sqrt2Pi));
        V decline = L.Divide(one, restByVega);
        NormalisedBlack<L, V>.Curvature(h, s, perS, out V second, out V third);
        V newton = L.Multiply(L.Subtract(logHere, logRest), restByVega);
        // g = ln(1 − c): g''/g' = c''/c' + c'/(1 − c), g'''/g' = c'''/c' + 3(c''/c')(c'/(1 − c)) + 2(c'/(1 − c))².
        third = L.Fma(decline, L.Fma(second, L.All(3.0), L.Add(decline, decline)), third);
        return NormalisedBlack<L, V>.Step(s, newton, L.Add(second, decline), third);
    }

    /// <summary>x with Φ(−x) = e^logTail, within 5e-4 (Abramowitz and Stegun, Handbook of Mathematical Functions, 26.2.23).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V NormalQuantile(V logTail)
    {
        V l = L.Sqrt(L.Multiply(logTail, L.All(-2.0)));
        V above = L.Fma(l, L.Fma(l, L.All(0.010328), L.All(0.802853)), L.All(2.515517));
        V below = L.Fma(l, L.Fma(l, L.Fma(l, L.All(0.001308), L.All(0.189269)), L.All(1.432788)), L.All(1.0));
        return L.Subtract(l, L.Divide(above, below));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V FromBachelier(V s)
    {
        V w = L.Multiply(L.Multiply(s, s), L.All(1.0 / 24));
        return L.Fma(L.Multiply(s, w), L.Fma(w, L.All(2.2), L.All(1.0)), s);
    }
}
