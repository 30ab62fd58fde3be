using System.Runtime.CompilerServices;

namespace Appliance.Kernels.Simd;

/// <summary>A register of complex numbers, and the functions that characteristic functions need of them. Arguments stay far inside the range of numbers; no case is treated beyond that.</summary>
internal readonly struct ComplexLanes<L, V>(V re, V im) where L : struct, ILanes<V> where V : struct
{
    public readonly V Re = re, Im = im;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ComplexLanes<L, V> Of(double re, double im) => new(L.All(re), L.All(im));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ComplexLanes<L, V> operator +(ComplexLanes<L, V> a, ComplexLanes<L, V> b) => new(L.Add(a.Re, b.Re), L.Add(a.Im, b.Im));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ComplexLanes<L, V> operator -(ComplexLanes<L, V> a, ComplexLanes<L, V> b) => new(L.Subtract(a.Re, b.Re), L.Subtract(a.Im, b.Im));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ComplexLanes<L, V> operator *(ComplexLanes<L, V> a, ComplexLanes<L, V> b) =>
        new(L.FmaNegated(a.Im, b.Im, L.Multiply(a.Re, b.Re)), L.Fma(a.Re, b.Im, L.Multiply(a.Im, b.Re)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ComplexLanes<L, V> operator *(ComplexLanes<L, V> a, double b) => new(L.Multiply(a.Re, L.All(b)), L.Multiply(a.Im, L.All(b)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ComplexLanes<L, V> operator +(ComplexLanes<L, V> a, double b) => new(L.Add(a.Re, L.All(b)), a.Im);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ComplexLanes<L, V> operator /(ComplexLanes<L, V> a, ComplexLanes<L, V> b)
    {
        V perSquare = L.Divide(L.All(1.0), L.Fma(b.Re, b.Re, L.Multiply(b.Im, b.Im)));
        return new(L.Multiply(L.Fma(a.Re, b.Re, L.Multiply(a.Im, b.Im)), perSquare), L.Multiply(L.FmaNegated(a.Re, b.Im, L.Multiply(a.Im, b.Re)), perSquare));
    }

    /// <summary>The root with a real part of zero or more.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ComplexLanes<L, V> Sqrt(ComplexLanes<L, V> a)
    {
        V zero = L.All(0.0), half = L.All(0.5);
        V modulus = L.Sqrt(L.Fma(a.Re, a.Re, L.Multiply(a.Im, a.Im)));
        V large = L.Sqrt(L.Multiply(L.Add(modulus, L.Abs(a.Re)), half));
        V tiny = L.All(1e-150);
        V small = L.Divide(L.Multiply(L.Abs(a.Im), half), L.WhereGreater(large, tiny, large, tiny));
        V re = L.WhereGreater(zero, a.Re, small, large), im = L.WhereGreater(zero, a.Re, large, small);
        return new(re, L.WhereGreater(zero, a.Im, L.Negate(im), im));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ComplexLanes<L, V> Exp(ComplexLanes<L, V> a)
    {
        V modulus = ElementaryLanes<L, V>.Exp(a.Re);
        SinCos(a.Im, out V sin, out V cos);
        return new(L.Multiply(modulus, cos), L.Multiply(modulus, sin));
    }

    /// <summary>ln(1 + a), its principal value, right to the last digits of a where a is small.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ComplexLanes<L, V> LogOnePlus(ComplexLanes<L, V> a)
    {
        V one = L.All(1.0);
        // |1 + a|² − 1; what adding one rounds off is put back behind the logarithm.
        V excess = L.Fma(a.Re, L.Add(L.All(2.0), a.Re), L.Multiply(a.Im, a.Im));
        V square = L.Add(one, excess);
        V floor = L.All(1e-290);
        square = L.WhereGreater(square, floor, square, floor);
        V lost = L.Divide(L.Subtract(excess, L.Subtract(square, one)), square);
        V re = L.Multiply(L.All(0.5), L.Add(ElementaryLanes<L, V>.LogOfNormal(square), lost));
        return new(re, Angle(L.Add(one, a.Re), a.Im));
    }

    /// <summary>sin and cos for |x| below 10⁸: reduced by multiples of π/2 in three parts, then by polynomials (coefficients from coefficients.py). Error below 2e-16 absolute, for |x| below 10⁵.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SinCos(V x, out V sin, out V cos)
    {
        V rounder = L.All(6755399441055744.0);
        V k = L.Subtract(L.Fma(x, L.All(0.6366197723675814), rounder), rounder);
        V r = L.FmaNegated(k, L.All(1.5707963267341256), x);
        r = L.FmaNegated(k, L.All(6.077100506303966e-11), r);
        r = L.FmaNegated(k, L.All(2.0222662487959506e-21), r);
        V z = L.Multiply(r, r);
        V s = L.All(-7.586094789672621e-13);
        s = L.Fma(s, z, L.All(1.6058521349954986e-10));
        s = L.Fma(s, z, L.All(-2.5052106167335705e-08));
        s = L.Fma(s, z, L.All(2.7557319219150783e-06));
        s = L.Fma(s, z, L.All(-0.00019841269841264821));
        s = L.Fma(s, z, L.All(0.008333333333333331));
        s = L.Fma(s, z, L.All(-0.16666666666666666));
        s = L.Fma(L.Multiply(s, z), r, r);
        V c = L.All(-1.1381754653662937e-11);
        c = L.Fma(c, z, L.All(2.0876134024090145e-09));
        c = L.Fma(c, z, L.All(-2.755731721268659e-07));
        c = L.Fma(c, z, L.All(2.4801587298651292e-05));
        c = L.Fma(c, z, L.All(-0.0013888888888887322));
        c = L.Fma(c, z, L.All(0.041666666666666664));
        c = L.Fma(L.Multiply(c, z), z, L.FmaNegated(z, L.All(0.5), L.All(1.0)));
        // The quadrant, −2…2.
        V quarter = L.Subtract(L.Fma(k, L.All(0.25), rounder), rounder);
        V quadrant = L.FmaNegated(quarter, L.All(4.0), k);
        V half = L.All(0.5), distance = L.Abs(L.Subtract(L.Abs(quadrant), L.All(1.0)));
        V plainSin = L.WhereGreater(half, distance, c, s), plainCos = L.WhereGreater(half, distance, s, c);
        V opposite = L.All(1.5);
        // sin changes sign in quadrants −1 and ±2, cos in 1 and ±2.
        V flipSin = L.WhereGreater(L.Abs(quadrant), opposite, L.All(1.0), L.Negate(quadrant)), flipCos = L.WhereGreater(L.Abs(quadrant), opposite, L.All(1.0), quadrant);
        sin = L.WhereGreater(flipSin, half, L.Negate(plainSin), plainSin);
        cos = L.WhereGreater(flipCos, half, L.Negate(plainCos), plainCos);
    }

    /// <summary>The angle of (x, y) in (−π, π].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Angle(V x, V y)
    {
        V zero = L.All(0.0), one = L.All(1.0);
        V ax = L.Abs(x), ay = L.Abs(y);
        V large = L.WhereGreater(ax, ay, ax, ay), small = L.WhereGreater(ax, ay, ay, ax);
        V floor = L.All(1e-300);
        V ratio = L.Divide(small, L.WhereGreater(large, floor, large, floor));
        V split = L.All(0.4142135623730950);
        V reduced = L.Divide(L.Subtract(ratio, one), L.Add(ratio, one));
        V t = L.WhereGreater(ratio, split, reduced, ratio), start = L.WhereGreater(ratio, split, L.All(0.7853981633974483), zero);
        V z = L.Multiply(t, t);
        V p = L.All(-0.019175404711104935);
        p = L.Fma(p, z, L.All(0.03923044778479309));
        p = L.Fma(p, z, L.All(-0.050854078345894844));
        p = L.Fma(p, z, L.All(0.05858140904866328));
        p = L.Fma(p, z, L.All(-0.06664510525508936));
        p = L.Fma(p, z, L.All(0.07692183125376892));
        p = L.Fma(p, z, L.All(-0.0909090457530649));
        p = L.Fma(p, z, L.All(0.11111111015187018));
        p = L.Fma(p, z, L.All(-0.14285714284665682));
        p = L.Fma(p, z, L.All(0.19999999999995516));
        p = L.Fma(p, z, L.All(-0.3333333333333333));
        V angle = L.Add(start, L.Fma(L.Multiply(p, z), t, t));
        angle = L.WhereGreater(ax, ay, angle, L.Subtract(L.All(1.5707963267948966), angle));
        angle = L.WhereGreater(zero, x, L.Subtract(L.All(3.141592653589793), angle), angle);
        return L.WhereGreater(zero, y, L.Negate(angle), angle);
    }
}
