using Appliance.Contract;
using System.Runtime.InteropServices;

namespace Appliance.Ingest.Journal;

/// <summary>
/// The ring consumer that appends every event to the journal, on a thread of its own (<see cref="Run"/>). Events are copied into a batch, their slots released,
/// and the batch written when it is full, when its oldest event has waited long enough, or at the end. When the disk fails, the file is cut
/// back to its last whole record, the failure shown in <see cref="Status"/>, and the ring drained without writing: the hot loop never waits for a disk.
/// After construction nothing here allocates.
/// </summary>
public sealed class JournalWriter : IDisposable
{
    private const long TicksPerMicrosecondNs = 1_000;

    private readonly IJournalFile _file;
    private readonly IRingReader<RingEvent> _reader;
    private readonly byte[] _batch;
    private readonly int _batchRecords;
    private readonly long _maxHoldNs;
    private readonly long _syncIntervalNs;
    private readonly long _reserveBytes;
    private readonly JournalDurability _durability;
    private readonly HostMonotonicClock _clock = new();

    private int _held;
    private long _heldSinceNs;
    private long _nextSequence;
    private long _fileLength;
    private long _reservedUpTo;
    private long _lastSyncNs;
    private bool _complete;
    private int _stopRequested;

    private JournalWriter(IJournalFile file, IRingReader<RingEvent> reader, JournalOptions options, long headerBytes)
    {
        _file = file;
        _reader = reader;
        _durability = options.Durability;
        _batchRecords = options.BatchRecords;
        _maxHoldNs = options.MaxHoldUs * TicksPerMicrosecondNs;
        _syncIntervalNs = options.SyncIntervalMs * 1_000_000L;
        _reserveBytes = options.ReserveBytes;
        _fileLength = _reservedUpTo = headerBytes;
        _nextSequence = reader.NextSequence;
        _lastSyncNs = _clock.NowNs();
        Status = new JournalStatus(_nextSequence) { Bytes = headerBytes };
        // Pinned, and written once here, so that the journal's thread meets no page fault and the collector moves nothing under a system call.
        _batch = GC.AllocateArray<byte>(_batchRecords * JournalFormat.RecordBytes, pinned: true);
        Array.Fill(_batch, (byte)0xFF);
    }

    public JournalStatus Status { get; }

    /// <summary>
    /// Writes the header (with <see cref="JournalHeader.FirstSequence"/> taken from the reader) and, unless only the page cache is wanted, waits for it to be on the device.
    /// </summary>
    /// <returns>Null with <paramref name="error"/> in words when the header cannot be written: a run must not start without its journal.</returns>
    public static JournalWriter? TryStart(
        IJournalFile file, JournalHeader header, IRingReader<RingEvent> reader, JournalOptions options, out string? error)
    {
        options.Check();
        byte[] bytes = (header with { FirstSequence = reader.NextSequence }).Encode();
        int done = 0;
        while (done < bytes.Length)
        {
            done += file.Append(bytes.AsSpan(done), out int errno);
            if (errno == 0) continue;
            error = $"{file.Name}: the journal's header cannot be written: {Marshal.GetPInvokeErrorMessage(errno)}";
            return null;
        }
        if (options.Durability != JournalDurability.PageCache && file.Sync() is int syncErrno and not 0)
        {
            error = $"{file.Name}: the journal's header cannot be synchronised: {Marshal.GetPInvokeErrorMessage(syncErrno)}";
            return null;
        }
        error = null;
        return new JournalWriter(file, reader, options, bytes.Length);
    }

    /// <summary>The journal thread's whole life: until <see cref="RequestStop"/>, and then until the ring is drained and all of it written.</summary>
    public void Run()
    {
        while (Turn()) { }
    }

    /// <summary>Asks <see cref="Run"/> to end once everything published before this call is written. From any thread.</summary>
    public void RequestStop() => Volatile.Write(ref _stopRequested, 1);

    /// <summary>One turn of the loop: takes what is there, waits one slice when nothing is, writes what is due.</summary>
    /// <returns>False once stopped and drained.</returns>
    public bool Turn()
    {
        // Read before looking at the ring: what was published before the request is then seen below.
        bool stopping = Volatile.Read(ref _stopRequested) != 0;
        long available = stopping || _held > 0 && _maxHoldNs == 0 ? _reader.Available() : _reader.Wait();
        bool took = available >= _nextSequence;
        while (_nextSequence <= available) Take(available);
        if (_held > 0 && (stopping || _clock.NowNs() - _heldSinceNs >= _maxHoldNs)) Write();
        if (_durability == JournalDurability.Interval) SyncIfDue();
        return took || !stopping;
    }

