using System.Runtime.CompilerServices;
using Appliance.Kernels.Simd;

namespace Appliance.Kernels.ImpliedVolatility;

/// <summary>
/// The out-of-the-money price per unit of the smaller of forward and strike, as a function of a = |ln(F/K)| and s = σ√T. With h = a/s, t = s/2:
/// c = Φ(t − h) − e^a Φ(−t − h), and since e^a φ(t + h) = φ(t − h), also c = e^(−(h − t)²/2)·(U(h − t) − U(h + t)) with U(y) = Φ(−y)·e^(y²/2), and
/// 1 − c = e^(−(t − h)²/2)·(U(t − h) + U(t + h)). ∂c/∂s = φ(t − h).
/// (Jäckel, "Let's be rational", Wilmott, January 2015, has this normalisation up to a factor e^(a/2), the use of scaled tails, and the derivatives below.)
/// </summary>
internal static class NormalisedBlack<L, V> where L : struct, ILanes<V> where V : struct
{
    /// <summary>
    /// (U(y) − U(y + s))/s for y ≥ −0.01, s ≥ 0, without the loss of digits that the difference itself would have: U(y) is a polynomial P(t)·r with r = 1/(y + 5), t = 1 − 10r, so the
    /// quotient is r₁r₂·(P(t₂) − 10 r₁·P[t₁,t₂]) with P's divided difference, which Horner's scheme gives beside the value. All terms have one sign.
    /// The coefficients are those of <see cref="NormalLanes{L,V}.TailOneDivision"/>. Relative error below 1e-14.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V TailSlope(V y, V s)
    {
        V one = L.All(1.0), five = L.All(5.0);
        V sum1 = L.Add(y, five), sum2 = L.Add(sum1, s);
        V product = L.Divide(one, L.Multiply(sum1, sum2));
        V r1 = L.Multiply(product, sum2), r2 = L.Multiply(product, sum1);
        V t1 = L.Multiply(L.Subtract(y, five), r1), t2 = L.Multiply(L.Subtract(L.Add(y, s), five), r2);
        V u1 = L.Multiply(t1, t1), u2 = L.Multiply(t2, t2);

        // Value at u₂ and divided difference between u₁ and u₂, of the odd and the even part.
        V oddSlope = L.All(-1.4191921893580604e-10);
        V odd = L.Fma(oddSlope, u2, L.All(1.322102962781694e-09));
        Step(ref odd, ref oddSlope, u1, u2, -7.068045653980906e-09);
        Step(ref odd, ref oddSlope, u1, u2, 3.87533092243584e-08);
        Step(ref odd, ref oddSlope, u1, u2, -3.337060350835977e-07);
        Step(ref odd, ref oddSlope, u1, u2, 3.979457180792049e-06);
        Step(ref odd, ref oddSlope, u1, u2, -4.976236467507681e-05);
        Step(ref odd, ref oddSlope, u1, u2, 0.0005448989774454366);
        Step(ref odd, ref oddSlope, u1, u2, -0.002993376760347635);
        Step(ref odd, ref oddSlope, u1, u2, -0.06911863870695671);
        Step(ref odd, ref oddSlope, u1, u2, -0.31353315667128584);
        Step(ref odd, ref oddSlope, u1, u2, -0.6653825028900568);
        V evenSlope = L.All(-7.842796363635921e-10);
        V even = L.Fma(evenSlope, u2, L.All(9.268659037027118e-09));
        Step(ref even, ref evenSlope, u1, u2, -6.740161179772032e-08);
        Step(ref even, ref evenSlope, u1, u2, 4.334561019475754e-07);
        Step(ref even, ref evenSlope, u1, u2, -2.768861633372941e-06);
        Step(ref even, ref evenSlope, u1, u2, 1.6680843519640492e-05);
        Step(ref even, ref evenSlope, u1, u2, -5.9375585163440916e-05);
        Step(ref even, ref evenSlope, u1, u2, -0.0007978694284287862);
        Step(ref even, ref evenSlope, u1, u2, 0.02079506680331947);
        Step(ref even, ref evenSlope, u1, u2, 0.16502036617018967);
        Step(ref even, ref evenSlope, u1, u2, 0.49530561596998063);
        Step(ref even, ref evenSlope, u1, u2, 0.769193049750063);
        V value = L.Fma(odd, t2, even);
        // P[t₁,t₂] = (t₁ + t₂)(E[u₁,u₂] + t₁ O[u₁,u₂]) + O(u₂).
        V slope = L.Fma(L.Add(t1, t2), L.Fma(t1, oddSlope, evenSlope), odd);
        return L.Multiply(product, L.FmaNegated(L.Multiply(r1, L.All(10.0)), slope, value));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step(ref V value, ref V slope, V u1, V u2, double coefficient)
    {
        slope = L.Fma(slope, u1, value);
        value = L.Fma(value, u2, L.All(coefficient));
    }

    /// <summary>
    /// Householder's step of third order for g(s) = 0 from ν = −g/g', g''/g' and g'''/g' (Householder, "The Numerical Treatment of a Single Nonlinear Equation", 1970): what remains of an
    /// error is of its fourth order.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Step(V s, V newton, V second, V third)
    {
        V one = L.All(1.0);
        V above = L.Multiply(newton, L.Fma(L.Multiply(newton, L.All(0.5)), second, one));
        V below = L.Fma(newton, L.Fma(L.Multiply(third, newton), L.All(1.0 / 6), second), one);
        return L.Add(s, L.Divide(above, below));
    }

    /// <summary>c''/c' = h²/s − s/4 and c'''/c' = (c''/c')² − 3h²/s² − ¼.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Curvature(V h, V s, V perS, out V second, out V third)
    {
        V scaled = L.Multiply(h, perS), quarter = L.All(0.25);
        second = L.FmaNegated(s, quarter, L.Multiply(h, scaled));
        third = L.Subtract(L.FmaNegated(L.Multiply(scaled, scaled), L.All(3.0), L.Multiply(second, second)), quarter);
    }
}
