using System.Runtime.CompilerServices;
using Appliance.Contract;

namespace Appliance.Risk;

/// <summary>
/// The venue's answers. Fills go by the cumulative quantity, so a repeated report changes nothing and a lost one is made good by the next. Nothing the
/// venue says is a programmer's error: what does not fit is counted.
/// </summary>
public sealed partial class OrderTable
{
    /// <summary>The unknown order of which an execution was taken back by the last event, to be booked anew by the next; 0 for none.</summary>
    private ulong _takenBackId;

    internal ExecutionEffect OnExecution(in Execution e)
    {
        if (e.TimeUtcNs > _nowUtcNs) _nowUtcNs = e.TimeUtcNs;
        int slot = Find(e.ClientOrderId);
        if (slot < 0) return OnUnknown(in e);
        ref OrderRecord r = ref _records[slot];
        if (e.Side != Side.None && e.Side != r.Side) Counters.Malformed++;
        else if (e.Instrument != RingEvent.AllInstruments && e.Instrument != r.Instrument) Counters.Malformed++;
        bool isFirst = !r.HasFill;
        long decisionTwiceMid = r.DecisionTwiceMidUnits;
        long filled = ApplyCumulative(slot, in e, out long price);
        long rejectsBefore = Counters.RejectedByVenue + Counters.AmendsRefused + Counters.CancelsRefused;
        // What may be a repetition and yet moves the position was not heard before: after an outage the venue tells everything so.
        bool isNews = (e.Flags & EventFlags.PossibleDuplicate) == 0 || filled != 0;
        ApplyKind(slot, in e, isNews);
        if ((e.Flags & EventFlags.PossibleDuplicate) == 0) r.AwaitsListing = false;
        // That it never left, or that the venue does not know it, was a conclusion of ours: the venue's report of a working order is better evidence.
        if (isNews && r.End is OrderEnd.Unsent or OrderEnd.UnknownToVenue && SaysThatItWorks(in e) && r.QuantityUnits > r.CumulativeQuantityUnits) ContradictEnd(slot);
        if (r.IsUnconfirmed && (r.IsDone || (e.Flags & EventFlags.PossibleDuplicate) == 0)) Confirm(ref r);
        Recount(ref r);
        return new ExecutionEffect
        {
            IsKnown = true, Instrument = r.Instrument, Portfolio = r.Portfolio, Side = r.Side, TimeUtcNs = e.TimeUtcNs, FilledUnits = filled, PriceUnits = price,
            DecisionTwiceMidUnits = decisionTwiceMid, AddedLiquidity = (e.Flags & EventFlags.AddedLiquidity) != 0, IsFirstFill = isFirst && filled > 0 && e.ExecutionKind != ExecutionKind.TradeCorrected,
            IsCorrection = e.ExecutionKind == ExecutionKind.TradeCorrected || (e.Flags & EventFlags.MoreFollows) != 0,
            IsReject = Counters.RejectedByVenue + Counters.AmendsRefused + Counters.CancelsRefused != rejectsBefore,
        };
    }

    /// <summary>The request did not leave, or the venue never received it: it is as if the venue had refused it.</summary>
    /// <returns>The order's slot, −1 when nothing changed.</returns>
    internal int OnUnsent(in Execution e)
    {
        int slot = Find(e.ClientOrderId);
        if (slot < 0) { Counters.UnknownIds++; return -1; }
        ref OrderRecord r = ref _records[slot];
        ulong id = e.ClientOrderId;
        if (id == r.PendingCancelId) ClearCancel(ref r);
        else if (id == r.PendingAmendId) ClearAmend(ref r);
        else if (id == r.FirstId && !r.IsAcknowledged && !r.IsDone) { r.RefusedRequests++; Finish(slot, OrderEnd.Unsent); }
        else { Counters.Repeated++; return -1; }
        Counters.Unsent++;
        if (r.IsDone) Confirm(ref r);
        Recount(ref r);
        return slot;
    }

