using System.Diagnostics;
using Appliance.Contract;
using Appliance.Fix;
using Appliance.Fix.QuickFix;
using Appliance.Risk;

namespace Appliance.Perf.Fix;

/// <summary>Events into the void; the newest stays.</summary>
internal sealed class LastEvent
{
    public RingEvent Newest;
    public long Count;

    public readonly struct Sink(LastEvent owner) : IEventSink
    {
        public long RemainingCapacity => 1 << 16;
        public ref RingEvent Claim() => ref owner.Newest;
        public void Publish() => owner.Count++;
    }
}

/// <summary>Orders through the real gate: there is no other way to make one. Each is played as done at once, so that none is ever live beside another.</summary>
internal sealed class ApprovedOrders
{
    public static readonly InstrumentDefinition[] Instruments = [new(0, "AAPL", 10_000, 1, 100, 1, 1)];
    private readonly Gate _gate;
    private long _nowUtcNs = 1_700_000_000_000_000_000;
    private int _made;

    public ApprovedOrders()
    {
        _gate = new Gate(Instruments, new GateLimits
        {
            Instruments = [new InstrumentLimits { Instrument = 0, MaxQuantityUnits = InstrumentLimits.UnitsMax, MaxNotional = 1e12m, MaxPositionUnits = InstrumentLimits.UnitsMax, CollarBasisPoints = 1_000_000, StaleAfterNs = long.MaxValue }],
            MaxMessagesPerWindow = 1_000_000, CancelReserveMessages = 0, MessageWindowNs = 1, MaxLiveOrders = 1024, DuplicateWindowNs = 0, PreventsSelfMatch = false, AcknowledgeWithinNs = long.MaxValue, OrderIdEpoch = 1, OrderTableCapacity = 2048,
        });
        _gate.OnSession(true);
        _gate.OnTop(0, new TopOfBook
        {
            BidPriceUnits = 1_002_400, BidQuantityUnits = 100, AskPriceUnits = 1_002_600, AskQuantityUnits = 100, TimeUtcNs = _nowUtcNs, UpperBandUnits = long.MaxValue, State = BookState.Ready, Status = TradingStatus.Trading,
        });
    }

    public void Next(out ApprovedOrder order)
    {
        _nowUtcNs += 1_000;
        var intent = new OrderIntent { Kind = OrderRequestKind.New, Side = Side.Buy, TimeInForce = TimeInForce.Day, PriceUnits = 1_002_500, QuantityUnits = 100 + _made++ % 100, TimeUtcNs = _nowUtcNs, RingSequence = _made };
        GateVerdict verdict = _gate.Check(in intent, out order);
        if (verdict != GateVerdict.Approved) throw new InvalidOperationException($"the gate held an order back: {GateVerdicts.Name(verdict)}");
        _gate.OnExecution(new Execution { Kind = EventKind.ExecutionReported, TimeUtcNs = _nowUtcNs, ClientOrderId = order.ClientOrderId, ExecutionKind = ExecutionKind.Rejected, OrderStatus = OrderStatus.Rejected });
    }
}

/// <summary>What a block of round trips or a stream gave.</summary>
internal readonly record struct WireResult(double P50Ns, double P99Ns, double P999Ns, long AllocatedBytes);

/// <summary>Our side of the wire contests, over loopback TCP with stores and an order log: the gateway beside the C venue, and beside our own acceptor.</summary>
internal static class FixWireWork
{
    private static FixOrderGateway<LastEvent.Sink, HostMonotonicClock> Gateway(int port, string store, LastEvent events, OrderLog log) => new(new FixSessionOptions
    {
        Host = "127.0.0.1", Port = port, SenderCompId = "DESK", TargetCompId = "VENUE", Account = "DESK1", OrderFields = [new(15, "USD"), new(528, "P")], HeartbeatSeconds = 600, StoreDirectory = store,
    }, ApprovedOrders.Instruments, events.AsSink(), default, log);

    private static LastEvent.Sink AsSink(this LastEvent events) => new(events);

