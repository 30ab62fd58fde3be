using System.Runtime.InteropServices;
using Appliance.Contract;
using Appliance.Ingest.Journal;
using Appliance.Ring;

namespace Appliance.Tests.Journal;

/// <summary>A disk that is full or fails must cost the journal, never the ring.</summary>
public partial class JournalFailureTests
{
    private const int ErrnoInputOutput = 5, ErrnoNoSpace = 28;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(71)]
    [InlineData(72)]
    [InlineData(72 * 640 + 30)]
    public void When_the_disk_is_full_the_whole_records_stay_and_the_ring_goes_on(int roomBytes)
    {
        using var file = new TemporaryFile();
        RingEvent[] events = JournalBench.RandomEvents(10_000, seed: 11);
        using (var disk = new SmallDisk(PosixJournalFile.TryCreate(file.Path, out _)!))
        using (var bench = new JournalBench(disk, new JournalOptions { BatchRecords = 100, MaxHoldUs = 0 }, capacity: 64))
        {
            disk.RoomBytes = roomBytes;
            bench.PublishAll(events);
            JournalStatus status = bench.Writer.Status;
            int whole = roomBytes / JournalFormat.RecordBytes;
            Assert.True(status.IsLost);
            Assert.Equal(ErrnoNoSpace, status.FailedErrno);
            Assert.Equal(whole - 1, status.WrittenSequence);
            Assert.Equal(events.Length - whole, status.DroppedEvents);
            Assert.Equal(events.Length - 1, status.TakenSequence);
            Assert.Equal(0, status.LagEvents(bench.Cursor));
            // The disk has room again; the journal stays lost, for what is missing stays missing.
            disk.RoomBytes = long.MaxValue;
            bench.Writer.Complete(new byte[32], 0, 0);
        }
        List<RingEvent> read = JournalBench.ReadAll(file.Path, out JournalReader reader, out JournalRead last);
        using (reader)
        {
            Assert.Equal(JournalRead.End, last);
            Assert.Equal(0, reader.TornTailBytes);
            JournalBench.AssertEqual(new ArraySegment<RingEvent>(events, 0, roomBytes / JournalFormat.RecordBytes), read);
        }
    }

    [Fact]
    public void A_torn_record_that_cannot_be_cut_off_is_dropped_by_the_reader()
    {
        using var file = new TemporaryFile();
        RingEvent[] events = JournalBench.RandomEvents(200, seed: 12);
        using (var disk = new SmallDisk(PosixJournalFile.TryCreate(file.Path, out _)!) { TruncateErrno = ErrnoInputOutput })
        using (var bench = new JournalBench(disk))
        {
            disk.RoomBytes = 50 * JournalFormat.RecordBytes + 10;
            bench.PublishAll(events);
        }
        Assert.Equal(50, JournalBench.ReadAll(file.Path, out JournalReader reader, out JournalRead last).Count);
        using (reader)
        {
            Assert.Equal(JournalRead.End, last);
            Assert.Equal(10, reader.TornTailBytes);
        }
    }

    [Fact]
    public void A_failed_synchronisation_is_a_lost_journal()
    {
        using var file = new TemporaryFile();
        using var disk = new SmallDisk(PosixJournalFile.TryCreate(file.Path, out _)!);
        using var bench = new JournalBench(disk, new JournalOptions { Durability = JournalDurability.EveryWrite, BatchRecords = 10, MaxHoldUs = 0 });
        RingEvent[] events = JournalBench.RandomEvents(20, seed: 13);
        for (int i = 0; i < 10; i++) bench.Publish(in events[i]);
        _ = bench.Writer.Turn();
        Assert.Equal(9, bench.Writer.Status.DurableSequence);
        disk.SyncErrno = ErrnoInputOutput;
        for (int i = 10; i < 20; i++) bench.Publish(in events[i]);
        _ = bench.Writer.Turn();
        Assert.Equal(ErrnoInputOutput, bench.Writer.Status.FailedErrno);
        Assert.Equal(9, bench.Writer.Status.DurableSequence);
    }

    [Fact]
    public void Reserved_room_that_is_not_there_fails_before_the_write_does()
    {
        using var file = new TemporaryFile();
        using var disk = new SmallDisk(PosixJournalFile.TryCreate(file.Path, out _)!) { ReserveErrno = ErrnoNoSpace };
        using var bench = new JournalBench(disk, new JournalOptions { ReserveBytes = 1 << 20, MaxHoldUs = 0 });
        bench.PublishAll(JournalBench.RandomEvents(20, seed: 13));
        Assert.Equal(ErrnoNoSpace, bench.Writer.Status.FailedErrno);
        Assert.Equal(20, bench.Writer.Status.DroppedEvents);
    }

    [Fact]
    public void Reserved_room_leaves_no_trace_in_the_finished_file()
    {
        using var file = new TemporaryFile();
        RingEvent[] events = JournalBench.RandomEvents(5_000, seed: 14);
        using (var bench = new JournalBench(PosixJournalFile.TryCreate(file.Path, out _)!, new JournalOptions { ReserveBytes = 100_000, MaxHoldUs = 0 })) bench.PublishAll(events);
        JournalBench.AssertEqual(events, JournalBench.ReadAll(file.Path, out JournalReader reader, out _));
        using (reader) Assert.Equal(0, reader.TornTailBytes);
    }

    [Fact]
    public void A_header_that_cannot_be_written_stops_the_start_in_words()
    {
        // The kernel's own full disk.
        using PosixJournalFile? full = PosixJournalFile.TryCreate("/dev/full", out string? error);
        Assert.True(full is not null, error);
        var ring = new EmbeddedRing<RingEvent>(new RingOptions { Capacity = 64 });
        Assert.Null(JournalWriter.TryStart(full, JournalBench.Header(), ring.AddConsumer("journal", RingWait.Yielding), new JournalOptions(), out error));
        Assert.Equal("/dev/full: the journal's header cannot be written: No space left on device", error);
        ring.Dispose();
    }

    [Fact]
    public void A_file_that_cannot_be_created_is_said_in_words()
    {
        Assert.Null(PosixJournalFile.TryCreate("/proc/no-such-folder/journal", out string? error));
        Assert.Equal("/proc/no-such-folder/journal: cannot be created: No such file or directory", error);
    }

    [Fact]
    public void A_real_descriptor_that_turns_full_is_survived()
    {
        using var path = new TemporaryFile();
        PosixJournalFile file = PosixJournalFile.TryCreate(path.Path, out _)!;
        RingEvent[] events = JournalBench.RandomEvents(2_000, seed: 15);
        using (var bench = new JournalBench(file, capacity: 64))
        {
            for (int i = 0; i < 50; i++) bench.Publish(in events[i]);
            _ = bench.Writer.Turn();
            // From here on the same descriptor leads to the kernel's full device: real system calls, a real ENOSPC.
            Assert.Equal(50 - 1, bench.Writer.Status.WrittenSequence);
            int full = Open("/dev/full", 1);
            Assert.True(Dup2(full, file.Descriptor) == file.Descriptor && Close(full) == 0);
            bench.PublishAll(events.Skip(50));
            Assert.Equal(ErrnoNoSpace, bench.Writer.Status.FailedErrno);
            Assert.Equal(events.Length - 50, bench.Writer.Status.DroppedEvents);
        }
        JournalBench.AssertEqual(new ArraySegment<RingEvent>(events, 0, 50), JournalBench.ReadAll(path.Path, out JournalReader reader, out _));
        reader.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);
    [LibraryImport("libc", EntryPoint = "dup2")]
    private static partial int Dup2(int from, int to);
    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);

    /// <summary>A disk with so much room and no more.</summary>
    private sealed class SmallDisk(PosixJournalFile file) : IJournalFile
    {
        public long RoomBytes { get; set; } = long.MaxValue;
        public int SyncErrno { get; set; }
        public int ReserveErrno { get; set; }
        public int TruncateErrno { get; set; }
        public string Name => file.Name;

        public int Append(ReadOnlySpan<byte> bytes, out int errno)
        {
            int fits = (int)Math.Min(bytes.Length, RoomBytes);
            if (fits == 0)
            {
                errno = ErrnoNoSpace;
                return 0;
            }
            // As write(2) does: what fits is written and is no error; the next call is told that the disk is full.
            RoomBytes -= fits;
            return file.Append(bytes[..fits], out errno);
        }

        public int Sync() => SyncErrno != 0 ? SyncErrno : file.Sync();
        public int Reserve(long offset, long bytes) => ReserveErrno != 0 ? ReserveErrno : file.Reserve(offset, bytes);
        public int Truncate(long length) => TruncateErrno != 0 ? TruncateErrno : file.Truncate(length);
        public void Dispose() => file.Dispose();
    }
}
