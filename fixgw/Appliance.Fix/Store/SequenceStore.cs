using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Appliance.Fix;

/// <summary>
/// Both sequence numbers of a session and its messages of both directions, in an append log of mapped segments (or in memory). A message of ours is encoded straight into the log, sealed with a
/// checksum, and only then does the outgoing number move past it; so after a kill at any instruction a number below the outgoing one is either a whole message or known to be gone, and gone
/// ones are gap-filled. One thread owns it; a <see cref="StoreKeeper"/> makes further segments and flushes, a <see cref="StoreTail"/> reads behind.
/// This file holds numbers and messages; SequenceStore.Segments.cs where they lie and how that grows.
/// </summary>
public sealed unsafe partial class SequenceStore : IDisposable
{
    /// <summary>Longest message of ours, and of the peer's.</summary>
    public const int MaxOutgoingBytes = 8192, MaxIncomingBytes = 65_536;

    private const int HeaderBytes = 4096, NumberBits = 32;
    internal const ulong Magic = 0x324552_4F545346; // "FSTORE2"
    private const ulong MagicOfFirstFormat = 0x314552_4F545346;
    internal const int GeometryAt = 8, SaltAt = 16, GenerationAt = 64, OutgoingAt = 128, IncomingAt = 192, WindowAt = 256;

    private readonly MappedMemory _numbers;
    private readonly byte* _base;
    private readonly string? _path;
    private readonly StoreOptions _options;
    private readonly StoreKeeper? _keeper;
    private readonly bool _ownsKeeper, _flushEach;
    private uint _salt, _generation;
    private uint _outgoing, _incoming;
    // Where the next record begins, and up to where it may, with room for the longest message of ours and its index entry; the first open record and the peer's last one, for a flush.
    private byte* _tail, _outgoingLimit, _openFrom, _lastIncomingAt;
    // Messages of ours at the tail that may still be taken back.
    private int _open;
    private bool _disposed;

    /// <param name="path">The file of the numbers; the segments lie beside it (path.0000 and on). Null keeps everything in memory.</param>
    /// <param name="keeper">Whoever makes further segments and flushes, when several stores share one; null makes one for this store if it needs one.</param>
    public SequenceStore(string? path, StoreOptions? options = null, StoreKeeper? keeper = null)
    {
        _options = options ?? new StoreOptions();
        if (_options.Check() is { } wrong)
            throw new ArgumentOutOfRangeException(nameof(options), wrong);
        _path = path;
        _flushEach = _options.Durability == StoreDurability.FlushPerMessage && path is not null;
        _slots = new StoreSegment?[_options.Segments];
        ThrowIfOfFirstFormat(path);
        _numbers = new MappedMemory(path, HeaderBytes);
        _base = _numbers.Base;
        try
        {
            Open();
            OpenSegments();
        }
        catch
        {
            DisposeSegments();
            _numbers.Dispose();
            throw;
        }
        if (path is null)
            return;
        _ownsKeeper = keeper is null;
        _keeper = keeper ?? new StoreKeeper();
        _keeper.Add(this);
    }

