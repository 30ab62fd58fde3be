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
}
