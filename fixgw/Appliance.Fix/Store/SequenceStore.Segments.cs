using System.Globalization;
using System.Text;

namespace Appliance.Fix;

/// <summary>Where the messages lie: segments filled in turn, made ahead of need by the keeper, taken again when the store has its size.</summary>
public sealed unsafe partial class SequenceStore
{
    private const long NsPerMs = 1_000_000, GrowthRetryNs = 1_000_000_000;

    // Slots in use; the keeper adds one at a time and publishes the count, everything else is the owner's.
    private StoreSegment?[] _slots;
    private int _slotCount, _begun;
    private StoreSegment _active = null!;
    private StoreSegment? _lastFound;
    private long _lastOrdinal, _generationOrdinal;
    // Everything before this position stays as it is: ordinal × segment size + offset.
    private long _settled;
    // The segment that a resend reads, for the keeper.
    private long _readOrdinal;
    // The keeper's own.
    private byte[] _segmentPath = [];
    private long _populatedOrdinal, _flushed, _nextFlushNs, _nextGrowthNs, _nearOrdinal, _restoredOrdinal;

    /// <summary>Messages stored since the oldest segment at the start, both directions.</summary>
    public long Records { get; private set; }
    /// <summary>Segments that were taken again before the store had its size, because the background could not make new ones in time, or the disk is full.</summary>
    public long RecycledEarly { get; private set; }
    /// <summary>Flushes that the disk refused.</summary>
    public long FlushFailures { get; private set; }
    /// <summary>Places at which the start found something that is no whole message before a whole one. What stood there is gap-filled.</summary>
    public int DamagedPlaces { get; private set; }
    /// <summary>The errno for which no further segment could be made; 0 when that never happened.</summary>
    public int GrowthError { get; private set; }
    public int SegmentCount => Volatile.Read(ref _slotCount);
    /// <summary>Segments that stand ready and were never used.</summary>
    public int SegmentsAhead => SegmentCount - Volatile.Read(ref _begun);
    internal long Settled => Volatile.Read(ref _settled);
    internal int SegmentBytes => _options.SegmentBytes;

    private long PositionOf(byte* at) => _lastOrdinal * _options.SegmentBytes + (at - _active.Base);

    private long RoomAt(byte* at) => _active.IndexEnd - StoreSegment.IndexEntryBytes - at;

    private byte* OutgoingLimit => _active.IndexEnd - StoreSegment.IndexEntryBytes - StoreRecord.SizeOf(MaxOutgoingBytes);

    private string PathOf(int slot) => $"{_path}.{slot.ToString("0000", CultureInfo.InvariantCulture)}";

