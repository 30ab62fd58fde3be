using Appliance.Kernels.Scalar;

namespace Appliance.Lab.Markets;

/// <summary>Functions of whole rows. Exp and log are the kernels' own, so that a path has the same bits on every machine.</summary>
internal static class RowMath
{
    /// <summary>next = previous · e^(drift + deviation · normal).</summary>
    public static void LogNormalStep(ReadOnlySpan<double> previous, ReadOnlySpan<double> normals, double drift, double deviation, Span<double> next)
    {
        for (int i = 0; i < next.Length; i++) next[i] = previous[i] * Elementary.Exp(Math.FusedMultiplyAdd(deviation, normals[i], drift));
    }
}
