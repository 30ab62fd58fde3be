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

    /// <summary>
    /// As <see cref="ScaledTail"/>, at the price of one division: the fit is of (x + 5)·Φ(−x)·e^(x²/2) in t = (x − 5)/(x + 5), so that one reciprocal serves the map and the factor.
    /// Relative error below 4 ulp.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V TailOneDivision(V x)
    {
        V reciprocal = L.Divide(L.All(1.0), L.Add(x, L.All(5.0)));
        V t = L.Multiply(L.Subtract(x, L.All(5.0)), reciprocal);
        V u = L.Multiply(t, t);
        V odd = L.All(-1.4191921893580604e-10);
        odd = L.Fma(odd, u, L.All(1.322102962781694e-09));
        odd = L.Fma(odd, u, L.All(-7.068045653980906e-09));
        odd = L.Fma(odd, u, L.All(3.87533092243584e-08));
        odd = L.Fma(odd, u, L.All(-3.337060350835977e-07));
        odd = L.Fma(odd, u, L.All(3.979457180792049e-06));
        odd = L.Fma(odd, u, L.All(-4.976236467507681e-05));
        odd = L.Fma(odd, u, L.All(0.0005448989774454366));
        odd = L.Fma(odd, u, L.All(-0.002993376760347635));
        odd = L.Fma(odd, u, L.All(-0.06911863870695671));
        odd = L.Fma(odd, u, L.All(-0.31353315667128584));
        odd = L.Fma(odd, u, L.All(-0.6653825028900568));
        V even = L.All(-7.842796363635921e-10);
        even = L.Fma(even, u, L.All(9.268659037027118e-09));
        even = L.Fma(even, u, L.All(-6.740161179772032e-08));
        even = L.Fma(even, u, L.All(4.334561019475754e-07));
        even = L.Fma(even, u, L.All(-2.768861633372941e-06));
        even = L.Fma(even, u, L.All(1.6680843519640492e-05));
        even = L.Fma(even, u, L.All(-5.9375585163440916e-05));
        even = L.Fma(even, u, L.All(-0.0007978694284287862));
        even = L.Fma(even, u, L.All(0.02079506680331947));
        even = L.Fma(even, u, L.All(0.16502036617018967));
        even = L.Fma(even, u, L.All(0.49530561596998063));
        even = L.Fma(even, u, L.All(0.769193049750063));
        return L.Multiply(L.Fma(odd, t, even), reciprocal);
    }

    /// <summary>
    /// 1 − h·Y(h) for h ≥ 0, where Y = Φ(−h)/φ(h) is the Mills ratio: minus its slope, which the difference itself would lose in the tail. (h + 6)² times it is fitted in t = (h − 6)/(h + 6).
    /// Relative error below 1e-14.
    /// </summary>
    public static V MillsSlope(V h)
    {
        V reciprocal = L.Divide(L.All(1.0), L.Add(h, L.All(6.0)));
        V t = L.Multiply(L.Subtract(h, L.All(6.0)), reciprocal);
        V u = L.Multiply(t, t);
        V odd = L.All(3.621460758172108e-09);
        odd = L.Fma(odd, u, L.All(-4.578712988763857e-08));
        odd = L.Fma(odd, u, L.All(3.5419527469328555e-07));
        odd = L.Fma(odd, u, L.All(-2.3332867691858343e-06));
        odd = L.Fma(odd, u, L.All(1.3692253694794407e-05));
        odd = L.Fma(odd, u, L.All(-5.495313841036809e-05));
        odd = L.Fma(odd, u, L.All(-0.00020076185498201255));
        odd = L.Fma(odd, u, L.All(0.0074029498975847164));
        odd = L.Fma(odd, u, L.All(-0.05425534839181205));
        odd = L.Fma(odd, u, L.All(-0.8224775996366297));
        odd = L.Fma(odd, u, L.All(-3.426843815663737));
        odd = L.Fma(odd, u, L.All(-6.836857010303532));
        odd = L.Fma(odd, u, L.All(-6.366725131905013));
        V even = L.All(1.294093201178574e-09);
        even = L.Fma(even, u, L.All(-7.590316658218719e-09));
        even = L.Fma(even, u, L.All(-8.343754517692133e-08));
        even = L.Fma(even, u, L.All(2.2657560394649345e-06));
        even = L.Fma(even, u, L.All(-3.137694695900035e-05));
        even = L.Fma(even, u, L.All(0.0003231156845620516));
        even = L.Fma(even, u, L.All(-0.0021450348817861056));
        even = L.Fma(even, u, L.All(-0.004094320596852918));
        even = L.Fma(even, u, L.All(0.274357566236197));
        even = L.Fma(even, u, L.All(1.8626770204696972));
        even = L.Fma(even, u, L.All(5.2721220408524525));
        even = L.Fma(even, u, L.All(7.391087828053906));
        even = L.Fma(even, u, L.All(3.705700985106513));
        return L.Multiply(L.Multiply(L.Fma(odd, t, even), reciprocal), reciprocal);
    }

    /// <summary>erf(x) for |x| &lt; 1: a polynomial in x² fitted to its series.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V ErfNear(V x)
    {
        V z = L.Multiply(x, x);
        V p = L.All(5.957176147748911e-11);
        p = L.Fma(p, z, L.All(-1.1372848856791674e-09));
        p = L.Fma(p, z, L.All(1.4659775274047436e-08));
        p = L.Fma(p, z, L.All(-1.6350312701054695e-07));
        p = L.Fma(p, z, L.All(1.6461000484121368e-06));
        p = L.Fma(p, z, L.All(-1.4925595266831182e-05));
        p = L.Fma(p, z, L.All(0.0001205533111164271));
        p = L.Fma(p, z, L.All(-0.000854832698083379));
        p = L.Fma(p, z, L.All(0.0052239776248180145));
        p = L.Fma(p, z, L.All(-0.026866170645076792));
        p = L.Fma(p, z, L.All(0.11283791670954879));
        p = L.Fma(p, z, L.All(-0.3761263890318375));
        p = L.Fma(p, z, L.All(0.1283791670955126));
        return L.Fma(p, x, x);
    }
}
