using Appliance.Contract;
using Appliance.Risk;
using static Appliance.Tests.Gates.GateBench;

namespace Appliance.Tests.Gates;

/// <summary>The life of an order as the venue's answers tell it.</summary>
public class OrderTableTests
{
    private readonly GateBench _bench = new(Limits with { MaxMessagesPerWindow = 1_000, DuplicateWindowNs = 0 });

    [Fact]
    public void New_acknowledged_filled_in_two_parts()
    {
        ApprovedOrder order = _bench.New(100);
        Assert.Equal(OrderState.PendingNew, _bench.Record(in order).State);
        Assert.Equal(100, _bench.Exposure().WorkingBuyUnits);
        _bench.Report(order.ClientOrderId, ExecutionKind.New);
        Assert.Equal(OrderState.Live, _bench.Record(in order).State);

        ExecutionEffect first = _bench.Fill(order.ClientOrderId, 40, 40);
        Assert.Equal((40L, true, Side.Buy, 1_000_000L), (first.FilledUnits, first.IsFirstFill, first.Side, first.PriceUnits));
        Assert.Equal(2_000_000, first.DecisionTwiceMidUnits);
        Assert.Equal((40L, 60L), (_bench.Exposure().PositionUnits, _bench.Exposure().WorkingBuyUnits));

        ExecutionEffect second = _bench.Report(order.ClientOrderId, ExecutionKind.Trade, 100, 60, status: OrderStatus.Filled);
        Assert.Equal((60L, false), (second.FilledUnits, second.IsFirstFill));
        Assert.Equal((OrderState.Done, OrderEnd.Filled), (_bench.Record(in order).State, _bench.Record(in order).End));
        Assert.Equal((100L, 0L, 0), (_bench.Exposure().PositionUnits, _bench.Exposure().WorkingBuyUnits, _bench.Orders.LiveCount));
    }

    [Fact]
    public void A_repeated_report_changes_nothing()
    {
        ApprovedOrder order = _bench.Live(100);
        _bench.Fill(order.ClientOrderId, 40, 40);
        ExecutionEffect again = _bench.Fill(order.ClientOrderId, 40, 40, EventFlags.PossibleDuplicate);
        Assert.Equal(0, again.FilledUnits);
        _bench.Fill(order.ClientOrderId, 70, 30);
        Assert.Equal(0, _bench.Fill(order.ClientOrderId, 40, 40, EventFlags.PossibleDuplicate).FilledUnits);
        Assert.Equal(70, _bench.Exposure().PositionUnits);
        Assert.Equal(2, _bench.Orders.Counters.Repeated);
    }

    [Fact]
    public void A_lost_report_is_made_good_by_the_next_cumulative_quantity()
    {
        ApprovedOrder order = _bench.Live(100);
        Assert.Equal(70, _bench.Fill(order.ClientOrderId, 70, 30).FilledUnits);
        ExecutionEffect end = _bench.Report(order.ClientOrderId, ExecutionKind.Cancelled, cumulative: 80, price: 0);
        Assert.Equal((10L, 1_000_000L), (end.FilledUnits, end.PriceUnits));
        Assert.Equal(80, _bench.Exposure().PositionUnits);
        Assert.Equal(1, _bench.Orders.Counters.InferredFills);
    }

    [Fact]
    public void A_pending_amend_counts_as_the_larger_of_old_and_new()
    {
        ApprovedOrder order = _bench.Live(100);
        ApprovedOrder up = _bench.Amend(in order, 300);
        Assert.Equal(order.ClientOrderId, up.OriginalClientOrderId);
        Assert.Equal(OrderState.PendingAmend, _bench.Record(in order).State);
        Assert.Equal(300, _bench.Exposure().WorkingBuyUnits);
        _bench.Report(up.ClientOrderId, ExecutionKind.Replaced);
        Assert.Equal(300, _bench.Exposure().WorkingBuyUnits);

        ApprovedOrder down = _bench.Amend(in up, 50);
        Assert.Equal(300, _bench.Exposure().WorkingBuyUnits);
        _bench.Report(down.ClientOrderId, ExecutionKind.Replaced);
        Assert.Equal(50, _bench.Exposure().WorkingBuyUnits);
        Assert.Equal(down.ClientOrderId, _bench.Record(in order).CurrentId);
    }

