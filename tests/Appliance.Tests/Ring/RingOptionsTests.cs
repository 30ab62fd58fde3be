using Appliance.Contract;
using Appliance.Ring;
using Appliance.Ring.Disruptor;

namespace Appliance.Tests.Ring;

public class RingOptionsTests
{
    [Theory, InlineData(0), InlineData(1), InlineData(3), InlineData(100), InlineData((1 << 24) + 1)]
    public void A_capacity_that_is_no_power_of_two_is_refused(int capacity) =>
        Assert.Throws<ArgumentException>(() => new EmbeddedRing<long>(new RingOptions { Capacity = capacity }));

    [Fact]
    public void More_consumers_than_planned_are_refused()
    {
        using var ring = new EmbeddedRing<long>(new RingOptions { Capacity = 4, MaxConsumers = 1 });
        ring.AddReader("first", RingWait.Parking);
        Assert.Throws<InvalidOperationException>(() => ring.AddReader("second", RingWait.BusySpin));
    }

    [Fact]
    public void As_many_consumers_as_planned_fit_whatever_they_wait_by()
    {
        using var ring = new EmbeddedRing<long>(new RingOptions { Capacity = 4, MaxConsumers = 64, Producers = RingProducers.Multiple });
        for (int i = 0; i < 64; i++) ring.AddReader($"consumer {i}", RingWait.Parking);
    }

    [Fact]
    public void Refused_claims_are_counted()
    {
        using var ring = new EmbeddedRing<long>(new RingOptions { Capacity = 2 });
        ring.AddReader("only", RingWait.BusySpin);
        Assert.True(ring.SingleProducer.TryClaim(2, out _));
        Assert.False(ring.SingleProducer.TryClaim(out _));
        Assert.False(ring.SingleProducer.TryClaim(out _));
        Assert.Equal(2, ring.SingleProducer.RefusedClaims);
    }

    [Fact]
    public void The_event_sink_writes_in_place_and_refuses_a_claim_without_room()
    {
        using var ring = new EmbeddedRing<RingEvent>(new RingOptions { Capacity = 2 });
        RingReader<RingEvent> reader = ring.AddReader("only", RingWait.BusySpin);
        var sink = new RingEventSink(ring.SingleProducer);
        for (ushort i = 0; i < 2; i++)
        {
            Assert.Equal(2 - i, sink.RemainingCapacity);
            RingEvent.Begin(ref sink.Claim(), EventKind.Timer, i, 3, 4, 5);
            Assert.Equal(i - 1, reader.Available());
            sink.Publish();
            Assert.Equal(i, reader.Available());
            Assert.Equal(i, reader[i].Instrument);
        }
        Assert.Equal(0, sink.RemainingCapacity);
        Assert.Throws<InvalidOperationException>(() => sink.Claim());
    }

    [Theory, MemberData(nameof(RingMaker.All), MemberType = typeof(RingMaker))]
    public void A_sink_over_the_port_serves_every_ring(RingMaker maker)
    {
        using IRing<RingEvent> ring = maker.Make<RingEvent>(4);
        IRingReader<RingEvent> reader = ring.AddConsumer("only", RingWait.BusySpin);
        PortEventSink.Handle sink = new PortEventSink(ring.Producer).AsSink();
        for (ushort i = 0; i < 20; i++)
        {
            Assert.True(sink.RemainingCapacity > 0);
            RingEvent.Begin(ref sink.Claim(), EventKind.Timer, i, 0, 0, 0);
            sink.Publish();
            Assert.Equal(i, reader.Available());
            Assert.Equal(i, reader[i].Instrument);
            reader.Release(i);
        }
    }

    [Fact]
    public void Shared_sinks_interleave_whole_events()
    {
        using var ring = new EmbeddedRing<RingEvent>(new RingOptions { Capacity = 4, Producers = RingProducers.Multiple });
        RingReader<RingEvent> reader = ring.AddReader("only", RingWait.BusySpin);
        var one = new SharedRingEventSink(ring.MultiProducer).AsSink();
        var other = new SharedRingEventSink(ring.MultiProducer).AsSink();
        one.Claim().Instrument = 1;
        other.Claim().Instrument = 2;
        other.Publish();
        Assert.Equal(-1, reader.Available());
        one.Publish();
        Assert.Equal(1, reader.Available());
        Assert.Equal(1, reader[0].Instrument);
        Assert.Equal(2, reader[1].Instrument);
    }

    [Fact]
    public void An_adapter_that_is_off_stops_with_its_sentence()
    {
        if (DisruptorAdapter.Status.IsBuilt)
        {
            DisruptorAdapter.Status.Require();
            using IRing<long> ring = DisruptorAdapter.CreateRing<long>(new DisruptorRingOptions { Capacity = 4 });
            Assert.Equal(4, ring.Capacity);
            return;
        }
        var refused = Assert.Throws<AdapterNotBuiltException>(() => { DisruptorAdapter.CreateRing<long>(new DisruptorRingOptions()); });
        Assert.StartsWith("The Disruptor adapter is not built: run make configure", refused.Message, StringComparison.Ordinal);
        Assert.Throws<AdapterNotBuiltException>(DisruptorAdapter.Status.Require);
    }

    /// <summary>Events that come singly are looked for at once; a stream is left alone for longer and longer, but for no longer than what it brought is worth.</summary>
    [Fact]
    public void Only_a_stream_makes_a_spinning_reader_pause()
    {
        for (long found = 0; found < 4; found++) Assert.Equal(0, RingReader<long>.PausesBeforeLook(found, 64));
        Assert.Equal(1, RingReader<long>.PausesBeforeLook(4, 0));
        Assert.Equal(3, RingReader<long>.PausesBeforeLook(5, 1));
        Assert.Equal(5, RingReader<long>.PausesBeforeLook(5, 3));
        long pauses = 0;
        for (int look = 0; look < 100; look++) pauses = RingReader<long>.PausesBeforeLook(1_000_000, pauses);
        Assert.Equal(64, pauses);
    }
}
