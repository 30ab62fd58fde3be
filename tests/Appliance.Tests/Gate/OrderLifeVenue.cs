using Appliance.Contract;

namespace Appliance.Tests.Gates;

/// <summary>
/// A venue that does to orders whatever FIX lets it do: fills, also after a cancel; busts and corrections of any execution it ever made, old orders' too; restatements, refusals at every stage,
/// ends of its own. It keeps each execution by itself and no sum, so what it holds true is not reached by the desk's arithmetic. Reports wait in one queue and are told once, in order.
/// </summary>
internal sealed class OrderLifeVenue(Random random)
{
    internal sealed class Order
    {
        public ulong Id;
        public Side Side;
        public ushort Instrument;
        public long Price, Quantity;
        public bool IsOpen;
        public OrderStatus End;
        public readonly List<(long Quantity, long Price)> Executions = [];
        public long Filled => Executions.Sum(e => e.Quantity);
        public OrderStatus Status => IsOpen ? Filled == 0 ? OrderStatus.New : OrderStatus.PartiallyFilled : End;
    }

    private readonly List<Order> _orders = [];
    private readonly Queue<ApprovedOrder> _requests = new();
    private readonly Queue<Execution> _reports = new();

    public IReadOnlyList<Order> Orders => _orders;
    public bool IsQuiet => _requests.Count == 0 && _reports.Count == 0;
    public void Receive(in ApprovedOrder request) => _requests.Enqueue(request);
    public bool TryDeliver(out Execution report) => _reports.TryDequeue(out report);

    public long Position(ushort instrument) => Of(instrument).Sum(o => Signed(o, o.Filled));
    /// <summary>What was paid for it, in price units times quantity units.</summary>
    public Int128 Paid(ushort instrument) => Of(instrument).Aggregate((Int128)0, (sum, o) => o.Executions.Aggregate(sum, (s, e) => s + (Int128)Signed(o, e.Quantity) * e.Price));
    public long Working(ushort instrument, Side side) => Of(instrument).Where(o => o.IsOpen && o.Side == side).Sum(o => o.Quantity - o.Filled);
    private IEnumerable<Order> Of(ushort instrument) => _orders.Where(o => o.Instrument == instrument);
    private static long Signed(Order o, long quantity) => o.Side == Side.Buy ? quantity : -quantity;

    /// <summary>The connection is cut: some of the requests under way arrive all the same, the rest never do.</summary>
    public IReadOnlyList<ApprovedOrder> Cut()
    {
        for (int arrive = random.Next(_requests.Count + 1); arrive > 0; arrive--) Handle(_requests.Dequeue());
        ApprovedOrder[] lost = [.. _requests];
        _requests.Clear();
        // What the host did not live to hear is told again, as a possible duplicate.
        for (int i = _reports.Count; i > 0; i--)
        {
            Execution report = _reports.Dequeue();
            report.Flags |= EventFlags.PossibleDuplicate;
            _reports.Enqueue(report);
        }
        return lost;
    }

    public void Withdraw(ulong id)
    {
        foreach (Order o in _orders.Where(o => o.Id == id && o.IsOpen)) (o.IsOpen, o.End) = (false, OrderStatus.Cancelled);
    }

    /// <param name="worksOn">Whether an order may work again after a bust or a correction.</param>
    public void Step(bool worksOn)
    {
        if (_requests.Count > 0 && random.Next(2) == 0) { Handle(_requests.Dequeue()); return; }
        if (_orders.Count == 0) return;
        Order[] open = [.. _orders.Where(o => o.IsOpen)];
        Order any = _orders[random.Next(_orders.Count)];
        Order? o = open.Length > 0 ? open[random.Next(open.Length)] : null;
        switch (random.Next(20))
        {
            case < 9 when o is not null: Fill(o, random.Next(3) == 0 ? o.Quantity - o.Filled : random.NextInt64(1, o.Quantity - o.Filled + 1)); break;
            case 9 when any is { IsOpen: false, End: OrderStatus.Cancelled } && any.Filled < any.Quantity: Fill(any, 1); break;
            case 10 or 11 when any.Executions.Count > 0: Bust(any, random.Next(any.Executions.Count), worksOn); break;
            case 12 or 13 when any.Executions.Count > 0: Correct(any, random.Next(any.Executions.Count), worksOn); break;
            case 14 when o is not null: End(o, ExecutionKind.Cancelled, OrderStatus.Cancelled, o.Id); break;
            case 15 when o is not null && random.Next(3) == 0: End(o, ExecutionKind.Expired, OrderStatus.Expired, o.Id); break;
            case 16 when o is not null: Restate(o); break;
            case 17 when o is not null: Report(o, o.Id, ExecutionKind.Status); break;
            case 18 when o is not null: Report(o, o.Id, random.Next(2) == 0 ? ExecutionKind.Suspended : ExecutionKind.Calculated); break;
        }
    }