    [Fact]
    public void A_refused_amend_leaves_the_old_terms()
    {
        ApprovedOrder order = _bench.Live(100);
        ApprovedOrder up = _bench.Amend(in order, 300, 1_000_100);
        _bench.Report(up.ClientOrderId, ExecutionKind.AmendRejected, status: OrderStatus.New);
        OrderRecord record = _bench.Record(in order);
        Assert.Equal((OrderState.Live, 100L, 1_000_000L, 1), (record.State, record.QuantityUnits, record.PriceUnits, record.RefusedRequests));
        Assert.Equal(100, _bench.Exposure().WorkingBuyUnits);
    }

    [Fact]
    public void An_amend_counts_against_the_position_limit_by_what_it_adds()
    {
        ApprovedOrder order = _bench.Live(200);
        _bench.Gate.SetOpeningPosition(0, 700);
        Assert.Equal(GateVerdict.PositionLimit, _bench.TryAmend(in order, 310, 1_000_000, out _));
        Assert.Equal(GateVerdict.Approved, _bench.TryAmend(in order, 300, 1_000_000, out _));
        Assert.Equal(GateVerdict.PositionLimit, _bench.TryNew(10));
    }

    [Fact]
    public void An_amend_waits_for_answers_changes_only_price_and_quantity_and_stays_above_the_filled()
    {
        ApprovedOrder order = _bench.New(100);
        Assert.Equal(GateVerdict.RequestOutstanding, _bench.TryAmend(in order, 200, 1_000_000, out _));
        _bench.Report(order.ClientOrderId, ExecutionKind.New);
        OrderIntent other = _bench.Intent(200, side: Side.Sell);
        other.Kind = OrderRequestKind.Amend;
        other.OriginalClientOrderId = order.ClientOrderId;
        Assert.Equal(GateVerdict.AmendChangesOrder, _bench.Check(other, out _));
        _bench.Fill(order.ClientOrderId, 60, 60);
        Assert.Equal(GateVerdict.AmendBelowFilled, _bench.TryAmend(in order, 60, 1_000_000, out _));
        ApprovedOrder amend = _bench.Amend(in order, 70);
        Assert.Equal(GateVerdict.RequestOutstanding, _bench.TryAmend(in amend, 80, 1_000_000, out _));
        Assert.Equal(GateVerdict.UnknownOrder, _bench.TryAmend(default, 80, 1_000_000, out _));
    }

    [Fact]
    public void Fills_while_an_amend_is_pending_lower_the_worst_case()
    {
        ApprovedOrder order = _bench.Live(100);
        ApprovedOrder up = _bench.Amend(in order, 200);
        _bench.Fill(order.ClientOrderId, 30, 30);
        Assert.Equal(170, _bench.Exposure().WorkingBuyUnits);
        _bench.Report(up.ClientOrderId, ExecutionKind.AmendRejected, status: OrderStatus.PartiallyFilled);
        Assert.Equal(70, _bench.Exposure().WorkingBuyUnits);
    }

    [Fact]
    public void One_cancel_is_outstanding_at_a_time()
    {
        ApprovedOrder order = _bench.Live(100);
        ApprovedOrder cancel = _bench.Cancel(in order);
        Assert.Equal((OrderRequestKind.Cancel, order.ClientOrderId, Side.Buy, 100L), (cancel.Kind, cancel.OriginalClientOrderId, cancel.Side, cancel.QuantityUnits));
        Assert.Equal(OrderState.PendingCancel, _bench.Record(in order).State);
        Assert.Equal(GateVerdict.CancelOutstanding, _bench.TryCancel(order.ClientOrderId, out _));
        Assert.Equal(GateVerdict.RequestOutstanding, _bench.TryAmend(in order, 200, 1_000_000, out _));
        Assert.Equal(100, _bench.Exposure().WorkingBuyUnits);
        _bench.Report(cancel.ClientOrderId, ExecutionKind.CancelRejected, status: OrderStatus.New);
        Assert.Equal(GateVerdict.Approved, _bench.TryCancel(order.ClientOrderId, out ApprovedOrder second));
        _bench.Report(second.ClientOrderId, ExecutionKind.Cancelled);
        Assert.Equal(GateVerdict.OrderDone, _bench.TryCancel(order.ClientOrderId, out _));
        Assert.Equal((0L, OrderEnd.Cancelled), (_bench.Exposure().WorkingBuyUnits, _bench.Record(in order).End));
        Assert.Equal(0, _bench.Orders.Counters.UnsolicitedCancels);
    }

