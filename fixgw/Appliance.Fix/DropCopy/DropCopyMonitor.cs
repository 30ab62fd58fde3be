using Appliance.Contract;

namespace Appliance.Fix;

/// <summary>How our record and the drop copy differ about an execution.</summary>
public enum CopyDifference : byte
{
    None = 0,
    /// <summary>The copy has it, and the order session has not told us of it within the bound.</summary>
    UnknownToUs = 1,
    /// <summary>The order session told us of it, and the copy does not have it within the bound.</summary>
    MissingInCopy = 2,
    /// <summary>Both have it, with other terms.</summary>
    Disagreement = 3,
}

/// <summary>A difference as it was found; Ours is the default where only the copy has the execution, Copy where only we have it.</summary>
public readonly struct FoundDifference(CopyDifference kind, in SeenExecution ours, in SeenExecution copy)
{
    public readonly CopyDifference Kind = kind;
    public readonly SeenExecution Ours = ours;
    public readonly SeenExecution Copy = copy;
}

/// <summary>Counts of a monitor. Written by its thread, each an aligned word that a watcher may read at any time.</summary>
public sealed class DropCopyCounters
{
    /// <summary>Executions of either record, and those that agree.</summary>
    public long Ours, Copies, Matched;
    public long UnknownToUs, MissingInCopy, Disagreements;
    /// <summary>Differences that the other record made good after the bound.</summary>
    public long ResolvedLate;
    /// <summary>Executions that were told again.</summary>
    public long Repeated;
    /// <summary>Executions forgotten while only one record had them, for want of room.</summary>
    public long Forgotten;
    /// <summary>Differences that stand.</summary>
    public long Open;
    /// <summary>Executions that one record has and the other may still bring within the bound.</summary>
    public long Pending;
}

/// <summary>
/// Our own record of executions against the venue's drop copy of it, continuously. Pure: executions and time in, counts out; it allocates nothing after construction. Executions are matched by ExecID and
/// side. What only one record has becomes a difference after the bound; for the copy the bound runs while its session is up, for what was told in between comes after the next logon.
/// Of fixed size: the newest stay.
/// </summary>
public sealed class DropCopyMonitor
{
    private const int DifferencesKept = 64;

    private struct Entry
    {
        public SeenExecution Execution;
        public long SeenNs;
        public int Next;
        public bool HasOurs, HasCopy, IsOptional;
        public CopyDifference Difference;

        public readonly bool IsPending => HasOurs != HasCopy && !IsOptional && Difference == CopyDifference.None;
    }

    private readonly Entry[] _entries;
    private readonly int[] _buckets;
    private readonly int _mask;
    private readonly long _boundNs;
    private readonly FoundDifference[] _found = new FoundDifference[DifferencesKept];
    private long _count, _copyDueAt, _oursDueAt, _copyUpSinceNs = long.MaxValue;
    private int _foundCount;

    /// <param name="capacity">Executions remembered, a power of two.</param>
    /// <param name="boundNs">How long one record may be ahead of the other.</param>
    public DropCopyMonitor(int capacity, long boundNs)
    {
        if (!int.IsPow2(capacity)) throw new ArgumentException("The capacity must be a power of two.", nameof(capacity));
        _entries = new Entry[capacity];
        _mask = capacity - 1;
        _buckets = new int[capacity];
        Array.Fill(_buckets, -1);
        for (int i = 0; i < capacity; i++) _entries[i].Next = -1;
        _boundNs = boundNs;
    }

    public DropCopyCounters Counters { get; } = new();

    /// <summary>Differences found, whether or not they were made good.</summary>
    public long Differences => Counters.UnknownToUs + Counters.MissingInCopy + Counters.Disagreements;

    /// <summary>The first 64 differences, as they were found; any thread.</summary>
    public ReadOnlySpan<FoundDifference> Found => _found.AsSpan(0, Volatile.Read(ref _foundCount));

    public void OnCopySession(bool isUp, long nowNs) => _copyUpSinceNs = isUp ? nowNs : long.MaxValue;

    /// <param name="isOptional">The copy need not have it: it is older than the copy.</param>
    public void OnOurs(in SeenExecution execution, long nowNs, bool isOptional = false)
    {
        int at = Find(execution.Key);
        if (at >= 0 && _entries[at].HasOurs) { Counters.Repeated++; return; }
        Counters.Ours++;
        if (at < 0) { Add(in execution, nowNs, isOurs: true, isOptional); return; }
        Meet(ref _entries[at], in execution, isOurs: true);
    }

