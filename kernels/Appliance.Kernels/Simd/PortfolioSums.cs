using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Appliance.Kernels.Simd;

/// <summary>
/// Position-weighted sums over a batch. Always eight partial sums, folded in one fixed order, whatever registers the machine has: a sum's bits depend on
/// the order of its additions, and the decision depends on the bits. Arrays hold a multiple of eight; what pads them has quantity zero and finite values.
/// </summary>
public static class PortfolioSums
{
    public const int Block = 8;

    /// <summary>Smallest multiple of <see cref="Block"/> that holds <paramref name="count"/>.</summary>
    public static int Padded(int count) => (count + Block - 1) / Block * Block;

    /// <summary>Σ quantity·value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double Weighted(double[] quantity, double[] value, int paddedCount)
    {
        Check(quantity.Length, value.Length, paddedCount);
        ref double q = ref System.Runtime.InteropServices.MemoryMarshal.GetArrayDataReference(quantity);
        ref double v = ref System.Runtime.InteropServices.MemoryMarshal.GetArrayDataReference(value);
        Vector512<double> sum = Vector512<double>.Zero;
        for (nuint i = 0; i < (nuint)paddedCount; i += Block)
            sum = Vector512.FusedMultiplyAdd(Vector512.LoadUnsafe(ref q, i), Vector512.LoadUnsafe(ref v, i), sum);
        return Fold(sum);
    }

    /// <summary>((0+4)+(2+6))+((1+5)+(3+7)).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Fold(Vector512<double> sum)
    {
        Vector256<double> four = sum.GetLower() + sum.GetUpper();
        Vector128<double> two = four.GetLower() + four.GetUpper();
        return two.GetElement(0) + two.GetElement(1);
    }

    private static void Check(int a, int b, int paddedCount)
    {
        if (paddedCount % Block != 0 || a < paddedCount || b < paddedCount) ThrowUnpadded(a, b, paddedCount);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowUnpadded(int a, int b, int paddedCount) =>
        throw new ArgumentException($"Sums run over multiples of {Block}; arrays of {a} and {b} do not hold {paddedCount}.");
}
