using System.Runtime.CompilerServices;

namespace Appliance.Kernels.Simd;

/// <summary>
/// Exp and log over any lane width; <see cref="Scalar.Elementary"/> states sources, ranges and measured accuracy.
/// The coefficients are printed by tests/reference/kernels/coefficients.py.
/// </summary>
internal static class ElementaryLanes<L, V> where L : struct, ILanes<V> where V : struct
{
    /// <summary>1.5·2^52: adding it to |x| below 2^51 rounds x to an integer that stands in the sum's low bits.</summary>
    private const double Rounder = 6755399441055744.0;
    private const double Log2E = 1.4426950408889634;
    /// <summary>ln 2 in 42 bits, so that k times it is exact for |k| below 2^11, and what is left of it.</summary>
    private const double Ln2High = 0.6931471805598903, Ln2Low = 5.497923018708371e-14;

    /// <summary>e^x: x = k·ln 2 + r with |r| ≤ ½ ln 2, e^r by a polynomial, then scaled by 2^k so that subnormal and infinite results come out right.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp(V x)
    {
        // Beyond these e^x is infinite or zero; a NaN compares false and goes through.
        x = L.Lesser(L.All(710.0), x);
        x = L.Larger(L.All(-746.0), x);
        V rounder = L.All(Rounder);
        V k = L.Subtract(L.Fma(x, L.All(Log2E), rounder), rounder);
        V r = L.FmaNegated(k, L.All(Ln2High), x);
        r = L.FmaNegated(k, L.All(Ln2Low), r);

        V e = L.Add(L.All(1.0), ExpLessOne(r));
        return L.TimesPowerOfTwo(e, k);
    }

    /// <summary>e^r − 1 for |r| ≤ ½ ln 2, relative error below 2 ulp: r + r²·p(r).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V ExpLessOne(V r)
    {
        V p = L.All(2.091122972975856e-09);
        p = L.Fma(p, r, L.All(2.5100375832561234e-08));
        p = L.Fma(p, r, L.All(2.755728298405588e-07));
        p = L.Fma(p, r, L.All(2.7557268480310024e-06));
        p = L.Fma(p, r, L.All(2.4801587317135164e-05));
        p = L.Fma(p, r, L.All(0.00019841269863040545));
        p = L.Fma(p, r, L.All(0.0013888888888886554));
        p = L.Fma(p, r, L.All(0.008333333333330065));
        p = L.Fma(p, r, L.All(0.041666666666666664));
        p = L.Fma(p, r, L.All(0.16666666666666669));
        p = L.Fma(p, r, L.All(0.5));
        return L.Fma(L.Multiply(p, r), r, r);
    }

    /// <summary>
    /// ln x of positive normal x: x = m·2^k, f = m − 1, s = f / (2 + f), and ln m = 2 artanh s = f − f²/2 + s·(f²/2 + R(s²)) with
    /// R(z) = z·(2/3 + 2z/5 + …); arranged so that the large terms stay exact.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LogOfNormal(V x)
    {
        V m = L.SplitExponent(x, out V k);
        V f = L.Subtract(m, L.All(1.0));
        V s = L.Divide(f, L.Add(L.All(2.0), f));
        V z = L.Multiply(s, s);
        V p = L.All(0.14616449685043406);
        p = L.Fma(p, z, L.All(0.15331721600556042));
        p = L.Fma(p, z, L.All(0.18182889125261723));
        p = L.Fma(p, z, L.All(0.2222221113479508));
        p = L.Fma(p, z, L.All(0.28571428625975487));
        p = L.Fma(p, z, L.All(0.39999999999899505));
        p = L.Fma(p, z, L.All(0.666666666666667));
        V halfSquare = L.Multiply(L.Multiply(f, L.All(0.5)), f);
        V correction = L.Fma(s, L.Fma(p, z, halfSquare), L.Multiply(k, L.All(Ln2Low)));
        return L.Fma(k, L.All(Ln2High), L.Subtract(f, L.Subtract(halfSquare, correction)));
    }
}