    /// <summary>
    /// A fill of an order that the table does not know (of an earlier run, or long since reused) is still a fact about the position, and so is a bust, which comes minutes after its trade. A
    /// correction is one where the execution was taken back before it; alone it says what the terms are now and not what they were, and only its counter tells. A possible duplicate is not
    /// believed, for there is no cumulative quantity to tell it by.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private ExecutionEffect OnUnknown(in Execution e)
    {
        Counters.UnknownIds++;
        bool isTakenBack = e.ExecutionKind == ExecutionKind.TradeCancelled;
        bool wasTakenBack = _takenBackId != 0 && _takenBackId == e.ClientOrderId;
        _takenBackId = isTakenBack && (e.Flags & EventFlags.MoreFollows) != 0 ? e.ClientOrderId : 0;
        bool moves = (e.ExecutionKind == ExecutionKind.Trade || isTakenBack || (e.ExecutionKind == ExecutionKind.TradeCorrected && wasTakenBack))
            && (e.Flags & EventFlags.PossibleDuplicate) == 0 && (e.Side is Side.Buy or Side.Sell) && e.Instrument < _exposures.Length && e.LastQuantityUnits is > 0 and <= FilledUnitsMax;
        if (!moves)
        {
            if (e.ExecutionKind is ExecutionKind.Trade or ExecutionKind.TradeCancelled or ExecutionKind.TradeCorrected) Counters.UnbookedExecutions++;
            return new ExecutionEffect { Instrument = e.Instrument, Portfolio = ExecutionEffect.NoPortfolio, Side = e.Side, TimeUtcNs = e.TimeUtcNs };
        }
        if (e.ExecutionKind == ExecutionKind.Trade) Counters.UnknownFills++;
        else if (e.ExecutionKind == ExecutionKind.TradeCorrected) Counters.CorrectedTrades++;
        else if ((e.Flags & EventFlags.MoreFollows) == 0) Counters.BustedTrades++;
        long units = isTakenBack ? -e.LastQuantityUnits : e.LastQuantityUnits;
        MovePosition(e.Instrument, ExecutionEffect.NoPortfolio, e.Side, units);
        return new ExecutionEffect
        {
            Instrument = e.Instrument, Portfolio = ExecutionEffect.NoPortfolio, Side = e.Side, TimeUtcNs = e.TimeUtcNs, FilledUnits = units,
            PriceUnits = e.LastPriceUnits, AddedLiquidity = (e.Flags & EventFlags.AddedLiquidity) != 0,
            IsCorrection = e.ExecutionKind == ExecutionKind.TradeCorrected || (e.Flags & EventFlags.MoreFollows) != 0,
        };
    }

    private long ApplyCumulative(int slot, in Execution e, out long priceUnits)
    {
        ref OrderRecord r = ref _records[slot];
        priceUnits = e.LastPriceUnits;
        if (!CarriesCumulative(e.ExecutionKind)) return 0;
        bool isBust = e.ExecutionKind == ExecutionKind.TradeCancelled, isCorrection = e.ExecutionKind == ExecutionKind.TradeCorrected;
        long cumulative = e.CumulativeQuantityUnits;
        if (cumulative is < 0 or > FilledUnitsMax) { Counters.Malformed++; return 0; }
        long change = cumulative - r.CumulativeQuantityUnits;
        if (change == 0 || (change < 0 && !isBust && !isCorrection) || (change > 0 && isBust))
        {
            if (e.ExecutionKind is ExecutionKind.Trade or ExecutionKind.TradeCancelled) Counters.Repeated++;
            return 0;
        }
        if (e.ExecutionKind == ExecutionKind.Trade || isBust || isCorrection)
        {
            // A bust need not repeat the price; where nobody knows it any more, the order's is nearest.
            if (isBust && priceUnits == 0) priceUnits = r.PriceUnits;
            // The part of a correction that takes the old terms back is counted with the correction.
            if (isBust) Counters.BustedTrades += (e.Flags & EventFlags.MoreFollows) != 0 ? 0 : 1;
            else if (!isCorrection) Counters.Fills++;
        }
        else
        {
            Counters.InferredFills++;
            priceUnits = r.PriceUnits;
        }
        if (change > 0 && r.IsDone && !isCorrection) Counters.LateFills++;
        if (cumulative > Math.Max(r.QuantityUnits, r.PendingAmendId != 0 ? r.PendingQuantityUnits : 0)) Counters.Overfills++;
        r.CumulativeQuantityUnits = cumulative;
        MovePosition(r.Instrument, r.Portfolio, r.Side, change);
        return change;
    }

