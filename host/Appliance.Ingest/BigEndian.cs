using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Appliance.Ingest;

/// <summary>
/// Reads and writes of big-endian fields at an offset from a message's first byte, without bounds checks: a message view checks its length
/// once, when it is made, and then every field of it is inside.
/// </summary>
internal static class BigEndian
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort U16(ref readonly byte first, int offset) => BinaryPrimitives.ReverseEndianness(At<ushort>(in first, offset));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint U32(ref readonly byte first, int offset) => BinaryPrimitives.ReverseEndianness(At<uint>(in first, offset));

    /// <summary>Six bytes: read as a half word and a word, because a word of eight could begin before the message.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong U48(ref readonly byte first, int offset) => ((ulong)U16(in first, offset) << 32) | U32(in first, offset + 2);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong U64(ref readonly byte first, int offset) => BinaryPrimitives.ReverseEndianness(At<ulong>(in first, offset));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte U8(ref readonly byte first, int offset) => Unsafe.Add(ref Unsafe.AsRef(in first), offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put16(ref byte first, int offset, ushort value) =>
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref first, offset), BinaryPrimitives.ReverseEndianness(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put32(ref byte first, int offset, uint value) =>
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref first, offset), BinaryPrimitives.ReverseEndianness(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put48(ref byte first, int offset, ulong value)
    {
        Put16(ref first, offset, (ushort)(value >> 32));
        Put32(ref first, offset + 2, (uint)value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put64(ref byte first, int offset, ulong value) =>
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref first, offset), BinaryPrimitives.ReverseEndianness(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T At<T>(ref readonly byte first, int offset) where T : unmanaged =>
        Unsafe.ReadUnaligned<T>(in Unsafe.Add(ref Unsafe.AsRef(in first), offset));
}
