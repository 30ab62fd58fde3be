using System.Runtime.CompilerServices;

namespace Appliance.Lab.Random;

/// <summary>
/// Philox4x32-10: a keyed bijection of a 128-bit counter, so that a number is a function of where it is used and nothing is carried from one to the next. Any path can be
/// drawn alone, in any order, on any thread or device.
/// Source: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011, section 4.3; the known answers of their Random123 library are in the tests.
/// </summary>
public static class Philox
{
    private const uint Multiplier0 = 0xD2511F53, Multiplier1 = 0xCD9E8D57, Weyl0 = 0x9E3779B9, Weyl1 = 0xBB67AE85;

    /// <summary>The block of four words at one counter.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Block(uint c0, uint c1, uint c2, uint c3, uint key0, uint key1, out ulong first, out ulong second)
    {
        for (int round = 0; round < 10; round++)
        {
            ulong product0 = (ulong)Multiplier0 * c0, product1 = (ulong)Multiplier1 * c2;
            uint next0 = (uint)(product1 >> 32) ^ c1 ^ key0, next2 = (uint)(product0 >> 32) ^ c3 ^ key1;
            c1 = (uint)product1;
            c3 = (uint)product0;
            c0 = next0;
            c2 = next2;
            key0 += Weyl0;
            key1 += Weyl1;
        }
        first = ((ulong)c1 << 32) | c0;
        second = ((ulong)c3 << 32) | c2;
    }

    /// <summary>The middle of one of 2^52 equal cells of (0, 1): never 0 nor 1, and 1 − u is exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double ToUniform(ulong word) => ((word >> 12) + 0.5) * (1.0 / (1UL << 52));
}
