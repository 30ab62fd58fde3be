#if DISRUPTOR_ON
using System.Diagnostics;
using Disruptor;
using Disruptor.Dsl;

namespace Appliance.Perf.Ring;

/// <summary>Disruptor-net as its documentation advises: value events, struct handlers, a single producer, busy spinning; not through our port.</summary>
public sealed class DisruptorContender<T>(int cpuA, int cpuB) : Contender("Disruptor-net", cpuA, cpuB) where T : struct, IItem
{
    private readonly struct Echo(ValueRingBuffer<T> back, int cpu, CountdownEvent ended) : IValueEventHandler<T>
    {
        public void OnStart() => CpuPinning.PinThisThread(cpu);
        public void OnShutdown() => ended.Signal();
        public void OnEvent(ref T data, long sequence, bool endOfBatch) => Send(back, data.Value);
    }

    private readonly struct Starter(ValueRingBuffer<T> there, RoundLog log, int cpu, ManualResetEventSlim done, CountdownEvent ended) : IValueEventHandler<T>
    {
        public void OnStart() => CpuPinning.PinThisThread(cpu);
        public void OnShutdown() => ended.Signal();

        public void OnEvent(ref T data, long sequence, bool endOfBatch)
        {
            if (log.Take(data.Value)) Send(there, log.Received);
            else done.Set();
        }
    }

    private sealed class Total
    {
        public long Sum, EndTicks;
    }

    private struct Adder(Total total, long events, int cpu, ManualResetEventSlim done, CountdownEvent ended) : IValueEventHandler<T>
    {
        private long _sum;

        public readonly void OnStart() => CpuPinning.PinThisThread(cpu);
        public readonly void OnShutdown() => ended.Signal();

        public void OnEvent(ref T data, long sequence, bool endOfBatch)
        {
            _sum += data.Value;
            if (sequence != events - 1) return;
            total.EndTicks = Stopwatch.GetTimestamp();
            total.Sum = _sum;
            done.Set();
        }
    }

    private static void Send(ValueRingBuffer<T> buffer, long value)
    {
        long sequence = buffer.Next();
        buffer[sequence].Value = value;
        buffer.Publish(sequence);
    }

    private static ValueDisruptor<T> Make(int capacity) => new(() => default, capacity, TaskScheduler.Default, ProducerType.Single, new BusySpinWaitStrategy());

    public override double HopNs(int rounds)
    {
        ValueDisruptor<T> there = Make(HopCapacity), back = Make(HopCapacity);
        var log = new RoundLog(rounds);
        using var done = new ManualResetEventSlim(false, 0);
        using var ended = new CountdownEvent(2);
        there.HandleEventsWith(new Echo(back.RingBuffer, CpuB, ended));
        back.HandleEventsWith(new Starter(there.RingBuffer, log, CpuA, done, ended));
        back.Start();
        there.Start();
        Send(there.RingBuffer, 0);
        done.Wait();
        there.Halt();
        back.Halt();
        ended.Wait();
        Verify(log.Sum, rounds);
        return MedianHopNs(log.StampsTaken, log.Stamps);
    }

    public override double ThroughputNs(long events)
    {
        ValueDisruptor<T> disruptor = Make(ThroughputCapacity);
        var total = new Total();
        using var done = new ManualResetEventSlim(false, 0);
        using var ended = new CountdownEvent(1);
        disruptor.HandleEventsWith(new Adder(total, events, CpuB, done, ended));
        disruptor.Start();
        long startTicks = 0;
        Thread a = Start(() =>
        {
            startTicks = Stopwatch.GetTimestamp();
            Produce(disruptor.RingBuffer, events);
        }, CpuA);
        a.Join();
        done.Wait();
        disruptor.Halt();
        ended.Wait();
        Verify(total.Sum, events);
        return (total.EndTicks - startTicks) * (1e9 / Stopwatch.Frequency) / events;
    }

    private static void Produce(ValueRingBuffer<T> buffer, long events)
    {
        for (long i = 0; i < events; i++) Send(buffer, i);
    }
}
#endif