    private static bool CarriesCumulative(ExecutionKind kind) => kind is ExecutionKind.Trade or ExecutionKind.Cancelled or ExecutionKind.Expired
        or ExecutionKind.Replaced or ExecutionKind.Restated or ExecutionKind.Status or ExecutionKind.DoneForDay or ExecutionKind.PendingCancel
        or ExecutionKind.PendingReplace or ExecutionKind.TradeCancelled or ExecutionKind.TradeCorrected or ExecutionKind.Stopped or ExecutionKind.Suspended or ExecutionKind.Calculated
        or ExecutionKind.TradeHeld or ExecutionKind.TradeReleased or ExecutionKind.Triggered or ExecutionKind.Locked or ExecutionKind.Released;

    /// <summary>A fill of nobody's order that is put down to a portfolio all the same.</summary>
    internal void MoveHedge(int portfolio, Side side, long quantityUnits) => Move(ref _portfolios[portfolio].PositionUnits, side == Side.Buy ? quantityUnits : -quantityUnits);

    private void MovePosition(int instrument, int portfolio, Side side, long quantityUnits)
    {
        long signed = side == Side.Buy ? quantityUnits : -quantityUnits;
        Move(ref _exposures[instrument].PositionUnits, signed);
        if (portfolio < _portfolios.Length) Move(ref _portfolios[portfolio].PositionUnits, signed);
    }

    /// <summary>Saturating: a venue that reports fills beyond all bounds must not wrap the position round to the other sign.</summary>
    private static void Move(ref long position, long signed) => position = Math.Clamp(position + signed, -SumUnitsMax, SumUnitsMax);

    private void ApplyKind(int slot, in Execution e, bool isNews)
    {
        ref OrderRecord r = ref _records[slot];
        ulong id = e.ClientOrderId;
        switch (e.ExecutionKind)
        {
            case ExecutionKind.New:
                if (r.IsAcknowledged) Counters.Repeated++;
                r.IsAcknowledged = true;
                break;
            case ExecutionKind.Trade:
                r.IsAcknowledged = true;
                // By quantities, not by OrdStatus alone: a repeated "filled" must not end an order that an accepted amend has enlarged since.
                if (r.WorstLeavesUnits == 0 || (e.OrderStatus == OrderStatus.Filled && e.CumulativeQuantityUnits >= r.QuantityUnits)) FinishAs(slot, OrderEnd.Filled);
                break;
            case ExecutionKind.Replaced:
                OnReplaced(slot, in e);
                break;
            case ExecutionKind.Cancelled:
                r.IsAcknowledged = true;
                if (!r.IsDone && r.PendingCancelId == 0 && r.TimeInForce is TimeInForce.Day or TimeInForce.GoodTillCancel) Counters.UnsolicitedCancels++;
                FinishAs(slot, OrderEnd.Cancelled);
                r.PendingCancelId = 0;
                break;
            case ExecutionKind.Expired: r.IsAcknowledged = true; FinishAs(slot, OrderEnd.Expired); break;
            case ExecutionKind.DoneForDay: r.IsAcknowledged = true; FinishAs(slot, OrderEnd.DoneForDay); break;
            case ExecutionKind.Restated: OnRestated(slot, in e, isNews); break;
            case ExecutionKind.Status: OnStatus(slot, in e, isNews); break;
            case ExecutionKind.TradeCancelled: OnExecutionTakenBack(slot, in e, isNews); break;
            case ExecutionKind.TradeCorrected:
                Counters.CorrectedTrades++;
                OnExecutionTakenBack(slot, in e, isNews);
                break;
            case ExecutionKind.Stopped or ExecutionKind.Suspended or ExecutionKind.Triggered or ExecutionKind.Locked or ExecutionKind.Released: r.IsAcknowledged = true; break;
            case ExecutionKind.CancelRejected:
            case ExecutionKind.AmendRejected:
            case ExecutionKind.Rejected:
            case ExecutionKind.BusinessRejected:
            case ExecutionKind.SessionRejected:
                OnRefused(slot, in e, id);
                break;
        }
    }

