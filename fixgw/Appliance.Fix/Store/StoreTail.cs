namespace Appliance.Fix;

/// <summary>What a reader of a store gets of a message, beside its bytes.</summary>
public readonly record struct StoredMessage(StoreDirection Direction, uint Sequence, long TimeUtcNs, int Length);

/// <summary>
/// Reads a store behind its owner, on another thread, without holding it up: each record is copied, and only believed when its segment was not taken again meanwhile. A reader that falls behind by the
/// whole store has lost messages, and knows how many.
/// </summary>
public sealed unsafe class StoreTail
{
    private readonly SequenceStore _store;
    private long _position, _number;

    /// <summary>Begins with what is stored from now on.</summary>
    public StoreTail(SequenceStore store)
    {
        _store = store;
        _position = store.Settled;
        _number = store.Records;
    }

    /// <summary>Messages that were overwritten before they were read.</summary>
    public long Lost { get; private set; }

    /// <summary>The next message, copied into the buffer, which holds <see cref="SequenceStore.MaxIncomingBytes"/>; false when there is none yet.</summary>
    public bool TryRead(Span<byte> buffer, out StoredMessage message)
    {
        message = default;
        long size = _store.SegmentBytes;
        while (true)
        {
            long settled = _store.Settled;
            if (_position >= settled)
                return false;
            long ordinal = _position / size;
            var segment = _store.SegmentAt(ordinal, out var oldest);
            if (segment is null)
            {
                if (oldest is null) return false;
                Skip(oldest);
                continue;
            }
            long offset = _position % size;
            if (ordinal < settled / size && offset >= Volatile.Read(ref segment.Used))
            {
                _position = (ordinal + 1) * size + StoreSegment.HeadBytes;
                continue;
            }
            if (!TryCopy(segment, offset, buffer, out var record, ordinal))
                continue;
            _position += StoreRecord.SizeOf(record.Length);
            _number++;
            message = new StoredMessage(record.Direction, record.Sequence, record.TimeUtcNs, record.Length);
            return true;
        }
    }

    /// <returns>False when the segment was taken again under the reader, whose place is then gone.</returns>
    private static bool TryCopy(StoreSegment segment, long offset, Span<byte> buffer, out StoreRecord record, long ordinal)
    {
        var at = (StoreRecord*)(segment.Base + offset);
        record = *at;
        bool sound = record.Mark == StoreRecord.Sound && (uint)record.Length <= (uint)buffer.Length && offset + StoreRecord.SizeOf(record.Length) <= segment.Bytes;
        if (sound) StoreRecord.Message(at)[..record.Length].CopyTo(buffer);
        Interlocked.MemoryBarrier();
        return sound && segment.Ordinal == ordinal;
    }

    private void Skip(StoreSegment oldest)
    {
        long ordinal = oldest.Ordinal, first = oldest.FirstRecordNumber;
        Interlocked.MemoryBarrier();
        // Taken again in this very moment: the next turn finds another.
        if (ordinal <= 0 || oldest.Ordinal != ordinal)
            return;
        Lost += first - _number;
        _number = first;
        _position = ordinal * _store.SegmentBytes + StoreSegment.HeadBytes;
    }
}
