using System.Diagnostics;
using Appliance.Contract;
using Appliance.Fix;

namespace Appliance.Interop;

/// <summary>QuickFIX's tradeclient, an initiator that a person types at, against our acceptor: order, replace, cancel, kill -9, and the report that it missed fetched by resend.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class TradeClientTests : IDisposable
{
    private static readonly InstrumentDefinition[] Instruments = [new(0, "ACME", 100, 1, 1, 1, 1.0)];
    private readonly string _folder = Directory.CreateTempSubdirectory("tradeclient").FullName;
    private readonly Venue _venue = new();
    private QuickFixProgram? _client;
    private FixAcceptor<Venue>? _acceptor;

    [QuickFixTheory("tradeclient")]
    [InlineData("FIX.4.2", "3")]
    [InlineData("FIX.4.4", "5")]
    public void A_client_written_by_others_trades_with_our_acceptor_across_its_kill(string name, string menu)
    {
        var version = FixVersion.Parse(name);
        _acceptor = new FixAcceptor<Venue>(new FixAcceptorOptions
        {
            CompId = "VENUE", Versions = [version], Counterparties = ["CLIENT"], Microseconds = false, Validation = new FixValidationOptions { Level = FixValidation.Full }, Store = StoreOptions.OfMegabytes(1),
        }, Instruments, _venue);
        _venue.Acceptor = _acceptor;
        _client = new QuickFixProgram("tradeclient", _folder, QuickFixProgram.Initiator(_folder, _acceptor.Port, version, "CLIENT", "VENUE"));
        _client.Start();
        Until(() => _venue.Ups == 1, "the logon");

        Type("1", menu, "O1");
        Until(() => _venue.Orders == 1 && Saw("150=0"), "the order and its acknowledgement");
        Type("3", menu, "O2", "O1");
        Until(() => _venue.Replaces == 1 && Saw("150=5"), "the replace and its confirmation");
        Type("2", menu, "O3", "O2");
        Until(() => _venue.Cancels == 1 && Saw("150=4"), "the cancel and its confirmation");

        _client.Kill();
        Until(() => _venue.Downs == 1, "the loss");
        // A report while it is away is numbered and stored; the client finds the gap at its next logon and asks.
        _venue.Report(ExecutionKind.Restated, OrderStatus.New);
        _client.Start();
        Until(() => _venue.Ups == 2 && Saw("150=D"), "the report that it missed");
        Assert.Contains("43=Y", _client.Output, StringComparison.Ordinal);
        Type("1", menu, "O4");
        Until(() => _venue.Orders == 2, "an order after the kill");
        Assert.Equal((0L, 0L), (_acceptor.Counters(0).RejectsIn, _acceptor.Counters(0).RejectsOut));
    }

    private bool Saw(string field) => _client!.Output.Contains($"\u0001{field}\u0001", StringComparison.Ordinal);

    private void Type(string action, string menu, string id, string original = "")
    {
        void Put(string prompt, string answer)
        {
            if (!_client!.Answers.TryGetValue(prompt, out var queue)) _client.Answers[prompt] = queue = [];
            queue.Clear();
            queue.Enqueue(answer);
        }
        Put("BeginString: ", menu);
        Put("OrigClOrdID: ", original);
        Put("\nClOrdID: ", id);
        Put("Symbol: ", "ACME");
        Put("Side: ", "1");
        Put("OrdType: ", "2");
        Put("OrderQty: ", "100");
        Put("TimeInForce: ", "1");
        Put("Price: ", "10");
        Put("SenderCompID: ", "CLIENT");
        Put("TargetCompID: ", "VENUE");
        Put("Use a TargetSubID?: ", "N");
        Put("New price?: ", "Y");
        Put("New quantity?: ", "Y");
        Put("Send order?: ", "Y");
        Put("Send replace?: ", "Y");
        Put("Send cancel?: ", "Y");
        Put("Action: ", action);
    }

    private void Until(Func<bool> condition, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            _acceptor!.Poll(default(HostMonotonicClock).NowNs(), default(HostUtcClock).NowUtcNs());
            _client!.Answer();
            if (Stopwatch.GetElapsedTime(start) > TimeSpan.FromSeconds(60))
            {
                // Taken once: the client goes on talking.
                string said = _client.Output;
                Assert.Fail($"waited in vain for {what}: orders {_venue.Orders}, refused {_acceptor.Refused}; the client says: {said[^Math.Min(600, said.Length)..]}");
            }
            Thread.Yield();
        }
    }

    public void Dispose()
    {
        _client?.Kill();
        _acceptor?.Dispose();
        Directory.Delete(_folder, true);
    }

    /// <summary>Confirms everything.</summary>
    private sealed class Venue : IFixAcceptorHandler
    {
        private ulong _next = 1;
        private FixText _lastId;

        public IFixAcceptor? Acceptor;
        public int Ups, Downs, Orders, Cancels, Replaces;

        public void OnSessionUp(int session, ReadOnlySpan<byte> counterparty, bool cancelOnDisconnect) => Ups++;
        public void OnSessionDown(int session) => Downs++;

        public void OnNewOrder(int session, in NewOrderRequest request)
        {
            Orders++;
            _lastId = request.ClientOrderId;
            Report(ExecutionKind.New, OrderStatus.New);
        }

        public void OnCancel(int session, in CancelOrderRequest request)
        {
            Cancels++;
            _lastId = request.ClientOrderId;
            Report(ExecutionKind.Cancelled, OrderStatus.Cancelled);
        }

        public void OnReplace(int session, in ReplaceOrderRequest request)
        {
            Replaces++;
            _lastId = request.ClientOrderId;
            Report(ExecutionKind.Replaced, OrderStatus.New);
        }

        public void Report(ExecutionKind kind, OrderStatus status) => Acceptor!.SendExecutionReport(0, new ExecutionReportMessage
        {
            OrderId = 1, ExecutionId = _next++, ClientOrderId = _lastId, Side = Side.Buy, Kind = kind, Status = status, OrderQuantityUnits = 100, PriceUnits = 1_000,
            LeavesQuantityUnits = kind == ExecutionKind.Cancelled ? 0 : 100, TransactTimeUtcNs = default(HostUtcClock).NowUtcNs(),
        });
    }
}
