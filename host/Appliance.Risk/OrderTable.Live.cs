using Appliance.Contract;

namespace Appliance.Risk;

/// <summary>
/// Which orders live: over all instruments as a dense list, within an instrument as a linked one, and the best price of ours on each of its sides, so that an
/// order that would trade with ourselves is seen at once.
/// </summary>
public sealed partial class OrderTable
{
    private void AddLive(int slot)
    {
        ref OrderRecord r = ref _records[slot];
        r.LiveIndex = _liveCount;
        _live[_liveCount++] = slot;
        ref InstrumentExposure exposure = ref _exposures[r.Instrument];
        exposure.LiveOrders++;
        if (r.Side == Side.Buy) exposure.LiveBuys++; else exposure.LiveSells++;
        r.PreviousLive = -1;
        r.NextLive = exposure.FirstLive;
        if (exposure.FirstLive >= 0) _records[exposure.FirstLive].PreviousLive = slot;
        exposure.FirstLive = slot;
    }

    private void Finish(int slot, OrderEnd end)
    {
        ref OrderRecord r = ref _records[slot];
        if (r.IsDone) return;
        r.End = end;
        if (r.IsFound) FoundCount--;
        int moved = _live[--_liveCount];
        _live[r.LiveIndex] = moved;
        _records[moved].LiveIndex = r.LiveIndex;
        ref InstrumentExposure exposure = ref _exposures[r.Instrument];
        exposure.LiveOrders--;
        if (r.Side == Side.Buy) exposure.LiveBuys--; else exposure.LiveSells--;
        if (r.PreviousLive >= 0) _records[r.PreviousLive].NextLive = r.NextLive; else exposure.FirstLive = r.NextLive;
        if (r.NextLive >= 0) _records[r.NextLive].PreviousLive = r.PreviousLive;
        DoubtBest(in r);
        if (!r.InReuseQueue)
        {
            r.InReuseQueue = true;
            _reuse[(_reuseHead + _reuseCount++) & (_records.Length - 1)] = slot;
        }
    }

    private void Reopen(int slot)
    {
        ref OrderRecord r = ref _records[slot];
        r.End = OrderEnd.None;
        if (r.IsFound) FoundCount++;
        AddLive(slot);
        ConsiderAgain(in r);
        Counters.Reopened++;
    }

    /// <summary>Whether an order at this price could trade with a live one of ours: on the other side, at its price or better.</summary>
    internal bool WouldMatchOwn(int instrument, Side side, long priceUnits)
    {
        ref InstrumentExposure exposure = ref _exposures[instrument];
        if (side == Side.Buy)
        {
            if (exposure.LiveSells == 0 || priceUnits < exposure.BestSellUnits) return false;
            if (exposure.IsBestSellStale) FindBest(instrument, Side.Sell);
            return priceUnits >= exposure.BestSellUnits;
        }
        if (exposure.LiveBuys == 0 || priceUnits > exposure.BestBuyUnits) return false;
        if (exposure.IsBestBuyStale) FindBest(instrument, Side.Buy);
        return priceUnits <= exposure.BestBuyUnits;
    }

    /// <summary>A live order came, and is counted already.</summary>
    private void ConsiderBest(in OrderRecord r)
    {
        ref InstrumentExposure exposure = ref _exposures[r.Instrument];
        if (r.Side == Side.Buy)
        {
            if (exposure.LiveBuys == 1 || r.PriceUnits > exposure.BestBuyUnits) (exposure.BestBuyUnits, exposure.IsBestBuyStale) = (r.PriceUnits, false);
        }
        else if (exposure.LiveSells == 1 || r.PriceUnits < exposure.BestSellUnits) (exposure.BestSellUnits, exposure.IsBestSellStale) = (r.PriceUnits, false);
    }

    /// <summary>A live order whose price the venue moved, or that lives again: an amend of it may still be unanswered.</summary>
    private void ConsiderAgain(in OrderRecord r)
    {
        ConsiderBest(in r);
        if (r.PendingAmendId != 0) ConsiderPending(in r);
    }

    /// <summary>Until the venue has answered an amend, the order may trade at the old price or at the new one.</summary>
    private void ConsiderPending(in OrderRecord r)
    {
        ref InstrumentExposure exposure = ref _exposures[r.Instrument];
        if (r.Side == Side.Buy)
        {
            if (r.PendingPriceUnits > exposure.BestBuyUnits) (exposure.BestBuyUnits, exposure.IsBestBuyStale) = (r.PendingPriceUnits, false);
        }
        else if (r.PendingPriceUnits < exposure.BestSellUnits) (exposure.BestSellUnits, exposure.IsBestSellStale) = (r.PendingPriceUnits, false);
    }

    /// <summary>An order went, or its price changed: the best may be worse now. It is looked for when somebody asks and it matters.</summary>
    private void DoubtBest(in OrderRecord r)
    {
        ref InstrumentExposure exposure = ref _exposures[r.Instrument];
        if (r.Side == Side.Buy) exposure.IsBestBuyStale = true; else exposure.IsBestSellStale = true;
    }

    private void FindBest(int instrument, Side side)
    {
        ref InstrumentExposure exposure = ref _exposures[instrument];
        long best = side == Side.Buy ? long.MinValue : long.MaxValue;
        for (int slot = exposure.FirstLive; slot >= 0; slot = _records[slot].NextLive)
        {
            ref OrderRecord r = ref _records[slot];
            if (r.Side != side) continue;
            long price = r.PriceUnits;
            if (r.PendingAmendId != 0) price = side == Side.Buy ? Math.Max(price, r.PendingPriceUnits) : Math.Min(price, r.PendingPriceUnits);
            best = side == Side.Buy ? Math.Max(best, price) : Math.Min(best, price);
        }
        if (side == Side.Buy) (exposure.BestBuyUnits, exposure.IsBestBuyStale) = (best, false);
        else (exposure.BestSellUnits, exposure.IsBestSellStale) = (best, false);
    }
}
