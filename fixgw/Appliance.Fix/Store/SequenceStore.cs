using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

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

/// <summary>
/// Both sequence numbers of a session and its last outbound messages, in a mapped file (or in memory). A message is encoded straight into its slot, sealed with
/// a CRC, and only then does the outgoing number move past it; so after a kill at any instruction a number below the outgoing one is either a whole message
/// or known to be gone, and gone ones are gap-filled. Slots are found by number alone: the newest <c>slots</c> messages are kept.
/// </summary>
public sealed unsafe class SequenceStore : IDisposable
{
    public const int MessageBytes = FixMessageWriter.MinimumBuffer;
    private const int HeaderBytes = 4096, SlotHeaderBytes = 32, SlotBytes = SlotHeaderBytes + MessageBytes;
    private const ulong Magic = 0x314552_4F545346; // "FSTORE1"
    private const int GeometryAt = 8, GenerationAt = 64, OutgoingAt = 128, IncomingAt = 192, WindowAt = 256;
    private const uint FlagUnsentReported = 1;

    [StructLayout(LayoutKind.Explicit, Size = SlotHeaderBytes)]
    private struct Slot
    {
        [FieldOffset(0)] public uint Sequence;
        /// <summary>Over generation, type, length, order and message.</summary>
        [FieldOffset(4)] public uint Crc;
        [FieldOffset(8)] public ushort Length;
        [FieldOffset(10)] public ushort Type;
        [FieldOffset(12)] public StoredOrder Order;
        [FieldOffset(28)] public uint Flags;
    }

    private readonly MappedMemory _memory;
    private readonly byte* _base;
    private readonly uint _mask;
    private ulong _generation;
    private uint _outgoing, _incoming;

    /// <param name="path">The file; null keeps the store in memory.</param>
    /// <param name="slots">Messages kept, a power of two.</param>
    public SequenceStore(string? path, int slots)
    {
        if (slots < 2 || (slots & (slots - 1)) != 0)
            throw new ArgumentOutOfRangeException(nameof(slots), slots, "the number of stored messages must be a power of two from 2");
        _mask = (uint)slots - 1;
        _memory = new MappedMemory(path, HeaderBytes + (long)slots * SlotBytes);
        _base = _memory.Base;
        try
        {
            Open(path, slots);
        }
        catch
        {
            _memory.Dispose();
            throw;
        }
    }

    private void Open(string? path, int slots)
    {
        ulong geometry = (ulong)(uint)slots | (ulong)SlotBytes << 32;
        if (Word(0) == 0)
        {
            // The magic is written last: a file that was never finished begins again.
            Word(GeometryAt) = geometry;
            Word(GenerationAt) = SealedWord.Seal(1);
            Word(OutgoingAt) = SealedWord.Seal(1);
            Word(IncomingAt) = SealedWord.Seal(1);
            Volatile.Write(ref Word(0), Magic);
            WasNew = true;
        }
        if (Word(0) != Magic || !SealedWord.TryOpen(Word(GenerationAt), out _generation) || !SealedWord.TryOpen(Word(OutgoingAt), out ulong outgoing)
            || !SealedWord.TryOpen(Word(IncomingAt), out ulong incoming) || outgoing is 0 or > uint.MaxValue || incoming is 0 or > uint.MaxValue)
            throw new InvalidDataException($"{path}: the header of this sequence store is damaged; move the file away and log on with a reset of sequence numbers");
        if (Word(GeometryAt) != geometry)
            throw new InvalidDataException($"{path}: this sequence store was made for {(uint)Word(GeometryAt)} messages of {Word(GeometryAt) >> 32} bytes, the options ask for {slots} of {SlotBytes}");
        _outgoing = (uint)outgoing;
        _incoming = (uint)incoming;
    }

    /// <summary>True when there was no store before.</summary>
    public bool WasNew { get; private set; }

    /// <summary>The number that our next message bears.</summary>
    public uint NextOutgoing => _outgoing;

    /// <summary>The number expected of the peer's next message. Set after the message was handed on, so that a crash between repeats it instead of losing it.</summary>
    public uint NextIncoming
    {
        get => _incoming;
        set
        {
            _incoming = value;
            Volatile.Write(ref Word(IncomingAt), SealedWord.Seal(value));
        }
    }