    /// <summary>
    /// After <see cref="Run"/> has returned, on the caller's thread: the footer record, a last synchronisation when one was wanted.
    /// </summary>
    public void Complete(ReadOnlySpan<byte> ordersSha256, long orders, long timeUtcNs)
    {
        if (_complete) throw new InvalidOperationException("The journal already has its footer.");
        _complete = true;
        RingEvent footer = RunFooter.Create(ordersSha256, orders, timeUtcNs);
        if (Status.IsLost)
        {
            Status.DroppedEvents++;
            return;
        }
        Append(_nextSequence, in footer);
        _nextSequence++;
        Write();
        if (_durability != JournalDurability.PageCache) Sync();
    }

    /// <summary>Writes what is held and closes the file. The thread must have ended.</summary>
    public void Dispose()
    {
        if (_held > 0) Write();
        if (_reservedUpTo > _fileLength) _ = _file.Truncate(_fileLength);
        _file.Dispose();
    }

    private void Take(long available)
    {
        if (Status.IsLost)
        {
            Status.DroppedEvents += available - _nextSequence + 1;
            _nextSequence = available + 1;
        }
        else
        {
            if (_held == 0) _heldSinceNs = _clock.NowNs();
            long last = Math.Min(available, _nextSequence + (_batchRecords - _held) - 1);
            for (long sequence = _nextSequence; sequence <= last; sequence++) Append(sequence, in _reader[sequence]);
            _nextSequence = last + 1;
        }
        Status.TakenSequence = _nextSequence - 1;
        // The events are copied: their slots may be used again while the batch waits for its write.
        _reader.Release(_nextSequence - 1);
        if (_held == _batchRecords) Write();
    }

    private void Append(long sequence, in RingEvent e)
    {
        JournalFormat.WriteRecord(ref _batch[_held * JournalFormat.RecordBytes], sequence, in e);
        _held++;
    }

    private void Write()
    {
        ReadOnlySpan<byte> rest = _batch.AsSpan(0, _held * JournalFormat.RecordBytes);
        if (_reserveBytes > 0 && _fileLength + rest.Length > _reservedUpTo && !ReserveMore()) return;
        int errno = 0;
        int done = 0;
        while (done < rest.Length && errno == 0) done += _file.Append(rest[done..], out errno);
        if (errno != 0)
        {
            Fail(errno, done);
            return;
        }
        _fileLength += rest.Length;
        _held = 0;
        Status.Bytes = _fileLength;
        Status.Writes++;
        Status.WrittenSequence = _nextSequence - 1;
        if (_durability == JournalDurability.EveryWrite) Sync();
    }

    private bool ReserveMore()
    {
        long bytes = Math.Max(_reserveBytes, (long)_held * JournalFormat.RecordBytes);
        int errno = _file.Reserve(_reservedUpTo, bytes);
        if (errno != 0)
        {
            Fail(errno, 0);
            return false;
        }
        _reservedUpTo += bytes;
        return true;
    }

    private void SyncIfDue()
    {
        if (Status.IsLost || Status.DurableSequence == Status.WrittenSequence) return;
        long now = _clock.NowNs();
        if (now - _lastSyncNs < _syncIntervalNs) return;
        Sync();
        _lastSyncNs = now;
    }

    private void Sync()
    {
        int errno = _file.Sync();
        if (errno != 0)
        {
            Fail(errno, 0);
            return;
        }
        Status.Syncs++;
        Status.DurableSequence = Status.WrittenSequence;
    }

    /// <summary>Keeps the whole records that did reach the file, cuts what is torn behind them, and counts the rest of the batch as dropped.</summary>
    private void Fail(int errno, int bytesWritten)
    {
        int whole = bytesWritten / JournalFormat.RecordBytes;
        _fileLength += (long)whole * JournalFormat.RecordBytes;
        // The cut also gives back what was reserved. If it fails too, the reader drops the torn record by its checksum.
        if (bytesWritten % JournalFormat.RecordBytes != 0 || _reservedUpTo > _fileLength) _ = _file.Truncate(_fileLength);
        Status.DroppedEvents += _held - whole;
        Status.WrittenSequence += whole;
        Status.Bytes = _fileLength;
        _held = 0;
        Status.FailedErrno = errno;
    }
}
