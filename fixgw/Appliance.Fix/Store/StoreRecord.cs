using System.Numerics;
using System.Runtime.InteropServices;

namespace Appliance.Fix;

/// <summary>What an outbound message was about, kept beside it: enough to report an order as unsent when its number is gap-filled.</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
public struct StoredOrder
{
    [FieldOffset(0)] public ulong ClientOrderId;
    [FieldOffset(8)] public ushort Instrument;
    [FieldOffset(10)] public Contract.Side Side;
    /// <summary>None for messages that are no order request.</summary>
    [FieldOffset(11)] public Contract.OrderRequestKind Kind;
    [FieldOffset(12)] public uint Spare;
}

/// <summary>Which way a stored message went.</summary>
public enum StoreDirection : byte { None = 0, Out = 1, In = 2 }

/// <summary>The head of one stored message; the message follows, and the next record begins at the next multiple of 16.</summary>
[StructLayout(LayoutKind.Explicit, Size = Bytes)]
internal unsafe struct StoreRecord
{
    public const int Bytes = 48, Alignment = 16, CheckedFrom = 8;
    public const ushort Sound = 0x4D46;

    /// <summary><see cref="Sound"/>, or 0 for a message that was taken back.</summary>
    [FieldOffset(0)] public ushort Mark;
    /// <summary>May change later, so it stands outside the checksum.</summary>
    [FieldOffset(2)] public byte UnsentReported;
    [FieldOffset(3)] public byte Spare;
    /// <summary>Over everything from <see cref="Length"/> to the message's end, begun with the segment's seed.</summary>
    [FieldOffset(4)] public uint Check;
    [FieldOffset(8)] public int Length;
    [FieldOffset(12)] public uint Sequence;
    [FieldOffset(16)] public ushort Type;
    [FieldOffset(18)] public StoreDirection Direction;
    [FieldOffset(19)] public byte Spare2;
    [FieldOffset(20)] public uint Generation;
    [FieldOffset(24)] public long TimeUtcNs;
    [FieldOffset(32)] public StoredOrder Order;

    /// <summary>Bytes of a record with a message of that length, up to the next record.</summary>
    public static int SizeOf(int length) => (Bytes + length + Alignment - 1) & -Alignment;

    public static ReadOnlySpan<byte> Message(StoreRecord* record) => new((byte*)record + Bytes, record->Length);

    /// <summary>
    /// Three CRC-32C's over every third word, folded into one: each instruction waits three cycles for the one before, and three chains fill the wait.
    /// Where the length is no multiple of eight the last eight bytes count again, so that the rest needs no loop of its own.
    /// </summary>
    public static uint CheckOf(StoreRecord* record, int length, uint seed)
    {
        byte* from = (byte*)record + CheckedFrom;
        int bytes = Bytes - CheckedFrom + length, words = bytes >> 3;
        ulong* word = (ulong*)from;
        uint a = seed, b = ~seed, c = seed ^ 0x9E37_79B9;
        int i = 0;
        for (; i + 3 <= words; i += 3)
        {
            a = BitOperations.Crc32C(a, word[i]);
            b = BitOperations.Crc32C(b, word[i + 1]);
            c = BitOperations.Crc32C(c, word[i + 2]);
        }
        for (; i < words; i++) a = BitOperations.Crc32C(a, word[i]);
        if ((bytes & 7) != 0) a = BitOperations.Crc32C(a, *(ulong*)(from + bytes - 8));
        // One behind the other and in the upper half: a checksum is linear, and two chains that met in the same bits would let an error in both cancel.
        a = BitOperations.Crc32C(a, (ulong)b << 32);
        return BitOperations.Crc32C(a, (ulong)c << 32);
    }

    /// <summary>Whether a whole record of the segment with that seed stands there; <paramref name="room"/> are the bytes to the end of what may be read.</summary>
    public static bool IsWhole(StoreRecord* record, int room, uint seed) =>
        room >= Bytes && record->Mark == Sound && (uint)record->Length <= (uint)(room - Bytes) && record->Check == CheckOf(record, record->Length, seed);
}
