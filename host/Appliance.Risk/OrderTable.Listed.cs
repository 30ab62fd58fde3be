using System.Runtime.CompilerServices;
using Appliance.Contract;

namespace Appliance.Risk;

/// <summary>
/// What an order mass status says: the venue lists the orders that stand. One that it does not list has to be asked about by itself, for why it is gone nobody has said; one that nobody here
/// knows is taken up as found: it counts against every limit and can be withdrawn. What such an order filled before it was found moves no position: that was nobody's to book, and is not guessed.
/// </summary>
public sealed partial class OrderTable
{
    /// <summary>Orders found at the venue that still work.</summary>
    public int FoundCount { get; private set; }

    /// <summary>The venue is asked which orders stand.</summary>
    internal void BeginListing()
    {
        for (int i = 0; i < _liveCount; i++) _records[_live[i]].AwaitsListing = true;
    }

    /// <summary>It has listed all: live orders that it did not speak of are unconfirmed.</summary>
    internal void EndListing()
    {
        for (int i = 0; i < _liveCount; i++)
        {
            ref OrderRecord r = ref _records[_live[i]];
            if (!r.AwaitsListing) continue;
            r.AwaitsListing = false;
            if (r.IsUnconfirmed) continue;
            r.IsUnconfirmed = true;
            UnconfirmedCount++;
        }
    }

    /// <summary>A report of the list.</summary>
    /// <param name="portfolio">To which an order counts that nobody here knows.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal ExecutionEffect OnListed(in Execution e, int portfolio)
    {
        if (e.TimeUtcNs > _nowUtcNs) _nowUtcNs = e.TimeUtcNs;
        bool works = e.OrderStatus is not (OrderStatus.Unknown or OrderStatus.Filled or OrderStatus.Cancelled or OrderStatus.Expired or OrderStatus.Rejected or OrderStatus.DoneForDay);
        int slot = Find(e.ClientOrderId);
        if (slot < 0)
        {
            if (works) TakeFound(in e, portfolio);
            return new ExecutionEffect { Instrument = e.Instrument, Portfolio = ExecutionEffect.NoPortfolio, Side = e.Side, TimeUtcNs = e.TimeUtcNs };
        }
        ref OrderRecord r = ref _records[slot];
        // The list is newer than the answer to an amend that was lost with an earlier session.
        if (works && e.ClientOrderId == r.PendingAmendId) OnReplaced(slot, in e);
        ExecutionEffect effect = OnExecution(in e);
        // We took it for unsent, unknown or ended, and it stands there.
        if (works && r.IsDone && r.QuantityUnits > r.CumulativeQuantityUnits)
        {
            ContradictEnd(slot);
            Recount(ref r);
        }
        return effect;
    }

    /// <summary>An order that had ended here works at the venue: no portfolio waits for it any more.</summary>
    private void ContradictEnd(int slot)
    {
        ref OrderRecord r = ref _records[slot];
        Counters.ContradictedEnds++;
        r.IsAcknowledged = true;
        Reopen(slot);
        BecomeFound(ref r);
    }

    private void TakeFound(in Execution e, int portfolio)
    {
        bool isSound = e.Side is Side.Buy or Side.Sell && e.Instrument < _exposures.Length && e.LastQuantityUnits is > 0 and <= FilledUnitsMax && e.CumulativeQuantityUnits >= 0 && e.CumulativeQuantityUnits < e.LastQuantityUnits;
        if (!isSound) { Counters.Malformed++; return; }
        int slot = portfolio >= 0 && portfolio < _portfolios.Length && HasRoomToWork(e.Instrument, portfolio, e.Side, e.LastQuantityUnits - e.CumulativeQuantityUnits) ? TakeSlot() : -1;
        if (slot < 0) { Counters.UnknownOrdersUntaken++; return; }
        Counters.UnknownOrders++;
        ref OrderRecord r = ref _records[slot];
        uint use = r.Use + 1;
        r = default;
        r.Use = use;
        r.FirstId = r.CurrentId = e.ClientOrderId;
        // A price that is no limit's (a market order that waits) reaches everything of ours.
        r.PriceUnits = e.LastPriceUnits is > 0 and <= InstrumentLimits.UnitsMax ? e.LastPriceUnits : e.Side == Side.Buy ? InstrumentLimits.UnitsMax : 1;
        r.QuantityUnits = e.LastQuantityUnits;
        r.CumulativeQuantityUnits = e.CumulativeQuantityUnits;
        r.Instrument = e.Instrument;
        r.Portfolio = (ushort)portfolio;
        r.Side = e.Side;
        r.TimeInForce = TimeInForce.Day;
        r.IsAcknowledged = true;
        r.OpenedUtcNs = _nowUtcNs;
        AddLive(slot);
        ConsiderBest(in r);
        Index(e.ClientOrderId, slot);
        BecomeFound(ref r);
        Recount(ref r);
    }

    private void BecomeFound(ref OrderRecord r)
    {
        if (r.IsFound) return;
        r.IsFound = true;
        FoundCount++;
    }
}
