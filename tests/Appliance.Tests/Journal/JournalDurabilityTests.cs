using System.Diagnostics;
using Appliance.Contract;
using Appliance.Ingest.Journal;

namespace Appliance.Tests.Journal;

/// <summary>What each durability promises of a power cut, on a disk that forgets what was not synchronised; the writer runs on its own thread, as in the host.</summary>
public class JournalDurabilityTests
{
    private const int IntervalMs = 20;
    /// <summary>For a machine that is busy with other things: a bound for a broken test.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public void With_an_interval_every_event_is_on_the_device_soon_although_nothing_follows_it()
    {
        using var file = new TemporaryFile();
        RingEvent[] events = JournalBench.RandomEvents(500, seed: 21);
        using var disk = new ForgetfulDisk(PosixJournalFile.TryCreate(file.Path, out _)!);
        using var bench = new JournalBench(disk, new JournalOptions { Durability = JournalDurability.Interval, SyncIntervalMs = IntervalMs });
        var thread = new Thread(bench.Writer.Run);
        var passed = Stopwatch.StartNew();
        thread.Start();
        for (int i = 0; i < events.Length; i++)
        {
            bench.Publish(in events[i]);
            // Bursts and silences: after each burst the last event has no other behind it to push it out.
            if (i % 100 != 99) continue;
            Until(() => bench.Writer.Status.DurableSequence >= i, $"event {i} on the device");
            Survivors(disk.BytesAfterPowerCut(), events, atLeast: i + 1);
        }
        // It waits for the disk by the clock, not by the event.
        Assert.InRange(bench.Writer.Status.Syncs, 5, passed.ElapsedMilliseconds / IntervalMs + 1);
        bench.Writer.RequestStop();
        thread.Join();
        bench.Writer.Complete(new byte[32], 0, 0);
        Assert.Equal(disk.Bytes, disk.BytesAfterPowerCut().Length);
    }

    [Fact]
    public void What_is_said_to_be_on_the_device_survives_a_power_cut_at_any_moment()
    {
        using var file = new TemporaryFile();
        RingEvent[] events = JournalBench.RandomEvents(20_000, seed: 22);
        using var disk = new ForgetfulDisk(PosixJournalFile.TryCreate(file.Path, out _)!);
        using var bench = new JournalBench(disk, new JournalOptions { Durability = JournalDurability.Interval, SyncIntervalMs = 1, BatchRecords = 64, MaxHoldUs = 0 });
        var thread = new Thread(bench.Writer.Run);
        thread.Start();
        long cuts = 0;
        for (int i = 0; i < events.Length; i++)
        {
            Until(() => bench.Sink.RemainingCapacity > 0, "room in the ring");
            bench.Publish(in events[i]);
            if (i % 500 != 0) continue;
            // The claim first, the disk after: the device may hold more by then, never less.
            long durable = bench.Writer.Status.DurableSequence;
            Survivors(disk.BytesAfterPowerCut(), events, atLeast: (int)(durable + 1));
            cuts++;
        }
        Assert.Equal(events.Length / 500, cuts);
        bench.Writer.RequestStop();
        thread.Join();
    }

    [Fact]
    public void In_the_page_cache_nothing_waits_for_the_device()
    {
        using var file = new TemporaryFile();
        using var disk = new ForgetfulDisk(PosixJournalFile.TryCreate(file.Path, out _)!);
        using var bench = new JournalBench(disk, new JournalOptions { Durability = JournalDurability.PageCache });
        bench.PublishAll(JournalBench.RandomEvents(300, seed: 23));
        bench.Writer.Complete(new byte[32], 0, 0);
        Assert.Equal((0L, -1L), (bench.Writer.Status.Syncs, bench.Writer.Status.DurableSequence));
        Assert.Empty(disk.BytesAfterPowerCut());
    }

    /// <summary>What the device holds is a journal whose events are the first of those published, at least so many.</summary>
    private static void Survivors(byte[] device, RingEvent[] events, int atLeast)
    {
        using var after = new TemporaryFile();
        File.WriteAllBytes(after.Path, device);
        List<RingEvent> read = JournalBench.ReadAll(after.Path, out JournalReader reader, out JournalRead last);
        using (reader) Assert.Equal(JournalRead.End, last);
        Assert.InRange(read.Count, atLeast, events.Length);
        JournalBench.AssertEqual(new ArraySegment<RingEvent>(events, 0, read.Count), read);
    }

    private static void Until(Func<bool> condition, string what)
    {
        var waited = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(waited.Elapsed < Patience, $"still not: {what}");
            Thread.Yield();
        }
    }

    /// <summary>Keeps a copy of what was there at the last synchronisation: all that a power cut leaves for certain.</summary>
    private sealed class ForgetfulDisk(PosixJournalFile file) : IJournalFile
    {
        private readonly Lock _lock = new();
        private readonly MemoryStream _written = new();
        private byte[] _onDevice = [];

        public string Name => file.Name;
        public long Bytes { get { lock (_lock) return _written.Length; } }

        public byte[] BytesAfterPowerCut()
        {
            lock (_lock) return _onDevice;
        }

        public int Append(ReadOnlySpan<byte> bytes, out int errno)
        {
            int done = file.Append(bytes, out errno);
            lock (_lock) _written.Write(bytes[..done]);
            return done;
        }

        public int Sync()
        {
            // What is written while the device works is not promised by this call.
            byte[] before;
            lock (_lock) before = _written.ToArray();
            int errno = file.Sync();
            if (errno == 0) lock (_lock) _onDevice = before;
            return errno;
        }

        public int Reserve(long offset, long bytes) => file.Reserve(offset, bytes);

        public int Truncate(long length)
        {
            lock (_lock) _written.SetLength(Math.Min(length, _written.Length));
            return file.Truncate(length);
        }

        public void Dispose() => file.Dispose();
    }
}
