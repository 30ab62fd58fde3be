using System.Numerics;
using Appliance.Contract;
using Appliance.Risk;

namespace Appliance.Tests.Gates;

/// <summary>What happened, as lists.</summary>
internal sealed partial class NaiveLimits
{
    private sealed class Order
    {
        public required OrderIntent Terms;
        public long? AmendedQuantity;
        public long AmendedPrice;
        public ulong Id, AmendId, CancelId;
        public long Filled;
        public bool IsAcknowledged, IsDone;
        public long Worst => IsDone ? 0 : Math.Max(0, Math.Max(Terms.QuantityUnits, AmendedQuantity ?? 0) - Filled);
    }

    private readonly List<Order> _orders = [];
    private readonly List<long> _messageTimes = [], _rejectTimes = [];
    private readonly List<(OrderIntent Intent, long Time)> _news = [];
    private readonly List<(ushort Portfolio, long Time)> _executions = [];
    private readonly List<(ushort Portfolio, long Time, long Quantity, double Delta)> _fills = [];
    private readonly List<(long Time, BigInteger TwiceMid)>[] _mids = [.. Enumerable.Range(0, 8).Select(_ => new List<(long, BigInteger)>())];
    private readonly Dictionary<ushort, int> _attempts = [];
    private readonly Dictionary<ushort, long> _frozenUntil = [];
    private readonly HashSet<ushort> _throttled = [], _outOfAttempts = [];
    private readonly Dictionary<ulong, Order> _history = [];
    private readonly Dictionary<ulong, ulong> _cancelNamed = [];

    public readonly long[] Position = new long[8];
    public readonly Dictionary<ushort, long> Hedge = [];
    public readonly Dictionary<ushort, long> Greeks = [];
    public bool IsPaused, IsKilled, IsLossStopped;
    public bool IsSessionUp = true;
    public long ClockSkewNs;

    public long Working(int instrument, Side side) => _orders.Where(o => o.Terms.Instrument == instrument && o.Terms.Side == side).Sum(o => o.Worst);
    public int Live => _orders.Count(o => !o.IsDone);
    public IEnumerable<ulong> LiveIds => _orders.Where(o => !o.IsDone).Select(o => o.Id);
    /// <summary>The terms of the order with that id.</summary>
    public OrderIntent? Like(ulong id) => Find(id)?.Terms;
    public void NoteCancel(in ApprovedOrder cancel) => _cancelNamed[cancel.ClientOrderId] = cancel.OriginalClientOrderId;
    /// <summary>Every id an order ever had leads to it.</summary>
    private Order? Find(ulong id) => _history.GetValueOrDefault(id);

    public void OnTop(int instrument, TopOfBook top)
    {
        Tops[instrument] = top;
        if (top.State != BookState.Ready) return;
        _lastGoodTwiceMid[instrument] = (BigInteger)top.BidPriceUnits + top.AskPriceUnits;
        _mids[instrument].Add((top.TimeUtcNs, _lastGoodTwiceMid[instrument]));
    }

    public void Enable(ushort portfolio)
    {
        _throttled.Remove(portfolio);
        _outOfAttempts.Remove(portfolio);
        _attempts[portfolio] = 0;
        _executions.RemoveAll(e => e.Portfolio == portfolio);
    }

    public void ResetProtection(ushort portfolio)
    {
        _frozenUntil.Remove(portfolio);
        _fills.RemoveAll(f => f.Portfolio == portfolio);
    }

    public void OnApproved(OrderIntent intent, in ApprovedOrder approved, long now)
    {
        _messageTimes.Add(now);
        if (intent.Kind == OrderRequestKind.New)
        {
            _news.Add((intent, now));
            _executions.Add((intent.Portfolio, now));
            _attempts[intent.Portfolio] = _attempts.GetValueOrDefault(intent.Portfolio) + 1;
            _orders.Add(_history[approved.ClientOrderId] = new Order { Terms = intent, Id = approved.ClientOrderId });
            return;
        }
        Order order = _history[approved.ClientOrderId] = Find(intent.OriginalClientOrderId)!;
        if (intent.Kind == OrderRequestKind.Cancel) order.CancelId = approved.ClientOrderId;
        else (order.AmendId, order.AmendedQuantity, order.AmendedPrice) = (approved.ClientOrderId, intent.QuantityUnits, intent.PriceUnits);
    }

