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

/// <summary>What a flow is made of; frozen at start, and pinned in the journal's header by the files it came from.</summary>
public sealed record FlowOptions
{
    public required InstrumentDefinition[] Instruments { get; init; }
    public required FlowPortfolio[] Portfolios { get; init; }
    public required MarketOptions Market { get; init; }
    public required GateLimits Limits { get; init; }
    public required FeeSchedule Fees { get; init; }
    /// <summary>Sequenced time between two samples of the series that reports plot.</summary>
    public long SamplePeriodNs { get; init; } = 100_000_000;
    /// <summary>Samples kept; when full, every second one is dropped and the period doubles.</summary>
    public int SamplesMax { get; init; } = 4096;
}
