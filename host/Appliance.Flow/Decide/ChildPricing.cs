using Appliance.Contract;

namespace Appliance.Flow.Decide;

/// <summary>Prices of child orders in whole trading ticks. Rounding never gives more slippage than stated, and never a passive price nearer the other side than the best.</summary>
internal readonly struct ChildPricing
{
    private readonly long _tick;
    private readonly long _slippageTicksUnits;
    private readonly int _slippageBasisPoints;

    public ChildPricing(InstrumentDefinition instrument, HedgeExecutionOptions options)
    {
        _tick = instrument.TickSizeUnits;
        _slippageTicksUnits = options.SlippageTicks * instrument.TickSizeUnits;
        _slippageBasisPoints = options.SlippageBasisPoints;
    }

    /// <summary>The touch and the allowed slippage beyond it, within the venue's bands.</summary>
    public long Taking(Side side, in TopOfBook top)
    {
        if (side == Side.Buy)
        {
            long limit = Math.Max(Down(top.AskPriceUnits + Slippage(top.AskPriceUnits)), Up(top.AskPriceUnits));
            return Math.Min(limit, Down(top.UpperBandUnits));
        }
        long floor = Math.Min(Up(top.BidPriceUnits - Slippage(top.BidPriceUnits)), Down(top.BidPriceUnits));
        return Math.Max(Math.Max(floor, Up(top.LowerBandUnits)), _tick);
    }

    /// <summary>The best price of the order's own side.</summary>
    public long Joining(Side side, in TopOfBook top) => side == Side.Buy ? Down(top.BidPriceUnits) : Up(top.AskPriceUnits);

    public long TicksBetween(long a, long b) => Math.Abs(a - b) / _tick;

    private long Slippage(long price)
    {
        // Split so that price × basis points stays within 64 bits.
        long byBasisPoints = price / 10_000 * _slippageBasisPoints + price % 10_000 * _slippageBasisPoints / 10_000;
        return Math.Max(_slippageTicksUnits, byBasisPoints);
    }

    private long Down(long price) => price - price % _tick;
    private long Up(long price) => price % _tick == 0 ? price : price - price % _tick + _tick;
}
