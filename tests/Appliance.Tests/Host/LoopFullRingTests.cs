using Appliance.Contract;
using Appliance.Host.Threads;
using Appliance.Ring;
using Appliance.Risk;

namespace Appliance.Tests.Host;

/// <summary>A source takes what room its sink shows; a kill, a stop and the alarm of the full ring itself must find room behind it.</summary>
public sealed unsafe class LoopFullRingTests
{
    private sealed class GreedySource(RingEventSink sink) : ITickSource
    {
        private RingEventSink _sink = sink;
        public bool Ended => false;
        public int MaxEventsPerPacket => 1;
        public SourceStatistics Statistics { get; } = new();

        public int Poll(int maxPackets)
        {
            int made = 0;
            for (; _sink.RemainingCapacity > 0; made++)
            {
                RingEvent.Begin(ref _sink.Claim(), EventKind.TransactionEnd, 0, 0, 1, 1);
                _sink.Publish();
            }
            return made;
        }

        public void Dispose() { }
    }

    [Fact]
    public void Alarm_kill_and_stop_get_into_a_ring_that_the_source_has_filled()
    {
        const int capacity = 1_024, own = IngestLoop<RingEventSink>.OwnRoom;
        using var ring = new EmbeddedRing<RingEvent>(new RingOptions { Capacity = capacity, Producers = RingProducers.Single });
        var reader = ring.AddReader("nobody", RingWait.BusySpin);
        ring.Freeze();
        int flag = 0;
        var kill = new KillSwitch(&flag);
        var switches = new RunSwitches();
        var ownSink = new RingEventSink(ring.SingleProducer);
        var clock = new SequencedClock(0, 1_000);
        var loop = new IngestLoop<RingEventSink>(new GreedySource(new RingEventSink(ring.SingleProducer, own)), ownSink, ring, null, kill, null, switches, clock, new IngestOptions
        {
            PacketsPerPoll = 16, TimerNs = 1, IsLive = true, IsReplay = false, JournalLagEvents = long.MaxValue, OverloadEvents = capacity / 2,
        });
        // Timers fall due at every look and eat into the room; they stop before the rest must.
        TurnUntil(loop, () => ownSink.RemainingCapacity <= own / 2);
        for (int i = 0; i < 100_000; i++) loop.Turn();
        Assert.True(ownSink.RemainingCapacity > 1);

        kill.Set();
        TurnUntil(loop, () => Count(EventKind.KillObserved) == 1);
        switches.StopRequested = true;
        TurnUntil(loop, () => Count(EventKind.Command) == 1);
        Assert.Equal(1, Count(EventKind.OverloadBegan));

        int Count(EventKind kind)
        {
            int count = 0;
            for (long sequence = reader.NextSequence; sequence <= reader.Available(); sequence++)
                if (reader[sequence].Kind == kind) count++;
            return count;
        }
    }

    private static void TurnUntil(IngestLoop<RingEventSink> loop, Func<bool> condition)
    {
        for (int i = 0; i < 10_000_000; i++)
        {
            loop.Turn();
            if (i % 1_000 == 0 && condition()) return;
        }
        Assert.Fail("It did not come in ten million turns.");
    }
}