    [Fact]
    public void A_cancel_names_the_amend_that_is_still_unanswered()
    {
        ApprovedOrder order = _bench.Live(100);
        ApprovedOrder amend = _bench.Amend(in order, 200);
        ApprovedOrder cancel = _bench.Cancel(in order);
        Assert.Equal(amend.ClientOrderId, cancel.OriginalClientOrderId);
        // The venue refuses the amend, so the cancel named an id that never stood: "unknown order" then says nothing about the order.
        _bench.Report(amend.ClientOrderId, ExecutionKind.AmendRejected, status: OrderStatus.New);
        _bench.Report(cancel.ClientOrderId, ExecutionKind.CancelRejected, status: OrderStatus.Rejected);
        Assert.Equal((OrderState.Live, 100L), (_bench.Record(in order).State, _bench.Exposure().WorkingBuyUnits));
    }

    [Fact]
    public void An_order_that_the_venue_does_not_know_has_ended()
    {
        ApprovedOrder order = _bench.New(100);
        ApprovedOrder cancel = _bench.Cancel(in order);
        _bench.Report(cancel.ClientOrderId, ExecutionKind.CancelRejected, status: OrderStatus.Rejected);
        Assert.Equal((OrderEnd.UnknownToVenue, 0L), (_bench.Record(in order).End, _bench.Exposure().WorkingBuyUnits));
    }

    [Fact]
    public void A_late_fill_after_the_cancel_moves_the_position()
    {
        ApprovedOrder order = _bench.Live(100);
        ApprovedOrder cancel = _bench.Cancel(in order);
        _bench.Report(cancel.ClientOrderId, ExecutionKind.Cancelled);
        ExecutionEffect late = _bench.Fill(order.ClientOrderId, 30, 30);
        Assert.Equal(30, late.FilledUnits);
        Assert.Equal((30L, 0L, 1L), (_bench.Exposure().PositionUnits, _bench.Exposure().WorkingBuyUnits, _bench.Orders.Counters.LateFills));
    }

    [Fact]
    public void An_unsolicited_cancel_ends_the_order_and_is_counted()
    {
        ApprovedOrder order = _bench.Live(100);
        _bench.Report(order.ClientOrderId, ExecutionKind.Cancelled);
        Assert.Equal((OrderState.Done, 1L, 0L), (_bench.Record(in order).State, _bench.Orders.Counters.UnsolicitedCancels, _bench.Exposure().WorkingBuyUnits));
        ApprovedOrder immediate = _bench.New(100, tif: TimeInForce.ImmediateOrCancel);
        _bench.Report(immediate.ClientOrderId, ExecutionKind.Cancelled);
        Assert.Equal(1, _bench.Orders.Counters.UnsolicitedCancels);
    }

    [Theory]
    [InlineData(ExecutionKind.Rejected)]
    [InlineData(ExecutionKind.BusinessRejected)]
    [InlineData(ExecutionKind.SessionRejected)]
    public void A_refused_new_order_is_done(ExecutionKind kind)
    {
        ApprovedOrder order = _bench.New(100);
        _bench.Report(order.ClientOrderId, kind);
        Assert.Equal((OrderEnd.Rejected, 0L), (_bench.Record(in order).End, _bench.Exposure().WorkingBuyUnits));
        Assert.Equal(1, _bench.Orders.Counters.RejectedByVenue);
    }

    [Theory]
    [InlineData(ExecutionKind.AmendRejected)]
    [InlineData(ExecutionKind.BusinessRejected)]
    [InlineData(ExecutionKind.SessionRejected)]
    public void Every_kind_of_refusal_frees_the_amend(ExecutionKind kind)
    {
        ApprovedOrder order = _bench.Live(100);
        _bench.Report(_bench.Amend(in order, 200).ClientOrderId, kind);
        Assert.Equal((OrderState.Live, 100L), (_bench.Record(in order).State, _bench.Exposure().WorkingBuyUnits));
    }

