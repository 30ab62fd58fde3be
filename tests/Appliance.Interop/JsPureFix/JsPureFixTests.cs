using System.Diagnostics;
using Appliance.Contract;
using Appliance.Fix;
using Appliance.TestKit;

namespace Appliance.Interop.JsPureFix;

/// <summary>jspurefix, a FIX engine on Node, as either side: logon, order, acknowledgement, fill, cancel, a cut, and what was missed fetched by resend.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class JsPureFixTests : IDisposable
{
    private static readonly InstrumentDefinition[] Instruments = [new(0, "ACME", 100, 1, 1, 1, 1.0)];
    private readonly string _folder = Directory.CreateTempSubdirectory("jspurefix").FullName;
    private JsPureFixPeer? _peer;

    [JsPureFixFact]
    public void Its_initiator_trades_with_our_acceptor_and_fetches_what_it_missed()
    {
        var venue = new Venue();
        using var acceptor = new FixAcceptor<Venue>(new FixAcceptorOptions
        {
            CompId = "VENUE", Counterparties = ["CLIENT"], Microseconds = false, Validation = new FixValidationOptions { Level = FixValidation.Full }, Store = StoreOptions.OfMegabytes(1),
        }, Instruments, venue);
        venue.Acceptor = acceptor;
        var peer = _peer = new JsPureFixPeer("initiator", acceptor.Port, Path.Combine(_folder, "store"));
        void Until(Func<bool> condition, string what) => Wait(() => acceptor.Poll(default(HostMonotonicClock).NowNs(), default(HostUtcClock).NowUtcNs()), condition, () => $"{what}; refused {acceptor.Refused}");

        peer.Start();
        Until(() => venue.Ups == 1 && peer.Count("\nready\n") == 1, "the logon");
        peer.Say("new O1 100");
        Until(() => peer.Output.Contains("got 8 id=O1 exec=0 status=0 again=N", StringComparison.Ordinal), "the acknowledgement");
        peer.Say("new O2 40");
        Until(() => peer.Output.Contains("got 8 id=O2 exec=F status=2 again=N", StringComparison.Ordinal), "the fill");
        peer.Say("cancel C1 O1");
        Until(() => peer.Output.Contains("got 8 id=C1 exec=4 status=4 again=N", StringComparison.Ordinal), "the cancel");

        // It writes its numbers to its file some time after it used them: killed before, it would come back with numbers too low, which must be refused.
        Until(() => peer.StoredNumbers() is { } stored && stored == (acceptor.NextSequences(0).Incoming, acceptor.NextSequences(0).Outgoing), "the peer's store");
        peer.Kill();
        Until(() => venue.Downs == 1, "the cut");
        // Reports while it is away are numbered and stored; it sees the gap at its next logon and asks.
        venue.Report("O3", ExecutionKind.Restated, OrderStatus.New, 100, 0);
        venue.Report("O4", ExecutionKind.Restated, OrderStatus.New, 100, 0);
        peer.Start();
        Until(() => venue.Ups == 2 && peer.Output.Contains("got 8 id=O3 exec=D status=0 again=Y", StringComparison.Ordinal) && peer.Output.Contains("got 8 id=O4 exec=D status=0 again=Y", StringComparison.Ordinal), "the reports that it missed");
        peer.Say("new O5 100");
        Until(() => peer.Output.Contains("got 8 id=O5 exec=0 status=0 again=N", StringComparison.Ordinal), "an order after the cut");
        Assert.Equal(["O1", "O2", "C1", "O5"], venue.Requests);
        Assert.Equal((0L, 0L), (acceptor.Counters(0).RejectsIn, acceptor.Counters(0).RejectsOut));
    }

    [JsPureFixFact]
    public void Our_initiator_trades_with_its_acceptor_and_fetches_what_it_missed()
    {
        int port = LoopbackPorts.FreeTcp();
        var peer = _peer = new JsPureFixPeer("acceptor", port, Path.Combine(_folder, "store"));
        peer.Start();
        string own = Path.Combine(_folder, "own");
        var gate = new WideGate(Instruments);
        var options = new FixSessionOptions
        {
            Host = "127.0.0.1", Port = port, SenderCompId = "DESK", TargetCompId = "JSVENUE", StoreDirectory = own, Store = StoreOptions.OfMegabytes(1), ReconnectMaxMs = 200, Microseconds = false,
            Validation = new FixValidationOptions { Level = FixValidation.Full },
        };
        uint heard;
        ulong filled;
        {
            var events = new EventCollector();
            using var gateway = new FixOrderGateway<EventCollector.Sink, HostMonotonicClock>(options, Instruments, events.AsSink(), default, null);
            void Until(Func<bool> condition, string what) => Wait(() => gateway.Poll(default(HostMonotonicClock).NowNs(), default(HostUtcClock).NowUtcNs()), condition, () => $"{what}; {gateway.State}, {gateway.LastConnectError}");
            bool Told(ulong id, ExecutionKind kind) => Executions(events).Any(e => e.ClientOrderId == id && e.ExecutionKind == kind);

            Until(() => gateway.IsUp, "the logon");
            var order = gate.New(0, Side.Buy, 1_000, 100);
            Assert.Equal(SendResult.Sent, gateway.Send(in order));
            Until(() => Told(order.ClientOrderId, ExecutionKind.New), "the acknowledgement");
            var cancel = gate.Cancel(order);
            Assert.Equal(SendResult.Sent, gateway.Send(in cancel));
            Until(() => Told(cancel.ClientOrderId, ExecutionKind.Cancelled), "the cancel");
            heard = gateway.NextSequences.Incoming;
            var small = gate.New(0, Side.Buy, 1_000, 40);
            Assert.Equal(SendResult.Sent, gateway.Send(in small));
            filled = small.ClientOrderId;
            Until(() => Told(filled, ExecutionKind.Trade), "the fill");
            Assert.Equal((0L, 0L), (gateway.SessionCounters.RejectsIn, gateway.SessionCounters.RejectsOut));
            // Its next session takes its numbers from the file, which is written some time after they were used: cut before, it would log on with the fill's own number, and nothing would be missed.
            Until(() => peer.StoredNumbers() is { } stored && stored == (gateway.NextSequences.Incoming, gateway.NextSequences.Outgoing), "the peer's store");
        }
        // Cut without a word. Whoever heard the last two reports did not live to write them down: they are asked for again, and come from the peer's store.
        {
            var events = new EventCollector();
            using var gateway = new FixOrderGateway<EventCollector.Sink, HostMonotonicClock>(options with { NextIncomingAtMost = heard }, Instruments, events.AsSink(), default, null);
            void Until(Func<bool> condition, string what) => Wait(() => gateway.Poll(default(HostMonotonicClock).NowNs(), default(HostUtcClock).NowUtcNs()), condition, () => $"{what}; {gateway.State}, {gateway.LastConnectError}");
            Until(() => gateway.IsUp && Executions(events).Any(e => e.ClientOrderId == filled && e.ExecutionKind == ExecutionKind.Trade), "the fill once more");
            var again = Executions(events).Where(e => e.ClientOrderId == filled).ToList();
            Assert.Equal([ExecutionKind.New, ExecutionKind.Trade], again.Select(e => e.ExecutionKind));
            Assert.All(again, e => Assert.True(e.Flags.HasFlag(EventFlags.PossibleDuplicate)));
            var order = gate.New(0, Side.Buy, 1_000, 100);
            Assert.Equal(SendResult.Sent, gateway.Send(in order));
            Until(() => Executions(events).Any(e => e.ClientOrderId == order.ClientOrderId && e.ExecutionKind == ExecutionKind.New), "an order after the cut");
            Assert.Equal((0L, 0L), (gateway.SessionCounters.RejectsIn, gateway.SessionCounters.RejectsOut));
        }
    }

    private static List<Execution> Executions(EventCollector events) => [.. events.Events.Where(e => e.Kind == EventKind.ExecutionReported).Select(e => RingEvent.AsExecution(ref e))];

    private void Wait(Func<int> poll, Func<bool> condition, Func<string> what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            poll();
            if (Stopwatch.GetElapsedTime(start) > TimeSpan.FromSeconds(90))
            {
                string said = _peer!.Output;
                Assert.Fail($"waited in vain for {what()}; the peer says: {said[^Math.Min(800, said.Length)..]}");
            }
            Thread.Yield();
        }
    }

    public void Dispose()
    {
        _peer?.Dispose();
        Directory.Delete(_folder, true);
    }

    /// <summary>Acknowledges orders, fills those for less than 100, confirms cancels.</summary>
    private sealed class Venue : IFixAcceptorHandler
    {
        private ulong _next = 1;

        public IFixAcceptor? Acceptor;
        public int Ups, Downs;
        public List<string> Requests { get; } = [];

        public void OnSessionUp(int session, ReadOnlySpan<byte> counterparty, bool cancelOnDisconnect) => Ups++;
        public void OnSessionDown(int session) => Downs++;

        public void OnNewOrder(int session, in NewOrderRequest request)
        {
            string id = request.ClientOrderId.ToString();
            Requests.Add(id);
            Report(id, ExecutionKind.New, OrderStatus.New, request.QuantityUnits, 0);
            if (request.QuantityUnits < 100) Report(id, ExecutionKind.Trade, OrderStatus.Filled, 0, request.QuantityUnits);
        }

        public void OnCancel(int session, in CancelOrderRequest request)
        {
            Requests.Add(request.ClientOrderId.ToString());
            Report(request.ClientOrderId.ToString(), ExecutionKind.Cancelled, OrderStatus.Cancelled, 0, 0);
        }

        public void OnReplace(int session, in ReplaceOrderRequest request) => Requests.Add(request.ClientOrderId.ToString());

        public void Report(string id, ExecutionKind kind, OrderStatus status, long leaves, long filled) => Acceptor!.SendExecutionReport(0, new ExecutionReportMessage
        {
            OrderId = 1, ExecutionId = _next++, ClientOrderId = FixText.FromString(id), Side = Side.Buy, Kind = kind, Status = status, OrderQuantityUnits = 100, PriceUnits = 1_000, LeavesQuantityUnits = leaves,
            LastQuantityUnits = filled, LastPriceUnits = filled > 0 ? 1_000 : 0, CumulativeQuantityUnits = filled, AveragePriceUnits = filled > 0 ? 1_000 : 0, TransactTimeUtcNs = default(HostUtcClock).NowUtcNs(),
        });
    }
}