    /// <summary>The venue changed the order's terms of itself (a partial decline, a repricing, a split), or says them anew on another day. What stands is what it says.</summary>
    private void OnRestated(int slot, in Execution e, bool isNews)
    {
        ref OrderRecord r = ref _records[slot];
        Counters.Restated++;
        r.IsAcknowledged = true;
        if (e.LastQuantityUnits is > 0 and <= FilledUnitsMax)
        {
            if (HasRoomToWork(r.Instrument, r.Portfolio, r.Side, e.LastQuantityUnits - r.QuantityUnits)) r.QuantityUnits = e.LastQuantityUnits;
            else Counters.Malformed++;
        }
        if (e.LastPriceUnits is > 0 and <= InstrumentLimits.UnitsMax) r.PriceUnits = e.LastPriceUnits;
        DoubtBest(in r);
        // The venue may have moved the price to a better one than any of ours.
        if (!r.IsDone) ConsiderAgain(in r);
        Revive(slot, in e, isNews);
        if (!r.IsDone) EndIfVenueSaysSo(slot, in e, r.CurrentId);
    }

    /// <summary>An execution was cancelled or corrected: a filled order may have something to do again, and one that was not may be done.</summary>
    private void OnExecutionTakenBack(int slot, in Execution e, bool isNews)
    {
        ref OrderRecord r = ref _records[slot];
        Revive(slot, in e, isNews);
        if (!r.IsDone && e.OrderStatus == OrderStatus.Filled && r.CumulativeQuantityUnits >= r.QuantityUnits) FinishAs(slot, OrderEnd.Filled);
        else if (!r.IsDone && e.OrderStatus == OrderStatus.Cancelled) FinishAs(slot, OrderEnd.Cancelled);
    }

    /// <summary>The venue says of an order that had ended filled, or for the day, that it works: then it does. A cancel or a reject is never taken back, and a repetition revives nothing.</summary>
    private void Revive(int slot, in Execution e, bool isNews)
    {
        ref OrderRecord r = ref _records[slot];
        if (r.End is OrderEnd.Filled or OrderEnd.DoneForDay && SaysThatItWorks(in e) && r.QuantityUnits > r.CumulativeQuantityUnits && isNews) Reopen(slot);
    }

    private static bool SaysThatItWorks(in Execution e) =>
        e.OrderStatus is OrderStatus.New or OrderStatus.PartiallyFilled or OrderStatus.Replaced && (e.ExecutionKind == ExecutionKind.New || CarriesCumulative(e.ExecutionKind));

