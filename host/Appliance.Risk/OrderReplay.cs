using Appliance.Contract;

namespace Appliance.Risk;

/// <summary>
/// The order table run over an earlier run's records: what it asked for (the order log) and what it was told (the journal), in their order. At start only: it gives what the
/// next run begins with.
/// </summary>
/// <param name="hedges">The instrument of each portfolio, by index.</param>
public sealed class OrderReplay(int instruments, IReadOnlyList<ushort> hedges, int capacity)
{
    private readonly OrderTable _table = new(capacity, instruments, hedges.Count, long.MaxValue);

    public int LiveCount => _table.LiveCount;
    /// <summary>Requests that were logged but belong to no order that is known.</summary>
    public long Orphans { get; private set; }

    public void SetOpening(int portfolio, long units) => _table.SetOpeningHedge(portfolio, units);
    public long PositionUnits(int portfolio) => _table.PortfolioExposure(portfolio).PositionUnits;
    public bool Restore(in Execution e) => _table.Restore(in e, e.TimeUtcNs) >= 0;

    /// <summary>A request as it was approved.</summary>
    public void Open(in OrderIntent request)
    {
        if (request.Kind == OrderRequestKind.New)
        {
            if (_table.OpenNew(in request, request.ClientOrderId, 0, request.TimeUtcNs) < 0) Orphans++;
            return;
        }
        int slot = _table.Find(request.OriginalClientOrderId);
        if (slot < 0 || _table[slot].IsDone) Orphans++;
        else if (request.Kind == OrderRequestKind.Amend) _table.OpenAmend(slot, in request, request.ClientOrderId, 0, request.TimeUtcNs);
        else if (request.Kind == OrderRequestKind.Cancel) _table.OpenCancel(slot, request.ClientOrderId, request.OriginalClientOrderId, request.TimeUtcNs);
    }

    public void OnUnsent(in Execution e) => _table.OnUnsent(in e);

    public void OnExecution(in Execution e)
    {
        ExecutionEffect effect = (e.Flags & EventFlags.Listed) != 0 ? _table.OnListed(in e, Math.Max(0, FirstOf(e.Instrument))) : _table.OnExecution(in e);
        if (effect.FilledUnits == 0 || effect.Portfolio != ExecutionEffect.NoPortfolio) return;
        // As the account does: what nobody ordered belongs to the first portfolio that hedges with the instrument.
        int portfolio = FirstOf(effect.Instrument);
        if (portfolio >= 0) _table.MoveHedge(portfolio, effect.Side, effect.FilledUnits);
    }

    private int FirstOf(ushort instrument)
    {
        for (int p = 0; p < hedges.Count; p++)
            if (hedges[p] == instrument) return p;
        return -1;
    }

    /// <summary>The orders that may still work, as the events that restore them; those that were found at the venue will be found again.</summary>
    public IReadOnlyList<RingEvent> Live()
    {
        var events = new List<RingEvent>();
        for (int i = 0; i < _table.LiveCount; i++)
        {
            ref readonly OrderRecord r = ref _table[_table.LiveSlot(i)];
            if (r.IsFound) continue;
            events.Add(Event(in r, r.IsAcknowledged ? ExecutionKind.New : ExecutionKind.PendingNew, r.CurrentId, r.PriceUnits, r.QuantityUnits));
            if (r.PendingAmendId != 0) events.Add(Event(in r, ExecutionKind.PendingReplace, r.PendingAmendId, r.PendingPriceUnits, r.PendingQuantityUnits));
            if (r.PendingCancelId != 0) events.Add(Event(in r, ExecutionKind.PendingCancel, r.PendingCancelId, r.PriceUnits, r.QuantityUnits));
        }
        return events;
    }

    private static RingEvent Event(in OrderRecord r, ExecutionKind kind, ulong id, long priceUnits, long quantityUnits)
    {
        RingEvent e = default;
        RingEvent.Begin(ref e, EventKind.OrderRestored, r.Instrument, 0, 0, 0);
        ref Execution x = ref RingEvent.AsExecution(ref e);
        (x.Side, x.ExecutionKind, x.ClientOrderId, x.LastPriceUnits, x.LastQuantityUnits) = (r.Side, kind, id, priceUnits, quantityUnits);
        (x.CumulativeQuantityUnits, x.Reason, x.SessionSequence) = (r.CumulativeQuantityUnits, r.Portfolio, (uint)r.TimeInForce);
        return e;
    }
}
