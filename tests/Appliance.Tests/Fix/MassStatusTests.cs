using System.Diagnostics;
using Appliance.Contract;
using Appliance.Fix;
using Appliance.TestKit;

namespace Appliance.Tests.Fix;

/// <summary>Which orders stand at the venue (OrderMassStatusRequest), over real TCP, with both ends checking every message against the dictionaries.</summary>
public sealed class MassStatusTests : IDisposable
{
    /// <summary>Answers with what it is told to hold.</summary>
    private sealed class ListingVenue : IFixAcceptorHandler
    {
        public FixAcceptor<ListingVenue>? Acceptor;
        public readonly List<ExecutionReportMessage> Holds = [];
        public readonly List<(string Id, string Original)> Cancels = [];
        public readonly List<string> Asked = [];
        public bool Answers = true, SaysLast = true, NamesRequest = true;

        public void OnSessionUp(int session, ReadOnlySpan<byte> counterparty, bool cancelOnDisconnect) { }
        public void OnSessionDown(int session) { }
        public void OnNewOrder(int session, in NewOrderRequest request) { }
        public void OnReplace(int session, in ReplaceOrderRequest request) { }
        public void OnCancel(int session, in CancelOrderRequest request) => Cancels.Add((request.ClientOrderId.ToString(), request.OriginalClientOrderId.ToString()));

        public bool OnMassStatusRequest(int session, in MassStatusRequest request)
        {
            Asked.Add(request.Id.ToString());
            if (!Answers) return false;
            if (Holds.Count == 0) Acceptor!.SendNoOrders(session, in request.Id);
            for (int i = 0; i < Holds.Count; i++) Acceptor!.SendExecutionReport(session, Holds[i] with { MassStatusId = request.Id, TotalReports = (uint)Holds.Count, IsLastReport = SaysLast && i == Holds.Count - 1 });
            return true;
        }
    }

    private readonly ListingVenue _venue = new();
    private readonly ArraySink _sink = new(256);
    private readonly WideGate _gate = new(FixSamples.Instruments);
    private FixOrderGateway<ArraySink.Sink, HostMonotonicClock>? _gateway;

    private void Connect(FixVersion version)
    {
        var full = new FixValidationOptions { Level = FixValidation.Full };
        _venue.Acceptor = new FixAcceptor<ListingVenue>(new FixAcceptorOptions { CompId = "VENUE", Versions = [version], Validation = full }, FixSamples.Instruments, _venue);
        _gateway = new(new FixSessionOptions { Host = "127.0.0.1", Port = _venue.Acceptor.Port, SenderCompId = "DESK", TargetCompId = "VENUE", Version = version, Validation = full }, FixSamples.Instruments, _sink.AsSink(), default, null);
        Until(() => _gateway.IsUp, "the logon");
    }

