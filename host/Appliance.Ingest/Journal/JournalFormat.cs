using Appliance.Contract;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Appliance.Ingest.Journal;

/// <summary>The numbers of the file format (README.md beside this) and its checksum.</summary>
public static class JournalFormat
{
    public const uint FormatVersion = 1;
    public const int RecordBytes = RingEvent.SizeBytes + 8;
    public const int HeaderAlignmentBytes = 4096;
    /// <summary>Of the fixed fields before the sections.</summary>
    public const int HeaderPrefixBytes = 64;
    /// <summary>A header longer than this is taken for damage: desk, profile and policies are far smaller.</summary>
    public const int HeaderBytesMax = 256 << 20;

    public static ReadOnlySpan<byte> Magic => "HEDGJNL\n"u8;

    /// <summary>
    /// CRC-32C (Castagnoli, RFC 3720 B.4: start and final complement) over the eight bytes of the sequence and the 64 of the event. The complement at
    /// the start keeps a run of zeroes, which a file system may leave at the end of a file, from being a valid record.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint RecordChecksum(long sequence, ref readonly byte eventBytes)
    {
        uint crc = BitOperations.Crc32C(uint.MaxValue, (ulong)sequence);
        for (int offset = 0; offset < RingEvent.SizeBytes; offset += 8)
            crc = BitOperations.Crc32C(crc, Unsafe.ReadUnaligned<ulong>(in Unsafe.Add(ref Unsafe.AsRef(in eventBytes), offset)));
        return ~crc;
    }

    /// <summary>CRC-32C of any bytes; for the header.</summary>
    public static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        while (bytes.Length >= 8)
        {
            crc = BitOperations.Crc32C(crc, MemoryMarshal.Read<ulong>(bytes));
            bytes = bytes[8..];
        }
        foreach (byte one in bytes) crc = BitOperations.Crc32C(crc, one);
        return ~crc;
    }

    /// <summary>Writes one record; <paramref name="destination"/> has room for <see cref="RecordBytes"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteRecord(ref byte destination, long sequence, in RingEvent e)
    {
        Unsafe.WriteUnaligned(ref destination, e);
        // The checksum is taken over the copy: what is checked is what is written, even if a producer's bug changed the slot meanwhile.
        uint crc = RecordChecksum(sequence, ref destination);
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref destination, RingEvent.SizeBytes), (uint)sequence);
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref destination, RingEvent.SizeBytes + 4), crc);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsValidRecord(ref readonly byte record, long sequence)
    {
        ref byte start = ref Unsafe.AsRef(in record);
        return Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref start, RingEvent.SizeBytes)) == (uint)sequence
            && Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref start, RingEvent.SizeBytes + 4)) == RecordChecksum(sequence, in record);
    }
}