    private void Handle(in ApprovedOrder request)
    {
        bool refuses = random.Next(6) == 0;
        if (request.Kind == OrderRequestKind.New)
        {
            var order = new Order { Id = request.ClientOrderId, Side = request.Side, Instrument = request.Instrument, Price = request.PriceUnits, Quantity = request.QuantityUnits, IsOpen = !refuses, End = OrderStatus.Rejected };
            _orders.Add(order);
            if (!refuses && random.Next(4) == 0) Report(order, order.Id, ExecutionKind.PendingNew, status: OrderStatus.PendingNew);
            Report(order, order.Id, refuses ? ExecutionKind.Rejected : ExecutionKind.New);
            return;
        }
        bool isStatus = request.Kind == OrderRequestKind.Status;
        ulong named = isStatus ? request.ClientOrderId : request.OriginalClientOrderId, id = request.ClientOrderId;
        Order? target = _orders.FirstOrDefault(o => o.Id == named);
        bool isCancel = request.Kind == OrderRequestKind.Cancel;
        ExecutionKind refusal = isStatus ? ExecutionKind.Status : isCancel ? ExecutionKind.CancelRejected : ExecutionKind.AmendRejected;
        if (target is null || isStatus) Report(target, id, refusal, status: target?.Status ?? OrderStatus.Rejected);
        else if (!target.IsOpen || refuses || (!isCancel && request.QuantityUnits <= target.Filled)) Report(target, id, refusal);
        else if (isCancel) End(target, ExecutionKind.Cancelled, OrderStatus.Cancelled, id);
        else
        {
            if (random.Next(3) == 0) Report(target, id, ExecutionKind.PendingReplace, status: OrderStatus.PendingReplace);
            (target.Id, target.Price, target.Quantity) = (id, request.PriceUnits, request.QuantityUnits);
            Report(target, id, ExecutionKind.Replaced, status: OrderStatus.Replaced);
        }
    }

    private void Fill(Order o, long quantity)
    {
        long price = o.Price - random.Next(3) * 100;
        o.Executions.Add((quantity, price));
        CloseIfFilled(o);
        Report(o, o.Id, ExecutionKind.Trade, quantity, price);
    }

    private void Bust(Order o, int which, bool worksOn)
    {
        (long quantity, long price) = o.Executions[which];
        o.Executions.RemoveAt(which);
        ReopenIf(o, worksOn);
        Report(o, o.Id, ExecutionKind.TradeCancelled, quantity, price);
    }

    /// <summary>As the gateway hands it on: the execution as it was taken back, then as it is now booked.</summary>
    private void Correct(Order o, int which, bool worksOn)
    {
        (long before, long price) = o.Executions[which];
        long room = Math.Max(o.Quantity - o.Filled, 0);
        (long Quantity, long Price) now = (random.NextInt64(1, before + room + 1), price + random.Next(2) * 100);
        o.Executions.RemoveAt(which);
        Report(o, o.Id, ExecutionKind.TradeCancelled, before, price, OrderStatus.Unknown, EventFlags.MoreFollows);
        o.Executions.Add(now);
        ReopenIf(o, worksOn);
        CloseIfFilled(o);
        Report(o, o.Id, ExecutionKind.TradeCorrected, now.Quantity, now.Price);
    }

    private void ReopenIf(Order o, bool worksOn)
    {
        if (worksOn && o is { IsOpen: false, End: OrderStatus.Filled } && o.Filled < o.Quantity) o.IsOpen = random.Next(2) == 0;
    }

    private static void CloseIfFilled(Order o)
    {
        if (o.IsOpen && o.Filled >= o.Quantity) (o.IsOpen, o.End) = (false, OrderStatus.Filled);
    }

    private void Restate(Order o)
    {
        (o.Quantity, o.Price) = (random.NextInt64(Math.Max(1, o.Filled), o.Quantity + 20), o.Price + random.Next(-2, 3) * 100);
        CloseIfFilled(o);
        Report(o, o.Id, ExecutionKind.Restated, o.Quantity, o.Price);
    }

    private void End(Order o, ExecutionKind kind, OrderStatus end, ulong id)
    {
        (o.IsOpen, o.End) = (false, end);
        Report(o, id, kind);
    }

    private void Report(Order? o, ulong id, ExecutionKind kind, long last = 0, long price = 0, OrderStatus? status = null, EventFlags flags = 0) => _reports.Enqueue(new Execution
    {
        Kind = EventKind.ExecutionReported, ClientOrderId = id, ExecutionKind = kind, OrderStatus = status ?? o!.Status, LastQuantityUnits = last, LastPriceUnits = price, Flags = flags,
        CumulativeQuantityUnits = o?.Filled ?? 0, Instrument = o?.Instrument ?? RingEvent.AllInstruments, Side = o?.Side ?? Side.None,
    });
}
