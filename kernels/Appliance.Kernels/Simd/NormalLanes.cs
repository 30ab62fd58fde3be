using System.Runtime.CompilerServices;

namespace Appliance.Kernels.Simd;

/// <summary>
/// The normal distribution's tail over any lane width. One formula covers the whole half-line: with y = x/√2,
/// (1 + 2y)·e^(y²)·erfc(y) lies between 1 and 1.24 for y ≥ 0 and is smooth in t = (y − 3.5)/(y + 3.5) ∈ [−1, 1], where a polynomial of
/// degree 23 meets it to 3.2e-17 (the substitution is that of Shepherd and Laframboise, "Chebyshev approximation of
/// (1 + 2x) exp(x²) erfc x in 0 ≤ x &lt; ∞", Mathematics of Computation 36 (1981) 249–253; the coefficients are ours, printed by
/// tests/reference/kernels/coefficients.py). The polynomial is split into even and odd powers so that two chains run side by side.
/// </summary>
internal static class NormalLanes<L, V> where L : struct, ILanes<V> where V : struct
{
    private const double Sqrt2 = 1.4142135623730951;
    private const double MapCentre = 4.949747468305833;
    private const double InverseSqrt2Pi = 0.3989422804014327;

    /// <summary>e^(−x²/2), relative error below 2 ulp also far out: the rounding error of x² is computed and put back.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Bell(V x)
    {
        V square = L.Multiply(x, x);
        V squareError = L.Fma(x, x, L.Negate(square));
        V e = ElementaryLanes<L, V>.Exp(L.Multiply(square, L.All(-0.5)));
        return L.FmaNegated(L.Multiply(squareError, L.All(0.5)), e, e);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V DensityFromBell(V bell) => L.Multiply(bell, L.All(InverseSqrt2Pi));

    /// <summary>Φ(−x)·e^(x²/2) for x ≥ 0 (√(2π) times less than the Mills ratio).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V ScaledTail(V x)
    {
        V t = L.Divide(L.Subtract(x, L.All(MapCentre)), L.Add(x, L.All(MapCentre)));
        V p = ScaledErfcPolynomial(t);
        return L.Divide(L.Multiply(p, L.All(0.5)), L.Fma(x, L.All(Sqrt2), L.All(1.0)));
    }

    /// <summary>(1 + 2y)·e^(y²)·erfc(y) as a polynomial in t = (y − 3.5)/(y + 3.5).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V ScaledErfcPolynomial(V t)
    {
        V u = L.Multiply(t, t);
        V odd = L.All(-1.2155186967957756e-09);
        odd = L.Fma(odd, u, L.All(1.3911592311296799e-08));
        odd = L.Fma(odd, u, L.All(-9.711971328975727e-08));
        odd = L.Fma(odd, u, L.All(6.025096057081062e-07));
        odd = L.Fma(odd, u, L.All(-3.814933907984698e-06));
        odd = L.Fma(odd, u, L.All(2.4260839884956625e-05));
        odd = L.Fma(odd, u, L.All(-0.00012151232760165049));
        odd = L.Fma(odd, u, L.All(-0.00030226790250868746));
        odd = L.Fma(odd, u, L.All(0.019099330945601945));
        odd = L.Fma(odd, u, L.All(0.08798315382467885));
        odd = L.Fma(odd, u, L.All(0.09751909515326224));
        odd = L.Fma(odd, u, L.All(-0.14000918013761943));
        V even = L.All(5.811094619015422e-11);
        even = L.Fma(even, u, L.All(6.778448793564802e-10));
        even = L.Fma(even, u, L.All(-8.641744973204816e-09));
        even = L.Fma(even, u, L.All(-4.3051702801470573e-08));
        even = L.Fma(even, u, L.All(2.3272968965569266e-06));
        even = L.Fma(even, u, L.All(-4.2781721628905614e-05));
        even = L.Fma(even, u, L.All(0.0005643842605299897));
        even = L.Fma(even, u, L.All(-0.004215019878405747));
        even = L.Fma(even, u, L.All(-0.0488233258310565));
        even = L.Fma(even, u, L.All(-0.11508959816001958));
        even = L.Fma(even, u, L.All(-0.010555596332221952));
        even = L.Fma(even, u, L.All(1.2423492448711544));
        return L.Fma(odd, t, even);
    }
}
