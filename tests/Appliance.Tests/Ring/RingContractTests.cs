using Appliance.Contract;

namespace Appliance.Tests.Ring;

/// <summary>What every implementation of the ring's port does, one thread at a time.</summary>
public class RingContractTests
{
    public static TheoryData<RingMaker> Rings => RingMaker.All;

    public static TheoryData<RingMaker, RingWait> RingsAndWaits
    {
        get
        {
            var pairs = new TheoryData<RingMaker, RingWait>();
            foreach (RingMaker maker in RingMaker.All)
                foreach (RingWait wait in Enum.GetValues<RingWait>())
                    pairs.Add(maker, wait);
            return pairs;
        }
    }

    private static long PublishNumber(IRing<long> ring, long number)
    {
        Assert.True(ring.Producer.TryClaim(out long sequence));
        ring.Producer[sequence] = number;
        ring.Producer.Publish(sequence);
        return sequence;
    }

    [Theory, MemberData(nameof(Rings))]
    public void A_new_ring_is_empty(RingMaker maker)
    {
        using IRing<long> ring = maker.Make<long>(8);
        IRingReader<long> reader = ring.AddConsumer("only", RingWait.BusySpin);
        Assert.Equal(8, ring.Capacity);
        Assert.Equal(-1, ring.Cursor);
        Assert.Equal(0, reader.NextSequence);
        Assert.Equal(-1, reader.Available());
        Assert.Equal(8, ring.Producer.RemainingCapacity);
    }

    [Theory, MemberData(nameof(Rings))]
    public void Events_come_in_order_with_what_was_written(RingMaker maker)
    {
        using IRing<long> ring = maker.Make<long>(8);
        IRingReader<long> reader = ring.AddConsumer("only", RingWait.BusySpin);
        for (long i = 0; i < 5; i++) Assert.Equal(i, PublishNumber(ring, 100 + i));
        Assert.Equal(4, ring.Cursor);
        Assert.Equal(4, reader.Available());
        for (long i = 0; i < 5; i++) Assert.Equal(100 + i, reader[i]);
        reader.Release(2);
        Assert.Equal(3, reader.NextSequence);
        Assert.Equal(4, reader.Available());
    }

    [Theory, MemberData(nameof(Rings))]
    public void A_claim_is_not_yet_readable(RingMaker maker)
    {
        using IRing<long> ring = maker.Make<long>(8);
        IRingReader<long> reader = ring.AddConsumer("only", RingWait.BusySpin);
        Assert.True(ring.Producer.TryClaim(out long sequence));
        Assert.Equal(-1, reader.Available());
        Assert.Equal(-1, ring.Cursor);
        ring.Producer.Publish(sequence);
        Assert.Equal(0, reader.Available());
    }

    [Theory, MemberData(nameof(Rings))]
    public void A_full_ring_refuses_and_takes_again_exactly_what_was_released(RingMaker maker)
    {
        using IRing<long> ring = maker.Make<long>(8);
        IRingReader<long> reader = ring.AddConsumer("only", RingWait.BusySpin);
        for (long i = 0; i < 8; i++) PublishNumber(ring, i);
        Assert.False(ring.Producer.TryClaim(out _));
        Assert.Equal(0, ring.Producer.RemainingCapacity);
        Assert.Equal(7, reader.Available());
        reader.Release(2);
        Assert.Equal(3, ring.Producer.RemainingCapacity);
        for (long i = 8; i < 11; i++) PublishNumber(ring, i);
        Assert.False(ring.Producer.TryClaim(out _));
        for (long i = 3; i < 11; i++) Assert.Equal(i, reader[i]);
    }

