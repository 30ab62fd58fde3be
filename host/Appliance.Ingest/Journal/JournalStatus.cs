using Appliance.Contract;
using System.Runtime.InteropServices;

namespace Appliance.Ingest.Journal;

/// <summary>
/// What the journal's thread says of itself to others: each a single aligned word, written by that thread alone, on cache lines of their own.
/// The host's thread makes JournalBehind, JournalCaughtUp and JournalLost events of them.
/// </summary>
public sealed class JournalStatus
{
    [StructLayout(LayoutKind.Explicit, Size = 192)]
    private struct Words
    {
        [FieldOffset(64)] public long Taken;
        [FieldOffset(72)] public long Written;
        [FieldOffset(80)] public long Durable;
        [FieldOffset(88)] public long Dropped;
        [FieldOffset(96)] public long Bytes;
        [FieldOffset(104)] public long Writes;
        [FieldOffset(112)] public long Syncs;
        [FieldOffset(120)] public int FailedErrno;
    }

    private Words _words;

    internal JournalStatus(long firstSequence)
    {
        _words.Taken = _words.Written = _words.Durable = firstSequence - 1;
    }

    /// <summary>The last sequence taken from the ring (its slot is free again).</summary>
    public long TakenSequence { get => Volatile.Read(ref _words.Taken); internal set => Volatile.Write(ref _words.Taken, value); }
    /// <summary>The last sequence handed to the operating system; it stops here after a failure.</summary>
    public long WrittenSequence { get => Volatile.Read(ref _words.Written); internal set => Volatile.Write(ref _words.Written, value); }
    /// <summary>The last sequence known to be on the device; stays before the first with durability PageCache.</summary>
    public long DurableSequence { get => Volatile.Read(ref _words.Durable); internal set => Volatile.Write(ref _words.Durable, value); }
    /// <summary>Events drained without writing, after a failure.</summary>
    public long DroppedEvents { get => Volatile.Read(ref _words.Dropped); internal set => Volatile.Write(ref _words.Dropped, value); }
    /// <summary>Valid bytes of the file, header included.</summary>
    public long Bytes { get => Volatile.Read(ref _words.Bytes); internal set => Volatile.Write(ref _words.Bytes, value); }
    public long Writes { get => Volatile.Read(ref _words.Writes); internal set => Volatile.Write(ref _words.Writes, value); }
    public long Syncs { get => Volatile.Read(ref _words.Syncs); internal set => Volatile.Write(ref _words.Syncs, value); }
    /// <summary>0 while the journal can be written; else the errno that ended it (28: no space left on device). Never returns to 0.</summary>
    public int FailedErrno { get => Volatile.Read(ref _words.FailedErrno); internal set => Volatile.Write(ref _words.FailedErrno, value); }

    public bool IsLost => FailedErrno != 0;

    /// <summary>
    /// Events published but not yet with the operating system. It is reckoned from the ring's cursor, not from what the journal's thread saw last:
    /// a thread that hangs in a write still shows its lag. After a failure it counts what was drained as handled.
    /// </summary>
    public long LagEvents(long ringCursor) => ringCursor - (IsLost ? TakenSequence : WrittenSequence);
}
