namespace Appliance.Flow;

/// <summary>
/// A portfolio's course over sequenced time, for plots and the console: arrays of fixed size. When they are full, every second sample goes and
/// the period doubles, so that a run of any length fits.
/// </summary>
public sealed class SampleSeries
{
    private long _periodNs;
    private long _nextUtcNs;

    public SampleSeries(int capacity, long periodNs)
    {
        if (capacity < 16 || capacity % 2 != 0) throw new ArgumentException("A series holds at least 16 samples, an even number.", nameof(capacity));
        _periodNs = periodNs;
        TimeUtcNs = new long[capacity];
        Mid = new double[capacity];
        Hedge = new double[capacity];
        DeltaBefore = new double[capacity];
        DeltaAfter = new double[capacity];
        HedgedPnl = new double[capacity];
        UnhedgedPnl = new double[capacity];
    }

    public int Count { get; private set; }
    public long[] TimeUtcNs { get; }
    public double[] Mid { get; }
    public double[] Hedge { get; }
    public double[] DeltaBefore { get; }
    public double[] DeltaAfter { get; }
    public double[] HedgedPnl { get; }
    public double[] UnhedgedPnl { get; }

    public bool IsDue(long timeUtcNs) => timeUtcNs >= _nextUtcNs;

    public void Add(long timeUtcNs, double mid, double hedge, double deltaBefore, double deltaAfter, double hedgedPnl, double unhedgedPnl)
    {
        if (Count == TimeUtcNs.Length) Thin();
        int i = Count++;
        TimeUtcNs[i] = timeUtcNs;
        Mid[i] = mid;
        Hedge[i] = hedge;
        DeltaBefore[i] = deltaBefore;
        DeltaAfter[i] = deltaAfter;
        HedgedPnl[i] = hedgedPnl;
        UnhedgedPnl[i] = unhedgedPnl;
        _nextUtcNs = timeUtcNs - timeUtcNs % _periodNs + _periodNs;
    }

    private void Thin()
    {
        for (int i = 0; i < Count / 2; i++)
        {
            TimeUtcNs[i] = TimeUtcNs[2 * i];
            Mid[i] = Mid[2 * i];
            Hedge[i] = Hedge[2 * i];
            DeltaBefore[i] = DeltaBefore[2 * i];
            DeltaAfter[i] = DeltaAfter[2 * i];
            HedgedPnl[i] = HedgedPnl[2 * i];
            UnhedgedPnl[i] = UnhedgedPnl[2 * i];
        }
        Count /= 2;
        _periodNs *= 2;
    }
}
