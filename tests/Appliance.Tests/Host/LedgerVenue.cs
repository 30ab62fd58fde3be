using Appliance.Contract;
using Appliance.Fix;
using Appliance.TestKit;

namespace Appliance.Tests.Host;

/// <summary>
/// A venue that keeps its own books and nothing of ours but the FIX acceptor: orders wait a moment before they act, rest, fill in parts, are refused now and then, and every identifier that ever
/// came is remembered. It outlives the host, so what it says at the end is the truth.
/// </summary>
internal sealed class LedgerVenue : IFixAcceptorHandler, IDisposable
{
    private sealed class Order
    {
        public required string Id;
        public required Side Side;
        public required TimeInForce TimeInForce;
        public ulong Number;
        public long Price, Quantity, Filled;
        public bool IsOpen = true;
    }

    private enum Ask { New, Cancel, Replace, Status, MassStatus }

    private readonly record struct Request(Ask Kind, FixText Id, FixText Original, Side Side, TimeInForce TimeInForce, long Price, long Quantity, long DueNs);

    private readonly FixAcceptor<LedgerVenue> _acceptor;
    private readonly Random _random;
    private readonly Queue<Request> _requests = new();
    private readonly List<Order> _orders = [];
    private readonly Dictionary<string, Order> _byId = [];
    private readonly HostMonotonicClock _clock = new();
    private ulong _numbers, _executions;
    private int _orderSession, _copySession = -1;
    private long _nowNs;
    private bool _isDisposed;

    public LedgerVenue(InstrumentDefinition instrument, string storeFolder, Random random)
    {
        _random = random;
        _acceptor = new FixAcceptor<LedgerVenue>(new FixAcceptorOptions { CompId = "RIG", MaxSessions = 2, Counterparties = ["HEDGER", "DROPCOPY"], StoreDirectory = storeFolder }, [instrument], this);
    }

    /// <summary>Trades on until something holds of a host, or of the venue alone; two minutes in vain, or a host that ended before, fail the test.</summary>
    public void Until(ApplianceProcess? host, Func<bool> holds, string what) => Until(host, holds, () => what);

    public void Until(ApplianceProcess? host, Func<bool> holds, Func<string> what)
    {
        var waited = System.Diagnostics.Stopwatch.StartNew();
        while (!holds())
        {
            Poll();
            Appliance.Host.Native.Linux.SleepMicroseconds(100);
            if (waited.Elapsed.TotalSeconds > 120) Assert.Fail($"in vain: {what()}\n{host?.Output}\n{host?.Errors}");
            if (host is not null && host.HasExited && !holds()) Assert.Fail($"the host ended: {what()}\n{host.Output}\n{host.Errors}");
        }
    }

    public int Port => _acceptor.Port;
    public bool IsUp { get; private set; }
    /// <summary>Whether resting orders fill; off while the desk and the venue are compared.</summary>
    public bool Trades { get; set; }
    public long Position { get; private set; }
    public int WorkingOrders => _orders.Count(o => o.IsOpen);
    public bool IsIdle => _requests.Count == 0;
    public long News { get; private set; }
    public long StatusRequests { get; private set; }
    /// <summary>Whether it answers order mass status requests.</summary>
    public bool AnswersMassStatus { get; init; }
    /// <summary>What a drop copy is told of a report; null tells it nothing.</summary>
    public Func<ExecutionReportMessage, ExecutionReportMessage?> Copied { get; set; } = r => r;
    public bool HasCopySession => _copySession >= 0;

    /// <summary>Whether it refuses no request for no reason.</summary>
    public bool NeverRefuses { get; init; }
    public long MassStatusRequests { get; private set; }
    /// <summary>Of what stands, by the names under which the venue has it.</summary>
    public IEnumerable<string> Standing => _orders.Where(o => o.IsOpen).Select(o => o.Id);
    /// <summary>Identifiers that came a second time: nothing may be sent twice.</summary>
    public List<string> Repeated { get; } = [];
    public HashSet<string> Seen { get; } = [];

