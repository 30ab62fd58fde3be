using System.Net;
using System.Net.Sockets;
using Appliance.Contract;
using Appliance.Fix;
using Appliance.Flow.Accounts;
using Appliance.Risk;
using Appliance.TestKit;
using Appliance.Tests.Fix;

namespace Appliance.Tests.Gates;

/// <summary>A trade that the venue corrects or busts, from the wire to position, cash and fees: what is booked afterwards is what it would have been had the venue said so at once.</summary>
public sealed class CorrectionTests : IDisposable
{
    private static readonly FeeSchedule Fees = new(-0.25, 4.5);
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ArraySink _sink = new(1024);
    private readonly WideGate _gate = new(FixSamples.Instruments);
    private readonly Account _account = new(FixSamples.Instruments, [.. FixSamples.Instruments.Select(_ => Fees)], [new("one", 0)]);
    private readonly FixOrderGateway<ArraySink.Sink, HostMonotonicClock> _gateway;
    private readonly PlainPeer _venue;
    private readonly long _start = default(HostMonotonicClock).NowNs();
    private uint _next = 2;
    private int _booked;

    public CorrectionTests()
    {
        _listener.Start();
        _gateway = new FixOrderGateway<ArraySink.Sink, HostMonotonicClock>(new FixSessionOptions
        {
            Host = "127.0.0.1", Port = ((IPEndPoint)_listener.LocalEndpoint).Port, SenderCompId = "DESK", TargetCompId = "VENUE", SynchroniseAfterLogon = false, HeartbeatSeconds = 600,
        }, FixSamples.Instruments, _sink.AsSink(), default, null);
        Until(_listener.Pending);
        _venue = new PlainPeer(_listener.AcceptSocket());
        _venue.Send("A", 1, "98=0|108=600|", sender: "VENUE", target: "DESK");
        Until(() => _gateway.IsUp);
    }

    public void Dispose()
    {
        _venue.Dispose();
        _gateway.Dispose();
        _listener.Dispose();
    }

    private void Until(Func<bool> condition)
    {
        while (!condition())
        {
            _gateway.Poll(default(HostMonotonicClock).NowNs(), default(HostUtcClock).NowUtcNs());
            Assert.True(default(HostMonotonicClock).NowNs() - _start < 60_000_000_000, $"stuck in {_gateway.State}");
        }
    }

    private ApprovedOrder Send(long quantity)
    {
        ApprovedOrder order = _gate.New(0, Side.Buy, 1_000_000, quantity);
        Assert.Equal(SendResult.Sent, _gateway.Send(in order));
        return order;
    }

    /// <summary>One report from the venue's mouth to the account; answers how many events it made.</summary>
    private int Report(in ApprovedOrder order, string more, bool again = false) => Report(order.ClientOrderId, more, again);

    private int Report(ulong id, string more, bool again = false)
    {
        long reports = _gateway.Counters.Reports;
        string repetition = again ? "43=Y|122=20200101-00:00:00|" : "";
        _venue.Send("8", _next++, $"{repetition}37=1|11={id}|55={FixSamples.Instruments[0].Symbol}|54=1|38=100|44=100|151=0|6=100|{more}", sender: "VENUE", target: "DESK");
        Until(() => _gateway.Counters.Reports > reports);
        int from = _booked;
        foreach (Execution e in _sink.Executions.Skip(_booked).ToList())
        {
            ExecutionEffect effect = _gate.Gate.OnExecution(in e);
            _account.OnExecution(in effect);
            _booked++;
        }
        return _booked - from;
    }

    private void Expect(long position, params (decimal Price, long Quantity)[] trades)
    {
        InstrumentDefinition share = FixSamples.Instruments[0];
        decimal units = share.QuantityUnitsPerOne;
        Assert.Equal(position, _account.Ledger(0).PositionUnits);
        Assert.Equal(-trades.Sum(t => t.Price * t.Quantity / units), _account.CashOf(0));
        Assert.Equal(trades.Sum(t => Math.Round(t.Price * t.Quantity / units * 4.5m / 10_000m, 8, MidpointRounding.AwayFromZero)), _account.FeesOf(0));
    }

    [Fact]
    public void Price_and_quantity_of_a_correction_reach_position_cash_and_fees_once()
    {
        ApprovedOrder order = Send(100);
        Report(in order, "17=e1|150=F|39=1|32=40|31=100.01|14=40|851=2|");
        Report(in order, "17=e2|150=F|39=2|32=60|31=100.02|14=100|851=2|");
        Expect(100, (100.01m, 40), (100.02m, 60));
        // The price alone.
        Assert.Equal(2, Report(in order, "17=e3|19=e1|150=G|39=2|32=40|31=99.5|14=100|"));
        Expect(100, (99.5m, 40), (100.02m, 60));
        // The same again, and the corrected trade itself again: both are known.
        Assert.Equal(1, Report(in order, "17=e3|19=e1|150=G|39=2|32=40|31=99.5|14=100|", again: true));
        Report(in order, "17=e1|150=F|39=1|32=40|31=100.01|14=40|851=2|", again: true);
        Assert.Equal(1, Report(in order, "17=e3|19=e1|150=G|39=2|32=40|31=99.5|14=100|", again: true));
        Expect(100, (99.5m, 40), (100.02m, 60));
        // The quantity alone: the order works again. Then what the correction said is corrected in its turn, under its own name.
        Assert.Equal(2, Report(in order, "17=e4|19=e2|150=G|39=1|32=50|14=90|"));
        Expect(90, (99.5m, 40), (100.02m, 50));
        Assert.Equal(2, Report(in order, "17=e5|19=e4|150=G|39=2|32=60|31=100.03|14=100|"));
        Expect(100, (99.5m, 40), (100.03m, 60));
        Assert.Equal((5L, 2L, 0L, 0L), (_gate.Gate.Orders.Counters.CorrectedTrades, _gate.Gate.Orders.Counters.Fills, _gate.Gate.Orders.Counters.BustedTrades, _gate.Gate.Orders.Counters.LateFills));
        Assert.Equal(OrderEnd.Filled, _gate.Gate.Orders[_gate.Gate.Orders.Find(order.ClientOrderId)].End);
    }

