using Appliance.Contract;
using Appliance.Fix;
using Appliance.TestKit;

namespace Appliance.Tests.Fix;

/// <summary>Gateway and acceptor over real TCP.</summary>
public class LoopbackTests
{
    [Fact]
    public void Orders_go_out_and_reports_come_back_as_events()
    {
        using var rig = new LoopbackRig();
        rig.Up();
        Assert.Equal((1, true), (rig.Venue.Ups, rig.Venue.LastCancelOnDisconnect));
        Assert.Equal(EventKind.SessionUp, Assert.Single(rig.Sink.Events.Take(rig.Sink.Count)).Kind);
        rig.Gate.SetMid(1, 6_000_000_000_000);
        var order = rig.Gate.New(1, Side.Sell, 6_000_010_000_000, 150_000_000, TimeInForce.ImmediateOrCancel);
        Assert.Equal(SendResult.Sent, rig.Gateway.Send(in order));
        Assert.True(rig.Gateway.LastEncodedNs > 0 && rig.Gateway.LastSentNs >= rig.Gateway.LastEncodedNs);
        rig.Until(() => rig.Sink.Count == 3, "two reports");
        var executions = rig.Sink.Executions.ToArray();
        Assert.Equal([ExecutionKind.New, ExecutionKind.Trade], executions.Select(e => e.ExecutionKind));
        Assert.Equal([OrderStatus.New, OrderStatus.Filled], executions.Select(e => e.OrderStatus));
        var fill = executions[1];
        Assert.Equal((order.ClientOrderId, (ushort)1, Side.Sell, 6_000_010_000_000L, 150_000_000L, 150_000_000L), (fill.ClientOrderId, fill.Instrument, fill.Side, fill.LastPriceUnits, fill.LastQuantityUnits, fill.CumulativeQuantityUnits));
        Assert.Equal(rig.Gateway.NextSequences.Incoming - 1, fill.SessionSequence);
        ref readonly var logged = ref rig.OrderLog[0];
        Assert.Equal((order.ClientOrderId, order.RingSequence, OrderLogState.MaybeSent), (logged.ClientOrderId, logged.RingSequence, logged.State));
    }

    [Fact]
    public void A_rehearsal_numbers_logs_stores_and_sends_nothing()
    {
        using var rig = new LoopbackRig();
        rig.Up();
        rig.Gate.SetMid(1, 6_000_000_000_000);
        var before = (rig.Gateway.NextSequences.Outgoing, rig.OrderLog.Count, rig.Gateway.LastEncodedNs, rig.Gateway.LastSentNs, rig.Gateway.SessionCounters.MessagesOut);
        var intent = new OrderIntent { Kind = OrderRequestKind.New, Side = Side.Buy, Instrument = 1, PriceUnits = 6_000_010_000_000, QuantityUnits = 150_000_000, ClientOrderId = 77, TimeInForce = TimeInForce.ImmediateOrCancel };
        for (int i = 0; i < 1_000; i++) rig.Gateway.Rehearse(in intent);
        Assert.Equal(before, (rig.Gateway.NextSequences.Outgoing, rig.OrderLog.Count, rig.Gateway.LastEncodedNs, rig.Gateway.LastSentNs, rig.Gateway.SessionCounters.MessagesOut));
        // What comes behind is the first order, and arrives as ever.
        var order = rig.Gate.New(1, Side.Sell, 6_000_010_000_000, 150_000_000, TimeInForce.ImmediateOrCancel);
        Assert.Equal(SendResult.Sent, rig.Gateway.Send(in order));
        rig.Until(() => rig.Sink.Count == 3, "two reports");
        Assert.Equal([order.ClientOrderId], rig.Venue.OrderIds);
    }

    [Fact]
    public void Cancel_rejects_replaces_and_rejects_of_either_level_become_events()
    {
        using var rig = new LoopbackRig();
        rig.Up();
        rig.Venue.FillsOrders = false;
        var order = rig.Gate.New(0, Side.Buy, 1_000_000, 5);
        rig.Gateway.Send(in order);
        var amend = rig.Gate.Amend(in order, 1_000_100, 6);
        rig.Gateway.Send(in amend);
        var other = rig.Gate.New(2, Side.Sell, 10_000, 1);
        rig.Gateway.Send(in other);
        var cancel = rig.Gate.Cancel(in other);
        rig.Gateway.Send(in cancel);
        rig.Until(() => rig.Sink.Count == 5, "four answers");
        var executions = rig.Sink.Executions.ToArray();
        Assert.Equal([ExecutionKind.New, ExecutionKind.Replaced, ExecutionKind.New, ExecutionKind.CancelRejected], executions.Select(e => e.ExecutionKind));
        Assert.Equal([order.ClientOrderId, amend.ClientOrderId, other.ClientOrderId, cancel.ClientOrderId], executions.Select(e => e.ClientOrderId));
        Assert.Equal([(ushort)0, (ushort)0, (ushort)2, (ushort)2], executions.Select(e => e.Instrument));
        Assert.Equal(OrderStatus.Filled, executions[3].OrderStatus);
    }