    public void OnCopy(in SeenExecution execution, long nowNs)
    {
        int at = Find(execution.Key);
        if (at >= 0 && _entries[at].HasCopy) { Counters.Repeated++; return; }
        Counters.Copies++;
        if (at < 0) { Add(in execution, nowNs, isOurs: false, isOptional: false); return; }
        Meet(ref _entries[at], in execution, isOurs: false);
    }

    /// <summary>Judges what is past the bound.</summary>
    public void Turn(long nowNs)
    {
        // Two walks in the order of arrival: while the copy is down its side waits, and the other does not.
        for (; _copyDueAt < _count; _copyDueAt++)
        {
            ref Entry e = ref _entries[_copyDueAt & _mask];
            if (nowNs - e.SeenNs < _boundNs) break;
            if (e.IsPending && e.HasCopy) Differ(ref e, CopyDifference.UnknownToUs, default, in e.Execution);
        }
        if (_copyUpSinceNs == long.MaxValue) return;
        for (; _oursDueAt < _count; _oursDueAt++)
        {
            ref Entry e = ref _entries[_oursDueAt & _mask];
            if (nowNs - Math.Max(e.SeenNs, _copyUpSinceNs) < _boundNs) break;
            if (e.IsPending && e.HasOurs) Differ(ref e, CopyDifference.MissingInCopy, in e.Execution, default);
        }
    }

    private void Meet(ref Entry entry, in SeenExecution execution, bool isOurs)
    {
        if (entry.IsPending) Counters.Pending--;
        (entry.HasOurs, entry.HasCopy) = (true, true);
        bool wasOpen = entry.Difference != CopyDifference.None;
        if (!entry.Execution.AgreesWith(in execution))
        {
            // It was open already, and stays so under the graver name.
            if (wasOpen) Counters.Open--;
            entry.Difference = CopyDifference.None;
            SeenExecution first = entry.Execution;
            if (isOurs) Differ(ref entry, CopyDifference.Disagreement, in execution, in first);
            else Differ(ref entry, CopyDifference.Disagreement, in first, in execution);
            return;
        }
        Counters.Matched++;
        if (!wasOpen) return;
        entry.Difference = CopyDifference.None;
        Counters.Open--;
        Counters.ResolvedLate++;
    }

    private void Differ(ref Entry entry, CopyDifference kind, in SeenExecution ours, in SeenExecution copy)
    {
        if (entry.IsPending) Counters.Pending--;
        entry.Difference = kind;
        if (_foundCount < DifferencesKept)
        {
            _found[_foundCount] = new FoundDifference(kind, in ours, in copy);
            Volatile.Write(ref _foundCount, _foundCount + 1);
        }
        if (kind == CopyDifference.UnknownToUs) Counters.UnknownToUs++;
        else if (kind == CopyDifference.MissingInCopy) Counters.MissingInCopy++;
        else Counters.Disagreements++;
        Counters.Open++;
    }

    private int Find(ulong key)
    {
        for (int at = _buckets[Bucket(key)]; at >= 0; at = _entries[at].Next)
            if (_entries[at].Execution.Key == key) return at;
        return -1;
    }

    private void Add(in SeenExecution execution, long nowNs, bool isOurs, bool isOptional)
    {
        int at = (int)(_count & _mask);
        ref Entry e = ref _entries[at];
        if (_count > _mask)
        {
            if (e.IsPending)
            {
                Counters.Forgotten++;
                Counters.Pending--;
            }
            // Who looked at it last has nothing more to look at there.
            _copyDueAt = Math.Max(_copyDueAt, _count - _mask);
            _oursDueAt = Math.Max(_oursDueAt, _count - _mask);
            Unlink(at);
        }
        int bucket = Bucket(execution.Key);
        e = new Entry { Execution = execution, SeenNs = nowNs, HasOurs = isOurs, HasCopy = !isOurs, IsOptional = isOptional, Next = _buckets[bucket] };
        _buckets[bucket] = at;
        _count++;
        if (!isOptional) Counters.Pending++;
    }

    private void Unlink(int at)
    {
        ref int link = ref _buckets[Bucket(_entries[at].Execution.Key)];
        while (link != at) link = ref _entries[link].Next;
        link = _entries[at].Next;
    }

    private int Bucket(ulong key) => (int)((key ^ key >> 32) & (uint)_mask);
}
