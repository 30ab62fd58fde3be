using Appliance.Contract;
using Appliance.Ring;

namespace Appliance.Tests.Ring;

public class BatchProcessorTests
{
    private struct Recorder : IEventHandler<long>
    {
        public List<(long Value, bool EndOfBatch)> Seen;
        public void OnEvent(ref long e, long sequence, bool endOfBatch) => Seen.Add((e, endOfBatch));
    }

    private struct Thrower : IEventHandler<long>
    {
        public void OnEvent(ref long e, long sequence, bool endOfBatch)
        {
            if (sequence == 2) throw new InvalidOperationException("third");
        }
    }

    private static (EmbeddedRing<long> Ring, RingReader<long> Reader) Filled(int events)
    {
        var ring = new EmbeddedRing<long>(new RingOptions { Capacity = 64 });
        RingReader<long> reader = ring.AddReader("only", RingWait.Yielding);
        for (int i = 0; i < events; i++)
        {
            Assert.True(ring.SingleProducer.TryClaim(out long sequence));
            ring.SingleProducer[sequence] = i;
            ring.SingleProducer.Publish(sequence);
        }
        return (ring, reader);
    }

    [Theory, InlineData(1), InlineData(3), InlineData(10), InlineData(256)]
    public void Batches_end_at_the_limit_and_at_the_last_event(int maxBatch)
    {
        var (ring, reader) = Filled(10);
        using (ring)
        {
            var processor = new BatchProcessor<long, InlineReader<long>, Recorder>(new(reader), new Recorder { Seen = [] }, maxBatch);
            int handled = 0, batches = 0;
            for (int n; (n = processor.RunOnce()) != 0; handled += n, batches++) Assert.True(n <= maxBatch);
            Assert.Equal(10, handled);
            Assert.Equal((10 + maxBatch - 1) / maxBatch, batches);
            for (int i = 0; i < 10; i++)
                Assert.Equal((i, (i + 1) % maxBatch == 0 || i == 9), processor.Handler.Seen[i]);
        }
    }

    [Fact]
    public void A_throwing_handler_leaves_its_batch_unreleased()
    {
        var (ring, reader) = Filled(5);
        using (ring)
        {
            var processor = new BatchProcessor<long, InlineReader<long>, Thrower>(new(reader), default);
            Assert.Throws<InvalidOperationException>(() => processor.RunOnce());
            Assert.Equal(0, reader.NextSequence);
        }
    }

    [Fact]
    public void A_stopped_loop_first_handles_what_was_published()
    {
        var (ring, reader) = Filled(7);
        using (ring)
        {
            var processor = new BatchProcessor<long, PortReader<long>, Recorder>(new(reader), new Recorder { Seen = [] }, 2);
            processor.Stop();
            processor.Run();
            Assert.Equal(7, processor.Handler.Seen.Count);
        }
    }

    [Fact]
    public void A_batch_of_nothing_is_refused()
    {
        var (ring, reader) = Filled(0);
        using (ring)
            Assert.Throws<ArgumentOutOfRangeException>(() => new BatchProcessor<long, InlineReader<long>, Thrower>(new(reader), default, 0));
    }
}