    [Fact]
    public void An_order_filled_while_its_amend_was_on_the_way_lives_on_when_the_venue_accepts_it()
    {
        ApprovedOrder order = _bench.Live(100);
        ApprovedOrder up = _bench.Amend(in order, 300);
        _bench.Report(order.ClientOrderId, ExecutionKind.Trade, 100, 100, status: OrderStatus.Filled);
        Assert.Equal(0, _bench.Orders.LiveCount);
        _bench.Report(up.ClientOrderId, ExecutionKind.Replaced, 100);
        Assert.Equal((OrderState.Live, 200L, 1), (_bench.Record(in order).State, _bench.Exposure().WorkingBuyUnits, _bench.Orders.LiveCount));
        // The first fill's report again, with "filled" in it, must not end the enlarged order.
        _bench.Report(order.ClientOrderId, ExecutionKind.Trade, 100, 100, status: OrderStatus.Filled, flags: EventFlags.PossibleDuplicate);
        Assert.Equal((OrderState.Live, 200L), (_bench.Record(in order).State, _bench.Exposure().WorkingBuyUnits));
        _bench.Report(up.ClientOrderId, ExecutionKind.Trade, 300, 200, status: OrderStatus.Filled);
        Assert.Equal((OrderState.Done, 300L, 0), (_bench.Record(in order).State, _bench.Exposure().PositionUnits, _bench.Orders.LiveCount));
    }

    [Fact]
    public void What_did_not_leave_gives_its_exposure_back()
    {
        ApprovedOrder order = _bench.New(100);
        _bench.Unsent(order.ClientOrderId);
        Assert.Equal((OrderEnd.Unsent, 0L), (_bench.Record(in order).End, _bench.Exposure().WorkingBuyUnits));

        ApprovedOrder live = _bench.Live(100);
        _bench.Unsent(_bench.Amend(in live, 300).ClientOrderId);
        Assert.Equal((OrderState.Live, 100L), (_bench.Record(in live).State, _bench.Exposure().WorkingBuyUnits));
        _bench.Unsent(_bench.Cancel(in live).ClientOrderId);
        Assert.Equal(OrderState.Live, _bench.Record(in live).State);
        // An order that the venue has acknowledged cannot be unsent, whatever is said.
        _bench.Unsent(live.ClientOrderId);
        Assert.Equal((OrderState.Live, 100L, 3L), (_bench.Record(in live).State, _bench.Exposure().WorkingBuyUnits, _bench.Orders.Counters.Unsent));
    }

    [Fact]
    public void A_fill_under_an_unknown_id_moves_the_position_unless_it_may_be_a_repetition()
    {
        ExecutionEffect effect = _bench.Report(99, ExecutionKind.Trade, 50, 50, side: Side.Sell, instrument: 0);
        Assert.Equal((false, 50L, ExecutionEffect.NoPortfolio), (effect.IsKnown, effect.FilledUnits, effect.Portfolio));
        _bench.Report(99, ExecutionKind.Trade, 50, 50, side: Side.Sell, instrument: 0, flags: EventFlags.PossibleDuplicate);
        _bench.Report(98, ExecutionKind.Cancelled, side: Side.Sell, instrument: 0);
        Assert.Equal((-50L, 3L, 1L), (_bench.Exposure().PositionUnits, _bench.Orders.Counters.UnknownIds, _bench.Orders.Counters.UnknownFills));
    }

    [Fact]
    public void A_busted_trade_takes_its_quantity_back_once()
    {
        ApprovedOrder order = _bench.Live(100);
        _bench.Fill(order.ClientOrderId, 40, 40);
        Assert.Equal(-40, _bench.Report(order.ClientOrderId, ExecutionKind.TradeCancelled, 0, 40).FilledUnits);
        Assert.Equal(0, _bench.Report(order.ClientOrderId, ExecutionKind.TradeCancelled, 0, 40, flags: EventFlags.PossibleDuplicate).FilledUnits);
        Assert.Equal((0L, 100L), (_bench.Exposure().PositionUnits, _bench.Exposure().WorkingBuyUnits));
    }

    [Fact]
    public void Quantities_out_of_all_bounds_and_overfills_are_survived()
    {
        ApprovedOrder order = _bench.Live(100);
        Assert.Equal(0, _bench.Fill(order.ClientOrderId, long.MaxValue, long.MaxValue).FilledUnits);
        Assert.Equal(0, _bench.Fill(order.ClientOrderId, -1, 1).FilledUnits);
        Assert.Equal(2, _bench.Orders.Counters.Malformed);
        Assert.Equal(150, _bench.Fill(order.ClientOrderId, 150, 150).FilledUnits);
        Assert.Equal((150L, 0L, 1L), (_bench.Exposure().PositionUnits, _bench.Exposure().WorkingBuyUnits, _bench.Orders.Counters.Overfills));
    }

