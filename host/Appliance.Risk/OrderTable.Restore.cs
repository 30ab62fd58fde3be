using Appliance.Contract;

namespace Appliance.Risk;

/// <summary>
/// Orders of an earlier run. What its records say of them is restored first; then the venue is asked, and until it has answered for each of them nothing new is placed.
/// Any report that is no repetition answers: it is newer than what was restored.
/// </summary>
public sealed partial class OrderTable
{
    private int _lastRestored = -1;

    /// <summary>Restored orders for which the venue has not answered.</summary>
    public int UnconfirmedCount { get; private set; }

    /// <summary>The position is not touched: a run's opening position holds what its earlier runs filled.</summary>
    /// <returns>The order's slot; −1 when there is no room, or nothing that the event could belong to.</returns>
    internal int Restore(in Execution e, long nowUtcNs)
    {
        if (nowUtcNs > _nowUtcNs) _nowUtcNs = nowUtcNs;
        bool isRequest = e.ExecutionKind is ExecutionKind.PendingReplace or ExecutionKind.PendingCancel;
        // A request belongs to the order before it; when that found no room, to none.
        if (!isRequest) _lastRestored = -1;
        if (e.Instrument >= _exposures.Length || (!isRequest && e.Reason >= _portfolios.Length)) return -1;
        if (e.LastQuantityUnits is < 0 or > FilledUnitsMax || e.CumulativeQuantityUnits is < 0 or > FilledUnitsMax) return -1;
        if (!isRequest && !HasRoomToWork(e.Instrument, e.Reason, e.Side, e.LastQuantityUnits)) return -1;
        int slot = isRequest ? _lastRestored : TakeSlot();
        if (slot < 0) return -1;
        ref OrderRecord r = ref _records[slot];
        if (e.ExecutionKind == ExecutionKind.PendingReplace && !HasRoomToWork(r.Instrument, r.Portfolio, r.Side, e.LastQuantityUnits - r.QuantityUnits)) return -1;
        if (e.ExecutionKind == ExecutionKind.PendingReplace)
        {
            r.PendingAmendId = e.ClientOrderId;
            r.PendingPriceUnits = e.LastPriceUnits;
            r.PendingQuantityUnits = e.LastQuantityUnits;
            r.AmendSentUtcNs = nowUtcNs;
            ConsiderPending(in r);
        }
        else if (e.ExecutionKind == ExecutionKind.PendingCancel)
        {
            r.PendingCancelId = e.ClientOrderId;
            r.CancelNamesId = r.PendingAmendId != 0 ? r.PendingAmendId : r.CurrentId;
            r.CancelSentUtcNs = nowUtcNs;
        }
        else
        {
            uint use = r.Use + 1;
            r = default;
            r.Use = use;
            r.FirstId = r.CurrentId = e.ClientOrderId;
            r.PriceUnits = e.LastPriceUnits;
            r.QuantityUnits = e.LastQuantityUnits;
            r.CumulativeQuantityUnits = e.CumulativeQuantityUnits;
            r.Instrument = e.Instrument;
            r.Portfolio = e.Reason;
            r.Side = e.Side;
            r.TimeInForce = (TimeInForce)e.SessionSequence;
            r.IsAcknowledged = e.ExecutionKind == ExecutionKind.New;
            r.OpenedUtcNs = nowUtcNs;
            r.IsUnconfirmed = true;
            UnconfirmedCount++;
            _lastRestored = slot;
            AddLive(slot);
            ConsiderBest(in r);
        }
        Index(e.ClientOrderId, slot);
        Recount(ref r);
        return slot;
    }

    private void Confirm(ref OrderRecord r)
    {
        if (!r.IsUnconfirmed) return;
        r.IsUnconfirmed = false;
        UnconfirmedCount--;
    }

    /// <summary>A person says that they are settled.</summary>
    internal void ConfirmAll()
    {
        for (int i = 0; i < _liveCount; i++) Confirm(ref _records[_live[i]]);
    }
}
