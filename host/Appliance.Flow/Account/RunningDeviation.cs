namespace Appliance.Flow.Accounts;

/// <summary>Count, mean and standard deviation in one pass. Welford, "Note on a method for calculating corrected sums of squares", Technometrics 4 (1962).</summary>
public struct RunningDeviation
{
    private double _mean, _sumOfSquares;

    public long Count { get; private set; }
    public readonly double Mean => _mean;
    /// <summary>The sample's, with n − 1; 0 for fewer than two values.</summary>
    public readonly double StdDev => Count < 2 ? 0 : Math.Sqrt(_sumOfSquares / (Count - 1));

    public void Add(double value)
    {
        Count++;
        double off = value - _mean;
        _mean += off / Count;
        _sumOfSquares += off * (value - _mean);
    }

    /// <summary>As many calls of Add(0), at the cost of one: Chan, Golub and LeVeque's rule for joining two samples (1979), the second being all zeros.</summary>
    public void AddZeros(long count)
    {
        if (count <= 0) return;
        double before = Count, all = Count + count;
        _sumOfSquares += _mean * _mean * (before * count / all);
        _mean *= before / all;
        Count += count;
    }
}
