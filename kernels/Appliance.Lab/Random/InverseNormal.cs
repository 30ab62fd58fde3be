using System.Runtime.CompilerServices;
using Appliance.Kernels.Simd;

namespace Appliance.Lab.Random;

/// <summary>
/// The inverse of the standard normal distribution, to a relative 1e-15 or so: rational approximations by Wichura, "Algorithm AS 241: The percentage points of the normal
/// distribution", Applied Statistics 37 (1988) 477–484 (PPND16). Inversion, rather than a polar method, keeps one number to one uniform, which antithetic draws, Sobol points and
/// common random numbers need.
/// </summary>
public static class InverseNormal
{
    public static double Of(double p) => InverseNormalLanes<ScalarLanes, double>.Of(p);
}

/// <summary>The same over any lane width, with the same bits: every region's numerator and denominator are computed, the right one is chosen, and one division ends it.</summary>
internal static class InverseNormalLanes<L, V> where L : struct, ILanes<V> where V : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Of(V p)
    {
        V half = L.All(0.5), q = L.Subtract(p, half), distance = L.Abs(q);
        V r = L.FmaNegated(q, q, L.All(0.180625));
        V numerator = L.Multiply(q, Polynomial(r, 2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457, 13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608));
        V denominator = Polynomial(r, 5226.495278852545925, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867, 5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0);

        // The tail beyond |q| = 0.425, of the nearer end, which is small without cancellation.
        V near = L.WhereGreater(q, L.All(0), L.Subtract(L.All(1), p), p);
        V root = L.Sqrt(L.Negate(ElementaryLanes<L, V>.LogOfNormal(near)));
        V t = L.Subtract(root, L.All(1.6)), far = L.Subtract(root, L.All(5.0));
        V tailNumerator = Polynomial(t, 7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258, 3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734);
        V tailDenominator = Polynomial(t, 1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459, 0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1.0);
        V farNumerator = Polynomial(far, 2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386, 0.026532189526576123093, 0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699, 6.6579046435011037772);
        V farDenominator = Polynomial(far, 2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4, 0.0148753612908506148525, 0.13692988092273580531, 0.59983220655588793769, 1.0);
        V five = L.All(5.0), border = L.All(0.425);
        tailNumerator = L.WhereGreater(root, five, farNumerator, tailNumerator);
        tailDenominator = L.WhereGreater(root, five, farDenominator, tailDenominator);
        tailNumerator = L.WhereGreater(q, L.All(0), tailNumerator, L.Negate(tailNumerator));
        return L.Divide(L.WhereGreater(distance, border, tailNumerator, numerator), L.WhereGreater(distance, border, tailDenominator, denominator));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Polynomial(V x, double a7, double a6, double a5, double a4, double a3, double a2, double a1, double a0)
    {
        V p = L.Fma(L.All(a7), x, L.All(a6));
        p = L.Fma(p, x, L.All(a5));
        p = L.Fma(p, x, L.All(a4));
        p = L.Fma(p, x, L.All(a3));
        p = L.Fma(p, x, L.All(a2));
        p = L.Fma(p, x, L.All(a1));
        return L.Fma(p, x, L.All(a0));
    }
}
