using System.Runtime.CompilerServices;
using Appliance.Contract;

namespace Appliance.Venue.Paper;

/// <summary>
/// What one instrument displays, as far as fills need it: price → quantity, and the best bid and ask of a quote stream where that is newer.
/// A feed of level diffs counts as known only after its snapshot and the diff that bridges to it (Binance's rules for U, u and pu);
/// the diffs held meanwhile belong to <see cref="MarketMirror"/>.
/// </summary>
internal sealed class DepthMirror
{
    private enum Batch : byte { Apply, Hold, Skip, Snapshot }

    public readonly DepthSide Bids;
    public readonly DepthSide Asks;
    private Batch _batch = Batch.Apply;
    private bool _bridged;
    private bool _hasSnapshot;
    private bool _firstAfterSnapshot;
    private long _lastUpdateId;
    private bool _hasDepth;
    private bool _gap;

    private bool _hasQuote;
    private uint _quoteIdLow;
    private long _quoteBid, _quoteBidUnits, _quoteBidUsed, _quoteAsk, _quoteAskUnits, _quoteAskUsed;

    public DepthMirror(int levelsMax)
    {
        Bids = new DepthSide(Side.Buy, levelsMax);
        Asks = new DepthSide(Side.Sell, levelsMax);
    }

    public TradingStatus Status { get; set; }
    /// <summary>Whether what is displayed is known: nothing fills while it is not.</summary>
    public bool IsKnown => !_gap && (!_bridged || (_hasSnapshot && !_firstAfterSnapshot));
    public bool AllowsTrading => Status is TradingStatus.Unknown or TradingStatus.Trading;
    /// <summary>True while level events of the current batch must be held until the snapshot comes.</summary>
    public bool Holds => _batch == Batch.Hold;

    public DepthSide SideOf(Side side) => side == Side.Buy ? Bids : Asks;

    /// <summary>True when the quote stream's best is newer than the levels.</summary>
    private bool QuoteLeads => _hasQuote && (!_hasDepth || !IsKnown || (int)(_quoteIdLow - (uint)_lastUpdateId) > 0);

    public void OnQuote(in Quote quote)
    {
        // The same quote again is no new liquidity, so what we used of it stays used.
        if (!_hasQuote || quote.BidPriceUnits != _quoteBid || quote.BidQuantityUnits != _quoteBidUnits) _quoteBidUsed = 0;
        if (!_hasQuote || quote.AskPriceUnits != _quoteAsk || quote.AskQuantityUnits != _quoteAskUnits) _quoteAskUsed = 0;
        (_quoteBid, _quoteBidUnits) = (quote.BidPriceUnits, quote.BidQuantityUnits);
        (_quoteAsk, _quoteAskUnits) = (quote.AskPriceUnits, quote.AskQuantityUnits);
        _quoteIdLow = quote.UpdateIdLow;
        _hasQuote = true;
    }

    public void OnDepthUpdate(in UpdateRange update)
    {
        _bridged = true;
        if (!_hasSnapshot) { _batch = Batch.Hold; return; }
        if (update.LastUpdateId < _lastUpdateId) { _batch = Batch.Skip; return; }
        bool follows = _firstAfterSnapshot
            ? update.FirstUpdateId <= _lastUpdateId + 1
            : update.PreviousUpdateId != 0 ? update.PreviousUpdateId == _lastUpdateId : update.FirstUpdateId <= _lastUpdateId + 1;
        if (!follows)
        {
            _hasSnapshot = false;
            _batch = Batch.Hold;
            return;
        }
        _firstAfterSnapshot = false;
        _lastUpdateId = update.LastUpdateId;
        _batch = Batch.Apply;
    }

    public void OnSnapshot(in UpdateRange snapshot)
    {
        _bridged = _hasDepth = true;
        _gap = false;
        _batch = Batch.Snapshot;
        _lastUpdateId = snapshot.LastUpdateId;
        Bids.Clear();
        Asks.Clear();
    }

    public void OnSnapshotEnd()
    {
        _hasSnapshot = _firstAfterSnapshot = true;
        _batch = Batch.Skip;
    }

    public void OnLevel(in Tick tick)
    {
        if (_batch is Batch.Hold or Batch.Skip) return;
        _hasDepth = true;
        SideOf(tick.Side).Set(tick.PriceUnits, tick.QuantityUnits);
    }

    /// <summary>An order-by-order feed changed a level.</summary>
    public void OnOrderChange(Side side, long priceUnits, long byUnits)
    {
        _hasDepth = true;
        SideOf(side).Change(priceUnits, byUnits);
    }

    public void OnCleared(bool complete)
    {
        Bids.Clear();
        Asks.Clear();
        _hasSnapshot = false;
        _hasQuote = false;
        _gap = !complete;
    }

    public void OnGap() => _gap = true;

    /// <summary>Displayed quantity at a price: the queue that an order arriving there stands behind.</summary>
    public long Displayed(Side side, long priceUnits)
    {
        DepthSide levels = SideOf(side);
        if (QuoteLeads)
        {
            (long best, long units, _) = QuoteOf(side);
            if (units > 0 && priceUnits == best) return units;
            if (units == 0 || levels.IsBetter(priceUnits, best)) return 0;
        }
        return levels.Displayed(priceUnits);
    }

    /// <summary>
    /// The next level of <paramref name="side"/> that a taker can still use, best first; <paramref name="cursor"/> starts at 0. Where the quote stream leads,
    /// its best comes first and levels that claim to be as good or better are passed over: they are out of date.
    /// </summary>
    public bool NextLevel(Side side, ref int cursor, out long priceUnits, out long availableUnits)
    {
        DepthSide levels = SideOf(side);
        bool quoteLeads = QuoteLeads;
        (long best, long units, long used) = quoteLeads ? QuoteOf(side) : default;
        if (cursor == 0)
        {
            cursor = 1;
            if (quoteLeads && units > 0)
            {
                (priceUnits, availableUnits) = (best, Math.Max(0, units - used));
                return true;
            }
        }
        while (cursor - 1 < levels.Count)
        {
            int depth = cursor++ - 1;
            priceUnits = levels.PriceFromBest(depth);
            if (quoteLeads && (units == 0 || priceUnits == best || levels.IsBetter(priceUnits, best))) continue;
            availableUnits = levels.AvailableFromBest(depth);
            return true;
        }
        (priceUnits, availableUnits) = (0, 0);
        return false;
    }

    /// <summary>Our own fill used up displayed quantity.</summary>
    public void Use(Side side, long priceUnits, long units)
    {
        SideOf(side).Use(priceUnits, units);
        if (!_hasQuote) return;
        if (side == Side.Buy && priceUnits == _quoteBid) _quoteBidUsed += units;
        if (side == Side.Sell && priceUnits == _quoteAsk) _quoteAskUsed += units;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private (long Price, long Units, long Used) QuoteOf(Side side) =>
        side == Side.Buy ? (_quoteBid, _quoteBidUnits, _quoteBidUsed) : (_quoteAsk, _quoteAskUnits, _quoteAskUsed);
}
