using Appliance.Contract;
using Appliance.Ingest.Journal;
using Appliance.TestKit;

namespace Appliance.Tests.Journal;

public class JournalRoundTripTests
{
    [Theory]
    [InlineData(1, 0)]
    [InlineData(7, 0)]
    [InlineData(8_192, 500)]
    public void Every_event_comes_back_bit_for_bit(int batchRecords, int maxHoldUs)
    {
        using var file = new TemporaryFile();
        RingEvent[] events = JournalBench.RandomEvents(30_000, seed: 5);
        using (var bench = new JournalBench(PosixJournalFile.TryCreate(file.Path, out _)!, new JournalOptions { BatchRecords = batchRecords, MaxHoldUs = maxHoldUs }))
        {
            bench.PublishAll(events);
            Assert.Equal(events.Length - 1, bench.Writer.Status.WrittenSequence);
            Assert.Equal(0, bench.Writer.Status.LagEvents(bench.Cursor));
            Assert.False(bench.Writer.Status.IsLost);
        }
        List<RingEvent> read = JournalBench.ReadAll(file.Path, out JournalReader reader, out JournalRead last);
        using (reader)
        {
            JournalBench.AssertEqual(events, read);
            Assert.Equal(JournalRead.End, last);
            Assert.Equal(0, reader.TornTailBytes);
            Assert.Empty(JournalBench.Header().DifferencesTo(reader.Header));
            Assert.Equal(JournalBench.Header().StartedUtcNs, reader.Header.StartedUtcNs);
            Assert.Equal("desk/test.json", reader.Header.Desk.Name);
        }
    }

    [Fact]
    public void The_writer_on_its_own_thread_keeps_every_event_of_a_ring_that_laps()
    {
        using var file = new TemporaryFile();
        RingEvent[] events = JournalBench.RandomEvents(100_000, seed: 6);
        using (var bench = new JournalBench(PosixJournalFile.TryCreate(file.Path, out _)!, new JournalOptions { BatchRecords = 500 }, capacity: 256))
        {
            var thread = new Thread(bench.Writer.Run);
            thread.Start();
            var wait = new SpinWait();
            foreach (RingEvent e in events)
            {
                while (bench.Sink.RemainingCapacity == 0) wait.SpinOnce();
                bench.Publish(in e);
            }
            bench.Writer.RequestStop();
            thread.Join();
        }
        JournalBench.AssertEqual(events, JournalBench.ReadAll(file.Path, out JournalReader reader, out _));
        reader.Dispose();
    }

    [Fact]
    public void The_writer_allocates_nothing_after_its_start()
    {
        using var file = new TemporaryFile();
        using var bench = new JournalBench(
            PosixJournalFile.TryCreate(file.Path, out _)!, new JournalOptions { BatchRecords = 100, MaxHoldUs = 0, Durability = JournalDurability.EveryWrite });
        RingEvent[] events = JournalBench.RandomEvents(2_000, seed: 7);
        Drive(bench, events.AsSpan(0, 500));
        using var pause = new CollectorPause();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Drive(bench, events.AsSpan(500));
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(bench.Writer.Status.Syncs > 0);

        static void Drive(JournalBench bench, ReadOnlySpan<RingEvent> events)
        {
            foreach (ref readonly RingEvent e in events)
            {
                bench.Publish(in e);
                if (bench.Sink.RemainingCapacity == 0) bench.Writer.Turn();
            }
            bench.Writer.Turn();
        }
    }

    [Fact]
    public void A_source_plays_the_journal_into_a_ring_again()
    {
        using var file = new TemporaryFile();
        RingEvent[] events = RecordRun(file.Path, 3_000, out byte[] ordersSha256);
        var collector = new EventCollector();
        using var source = new JournalSource<EventCollector.Sink>(
            JournalReader.TryOpen(file.Path, out _)!, new JournalSourceOptions(KeepReceivedStamps: true), collector.AsSink());
        while (!source.Ended) Assert.InRange(source.Poll(256), 0, 256);

        JournalBench.AssertEqual(events, collector.Events);
        Assert.True(source.Reader.SawEndOfInput);
        Assert.True(source.Reader.SawFooter);
        RingEvent footer = source.Reader.Footer;
        Assert.Equal(ordersSha256, RunFooter.In(ref footer).OrdersSha256.ToArray());
        Assert.Equal(41, RunFooter.In(ref footer).Orders);
        Assert.False(source.Statistics.TornTail);
        Assert.Equal(events.Length, source.Statistics.Packets);
    }

