using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Appliance.Contract;
using Appliance.Fix;
using Appliance.Fix.QuickFix;
using Appliance.Host.Composition;
using Appliance.TestKit;

namespace Appliance.Tests.Fix;

/// <summary>Skipped, saying why, where the QuickFix adapter is not built: the contract tests then ran against the embedded session alone.</summary>
public sealed class QuickFixAdapterFactAttribute : FactAttribute
{
    public QuickFixAdapterFactAttribute()
    {
        if (!QuickFixAdapter.Status.IsBuilt) Skip = QuickFixAdapter.Status.Sentence;
    }
}

/// <summary>What every order gateway does, whichever library speaks: the embedded session, and QuickFIX/n where it is built, against our acceptor and against a plain socket.</summary>
public sealed class GatewayContractTests : IDisposable
{
    public static TheoryData<string> Kinds => QuickFixAdapter.Status.IsBuilt ? ["embedded", "quickfix"] : ["embedded"];

    private readonly string _folder = Directory.CreateTempSubdirectory("gateway").FullName;
    private readonly ArraySink _sink = new(1 << 12);
    private readonly WideGate _gate = new(FixSamples.Instruments);
    private readonly OrderLog _log = new(null, 1 << 13);
    private readonly EchoVenue _venue = new();
    private readonly long _start = Stopwatch.GetTimestamp();
    private FixAcceptor<EchoVenue>? _acceptor;
    private IOrderGateway? _gateway;
    private int _port;

    public void Dispose()
    {
        _gateway?.Dispose();
        _acceptor?.Dispose();
        _log.Dispose();
        Directory.Delete(_folder, true);
    }

    private IOrderGateway Make(string kind, int port)
    {
        var options = new FixSessionOptions
        {
            Host = "127.0.0.1", Port = port, SenderCompId = "DESK", TargetCompId = "VENUE", Account = "ACC", OrderFields = [new(528, "P")], LogonFields = [new(9002, "Y")], StoreDirectory = Path.Combine(_folder, kind), ReconnectMaxMs = 50,
        };
        return _gateway = kind == "embedded"
            ? new FixOrderGateway<ArraySink.Sink, HostMonotonicClock>(options, FixSamples.Instruments, _sink.AsSink(), default, _log)
            : QuickFixAdapter.CreateGateway(QuickFixGateway.Options(options), FixSamples.Instruments, _sink.AsSink(), default(HostMonotonicClock), new QuickFixOrderRecord(_log));
    }

    private void StartVenue()
    {
        _acceptor = new FixAcceptor<EchoVenue>(new FixAcceptorOptions { CompId = "VENUE", Port = _port, StoreDirectory = Path.Combine(_folder, "venue") }, FixSamples.Instruments, _venue);
        _venue.Acceptor = _acceptor;
        _port = _acceptor.Port;
    }

    private void Until(Func<bool> condition, string what)
    {
        while (!condition())
        {
            long now = default(HostMonotonicClock).NowNs(), utc = default(HostUtcClock).NowUtcNs();
            _gateway!.Poll(now, utc);
            _acceptor?.Poll(now, utc);
            Assert.True(Stopwatch.GetElapsedTime(_start) < TimeSpan.FromSeconds(120), $"waited in vain for {what}");
            Thread.Yield();
        }
    }

    private IOrderGateway Up(string kind)
    {
        StartVenue();
        Make(kind, _port);
        Until(() => _gateway!.IsUp && _sink.Count > 0, "the logon");
        return _gateway!;
    }

