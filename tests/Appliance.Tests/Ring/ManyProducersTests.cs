using Appliance.Contract;

namespace Appliance.Tests.Ring;

/// <summary>What holds only where several threads publish.</summary>
public class ManyProducersTests
{
    public static TheoryData<RingMaker> Rings
    {
        get
        {
            var rings = new TheoryData<RingMaker>();
            foreach (RingMaker maker in RingMaker.All)
                if (maker.ManyProducers) rings.Add(maker);
            return rings;
        }
    }

    [Theory, MemberData(nameof(Rings))]
    public void A_hole_holds_back_what_comes_after_it(RingMaker maker)
    {
        using IRing<long> ring = maker.Make<long>(8);
        IRingReader<long> reader = ring.AddConsumer("only", RingWait.BusySpin);
        for (int i = 0; i < 4; i++) Assert.True(ring.Producer.TryClaim(out _));
        ring.Producer.Publish(1);
        ring.Producer.Publish(3);
        Assert.Equal(-1, reader.Available());
        Assert.Equal(-1, ring.Cursor);
        ring.Producer.Publish(0);
        Assert.Equal(1, reader.Available());
        Assert.Equal(1, ring.Cursor);
        ring.Producer.Publish(2);
        Assert.Equal(3, reader.Available());
        Assert.Equal(3, ring.Cursor);
    }

    [Theory, MemberData(nameof(Rings))]
    public void A_lap_later_the_old_publication_does_not_count(RingMaker maker)
    {
        using IRing<long> ring = maker.Make<long>(4);
        IRingReader<long> reader = ring.AddConsumer("only", RingWait.BusySpin);
        Assert.True(ring.Producer.TryClaim(4, out long last));
        ring.Producer.Publish(0, last);
        reader.Release(last);
        Assert.True(ring.Producer.TryClaim(4, out last));
        Assert.Equal(7, last);
        Assert.Equal(3, reader.Available());
        ring.Producer.Publish(5, 7);
        Assert.Equal(3, reader.Available());
        ring.Producer.Publish(4);
        Assert.Equal(7, reader.Available());
    }

    [Theory, MemberData(nameof(Rings))]
    public void A_dependent_consumer_never_overtakes_a_hole(RingMaker maker)
    {
        using IRing<long> ring = maker.Make<long>(8);
        IRingReader<long> first = ring.AddConsumer("first", RingWait.BusySpin);
        IRingReader<long> second = ring.AddConsumer("second", RingWait.BusySpin, first);
        Assert.True(ring.Producer.TryClaim(3, out _));
        ring.Producer.Publish(2);
        Assert.Equal(-1, second.Available());
        ring.Producer.Publish(0, 1);
        Assert.Equal(-1, second.Available());
        first.Release(first.Available());
        Assert.Equal(2, second.Available());
    }
}
