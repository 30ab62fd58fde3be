using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Appliance.Contract;

/// <summary>
/// A high-dynamic-range histogram of non-negative integers (nanoseconds here): constant relative resolution over the whole range, constant
/// cost to record, sized at start. The bucket layout is that of G. Tene's HdrHistogram with three significant decimal digits
/// (2,048 sub-buckets, relative error below 1/1,000), so its percentile files are read by the same plotters.
/// One thread records; others may read a copy.
/// </summary>
public sealed class HdrHistogram
{
    /// <summary>2·10^3 rounded up to a power of two: three significant digits.</summary>
    private const int SubBucketCount = 2048;
    private const int SubBucketHalfCount = SubBucketCount / 2;
    private const int SubBucketBits = 11;

    private readonly long[] _counts;

    /// <param name="highestValue">The largest value told apart; above it, values are counted at it and in <see cref="Saturated"/>.</param>
    public HdrHistogram(long highestValue = 60_000_000_000)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(highestValue, SubBucketCount);
        HighestValue = highestValue;
        _counts = GC.AllocateArray<long>(IndexOf(highestValue) + 1, pinned: true);
    }

    public long HighestValue { get; }
    public long Count { get; private set; }
    public long Max { get; private set; }
    public long Min { get; private set; } = long.MaxValue;
    /// <summary>How many recorded values lay above <see cref="HighestValue"/>.</summary>
    public long Saturated { get; private set; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Record(long value) => Record(value, 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Record(long value, long times)
    {
        if ((ulong)value > (ulong)HighestValue)
            value = Clamp(value, times);
        _counts[IndexOf(value)] += times;
        Count += times;
        if (value > Max) Max = value;
        if (value < Min) Min = value;
    }

    public void Reset()
    {
        Array.Clear(_counts);
        Count = Max = Saturated = 0;
        Min = long.MaxValue;
    }

    public void Add(HdrHistogram other)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(other.HighestValue, HighestValue);
        for (int i = 0; i < _counts.Length; i++)
            _counts[i] += other._counts[i];
        Count += other.Count;
        Saturated += other.Saturated;
        Max = Math.Max(Max, other.Max);
        Min = Math.Min(Min, other.Min);
    }

    /// <summary>The smallest recorded value, to the histogram's resolution, at or below which <paramref name="percentile"/> per cent of the values lie; 0 when empty.</summary>
    public long ValueAtPercentile(double percentile)
    {
        if (Count == 0) return 0;
        long wanted = Math.Clamp((long)Math.Ceiling(percentile / 100.0 * Count), 1, Count);
        long seen = 0;
        for (int i = 0; i < _counts.Length; i++)
        {
            seen += _counts[i];
            if (seen >= wanted) return Math.Min(HighestEquivalent(i), Max);
        }
        return Max;
    }

    public double Mean
    {
        get
        {
            if (Count == 0) return 0;
            double sum = 0;
            for (int i = 0; i < _counts.Length; i++)
                if (_counts[i] != 0) sum += _counts[i] * MidEquivalent(i);
            return sum / Count;
        }
    }

    public double StandardDeviation
    {
        get
        {
            if (Count == 0) return 0;
            double mean = Mean, sum = 0;
            for (int i = 0; i < _counts.Length; i++)
                if (_counts[i] != 0) sum += _counts[i] * (MidEquivalent(i) - mean) * (MidEquivalent(i) - mean);
            return Math.Sqrt(sum / Count);
        }
    }

    /// <summary>Writes the percentile distribution in the text form (.hgrm) that HdrHistogram's plotter reads; values are divided by <paramref name="unit"/>.</summary>
    public void WriteHgrm(TextWriter writer, double unit = 1_000.0, int ticksPerHalfDistance = 5)
    {
        var inv = CultureInfo.InvariantCulture;
        writer.Write("       Value     Percentile TotalCount 1/(1-Percentile)\n\n");
        long seen = 0;
        double level = 0;
        for (int i = 0; i < _counts.Length && seen < Count; i++)
        {
            if (_counts[i] == 0) continue;
            seen += _counts[i];
            double reached = 100.0 * seen / Count;
            while (level <= reached && level < 100.0)
            {
                writer.Write(string.Create(inv, $"{Math.Min(HighestEquivalent(i), Max) / unit,12:F3} {level / 100.0,14:F12} {seen,10} {1.0 / (1.0 - level / 100.0),14:F2}\n"));
                double halvings = Math.Pow(2, (long)(Math.Log(100.0 / (100.0 - level)) / Math.Log(2)) + 1);
                level += 100.0 / (ticksPerHalfDistance * halvings);
                if (100.0 - level < 100.0 / Count / 2) break;
            }
        }
        if (Count > 0)
            writer.Write(string.Create(inv, $"{Max / unit,12:F3} {1.0,14:F12} {Count,10}\n"));
        writer.Write(string.Create(inv, $"#[Mean    = {Mean / unit,12:F3}, StdDeviation   = {StandardDeviation / unit,12:F3}]\n"));
        writer.Write(string.Create(inv, $"#[Max     = {Max / unit,12:F3}, Total count    = {Count,12}]\n"));
        writer.Write(string.Create(inv, $"#[Buckets = {(_counts.Length + SubBucketHalfCount - 1) / SubBucketHalfCount - 1,12}, SubBuckets     = {SubBucketCount,12}]\n"));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private long Clamp(long value, long times)
    {
        if (value < 0) return 0; // A stamp taken out of order across cores: an interval is never negative.
        Saturated += times;
        return HighestValue;
    }

    /// <summary>Values below 2,048 have a slot each; above, every power of two has 1,024 slots.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int IndexOf(long value)
    {
        int bucket = 64 - SubBucketBits - BitOperations.LeadingZeroCount((ulong)value | (SubBucketCount - 1));
        return (bucket << (SubBucketBits - 1)) + (int)(value >> bucket);
    }

    private static (long Lowest, long Width) Slot(int index)
    {
        int bucket = (index >> (SubBucketBits - 1)) - 1;
        int sub = (index & (SubBucketHalfCount - 1)) + SubBucketHalfCount;
        if (bucket < 0) { sub -= SubBucketHalfCount; bucket = 0; }
        return ((long)sub << bucket, 1L << bucket);
    }

    private static long HighestEquivalent(int index) { var (low, width) = Slot(index); return low + width - 1; }
    private static double MidEquivalent(int index) { var (low, width) = Slot(index); return low + (width - 1) / 2.0; }
}
