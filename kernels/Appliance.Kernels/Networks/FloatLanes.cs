using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Appliance.Kernels.Networks;

/// <summary>
/// The operations from which networks are computed, over one float or a register of them; as <see cref="Simd.ILanes{V}"/> is for doubles. Each is exactly specified by IEEE 754,
/// and columns never meet within a register, so all widths give the same bits.
/// </summary>
internal unsafe interface IFloatLanes<V> where V : struct
{
    static abstract int Width { get; }
    static abstract V All(float value);
    static abstract V Load(float* source);
    static abstract void Store(V value, float* target);
    static abstract V Add(V a, V b);
    static abstract V Subtract(V a, V b);
    static abstract V Multiply(V a, V b);
    static abstract V Divide(V a, V b);
    /// <summary>a·b + c, rounded once.</summary>
    static abstract V Fma(V a, V b, V c);
    /// <summary>a where a &lt; b, else b: a NaN gives b.</summary>
    static abstract V Least(V a, V b);
    /// <summary>a where a &gt; b, else b: a NaN gives b.</summary>
    static abstract V Largest(V a, V b);
    /// <summary>Where a &gt; b the third, else the fourth: a NaN gives the fourth.</summary>
    static abstract V WhereGreater(V a, V b, V yes, V no);
    /// <summary>2^n for the integer n that stands in the low bits of <paramref name="shifted"/> = n + 1.5·2^23; −126 ≤ n ≤ 127.</summary>
    static abstract V PowerOfTwo(V shifted);
    /// <summary>Two registers of bf16: register k of the first in the lower halves of the words, of the second in the upper halves.</summary>
    static abstract void LoadBf16Pair(uint* source, out V first, out V second);
    static abstract V LoadInt8(sbyte* source);
}

/// <summary>One float.</summary>
internal readonly unsafe struct FloatLane : IFloatLanes<float>
{
    public static int Width => 1;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float All(float value) => value;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float Load(float* source) => *source;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void Store(float value, float* target) => *target = value;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float Add(float a, float b) => a + b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float Subtract(float a, float b) => a - b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float Multiply(float a, float b) => a * b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float Divide(float a, float b) => a / b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float Fma(float a, float b, float c) => MathF.FusedMultiplyAdd(a, b, c);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float Least(float a, float b) => a < b ? a : b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float Largest(float a, float b) => a > b ? a : b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float WhereGreater(float a, float b, float yes, float no) => a > b ? yes : no;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float PowerOfTwo(float shifted) => BitConverter.Int32BitsToSingle((BitConverter.SingleToInt32Bits(shifted) + 127) << 23);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float LoadInt8(sbyte* source) => *source;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LoadBf16Pair(uint* source, out float first, out float second)
    {
        first = BitConverter.UInt32BitsToSingle(*source << 16);
        second = BitConverter.UInt32BitsToSingle(*source & 0xffff0000);
    }
}

/// <summary>Eight floats in a 256-bit register.</summary>
internal readonly unsafe struct FloatLanes8 : IFloatLanes<Vector256<float>>
{
    public static int Width => 8;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<float> All(float value) => Vector256.Create(value);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<float> Load(float* source) => Vector256.Load(source);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void Store(Vector256<float> value, float* target) => value.Store(target);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<float> Add(Vector256<float> a, Vector256<float> b) => a + b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<float> Subtract(Vector256<float> a, Vector256<float> b) => a - b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<float> Multiply(Vector256<float> a, Vector256<float> b) => a * b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<float> Divide(Vector256<float> a, Vector256<float> b) => a / b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<float> Fma(Vector256<float> a, Vector256<float> b, Vector256<float> c) => Vector256.FusedMultiplyAdd(a, b, c);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<float> Least(Vector256<float> a, Vector256<float> b) => Vector256.MinNative(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<float> Largest(Vector256<float> a, Vector256<float> b) => Vector256.MaxNative(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<float> WhereGreater(Vector256<float> a, Vector256<float> b, Vector256<float> yes, Vector256<float> no) => Vector256.ConditionalSelect(Vector256.GreaterThan(a, b), yes, no);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<float> PowerOfTwo(Vector256<float> shifted) => ((shifted.AsInt32() + Vector256.Create(127)) << 23).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LoadBf16Pair(uint* source, out Vector256<float> first, out Vector256<float> second)
    {
        Vector256<uint> words = Vector256.Load(source);
        first = (words << 16).AsSingle();
        second = (words & Vector256.Create(0xffff0000)).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LoadInt8(sbyte* source)
    {
        Vector128<short> wide = Vector128.WidenLower(Vector64.Load(source).ToVector128());
        return Vector256.ConvertToSingle(Vector256.Create(Vector128.WidenLower(wide), Vector128.WidenUpper(wide)));
    }
}

/// <summary>Sixteen floats in a 512-bit register.</summary>
internal readonly unsafe struct FloatLanes16 : IFloatLanes<Vector512<float>>
{
    public static int Width => 16;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<float> All(float value) => Vector512.Create(value);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<float> Load(float* source) => Vector512.Load(source);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void Store(Vector512<float> value, float* target) => value.Store(target);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<float> Add(Vector512<float> a, Vector512<float> b) => a + b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<float> Subtract(Vector512<float> a, Vector512<float> b) => a - b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<float> Multiply(Vector512<float> a, Vector512<float> b) => a * b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<float> Divide(Vector512<float> a, Vector512<float> b) => a / b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<float> Fma(Vector512<float> a, Vector512<float> b, Vector512<float> c) => Vector512.FusedMultiplyAdd(a, b, c);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<float> Least(Vector512<float> a, Vector512<float> b) => Vector512.MinNative(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<float> Largest(Vector512<float> a, Vector512<float> b) => Vector512.MaxNative(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<float> WhereGreater(Vector512<float> a, Vector512<float> b, Vector512<float> yes, Vector512<float> no) => Vector512.ConditionalSelect(Vector512.GreaterThan(a, b), yes, no);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<float> PowerOfTwo(Vector512<float> shifted) => ((shifted.AsInt32() + Vector512.Create(127)) << 23).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LoadBf16Pair(uint* source, out Vector512<float> first, out Vector512<float> second)
    {
        Vector512<uint> words = Vector512.Load(source);
        first = (words << 16).AsSingle();
        second = (words & Vector512.Create(0xffff0000)).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadInt8(sbyte* source) =>
        Vector512.ConvertToSingle(System.Runtime.Intrinsics.X86.Avx512F.ConvertToVector512Int32(Vector128.Load(source)));
}