    public void Poll()
    {
        _nowNs = _clock.NowNs();
        _acceptor.Poll(_nowNs, default(HostUtcClock).NowUtcNs());
        while (_requests.TryPeek(out Request request) && request.DueNs <= _nowNs) Act(_requests.Dequeue());
        if (!Trades || _random.Next(100) != 0) return;
        Order[] open = [.. _orders.Where(o => o.IsOpen)];
        if (open.Length > 0) Fill(open[_random.Next(open.Length)], _random.Next(3) == 0);
    }

    public void OnSessionUp(int session, ReadOnlySpan<byte> counterparty, bool cancelOnDisconnect)
    {
        if (counterparty.SequenceEqual("DROPCOPY"u8)) _copySession = session;
        else (_orderSession, IsUp) = (session, true);
    }

    public void OnSessionDown(int session)
    {
        if (session == _orderSession) IsUp = false;
    }

    public void OnNewOrder(int session, in NewOrderRequest r) => Take(new Request(Ask.New, r.ClientOrderId, default, r.Side, r.TimeInForce, r.PriceUnits, r.QuantityUnits, 0));
    public void OnCancel(int session, in CancelOrderRequest r) => Take(new Request(Ask.Cancel, r.ClientOrderId, r.OriginalClientOrderId, r.Side, 0, 0, 0, 0));
    public void OnReplace(int session, in ReplaceOrderRequest r) => Take(new Request(Ask.Replace, r.ClientOrderId, r.OriginalClientOrderId, r.Side, r.TimeInForce, r.PriceUnits, r.QuantityUnits, 0));
    public void OnStatusRequest(int session, in CancelOrderRequest r) => Take(new Request(Ask.Status, r.ClientOrderId, default, r.Side, 0, 0, 0, 0));

    public bool OnMassStatusRequest(int session, in MassStatusRequest r)
    {
        if (!AnswersMassStatus) return false;
        MassStatusRequests++;
        Take(new Request(Ask.MassStatus, r.Id, default, default, 0, 0, 0, 0));
        return true;
    }

    /// <summary>An order comes to stand that the desk never sent: from another system, or a trader's screen.</summary>
    public void Plant(string id, Side side, long price, long quantity, long filled)
    {
        var order = new Order { Id = id, Side = side, TimeInForce = TimeInForce.Day, Number = ++_numbers, Price = price, Quantity = quantity, Filled = filled };
        _byId[id] = order;
        _orders.Add(order);
    }

    /// <summary>Cuts the connection without a word.</summary>
    public void Drop() => _acceptor.Drop(_orderSession);

    /// <summary>So much of a planted order fills.</summary>
    public void FillPlanted(string id, long part) => Fill(_byId[id], part);

    private void Take(Request request)
    {
        if (request.Kind == Ask.MassStatus) { }
        else if (request.Kind == Ask.Status) StatusRequests++;
        else if (!Seen.Add(request.Id.ToString())) Repeated.Add(request.Id.ToString());
        _requests.Enqueue(request with { DueNs = _nowNs + _random.Next(0, 2_000_000) });
    }

    private void Act(in Request request)
    {
        if (request.Kind == Ask.MassStatus)
        {
            MassStatus(request.Id);
            return;
        }
        Order? named = _byId.GetValueOrDefault((request.Kind == Ask.Status ? request.Id : request.Original).ToString());
        switch (request.Kind)
        {
            case Ask.New: New(in request); break;
            case Ask.Status when named is not null: Report(named, request.Id, default, ExecutionKind.Status, StatusOf(named)); break;
            case Ask.Status:
                Report(new Order { Id = request.Id.ToString(), Side = request.Side, TimeInForce = TimeInForce.Day, IsOpen = false }, request.Id, default, ExecutionKind.Status, OrderStatus.Rejected);
                break;
            default:
                if (named is not { IsOpen: true } || (!NeverRefuses && _random.Next(20) == 0) || (request.Kind == Ask.Replace && request.Quantity <= named.Filled))
                {
                    _acceptor.SendCancelReject(_orderSession, new CancelRejectMessage
                    {
                        OrderId = named?.Number ?? 0, ClientOrderId = request.Id, OriginalClientOrderId = request.Original, Status = named is null ? OrderStatus.Rejected : StatusOf(named),
                        AnswersReplace = request.Kind == Ask.Replace, Reason = named is null ? (ushort)1 : (ushort)0, TransactTimeUtcNs = default(HostUtcClock).NowUtcNs(),
                    });
                    break;
                }
                if (request.Kind == Ask.Cancel) named.IsOpen = false;
                else (named.Price, named.Quantity) = (request.Price, request.Quantity);
                _byId[request.Id.ToString()] = named;
                named.Id = request.Id.ToString();
                Report(named, request.Id, request.Original, request.Kind == Ask.Cancel ? ExecutionKind.Cancelled : ExecutionKind.Replaced, StatusOf(named));
                break;
        }
    }