    [Fact]
    public void A_venue_killed_in_mid_run_is_found_again_and_nothing_is_missing()
    {
        using var rig = new LoopbackRig();
        rig.Up();
        var sent = new List<ulong>();
        for (int round = 0; round < 6; round++)
        {
            for (int i = 0; i < 40; i++)
            {
                var order = rig.Gate.New(0, i % 2 == 0 ? Side.Buy : Side.Sell, 1_000_000 + i * 100, i + 1);
                if (rig.Gateway.Send(in order) == SendResult.Sent) sent.Add(order.ClientOrderId);
                if (i % 8 == round) rig.Poll();
            }
            // The venue dies with orders and reports on their way, and comes back over its store on the same port.
            rig.StopAcceptor();
            rig.Until(() => !rig.Gateway.IsUp, "the loss to be seen");
            rig.StartAcceptor();
            rig.Up();
        }
        rig.Until(() => rig.Sink.Executions.Count() >= sent.Count + rig.Venue.Orders, "reports of all orders");
        for (int i = 0; i < 100; i++) rig.Poll();
        var unsent = rig.Sink.Executions.Where(e => e.Kind == EventKind.OrderUnsent).Select(e => e.ClientOrderId).ToList();
        Assert.All(rig.Sink.Executions.Where(e => e.Kind == EventKind.OrderUnsent), e => Assert.Equal((ushort)SendResult.GapFilled, e.Reason));
        Assert.Equal(sent, rig.Venue.OrderIds.Concat(unsent).Order());
        foreach (var kind in new[] { ExecutionKind.New, ExecutionKind.Trade })
            Assert.Equal(rig.Venue.OrderIds, rig.Sink.Executions.Where(e => e.ExecutionKind == kind).Select(e => e.ClientOrderId));
        Assert.Equal(7, rig.Sink.Of(EventKind.SessionUp).Count());
        Assert.Equal(6, rig.Sink.Of(EventKind.SessionDown).Count());
        var (outgoing, incoming) = rig.Gateway.NextSequences;
        Assert.Equal((incoming, outgoing), rig.Acceptor!.NextSequences(0));
    }

    [Fact]
    public void Reports_made_while_the_session_was_away_arrive_before_it_is_up_again()
    {
        using var rig = new LoopbackRig();
        rig.Up();
        var order = rig.Gate.New(0, Side.Buy, 1_000_000, 5);
        rig.Venue.FillsOrders = false;
        rig.Gateway.Send(in order);
        rig.Until(() => rig.Sink.Count == 2, "the acknowledgement");
        rig.Acceptor!.Drop(0);
        Assert.Equal(1, rig.Venue.Downs);
        rig.Venue.Report(0, new NewOrderRequest { ClientOrderId = FixText.FromNumber(order.ClientOrderId), Side = Side.Buy, QuantityUnits = 5, PriceUnits = 1_000_000, TransactTimeUtcNs = order.TimeUtcNs }, ExecutionKind.Trade, OrderStatus.Filled, 5);
        rig.Until(() => rig.Sink.Count == 5, "down, the fill, up");
        Assert.Equal([EventKind.SessionUp, EventKind.ExecutionReported, EventKind.SessionDown, EventKind.ExecutionReported, EventKind.SessionUp], rig.Sink.Events.Take(5).Select(e => e.Kind));
        Assert.True(rig.Sink.Events[3].Flags.HasFlag(EventFlags.PossibleDuplicate));
    }

