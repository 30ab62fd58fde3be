using System.Diagnostics;
using System.Globalization;
using Appliance.Contract;
using Appliance.Ring;

namespace Appliance.Perf.Ring;

/// <summary>
/// What the ring costs the fused topology, where one thread claims, writes, publishes, reads and releases each event: nanoseconds an event, one thread, with the
/// 64-byte event zeroed and written. No rival: it says how much of a microsecond the ring takes.
/// </summary>
public static class FusedCost
{
    public static void Print()
    {
        const int Events = 5_000_000;
        Console.WriteLine();
        foreach (int capacity in new[] { 1 << 10, 1 << 16 })
        {
            Once(capacity, Events);
            double[] costs = Enumerable.Range(0, 5).Select(_ => Once(capacity, Events)).Order().ToArray();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"fused claim, write, publish, read, release; {capacity} slots: {costs[2]:F2} ns an event (median of 5; least {costs[0]:F2})"));
        }
    }

    public static void Check() => Once(64, 1_000);

    private static double Once(int capacity, int events)
    {
        using var ring = new EmbeddedRing<RingEvent>(new RingOptions { Capacity = capacity });
        RingReader<RingEvent> reader = ring.AddReader("decide", RingWait.BusySpin);
        var sink = new RingEventSink(ring.SingleProducer);
        long start = Stopwatch.GetTimestamp();
        long sum = Loop(sink, reader, events);
        double ns = Stopwatch.GetElapsedTime(start).TotalNanoseconds / events;
        if (sum != (long)events * (events - 1) / 2) throw new InvalidOperationException($"fused: the sum of {events} events is wrong: {sum}");
        return ns;
    }

    private static long Loop(RingEventSink sink, RingReader<RingEvent> reader, int events)
    {
        long sum = 0;
        for (int i = 0; i < events; i++)
        {
            ref RingEvent e = ref sink.Claim();
            RingEvent.Begin(ref e, EventKind.Timer, 0, 0, i, 0);
            sink.Publish();
            long next = reader.NextSequence, available = reader.Available();
            for (; next <= available; next++) sum += reader[next].ReceivedNs;
            reader.Release(available);
        }
        return sum;
    }
}
