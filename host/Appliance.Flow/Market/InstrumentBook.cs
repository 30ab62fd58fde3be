using System.Runtime.CompilerServices;
using Appliance.Contract;

namespace Appliance.Flow.Market;

/// <summary>One instrument's book: its two sides, its quote stream, and what is known of its wholeness. <see cref="MarketState"/> drives it.</summary>
internal sealed class InstrumentBook
{
    public readonly LevelSide Bids, Asks;
    public readonly BookFeed Feed;
    public readonly bool StartsComplete;
    /// <summary>Only of bridged feeds.</summary>
    public readonly DepthBridge? Bridge;

    /// <summary>Known to be whole, as far as sequence, snapshot and room go.</summary>
    public bool Complete;
    /// <summary>Inside a batch of levels, or a snapshot: the sides are between two states of the venue's book, and the top waits.</summary>
    public bool BatchOpen;
    /// <summary>What the open batch's levels are for.</summary>
    public UpdateVerdict BatchVerdict;
    /// <summary>The open batch's u.</summary>
    public long BatchLastUpdateId;
    /// <summary>Touched since its last settling, and so on the list of those that wait for a mark.</summary>
    public bool IsTouched;
    /// <summary>On the list that <see cref="MarketState.Dirty"/> shows.</summary>
    public bool IsDirty;
    /// <summary>The source of the last event: only that source's mark ends the transaction that is open.</summary>
    public ushort LastSource;
    /// <summary>A bit for each source (modulo 64) that has spoken of this instrument: what concerns a whole source concerns these.</summary>
    public ulong Sources;
    public long LastTimeUtcNs;

    private bool _quoteStands;
    private uint _quoteUpdateIdLow;
    private long _quoteBid, _quoteBidQuantity, _quoteAsk, _quoteAskQuantity;

    public InstrumentBook(InstrumentFeed feed, MarketOptions options)
    {
        Feed = feed.Feed;
        StartsComplete = feed.StartsComplete;
        int levels = Feed == BookFeed.Quotes ? 0 : options.LevelsPerSide;
        Bids = new LevelSide(Side.Buy, levels, options.LevelsFull);
        Asks = new LevelSide(Side.Sell, levels, options.LevelsFull);
        Bridge = Feed == BookFeed.BridgedLevels ? new DepthBridge(options.HeldEventsPerInstrument) : null;
        Void(StartsComplete);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public LevelSide SideOf(Side side) => side == Side.Buy ? Bids : Asks;

    /// <summary>Empties the book. Bridged feeds and quotes are whole only by what comes next, whatever <paramref name="complete"/> says.</summary>
    public void Void(bool complete)
    {
        Bids.Clear();
        Asks.Clear();
        Bridge?.Reset();
        BatchOpen = false;
        _quoteStands = false;
        Complete = complete && (Feed is BookFeed.Orders or BookFeed.Levels);
    }

    /// <summary>
    /// Takes a quote unless it is older than the depth or than the quote that stands. The identifiers' low halves are compared by signed difference; feeds without
    /// bridging have no identifiers, and there the later event is the newer.
    /// </summary>
    /// <returns>False when the quote is stale.</returns>
    public bool TakeQuote(in Quote quote)
    {
        if (Bridge is { } bridge)
        {
            if (_quoteStands && (int)(quote.UpdateIdLow - _quoteUpdateIdLow) < 0)
                return false;
            if (bridge.Phase >= BridgePhase.AwaitingFirst && (int)(quote.UpdateIdLow - (uint)bridge.LastUpdateId) <= 0)
                return false;
        }
        _quoteStands = true;
        _quoteUpdateIdLow = quote.UpdateIdLow;
        _quoteBid = quote.BidPriceUnits;
        _quoteBidQuantity = quote.BidQuantityUnits;
        _quoteAsk = quote.AskPriceUnits;
        _quoteAskQuantity = quote.AskQuantityUnits;
        if (Feed == BookFeed.Quotes)
            Complete = true;
        return true;
    }

    /// <summary>The depth has reached a state of the venue's book: a quote that is not newer has nothing more to say.</summary>
    public void DepthReached()
    {
        if (_quoteStands && (Bridge is not { } bridge || (int)(_quoteUpdateIdLow - (uint)bridge.LastUpdateId) <= 0))
            _quoteStands = false;
    }

    /// <summary>
    /// Writes the best and the book's state. The top is taken whole from whichever of quote and depth is the newer, never a side from each: each of the two is a
    /// state that the venue's book had, and so is not crossed by their race.
    /// </summary>
    public void WriteTop(ref TopOfBook top)
    {
        if (_quoteStands)
        {
            top.BidPriceUnits = _quoteBid;
            top.BidQuantityUnits = _quoteBidQuantity;
            top.AskPriceUnits = _quoteAsk;
            top.AskQuantityUnits = _quoteAskQuantity;
        }
        else
        {
            Bids.Best(out top.BidPriceUnits, out top.BidQuantityUnits);
            Asks.Best(out top.AskPriceUnits, out top.AskQuantityUnits);
        }
        top.TimeUtcNs = LastTimeUtcNs;
        top.State = !Complete ? BookState.Incomplete
            : top.BidQuantityUnits <= 0 || top.AskQuantityUnits <= 0 ? BookState.OneSided
            : top.BidPriceUnits >= top.AskPriceUnits ? BookState.Crossed
            : BookState.Ready;
    }

    /// <summary>Levels from the best on: the top as <see cref="WriteTop"/> has it, then the depth behind it.</summary>
    public int CopyLevels(Side side, Span<PriceLevel> into)
    {
        if (!_quoteStands || into.IsEmpty)
            return SideOf(side).CopyTo(into);
        long price = side == Side.Buy ? _quoteBid : _quoteAsk;
        long quantity = side == Side.Buy ? _quoteBidQuantity : _quoteAskQuantity;
        if (quantity <= 0)
            return 0;
        into[0] = new PriceLevel(price, quantity);
        return 1 + SideOf(side).CopyTo(into[1..], worseThan: price);
    }
}