    [Fact]
    public void A_busted_trade_is_taken_back_at_the_price_that_was_booked()
    {
        ApprovedOrder order = Send(100);
        Report(in order, "17=e1|150=F|39=1|32=40|31=100.01|14=40|851=2|");
        Report(in order, "17=e2|150=F|39=2|32=60|31=100.02|14=100|851=2|");
        // The venue repeats neither price nor quantity nor liquidity.
        Assert.Equal(1, Report(in order, "17=e3|19=e1|150=H|39=1|14=60|"));
        Expect(60, (100.02m, 60));
        Assert.Equal(1L, _gate.Gate.Orders.Counters.BustedTrades);
    }

    [Fact]
    public void Of_a_trade_that_nobody_remembers_the_change_of_the_quantity_is_booked_and_counted()
    {
        ApprovedOrder order = Send(100);
        Report(in order, "17=e1|150=F|39=1|32=40|31=100.01|14=40|851=2|");
        Assert.Equal(1, Report(in order, "17=e3|19=unheard|150=G|39=1|32=50|31=100.05|14=50|"));
        Expect(50, (100.01m, 40), (100.05m, 10));
        Assert.Equal(1, _gateway.Counters.UnknownCorrections);
    }

    /// <summary>A venue that tells an execution a second time in a new message, under a new number and without PossDupFlag: nothing is booked twice, whether or not the table knows the order.</summary>
    [Fact]
    public void An_execution_told_again_as_if_it_were_new_is_booked_once()
    {
        const ulong forgotten = 424_242;
        for (int i = 0; i < 3; i++) Report(forgotten, "17=u1|150=F|39=1|32=10|31=100.01|14=10|");
        Assert.Equal((10L, 1L, 2L), Booked(_gate.Gate));
        // Another execution of it, and one of another order under the same name: both sides of one trade may share it.
        Report(forgotten, "17=u2|150=F|39=1|32=10|31=100.01|14=20|");
        Report(forgotten + 1, "17=u1|150=F|39=1|32=10|31=100.01|14=10|");
        Assert.Equal((30L, 3L, 2L), Booked(_gate.Gate));

        ApprovedOrder order = Send(100);
        Report(in order, "17=e1|150=F|39=1|32=40|31=100.01|14=40|");
        Report(in order, "17=e2|19=e1|150=G|39=1|32=40|31=99.5|14=40|");
        // What the trade once was is no news of the terms that it has now.
        Report(in order, "17=e1|150=F|39=1|32=40|31=100.01|14=40|");
        Report(in order, "17=e3|19=e1|150=G|39=1|32=40|31=99|14=40|");
        Assert.Equal((70L, 3L, 2L), Booked(_gate.Gate));
        Assert.Equal(-(30 * 100.01m + 40 * 99m) / FixSamples.Instruments[0].QuantityUnitsPerOne, _account.CashOf(0));

        // A replay has the events alone.
        var replayed = new WideGate(FixSamples.Instruments);
        Assert.Equal(order.ClientOrderId, replayed.New(0, Side.Buy, 1_000_000, 100).ClientOrderId);
        foreach (Execution e in _sink.Executions) replayed.Gate.OnExecution(in e);
        Assert.Equal(Booked(_gate.Gate), Booked(replayed.Gate));

        static (long, long, long) Booked(Gate gate) => (gate.Orders.Exposure(0).PositionUnits, gate.Orders.Counters.UnknownFills, gate.Orders.Counters.UnbookedExecutions);
    }

    /// <summary>The two halves of a correction are one thing to whoever decides, and a host that dies between them asks for the message again.</summary>
    [Fact]
    public void The_first_half_says_that_more_follows_and_bears_no_number()
    {
        ApprovedOrder order = Send(100);
        Report(in order, "17=e1|150=F|39=1|32=40|31=100.01|14=40|851=1|");
        Report(in order, "17=e3|19=e1|150=G|39=1|32=40|31=99.5|14=40|");
        Execution[] halves = [.. _sink.Executions.TakeLast(2)];
        Assert.Equal((ExecutionKind.TradeCancelled, 0u, 0L, EventFlags.MoreFollows | EventFlags.AddedLiquidity), (halves[0].ExecutionKind, halves[0].SessionSequence, halves[0].CumulativeQuantityUnits, halves[0].Flags));
        Assert.Equal((ExecutionKind.TradeCorrected, 3u, EventFlags.AddedLiquidity), (halves[1].ExecutionKind, halves[1].SessionSequence, halves[1].Flags));
    }
}
