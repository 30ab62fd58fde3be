using Appliance.Kernels.Simd;

namespace Appliance.Kernels.Scalar;

/// <summary>
/// The elementary functions that may take part in a decision. They are ours because the platform's library differs between machines and
/// versions, and a replay must give the same bits: only additions, multiplications, divisions and fused multiply-adds in one order,
/// each exactly specified by IEEE 754.
/// </summary>
public static class Elementary
{
    /// <summary>e^x for every double; infinite above 709.78, zero below −745.13, NaN for NaN.</summary>
    public static double Exp(double x) => ElementaryLanes<ScalarLanes, double>.Exp(x);

    /// <summary>ln x for every double; −∞ at zero, NaN below it.</summary>
    public static double Log(double x)
    {
        if (!(x >= 2.2250738585072014e-308))
        {
            if (x == 0) return double.NegativeInfinity;
            if (!(x > 0)) return double.NaN;
            // A subnormal is lifted into the normal range; ln(2^54) is subtracted in the exponent's own steps.
            return ElementaryLanes<ScalarLanes, double>.LogOfNormal(x * 18014398509481984.0) - 54 * 0.6931471805599453;
        }
        return double.IsPositiveInfinity(x) ? x : ElementaryLanes<ScalarLanes, double>.LogOfNormal(x);
    }

    /// <summary>The cube root of a number of zero or more, within 2 ulp above 1e-280 (1e-13 below): e^(ln x / 3), and one Newton step with a residual rounded once.</summary>
    public static double CubeRoot(double x)
    {
        if (!(x > 0) || double.IsPositiveInfinity(x)) return x >= 0 ? x : double.NaN;
        double y = Exp(Log(x) / 3);
        double square = y * y;
        double residual = Math.FusedMultiplyAdd(square, y, -x);
        return y - residual / (3 * square);
    }

    /// <summary>e^(−x²/2)/√(2π).</summary>
    public static double NormalPdf(double x)
    {
        x = Math.Abs(x) > 40 ? 40 : x;
        return NormalLanes<ScalarLanes, double>.DensityFromBell(NormalLanes<ScalarLanes, double>.Bell(x));
    }

    /// <summary>
    /// Φ(x), the standard normal distribution, with small relative error in the lower tail too. That erfc needs a scaled form to be right in the
    /// tail is Cody, "Rational Chebyshev approximations for the error function", Mathematics of Computation 23 (1969) 631–637;
    /// the one approximation used here, and its source, stand in <see cref="NormalLanes{L,V}"/>.
    /// </summary>
    public static double NormalCdf(double x)
    {
        double distance = Math.Abs(x) > 40 ? 40 : Math.Abs(x);
        double tail = NormalLanes<ScalarLanes, double>.Bell(distance) * NormalLanes<ScalarLanes, double>.ScaledTail(distance);
        return x > 0 ? 1 - tail : tail;
    }

    /// <summary>1 − erf(x), with small relative error in the upper tail.</summary>
    public static double Erfc(double x)
    {
        if (Math.Abs(x) < 0.5) return 1 - Erf(x);
        double distance = Math.Abs(x) > 28 ? 28 : Math.Abs(x);
        double square = distance * distance;
        double squareError = Math.FusedMultiplyAdd(distance, distance, -square);
        double e = Exp(-square);
        e = Math.FusedMultiplyAdd(-squareError, e, e);
        double t = (distance - 3.5) / (distance + 3.5);
        double tail = e * (NormalLanes<ScalarLanes, double>.ScaledErfcPolynomial(t) / Math.FusedMultiplyAdd(2.0, distance, 1.0));
        return x > 0 ? tail : 2 - tail;
    }

    /// <summary>The error function, 2/√π·∫₀ˣ e^(−u²) du: below one a polynomial in x² fitted to its series, above it 1 − erfc.</summary>
    public static double Erf(double x)
    {
        if (!(Math.Abs(x) < 1)) return x > 0 ? 1 - Erfc(x) : Erfc(-x) - 1;
        return NormalLanes<ScalarLanes, double>.ErfNear(x);
    }
}