    [Fact]
    public void A_restarted_gateway_goes_on_with_its_numbers()
    {
        using var rig = new LoopbackRig();
        rig.Up();
        var (outgoing, _) = rig.Gateway.NextSequences;
        rig.Gateway.Dispose();
        var sink = new ArraySink(64);
        using var again = new FixOrderGateway<ArraySink.Sink, HostMonotonicClock>(new FixSessionOptions
        {
            Host = "127.0.0.1", Port = rig.Port, SenderCompId = "DESK", TargetCompId = "VENUE", StoreDirectory = Path.Combine(rig.Folder, "desk"), Store = StoreOptions.OfMegabytes(4),
        }, FixSamples.Instruments, sink.AsSink(), default, null);
        Assert.Equal(outgoing, again.NextSequences.Outgoing);
        var clock = default(HostMonotonicClock);
        var utc = default(HostUtcClock);
        long start = clock.NowNs();
        while (!again.IsUp)
        {
            again.Poll(clock.NowNs(), utc.NowUtcNs());
            rig.Acceptor!.Poll(clock.NowNs(), utc.NowUtcNs());
            Assert.True(clock.NowNs() - start < 60_000_000_000, "the second gateway did not come up");
            Thread.Yield();
        }
        Assert.Equal(2, rig.Venue.Ups);
        Assert.False(rig.Venue.LastCancelOnDisconnect);
    }

    [Fact]
    public void Send_says_why_an_order_did_not_leave()
    {
        using var rig = new LoopbackRig(orders: 2);
        var order = rig.Gate.New(0, Side.Buy, 1_000_000, 5);
        Assert.Equal(SendResult.Disconnected, rig.Gateway.Send(in order));
        Assert.Throws<InvalidOperationException>(() => rig.Gateway.Send(default));
        rig.Up();
        Assert.Equal(0, rig.OrderLog.Count);
        Assert.Equal(SendResult.Sent, rig.Gateway.Send(in order));
        var second = rig.Gate.New(0, Side.Buy, 1_000_100, 5);
        Assert.Equal(SendResult.Sent, rig.Gateway.Send(in second));
        var third = rig.Gate.New(0, Side.Buy, 1_000_200, 5);
        Assert.Equal(SendResult.LogFull, rig.Gateway.Send(in third));
        rig.StopAcceptor();
        rig.Until(() => !rig.Gateway.IsUp, "the loss");
        Assert.Equal(SendResult.Disconnected, rig.Gateway.Send(in third));
    }

    [Fact]
    public void A_full_ring_stops_reading_and_loses_nothing()
    {
        using var rig = new LoopbackRig();
        rig.Up();
        for (int i = 0; i < 50; i++)
        {
            var order = rig.Gate.New(0, Side.Buy, 1_000_000 + i * 100, 5);
            rig.Gateway.Send(in order);
        }
        rig.Sink.Room = 10;
        for (int i = 0; i < 200; i++) rig.Poll();
        Assert.InRange(rig.Sink.Count, 7, 11);
        rig.Sink.Room = long.MaxValue;
        rig.Until(() => rig.Sink.Executions.Count() == 100, "all reports");
        Assert.Equal(rig.Venue.OrderIds, rig.Sink.Executions.Where(e => e.ExecutionKind == ExecutionKind.Trade).Select(e => e.ClientOrderId));
    }

    [Fact]
    public void The_watchdog_shuts_the_socket_from_another_thread_and_for_good()
    {
        using var rig = new LoopbackRig();
        rig.Up();
        var watchdog = new Thread(() => ((IEmergencyShutdown)rig.Gateway).ShutdownNow());
        watchdog.Start();
        watchdog.Join();
        var order = rig.Gate.New(0, Side.Buy, 1_000_000, 5);
        Assert.Equal(SendResult.Disconnected, rig.Gateway.Send(in order));
        // The venue sees the end although the gateway's own thread has not run since.
        long now = default(HostMonotonicClock).NowNs();
        while (rig.Venue.Downs == 0)
        {
            rig.Acceptor!.Poll(default(HostMonotonicClock).NowNs(), default(HostUtcClock).NowUtcNs());
            Assert.True(default(HostMonotonicClock).NowNs() - now < 60_000_000_000, "the venue did not see the end");
        }
        Assert.Equal(0, rig.Venue.Orders);
        for (int i = 0; i < 500; i++) rig.Poll();
        Assert.False(rig.Gateway.IsUp);
        Assert.Equal(1, rig.Venue.Ups);
        Assert.Single(rig.Sink.Of(EventKind.SessionDown));
    }

