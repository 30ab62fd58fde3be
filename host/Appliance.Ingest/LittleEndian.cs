using System.Runtime.CompilerServices;

namespace Appliance.Ingest;

/// <summary>
/// Reads and writes of little-endian fields at an offset from a message's first byte, without bounds checks (see <see cref="BigEndian"/>). The
/// appliance runs on x86-64 and Arm64 Linux, both little-endian, so these are plain loads and stores.
/// </summary>
internal static class LittleEndian
{
    static LittleEndian()
    {
        if (!BitConverter.IsLittleEndian)
            throw new PlatformNotSupportedException("The decoders read little-endian fields in place; this machine is big-endian.");
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte U8(ref readonly byte first, int offset) => Unsafe.Add(ref Unsafe.AsRef(in first), offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort U16(ref readonly byte first, int offset) => Unsafe.ReadUnaligned<ushort>(in Unsafe.Add(ref Unsafe.AsRef(in first), offset));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint U32(ref readonly byte first, int offset) => Unsafe.ReadUnaligned<uint>(in Unsafe.Add(ref Unsafe.AsRef(in first), offset));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long I64(ref readonly byte first, int offset) => Unsafe.ReadUnaligned<long>(in Unsafe.Add(ref Unsafe.AsRef(in first), offset));
}