    /// <summary>An order log, as the adapter asks for it.</summary>
    private sealed class Record(OrderLog log) : IOrderRecord
    {
        public bool HasRoomFor(OrderRequestKind kind) => log.HasRoomFor(kind);
        public void Append(in ApprovedOrder order, uint sequence) => log.TryAppend(in order, sequence);
    }

    /// <summary>Order out, acknowledgement in, one under way: from before the send to the acknowledgement's event.</summary>
    /// <param name="byAdapter">Through QuickFIX/n, where its adapter is built.</param>
    public static WireResult RoundTrip(int port, int orders, string folder, bool byAdapter = false)
    {
        var events = new LastEvent();
        using var log = new OrderLog(Path.Combine(folder, "orders.log"), 1 << 17);
        using IOrderGateway gateway = byAdapter
            ? QuickFixAdapter.CreateGateway(new QuickFixGatewayOptions
            {
                Host = "127.0.0.1", Port = port, SenderCompId = "DESK", TargetCompId = "VENUE", Account = "DESK1", OrderFields = [new(15, "USD"), new(528, "P")], HeartbeatSeconds = 600, StoreDirectory = folder,
            }, ApprovedOrders.Instruments, events.AsSink(), default(HostMonotonicClock), new Record(log))
            : Gateway(port, folder, events, log);
        HostMonotonicClock clock = default;
        HostUtcClock utc = default;
        var made = new ApprovedOrders();
        long[] samples = new long[orders];
        long deadline = clock.NowNs() + 60_000_000_000;
        while (!gateway.IsUp)
        {
            gateway.Poll(clock.NowNs(), utc.NowUtcNs());
            if (clock.NowNs() > deadline) throw new InvalidOperationException("no logon within a minute");
        }
        long allocated = 0;
        // The event that the session is up may still be on its way.
        for (long settle = clock.NowNs() + 5_000_000; clock.NowNs() < settle;) gateway.Poll(clock.NowNs(), utc.NowUtcNs());
        int warmUp = orders / 10;
        for (int i = 0; i < orders + warmUp; i++)
        {
            if (i == warmUp) allocated = GC.GetAllocatedBytesForCurrentThread();
            made.Next(out ApprovedOrder order);
            long seen = events.Count, begin = clock.NowNs(), now = begin;
            if (gateway.Send(in order) != SendResult.Sent) throw new InvalidOperationException("an order did not leave");
            while (events.Count == seen)
            {
                now = clock.NowNs();
                gateway.Poll(now, utc.NowUtcNs());
                // The library's own threads share this core, for the venue has the other.
                if (byAdapter) Thread.Yield();
            }
            long took = clock.NowNs() - begin;
            if (events.Newest.Kind != EventKind.ExecutionReported || RingEvent.AsExecution(ref events.Newest).ClientOrderId != order.ClientOrderId) throw new InvalidOperationException("another answer came");
            if (i >= warmUp) samples[i - warmUp] = took;
        }
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        Array.Sort(samples);
        return new WireResult(samples[orders / 2], samples[orders * 99L / 100], samples[orders * 999L / 1000], allocated);
    }

    /// <summary>Answers each order with one report.</summary>
    internal sealed class Echo : IFixAcceptorHandler
    {
        private ulong _number;
        public FixAcceptor<Echo>? Acceptor;

        public void OnSessionUp(int session, ReadOnlySpan<byte> counterparty, bool cancelOnDisconnect) { }
        public void OnSessionDown(int session) { }
        public void OnCancel(int session, in CancelOrderRequest request) { }
        public void OnReplace(int session, in ReplaceOrderRequest request) { }

        public void OnNewOrder(int session, in NewOrderRequest request)
        {
            var report = new ExecutionReportMessage
            {
                OrderId = ++_number, ExecutionId = _number, ClientOrderId = request.ClientOrderId, Instrument = request.Instrument, Side = request.Side, TimeInForce = request.TimeInForce, Kind = ExecutionKind.New,
                Status = OrderStatus.New, OrderQuantityUnits = request.QuantityUnits, PriceUnits = request.PriceUnits, LeavesQuantityUnits = request.QuantityUnits, TransactTimeUtcNs = request.TransactTimeUtcNs,
            };
            Acceptor!.SendExecutionReport(session, in report);
        }
    }

