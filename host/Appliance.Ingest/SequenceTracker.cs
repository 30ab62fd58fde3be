namespace Appliance.Ingest;

/// <summary>How a packet's sequence number stands to the one that was expected.</summary>
public enum SequenceVerdict : byte
{
    /// <summary>As expected.</summary>
    InOrder,
    /// <summary>The first packet seen: nothing was expected.</summary>
    First,
    /// <summary>Messages are missing before this packet.</summary>
    Gap,
    /// <summary>All of it was seen before.</summary>
    Duplicate,
    /// <summary>The sequence began again: a new session, or the same one from its start.</summary>
    Reset,
    /// <summary>The packet carries no sequence number (0): captures that were cut and rewritten do this.</summary>
    Unsequenced,
}

/// <summary>
/// Follows the message sequence of one channel. Whether a number below the expected one is a repetition or a new beginning differs
/// between protocols; the caller says so by <c>startsAgain</c>.
/// </summary>
public struct SequenceTracker
{
    private bool _started;

    /// <summary>The sequence number of the next new message.</summary>
    public ulong Expected { get; private set; }

    /// <summary>After a gap: the first number missing, and how many are.</summary>
    public ulong FirstMissing { get; private set; }
    public ulong Missing { get; private set; }

    /// <summary>Messages at the front of the packet that were seen before (two lines of one feed whose packets are cut differently).</summary>
    public int Skip { get; private set; }

    public readonly bool IsBehind(ulong sequence) => _started && sequence < Expected;

    public SequenceVerdict Observe(ulong sequence, int count, bool startsAgain)
    {
        Skip = 0;
        if (_started && !startsAgain)
        {
            if (sequence == Expected)
            {
                Expected += (ulong)count;
                return SequenceVerdict.InOrder;
            }
            return ObserveOutOfOrder(sequence, count);
        }
        if (sequence == 0)
            return SequenceVerdict.Unsequenced;
        SequenceVerdict verdict = _started ? SequenceVerdict.Reset : SequenceVerdict.First;
        _started = true;
        Expected = sequence + (ulong)count;
        return verdict;
    }

    private SequenceVerdict ObserveOutOfOrder(ulong sequence, int count)
    {
        if (sequence == 0)
            return SequenceVerdict.Unsequenced;
        ulong end = sequence + (ulong)count;
        if (sequence > Expected)
        {
            FirstMissing = Expected;
            Missing = sequence - Expected;
            Expected = end;
            return SequenceVerdict.Gap;
        }
        if (end <= Expected)
            return SequenceVerdict.Duplicate;
        Skip = (int)(Expected - sequence);
        Expected = end;
        return SequenceVerdict.InOrder;
    }
}