    /// <summary>When the session's window that the numbers belong to began, in seconds since 1970; 0 when there was no schedule yet.</summary>
    public long WindowStart
    {
        get => SealedWord.TryOpen(Word(WindowAt), out ulong start) ? (long)start : 0;
        set => Volatile.Write(ref Word(WindowAt), SealedWord.Seal((ulong)value));
    }

    /// <summary>Where the next message is to be written. What the slot held before is gone from here on.</summary>
    public Span<byte> NextBuffer()
    {
        ref var slot = ref SlotOf(_outgoing);
        Volatile.Write(ref slot.Sequence, 0);
        return new Span<byte>(Unsafe.AsPointer(ref slot), SlotBytes)[SlotHeaderBytes..];
    }

    /// <summary>Brings near what the next message of about that length will be written to.</summary>
    public void Approach(int length)
    {
        if (!Sse.IsSupported) return;
        byte* slot = (byte*)Unsafe.AsPointer(ref SlotOf(_outgoing));
        for (int at = 0; at < SlotHeaderBytes + length; at += 64) Sse.Prefetch0(slot + at);
        Sse.Prefetch0(_base + OutgoingAt);
    }

    /// <summary>Seals what was written into <see cref="NextBuffer"/> and moves the outgoing number on.</summary>
    public void Commit(int length, uint type, in StoredOrder order)
    {
        uint sequence = _outgoing;
        ref var slot = ref SlotOf(sequence);
        slot.Length = (ushort)length;
        slot.Type = (ushort)type;
        slot.Order = order;
        slot.Flags = 0;
        slot.Crc = CrcOf(ref slot);
        Volatile.Write(ref slot.Sequence, sequence);
        MoveOutgoing(sequence + 1);
    }

    /// <summary>Takes back the last committed message, of which no byte has left.</summary>
    public void TakeBack()
    {
        uint sequence = _outgoing - 1;
        MoveOutgoing(sequence);
        Volatile.Write(ref SlotOf(sequence).Sequence, 0);
    }

    /// <summary>The stored message of that number; false when it is no longer, or not wholly, there.</summary>
    public bool TryGet(uint sequence, out ReadOnlySpan<byte> message, out uint type, out StoredOrder order)
    {
        message = default;
        type = 0;
        order = default;
        if (sequence == 0 || sequence >= _outgoing)
            return false;
        ref var slot = ref SlotOf(sequence);
        if (slot.Sequence != sequence || slot.Length > MessageBytes || slot.Crc != CrcOf(ref slot))
            return false;
        message = Message(ref slot);
        type = slot.Type;
        order = slot.Order;
        return true;
    }

    /// <summary>Marks a stored order as reported unsent.</summary>
    /// <returns>False when it already was: a second resend request reports nothing twice.</returns>
    public bool MarkUnsentReported(uint sequence)
    {
        ref var slot = ref SlotOf(sequence);
        if (slot.Sequence != sequence || (slot.Flags & FlagUnsentReported) != 0)
            return false;
        slot.Flags |= FlagUnsentReported;
        return true;
    }

    /// <summary>Both numbers back to 1; nothing stored is valid any longer.</summary>
    public void Reset()
    {
        // The generation goes first: with it the stored messages are void, whatever the numbers say.
        Volatile.Write(ref Word(GenerationAt), SealedWord.Seal(++_generation));
        MoveOutgoing(1);
        NextIncoming = 1;
    }

    /// <summary>Moves the outgoing number without a message, as a venue that reset on its own asks for.</summary>
    public void MoveOutgoing(uint next)
    {
        _outgoing = next;
        Volatile.Write(ref Word(OutgoingAt), SealedWord.Seal(next));
    }

    private uint CrcOf(ref Slot slot)
    {
        uint crc = Crc32C.Of(new ReadOnlySpan<byte>((byte*)Unsafe.AsPointer(ref slot) + 8, 20), (uint)_generation);
        return Crc32C.Of(Message(ref slot), crc);
    }

    private static ReadOnlySpan<byte> Message(ref Slot slot) => new((byte*)Unsafe.AsPointer(ref slot) + SlotHeaderBytes, slot.Length);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref Slot SlotOf(uint sequence) => ref *(Slot*)(_base + HeaderBytes + (long)(sequence & _mask) * SlotBytes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref ulong Word(int at) => ref *(ulong*)(_base + at);

    public void Dispose() => _memory.Dispose();
}
