using System.Numerics;
using Appliance.Contract;
using Appliance.Risk;

namespace Appliance.Tests.Gates;

/// <summary>
/// What the gate should know and say, recomputed from nothing each time: whole histories in lists, exact big numbers, no incremental sums. Written from the
/// rules, not from the gate's code.
/// </summary>
internal sealed class NaiveLimits(GateLimits limits, IReadOnlyList<InstrumentDefinition> instruments)
{
    private sealed class Order
    {
        public required OrderIntent Terms;
        public long? AmendedQuantity;
        public ulong Id, AmendId, CancelId;
        public long Filled;
        public bool IsAcknowledged, IsDone;
        public long Worst => IsDone ? 0 : Math.Max(0, Math.Max(Terms.QuantityUnits, AmendedQuantity ?? 0) - Filled);
    }

    private readonly List<Order> _orders = [];
    private readonly List<long> _messageTimes = [];
    private readonly List<(OrderIntent Intent, long Time)> _news = [];
    public readonly TopOfBook?[] Tops = new TopOfBook?[8];
    private readonly BigInteger[] _lastGoodTwiceMid = new BigInteger[8];
    public readonly long[] Position = new long[8];
    public bool IsStopped;
    public bool IsKilled;

    public void OnTop(int instrument, TopOfBook top)
    {
        Tops[instrument] = top;
        if (top.State == BookState.Ready) _lastGoodTwiceMid[instrument] = (BigInteger)top.BidPriceUnits + top.AskPriceUnits;
    }

    public long Working(int instrument, Side side) => _orders.Where(o => o.Terms.Instrument == instrument && o.Terms.Side == side).Sum(o => o.Worst);
    public int Live => _orders.Count(o => !o.IsDone);
    public IEnumerable<ulong> LiveIds => _orders.Where(o => !o.IsDone).Select(o => o.Id);

    /// <summary>Every reason that speaks against the intent.</summary>
    public HashSet<GateVerdict> Against(OrderIntent intent, long now)
    {
        var against = new HashSet<GateVerdict>();
        void Unless(bool holds, GateVerdict otherwise) { if (!holds) against.Add(otherwise); }
        Order? target = intent.Kind == OrderRequestKind.New ? null : Find(intent.OriginalClientOrderId);
        if (target is { IsDone: true }) against.Add(GateVerdict.OrderDone);
        if (intent.Kind == OrderRequestKind.Cancel)
        {
            if (target is null) return [GateVerdict.UnknownOrder];
            Unless(target.CancelId == 0, GateVerdict.CancelOutstanding);
            return against;
        }
        Unless(!IsKilled, GateVerdict.Killed);
        Unless(!IsStopped, GateVerdict.Paused);
        if (intent.Kind == OrderRequestKind.Amend && target is null) return [GateVerdict.UnknownOrder, .. against];
        InstrumentLimits bounds = limits.Instruments.Single(l => l.Instrument == intent.Instrument);
        InstrumentDefinition definition = instruments.Single(i => i.Index == intent.Instrument);
        Unless(intent.PriceUnits > 0, GateVerdict.InvalidPrice);
        Unless(intent.QuantityUnits > 0, GateVerdict.InvalidQuantity);
        Unless(intent.PriceUnits % definition.TickSizeUnits == 0, GateVerdict.PriceOffTick);
        Unless(intent.QuantityUnits % definition.LotSizeUnits == 0, GateVerdict.QuantityOffLot);
        Unless(intent.QuantityUnits <= bounds.MaxQuantityUnits, GateVerdict.MaxQuantity);
        decimal notional = (decimal)intent.PriceUnits / definition.PriceUnitsPerOne * ((decimal)intent.QuantityUnits / definition.QuantityUnitsPerOne);
        Unless(notional <= bounds.MaxNotional, GateVerdict.MaxNotional);
        if (Tops[intent.Instrument] is not { } top) against.Add(GateVerdict.BookNotReady);
        else
        {
            Unless(top.State == BookState.Ready, GateVerdict.BookNotReady);
            Unless(top.Status == TradingStatus.Trading, GateVerdict.NotTrading);
            Unless(now - top.TimeUtcNs <= bounds.StaleAfterNs, GateVerdict.StaleData);
            Unless(intent.PriceUnits >= top.LowerBandUnits && intent.PriceUnits <= top.UpperBandUnits, GateVerdict.PriceBand);
            BigInteger mid = _lastGoodTwiceMid[intent.Instrument];
            Unless(BigInteger.Abs(2 * (BigInteger)intent.PriceUnits - mid) * 10_000 <= mid * bounds.CollarBasisPoints, GateVerdict.PriceCollar);
        }
        long others = Working(intent.Instrument, intent.Side) - (target?.Worst ?? 0);
        long own = target is null ? intent.QuantityUnits : Math.Max(target.Worst, intent.QuantityUnits - target.Filled);
        BigInteger worst = intent.Side == Side.Buy ? (BigInteger)Position[intent.Instrument] + others + own : -((BigInteger)Position[intent.Instrument] - others - own);
        Unless(worst <= bounds.MaxPositionUnits, GateVerdict.PositionLimit);
        Unless(_messageTimes.Count(t => now - t < limits.MessageWindowNs) < limits.MaxMessagesPerWindow - limits.CancelReserveMessages, GateVerdict.MessageRate);
        if (target is null)
        {
            Unless(Live < limits.MaxLiveOrders, GateVerdict.MaxLiveOrders);
            Unless(!_news.Any(n => now - n.Time < limits.DuplicateWindowNs && n.Intent.Portfolio == intent.Portfolio && n.Intent.Instrument == intent.Instrument
                && n.Intent.Side == intent.Side && n.Intent.PriceUnits == intent.PriceUnits && n.Intent.QuantityUnits == intent.QuantityUnits), GateVerdict.DuplicateOrder);
        }
        else
        {
            Unless(target.IsAcknowledged && target.AmendId == 0 && target.CancelId == 0, GateVerdict.RequestOutstanding);
            Unless(intent.QuantityUnits > target.Filled, GateVerdict.AmendBelowFilled);
        }
        return against;
    }

