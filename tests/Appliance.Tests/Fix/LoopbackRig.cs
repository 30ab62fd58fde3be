using System.Diagnostics;
using Appliance.Contract;
using Appliance.Fix;
using Appliance.TestKit;

namespace Appliance.Tests.Fix;

/// <summary>A venue that acknowledges each order and fills it whole, one report each; cancels and replaces it accepts. It allocates nothing.</summary>
internal sealed class EchoVenue : IFixAcceptorHandler
{
    private ulong _nextId = 1;

    public IFixAcceptor? Acceptor;
    public bool Allocates;
    public bool FillsOrders = true;
    public int Orders, Cancels, Replaces, Ups, Downs;
    public bool LastCancelOnDisconnect;
    public readonly List<ulong> OrderIds = new(1 << 17);
    private object? _garbage;

    public void OnSessionUp(int session, ReadOnlySpan<byte> counterparty, bool cancelOnDisconnect)
    {
        Ups++;
        LastCancelOnDisconnect = cancelOnDisconnect;
    }

    public void OnSessionDown(int session) => Downs++;

    public void OnNewOrder(int session, in NewOrderRequest request)
    {
        Orders++;
        request.ClientOrderId.TryGetNumber(out ulong id);
        OrderIds.Add(id);
        if (Allocates) _garbage = new byte[1];
        Report(session, in request, ExecutionKind.New, OrderStatus.New, 0);
        if (FillsOrders) Report(session, in request, ExecutionKind.Trade, OrderStatus.Filled, request.QuantityUnits);
    }

    public void Report(int session, in NewOrderRequest request, ExecutionKind kind, OrderStatus status, long filled)
    {
        var report = new ExecutionReportMessage
        {
            OrderId = _nextId, ExecutionId = _nextId++, ClientOrderId = request.ClientOrderId, Instrument = request.Instrument, Side = request.Side, TimeInForce = request.TimeInForce,
            Kind = kind, Status = status, OrderQuantityUnits = request.QuantityUnits, PriceUnits = request.PriceUnits, LastQuantityUnits = filled, LastPriceUnits = request.PriceUnits,
            LeavesQuantityUnits = request.QuantityUnits - filled, CumulativeQuantityUnits = filled, AveragePriceUnits = filled > 0 ? request.PriceUnits : 0, TransactTimeUtcNs = request.TransactTimeUtcNs,
        };
        Acceptor!.SendExecutionReport(session, in report);
    }

    public void OnCancel(int session, in CancelOrderRequest request)
    {
        Cancels++;
        Acceptor!.SendCancelReject(session, new CancelRejectMessage
        {
            ClientOrderId = request.ClientOrderId, OriginalClientOrderId = request.OriginalClientOrderId, Status = OrderStatus.Filled, Reason = 0, TransactTimeUtcNs = request.TransactTimeUtcNs,
        });
    }

    public void OnReplace(int session, in ReplaceOrderRequest request)
    {
        Replaces++;
        var report = new ExecutionReportMessage
        {
            OrderId = _nextId, ExecutionId = _nextId++, ClientOrderId = request.ClientOrderId, OriginalClientOrderId = request.OriginalClientOrderId, Instrument = request.Instrument,
            Side = request.Side, TimeInForce = request.TimeInForce, Kind = ExecutionKind.Replaced, Status = OrderStatus.New, OrderQuantityUnits = request.QuantityUnits,
            PriceUnits = request.PriceUnits, LeavesQuantityUnits = request.QuantityUnits, TransactTimeUtcNs = request.TransactTimeUtcNs,
        };
        Acceptor!.SendExecutionReport(session, in report);
    }
}

/// <summary>Events into a fixed array: a sink that allocates nothing.</summary>
internal sealed class ArraySink(int capacity)
{
    public readonly RingEvent[] Events = new RingEvent[capacity];
    public int Count;
    public long Room = long.MaxValue;

    public Sink AsSink() => new(this);
    public IEnumerable<RingEvent> Of(EventKind kind) => Events.Take(Count).Where(e => e.Kind == kind);
    public IEnumerable<Execution> Executions => Events.Take(Count).Select(e => RingEvent.AsExecution(ref e)).Where(e => e.Kind is EventKind.ExecutionReported or EventKind.OrderUnsent);

    public readonly struct Sink(ArraySink owner) : IEventSink
    {
        public long RemainingCapacity => Math.Min(owner.Room, owner.Events.Length - owner.Count);
        public ref RingEvent Claim() => ref owner.Events[owner.Count];
        public void Publish()
        {
            owner.Count++;
            owner.Room--;
        }
    }
}

/// <summary>A gateway and an acceptor over real TCP on loopback, both polled by the test's thread.</summary>
internal sealed class LoopbackRig : IDisposable
{
    public readonly string Folder = Directory.CreateTempSubdirectory("fixloop").FullName;
    public readonly EchoVenue Venue = new();
    public readonly ArraySink Sink;
    public readonly WideGate Gate = new(FixSamples.Instruments);
    public FixAcceptor<EchoVenue>? Acceptor;
    public readonly FixOrderGateway<ArraySink.Sink, HostMonotonicClock> Gateway;
    public readonly OrderLog OrderLog;
    public int Port;

    public LoopbackRig(int events = 1 << 16, int orders = 1 << 16, Func<FixSessionOptions, FixSessionOptions>? change = null)
    {
        Sink = new ArraySink(events);
        OrderLog = new OrderLog(Path.Combine(Folder, "orders"), orders);
        StartAcceptor();
        var options = new FixSessionOptions
        {
            Host = "127.0.0.1", Port = Port, SenderCompId = "DESK", TargetCompId = "VENUE", StoreDirectory = Path.Combine(Folder, "desk"), Store = StoreOptions.OfMegabytes(4),
            LogonFields = [new(9002, "Y")], ReconnectMaxMs = 50,
        };
        Gateway = new FixOrderGateway<ArraySink.Sink, HostMonotonicClock>(change?.Invoke(options) ?? options, FixSamples.Instruments, Sink.AsSink(), default, OrderLog);
    }

    public void StartAcceptor()
    {
        Acceptor = new FixAcceptor<EchoVenue>(new FixAcceptorOptions { CompId = "VENUE", Port = Port, StoreDirectory = Path.Combine(Folder, "venue"), Store = StoreOptions.OfMegabytes(4) }, FixSamples.Instruments, Venue);
        Venue.Acceptor = Acceptor;
        Port = Acceptor.Port;
    }

    public void StopAcceptor()
    {
        Acceptor?.Dispose();
        Acceptor = null;
    }

    public void Poll()
    {
        long now = default(HostMonotonicClock).NowNs(), utc = default(HostUtcClock).NowUtcNs();
        Gateway.Poll(now, utc);
        Acceptor?.Poll(now, utc);
    }

    /// <summary>Polls both ends until the condition holds; fails after a time that only a hang needs.</summary>
    public void Until(Func<bool> condition, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Poll();
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(60), $"waited in vain for {what}: gateway {Gateway.State}, {Gateway.LastConnectError}");
            Thread.Yield();
        }
    }

    public LoopbackRig Up()
    {
        Until(() => Gateway.IsUp, "the logon");
        return this;
    }

    public void Dispose()
    {
        Gateway.Dispose();
        OrderLog.Dispose();
        Acceptor?.Dispose();
        Directory.Delete(Folder, true);
    }
}