    public void OnExecution(in Execution e, long now)
    {
        ulong id = e.ClientOrderId;
        if (Find(id) is not { } order) return;
        if (e.ExecutionKind is ExecutionKind.Trade or ExecutionKind.Cancelled or ExecutionKind.Replaced && e.CumulativeQuantityUnits > order.Filled)
        {
            OnFill(order, e.CumulativeQuantityUnits - order.Filled, now);
            order.Filled = e.CumulativeQuantityUnits;
        }
        switch (e.ExecutionKind)
        {
            case ExecutionKind.New: order.IsAcknowledged = true; break;
            case ExecutionKind.Trade: order.IsAcknowledged = true; break;
            case ExecutionKind.Cancelled: order.IsDone = true; order.CancelId = 0; break;
            case ExecutionKind.Rejected when !order.IsDone && order.Filled == 0 && id == order.Id:
                order.IsDone = true;
                _rejectTimes.Add(now);
                break;
            case ExecutionKind.Replaced when id == order.AmendId:
                (order.Id, order.Terms.QuantityUnits, order.Terms.PriceUnits, order.AmendId, order.AmendedQuantity) = (id, order.AmendedQuantity!.Value, order.AmendedPrice, 0, null);
                if (order.Terms.QuantityUnits > order.Filled) order.IsDone = false;
                break;
            case ExecutionKind.AmendRejected when id == order.AmendId:
                (order.AmendId, order.AmendedQuantity) = (0, null);
                order.IsDone |= e.OrderStatus is OrderStatus.Filled or OrderStatus.Cancelled;
                _rejectTimes.Add(now);
                break;
            case ExecutionKind.CancelRejected when id == order.CancelId:
                order.CancelId = 0;
                order.IsDone |= e.OrderStatus is OrderStatus.Filled or OrderStatus.Cancelled
                    || (e.OrderStatus == OrderStatus.Rejected && _cancelNamed[id] == order.Id);
                _rejectTimes.Add(now);
                break;
        }
        if (order.Filled >= order.Terms.QuantityUnits && (order.AmendId == 0 || e.OrderStatus == OrderStatus.Filled || order.Filled >= order.AmendedQuantity)
            && e.ExecutionKind is ExecutionKind.Trade or ExecutionKind.Replaced) order.IsDone = true;
    }

    private void OnFill(Order order, long quantity, long now)
    {
        ushort portfolio = order.Terms.Portfolio;
        long signed = order.Terms.Side == Side.Buy ? quantity : -quantity;
        Position[order.Terms.Instrument] += signed;
        Hedge[portfolio] = Hedge.GetValueOrDefault(portfolio) + signed;
        _attempts[portfolio] = 0;
        _outOfAttempts.Remove(portfolio);
        PortfolioLimits bounds = Of(portfolio);
        if (bounds.ProtectionQuantityUnits == 0 && bounds.ProtectionDelta == 0) return;
        if (_frozenUntil.TryGetValue(portfolio, out long until) && now >= until) ResetProtection(portfolio);
        InstrumentDefinition instrument = instruments.Single(i => i.Index == order.Terms.Instrument);
        _fills.Add((portfolio, now, quantity, (double)signed * instrument.ContractSize / instrument.QuantityUnitsPerOne));
        var counted = _fills.Where(f => f.Portfolio == portfolio && now - f.Time < bounds.ProtectionIntervalNs).ToList();
        bool trips = (bounds.ProtectionQuantityUnits != 0 && counted.Sum(f => f.Quantity) >= bounds.ProtectionQuantityUnits)
            || (bounds.ProtectionDelta != 0 && Math.Abs(counted.Sum(f => f.Delta)) >= bounds.ProtectionDelta);
        if (trips) _frozenUntil[portfolio] = bounds.ProtectionFreezeNs == 0 ? long.MaxValue : now + bounds.ProtectionFreezeNs;
    }

    public void OnUnsent(ulong id)
    {
        if (Find(id) is not { } order) return;
        if (id == order.AmendId) (order.AmendId, order.AmendedQuantity) = (0, null);
        else if (id == order.CancelId) order.CancelId = 0;
        else if (!order.IsAcknowledged) order.IsDone = true;
    }
}