    private List<Execution> Reports => [.. _sink.Executions.Where(e => e.Kind == EventKind.ExecutionReported)];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Orders_are_answered_in_their_order_with_the_fields_that_were_sent(string kind)
    {
        IOrderGateway gateway = Up(kind);
        Assert.Equal(EventKind.SessionUp, _sink.Events[0].Kind);
        Assert.True(_venue.LastCancelOnDisconnect);
        var sent = new List<ApprovedOrder>();
        for (int i = 0; i < 20; i++)
        {
            ushort instrument = (ushort)(i % 3);
            long price = 100 * FixSamples.Instruments[instrument].PriceUnitsPerOne + i * FixSamples.Instruments[instrument].TickSizeUnits;
            sent.Add(_gate.New(instrument, i % 2 == 0 ? Side.Buy : Side.Sell, price, FixSamples.Instruments[instrument].LotSizeUnits * (i + 1), i % 4 == 0 ? TimeInForce.ImmediateOrCancel : TimeInForce.Day));
            Assert.Equal(SendResult.Sent, gateway.Send(sent[i]));
            Assert.True(gateway.LastEncodedNs > 0 && gateway.LastSentNs >= gateway.LastEncodedNs);
        }
        Until(() => Reports.Count == 40, "the reports");
        Assert.Equal(sent.SelectMany(o => new[] { (o.ClientOrderId, ExecutionKind.New), (o.ClientOrderId, ExecutionKind.Trade) }), Reports.Select(r => (r.ClientOrderId, r.ExecutionKind)));
        foreach (var (order, fill) in sent.Zip(Reports.Where(r => r.ExecutionKind == ExecutionKind.Trade)))
        {
            Assert.Equal((order.Instrument, order.Side, order.PriceUnits, order.QuantityUnits, order.QuantityUnits), (fill.Instrument, fill.Side, fill.LastPriceUnits, fill.LastQuantityUnits, fill.CumulativeQuantityUnits));
            Assert.Equal(OrderStatus.Filled, fill.OrderStatus);
        }
        Assert.Equal(Reports.Select(r => r.SessionSequence).Order(), Reports.Select(r => r.SessionSequence));
        // Each stands in the log, under the number that its message bore: they follow one another.
        Assert.Equal(sent.Select(o => o.ClientOrderId), Enumerable.Range(0, _log.Count).Select(i => _log[i].ClientOrderId));
        Assert.All(Enumerable.Range(1, _log.Count - 1), i => Assert.Equal(_log[i - 1].Sequence + 1, _log[i].Sequence));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Orders_of_one_decision_are_answered_in_their_order_whether_or_not_the_gateway_gathers(string kind)
    {
        IOrderGateway gateway = Up(kind);
        Assert.Throws<InvalidOperationException>(() => gateway.Gather(default));
        ApprovedOrder[] sent = [.. Enumerable.Range(0, 150).Select(i => _gate.New(0, Side.Buy, 1_000_000, 1 + i))];
        int written = 0, gathered = 0;
        foreach (ref readonly ApprovedOrder order in sent.AsSpan())
        {
            if (gathered > 0 && !gateway.CanGather) Write();
            if (gateway.CanGather)
            {
                Assert.Equal(SendResult.Sent, gateway.Gather(in order));
                gathered++;
            }
            else
            {
                Assert.Equal(SendResult.Sent, gateway.Send(in order));
                written++;
            }
        }
        Write();
        Assert.Equal(sent.Length, written);
        gateway.TakeBackGathered();
        Until(() => Reports.Count == 2 * sent.Length, "the reports");
        Assert.Equal(sent.Select(o => o.ClientOrderId), Reports.Where(r => r.ExecutionKind == ExecutionKind.Trade).Select(r => r.ClientOrderId));
        Assert.Equal(sent.Select(o => o.ClientOrderId), Enumerable.Range(0, _log.Count).Select(i => _log[i].ClientOrderId));
        Assert.All(Enumerable.Range(1, _log.Count - 1), i => Assert.Equal(_log[i - 1].Sequence + 1, _log[i].Sequence));

        void Write()
        {
            Assert.Equal(SendResult.Sent, gateway.WriteGathered(out int left));
            Assert.Equal(gathered, left);
            written += left;
            gathered = 0;
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Amends_and_cancels_are_answered_under_their_own_identifiers(string kind)
    {
        _venue.FillsOrders = false;
        IOrderGateway gateway = Up(kind);
        ApprovedOrder order = _gate.New(0, Side.Buy, 1_000_000, 100);
        gateway.Send(in order);
        ApprovedOrder amend = _gate.Amend(in order, 1_000_100, 200);
        gateway.Send(in amend);
        _gate.Report(in amend, ExecutionKind.Replaced, OrderStatus.New);
        ApprovedOrder cancel = _gate.Cancel(in amend);
        gateway.Send(in cancel);
        Until(() => Reports.Count == 3, "the answers");
        Assert.Equal([(order.ClientOrderId, ExecutionKind.New), (amend.ClientOrderId, ExecutionKind.Replaced), (cancel.ClientOrderId, ExecutionKind.CancelRejected)], Reports.Select(r => (r.ClientOrderId, r.ExecutionKind)));
        Assert.Equal((OrderStatus.Filled, 0), (Reports[2].OrderStatus, Reports[2].Instrument));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void What_was_not_approved_is_refused_and_without_a_session_nothing_is_logged(string kind)
    {
        using var nobody = new TcpListener(IPAddress.Loopback, 0);
        nobody.Start();
        int port = ((IPEndPoint)nobody.LocalEndpoint).Port;
        nobody.Stop();
        IOrderGateway gateway = Make(kind, port);
        Assert.Throws<InvalidOperationException>(() => gateway.Send(default));
        ApprovedOrder order = _gate.New(0, Side.Buy, 1_000_000, 100);
        Assert.Equal(SendResult.Disconnected, gateway.Send(in order));
        Assert.False(gateway.IsUp);
        Assert.Equal((0, 0), (_log.Count, _sink.Count));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Events_that_the_ring_has_no_room_for_wait_and_none_is_lost(string kind)
    {
        IOrderGateway gateway = Up(kind);
        _sink.Room = 0;
        for (int i = 0; i < 10; i++) Assert.Equal(SendResult.Sent, gateway.Send(_gate.New(0, Side.Buy, 1_000_000, 1 + i)));
        Until(() => _venue.Orders == 10, "the orders at the venue");
        int before = _sink.Count;
        Assert.Equal(0, gateway.Poll(default(HostMonotonicClock).NowNs(), default(HostUtcClock).NowUtcNs()));
        Assert.Equal(before, _sink.Count);
        _sink.Room = long.MaxValue;
        Until(() => Reports.Count == 20, "the reports");
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_lost_link_is_said_and_the_session_goes_on_where_it_was(string kind)
    {
        IOrderGateway gateway = Up(kind);
        gateway.Send(_gate.New(0, Side.Buy, 1_000_000, 5));
        Until(() => Reports.Count == 2, "the reports");
        _acceptor!.Dispose();
        _acceptor = null;
        Until(() => !gateway.IsUp && _sink.Of(EventKind.SessionDown).Any(), "the loss");
        Assert.Equal(SendResult.Disconnected, gateway.Send(_gate.New(0, Side.Buy, 1_000_000, 6)));
        StartVenue();
        Until(() => gateway.IsUp && _sink.Of(EventKind.SessionUp).Count() == 2, "the second logon");
        gateway.Send(_gate.New(0, Side.Buy, 1_000_000, 7));
        Until(() => Reports.Count == 4, "the reports");
        Assert.Equal(2, _log.Count);
        Assert.True(_log[1].Sequence > _log[0].Sequence);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void An_order_that_the_venue_asks_for_again_is_not_repeated_and_counts_as_unsent(string kind)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        IOrderGateway gateway = Make(kind, ((IPEndPoint)listener.LocalEndpoint).Port);
        Until(listener.Pending, "the connection");
        using var venue = new PlainPeer(listener.AcceptSocket());
        uint next = 1;
        string Hear(string type)
        {
            string? heard = null;
            Until(() => { venue.Read(); return (heard = venue.Next()) is not null && heard.Contains($"|35={type}|", StringComparison.Ordinal); }, $"a message of type {type}");
            return heard!;
        }
        void Say(string type, string body) => venue.Send(type, next++, body, sender: "VENUE", target: "DESK");
        Hear("A");
        Say("A", "98=0|108=10|");
        Say("0", $"112={Hear("1").Split("|112=")[1].Split('|')[0]}|");
        Until(() => gateway.IsUp, "the session");
        ApprovedOrder answered = _gate.New(0, Side.Buy, 1_000_000, 1), lost = _gate.New(0, Side.Buy, 1_000_000, 2);
        gateway.Send(in answered);
        Say("8", $"37=1|17=1|11={answered.ClientOrderId}|150=0|39=0|55=AAPL|54=1|38=1|44=100|151=1|14=0|6=0|");
        gateway.Send(in lost);
        uint first = uint.Parse(Hear("D").Split("|34=")[1].Split('|')[0], System.Globalization.CultureInfo.InvariantCulture);
        Hear("D");
        Until(() => Reports.Count == 1, "the answer");
        Say("2", $"7={first}|16=0|");
        string filled = Hear("4");
        Assert.Contains("|123=Y|", filled, StringComparison.Ordinal);
        Until(() => _sink.Of(EventKind.OrderUnsent).Any(), "the order unsent");
        Execution unsent = Assert.Single(_sink.Executions, e => e.Kind == EventKind.OrderUnsent);
        Assert.Equal((lost.ClientOrderId, (ushort)SendResult.GapFilled, (ushort)0, Side.Buy), (unsent.ClientOrderId, unsent.Reason, unsent.Instrument, unsent.Side));
        Assert.Equal(2, _log.Count);
    }

    [QuickFixAdapterFact]
    public void The_adapter_is_built() => QuickFixAdapter.Status.Require();

    [Fact]
    public void The_side_that_is_not_built_says_what_to_do()
    {
        if (QuickFixAdapter.Status.IsBuilt) return;
        var refused = Assert.Throws<AdapterNotBuiltException>(() => { QuickFixAdapter.CreateGateway(new QuickFixGatewayOptions { Host = "h", Port = 1, SenderCompId = "A", TargetCompId = "B" }, FixSamples.Instruments, _sink.AsSink(), default(HostMonotonicClock), null); });
        Assert.StartsWith("The QuickFix adapter is not built: run make configure", refused.Message, StringComparison.Ordinal);
    }
}