    public void OnApproved(OrderIntent intent, in ApprovedOrder approved, long now)
    {
        _messageTimes.Add(now);
        if (intent.Kind == OrderRequestKind.New)
        {
            _news.Add((intent, now));
            _orders.Add(_history[approved.ClientOrderId] = new Order { Terms = intent, Id = approved.ClientOrderId });
            return;
        }
        Order order = _history[approved.ClientOrderId] = Find(intent.OriginalClientOrderId)!;
        if (intent.Kind == OrderRequestKind.Cancel) order.CancelId = approved.ClientOrderId;
        else (order.AmendId, order.AmendedQuantity) = (approved.ClientOrderId, intent.QuantityUnits);
    }

    public void OnExecution(in Execution e)
    {
        ulong id = e.ClientOrderId;
        if (Find(id) is not { } order) return;
        if (e.ExecutionKind is ExecutionKind.Trade or ExecutionKind.Cancelled or ExecutionKind.Replaced && e.CumulativeQuantityUnits > order.Filled)
        {
            Position[order.Terms.Instrument] += (order.Terms.Side == Side.Buy ? 1 : -1) * (e.CumulativeQuantityUnits - order.Filled);
            order.Filled = e.CumulativeQuantityUnits;
        }
        switch (e.ExecutionKind)
        {
            case ExecutionKind.New: order.IsAcknowledged = true; break;
            case ExecutionKind.Trade: order.IsAcknowledged = true; break;
            case ExecutionKind.Cancelled: order.IsDone = true; order.CancelId = 0; break;
            case ExecutionKind.Rejected: order.IsDone |= order.Filled == 0 && id == order.Id; break;
            case ExecutionKind.Replaced when id == order.AmendId:
                (order.Id, order.Terms.QuantityUnits, order.AmendId, order.AmendedQuantity) = (id, order.AmendedQuantity!.Value, 0, null);
                if (order.Terms.QuantityUnits > order.Filled) order.IsDone = false;
                break;
            case ExecutionKind.AmendRejected when id == order.AmendId:
                (order.AmendId, order.AmendedQuantity) = (0, null);
                order.IsDone |= e.OrderStatus is OrderStatus.Filled or OrderStatus.Cancelled;
                break;
            case ExecutionKind.CancelRejected when id == order.CancelId:
                order.CancelId = 0;
                order.IsDone |= e.OrderStatus is OrderStatus.Filled or OrderStatus.Cancelled
                    || (e.OrderStatus == OrderStatus.Rejected && _cancelNamed[id] == order.Id);
                break;
        }
        if (order.Filled >= order.Terms.QuantityUnits && (order.AmendId == 0 || e.OrderStatus == OrderStatus.Filled || order.Filled >= order.AmendedQuantity)
            && e.ExecutionKind is ExecutionKind.Trade or ExecutionKind.Replaced) order.IsDone = true;
    }

    public void OnUnsent(ulong id)
    {
        if (Find(id) is not { } order) return;
        if (id == order.AmendId) (order.AmendId, order.AmendedQuantity) = (0, null);
        else if (id == order.CancelId) order.CancelId = 0;
        else if (!order.IsAcknowledged) order.IsDone = true;
    }

    private readonly Dictionary<ulong, Order> _history = [];
    private readonly Dictionary<ulong, ulong> _cancelNamed = [];
    /// <summary>The terms of the order with that id.</summary>
    public OrderIntent? Like(ulong id) => Find(id)?.Terms;
    public void NoteCancel(in ApprovedOrder cancel) => _cancelNamed[cancel.ClientOrderId] = cancel.OriginalClientOrderId;

    /// <summary>Every id an order ever had leads to it.</summary>
    private Order? Find(ulong id) => _history.GetValueOrDefault(id);
}
