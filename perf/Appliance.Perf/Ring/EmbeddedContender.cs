using System.Diagnostics;
using Appliance.Contract;
using Appliance.Ring;

namespace Appliance.Perf.Ring;

/// <summary>Our ring as its users use it: batch processors with struct handlers.</summary>
public sealed class EmbeddedContender<T>(int cpuA, int cpuB) : Contender("embedded ring", cpuA, cpuB) where T : unmanaged, IItem
{
    private struct Echo : IEventHandler<T>
    {
        public SingleProducer<T> Back;

        public void OnEvent(ref T e, long sequence, bool endOfBatch) => Send(Back, e.Value);
    }

    private struct Starter : IEventHandler<T>
    {
        public SingleProducer<T> There;
        public RoundLog Log;
        public BatchProcessor<T, InlineReader<T>, Echo> Other;
        public Ended Ended;

        public void OnEvent(ref T e, long sequence, bool endOfBatch)
        {
            if (Log.Take(e.Value)) Send(There, Log.Received);
            else
            {
                Other.Stop();
                Ended.Stop!();
            }
        }
    }

    private sealed class Ended
    {
        public Action? Stop;
    }

    private struct Adder : IEventHandler<T>
    {
        public long Sum;
        public void OnEvent(ref T e, long sequence, bool endOfBatch) => Sum += e.Value;
    }

    private static void Send(SingleProducer<T> producer, long value)
    {
        long sequence;
        while (!producer.TryClaim(out sequence)) { }
        producer[sequence].Value = value;
        producer.Publish(sequence);
    }

    public override double HopNs(int rounds)
    {
        using var there = new EmbeddedRing<T>(new RingOptions { Capacity = HopCapacity });
        using var back = new EmbeddedRing<T>(new RingOptions { Capacity = HopCapacity });
        var log = new RoundLog(rounds);
        var ended = new Ended();
        var echo = new BatchProcessor<T, InlineReader<T>, Echo>(
            new(there.AddReader("echo", RingWait.BusySpin)), new Echo { Back = back.SingleProducer });
        var starter = new BatchProcessor<T, InlineReader<T>, Starter>(
            new(back.AddReader("starter", RingWait.BusySpin)),
            new Starter { There = there.SingleProducer, Log = log, Other = echo, Ended = ended });
        ended.Stop = starter.Stop;
        Thread b = Start(echo.Run, CpuB);
        Thread a = Start(() =>
        {
            Send(there.SingleProducer, 0);
            starter.Run();
        }, CpuA);
        a.Join();
        b.Join();
        Verify(log.Sum, rounds);
        return MedianHopNs(log.StampsTaken, log.Stamps);
    }

    public override double ThroughputNs(long events)
    {
        using var ring = new EmbeddedRing<T>(new RingOptions { Capacity = ThroughputCapacity });
        var consumer = new BatchProcessor<T, InlineReader<T>, Adder>(new(ring.AddReader("adder", RingWait.BusySpin)), default, ThroughputCapacity);
        long startTicks = 0, endTicks = 0;
        Thread b = Start(() =>
        {
            consumer.Run();
            endTicks = Stopwatch.GetTimestamp();
        }, CpuB);
        Thread a = Start(() =>
        {
            startTicks = Stopwatch.GetTimestamp();
            Produce(ring.SingleProducer, events);
            consumer.Stop();
        }, CpuA);
        a.Join();
        b.Join();
        Verify(consumer.Handler.Sum, events);
        return (endTicks - startTicks) * (1e9 / Stopwatch.Frequency) / events;
    }

    private static void Produce(SingleProducer<T> producer, long events)
    {
        for (long i = 0; i < events; i++) Send(producer, i);
    }
}
