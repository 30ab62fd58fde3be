using System.Runtime.CompilerServices;

namespace Appliance.Kernels.Simd;

/// <summary>
/// A number with its derivatives to spot, volatility, rate and years, and the second derivatives that Greeks are made of (forward algorithmic differentiation; Griewank and Walther,
/// "Evaluating Derivatives", 2nd ed. 2008, chapter 3). A closed formula written over jets gives the price and all Greeks at once, exact but for rounding.
/// </summary>
internal struct Jet<L, V> where L : struct, ILanes<V> where V : struct
{
    /// <summary>The value; ∂/∂S, ∂/∂σ, ∂/∂r, ∂/∂T; ∂²/∂S², ∂²/∂S∂σ, ∂²/∂σ², ∂²/∂S∂T.</summary>
    public V Value, Spot, Vol, Rate, Years, SpotSpot, SpotVol, VolVol, SpotYears;

    private const double InverseSqrt2Pi = 0.3989422804014327;

    public static Jet<L, V> Constant(V value)
    {
        V zero = L.All(0.0);
        return new Jet<L, V> { Value = value, Spot = zero, Vol = zero, Rate = zero, Years = zero, SpotSpot = zero, SpotVol = zero, VolVol = zero, SpotYears = zero };
    }

    public static Jet<L, V> Constant(double value) => Constant(L.All(value));
    public static Jet<L, V> OfSpot(V value) => Constant(value) with { Spot = L.All(1.0) };
    public static Jet<L, V> OfVolatility(V value) => Constant(value) with { Vol = L.All(1.0) };
    public static Jet<L, V> OfRate(V value) => Constant(value) with { Rate = L.All(1.0) };
    public static Jet<L, V> OfYears(V value) => Constant(value) with { Years = L.All(1.0) };

    public static Jet<L, V> operator +(in Jet<L, V> a, in Jet<L, V> b) => new()
    {
        Value = L.Add(a.Value, b.Value), Spot = L.Add(a.Spot, b.Spot), Vol = L.Add(a.Vol, b.Vol), Rate = L.Add(a.Rate, b.Rate), Years = L.Add(a.Years, b.Years),
        SpotSpot = L.Add(a.SpotSpot, b.SpotSpot), SpotVol = L.Add(a.SpotVol, b.SpotVol), VolVol = L.Add(a.VolVol, b.VolVol), SpotYears = L.Add(a.SpotYears, b.SpotYears),
    };

    public static Jet<L, V> operator -(in Jet<L, V> a, in Jet<L, V> b) => new()
    {
        Value = L.Subtract(a.Value, b.Value), Spot = L.Subtract(a.Spot, b.Spot), Vol = L.Subtract(a.Vol, b.Vol), Rate = L.Subtract(a.Rate, b.Rate),
        Years = L.Subtract(a.Years, b.Years), SpotSpot = L.Subtract(a.SpotSpot, b.SpotSpot), SpotVol = L.Subtract(a.SpotVol, b.SpotVol),
        VolVol = L.Subtract(a.VolVol, b.VolVol), SpotYears = L.Subtract(a.SpotYears, b.SpotYears),
    };

    public static Jet<L, V> operator -(in Jet<L, V> a) => a * -1.0;

    public static Jet<L, V> operator *(in Jet<L, V> a, in Jet<L, V> b) => new()
    {
        Value = L.Multiply(a.Value, b.Value),
        Spot = Cross(a.Spot, b.Value, a.Value, b.Spot),
        Vol = Cross(a.Vol, b.Value, a.Value, b.Vol),
        Rate = Cross(a.Rate, b.Value, a.Value, b.Rate),
        Years = Cross(a.Years, b.Value, a.Value, b.Years),
        SpotSpot = L.Add(Cross(a.SpotSpot, b.Value, a.Value, b.SpotSpot), Twice(L.Multiply(a.Spot, b.Spot))),
        SpotVol = L.Add(Cross(a.SpotVol, b.Value, a.Value, b.SpotVol), Cross(a.Spot, b.Vol, a.Vol, b.Spot)),
        VolVol = L.Add(Cross(a.VolVol, b.Value, a.Value, b.VolVol), Twice(L.Multiply(a.Vol, b.Vol))),
        SpotYears = L.Add(Cross(a.SpotYears, b.Value, a.Value, b.SpotYears), Cross(a.Spot, b.Years, a.Years, b.Spot)),
    };

    public static Jet<L, V> operator *(in Jet<L, V> a, double b) => a.Scaled(L.All(b));
    public static Jet<L, V> operator *(double a, in Jet<L, V> b) => b.Scaled(L.All(a));
    public static Jet<L, V> operator +(in Jet<L, V> a, double b) => a with { Value = L.Add(a.Value, L.All(b)) };
    public static Jet<L, V> operator -(in Jet<L, V> a, double b) => a + -b;
    public static Jet<L, V> operator -(double a, in Jet<L, V> b) => -b + a;
    public static Jet<L, V> operator /(in Jet<L, V> a, in Jet<L, V> b) => a * Reciprocal(in b);

    public readonly Jet<L, V> Scaled(V factor) => new()
    {
        Value = L.Multiply(Value, factor), Spot = L.Multiply(Spot, factor), Vol = L.Multiply(Vol, factor), Rate = L.Multiply(Rate, factor), Years = L.Multiply(Years, factor),
        SpotSpot = L.Multiply(SpotSpot, factor), SpotVol = L.Multiply(SpotVol, factor), VolVol = L.Multiply(VolVol, factor), SpotYears = L.Multiply(SpotYears, factor),
    };

