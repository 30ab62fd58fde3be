using Appliance.Contract;

namespace Appliance.Flow.Market;

/// <summary>Level feeds, quotes, and the bridging of diffs to a snapshot.</summary>
public sealed partial class MarketState
{
    private void SetLevel(ref Tick tick)
    {
        InstrumentBook? book = Touch(tick.Instrument, tick.Source, tick.TimeUtcNs);
        if (book is null)
            return;
        if (book.Feed == BookFeed.Levels || (book.Feed == BookFeed.BridgedLevels && book.BatchOpen && book.BatchVerdict == UpdateVerdict.Apply))
            SetLevel(book, tick.Side, tick.PriceUnits, tick.QuantityUnits);
        else if (book.Feed == BookFeed.BridgedLevels && book.BatchOpen)
        {
            if (book.BatchVerdict == UpdateVerdict.Hold)
                Counters.HeldUpdatesDropped += book.Bridge!.HoldLevel(tick.Side, tick.PriceUnits, tick.QuantityUnits);
        }
        else
        {
            Counters.RejectedEvents++;
        }
    }

    private void SetLevel(InstrumentBook book, Side side, long priceUnits, long quantityUnits)
    {
        if (side is not (Side.Buy or Side.Sell) || quantityUnits < 0)
        {
            Counters.RejectedEvents++;
            return;
        }
        LevelSide levels = book.SideOf(side);
        long dropped = levels.Dropped;
        levels.Set(priceUnits, quantityUnits);
        NoteLevels(levels, dropped);
        // Without identifiers, what came last is the newest; with them, the end of the batch decides.
        if (book.Feed == BookFeed.Levels)
            book.DepthReached();
    }

    private void NoteLevels(LevelSide levels, long droppedBefore)
    {
        if (levels.Count > Counters.LevelsMax)
            Counters.LevelsMax = levels.Count;
        Counters.LevelsDropped += levels.Dropped - droppedBefore;
    }

    private void SetQuote(ref Quote quote)
    {
        InstrumentBook? book = Touch(quote.Instrument, quote.Source, quote.TimeUtcNs);
        if (book is null)
            return;
        if (book.Feed == BookFeed.Orders)
            Counters.RejectedEvents++;
        else if (!book.TakeQuote(in quote))
            Counters.StaleQuotes++;
    }

    private void TakeTrade(ref Tick tick)
    {
        // A print that is not for last-sale statistics (a cross, an odd lot, one out of sequence) is no sign of who presses now.
        if (Touch(tick.Instrument, tick.Source, tick.TimeUtcNs) is not null && (tick.Flags & EventFlags.NotLastSale) == 0)
            _features[tick.Instrument].OnTrade(tick.TimeUtcNs, tick.Side, tick.PriceUnits, tick.QuantityUnits);
    }

    private void OpenUpdate(ref UpdateRange update)
    {
        InstrumentBook? book = Touch(update.Instrument, update.Source, update.TimeUtcNs);
        if (book is null)
            return;
        if (book.Feed == BookFeed.Levels)
            return;
        if (book.Bridge is not { } bridge)
        {
            Counters.RejectedEvents++;
            return;
        }
        if (book.BatchOpen)
            CloseBatch(book);
        UpdateVerdict verdict = bridge.Judge(update.FirstUpdateId, update.LastUpdateId, update.PreviousUpdateId);
        if (verdict == UpdateVerdict.Stale)
            Counters.StaleUpdates++;
        if (verdict == UpdateVerdict.Break)
        {
            Break(book, bridge);
            verdict = UpdateVerdict.Hold;
        }
        if (verdict == UpdateVerdict.Hold)
            Counters.HeldUpdatesDropped += bridge.HoldHeader(in update);
        book.BatchOpen = true;
        book.BatchVerdict = verdict;
        book.BatchLastUpdateId = update.LastUpdateId;
    }

