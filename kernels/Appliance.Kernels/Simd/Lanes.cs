using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Appliance.Kernels.Simd;

/// <summary>
/// The operations from which every kernel is written, over one double or a register of them. The formulas exist once, generic over
/// this interface, so that scalar, 256-bit and 512-bit forms do the same operations in the same order. Each operation is exactly
/// specified by IEEE 754 (a fused multiply-add rounds once, in hardware or in software), so the three agree bit for bit, on every machine.
/// </summary>
public interface ILanes<V> where V : struct
{
    static abstract int Width { get; }
    static abstract V All(double value);
    static abstract V Load(ref readonly double source);
    static abstract void Store(V value, ref double target);
    static abstract V Add(V a, V b);
    static abstract V Subtract(V a, V b);
    static abstract V Multiply(V a, V b);
    static abstract V Divide(V a, V b);
    static abstract V Negate(V a);
    static abstract V Abs(V a);
    static abstract V Sqrt(V a);
    /// <summary>a·b + c, rounded once.</summary>
    static abstract V Fma(V a, V b, V c);
    /// <summary>c − a·b, rounded once.</summary>
    static abstract V FmaNegated(V a, V b, V c);
    /// <summary><paramref name="ifTrue"/> where a &gt; b, else <paramref name="ifFalse"/>; a NaN compares false.</summary>
    static abstract V WhereGreater(V a, V b, V ifTrue, V ifFalse);
    /// <summary>Whether a &gt; b in any lane.</summary>
    static abstract bool AnyGreater(V a, V b);
    /// <summary>2^n for the integer n that stands in the low bits of <paramref name="shifted"/> = n + 1.5·2^52; −1022 ≤ n ≤ 1023.</summary>
    static abstract V PowerOfTwo(V shifted);
    /// <summary>The smaller of both, b where they are equal or one is no number: b where not a &lt; b.</summary>
    static abstract V Lesser(V a, V b);
    /// <summary>The larger of both, b where they are equal or one is no number: b where not a &gt; b.</summary>
    static abstract V Larger(V a, V b);
    /// <summary>a·2^k for a between ½ and 2 and an integer k, −1100 ≤ k ≤ 1100, rounded once also where the result is subnormal or infinite.</summary>
    static abstract V TimesPowerOfTwo(V a, V k);
    /// <summary>Splits a positive normal number into m·2^k with m in [√½, √2); k as a double.</summary>
    static abstract V SplitExponent(V a, out V exponent);
}

