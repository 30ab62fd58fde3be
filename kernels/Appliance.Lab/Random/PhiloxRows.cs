using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Appliance.Lab.Random;

/// <summary>
/// Philox blocks of four or eight consecutive paths at once, each word in a lane of its own, for processors with AVX2 or AVX-512: the same numbers as <see cref="Philox.Block"/>. The multiplier reads a lane's lower half only, so
/// words need not be cleaned until the end.
/// </summary>
internal static class PhiloxRows
{
    private const ulong Multiplier0 = 0xD2511F53, Multiplier1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9, Weyl1 = 0xBB67AE85;

    /// <summary>Uniforms of paths first, first + 1, … as far as whole registers go.</summary>
    /// <returns>How many were written.</returns>
    public static int Uniforms(ulong first, uint c2, uint c3, uint key0, uint key1, Span<double> even, Span<double> odd)
    {
        // A register whose paths straddle a multiple of 2^32 would carry into the second word: such a block is left to the scalar form.
        if ((first & 0xFFFFFFFF) + (ulong)even.Length > 0xFFFFFFFF) return 0;
        if (Avx512F.IsSupported) return Eight(first, c2, c3, key0, key1, even, odd);
        return Avx2.IsSupported ? Four(first, c2, c3, key0, key1, even, odd) : 0;
    }

    private static int Eight(ulong first, uint word2, uint word3, uint key0, uint key1, Span<double> even, Span<double> odd)
    {
        ref double e = ref MemoryMarshal.GetReference(even);
        ref double o = ref MemoryMarshal.GetReference(odd);
        var low = Vector512.Create((ulong)(uint)first) + Vector512.Create(0UL, 1, 2, 3, 4, 5, 6, 7);
        var high = Vector512.Create(first >> 32);
        Vector512<ulong> m0 = Vector512.Create(Multiplier0), m1 = Vector512.Create(Multiplier1), mask = Vector512.Create(0xFFFFFFFFUL), one = Vector512.Create(0x3FF0000000000000UL), eight = Vector512.Create(8UL);
        var shift = Vector512.Create(1.0 - 1.0 / (1UL << 53));
        int i = 0;
        for (; i <= even.Length - 8; i += 8, low += eight)
        {
            Vector512<ulong> c0 = low, c1 = high, c2 = Vector512.Create((ulong)word2), c3 = Vector512.Create((ulong)word3);
            uint k0 = key0, k1 = key1;
            for (int round = 0; round < 10; round++)
            {
                Vector512<ulong> p0 = Avx512F.Multiply(m0.AsUInt32(), c0.AsUInt32()), p1 = Avx512F.Multiply(m1.AsUInt32(), c2.AsUInt32());
                c0 = (p1 >>> 32) ^ c1 ^ Vector512.Create((ulong)k0);
                c2 = (p0 >>> 32) ^ c3 ^ Vector512.Create((ulong)k1);
                (c1, c3) = (p1, p0);
                k0 += Weyl0;
                k1 += Weyl1;
            }
            Vector512<ulong> a = (c1 << 32) | (c0 & mask), b = (c3 << 32) | (c2 & mask);
            (((a >>> 12) | one).AsDouble() - shift).StoreUnsafe(ref e, (nuint)i);
            (((b >>> 12) | one).AsDouble() - shift).StoreUnsafe(ref o, (nuint)i);
        }
        return i;
    }

    private static int Four(ulong first, uint word2, uint word3, uint key0, uint key1, Span<double> even, Span<double> odd)
    {
        ref double e = ref MemoryMarshal.GetReference(even);
        ref double o = ref MemoryMarshal.GetReference(odd);
        var low = Vector256.Create((ulong)(uint)first) + Vector256.Create(0UL, 1, 2, 3);
        var high = Vector256.Create(first >> 32);
        Vector256<ulong> m0 = Vector256.Create(Multiplier0), m1 = Vector256.Create(Multiplier1), mask = Vector256.Create(0xFFFFFFFFUL), one = Vector256.Create(0x3FF0000000000000UL), four = Vector256.Create(4UL);
        var shift = Vector256.Create(1.0 - 1.0 / (1UL << 53));
        int i = 0;
        for (; i <= even.Length - 4; i += 4, low += four)
        {
            Vector256<ulong> c0 = low, c1 = high, c2 = Vector256.Create((ulong)word2), c3 = Vector256.Create((ulong)word3);
            uint k0 = key0, k1 = key1;
            for (int round = 0; round < 10; round++)
            {
                Vector256<ulong> p0 = Avx2.Multiply(m0.AsUInt32(), c0.AsUInt32()), p1 = Avx2.Multiply(m1.AsUInt32(), c2.AsUInt32());
                c0 = (p1 >>> 32) ^ c1 ^ Vector256.Create((ulong)k0);
                c2 = (p0 >>> 32) ^ c3 ^ Vector256.Create((ulong)k1);
                (c1, c3) = (p1, p0);
                k0 += Weyl0;
                k1 += Weyl1;
            }
            Vector256<ulong> a = (c1 << 32) | (c0 & mask), b = (c3 << 32) | (c2 & mask);
            (((a >>> 12) | one).AsDouble() - shift).StoreUnsafe(ref e, (nuint)i);
            (((b >>> 12) | one).AsDouble() - shift).StoreUnsafe(ref o, (nuint)i);
        }
        return i;
    }
}