    private static void ThrowIfOfFirstFormat(string? path)
    {
        if (path is null || !File.Exists(path))
            return;
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1);
        Span<byte> head = stackalloc byte[8];
        if (stream.ReadAtLeast(head, 8, throwOnEndOfStream: false) == 8 && BitConverter.ToUInt64(head) == MagicOfFirstFormat)
            throw new InvalidDataException($"{path}: this sequence store is of an earlier version, which kept outbound messages only; move it away and log on with a reset of sequence numbers, or with the numbers agreed");
    }

    private void Open()
    {
        if (Word(0) == 0)
        {
            // The magic is written last: a file that was never finished begins again.
            ThrowIfNumbersAreLost();
            Word(GeometryAt) = (ulong)_options.SegmentBytes;
            Word(SaltAt) = SealedWord.Seal((uint)Random.Shared.Next());
            Word(GenerationAt) = SealedWord.Seal(1);
            Word(OutgoingAt) = Tagged(1, 1);
            Word(IncomingAt) = Tagged(1, 1);
            Volatile.Write(ref Word(0), Magic);
            WasNew = true;
        }
        if (Word(0) != Magic || !SealedWord.TryOpen(Word(SaltAt), out ulong salt) || !SealedWord.TryOpen(Word(GenerationAt), out ulong generation) || !TryOpenTagged(OutgoingAt, (uint)generation, out _outgoing)
            || !TryOpenTagged(IncomingAt, (uint)generation, out _incoming))
            throw new InvalidDataException($"{_path}: the header of this sequence store is damaged; move it and its segments ({_path}.0000 and on) away and log on with a reset of sequence numbers");
        if (Word(GeometryAt) != (ulong)_options.SegmentBytes)
            throw new InvalidDataException($"{_path}: this sequence store was made with segments of {Word(GeometryAt)} bytes, the options ask for {_options.SegmentBytes}; restore the option or move the store away");
        _salt = (uint)salt;
        _generation = (uint)generation;
    }

    /// <summary>A number bears 16 bits of its generation: a reset that a kill cut short then still counts as one, for a number of another generation is 1.</summary>
    private static ulong Tagged(uint generation, uint number) => SealedWord.Seal((ulong)(generation & 0xFFFF) << NumberBits | number);

    private bool TryOpenTagged(int at, uint generation, out uint number)
    {
        bool sound = SealedWord.TryOpen(Word(at), out ulong value);
        number = (uint)(value >> NumberBits) == (generation & 0xFFFF) ? (uint)value : 1;
        return sound && number != 0;
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
            Volatile.Write(ref Word(IncomingAt), Tagged(_generation, value));
            if (_flushEach) FlushIncoming();
        }
    }

    /// <summary>When the session's window that the numbers belong to began, in seconds since 1970; 0 when there was no schedule yet.</summary>
    public long WindowStart
    {
        get => SealedWord.TryOpen(Word(WindowAt), out ulong start) ? (long)start : 0;
        set => Volatile.Write(ref Word(WindowAt), SealedWord.Seal((ulong)value));
    }

    /// <summary>Where the next message is to be written, <see cref="MaxOutgoingBytes"/> of room. It holds until something is stored.</summary>
    public Span<byte> NextBuffer()
    {
        if (_tail > _outgoingLimit) Roll();
        return new Span<byte>(_tail + StoreRecord.Bytes, MaxOutgoingBytes);
    }

    /// <summary>The next message goes into another segment, and then none before it can be taken back.</summary>
    public bool IsSegmentFull => _tail > _outgoingLimit;

    /// <summary>Brings near what the next message of about that length will be written to.</summary>
    public void Approach(int length)
    {
        if (!Sse.IsSupported || _tail > _outgoingLimit) return;
        for (int at = 0; at < StoreRecord.Bytes + length; at += 64) Sse.Prefetch0(_tail + at);
        Sse.Prefetch0(_active.IndexEnd - 4);
        Sse.Prefetch0(_base + OutgoingAt);
    }

    /// <summary>Seals what was written into <see cref="NextBuffer"/> and moves the outgoing number on. The message is open: it can be taken back until something else is stored.</summary>
    public void Commit(int length, uint type, in StoredOrder order, long utcNs)
    {
        _open = 0;
        CommitFurther(length, type, in order, utcNs);
    }

    /// <summary>The same of a message that leaves together with the open ones before it: they stay open with it.</summary>
    public void CommitFurther(int length, uint type, in StoredOrder order, long utcNs)
    {
        uint sequence = _outgoing;
        byte* at = _tail;
        var record = (StoreRecord*)at;
        record->Order = order;
        if (_open++ == 0) _openFrom = at;
        Seal(record, length, sequence, type, StoreDirection.Out, utcNs);
        _active.Enter((int)(at - _active.Base), sequence);
        _outgoingLimit -= StoreSegment.IndexEntryBytes;
        MoveOutgoing(sequence + 1);
    }

    /// <summary>Stores a message that the peer sent, as it came.</summary>
    /// <param name="sequence">Its number, 0 when it has none.</param>
    public void AppendIncoming(ReadOnlySpan<byte> message, uint sequence, uint type, long utcNs)
    {
        if (message.Length > MaxIncomingBytes) ThrowTooLong(message.Length);
        // The longest message of ours has room whenever one of the peer's is no longer than that; most are.
        if (_tail > _outgoingLimit || message.Length > MaxOutgoingBytes && RoomAt(_tail) < StoreRecord.SizeOf(message.Length)) Roll();
        var record = (StoreRecord*)_tail;
        message.CopyTo(new Span<byte>(_tail + StoreRecord.Bytes, message.Length));
        record->Order = default;
        _lastIncomingAt = _tail;
        _open = 0;
        Seal(record, message.Length, sequence, type, StoreDirection.In, utcNs);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Seal(StoreRecord* record, int length, uint sequence, uint type, StoreDirection direction, long utcNs)
    {
        record->UnsentReported = record->Spare = record->Spare2 = 0;
        record->Length = length;
        record->Sequence = sequence;
        record->Type = (ushort)type;
        record->Direction = direction;
        record->Generation = _generation;
        record->TimeUtcNs = utcNs;
        record->Check = StoreRecord.CheckOf(record, length, _active.Seed);
        Volatile.Write(ref record->Mark, StoreRecord.Sound);
        // A reader may have what is before: this one, and the open ones before it, may still be taken back.
        if (_open <= 1) Volatile.Write(ref _settled, PositionOf((byte*)record));
        _tail = (byte*)record + StoreRecord.SizeOf(length);
        Records++;
    }

    private static void ThrowTooLong(int length) => throw new ArgumentOutOfRangeException(nameof(length), length, $"a message to be stored has at most {MaxIncomingBytes} bytes");

    /// <summary>With <see cref="StoreDurability.FlushPerMessage"/>, waits until the open messages are on the disk, by one flush; otherwise there is nothing to wait for.</summary>
    /// <returns>False when the disk refused: they must not leave.</returns>
    public bool FlushOutgoing() => !_flushEach || FlushNow(_openFrom, _tail);

    private void FlushIncoming()
    {
        if (_lastIncomingAt is not null) FlushNow(_lastIncomingAt, _lastIncomingAt + StoreRecord.SizeOf(((StoreRecord*)_lastIncomingAt)->Length));
        _lastIncomingAt = null;
        if (!FileCalls.Flush(_base, _base + HeaderBytes)) FlushFailures++;
    }

    private bool FlushNow(byte* from, byte* to)
    {
        if (FileCalls.Flush(from, to))
            return true;
        FlushFailures++;
        return false;
    }

    /// <summary>Takes back the last open message, of which no byte has left.</summary>
    public void TakeBack()
    {
        uint sequence = _outgoing - 1;
        var record = _open > 0 ? _active.Newest : null;
        if (record is null || record->Sequence != sequence || (byte*)record + StoreRecord.SizeOf(record->Length) != _tail) ThrowNotOpen();
        Volatile.Write(ref record->Mark, 0);
        _active.Withdraw(sequence);
        _outgoingLimit += StoreSegment.IndexEntryBytes;
        _tail = (byte*)record;
        _open--;
        Records--;
        MoveOutgoing(sequence);
    }

    private static void ThrowNotOpen() => throw new InvalidOperationException("only messages that were stored last, together, can be taken back, and each only once");

    /// <summary>The stored message of that number; false when it is no longer, or not wholly, there. The span holds until the next message is stored.</summary>
    public bool TryGet(uint sequence, out ReadOnlySpan<byte> message, out uint type, out StoredOrder order)
    {
        message = default;
        type = 0;
        order = default;
        var record = RecordOf(sequence);
        if (record is null)
            return false;
        message = StoreRecord.Message(record);
        type = record->Type;
        order = record->Order;
        return true;
    }

    private StoreRecord* RecordOf(uint sequence)
    {
        if (sequence == 0 || sequence >= _outgoing || SegmentOf(sequence) is not { } segment)
            return null;
        var record = segment.Find(sequence);
        if (record is null || record->Generation != _generation || record->Direction != StoreDirection.Out)
            return null;
        return StoreRecord.IsWhole(record, (int)(segment.IndexEnd - (byte*)record), segment.Seed) ? record : null;
    }

    /// <summary>Marks a stored order as reported unsent.</summary>
    /// <returns>False when it already was: a second resend request reports nothing twice.</returns>
    public bool MarkUnsentReported(uint sequence)
    {
        var record = RecordOf(sequence);
        if (record is null || record->UnsentReported != 0)
            return false;
        record->UnsentReported = 1;
        return true;
    }

    /// <summary>Both numbers back to 1; nothing stored is valid any longer.</summary>
    public void Reset()
    {
        // The generation goes first: with it the numbers are 1 and the stored messages void, whatever a kill prevents.
        _generation++;
        Volatile.Write(ref Word(GenerationAt), SealedWord.Seal(_generation));
        _active.BeginGeneration();
        _open = 0;
        _generationOrdinal = _active.Ordinal;
        _lastFound = null;
        MoveOutgoing(1);
        NextIncoming = 1;
    }

    /// <summary>Moves the outgoing number without a message, as a venue that reset on its own asks for.</summary>
    public void MoveOutgoing(uint next)
    {
        _outgoing = next;
        Volatile.Write(ref Word(OutgoingAt), Tagged(_generation, next));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref ulong Word(int at) => ref *(ulong*)(_base + at);

    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _keeper?.Remove(this);
        if (_ownsKeeper) _keeper!.Dispose();
        if (_options.Durability != StoreDurability.PageCache && _path is not null) FlushToTail();
        DisposeSegments();
        _numbers.Dispose();
    }
}