    [Fact]
    public void Logout_ends_the_session_on_both_sides_without_a_reconnect()
    {
        using var rig = new LoopbackRig();
        rig.Up();
        rig.Gateway.Logout(default(HostMonotonicClock).NowNs(), default(HostUtcClock).NowUtcNs());
        rig.Until(() => rig.Gateway.State == FixSessionState.Disconnected && rig.Venue.Downs == 1, "the handshake");
        Assert.Equal(FixDownReason.LoggedOut, rig.Gateway.SessionCounters.LastDownReason);
        for (int i = 0; i < 500; i++) rig.Poll();
        Assert.Equal(1, rig.Venue.Ups);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void After_the_logon_neither_side_allocates(bool control)
    {
        const int warm = 2_000, measured = 2_000;
        using var rig = new LoopbackRig();
        rig.Up();
        var orders = Enumerable.Range(0, warm + measured).Select(i => rig.Gate.New(0, Side.Buy, 1_000_000 + i * 100, 5)).ToArray();
        for (int i = 0; i < warm; i++) RoundTrip(rig, in orders[i]);
        rig.Venue.Allocates = control;
        using var pause = new CollectorPause();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = warm; i < orders.Length; i++) RoundTrip(rig, in orders[i]);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(orders.Length * 2, rig.Sink.Executions.Count());
        if (control) Assert.True(allocated >= measured * 24, $"the control allocated only {allocated} bytes");
        else Assert.Equal(0, allocated);
    }

    private static void RoundTrip(LoopbackRig rig, in ApprovedOrder order)
    {
        int wanted = rig.Sink.Count + 2;
        if (rig.Gateway.Send(in order) != SendResult.Sent) Assert.Fail("the order did not leave");
        for (int polls = 0; rig.Sink.Count < wanted; polls++)
        {
            rig.Poll();
            if (polls > 10_000_000) Assert.Fail("no reports came");
        }
    }

    [Fact]
    public void An_acceptor_refuses_strangers_and_bad_requests()
    {
        var venue = new EchoVenue();
        using var acceptor = new FixAcceptor<EchoVenue>(new FixAcceptorOptions { CompId = "VENUE", Counterparties = ["DESK"] }, FixSamples.Instruments, venue);
        venue.Acceptor = acceptor;
        using (var stranger = new PlainPeer(acceptor.Port))
        {
            stranger.Send("A", 1, "98=0|108=10|", sender: "OTHER");
            Assert.Equal("", stranger.ReadUntilClosed(acceptor));
        }
        Assert.Equal((1, 0), ((int)acceptor.Refused, acceptor.SessionCount));
        using var peer = new PlainPeer(acceptor.Port);
        peer.Send("A", 1, "98=0|108=10|");
        Assert.Contains("|35=A|", peer.ReadMessage(acceptor), StringComparison.Ordinal);
        string time = SessionRig.TimeText(default(HostUtcClock).NowUtcNs());
        (string Body, string Answer)[] cases =
        [
            ($"11=1|55=NONE|54=1|60={time}|40=2|38=1|44=1|", "|372=D|379=1|380=2|"),
            ($"55=AAPL|54=1|60={time}|40=2|38=1|44=1|", "|371=11|372=D|373=1|"),
            ($"11=1|55=AAPL|54=1|60={time}|40=2|38=0|44=1|", "|371=38|372=D|373=5|"),
            ($"11=1|55=AAPL|54=1|60={time}|40=2|38=1.5|44=1|", "|371=38|372=D|373=5|"),
            ($"11=1|55=AAPL|54=1|60={time}|40=2|38=1|44=1.00001|", "|371=44|372=D|373=5|"),
            ($"11=1|55=AAPL|54=1|60={time}|40=2|38=1|", "|371=44|372=D|373=1|"),
            ($"11=1|55=AAPL|54=1|60={time}|40=3|38=1|44=1|", "|371=40|372=D|373=5|"),
            ($"11={new string('9', 40)}|55=AAPL|54=1|60={time}|40=2|38=1|44=1|", "|371=11|372=D|373=5|"),
        ];
        uint sequence = 2;
        foreach (var (body, answer) in cases)
        {
            peer.Send("D", sequence++, body);
            Assert.Contains(answer, peer.ReadMessage(acceptor), StringComparison.Ordinal);
        }
        Assert.Equal(0, venue.Orders);
        peer.Send("D", sequence, $"11=mine/7|55=AAPL|54=1|60={time}|40=1|38=1|");
        Assert.Contains("|11=mine/7|150=0|", peer.ReadMessage(acceptor), StringComparison.Ordinal);
        Assert.Equal(1, venue.Orders);
    }
}