    [Fact]
    public void A_request_unanswered_past_the_bound_freezes_its_instrument_until_it_is_answered()
    {
        ApprovedOrder order = _bench.New(100);
        _bench.Now += 200 * Millisecond;
        _bench.Gate.OnTimer(_bench.Now);
        Assert.Equal(GateVerdict.Approved, _bench.TryNew(20));
        _bench.Now += 1;
        _bench.Gate.OnTimer(_bench.Now);
        _bench.Gate.OnTimer(_bench.Now + 1);
        Assert.Equal(GateVerdict.InstrumentFrozen, _bench.TryNew(30));
        Assert.Equal(GateVerdict.Approved, _bench.TryNew(100_000, 60_000_00000000, instrument: 2));
        Assert.Equal(1, _bench.Orders.Counters.AcknowledgementsOverdue);
        Assert.True(_bench.Record(in order).IsOverdue);
        _bench.Report(order.ClientOrderId, ExecutionKind.New);
        Assert.Equal(GateVerdict.Approved, _bench.TryNew(30));
    }

    [Fact]
    public void An_unanswered_cancel_freezes_too_and_the_orders_end_thaws()
    {
        ApprovedOrder order = _bench.Live(100);
        ApprovedOrder cancel = _bench.Cancel(in order);
        _bench.Now += 201 * Millisecond;
        _bench.Gate.OnTimer(_bench.Now);
        Assert.True(_bench.Orders.IsFrozen(0));
        _bench.Report(cancel.ClientOrderId, ExecutionKind.Cancelled);
        Assert.False(_bench.Orders.IsFrozen(0));
    }

    [Fact]
    public void Done_records_are_reused_oldest_first_and_live_ones_never()
    {
        ApprovedOrder keeper = _bench.Live(10);
        var done = new List<ulong>();
        for (int i = 0; i < 400; i++)
        {
            ApprovedOrder order = _bench.New(20, tif: TimeInForce.ImmediateOrCancel);
            _bench.Report(order.ClientOrderId, ExecutionKind.Expired);
            done.Add(order.ClientOrderId);
        }
        // Sixteen records, one of them live: the last fifteen orders are still known.
        Assert.All(done.TakeLast(15), id => Assert.True(_bench.Orders.Find(id) >= 0));
        Assert.All(done.SkipLast(15), id => Assert.Equal(-1, _bench.Orders.Find(id)));
        // The keeper's place in the index (128 ids) was overwritten long ago; it is found all the same.
        Assert.Equal(OrderState.Live, _bench.Record(in keeper).State);
        Assert.Equal(10, _bench.Fill(keeper.ClientOrderId, 10, 10).FilledUnits);
        Assert.Equal(0, _bench.Orders.LiveCount);
    }

    [Fact]
    public void An_id_of_a_reused_record_finds_nothing_though_the_new_orders_id_ends_in_the_same_bits()
    {
        var bench = new GateBench(Limits with { MaxLiveOrders = 1, OrderTableCapacity = 2 });
        ulong Explicit(ulong id)
        {
            OrderIntent intent = bench.Intent(10 + (long)(id % 7) * 10);
            intent.ClientOrderId = id;
            Assert.Equal(GateVerdict.Approved, bench.Check(intent, out ApprovedOrder approved));
            bench.Report(approved.ClientOrderId, ExecutionKind.New);
            return approved.ClientOrderId;
        }
        ulong first = Explicit(8_000_000_000);
        OrderIntent amend = bench.Intent(90);
        (amend.Kind, amend.OriginalClientOrderId, amend.ClientOrderId) = (OrderRequestKind.Amend, first, first + 3);
        Assert.Equal(GateVerdict.Approved, bench.Check(amend, out _));
        bench.Report(first + 3, ExecutionKind.Replaced);
        bench.Report(first + 3, ExecutionKind.Cancelled);
        bench.Report(Explicit(first + 5), ExecutionKind.Cancelled);
        // Two records, so the third order has the first's; two to the 32 between their ids.
        ulong third = Explicit(first + (1ul << 32));
        Assert.Equal(-1, bench.Orders.Find(first + 3));
        bench.Report(first + 3, ExecutionKind.Cancelled);
        Assert.Equal(OrderState.Live, bench.Orders[bench.Orders.Find(third)].State);
    }
}
