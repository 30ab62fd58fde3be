using Appliance.Contract;
using Appliance.Flow.Compute;
using Appliance.Flow.Decide;
using Appliance.Flow.Market;
using Appliance.Risk;
using Appliance.Strategy.Policies;

namespace Appliance.Flow;

/// <summary>One portfolio of the flow: its options, its policy, how it trades.</summary>
public sealed record FlowPortfolio
{
    public required string Name { get; init; }
    /// <summary>Index of the instrument that hedges it.</summary>
    public required ushort Instrument { get; init; }
    public required PortfolioDefinition Options { get; init; }
    public required IHedgePolicy Policy { get; init; }
    public required HedgeExecutionOptions Execution { get; init; }
    public required PortfolioGreeksOptions Greeks { get; init; }
    public long OpeningHedgeUnits { get; init; }
}

/// <summary>How the desk makes sure of its orders each time that the session comes up.</summary>
public sealed record ReconciliationOptions
{
    /// <summary>Ask the venue which orders stand (OrderMassStatusRequest), before orders of an earlier run are asked about one by one.</summary>
    public bool AsksForAll { get; init; }
    /// <summary>Withdraw orders that the venue lists and nobody here knows; otherwise a person decides.</summary>
    public bool CancelsUnknown { get; init; }
    /// <summary>How long the venue may take for its list before it is asked again.</summary>
    public long AnswerWithinNs { get; init; } = 5_000_000_000;
    /// <summary>How often it is asked before each order is asked about by itself.</summary>
    public int Attempts { get; init; } = 3;
}

/// <summary>What a flow is made of; frozen at start, and pinned in the journal's header by the files it came from.</summary>
public sealed record FlowOptions
{
    public required InstrumentDefinition[] Instruments { get; init; }
    public required FlowPortfolio[] Portfolios { get; init; }
    public required MarketOptions Market { get; init; }
    public required GateLimits Limits { get; init; }
    public required FeeSchedule Fees { get; init; }
    /// <summary>What is done about orders at the venue when the session comes up.</summary>
    public ReconciliationOptions Reconciliation { get; init; } = new();
    /// <summary>Sequenced time between two samples of the series that reports plot.</summary>
    public long SamplePeriodNs { get; init; } = 100_000_000;
    /// <summary>Samples kept; when full, every second one is dropped and the period doubles.</summary>
    public int SamplesMax { get; init; } = 4096;
}
