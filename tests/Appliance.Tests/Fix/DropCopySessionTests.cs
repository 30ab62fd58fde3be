using System.Diagnostics;
using Appliance.Contract;
using Appliance.Fix;
using Appliance.TestKit;

namespace Appliance.Tests.Fix;

/// <summary>A drop-copy session over real TCP beside an order session with the same venue: what it reads, what it never sends, what it makes good after a cut and after a restart.</summary>
public sealed class DropCopySessionTests : IDisposable
{
    /// <summary>Fills each order and copies the report to whoever is called DROPCOPY, unless told otherwise.</summary>
    private sealed class CopyingVenue : IFixAcceptorHandler
    {
        public FixAcceptor<CopyingVenue>? Acceptor;
        public int Orders = -1, Copies = -1, RequestsOfCopy;
        public ulong NextId = 1;
        public string Account = "DESK";
        public Func<ExecutionReportMessage, ExecutionReportMessage?> Copied = r => r;

        public void OnSessionUp(int session, ReadOnlySpan<byte> counterparty, bool cancelOnDisconnect)
        {
            if (counterparty.SequenceEqual("DROPCOPY"u8)) Copies = session;
            else Orders = session;
        }

        public void OnSessionDown(int session) { }

        public void OnNewOrder(int session, in NewOrderRequest request)
        {
            if (session == Copies) RequestsOfCopy++;
            Tell(Report(in request, ExecutionKind.New, OrderStatus.New, 0));
            Tell(Report(in request, ExecutionKind.Trade, OrderStatus.Filled, request.QuantityUnits));
        }

        private ExecutionReportMessage Report(in NewOrderRequest r, ExecutionKind kind, OrderStatus status, long filled) => new()
        {
            OrderId = NextId, ExecutionId = NextId++, ClientOrderId = r.ClientOrderId, Instrument = r.Instrument, Side = r.Side, TimeInForce = r.TimeInForce, Kind = kind, Status = status, OrderQuantityUnits = r.QuantityUnits,
            PriceUnits = r.PriceUnits, LastQuantityUnits = filled, LastPriceUnits = r.PriceUnits, LeavesQuantityUnits = r.QuantityUnits - filled, CumulativeQuantityUnits = filled, AveragePriceUnits = r.PriceUnits,
            TransactTimeUtcNs = default(HostUtcClock).NowUtcNs(),
        };

        public void Tell(in ExecutionReportMessage report)
        {
            Acceptor!.SendExecutionReport(Orders, in report);
            if (Copied(report) is { } copy) Acceptor.SendExecutionReport(Copies, copy with { IsCopy = true, Account = FixText.FromString(Account) });
        }

        public void OnCancel(int session, in CancelOrderRequest request) => RequestsOfCopy += session == Copies ? 1 : 0;
        public void OnReplace(int session, in ReplaceOrderRequest request) => RequestsOfCopy += session == Copies ? 1 : 0;
    }

    private const long BoundNs = 150_000_000;

    private readonly string _folder = Directory.CreateTempSubdirectory("dropcopy").FullName;
    private readonly CopyingVenue _venue = new();
    private readonly ArraySink _sink = new(1 << 12);
    private readonly WideGate _gate = new(FixSamples.Instruments);
    private readonly ExecutionTap _tap = new(1 << 10);
    private FixOrderGateway<ArraySink.Sink, HostMonotonicClock>? _gateway;
    private DropCopySession? _copy;

