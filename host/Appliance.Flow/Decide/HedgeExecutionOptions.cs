using Appliance.Risk;

namespace Appliance.Flow.Decide;

public enum HedgeStyle : byte
{
    /// <summary>Immediate or cancel, at the touch plus the stated slippage.</summary>
    Taking = 0,
    /// <summary>Joins the best price of its own side, follows it, and takes when time or the distance from the band runs out.</summary>
    Passive = 1,
}

/// <summary>How a portfolio's hedge is traded. Plain and frozen; <see cref="Problems"/> says what is wrong, all at once.</summary>
public sealed record HedgeExecutionOptions
{
    public HedgeStyle Style { get; init; } = HedgeStyle.Taking;
    /// <summary>Smaller changes of the hedge, or of a working order's size, are left alone. Quantity units; one lot is the least in any case.</summary>
    public long MinimumTradeUnits { get; init; } = 1;
    /// <summary>A child order's size at most: at or below the gate's maximum quantity. The rest follows in further children.</summary>
    public long MaxChildUnits { get; init; } = InstrumentLimits.UnitsMax;
    /// <summary>How far beyond the touch a taking order may go: the larger of ticks and basis points. 0 to 10,000 each.</summary>
    public int SlippageTicks { get; init; } = 2;
    public int SlippageBasisPoints { get; init; }
    /// <summary>A passive order follows when the price it would join has moved by more than this many ticks. 0 to 10,000.</summary>
    public int AmendAfterTicks { get; init; } = 1;
    /// <summary>A passive attempt older than this is taken. Sequenced time.</summary>
    public long EscalateAfterNs { get; init; } = 2_000_000_000;
    /// <summary>Taken at once when the hedge is beyond the edge of its band by more than this many half-widths of the band; bands without width never are.</summary>
    public double EscalateBandMultiple { get; init; } = 2;
    /// <summary>After a refusal by gate or venue, or a taking order that did not fill whole, nothing is tried again for this long. Sequenced time.</summary>
    public long RetryAfterNs { get; init; } = 50_000_000;

    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        void Need(bool holds, string sentence) { if (!holds) problems.Add(sentence); }
        Need(Style is HedgeStyle.Taking or HedgeStyle.Passive, $"Style is {Style}; allowed are Taking and Passive.");
        Need(MinimumTradeUnits is >= 1 and <= InstrumentLimits.UnitsMax, $"MinimumTradeUnits is {MinimumTradeUnits}; allowed are 1 to 2^58.");
        Need(MaxChildUnits >= MinimumTradeUnits && MaxChildUnits <= InstrumentLimits.UnitsMax,
            $"MaxChildUnits is {MaxChildUnits}; allowed are MinimumTradeUnits to 2^58.");
        Need(SlippageTicks is >= 0 and <= 10_000, $"SlippageTicks is {SlippageTicks}; allowed are 0 to 10,000.");
        Need(SlippageBasisPoints is >= 0 and <= 10_000, $"SlippageBasisPoints is {SlippageBasisPoints}; allowed are 0 to 10,000.");
        Need(AmendAfterTicks is >= 0 and <= 10_000, $"AmendAfterTicks is {AmendAfterTicks}; allowed are 0 to 10,000.");
        Need(EscalateAfterNs > 0, $"EscalateAfterNs is {EscalateAfterNs}; it must be above 0.");
        Need(EscalateBandMultiple >= 0, $"EscalateBandMultiple is {EscalateBandMultiple}; it must be 0 or above.");
        Need(RetryAfterNs > 0, $"RetryAfterNs is {RetryAfterNs}; it must be above 0.");
        return problems;
    }
}
