using Appliance.Contract;

namespace Appliance.Tests.Gates;

/// <summary>
/// A truthful venue of the plainest kind: requests wait in one queue, reports in another, so that the desk always knows less than the venue does.
/// It fills, refuses, cancels of itself, and repeats old reports as possible duplicates.
/// </summary>
internal sealed class NaiveVenue(Random random)
{
    private sealed class Order
    {
        public ulong Id;
        public Side Side;
        public ushort Instrument;
        public long Price, Quantity, Filled;
        public bool IsOpen = true;
        public TimeInForce TimeInForce;
    }

    private readonly List<Order> _orders = [];
    private readonly Queue<ApprovedOrder> _requests = new();
    private readonly Queue<Execution> _reports = new();
    private readonly List<Execution> _delivered = [];
    public readonly Dictionary<ushort, long> Position = new() { [0] = 0, [1] = 0, [2] = 0 };

    public void Receive(in ApprovedOrder request) => _requests.Enqueue(request);

    /// <summary>The worst the venue's own position could become on either side, from what it has accepted and what waits before it.</summary>
    public long Worst(ushort instrument, Side side) => _orders.Where(o => o.IsOpen && o.Instrument == instrument && o.Side == side).Sum(o => o.Quantity - o.Filled);

    /// <summary>Does one thing.</summary>
    public void Step()
    {
        int what = random.Next(10);
        if (what < 5 && _requests.Count > 0) Handle(_requests.Dequeue());
        else if (what < 9) FillSomething();
        else if (random.Next(8) == 0 && Open() is { } unlucky) End(unlucky, ExecutionKind.Cancelled, unlucky.Id);
    }

    /// <summary>The next report that reaches the desk, or an old one again.</summary>
    public bool TryDeliver(out Execution report)
    {
        if (_delivered.Count > 0 && random.Next(6) == 0)
        {
            report = _delivered[random.Next(_delivered.Count)];
            report.Flags |= EventFlags.PossibleDuplicate;
            return true;
        }
        if (!_reports.TryDequeue(out report)) return false;
        _delivered.Add(report);
        return true;
    }

    private Order? Open()
    {
        Order[] open = [.. _orders.Where(o => o.IsOpen)];
        return open.Length == 0 ? null : open[random.Next(open.Length)];
    }

    private void Handle(in ApprovedOrder request)
    {
        bool refuses = random.Next(8) == 0;
        if (request.Kind == OrderRequestKind.New)
        {
            var order = new Order
            {
                Id = request.ClientOrderId, Side = request.Side, Instrument = request.Instrument, Price = request.PriceUnits, Quantity = request.QuantityUnits,
                TimeInForce = request.TimeInForce, IsOpen = !refuses,
            };
            _orders.Add(order);
            Report(order, request.ClientOrderId, refuses ? ExecutionKind.Rejected : ExecutionKind.New, refuses ? OrderStatus.Rejected : OrderStatus.New);
            return;
        }
        ulong named = request.OriginalClientOrderId;
        Order? target = _orders.FirstOrDefault(o => o.Id == named);
        bool isCancel = request.Kind == OrderRequestKind.Cancel;
        ExecutionKind refusal = isCancel ? ExecutionKind.CancelRejected : ExecutionKind.AmendRejected;
        if (target is null) { Report(null, request.ClientOrderId, refusal, OrderStatus.Rejected); return; }
        if (!target.IsOpen && target.Filled == target.Quantity && !isCancel && request.QuantityUnits > target.Filled && random.Next(2) == 0)
        {
            // FIX 4.4 appendix D: some venues let an amend revive a filled order.
            target.IsOpen = true;
            Replace(target, in request);
        }
        else if (!target.IsOpen) Report(target, request.ClientOrderId, refusal, target.Filled == target.Quantity ? OrderStatus.Filled : OrderStatus.Cancelled);
        else if (refuses) Report(target, request.ClientOrderId, refusal, OrderStatus.New);
        else if (isCancel) End(target, ExecutionKind.Cancelled, request.ClientOrderId);
        else Replace(target, in request);
    }

    private void Replace(Order order, in ApprovedOrder request)
    {
        order.Id = request.ClientOrderId;
        order.Price = request.PriceUnits;
        order.Quantity = Math.Max(request.QuantityUnits, order.Filled);
        order.IsOpen = order.Quantity > order.Filled;
        Report(order, request.ClientOrderId, ExecutionKind.Replaced, OrderStatus.Replaced);
    }

    private void FillSomething()
    {
        if (Open() is not { } order) return;
        long rest = order.Quantity - order.Filled;
        long part = random.Next(3) == 0 ? rest : random.NextInt64(1, rest + 1);
        order.Filled += part;
        order.IsOpen = order.Filled < order.Quantity;
        Position[order.Instrument] += order.Side == Side.Buy ? part : -part;
        Report(order, order.Id, ExecutionKind.Trade, order.IsOpen ? OrderStatus.PartiallyFilled : OrderStatus.Filled, part);
    }

    private void End(Order order, ExecutionKind kind, ulong id)
    {
        order.IsOpen = false;
        Report(order, id, kind, OrderStatus.Cancelled);
    }

    private void Report(Order? order, ulong id, ExecutionKind kind, OrderStatus status, long last = 0) => _reports.Enqueue(new Execution
    {
        Kind = EventKind.ExecutionReported, ClientOrderId = id, ExecutionKind = kind, OrderStatus = status, LastQuantityUnits = last, LastPriceUnits = order?.Price ?? 0,
        CumulativeQuantityUnits = order?.Filled ?? 0, Instrument = order?.Instrument ?? RingEvent.AllInstruments, Side = order?.Side ?? Side.None,
    });
}