    public void Dispose()
    {
        Disconnect();
        _venue.Acceptor?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private void Disconnect()
    {
        _gateway?.Dispose();
        _copy?.Dispose();
    }

    private FixSessionOptions Session(FixVersion version, string sender) => new()
    {
        Host = "127.0.0.1", Port = _venue.Acceptor!.Port, SenderCompId = sender, TargetCompId = "VENUE", Version = version, StoreDirectory = _folder, Store = StoreOptions.OfMegabytes(4), ReconnectMaxMs = 20,
    };

    private void Connect(FixVersion version, string account = "", bool seeded = false)
    {
        _venue.Acceptor ??= new FixAcceptor<CopyingVenue>(new FixAcceptorOptions { CompId = "VENUE", Versions = [version], Validation = new FixValidationOptions { Level = FixValidation.Full } }, FixSamples.Instruments, _venue);
        FixSessionOptions orders = Session(version, "DESK"), copies = Session(version, "DROPCOPY");
        var options = new DropCopyOptions { MatchWithinNs = BoundNs, Account = account };
        var monitor = new DropCopyMonitor(options.Capacity, options.MatchWithinNs);
        if (seeded) DropCopySession.Seed(monitor, orders.StorePath!, copies.StorePath!, options, FixSamples.Instruments, default(HostMonotonicClock).NowNs());
        _gateway = new(orders, FixSamples.Instruments, _sink.AsSink(), default, null, null, _tap);
        _copy = new DropCopySession(copies, options, FixSamples.Instruments, _tap, monitor);
        Until(() => _gateway.IsUp && _copy.IsUp, "both logons");
    }

    private void Poll()
    {
        long now = default(HostMonotonicClock).NowNs(), utc = default(HostUtcClock).NowUtcNs();
        _gateway!.Poll(now, utc);
        _venue.Acceptor!.Poll(now, utc);
        _copy!.Poll(now, utc);
    }

    private void Until(Func<bool> holds, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!holds())
        {
            Poll();
            var c = _copy!.Monitor.Counters;
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(60), $"waited in vain for {what}: ours {c.Ours}, copies {c.Copies}, matched {c.Matched}, pending {c.Pending}, {_copy.LastConnectError}");
            Thread.Yield();
        }
    }

    private void Trade(int count, Side side = Side.Buy)
    {
        for (int i = 0; i < count; i++)
        {
            ApprovedOrder order = _gate.New(0, side, 1_000_000, 10 + i);
            Until(() => _gateway!.Send(in order) == SendResult.Sent, "the order to leave");
        }
    }

    private DropCopyCounters Counters => _copy!.Monitor.Counters;

    public static TheoryData<string> Versions => ["FIX.4.2", "FIX.4.4", "FIX.5.0SP2"];

    [Theory]
    [MemberData(nameof(Versions))]
    public void Copies_agree_with_what_the_order_session_was_told_also_over_a_cut(string version)
    {
        Connect(FixVersion.Parse(version));
        Trade(20);
        Until(() => Counters.Matched == 20, "twenty fills in both records");
        _venue.Acceptor!.Drop(_venue.Copies);
        Trade(20);
        Until(() => Counters.Matched == 40, "forty fills, half of them after the cut");
        Assert.Equal((40L, 40L, 0L, 0L), (Counters.Ours, Counters.Copies, _copy!.Monitor.Differences, Counters.Open));
        // New orders are acknowledged, too, and that is no execution.
        Assert.Equal((40L, 0L, 0L), (_copy.Read.OtherReports, _copy.Read.OtherMessages, _copy.Read.Unreadable));
        Assert.Equal((0, 0L), (_venue.RequestsOfCopy, _copy.Lost));
        // What the venue counts in is session messages alone: the next number says how many we sent.
        Assert.Equal(0, _venue.Acceptor.Counters(_venue.Copies).RejectsOut);
    }

    [Fact]
    public void Fills_that_only_one_record_has_and_other_terms_are_found()
    {
        Connect(FixVersion.Fix44);
        Trade(1);
        Until(() => Counters.Matched == 1, "a fill in both");
        _venue.Copied = r => r.Kind == ExecutionKind.Trade ? null : r;
        Trade(1);
        Until(() => Counters.MissingInCopy == 1, "the fill that the copy lacks");
        _venue.Copied = r => r.Kind == ExecutionKind.Trade ? r with { LastQuantityUnits = r.LastQuantityUnits + 1 } : r;
        Trade(1);
        Until(() => Counters.Disagreements == 1, "other terms");
        _venue.Copied = r => r;
        var foreign = new ExecutionReportMessage
        {
            OrderId = 77, ExecutionId = 7_777, ClientOrderId = FixText.FromString("ELSE-1"), Instrument = 2, Side = Side.Sell, Kind = ExecutionKind.Trade, Status = OrderStatus.Filled, OrderQuantityUnits = 3, LastQuantityUnits = 3,
            LastPriceUnits = 10_000, CumulativeQuantityUnits = 3, AveragePriceUnits = 10_000, TransactTimeUtcNs = default(HostUtcClock).NowUtcNs(),
        };
        _venue.Acceptor!.SendExecutionReport(_venue.Copies, foreign with { IsCopy = true });
        Until(() => Counters.UnknownToUs == 1, "the fill that we do not know");
        Assert.Equal(3, Counters.Open);
        Assert.Equal([CopyDifference.MissingInCopy, CopyDifference.Disagreement, CopyDifference.UnknownToUs], _copy!.Monitor.Found.ToArray().Select(f => f.Kind));
        Assert.Equal(("7777", "ELSE-1", 3L, Side.Sell, (ushort)2), (_copy.Monitor.Found[2].Copy.ExecutionId.ToString(), _copy.Monitor.Found[2].Copy.ClientOrderId.ToString(), _copy.Monitor.Found[2].Copy.QuantityUnits, _copy.Monitor.Found[2].Copy.Side, _copy.Monitor.Found[2].Copy.Instrument));
        // The order session hears of it at last: its id is no number of ours, so it stays unknown. A bust that both hear of agrees.
        ref readonly Execution filled = ref System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_sink.Executions.Where(e => e.ExecutionKind == ExecutionKind.Trade).Take(1).ToList())[0];
        _venue.Tell(new ExecutionReportMessage
        {
            OrderId = 1, ExecutionId = 8_888, ClientOrderId = FixText.FromNumber(filled.ClientOrderId), Side = Side.Buy, Kind = ExecutionKind.TradeCancelled, Status = OrderStatus.New, OrderQuantityUnits = 10, LeavesQuantityUnits = 10,
            LastQuantityUnits = 10, LastPriceUnits = 1_000_000, TransactTimeUtcNs = default(HostUtcClock).NowUtcNs(),
        });
        Until(() => Counters.Matched == 2, "the bust in both");
    }

    [Fact]
    public void Copies_of_other_accounts_are_counted_and_left()
    {
        Connect(FixVersion.Fix44, account: "DESK");
        Trade(2);
        Until(() => Counters.Matched == 2, "ours");
        _venue.Account = "OTHERS";
        Trade(1);
        Until(() => _copy!.Read.ForeignAccounts == 1, "the other account's");
        Assert.Equal(2, Counters.Copies);
    }

    [Fact]
    public void What_earlier_runs_were_told_is_read_from_the_stores()
    {
        Connect(FixVersion.Fix44);
        Trade(10);
        Until(() => Counters.Matched == 10, "ten fills");
        // Both ends go; the copy of three more fills comes only after the restart, when the order session has long heard of them.
        _copy!.Dispose();
        _venue.Copied = r => r;
        for (int i = 0; i < 3; i++)
        {
            ApprovedOrder order = _gate.New(0, Side.Sell, 1_000_000, 5);
            Assert.Equal(SendResult.Sent, _gateway!.Send(in order));
        }
        long start = Stopwatch.GetTimestamp();
        while (_sink.Executions.Count(e => e.ExecutionKind == ExecutionKind.Trade) < 13)
        {
            long now = default(HostMonotonicClock).NowNs(), utc = default(HostUtcClock).NowUtcNs();
            _gateway!.Poll(now, utc);
            _venue.Acceptor!.Poll(now, utc);
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(60));
        }
        while (_tap.TryRead(out _)) { }
        _gateway!.Dispose();
        Connect(FixVersion.Fix44, seeded: true);
        Until(() => Counters.Matched == 13, "thirteen fills, ten of them from the stores");
        Assert.Equal((0L, 0L), (_copy!.Monitor.Differences, Counters.Open));
    }

    [Fact]
    public void A_record_that_the_reader_does_not_fetch_in_time_is_counted()
    {
        var tap = new ExecutionTap(4);
        for (ulong i = 0; i < 6; i++) tap.Write(new SeenExecution { Key = i });
        Assert.Equal(2, tap.Lost);
        for (ulong i = 0; i < 4; i++) Assert.True(tap.TryRead(out var e) && e.Key == i);
        Assert.False(tap.TryRead(out _));
    }
}
