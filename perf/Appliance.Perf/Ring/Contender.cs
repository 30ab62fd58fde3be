using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Appliance.Perf.Ring;

/// <summary>What a ring event is to the benchmarks: one number in a slot of a stated size.</summary>
public interface IItem
{
    long Value { get; set; }
}

[StructLayout(LayoutKind.Sequential, Size = 32)]
public struct Item32 : IItem
{
    public long Value { readonly get; set; }
}

[StructLayout(LayoutKind.Sequential, Size = 64)]
public struct Item64 : IItem
{
    public long Value { readonly get; set; }
}

/// <summary>
/// One ring or queue under measurement. Each run verifies the sum of what was received and throws when it is wrong. Two threads spin, on two cores; the caller waits without spinning.
/// </summary>
public abstract class Contender(string name, int cpuA, int cpuB)
{
    public const int RoundsPerBlock = 64;
    public const int HopCapacity = 1024;
    public const int ThroughputCapacity = 1 << 16;

    public string Name { get; } = name;
    protected int CpuA { get; } = cpuA;
    protected int CpuB { get; } = cpuB;

    /// <summary>One number handed back and forth; the median block's nanoseconds for one way.</summary>
    public abstract double HopNs(int rounds);

    /// <summary>Numbers in one direction as fast as they go; nanoseconds an event.</summary>
    public abstract double ThroughputNs(long events);

    protected void Verify(long sum, long count)
    {
        if (sum != count * (count - 1) / 2) throw new InvalidOperationException($"{Name}: the sum of {count} events is wrong: {sum}");
    }

    /// <summary>A look at the clock costs a good part of a hop: stamps stand at block borders.</summary>
    protected static double MedianHopNs(long[] stamps, int count)
    {
        var hops = new double[count - 1];
        for (int i = 1; i < count; i++) hops[i - 1] = (stamps[i] - stamps[i - 1]) * (1e9 / Stopwatch.Frequency) / (2.0 * RoundsPerBlock);
        Array.Sort(hops);
        return hops[hops.Length / 2];
    }

    protected static Thread Start(ThreadStart body, int cpu)
    {
        var thread = new Thread(() =>
        {
            CpuPinning.PinThisThread(cpu);
            body();
        });
        thread.Start();
        return thread;
    }
}

/// <summary>What the thread that starts each round keeps: shared by reference between handler copies.</summary>
public sealed class RoundLog(int rounds)
{
    public readonly long[] StampsTaken = new long[rounds / Contender.RoundsPerBlock + 2];
    public readonly int Rounds = rounds;
    public int Stamps;
    public long Received, Sum;

    /// <summary>Notes one number received; false when it was the last.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Take(long value)
    {
        Sum += value;
        if (++Received % Contender.RoundsPerBlock == 0) StampsTaken[Stamps++] = Stopwatch.GetTimestamp();
        return Received < Rounds;
    }
}