    private void Until(Func<bool> holds, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!holds())
        {
            long now = default(HostMonotonicClock).NowNs(), utc = default(HostUtcClock).NowUtcNs();
            _gateway!.Poll(now, utc);
            _venue.Acceptor!.Poll(now, utc);
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(60), $"waited in vain for {what}");
        }
    }

    public void Dispose()
    {
        _gateway?.Dispose();
        _venue.Acceptor?.Dispose();
    }

    private static ExecutionReportMessage Standing(string id, ushort instrument, Side side, long price, long quantity, long filled) => new()
    {
        OrderId = 900, ExecutionId = 0, ClientOrderId = id == "" ? default : FixText.FromString(id), Instrument = instrument, Side = side, Kind = ExecutionKind.Status, Status = filled > 0 ? OrderStatus.PartiallyFilled : OrderStatus.New,
        PriceUnits = price, OrderQuantityUnits = quantity, CumulativeQuantityUnits = filled, LeavesQuantityUnits = quantity - filled, TransactTimeUtcNs = FixSamples.StartUtcNs,
    };

    private ulong Ask()
    {
        ApprovedOrder question = _gate.Approve(new OrderIntent { Kind = OrderRequestKind.MassStatus });
        Assert.Equal(SendResult.Sent, _gateway!.Send(in question));
        return question.ClientOrderId;
    }

    private Execution Ended() => Assert.Single(_sink.Of(EventKind.MassStatusEnded).Select(e => RingEvent.AsExecution(ref e)));

    public static TheoryData<string> Versions => ["FIX.4.4", "FIX.5.0", "FIX.5.0SP1", "FIX.5.0SP2"];

    [Theory]
    [MemberData(nameof(Versions))]
    public void The_venue_lists_our_orders_and_those_of_others(string version)
    {
        Connect(FixVersion.Parse(version));
        _venue.Holds.AddRange([Standing("1700000000000000001", 1, Side.Buy, 5_000_000_000_000, 150_000_000, 50_000_000), Standing("SCREEN-1", 0, Side.Sell, 1_000_000, 30, 10), Standing("", 2, Side.Buy, 10_000, 1, 0)]);
        ulong asked = Ask();
        Until(() => _sink.Of(EventKind.MassStatusEnded).Any(), "the list");
        Assert.Equal([asked.ToString(System.Globalization.CultureInfo.InvariantCulture)], _venue.Asked);
        Execution[] listed = [.. _sink.Executions];
        Assert.Equal(2, listed.Length);
        Assert.All(listed, e => Assert.True((e.Flags & EventFlags.Listed) != 0 && e.ExecutionKind == ExecutionKind.Status));
        Assert.Equal((1_700_000_000_000_000_001UL, (ushort)1, Side.Buy, 5_000_000_000_000L, 150_000_000L, 50_000_000L, OrderStatus.PartiallyFilled),
            (listed[0].ClientOrderId, listed[0].Instrument, listed[0].Side, listed[0].LastPriceUnits, listed[0].LastQuantityUnits, listed[0].CumulativeQuantityUnits, listed[0].OrderStatus));
        Assert.True(FoundOrderId.Is(listed[1].ClientOrderId));
        Assert.Equal((Side.Sell, 1_000_000L, 30L, 10L), (listed[1].Side, listed[1].LastPriceUnits, listed[1].LastQuantityUnits, listed[1].CumulativeQuantityUnits));
        // One has no name that a request could bear.
        Assert.Equal((1L, 3L, 3L, asked), (_gateway!.Counters.UnnamedOrders, Ended().LastQuantityUnits, Ended().CumulativeQuantityUnits, Ended().ClientOrderId));

        // The gate takes it up; a cancel of it goes by the venue's names, and what fills of it comes under its number.
        Execution found = listed[1];
        _gate.Gate.OnExecution(in found);
        ApprovedOrder cancel = _gate.Approve(new OrderIntent { Kind = OrderRequestKind.Cancel, OriginalClientOrderId = found.ClientOrderId });
        Assert.Equal(SendResult.Sent, _gateway.Send(in cancel));
        Until(() => _venue.Cancels.Count > 0, "the cancel");
        Assert.Equal((cancel.ClientOrderId.ToString(System.Globalization.CultureInfo.InvariantCulture), "SCREEN-1"), Assert.Single(_venue.Cancels));
        var fill = Standing("SCREEN-1", 0, Side.Sell, 1_000_000, 30, 15) with { Kind = ExecutionKind.Trade, LastQuantityUnits = 5, LastPriceUnits = 1_000_000, ExecutionId = 5 };
        _venue.Acceptor!.SendExecutionReport(0, in fill);
        Until(() => _sink.Executions.Count() == 3, "the fill");
        Execution filled = _sink.Executions.Last();
        Assert.Equal((found.ClientOrderId, 5L, 15L, ExecutionKind.Trade), (filled.ClientOrderId, filled.LastQuantityUnits, filled.CumulativeQuantityUnits, filled.ExecutionKind));
        Assert.Equal(0, _gateway.Counters.ForeignReports);

        // Asked again, it has the same number.
        Ask();
        Until(() => _sink.Of(EventKind.MassStatusEnded).Count() == 2, "the second list");
        Assert.Equal(found.ClientOrderId, _sink.Executions.Last().ClientOrderId);
        Assert.Equal(1, _gateway.Found.Count);
        Assert.Equal((0L, 0L), (_gateway.SessionCounters.RejectsIn, _venue.Acceptor.Counters(0).RejectsIn));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void None_stands(string version)
    {
        Connect(FixVersion.Parse(version));
        Ask();
        Until(() => _sink.Of(EventKind.MassStatusEnded).Any(), "the answer");
        Assert.Empty(_sink.Executions);
        Assert.Equal((ExecutionKind.Status, 0L), (Ended().ExecutionKind, Ended().LastQuantityUnits));
        Assert.Equal((0L, 0L), (_gateway!.SessionCounters.RejectsIn, _venue.Acceptor!.Counters(0).RejectsIn));
    }

    [Fact]
    public void A_venue_that_counts_but_never_says_last_is_understood()
    {
        Connect(FixVersion.Fix44);
        _venue.SaysLast = false;
        _venue.Holds.AddRange([Standing("7", 0, Side.Buy, 1_000_000, 10, 0), Standing("8", 0, Side.Buy, 1_000_000, 10, 0)]);
        Ask();
        Until(() => _sink.Of(EventKind.MassStatusEnded).Any(), "the list");
        Assert.Equal([7UL, 8UL], _sink.Executions.Select(e => e.ClientOrderId));
    }

    [Fact]
    public void A_venue_without_such_lists_says_so()
    {
        Connect(FixVersion.Fix44);
        _venue.Answers = false;
        Ask();
        Until(() => _sink.Of(EventKind.MassStatusEnded).Any(), "the refusal");
        Assert.Equal((ExecutionKind.BusinessRejected, (ushort)3), (Ended().ExecutionKind, Ended().Reason));
        Assert.Equal(0, _gateway!.Counters.ForeignReports);
    }

    [Fact]
    public void A_name_that_begins_with_a_nought_is_no_number_of_ours()
    {
        var found = new FoundOrders(2);
        Assert.Equal(FoundOrderId.First, found.Take("007"u8, "1"u8));
        Assert.Equal(FoundOrderId.First, found.Take("007"u8, "1"u8));
        Assert.Equal(0UL, found.Take(""u8, "1"u8));
        Assert.Equal(0UL, found.Take("a name of more than thirty-one bytes"u8, "1"u8));
        Assert.Equal(FoundOrderId.First + 1, found.Take("A"u8, "a venue's number of more than thirty-one bytes"u8));
        Assert.Equal(0UL, found.Take("B"u8, "3"u8));
        Assert.True(found.TryGet(FoundOrderId.First + 1, out FoundOrder a) && a.OrderId.IsEmpty && !found.TryGet(FoundOrderId.First + 2, out _) && !found.TryGet(5, out _));
    }
}
