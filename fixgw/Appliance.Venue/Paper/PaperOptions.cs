using Appliance.Contract;

namespace Appliance.Venue.Paper;

/// <summary>Encodes an order as the live gateway would, so that a paper run measures that stage too; returns the bytes made.</summary>
public delegate int OrderEncoding(in ApprovedOrder order);

/// <summary>What a paper venue is. Checked by its constructor; sizes are fixed for the run.</summary>
public sealed record PaperOptions
{
    /// <summary>From the decision's sequenced time to the order's arrival in the book, nanoseconds, at least 1. The default is a co-located session's.</summary>
    public long OrderLatencyNs { get; init; } = 100_000;
    /// <summary>From what happens at the venue to its report in the ring, nanoseconds, at least 1.</summary>
    public long ReportLatencyNs { get; init; } = 100_000;
    /// <summary>Fees of instruments that <see cref="FeesByInstrument"/> does not name.</summary>
    public FeeSchedule Fees { get; init; } = FeeSchedule.None;
    /// <summary>By instrument index; null: all as <see cref="Fees"/>.</summary>
    public IReadOnlyList<FeeSchedule>? FeesByInstrument { get; init; }
    /// <summary>Source index of the execution events.</summary>
    public ushort Session { get; init; }
    /// <summary>Orders under way to the venue at once, a power of two; more are answered with BackPressure.</summary>
    public int InFlightMax { get; init; } = 1024;
    /// <summary>Orders resting at once; more are rejected.</summary>
    public int WorkingMax { get; init; } = 256;
    /// <summary>Reports under way at once, a power of two. When few are left, fills wait for a later trade and new orders are rejected.</summary>
    public int ReportsMax { get; init; } = 4096;
    /// <summary>Price levels mirrored a side and instrument.</summary>
    public int LevelsMax { get; init; } = 8192;
    /// <summary>Resting orders mirrored over all instruments of order-by-order feeds.</summary>
    public int BookOrdersMax { get; init; } = 1 << 18;
    /// <summary>Events held over all instruments while level diffs wait for their snapshot.</summary>
    public int HeldEventsMax { get; init; } = 1 << 16;
    /// <summary>Whether Send stamps LastEncodedNs and LastSentNs by the monotonic clock. No fill depends on it.</summary>
    public bool TakesStamps { get; init; } = true;

    internal FeeSchedule[] FeesOf(int instruments) =>
        [.. Enumerable.Range(0, instruments).Select(i => FeesByInstrument is { } fees && i < fees.Count ? fees[i] : Fees)];

    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(OrderLatencyNs, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(ReportLatencyNs, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(WorkingMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(LevelsMax, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(BookOrdersMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(HeldEventsMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(ReportsMax, 64);
        if (!long.IsPow2(InFlightMax) || !long.IsPow2(ReportsMax))
            throw new ArgumentException("InFlightMax and ReportsMax are powers of two.");
    }
}

/// <summary>What a paper venue met, beside the ledger's own counts.</summary>
public sealed class PaperCounters
{
    /// <summary>Orders that still rested when the market data ended.</summary>
    public long Expired;
    /// <summary>Orders that were under way when the market data ended: rejected.</summary>
    public long AfterEnd;
    /// <summary>Fills put off because reports were full.</summary>
    public long FillsDeferred;
    public long BackPressure;
    public long BytesEncoded;
}