    /// <summary>The venue says how the order stands. TCP is in order and our request has been through, so "rejected" of an order that it never acknowledged means that there is none.</summary>
    private void OnStatus(int slot, in Execution e, bool isNews)
    {
        ref OrderRecord r = ref _records[slot];
        if (e.OrderStatus is OrderStatus.Filled or OrderStatus.Cancelled or OrderStatus.Expired or OrderStatus.DoneForDay or OrderStatus.Rejected)
        {
            EndIfVenueSaysSo(slot, in e, e.ClientOrderId);
            return;
        }
        Revive(slot, in e, isNews);
        if (!r.IsDone && e.OrderStatus is not (OrderStatus.PendingNew or OrderStatus.Unknown)) r.IsAcknowledged = true;
    }

    private void FinishAs(int slot, OrderEnd end)
    {
        ref OrderRecord r = ref _records[slot];
        if (r.IsDone) return;
        if (end == OrderEnd.Filled) Counters.Filled++; else if (end is OrderEnd.Cancelled or OrderEnd.Expired) Counters.Cancelled++;
        Finish(slot, end);
    }

    private void OnReplaced(int slot, in Execution e)
    {
        ref OrderRecord r = ref _records[slot];
        r.IsAcknowledged = true;
        if (r.PendingAmendId == 0 || e.ClientOrderId != r.PendingAmendId) { Counters.Repeated++; return; }
        r.CurrentId = r.PendingAmendId;
        r.PriceUnits = r.PendingPriceUnits;
        r.QuantityUnits = r.PendingQuantityUnits;
        r.PendingAmendId = 0;
        DoubtBest(in r);
        bool isMore = r.QuantityUnits > r.CumulativeQuantityUnits;
        // FIX 4.4 appendix D: an order filled while its amend upwards was on the way lives on when the venue accepts the amend.
        if (r.End == OrderEnd.Filled && isMore) Reopen(slot);
        else if (!isMore) FinishAs(slot, OrderEnd.Filled);
    }

    private void OnRefused(int slot, in Execution e, ulong id)
    {
        ref OrderRecord r = ref _records[slot];
        if (id == r.PendingCancelId)
        {
            ulong named = r.CancelNamesId;
            ClearCancel(ref r);
            Counters.CancelsRefused++;
            EndIfVenueSaysSo(slot, in e, named);
        }
        else if (id == r.PendingAmendId)
        {
            ClearAmend(ref r);
            Counters.AmendsRefused++;
            EndIfVenueSaysSo(slot, in e, r.CurrentId);
        }
        else if (id == r.CurrentId && !r.IsDone && e.ExecutionKind is not (ExecutionKind.CancelRejected or ExecutionKind.AmendRejected))
        {
            r.RefusedRequests++;
            Counters.RejectedByVenue++;
            Finish(slot, OrderEnd.Rejected);
        }
        else Counters.Repeated++;
    }

    /// <summary>
    /// A refused amend or cancel says how the order stands (OrdStatus). FIX over TCP is in order, so "unknown order" about the id that stood at the venue
    /// means that there is none; about an amend's id that was itself refused it means nothing, and the order is still counted as working.
    /// </summary>
    private void EndIfVenueSaysSo(int slot, in Execution e, ulong namedId)
    {
        ref OrderRecord r = ref _records[slot];
        if (r.IsDone) return;
        switch (e.OrderStatus)
        {
            case OrderStatus.Filled: FinishAs(slot, OrderEnd.Filled); break;
            case OrderStatus.Cancelled: FinishAs(slot, OrderEnd.Cancelled); break;
            case OrderStatus.Expired: FinishAs(slot, OrderEnd.Expired); break;
            case OrderStatus.DoneForDay: FinishAs(slot, OrderEnd.DoneForDay); break;
            case OrderStatus.Rejected:
                if (namedId == r.CurrentId) Finish(slot, OrderEnd.UnknownToVenue);
                break;
        }
    }

    private void ClearAmend(ref OrderRecord r)
    {
        r.PendingAmendId = 0;
        r.RefusedRequests++;
        DoubtBest(in r);
    }

    private static void ClearCancel(ref OrderRecord r)
    {
        r.PendingCancelId = 0;
        r.RefusedRequests++;
    }
}