    /// <summary>As many orders as one decision is taken to cause: the first by itself and the others together, as the host's sender does it.</summary>
    /// <returns>How many left.</returns>
    private static long SendBurst(FixOrderGateway<LastEvent.Sink, HostMonotonicClock> gateway, ApprovedOrder[] approved, long from, long count)
    {
        if (count <= 0 || gateway.Send(in approved[(int)(from & 4095)]) != SendResult.Sent) return 0;
        for (long at = from + 1; at < from + count && gateway.CanGather; at++)
        {
            if (gateway.Gather(in approved[(int)(at & 4095)]) != SendResult.Sent) break;
        }
        gateway.WriteGathered(out int left);
        return 1 + left;
    }

    /// <summary>Initiator and acceptor in this process, a thread and a core each, 1,000 orders under way.</summary>
    /// <param name="burst">Orders of one decision, between two looks at what came in.</param>
    /// <returns>Nanoseconds a message, orders and reports together; bytes allocated by both threads.</returns>
    public static (double Ns, long AllocatedBytes) Sustained(int orders, int window, int burst, string folder, int deskCpu, int venueCpu)
    {
        var handler = new Echo();
        using var acceptor = new FixAcceptor<Echo>(new FixAcceptorOptions { CompId = "VENUE", StoreDirectory = Path.Combine(folder, "venue") }, ApprovedOrders.Instruments, handler);
        handler.Acceptor = acceptor;
        bool done = false, ready = false;
        long venueAllocated = 0;
        Exception? failure = null;
        var venue = new Thread(() =>
        {
            try
            {
                CpuPinning.PinThisThread(venueCpu);
                HostMonotonicClock clock = default;
                HostUtcClock utc = default;
                long before = 0;
                while (!Volatile.Read(ref done))
                {
                    acceptor.Poll(clock.NowNs(), utc.NowUtcNs());
                    if (before == 0 && Volatile.Read(ref ready)) before = GC.GetAllocatedBytesForCurrentThread();
                }
                venueAllocated = GC.GetAllocatedBytesForCurrentThread() - before;
            }
            catch (Exception e) { failure = e; }
        }) { IsBackground = true };
        var events = new LastEvent();
        using var log = new OrderLog(Path.Combine(folder, "orders.log"), 1 << 21);
        using var gateway = Gateway(acceptor.Port, Path.Combine(folder, "desk"), events, log);
        venue.Start();
        CpuPinning.PinThisThread(deskCpu);
        HostMonotonicClock clock = default;
        HostUtcClock utc = default;
        var made = new ApprovedOrders();
        // As many orders as are under way at a time, made before: what is measured is the session, and the gate has a figure of its own.
        var approved = new ApprovedOrder[4096];
        for (int i = 0; i < approved.Length; i++) made.Next(out approved[i]);
        long deadline = clock.NowNs() + 60_000_000_000;
        while (!gateway.IsUp)
        {
            gateway.Poll(clock.NowNs(), utc.NowUtcNs());
            if (clock.NowNs() > deadline || failure is not null) throw new InvalidOperationException($"no logon: {gateway.State}, {gateway.LastConnectError}", failure);
        }
        long answeredBefore = events.Count, sent = 0, begin = 0, allocated = 0;
        long warmUp = orders / 10, total = orders + warmUp;
        while (events.Count - answeredBefore < total)
        {
            if (begin == 0 && events.Count - answeredBefore >= warmUp)
            {
                Volatile.Write(ref ready, true);
                (begin, warmUp) = (clock.NowNs(), events.Count - answeredBefore);
                allocated = GC.GetAllocatedBytesForCurrentThread();
            }
            sent += SendBurst(gateway, approved, sent, Math.Min(burst, Math.Min(total - sent, window - (sent - (events.Count - answeredBefore)))));
            gateway.Poll(clock.NowNs(), utc.NowUtcNs());
            if (failure is not null || clock.NowNs() > deadline) throw new InvalidOperationException("the stream stands still", failure);
        }
        double ns = (double)(clock.NowNs() - begin) / (2.0 * (total - warmUp));
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        Volatile.Write(ref done, true);
        venue.Join();
        return (ns, allocated + venueAllocated);
    }
}