    public static Jet<L, V> Reciprocal(in Jet<L, V> x)
    {
        V f = L.Divide(L.All(1.0), x.Value), first = L.Negate(L.Multiply(f, f));
        return Chain(in x, f, first, L.Multiply(L.All(-2.0), L.Multiply(first, f)));
    }

    public static Jet<L, V> Exp(in Jet<L, V> x)
    {
        V f = ElementaryLanes<L, V>.Exp(x.Value);
        return Chain(in x, f, f, f);
    }

    public static Jet<L, V> Log(in Jet<L, V> x)
    {
        V first = L.Divide(L.All(1.0), x.Value);
        return Chain(in x, ElementaryLanes<L, V>.LogOfNormal(x.Value), first, L.Negate(L.Multiply(first, first)));
    }

    public static Jet<L, V> Sqrt(in Jet<L, V> x)
    {
        V f = L.Sqrt(x.Value), perValue = L.Divide(L.All(1.0), x.Value), first = L.Multiply(L.Multiply(f, perValue), L.All(0.5));
        return Chain(in x, f, first, L.Multiply(L.Multiply(first, perValue), L.All(-0.5)));
    }

    /// <summary>
    /// e^a·Φ(x), without the infinity times zero that its factors make where a is large and x far below zero: a joins the exponent of the tail. All derivatives come from this, from
    /// e^a·φ(x) and from x.
    /// </summary>
    public static Jet<L, V> ExpTimesCdf(in Jet<L, V> a, in Jet<L, V> x)
    {
        V zero = L.All(0.0), limit = L.All(1e100);
        V magnitude = L.Abs(x.Value);
        V distance = L.WhereGreater(magnitude, limit, limit, magnitude);
        V square = L.Multiply(distance, distance);
        V squareError = L.Fma(distance, distance, L.Negate(square));
        V exponent = L.FmaNegated(square, L.All(0.5), a.Value);
        V bell = ElementaryLanes<L, V>.Exp(exponent);
        // The square's rounding error matters only where the exponential has not vanished, and there it is far below one.
        V live = L.WhereGreater(exponent, L.All(-800.0), squareError, zero);
        bell = L.FmaNegated(L.Multiply(live, L.All(0.5)), bell, bell);
        V tail = L.Multiply(bell, NormalLanes<L, V>.TailOneDivision(distance));
        V value = L.WhereGreater(x.Value, zero, L.Subtract(ElementaryLanes<L, V>.Exp(a.Value), tail), tail);
        V density = L.Multiply(bell, L.All(InverseSqrt2Pi));
        V slope = L.Negate(L.Multiply(L.WhereGreater(density, zero, x.Value, zero), density));
        return Chain(in a, in x, value, value, density, value, density, slope);
    }

    public static Jet<L, V> Cdf(in Jet<L, V> x) => ExpTimesCdf(Constant(0.0), in x);

    /// <summary>e^a·φ(x).</summary>
    public static Jet<L, V> ExpTimesPdf(in Jet<L, V> a, in Jet<L, V> x) => InverseSqrt2Pi * Exp(a - 0.5 * (x * x));

    /// <summary>f(x) from f and its two derivatives at the value.</summary>
    public static Jet<L, V> Chain(in Jet<L, V> x, V f, V first, V second) => new()
    {
        Value = f,
        Spot = L.Multiply(first, x.Spot), Vol = L.Multiply(first, x.Vol), Rate = L.Multiply(first, x.Rate), Years = L.Multiply(first, x.Years),
        SpotSpot = L.Fma(first, x.SpotSpot, L.Multiply(second, L.Multiply(x.Spot, x.Spot))),
        SpotVol = L.Fma(first, x.SpotVol, L.Multiply(second, L.Multiply(x.Spot, x.Vol))),
        VolVol = L.Fma(first, x.VolVol, L.Multiply(second, L.Multiply(x.Vol, x.Vol))),
        SpotYears = L.Fma(first, x.SpotYears, L.Multiply(second, L.Multiply(x.Spot, x.Years))),
    };

    /// <summary>f(a, x) from its value and derivatives.</summary>
    private static Jet<L, V> Chain(in Jet<L, V> a, in Jet<L, V> x, V f, V fa, V fx, V faa, V fax, V fxx)
    {
        return new Jet<L, V>
        {
            Value = f,
            Spot = Cross(fa, a.Spot, fx, x.Spot), Vol = Cross(fa, a.Vol, fx, x.Vol), Rate = Cross(fa, a.Rate, fx, x.Rate), Years = Cross(fa, a.Years, fx, x.Years),
            SpotSpot = Second(a.SpotSpot, x.SpotSpot, a.Spot, x.Spot, a.Spot, x.Spot),
            SpotVol = Second(a.SpotVol, x.SpotVol, a.Spot, x.Spot, a.Vol, x.Vol),
            VolVol = Second(a.VolVol, x.VolVol, a.Vol, x.Vol, a.Vol, x.Vol),
            SpotYears = Second(a.SpotYears, x.SpotYears, a.Spot, x.Spot, a.Years, x.Years),
        };

        V Second(V aij, V xij, V ai, V xi, V aj, V xj) => L.Add(
            L.Add(Cross(fa, aij, fx, xij), L.Multiply(fax, Cross(ai, xj, aj, xi))), Cross(faa, L.Multiply(ai, aj), fxx, L.Multiply(xi, xj)));
    }

    /// <summary>a·b + c·d.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Cross(V a, V b, V c, V d) => L.Fma(a, b, L.Multiply(c, d));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Twice(V a) => L.Add(a, a);
}
