using System.Runtime.CompilerServices;

namespace Appliance.Kernels.Networks;

/// <summary>
/// Layer normalisation of one row: (x − mean) / √(variance + ε), the variance over all values (Ba, Kiros and Hinton, arXiv:1607.06450; PyTorch's and ONNX's LayerNormalization).
/// Order of both sums, whatever the register width: value i goes to sum i mod 16, in rising order; the sixteen are folded in halves, 8 onto 8, 4 onto 4, 2 onto 2, 1 onto 1. The mean is
/// subtracted before squares are summed, so that nothing cancels.
/// </summary>
internal static unsafe class LayerNormLanes<L, V> where V : struct where L : struct, IFloatLanes<V>
{
    /// <summary>In place, for <paramref name="count"/> values; up to the next multiple of sixteen there are zeros afterwards.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Standardise(float* x, int count, float epsilon)
    {
        int padded = PackedMatrix.RoundUp(count, PackedMatrix.OutputPadding);
        var rest = new Span<float>(x + count, padded - count);
        rest.Clear();
        V mean = L.All(Sum(x, padded, squared: false) / count);
        for (nint i = 0; i < padded; i += L.Width) L.Store(L.Subtract(L.Load(x + i), mean), x + i);
        rest.Clear();
        V factor = L.All(1 / MathF.Sqrt(Sum(x, padded, squared: true) / count + epsilon));
        for (nint i = 0; i < padded; i += L.Width) L.Store(L.Multiply(L.Load(x + i), factor), x + i);
    }

    /// <summary>x := scale∘x + offset, for <paramref name="paddedCount"/> values (a multiple of sixteen).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Move(float* x, float* scale, float* offset, nint paddedCount)
    {
        for (nint i = 0; i < paddedCount; i += L.Width) L.Store(L.Fma(L.Load(x + i), L.Load(scale + i), L.Load(offset + i)), x + i);
    }

    private static float Sum(float* x, nint padded, bool squared)
    {
        float* lanes = stackalloc float[16];
        for (int p = 0; p < 16; p += L.Width)
        {
            V sum = L.All(0);
            for (nint i = p; i < padded; i += 16)
            {
                V value = L.Load(x + i);
                sum = squared ? L.Fma(value, value, sum) : L.Add(sum, value);
            }
            L.Store(sum, lanes + p);
        }
        for (int half = 8; half > 0; half /= 2)
            for (int i = 0; i < half; i++) lanes[i] += lanes[i + half];
        return lanes[0];
    }
}