    [Theory, MemberData(nameof(Rings))]
    public void A_batch_is_claimed_whole_or_not_at_all(RingMaker maker)
    {
        using IRing<long> ring = maker.Make<long>(8);
        IRingReader<long> reader = ring.AddConsumer("only", RingWait.BusySpin);
        Assert.True(ring.Producer.TryClaim(5, out long last));
        Assert.Equal(4, last);
        ring.Producer.Publish(0, 4);
        Assert.Equal(4, reader.Available());
        Assert.False(ring.Producer.TryClaim(4, out _));
        Assert.True(ring.Producer.TryClaim(3, out last));
        Assert.Equal(7, last);
        Assert.Equal(4, reader.Available());
        ring.Producer.Publish(5, 7);
        Assert.Equal(7, reader.Available());
        Assert.Throws<ArgumentOutOfRangeException>(() => ring.Producer.TryClaim(0, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => ring.Producer.TryClaim(9, out _));
    }

    [Theory, MemberData(nameof(Rings))]
    public void Slots_are_reused_lap_after_lap(RingMaker maker)
    {
        using IRing<MarkedLine> ring = maker.Make<MarkedLine>(4);
        IRingReader<MarkedLine> reader = ring.AddConsumer("only", RingWait.BusySpin);
        long read = 0;
        for (long i = 0; i < 1000; i++)
        {
            Assert.True(ring.Producer.TryClaim(out long sequence));
            Assert.Equal(i, sequence);
            ring.Producer[sequence].Write(i);
            ring.Producer.Publish(sequence);
            // The reader stays up to three behind, so that every lag meets the end of the array.
            while (i - read >= i % 4)
            {
                Assert.True(reader[read].IsWhole);
                Assert.Equal(read, reader[read].Number);
                reader.Release(read++);
            }
        }
        Assert.Equal(999, reader.Available());
    }

    [Theory, MemberData(nameof(Rings))]
    public void A_diamond_waits_for_both_sides_and_only_its_end_gates(RingMaker maker)
    {
        using IRing<long> ring = maker.Make<long>(4);
        IRingReader<long> left = ring.AddConsumer("left", RingWait.BusySpin);
        IRingReader<long> right = ring.AddConsumer("right", RingWait.BusySpin);
        IRingReader<long> end = ring.AddConsumer("end", RingWait.BusySpin, left, right);
        for (long i = 0; i < 4; i++) PublishNumber(ring, i);

        Assert.Equal(-1, end.Available());
        left.Release(2);
        Assert.Equal(-1, end.Available());
        right.Release(1);
        Assert.Equal(1, end.Available());
        left.Release(3);
        right.Release(3);
        Assert.Equal(3, end.Available());
        Assert.False(ring.Producer.TryClaim(out _));
        end.Release(0);
        PublishNumber(ring, 4);
        Assert.False(ring.Producer.TryClaim(out _));
        Assert.Equal(4, left.Available());
        Assert.Equal(3, end.Available());
    }

    [Theory, MemberData(nameof(Rings))]
    public void The_slowest_of_independent_consumers_gates(RingMaker maker)
    {
        using IRing<long> ring = maker.Make<long>(4);
        IRingReader<long> fast = ring.AddConsumer("fast", RingWait.BusySpin);
        IRingReader<long> slow = ring.AddConsumer("slow", RingWait.BusySpin);
        for (long i = 0; i < 4; i++) PublishNumber(ring, i);
        fast.Release(3);
        Assert.False(ring.Producer.TryClaim(out _));
        slow.Release(0);
        PublishNumber(ring, 4);
        Assert.False(ring.Producer.TryClaim(out _));
    }

    [Theory, MemberData(nameof(Rings))]
    public void Consumers_are_added_before_the_first_claim_and_to_their_own_ring(RingMaker maker)
    {
        using IRing<long> ring = maker.Make<long>(4);
        using IRing<long> other = maker.Make<long>(4);
        IRingReader<long> stranger = other.AddConsumer("stranger", RingWait.BusySpin);
        Assert.Throws<ArgumentException>(() => ring.AddConsumer("astray", RingWait.BusySpin, stranger));
        ring.AddConsumer("early", RingWait.BusySpin);
        Assert.True(ring.Producer.TryClaim(out _));
        Assert.Throws<InvalidOperationException>(() => ring.AddConsumer("late", RingWait.BusySpin));
    }

    [Theory, MemberData(nameof(Rings))]
    public void Room_is_never_overstated_and_not_understated_below_half(RingMaker maker)
    {
        using IRing<long> ring = maker.Make<long>(16);
        IRingReader<long> reader = ring.AddConsumer("only", RingWait.BusySpin);
        var random = new Random(7);
        long published = 0;
        for (int step = 0; step < 500; step++)
        {
            if (random.Next(2) == 0 && published - reader.NextSequence < 16) { PublishNumber(ring, published); published++; }
            else if (reader.NextSequence < published) reader.Release(reader.NextSequence);
            long truth = 16 - (published - reader.NextSequence);
            long answer = ring.Producer.RemainingCapacity;
            Assert.True(answer <= truth, $"step {step}: {answer} of {truth}");
            Assert.True(answer >= Math.Min(truth, 8), $"step {step}: {answer} of {truth}");
        }
    }

    [Theory, MemberData(nameof(RingsAndWaits))]
    public void A_wait_without_events_ends_by_itself(RingMaker maker, RingWait wait)
    {
        using IRing<long> ring = maker.Make<long>(4);
        IRingReader<long> first = ring.AddConsumer("first", wait);
        IRingReader<long> second = ring.AddConsumer("second", wait, first);
        Assert.Equal(-1, first.Wait());
        PublishNumber(ring, 1);
        Assert.Equal(0, first.Wait());
        // The producer has moved on but the consumer upstream has not: this wait too is bounded.
        Assert.Equal(-1, second.Wait());
        first.Release(0);
        Assert.Equal(0, second.Wait());
    }

    [Theory, MemberData(nameof(RingsAndWaits))]
    public void Waits_see_what_another_thread_publishes(RingMaker maker, RingWait wait)
    {
        const int Events = 2_000;
        using IRing<long> ring = maker.Make<long>(16);
        IRingReader<long> first = ring.AddConsumer("first", wait);
        IRingReader<long> second = ring.AddConsumer("second", wait, first);
        long sum = 0;
        var middle = new Thread(() => { while (first.NextSequence < Events) first.Release(first.Wait()); });
        var end = new Thread(() =>
        {
            while (second.NextSequence < Events)
            {
                long available = second.Wait();
                for (long i = second.NextSequence; i <= available; i++) sum += second[i];
                second.Release(available);
            }
        });
        middle.Start();
        end.Start();
        for (long i = 0; i < Events; i++)
        {
            long sequence;
            while (!ring.Producer.TryClaim(out sequence)) Thread.Yield();
            ring.Producer[sequence] = i;
            ring.Producer.Publish(sequence);
            if (i % 500 == 0) Thread.Yield();
        }
        middle.Join();
        end.Join();
        Assert.Equal(Events * (Events - 1L) / 2, sum);
    }
}