    private void MassStatus(FixText id)
    {
        Order[] open = [.. _orders.Where(o => o.IsOpen)];
        if (open.Length == 0) _acceptor.SendNoOrders(_orderSession, in id);
        for (int i = 0; i < open.Length; i++) _acceptor.SendExecutionReport(_orderSession, Describe(open[i], FixText.FromString(open[i].Id), default, ExecutionKind.Status, StatusOf(open[i])) with { MassStatusId = id, TotalReports = (uint)open.Length, IsLastReport = i == open.Length - 1 });
    }

    private void New(in Request request)
    {
        News++;
        var order = new Order { Id = request.Id.ToString(), Side = request.Side, TimeInForce = request.TimeInForce, Number = ++_numbers, Price = request.Price, Quantity = request.Quantity };
        _byId[order.Id] = order;
        if (_random.Next(25) == 0)
        {
            order.IsOpen = false;
            Report(order, request.Id, default, ExecutionKind.Rejected, OrderStatus.Rejected);
            return;
        }
        _orders.Add(order);
        Report(order, request.Id, default, ExecutionKind.New, OrderStatus.New);
        if (order.TimeInForce != TimeInForce.ImmediateOrCancel) return;
        Fill(order, whole: _random.Next(2) == 0);
        if (!order.IsOpen) return;
        order.IsOpen = false;
        Report(order, request.Id, default, ExecutionKind.Cancelled, OrderStatus.Cancelled);
    }

    private void Fill(Order order, bool whole)
    {
        long rest = order.Quantity - order.Filled;
        Fill(order, whole ? rest : _random.NextInt64(1, rest + 1));
    }

    private void Fill(Order order, long part)
    {
        order.Filled += part;
        order.IsOpen = order.Filled < order.Quantity;
        Position += order.Side == Side.Buy ? part : -part;
        Report(order, FixText.FromString(order.Id), default, ExecutionKind.Trade, StatusOf(order), part);
    }

    private static OrderStatus StatusOf(Order o) => o.Filled > 0 && o.Filled >= o.Quantity ? OrderStatus.Filled : !o.IsOpen ? OrderStatus.Cancelled : o.Filled > 0 ? OrderStatus.PartiallyFilled : OrderStatus.New;

    private void Report(Order order, FixText id, FixText original, ExecutionKind kind, OrderStatus status, long last = 0)
    {
        ExecutionReportMessage report = Describe(order, id, original, kind, status, last);
        _acceptor.SendExecutionReport(_orderSession, in report);
        if (_copySession >= 0 && Copied(report) is { } copy) _acceptor.SendExecutionReport(_copySession, copy with { IsCopy = true });
    }

    private ExecutionReportMessage Describe(Order order, FixText id, FixText original, ExecutionKind kind, OrderStatus status, long last = 0) => new()
    {
        OrderId = order.Number, ExecutionId = ++_executions, ClientOrderId = id, OriginalClientOrderId = original, Side = order.Side, TimeInForce = order.TimeInForce, Kind = kind, Status = status,
        RejectReason = 5, OrderQuantityUnits = order.Quantity, PriceUnits = order.Price, LastQuantityUnits = last, LastPriceUnits = order.Price, CumulativeQuantityUnits = order.Filled,
        LeavesQuantityUnits = order.IsOpen ? order.Quantity - order.Filled : 0, AveragePriceUnits = order.Price, TransactTimeUtcNs = default(HostUtcClock).NowUtcNs(),
    };

    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        _acceptor.Dispose();
    }
}
