namespace Appliance.Fix;

/// <summary>
/// Messages that came before their turn, kept until the gap before them is closed, so that they are processed in order without being sent twice. Of fixed size:
/// what does not fit is dropped, and comes with the resend that was asked for anyway.
/// </summary>
internal sealed class HoldBack
{
    private struct Entry
    {
        public uint Sequence;
        public int At, Length;
        public bool Done;
    }

    private readonly byte[] _bytes;
    private readonly Entry[] _entries;
    private int _count, _used;

    public HoldBack(int bytes, int messages)
    {
        _bytes = new byte[bytes];
        _entries = new Entry[messages];
    }

    public bool IsEmpty => _count == 0;

    public void Clear() => _count = _used = 0;

    /// <param name="done">The message was acted on when it came, as a ResendRequest is; only its number is to be used up.</param>
    public void Add(uint sequence, ReadOnlySpan<byte> message, bool done)
    {
        int length = done ? 0 : message.Length;
        if (_count == _entries.Length || _used + length > _bytes.Length || Find(sequence) >= 0)
            return;
        message[..length].CopyTo(_bytes.AsSpan(_used));
        _entries[_count++] = new Entry { Sequence = sequence, At = _used, Length = length, Done = done };
        _used += length;
    }

    /// <summary>The message of that number, removed; empty when it was done already. The span holds until the next Add.</summary>
    public bool TryTake(uint sequence, out ReadOnlySpan<byte> message)
    {
        message = default;
        int found = Find(sequence);
        if (found < 0)
            return false;
        message = _bytes.AsSpan(_entries[found].At, _entries[found].Length);
        _entries[found] = _entries[--_count];
        if (_count == 0) _used = 0;
        return true;
    }

    /// <summary>Numbers below were passed over by a gap fill or a reset.</summary>
    public void DropBelow(uint sequence)
    {
        for (int i = _count - 1; i >= 0; i--)
            if (_entries[i].Sequence < sequence) _entries[i] = _entries[--_count];
        if (_count == 0) _used = 0;
    }

    private int Find(uint sequence)
    {
        for (int i = 0; i < _count; i++)
            if (_entries[i].Sequence == sequence) return i;
        return -1;
    }
}