    [Fact]
    public void Without_skipping_the_footer_is_the_last_event()
    {
        using var file = new TemporaryFile();
        RingEvent[] events = RecordRun(file.Path, 10, out _);
        var collector = new EventCollector();
        using var source = new JournalSource<EventCollector.Sink>(
            JournalReader.TryOpen(file.Path, out _)!, new JournalSourceOptions(SkipFooter: false), collector.AsSink());
        while (!source.Ended) _ = source.Poll(3);
        Assert.Equal(events.Length + 1, collector.Events.Count);
        Assert.Equal(EventKind.RunFooter, collector.Events[^1].Kind);
    }

    [Fact]
    public void Stamped_anew_only_the_receive_stamp_changes()
    {
        using var file = new TemporaryFile();
        RingEvent[] events = RecordRun(file.Path, 100, out _);
        var collector = new EventCollector();
        using var source = new JournalSource<EventCollector.Sink>(JournalReader.TryOpen(file.Path, out _)!, new JournalSourceOptions(), collector.AsSink());
        while (!source.Ended) _ = source.Poll(256);
        for (int i = 0; i < events.Length; i++)
        {
            RingEvent replayed = collector.Events[i];
            Assert.NotEqual(events[i].ReceivedNs, replayed.ReceivedNs);
            replayed.ReceivedNs = events[i].ReceivedNs;
            collector.Events[i] = replayed;
        }
        JournalBench.AssertEqual(events, collector.Events);
    }

    [Fact]
    public void A_full_ring_loses_nothing()
    {
        using var file = new TemporaryFile();
        RingEvent[] events = RecordRun(file.Path, 100, out _);
        var collector = new EventCollector { Room = 0 };
        using var source = new JournalSource<EventCollector.Sink>(
            JournalReader.TryOpen(file.Path, out _)!, new JournalSourceOptions(KeepReceivedStamps: true), collector.AsSink());
        Assert.Equal(0, source.Poll(256));
        while (!source.Ended)
        {
            collector.Room = 3;
            _ = source.Poll(256);
        }
        JournalBench.AssertEqual(events, collector.Events);
    }

    [Fact]
    public void A_paced_replay_holds_an_event_until_its_time()
    {
        using var file = new TemporaryFile();
        RingEvent[] events = JournalBench.RandomEvents(3, seed: 9);
        // An hour between the second and the third: that no test waits so long is the assertion.
        events[1].TimeUtcNs = events[0].TimeUtcNs;
        events[2].TimeUtcNs = events[1].TimeUtcNs + 3_600_000_000_000;
        using (var bench = new JournalBench(PosixJournalFile.TryCreate(file.Path, out _)!)) bench.PublishAll(events);
        var collector = new EventCollector();
        using var paced = new JournalSource<EventCollector.Sink>(JournalReader.TryOpen(file.Path, out _)!, new JournalSourceOptions(Speed: 1), collector.AsSink());
        Assert.Equal(2, paced.Poll(256));
        Assert.Equal(0, paced.Poll(256));
        Assert.False(paced.Ended);
        using var fast = new JournalSource<EventCollector.Sink>(JournalReader.TryOpen(file.Path, out _)!, new JournalSourceOptions(Speed: 0), collector.AsSink());
        Assert.Equal(3, fast.Poll(256));
    }

    private static RingEvent[] RecordRun(string path, int count, out byte[] ordersSha256)
    {
        RingEvent[] events = JournalBench.RandomEvents(count, seed: 8);
        RingEvent.Begin(ref events[^1], EventKind.EndOfInput, RingEvent.AllInstruments, 0, 1, events[^2].TimeUtcNs);
        ordersSha256 = System.Security.Cryptography.SHA256.HashData([1, 2, 3]);
        using var bench = new JournalBench(PosixJournalFile.TryCreate(path, out _)!);
        bench.PublishAll(events);
        bench.Writer.Complete(ordersSha256, orders: 41, events[^1].TimeUtcNs);
        return events;
    }
}