    private void OpenSnapshot(ref UpdateRange snapshot)
    {
        InstrumentBook? book = Touch(snapshot.Instrument, snapshot.Source, snapshot.TimeUtcNs);
        if (book is null)
            return;
        if (book.Feed is not (BookFeed.Levels or BookFeed.BridgedLevels))
        {
            Counters.RejectedEvents++;
            return;
        }
        if (book.BatchOpen)
            CloseBatch(book);
        book.BatchOpen = true;
        book.BatchLastUpdateId = snapshot.LastUpdateId;
        if (book.Bridge is { } bridge)
        {
            // A bridged book is ahead of any snapshot that was asked for before: going back to it would lose what came since.
            if (bridge.Phase == BridgePhase.Bridged)
            {
                Counters.SnapshotsIgnored++;
                book.BatchVerdict = UpdateVerdict.Stale;
                return;
            }
            bridge.Phase = BridgePhase.LoadingSnapshot;
        }
        book.BatchVerdict = UpdateVerdict.Apply;
        book.Complete = false;
        book.Bids.Clear();
        book.Asks.Clear();
    }

    private void CloseSnapshot(ref RingEvent e)
    {
        InstrumentBook? book = Touch(e.Instrument, e.Source, e.TimeUtcNs);
        if (book is null || !book.BatchOpen)
            return;
        book.BatchOpen = false;
        if (book.BatchVerdict != UpdateVerdict.Apply)
            return;
        if (book.Bridge is { Phase: BridgePhase.LoadingSnapshot } bridge)
        {
            bridge.LastUpdateId = book.BatchLastUpdateId;
            bridge.Phase = BridgePhase.AwaitingFirst;
            ReplayHeld(book, bridge);
        }
        else if (book.Bridge is null)
        {
            book.Complete = true;
        }
        book.DepthReached();
    }

    /// <summary>Applies what was held before the snapshot, up to its end or to the first break; what stands behind a break stays held for the next snapshot.</summary>
    private void ReplayHeld(InstrumentBook book, DepthBridge bridge)
    {
        while (bridge.HeldCount > 0)
        {
            HeldEvent header = bridge.Oldest;
            switch (bridge.Judge(header.FirstUpdateIdOrPrice, header.LastUpdateIdOrQuantity, header.PreviousUpdateId))
            {
                case UpdateVerdict.Stale:
                    Counters.StaleUpdates++;
                    bridge.DropOldestUpdate();
                    break;
                case UpdateVerdict.Apply:
                    bridge.DropOldest();
                    while (bridge.HeldCount > 0 && bridge.Oldest.Side != Side.None)
                    {
                        HeldEvent level = bridge.Oldest;
                        bridge.DropOldest();
                        SetLevel(book, level.Side, level.FirstUpdateIdOrPrice, level.LastUpdateIdOrQuantity);
                    }
                    Reach(book, bridge, header.LastUpdateIdOrQuantity);
                    break;
                default:
                    Break(book, bridge);
                    return;
            }
        }
    }

    /// <summary>The batch's levels are all there (its mark has come, or another batch opens).</summary>
    private void CloseBatch(InstrumentBook book)
    {
        // A snapshot ends with DepthSnapshotEnd; a mark before that settles an incomplete book.
        if (book.Bridge is not { } bridge || bridge.Phase == BridgePhase.LoadingSnapshot)
            return;
        book.BatchOpen = false;
        if (book.BatchVerdict != UpdateVerdict.Apply)
            return;
        Reach(book, bridge, book.BatchLastUpdateId);
        book.DepthReached();
    }

    private void Reach(InstrumentBook book, DepthBridge bridge, long lastUpdateId)
    {
        bridge.LastUpdateId = lastUpdateId;
        if (bridge.Phase != BridgePhase.AwaitingFirst)
            return;
        bridge.Phase = BridgePhase.Bridged;
        book.Complete = true;
        Counters.Bridged++;
    }

    private void Break(InstrumentBook book, DepthBridge bridge)
    {
        Counters.BridgeBreaks++;
        bridge.Phase = BridgePhase.AwaitingSnapshot;
        book.Complete = false;
    }
}
