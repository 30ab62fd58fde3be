namespace Appliance.Contract;

/// <summary>A median with the interval that covers it at 95 % or more.</summary>
public readonly record struct RatioEstimate(double Median, double Low, double High, int Pairs);

/// <summary>What a comparison says.</summary>
public enum PairedVerdict : byte
{
    /// <summary>Fewer than ten pairs, or the peer did not agree with itself: the machine was not quiet enough to say anything.</summary>
    None,
    /// <summary>The whole interval is at or below the target.</summary>
    Met,
    /// <summary>The whole interval is above the target.</summary>
    NotMet,
    /// <summary>The target lies within the interval: more pairs, or a quieter machine.</summary>
    Open,
}

/// <summary>
/// How speed is judged here. Ours and the peer's cost (nanoseconds: less is better) are taken in turn, close together in time, so that what the machine does to one it does to the other; each
/// pair gives a ratio; the figure is the median of the ratios with its order-statistic interval, which assumes nothing of their distribution (H. A. David and H. N. Nagaraja,
/// Order Statistics, 3rd ed., 2003, section 7.1). In each round the peer runs twice: the ratios of its two runs are the control, whose median must land in 0.95–1.05.
/// Measurements that may be run out of order are rotated by the caller.
/// </summary>
public sealed class PairedRatio(string name)
{
    public const int PairsMin = 10;
    public const double ControlLow = 0.95, ControlHigh = 1.05;

    private readonly List<double> _ratios = [];
    private readonly List<double> _controls = [];

    public string Name { get; } = name;

    public int Pairs => _ratios.Count;

    /// <summary>One round: our cost, the peer's, and the peer's again.</summary>
    public void Add(double ours, double peer, double peerAgain)
    {
        if (!(ours > 0 && peer > 0 && peerAgain > 0 && double.IsFinite(ours) && double.IsFinite(peer) && double.IsFinite(peerAgain)))
            throw new ArgumentException($"{Name}: a cost is a positive number, not {ours}, {peer}, {peerAgain}.");
        _ratios.Add(ours / peer);
        _controls.Add(peerAgain / peer);
    }

    public RatioEstimate Ratio => Estimate(_ratios);
    public RatioEstimate Control => Estimate(_controls);

    public bool ControlHolds => Pairs >= PairsMin && Control.Median is >= ControlLow and <= ControlHigh;

    public PairedVerdict Verdict(double targetAtMost)
    {
        if (!ControlHolds) return PairedVerdict.None;
        RatioEstimate ratio = Ratio;
        if (ratio.High <= targetAtMost) return PairedVerdict.Met;
        return ratio.Low > targetAtMost ? PairedVerdict.NotMet : PairedVerdict.Open;
    }

    /// <summary>Median and the narrowest symmetric pair of order statistics that holds the population's median with 95 % or more. Below six values none does: the extremes are given.</summary>
    public static RatioEstimate Estimate(IReadOnlyList<double> values)
    {
        int n = values.Count;
        if (n == 0) return new RatioEstimate(double.NaN, double.NaN, double.NaN, 0);
        double[] sorted = [.. values];
        Array.Sort(sorted);
        double median = n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
        int rank = LowerRank(n);
        return new RatioEstimate(median, sorted[rank - 1], sorted[n - rank], n);
    }

    /// <summary>
    /// The largest rank r, from 1, for which the r-th smallest and the r-th largest of n values hold the median between them with at least 95 %:
    /// the median lies outside with probability 2·P(B ≤ r − 1), B binomial with n and one half.
    /// </summary>
    internal static int LowerRank(int n)
    {
        double term = Math.Pow(0.5, n);
        double below = 0;
        int rank = 1;
        for (int k = 0; k < n / 2; k++)
        {
            below += term;
            if (2 * below > 0.05) break;
            rank = k + 1;
            term = term * (n - k) / (k + 1);
        }
        return rank;
    }
}
