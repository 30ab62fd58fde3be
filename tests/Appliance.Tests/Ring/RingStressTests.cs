using Appliance.Contract;
using Appliance.Ring;
using Appliance.TestKit;
using Xunit.Abstractions;

namespace Appliance.Tests.Ring;

/// <summary>
/// Threads against each other: no event lost, none twice, none torn. 10^8 events in all with APPLIANCE_FULL=1, else a tenth. The seed, which sets batch sizes and pauses, changes with each run,
/// is printed, and can be given as APPLIANCE_SEED.
/// </summary>
public class RingStressTests(ITestOutputHelper output)
{
    private static readonly bool Full = Environment.GetEnvironmentVariable("APPLIANCE_FULL") == "1";
    private static readonly long AllEvents = Full ? 100_000_000 : 10_000_000;
    private const int ProducerShift = 56;

    public static TheoryData<RingMaker, bool> Rings
    {
        get
        {
            var rings = new TheoryData<RingMaker, bool>();
            foreach (RingMaker maker in RingMaker.All)
            {
                rings.Add(maker, false);
                rings.Add(maker, true);
            }
            return rings;
        }
    }

    private struct Verifier : IEventHandler<MarkedLine>
    {
        public long[] NextOfProducer;
        public long Torn, OutOfOrder, Count, Batches;
        public ulong Sum;
        public uint YieldsEvery;

        public void OnEvent(ref MarkedLine e, long sequence, bool endOfBatch)
        {
            // In the middle of a batch the producers get the core: they fill the ring, and would write over this batch if it were free too early.
            if ((ulong)sequence % YieldsEvery == 0) Thread.Yield();
            if (!e.IsWhole) Torn++;
            long producer = e.Number >> ProducerShift, number = e.Number & ((1L << ProducerShift) - 1);
            // Each producer counts up by one: a lost event, an event twice and an old lap's event all break the count.
            if (NextOfProducer[producer] != number) OutOfOrder++;
            NextOfProducer[producer] = number + 1;
            Sum += (ulong)e.Number;
            Count++;
            if (endOfBatch) Batches++;
        }
    }

    [Theory, MemberData(nameof(Rings))]
    public void Nothing_is_lost_doubled_or_torn(RingMaker maker, bool dependent)
    {
        int seed = TestSeed.Rotating();
        // The four embedded cases share the promised count; the library's rings, being the rival's, run a tenth of it.
        long events = maker.ToString().StartsWith("embedded", StringComparison.Ordinal) ? AllEvents / 4 : AllEvents / 40;
        int producers = maker.ManyProducers ? 3 : 1;
        long eventsEach = (events + producers - 1) / producers;
        output.WriteLine($"{maker}, {(dependent ? "two consumers in a row" : "two consumers abreast")}, {eventsEach * producers:N0} events, APPLIANCE_SEED={seed}");

        var random = new Random(seed);
        using IRing<MarkedLine> ring = maker.Make<MarkedLine>(64 << random.Next(4));
        IRingReader<MarkedLine> first = ring.AddConsumer("first", RingWait.Yielding);
        IRingReader<MarkedLine> second = dependent ? ring.AddConsumer("second", RingWait.Yielding, first) : ring.AddConsumer("second", RingWait.Yielding);
        BatchProcessor<MarkedLine, PortReader<MarkedLine>, Verifier>[] consumers =
        [
            new(new(first), new Verifier { NextOfProducer = new long[producers], YieldsEvery = 500 + (uint)random.Next(3_000) }, 1 + random.Next(300)),
            new(new(second), new Verifier { NextOfProducer = new long[producers], YieldsEvery = 500 + (uint)random.Next(3_000) }, 1 + random.Next(300)),
        ];
        int[] producerSeeds = Enumerable.Range(0, producers).Select(_ => random.Next()).ToArray();

        var consuming = consumers.Select(c => new Thread(c.Run)).ToArray();
        var producing = Enumerable.Range(0, producers).Select(p => new Thread(() => Produce(ring.Producer, p, eventsEach, producerSeeds[p]))).ToArray();
        foreach (Thread thread in consuming) thread.Start();
        foreach (Thread thread in producing) thread.Start();
        foreach (Thread thread in producing) thread.Join();
        foreach (var consumer in consumers) consumer.Stop();
        // The second in a row may find nothing while the first still works: it is stopped only for good once the first has ended.
        consuming[0].Join();
        consuming[1].Join();
        if (dependent) while (consumers[1].RunOnce() != 0) { }

        ulong expectedSum = 0;
        for (int p = 0; p < producers; p++)
            expectedSum += (ulong)p * (1UL << ProducerShift) * (ulong)eventsEach + (ulong)eventsEach * (ulong)(eventsEach - 1) / 2;
        foreach (var consumer in consumers)
        {
            Verifier seen = consumer.Handler;
            Assert.Equal(0, seen.Torn);
            Assert.Equal(0, seen.OutOfOrder);
            Assert.Equal(eventsEach * producers, seen.Count);
            Assert.Equal(expectedSum, seen.Sum);
            Assert.All(seen.NextOfProducer, n => Assert.Equal(eventsEach, n));
        }
    }

    private static void Produce(IRingProducer<MarkedLine> producer, int index, long events, int seed)
    {
        var random = new Random(seed);
        long mark = (long)index << ProducerShift;
        for (long number = 0; number < events;)
        {
            // Mostly singles as a feed makes them, sometimes a run.
            int count = (int)Math.Min(events - number, random.Next(8) == 0 ? 1 + random.Next(64) : 1);
            long last;
            while (!producer.TryClaim(count, out last)) Thread.Yield();
            for (long sequence = last - count + 1; sequence <= last; sequence++) producer[sequence].Write(mark | number++);
            producer.Publish(last - count + 1, last);
            if ((number & 0xFFFF) < count && random.Next(4) == 0) Thread.Yield();
        }
    }
}
