using Appliance.Contract;
using Appliance.TestKit;
using Appliance.Venue.Paper;

namespace Appliance.Tests.Venue;

/// <summary>After start the paper venue allocates nothing, for it stands on the threads that trade.</summary>
public sealed class PaperMemoryTests
{
    private static readonly InstrumentDefinition Share = PaperScript.Share;

    /// <summary>A market that ticks for ever: quotes, trades at the touch, levels that come and go.</summary>
    private sealed class EndlessSource(EventStaging staging) : ITickSource
    {
        private readonly StagingSink _sink = new(staging);
        private long _tick;

        public bool Ended => false;
        public int MaxEventsPerPacket => 4;
        public SourceStatistics Statistics { get; } = new();
        public void Dispose() { }

        public int Poll(int maxPackets)
        {
            long tick = _tick++;
            Set(EventKind.LevelSet, Side.Buy, 500_000 - tick % 5 * 100, 1 + tick % 90, tick, mark: false);
            Set(EventKind.LevelSet, Side.Sell, 500_100 + tick % 7 * 100, 1 + tick % 80, tick, mark: false);
            Set(EventKind.Trade, tick % 2 == 0 ? Side.Buy : Side.Sell, tick % 2 == 0 ? 500_100 : 500_000, 1 + tick % 100, tick, mark: true);
            return 1;
        }

        private void Set(EventKind kind, Side side, long price, long quantity, long tick, bool mark)
        {
            ref RingEvent e = ref _sink.Claim();
            RingEvent.Begin(ref e, kind, 0, 0, 0, PaperScript.Start + tick * 1_000);
            ref Tick t = ref RingEvent.AsTick(ref e);
            (t.Side, t.PriceUnits, t.QuantityUnits) = (side, price, quantity);
            if (mark) t.Flags = EventFlags.DecideMark;
            _sink.Publish();
        }
    }

    private sealed class Last
    {
        public RingEvent Event;
        public long Published, Reports;
    }

    private readonly struct LastSink(Last last) : IEventSink
    {
        public long RemainingCapacity => 1;
        public ref RingEvent Claim() => ref last.Event;

        public void Publish()
        {
            last.Published++;
            if (last.Event.Kind == EventKind.ExecutionReported) last.Reports++;
        }
    }

    [Fact]
    public void Ticks_orders_and_reports_allocate_nothing()
    {
        var staging = new EventStaging(64);
        var last = new Last();
        var gate = new WideGate(Share);
        var venue = new PaperVenue([Share], new PaperOptions { LevelsMax = 64, BookOrdersMax = 64, HeldEventsMax = 64, Fees = new FeeSchedule(-0.1, 0.3) });
        using var source = new PaperSource<LastSink>(new EndlessSource(staging), staging, venue, new LastSink(last), () => true);
        // Orders are approved before, so that only the venue's work is measured; each names the time at which it would be decided.
        var orders = new ApprovedOrder[2_000];
        for (int i = 0; i < orders.Length; i++)
        {
            gate.NowUtcNs = PaperScript.Start + i * 50_000L;
            orders[i] = gate.New(0, i % 2 == 0 ? Side.Buy : Side.Sell, i % 4 < 2 ? 500_100 : 500_000, 5 + i % 3, i % 3 == 0 ? TimeInForce.ImmediateOrCancel : TimeInForce.Day);
        }
        Play(source, venue, orders.AsSpan(0, 500));
        using var pause = new CollectorPause();
        long reports = last.Reports, before = GC.GetAllocatedBytesForCurrentThread();
        Play(source, venue, orders.AsSpan(500));
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(last.Reports - reports > 3_000, $"{last.Reports - reports} reports");
        before = GC.GetAllocatedBytesForCurrentThread();
        GC.KeepAlive(new byte[16]);
        Assert.NotEqual(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void Play(PaperSource<LastSink> source, PaperVenue venue, ReadOnlySpan<ApprovedOrder> orders)
    {
        foreach (ref readonly ApprovedOrder order in orders)
        {
            venue.Send(in order);
            for (int tick = 0; tick < 50; tick++) source.Poll(1);
        }
    }
}
