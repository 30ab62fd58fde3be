using System.Numerics;
using System.Runtime.CompilerServices;

namespace Appliance.Host.Greeks;

/// <summary>
/// 10^k as 128 significant bits times a power of two, rounded up: 10^k = (high·2^64 + low)·2^(⌊log₂ 10^k⌋ − 127), too large by less than one unit of
/// <c>low</c> and exact for 0 ≤ k ≤ 55. Computed once at start from integers, so that no printed table has to be trusted.
/// </summary>
internal static class PowersOfTen
{
    public const int ExponentMin = -324, ExponentMax = 324;

    private static readonly ulong[] Words = Compute();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong High(int k) => Words[2 * (k - ExponentMin)];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Low(int k) => Words[2 * (k - ExponentMin) + 1];

    /// <summary>⌊log₂ 10^k⌋ for |k| ≤ 1233.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int FloorLog2(int k) => (k * 1741647) >> 19;

    private static ulong[] Compute()
    {
        var words = new ulong[2 * (ExponentMax - ExponentMin + 1)];
        BigInteger power = BigInteger.One;
        for (int k = 0; k <= ExponentMax; k++, power *= 10)
        {
            int bits = (int)power.GetBitLength();
            Put(words, k, bits <= 128 ? power << (128 - bits) : -(-power >> (bits - 128)));
            // 1/power is below 2^(1 − bits): a numerator of bits + 127 bits leaves 128 (a power of ten above one is never a power of two).
            if (k > 0) Put(words, -k, (BigInteger.One << (bits + 127)) / power + 1);
        }
        return words;
    }

    private static void Put(ulong[] words, int k, BigInteger value)
    {
        words[2 * (k - ExponentMin)] = (ulong)(value >> 64);
        words[2 * (k - ExponentMin) + 1] = (ulong)(value & ulong.MaxValue);
    }
}
