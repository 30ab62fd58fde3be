using Appliance.Contract;

namespace Appliance.Host.Reports;

internal sealed record OrderCounts(long Intents, long Approved, long RejectedByGate, long Sent, long Filled, long Cancelled, long RejectedByVenue)
{
    public long Unsent { get; init; }
}

internal sealed record MemoryResult(double AllocatedBytesPerTick, int Gc0, int Gc1, int Gc2, long PageFaultsHot, long InvoluntarySwitchesHot)
{
    /// <summary>Bytes allocated by the hot threads in the measured window, and by the whole process.</summary>
    public long AllocatedBytesHot { get; init; }
    public long AllocatedBytesProcess { get; init; }
    public long WindowTicks { get; init; }
}

/// <summary>Samples for the plots, in sequenced seconds since the start.</summary>
internal sealed record Series(double[] Seconds, double[] Price, double[] Hedge, double[] DeltaBefore, double[] DeltaAfter, double[] Hedged, double[] Unhedged);

internal sealed record PortfolioResult(
    string Name, string Underlying, int Options, double Pnl, double OptionPnl, double HedgePnl, double Costs, long Rebalances,
    double AbsDeltaMean, double AbsDeltaMax, double ShareOfTimeInBand, double UnhedgedPnlStdDev, double HedgedPnlStdDev, Series Series);

/// <summary>What we traded in an instrument since the start: position without the opening one, cash before fees, fees; in the terms of the venue's statement.</summary>
internal sealed record AccountResult(string Symbol, long QuantityUnits, double Cash, double Fees);

/// <summary>What the venue says of us at the end, beside our own account.</summary>
internal sealed record StatementCheck(bool Available, bool Equal, IReadOnlyList<string> Differences, string File);

internal sealed record PlacementResult(int HotCore, string HotWait, bool Auto, string Sentence);

/// <summary>Everything a run or replay has to say. The report's keys are stable: other programs read them.</summary>
internal sealed record RunResult
{
    public required string Command { get; init; }
    public required string Desk { get; init; }
    public required string Currency { get; init; }
    public required string Profile { get; init; }
    public required string Topology { get; init; }
    public required string Build { get; init; }
    public required string InstructionSet { get; init; }
    public required string ComputeBackend { get; init; }
    public required double Seconds { get; init; }
    public required SourceStatistics Source { get; init; }
    public required OrderCounts Orders { get; init; }
    public required IReadOnlyList<PortfolioResult> Portfolios { get; init; }
    public IReadOnlyList<AccountResult> Account { get; init; } = [];
    public required StageLatency Latency { get; init; }
    public required MemoryResult Memory { get; init; }
    public required long DecisionsTotal { get; init; }
    public required long DecisionsOnExpansion { get; init; }
    public required string OrdersSha256 { get; init; }
    public required IReadOnlyList<(string Name, long Count)> GateRejects { get; init; }
    public IReadOnlyList<(string Name, long Count)> Alarms { get; init; } = [];
    /// <summary>What the venue's drop copy said; empty where the desk has none.</summary>
    public IReadOnlyList<(string Name, long Count)> DropCopy { get; init; } = [];
    public IReadOnlyList<(string Name, long Count)> Market { get; init; } = [];
    public IReadOnlyList<(string Name, string Value)> Session { get; init; } = [];
    public IReadOnlyList<string> Warnings { get; init; } = [];
    public StatementCheck? Statement { get; init; }
    public string? Journal { get; init; }
    /// <summary>Where the hot thread ran, with the sentence for people; null for a replay.</summary>
    public PlacementResult? Placement { get; init; }
    public string? ReplayVerdict { get; init; }
    public long RingEvents { get; init; }
}