    /// <summary>The numbers' file is new, but messages lie beside it: whoever goes on with number 1 would not be believed by the peer.</summary>
    private void ThrowIfNumbersAreLost()
    {
        if (_path is null || !File.Exists(PathOf(0)))
            return;
        using var stream = new FileStream(PathOf(0), FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1);
        Span<byte> head = stackalloc byte[StoreSegment.HeadBytes];
        if (stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) < head.Length)
            return;
        fixed (byte* at = head)
        {
            if (StoreSegment.IsMarked(at))
                throw new InvalidDataException($"{_path}: the header of this sequence store is damaged: it is empty, and {PathOf(0)} holds messages; move both away and log on with a reset of sequence numbers");
        }
    }

    private void OpenSegments()
    {
        if (_path is null)
        {
            for (int i = 0; i < _slots.Length; i++) AddSlot(new StoreSegment(_options.SegmentBytes));
        }
        else
        {
            _segmentPath = Encoding.UTF8.GetBytes(PathOf(0) + "\0");
            int found = 0;
            while (File.Exists(PathOf(found))) found++;
            if (found > _slots.Length) _slots = new StoreSegment?[found];
            for (int i = 0; i < Math.Max(2, found); i++) AddSlot(MapSlot(i, out int errno) ?? throw new IOException($"{PathOf(i)}: {ErrorText(errno)}"));
        }
        RestoreSegments();
    }

    private static string ErrorText(int errno) => $"cannot make or map this segment of {nameof(SequenceStore)}: errno {errno} ({System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(errno)})";

    private StoreSegment? MapSlot(int slot, out int errno)
    {
        for (int digit = 0, rest = slot; digit < 4; digit++, rest /= 10) _segmentPath[^(2 + digit)] = (byte)('0' + rest % 10);
        byte* at = FileCalls.Map(_segmentPath, _options.SegmentBytes, _options.HugePages, out errno);
        return at is null ? null : new StoreSegment(at, _options.SegmentBytes);
    }

    private void AddSlot(StoreSegment segment)
    {
        _slots[_slotCount] = segment;
        Volatile.Write(ref _slotCount, _slotCount + 1);
    }

    private void RestoreSegments()
    {
        var found = new List<(long Ordinal, StoreSegment Segment)>();
        for (int i = 0; i < _slotCount; i++)
        {
            var segment = _slots[i]!;
            long ordinal = StoreSegment.ReadHead(segment.Base, _salt);
            if (ordinal > 0) found.Add((ordinal, segment));
            else if (ordinal < 0) DamagedPlaces++;
        }
        found.Sort((a, b) => a.Ordinal.CompareTo(b.Ordinal));
        uint last = 0;
        long records = 0;
        foreach (var (ordinal, segment) in found)
        {
            if (_lastFound is not null) FileCalls.LetGo(_lastFound.Base, _lastFound.Bytes);
            DamagedPlaces += segment.Restore(ordinal, _salt, _generation, records, ref records, ref last);
            _active = _lastFound = segment;
            _lastOrdinal = ordinal;
        }
        Records = records;
        _begun = found.Count;
        if (found.Count == 0) Begin(_slots[0]!);
        else _tail = _active.Base + _active.Used;
        _outgoingLimit = OutgoingLimit;
        _lastFound = null;
        // The seal of a message came before its number: a kill, or a power cut, between them left a message that nobody may have, and its number is used up all the same.
        if (last >= _outgoing) MoveOutgoing(last + 1);
        _settled = _flushed = PositionOf(_tail);
        _restoredOrdinal = _lastOrdinal - 1;
    }

    /// <summary>Goes on in the next segment. It is there already; only its head is written.</summary>
    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private void Roll()
    {
        _active.Used = (int)(_tail - _active.Base);
        StoreSegment? next = null;
        int count = Volatile.Read(ref _slotCount);
        for (int i = 0; i < count; i++)
        {
            var slot = _slots[i]!;
            if (slot != _active && (next is null || slot.Ordinal < next.Ordinal)) next = slot;
        }
        if (next!.Ordinal > 0 && count < _slots.Length) RecycledEarly++;
        if (next == _lastFound) _lastFound = null;
        Begin(next);
    }

    private void Begin(StoreSegment segment)
    {
        if (segment.Ordinal == 0) Volatile.Write(ref _begun, _begun + 1);
        segment.Begin(++_lastOrdinal, _salt, Records);
        _active = segment;
        _tail = segment.Base + StoreSegment.HeadBytes;
        _outgoingLimit = OutgoingLimit;
        _lastIncomingAt = null;
        _open = 0;
        Volatile.Write(ref _settled, PositionOf(_tail));
    }

    /// <summary>Lets readers have everything that is stored. Not between a commit and what may take it back.</summary>
    public void Settle()
    {
        _open = 0;
        Volatile.Write(ref _settled, PositionOf(_tail));
    }

    /// <summary>The segment that holds an outbound number of this generation. A resend walks upwards, so the last one found is nearly always the one.</summary>
    private StoreSegment? SegmentOf(uint sequence)
    {
        var last = _lastFound;
        if (last is not null && last.First != 0 && sequence - last.First <= last.Last - last.First)
            return last;
        for (int i = 0; i < _slotCount; i++)
        {
            var segment = _slots[i]!;
            if (segment.Ordinal < Math.Max(1, _generationOrdinal) || segment.First == 0 || sequence < segment.First || sequence > segment.Last) continue;
            Volatile.Write(ref _readOrdinal, segment.Ordinal);
            return _lastFound = segment;
        }
        return null;
    }

    /// <summary>The segment that is the filling of that ordinal; null when it was taken again. For readers on other threads.</summary>
    internal StoreSegment? SegmentAt(long ordinal, out StoreSegment? oldest)
    {
        oldest = null;
        int count = Volatile.Read(ref _slotCount);
        for (int i = 0; i < count; i++)
        {
            var segment = _slots[i]!;
            long its = segment.Ordinal;
            if (its == ordinal)
                return segment;
            if (its > ordinal && (oldest is null || its < oldest.Ordinal)) oldest = segment;
        }
        return null;
    }

    /// <summary>
    /// How often the keeper looks: a store that flushes, and one of small segments, every 4 ms; one of larger segments as often as they would fill at half a gigabyte a second, at most every 16 ms, for each look takes the
    /// core from whoever has it.
    /// </summary>
    internal int TendEveryMs => _options.Durability == StoreDurability.AsynchronousFlush ? 4 : Math.Clamp(_options.SegmentBytes >> 19, 4, 16);

    /// <summary>The keeper's turn: makes the next segment, or brings the pages of the one that will be taken again near; flushes. It allocates once a segment made.</summary>
    internal void Tend(long nowNs)
    {
        if (_slotCount < _slots.Length)
        {
            if (SegmentsAhead < 1 && nowNs >= _nextGrowthNs) Grow(nowNs);
        }
        else
        {
            PopulateOldest();
        }
        FollowReader();
        if (_options.Durability != StoreDurability.AsynchronousFlush || nowNs < _nextFlushNs)
            return;
        FlushToTail();
        _nextFlushNs = nowNs + _options.FlushMilliseconds * NsPerMs;
    }

    /// <summary>
    /// A resend has come to another segment: what it read of an earlier run need not stay in this process's memory, and what comes next is asked for from the disk. What this run wrote is resident
    /// anyway, and stays.
    /// </summary>
    private void FollowReader()
    {
        long reads = Volatile.Read(ref _readOrdinal);
        if (reads == _nearOrdinal)
            return;
        if (_nearOrdinal > 0 && _nearOrdinal <= _restoredOrdinal && SegmentAt(_nearOrdinal, out _) is { } left)
        {
            FileCalls.LetGo(left.Base, left.Bytes);
            if (_populatedOrdinal == _nearOrdinal) _populatedOrdinal = -1;
        }
        if (SegmentAt(reads + 1, out _) is { } coming && reads + 1 <= _restoredOrdinal) FileCalls.WillNeed(coming.Base, coming.Bytes);
        _nearOrdinal = reads;
    }

    private void Grow(long nowNs)
    {
        if (MapSlot(_slotCount, out int errno) is { } made)
        {
            AddSlot(made);
            return;
        }
        GrowthError = errno;
        _nextGrowthNs = nowNs + GrowthRetryNs;
    }

    private void PopulateOldest()
    {
        StoreSegment? oldest = null;
        for (int i = 0; i < _slotCount; i++)
            if (oldest is null || _slots[i]!.Ordinal < oldest.Ordinal) oldest = _slots[i];
        long ordinal = oldest!.Ordinal;
        if (ordinal <= 0 || ordinal == _populatedOrdinal)
            return;
        FileCalls.Populate(oldest.Base, oldest.Bytes);
        _populatedOrdinal = ordinal;
    }

    /// <summary>Flushes what was stored since the last flush. A segment that was taken again meanwhile needs none.</summary>
    private void FlushToTail()
    {
        long to = Settled, size = _options.SegmentBytes;
        bool sound = true;
        for (long ordinal = _flushed / size; ordinal <= to / size; ordinal++)
        {
            if (SegmentAt(ordinal, out _) is not { } segment) continue;
            long from = ordinal == _flushed / size ? _flushed % size : 0, end = ordinal == to / size ? to % size : size;
            // The segment's head is written when it begins.
            sound &= FileCalls.Flush(segment.Base, segment.Base + 4096) && FileCalls.Flush(segment.Base + from, segment.Base + end);
        }
        sound &= FileCalls.Flush(_base, _base + HeaderBytes);
        if (sound) _flushed = to;
        else FlushFailures++;
    }

    private void DisposeSegments()
    {
        for (int i = 0; i < _slotCount; i++) _slots[i]!.Dispose();
        _slotCount = 0;
    }
}
