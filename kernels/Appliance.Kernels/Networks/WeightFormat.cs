using System.Runtime.CompilerServices;

namespace Appliance.Kernels.Networks;

/// <summary>
/// How weights stand in memory. Sums, biases, activations and states are single precision in all of them: the runtime offers neither the bf16 nor the int8 dot products of AVX-512
/// (.NET 10 has no such intrinsics), so narrower weights are widened in registers. They save memory traffic, not arithmetic.
/// </summary>
public enum WeightFormat
{
    Fp32,
    /// <summary>The upper 16 bits of fp32, rounded to nearest even: half the memory traffic, 8 bits of significand (relative error of a weight at most 2^−9).</summary>
    Bf16,
    /// <summary>Whole numbers from −127 to 127 times one fp32 scale an output: a quarter of the memory traffic (error of a weight at most 1/254 of its row's largest).</summary>
    Int8,
}

/// <summary>How a format is widened; registers come by pairs because bf16 is stored so.</summary>
internal unsafe interface IWeights<L, V> where V : struct where L : struct, IFloatLanes<V>
{
    /// <summary>Columns p to p + width of the pair's two groups of sixteen.</summary>
    static abstract void Load(byte* weights, nint pair, int column, out V first, out V second);
    /// <summary>Where a pair of groups begins.</summary>
    static abstract byte* At(byte* weights, nint pair);
    /// <summary>What a row's sum adds to.</summary>
    static abstract V Finish(V sum, V start, float* scale);
}

internal readonly unsafe struct Fp32Weights<L, V> : IWeights<L, V> where V : struct where L : struct, IFloatLanes<V>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static byte* At(byte* weights, nint pair) => weights + 128 * pair;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(byte* weights, nint pair, int column, out V first, out V second)
    {
        float* at = (float*)weights + 32 * pair + column;
        first = L.Load(at);
        second = L.Load(at + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V Finish(V sum, V start, float* scale) => L.Add(start, sum);
}

internal readonly unsafe struct Bf16Weights<L, V> : IWeights<L, V> where V : struct where L : struct, IFloatLanes<V>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static byte* At(byte* weights, nint pair) => weights + 64 * pair;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(byte* weights, nint pair, int column, out V first, out V second) => L.LoadBf16Pair((uint*)weights + 16 * pair + column, out first, out second);

    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V Finish(V sum, V start, float* scale) => L.Add(start, sum);
}

internal readonly unsafe struct Int8Weights<L, V> : IWeights<L, V> where V : struct where L : struct, IFloatLanes<V>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static byte* At(byte* weights, nint pair) => weights + 32 * pair;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(byte* weights, nint pair, int column, out V first, out V second)
    {
        sbyte* at = (sbyte*)weights + 32 * pair + column;
        first = L.LoadInt8(at);
        second = L.LoadInt8(at + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V Finish(V sum, V start, float* scale) => L.Add(start, L.Multiply(sum, L.Load(scale)));
}