/// <summary>One double.</summary>
public readonly struct ScalarLanes : ILanes<double>
{
    public static int Width => 1;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static double All(double value) => value;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static double Load(ref readonly double source) => source;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void Store(double value, ref double target) => target = value;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static double Add(double a, double b) => a + b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static double Subtract(double a, double b) => a - b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static double Multiply(double a, double b) => a * b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static double Divide(double a, double b) => a / b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static double Negate(double a) => -a;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static double Abs(double a) => Math.Abs(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static double Sqrt(double a) => Math.Sqrt(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static double Fma(double a, double b, double c) => Math.FusedMultiplyAdd(a, b, c);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static double FmaNegated(double a, double b, double c) => Math.FusedMultiplyAdd(-a, b, c);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static double WhereGreater(double a, double b, double ifTrue, double ifFalse) => a > b ? ifTrue : ifFalse;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static bool AnyGreater(double a, double b) => a > b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static double Lesser(double a, double b) => a < b ? a : b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static double Larger(double a, double b) => a > b ? a : b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static double TimesPowerOfTwo(double a, double k) => InTwoSteps<ScalarLanes, double>.Scale(a, k);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double PowerOfTwo(double shifted) =>
        BitConverter.Int64BitsToDouble((BitConverter.DoubleToInt64Bits(shifted) + LaneBits.ExponentBias) << 52);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double SplitExponent(double a, out double exponent)
    {
        long bits = BitConverter.DoubleToInt64Bits(a);
        long biased = (bits + LaneBits.OneMinusSqrtHalf) >>> 52;
        exponent = BitConverter.Int64BitsToDouble(biased | LaneBits.TwoTo52) - LaneBits.TwoTo52PlusBias;
        return BitConverter.Int64BitsToDouble(bits - (biased << 52) + LaneBits.One);
    }
}

/// <summary>Four doubles in a 256-bit register.</summary>
public readonly struct Lanes256 : ILanes<Vector256<double>>
{
    public static int Width => 4;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<double> All(double value) => Vector256.Create(value);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<double> Load(ref readonly double source) => Vector256.LoadUnsafe(in source);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void Store(Vector256<double> value, ref double target) => value.StoreUnsafe(ref target);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<double> Add(Vector256<double> a, Vector256<double> b) => a + b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<double> Subtract(Vector256<double> a, Vector256<double> b) => a - b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<double> Multiply(Vector256<double> a, Vector256<double> b) => a * b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<double> Divide(Vector256<double> a, Vector256<double> b) => a / b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<double> Negate(Vector256<double> a) => -a;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<double> Abs(Vector256<double> a) => Vector256.Abs(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<double> Sqrt(Vector256<double> a) => Vector256.Sqrt(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<double> Fma(Vector256<double> a, Vector256<double> b, Vector256<double> c) => Vector256.FusedMultiplyAdd(a, b, c);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<double> FmaNegated(Vector256<double> a, Vector256<double> b, Vector256<double> c) => Vector256.FusedMultiplyAdd(-a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<double> WhereGreater(Vector256<double> a, Vector256<double> b, Vector256<double> ifTrue, Vector256<double> ifFalse) =>
        Vector256.ConditionalSelect(Vector256.GreaterThan(a, b), ifTrue, ifFalse);

    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static bool AnyGreater(Vector256<double> a, Vector256<double> b) => Vector256.GreaterThanAny(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<double> Lesser(Vector256<double> a, Vector256<double> b) => Avx.IsSupported ? Avx.Min(a, b) : WhereGreater(b, a, a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<double> Larger(Vector256<double> a, Vector256<double> b) => Avx.IsSupported ? Avx.Max(a, b) : WhereGreater(a, b, a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<double> TimesPowerOfTwo(Vector256<double> a, Vector256<double> k) => InTwoSteps<Lanes256, Vector256<double>>.Scale(a, k);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<double> PowerOfTwo(Vector256<double> shifted) =>
        ((shifted.AsInt64() + Vector256.Create(LaneBits.ExponentBias)) << 52).AsDouble();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<double> SplitExponent(Vector256<double> a, out Vector256<double> exponent)
    {
        Vector256<long> bits = a.AsInt64();
        Vector256<long> biased = (bits + Vector256.Create(LaneBits.OneMinusSqrtHalf)) >>> 52;
        exponent = (biased | Vector256.Create(LaneBits.TwoTo52)).AsDouble() - Vector256.Create(LaneBits.TwoTo52PlusBias);
        return (bits - (biased << 52) + Vector256.Create(LaneBits.One)).AsDouble();
    }
}

/// <summary>Eight doubles in a 512-bit register.</summary>
public readonly struct Lanes512 : ILanes<Vector512<double>>
{
    public static int Width => 8;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<double> All(double value) => Vector512.Create(value);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<double> Load(ref readonly double source) => Vector512.LoadUnsafe(in source);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void Store(Vector512<double> value, ref double target) => value.StoreUnsafe(ref target);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<double> Add(Vector512<double> a, Vector512<double> b) => a + b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<double> Subtract(Vector512<double> a, Vector512<double> b) => a - b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<double> Multiply(Vector512<double> a, Vector512<double> b) => a * b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<double> Divide(Vector512<double> a, Vector512<double> b) => a / b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<double> Negate(Vector512<double> a) => -a;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<double> Abs(Vector512<double> a) => Vector512.Abs(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<double> Sqrt(Vector512<double> a) => Vector512.Sqrt(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<double> Fma(Vector512<double> a, Vector512<double> b, Vector512<double> c) => Vector512.FusedMultiplyAdd(a, b, c);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<double> FmaNegated(Vector512<double> a, Vector512<double> b, Vector512<double> c) => Vector512.FusedMultiplyAdd(-a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> WhereGreater(Vector512<double> a, Vector512<double> b, Vector512<double> ifTrue, Vector512<double> ifFalse) =>
        Vector512.ConditionalSelect(Vector512.GreaterThan(a, b), ifTrue, ifFalse);

    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static bool AnyGreater(Vector512<double> a, Vector512<double> b) => Vector512.GreaterThanAny(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<double> Lesser(Vector512<double> a, Vector512<double> b) => Avx512F.IsSupported ? Avx512F.Min(a, b) : WhereGreater(b, a, a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<double> Larger(Vector512<double> a, Vector512<double> b) => Avx512F.IsSupported ? Avx512F.Max(a, b) : WhereGreater(a, b, a, b);

    /// <summary>One instruction, which rounds once as the two steps do: their first is exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> TimesPowerOfTwo(Vector512<double> a, Vector512<double> k) => Avx512F.IsSupported ? Avx512F.Scale(a, k) : InTwoSteps<Lanes512, Vector512<double>>.Scale(a, k);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> PowerOfTwo(Vector512<double> shifted) =>
        ((shifted.AsInt64() + Vector512.Create(LaneBits.ExponentBias)) << 52).AsDouble();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> SplitExponent(Vector512<double> a, out Vector512<double> exponent)
    {
        Vector512<long> bits = a.AsInt64();
        Vector512<long> biased = (bits + Vector512.Create(LaneBits.OneMinusSqrtHalf)) >>> 52;
        exponent = (biased | Vector512.Create(LaneBits.TwoTo52)).AsDouble() - Vector512.Create(LaneBits.TwoTo52PlusBias);
        return (bits - (biased << 52) + Vector512.Create(LaneBits.One)).AsDouble();
    }
}

/// <summary>Multiplies by 2^k through two powers of about half of k, because 2^k itself may lie beyond the numbers.</summary>
internal static class InTwoSteps<L, V> where L : struct, ILanes<V> where V : struct
{
    /// <summary>1.5·2^52: adding it to |x| below 2^51 rounds x to an integer that stands in the sum's low bits.</summary>
    private const double Rounder = 6755399441055744.0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Scale(V a, V k)
    {
        V rounder = L.All(Rounder);
        V halfShifted = L.Fma(k, L.All(0.5), rounder);
        V half = L.Subtract(halfShifted, rounder);
        V rest = L.Add(L.Subtract(k, half), rounder);
        return L.Multiply(L.Multiply(a, L.PowerOfTwo(halfShifted)), L.PowerOfTwo(rest));
    }
}

/// <summary>Bit patterns of IEEE 754 doubles.</summary>
internal static class LaneBits
{
    public const long ExponentBias = 1023;
    public const long One = 0x3ff0_0000_0000_0000;
    /// <summary>Bits of 1.0 less the bits of √½ (rounded): adding it carries into the exponent exactly when the mantissa is at least √½.</summary>
    public const long OneMinusSqrtHalf = One - 0x3fe6_a09e_667f_3bcd;
    /// <summary>Bits of 2^52, whose low bits read as an integer.</summary>
    public const long TwoTo52 = 0x4330_0000_0000_0000;
    public const double TwoTo52PlusBias = 4503599627370496.0 + 1023;
}
