using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Appliance.Fix;

/// <summary>CheckSum (10): the sum of all bytes before the field, modulo 256, as three digits.</summary>
public static class FixChecksum
{
    /// <summary>Sum of the bytes modulo 256. Sums of absolute differences against zero add 32 or 64 bytes an instruction; the tail goes eight bytes at a time.</summary>
    public static byte Sum(ReadOnlySpan<byte> bytes)
    {
        ref byte first = ref MemoryMarshal.GetReference(bytes);
        int at = 0;
        ulong sum = 0;
        if (Avx512BW.IsSupported && bytes.Length >= 64)
        {
            var blocks = Vector512<ulong>.Zero;
            for (; at <= bytes.Length - 64; at += 64)
                blocks += Avx512BW.SumAbsoluteDifferences(Vector512.LoadUnsafe(ref first, (nuint)at), Vector512<byte>.Zero).AsUInt64();
            sum = Vector512.Sum(blocks);
        }
        else if (Avx2.IsSupported && bytes.Length >= 32)
        {
            var sums = Vector256<ulong>.Zero;
            for (; at <= bytes.Length - 32; at += 32)
                sums += Avx2.SumAbsoluteDifferences(Vector256.LoadUnsafe(ref first, (nuint)at), Vector256<byte>.Zero).AsUInt64();
            sum = Vector256.Sum(sums);
        }
        for (; at <= bytes.Length - 8; at += 8)
        {
            ulong word = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref first, at));
            ulong pairs = (word & 0x00FF00FF00FF00FF) + ((word >> 8) & 0x00FF00FF00FF00FF);
            sum += (pairs * 0x0001000100010001) >> 48;
        }
        for (; at < bytes.Length; at++)
            sum += Unsafe.Add(ref first, at);
        return (byte)sum;
    }
}
