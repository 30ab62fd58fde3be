using Appliance.Contract;

namespace Appliance.Host.Latency;

/// <summary>Who is measured in a slice. The floor comes twice in a round: its second turn is held against its first, as the control.</summary>
internal enum WirePlace { Ours, Floor, FloorAgain }

/// <summary>Price moves that asked one side for an order, and those still unanswered when the next was due. A machine that stands still for milliseconds makes some on both sides.</summary>
internal readonly record struct MoveCount(long Expected, long Missed)
{
    public double MissedShare => Expected > 0 ? (double)Missed / Expected : 0;

    public static MoveCount operator +(MoveCount a, MoveCount b) => new(a.Expected + b.Expected, a.Missed + b.Missed);
}

/// <summary>What one slice measured.</summary>
/// <param name="LatenciesNs">One a price move; valid until the next slice.</param>
internal readonly ref struct WireSlice(WirePlace place, ReadOnlySpan<long> latenciesNs, MoveCount moves, long sent, long late)
{
    public readonly WirePlace Place = place;
    public readonly ReadOnlySpan<long> LatenciesNs = latenciesNs;
    public readonly MoveCount Moves = moves;
    public readonly long Sent = sent, Late = late;
}

/// <summary>
/// The figures of a set of slices: of all, or of those in which the hypervisor took nothing worth mentioning. A pair is many short slices of each side, taken in turn; its ratio is that of the
/// percentiles over each side's slices together.
/// </summary>
/// <param name="fewestOrders">A pair with fewer orders in one of its places gives no ratio.</param>
internal sealed class WireTally(string name, int fewestOrders)
{
    /// <summary>More datagrams later than a period, or more price moves unanswered, and the load was another than the run says.</summary>
    private const double Allowed = 0.01;
    private const long HighestNs = 10_000_000_000;
    private readonly HdrHistogram[] _pair = [new(HighestNs), new(HighestNs), new(HighestNs)];

    public HdrHistogram Ours { get; } = new(HighestNs);
    public HdrHistogram Floor { get; } = new(HighestNs);
    public PairedRatio P50 { get; } = new($"{name}, p50");
    public PairedRatio P99 { get; } = new($"{name}, p99");
    public MoveCount OurMoves { get; private set; }
    public MoveCount FloorMoves { get; private set; }
    public long Sent { get; private set; }
    public long Late { get; private set; }
    public int Slices { get; private set; }

    public double LateShare => Sent > 0 ? (double)Late / Sent : 1;
    public bool KeptRate => LateShare <= Allowed && OurMoves.MissedShare <= Allowed && FloorMoves.MissedShare <= Allowed;

    /// <summary>Figures of a load that was not kept decide nothing.</summary>
    public PairedVerdict Verdict(PairedRatio ratio, double targetAtMost) => KeptRate ? ratio.Verdict(targetAtMost) : PairedVerdict.None;

    public void Add(in WireSlice slice)
    {
        bool ours = slice.Place == WirePlace.Ours;
        HdrHistogram pair = _pair[(int)slice.Place], side = ours ? Ours : Floor;
        foreach (long latencyNs in slice.LatenciesNs)
        {
            pair.Record(latencyNs);
            side.Record(latencyNs);
        }
        if (ours) OurMoves += slice.Moves;
        else FloorMoves += slice.Moves;
        Sent += slice.Sent;
        Late += slice.Late;
        Slices++;
    }

    /// <summary>Ends a pair and begins the next.</summary>
    /// <returns>False when one side answered too seldom for a ratio.</returns>
    public bool EndPair()
    {
        bool enough = _pair.All(h => h.Count >= Math.Max(1, fewestOrders));
        if (enough)
        {
            P50.Add(_pair[0].ValueAtPercentile(50), _pair[1].ValueAtPercentile(50), _pair[2].ValueAtPercentile(50));
            P99.Add(_pair[0].ValueAtPercentile(99), _pair[1].ValueAtPercentile(99), _pair[2].ValueAtPercentile(99));
        }
        foreach (var place in _pair) place.Reset();
        return enough;
    }
}
