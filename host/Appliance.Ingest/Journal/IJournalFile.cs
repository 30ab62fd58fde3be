using Appliance.Contract;

namespace Appliance.Ingest.Journal;

/// <summary>
/// The append-only file under the journal. Calls answer with an errno (0: done) and never throw for what the disk does; tests put a disk
/// behind it that fills up or fails.
/// </summary>
public interface IJournalFile : IDisposable
{
    string Name { get; }
    /// <summary>Appends; may write less than all, and then says why in <paramref name="errno"/> (0: try the rest).</summary>
    /// <returns>Bytes written.</returns>
    int Append(ReadOnlySpan<byte> bytes, out int errno);
    /// <summary>Waits until what was appended is on the device (fdatasync).</summary>
    int Sync();
    /// <summary>Reserves room for <paramref name="bytes"/> from <paramref name="offset"/> on without changing the file's length. Best effort.</summary>
    int Reserve(long offset, long bytes);
    int Truncate(long length);
}

/// <summary>When the journal waits for the device.</summary>
public enum JournalDurability : byte
{
    /// <summary>Never: what was written survives the process, not the power.</summary>
    PageCache = 0,
    /// <summary>fdatasync on the journal's thread every <see cref="JournalOptions.SyncIntervalMs"/>.</summary>
    Interval = 1,
    /// <summary>fdatasync after every write: bounded by the device, for tests of durability and for patient users.</summary>
    EveryWrite = 2,
}

/// <summary>How the writer behaves; every number is read once, at construction.</summary>
public sealed record JournalOptions
{
    public JournalDurability Durability { get; init; } = JournalDurability.PageCache;
    /// <summary>Milliseconds, 1 to 60,000; with <see cref="JournalDurability.Interval"/>. 50 ms bounds what a power cut costs and is far above what a disk needs.</summary>
    public int SyncIntervalMs { get; init; } = 50;
    /// <summary>Records gathered before a write, 1 to 1,000,000. 8,192 records are 576 KiB: system calls vanish beside the copying.</summary>
    public int BatchRecords { get; init; } = 8_192;
    /// <summary>The longest an event waits in the buffer for company, microseconds, 0 to 1,000,000. 500 µs keeps a killed process's loss small at one system call per 500 µs.</summary>
    public int MaxHoldUs { get; init; } = 500;
    /// <summary>Bytes reserved ahead of the end (fallocate), 0 for none. It turns a nearly full disk into an early failure and keeps the file in few extents.</summary>
    public long ReserveBytes { get; init; }

    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(SyncIntervalMs, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(SyncIntervalMs, 60_000);
        ArgumentOutOfRangeException.ThrowIfLessThan(BatchRecords, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(BatchRecords, 1_000_000);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxHoldUs);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxHoldUs, 1_000_000);
        ArgumentOutOfRangeException.ThrowIfNegative(ReserveBytes);
    }
}
