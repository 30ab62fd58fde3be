using Appliance.Contract;
using Appliance.Risk;
using static Appliance.Tests.Gates.GateBench;

namespace Appliance.Tests.Gates;

/// <summary>What the venue lists against what the gate believes: confirmed, unlisted, unknown, contradicted.</summary>
public class ListedOrderTests
{
    private const ulong Foreign = FoundOrderId.First + 3;

    private readonly GateBench _bench = new(Limits with { MaxMessagesPerWindow = 1_000, DuplicateWindowNs = 0 });

    private ExecutionEffect List(ulong id, OrderStatus status, long price = 1_000_000, long total = 100, long filled = 0, Side side = Side.Buy, ushort instrument = 0) =>
        _bench.Report(id, ExecutionKind.Status, filled, total, price, status, EventFlags.Listed, side, instrument);

    [Fact]
    public void An_unknown_order_counts_against_the_limits_and_can_be_withdrawn()
    {
        Assert.Equal(0, List(Foreign, OrderStatus.PartiallyFilled, total: 900, filled: 200).FilledUnits);
        Assert.Equal((0L, 700L, 1, 1, 1L), (_bench.Exposure().PositionUnits, _bench.Exposure().WorkingBuyUnits, _bench.Orders.LiveCount, _bench.Orders.FoundCount, _bench.Orders.Counters.UnknownOrders));
        // 1,000 may be held, 700 may come of it.
        Assert.Equal(GateVerdict.PositionLimit, _bench.TryNew(310));
        Assert.Equal(GateVerdict.Approved, _bench.TryNew(300));
        // What fills from now on is ours; what had filled before was nobody's to book.
        Assert.Equal(50, _bench.Fill(Foreign, 250, 50).FilledUnits);
        Assert.Equal((50L, 50L), (_bench.Exposure().PositionUnits, _bench.Orders.PortfolioExposure(0).PositionUnits));
        Assert.Equal(GateVerdict.Approved, _bench.TryCancel(Foreign, out ApprovedOrder cancel));
        Assert.Equal((Foreign, 900L, Side.Buy), (cancel.OriginalClientOrderId, cancel.QuantityUnits, cancel.Side));
        _bench.Report(cancel.ClientOrderId, ExecutionKind.Cancelled, 250, price: 0, status: OrderStatus.Cancelled);
        Assert.Equal((0, 300L, 0L), (_bench.Orders.FoundCount, _bench.Exposure().WorkingBuyUnits, _bench.Orders.Counters.UnsolicitedCancels));
        // Listed again in one breath with its end, it is no news.
        List(Foreign, OrderStatus.Cancelled);
        Assert.Equal((0, 1L), (_bench.Orders.FoundCount, _bench.Orders.Counters.UnknownOrders));
    }

    [Fact]
    public void A_limit_does_not_keep_a_kill_from_withdrawing_what_was_found()
    {
        List(Foreign, OrderStatus.New);
        _bench.Gate.SetKilled();
        Assert.Equal(GateVerdict.Approved, _bench.TryCancel(Foreign, out _));
    }

    [Fact]
    public void Until_the_list_is_complete_nothing_new_passes()
    {
        ApprovedOrder listed = _bench.Live(100), silent = _bench.Live(50);
        _bench.Gate.BeginListing();
        Assert.True(_bench.Gate.AwaitsConfirmation);
        Assert.Equal(GateVerdict.OrdersUnresolved, _bench.TryNew());
        Assert.Equal(GateVerdict.Approved, _bench.TryCancel(silent.ClientOrderId, out _));
        List(listed.ClientOrderId, OrderStatus.New);
        _bench.Gate.EndListing(isComplete: true);
        Assert.Equal((false, true, 1), (_bench.Record(in listed).IsUnconfirmed, _bench.Record(in silent).IsUnconfirmed, _bench.Orders.UnconfirmedCount));
        Assert.Equal(GateVerdict.OrdersUnresolved, _bench.TryNew());
        // Asked about by itself, it says what became of it; the quantity is the venue's word, not a guess.
        Assert.Equal(20, _bench.Report(silent.ClientOrderId, ExecutionKind.Status, cumulative: 20, price: 0, status: OrderStatus.Cancelled).FilledUnits);
        Assert.Equal((20L, false), (_bench.Exposure().PositionUnits, _bench.Gate.AwaitsConfirmation));
        Assert.Equal(GateVerdict.Approved, _bench.TryNew());
    }

    [Fact]
    public void A_list_that_never_comes_leaves_orders_as_they_are()
    {
        ApprovedOrder order = _bench.Live(100);
        _bench.Gate.BeginListing();
        _bench.Gate.EndListing(isComplete: false);
        Assert.Equal((false, 0), (_bench.Record(in order).IsUnconfirmed, _bench.Orders.UnconfirmedCount));
        Assert.Equal(GateVerdict.Approved, _bench.TryNew());
        _bench.Gate.BeginListing();
        // A person has settled it.
        _bench.Gate.SetOrdersUnresolved(false);
        Assert.Equal(GateVerdict.Approved, _bench.TryNew());
    }

    [Fact]
    public void A_report_that_comes_before_the_list_ends_confirms_too_but_no_repetition()
    {
        ApprovedOrder filled = _bench.Live(100), repeated = _bench.Live(50);
        _bench.Gate.BeginListing();
        _bench.Fill(filled.ClientOrderId, 10, 10);
        _bench.Fill(repeated.ClientOrderId, 10, 10, EventFlags.PossibleDuplicate);
        _bench.Gate.EndListing(isComplete: true);
        Assert.Equal((false, true), (_bench.Record(in filled).IsUnconfirmed, _bench.Record(in repeated).IsUnconfirmed));
    }

    [Fact]
    public void An_order_taken_for_unsent_that_stands_at_the_venue_counts_again()
    {
        ApprovedOrder order = _bench.New(100);
        _bench.Unsent(order.ClientOrderId);
        Assert.Equal(0, _bench.Exposure().WorkingBuyUnits);
        List(order.ClientOrderId, OrderStatus.New);
        OrderRecord record = _bench.Record(in order);
        Assert.Equal((OrderState.Live, true, 100L, 1L), (record.State, record.IsFound, _bench.Exposure().WorkingBuyUnits, _bench.Orders.Counters.ContradictedEnds));
        Assert.Equal((1, 1), (_bench.Orders.LiveCount, _bench.Orders.FoundCount));
        Assert.Equal(GateVerdict.Approved, _bench.TryCancel(order.ClientOrderId, out ApprovedOrder cancel));
        _bench.Report(cancel.ClientOrderId, ExecutionKind.Cancelled, price: 0, status: OrderStatus.Cancelled);
        Assert.Equal((0, 0, 0L), (_bench.Orders.LiveCount, _bench.Orders.FoundCount, _bench.Exposure().WorkingBuyUnits));
    }

    [Fact]
    public void An_order_listed_under_its_amend_has_the_amends_terms()
    {
        ApprovedOrder order = _bench.Live(100);
        ApprovedOrder amend = _bench.Amend(in order, 200, 1_000_100);
        List(amend.ClientOrderId, OrderStatus.PartiallyFilled, 1_000_100, 200, 30);
        OrderRecord record = _bench.Record(in order);
        Assert.Equal((OrderState.Live, amend.ClientOrderId, 200L, 1_000_100L, 30L), (record.State, record.CurrentId, record.QuantityUnits, record.PriceUnits, record.CumulativeQuantityUnits));
        Assert.Equal((30L, 170L), (_bench.Exposure().PositionUnits, _bench.Exposure().WorkingBuyUnits));
    }

    [Fact]
    public void An_unknown_order_without_a_limit_price_matches_everything_of_ours()
    {
        var bench = new GateBench(Limits with { PreventsSelfMatch = true, DuplicateWindowNs = 0 });
        bench.Report(Foreign, ExecutionKind.Status, 0, 10, 0, OrderStatus.New, EventFlags.Listed, Side.Sell, 0);
        Assert.Equal(GateVerdict.SelfMatch, bench.TryNew());
    }

    [Fact]
    public void An_unknown_order_without_room_stops_trading_until_a_person_has_settled_it()
    {
        for (ulong i = 0; i < 17; i++) List(Foreign + i, OrderStatus.New, total: 10);
        Assert.Equal((16, 1L), (_bench.Orders.FoundCount, _bench.Orders.Counters.UnknownOrdersUntaken));
        Assert.Equal(GateVerdict.OrdersUnresolved, _bench.TryNew());
    }

    [Theory]
    [InlineData(OrderStatus.Filled), InlineData(OrderStatus.Cancelled), InlineData(OrderStatus.Rejected), InlineData(OrderStatus.Expired), InlineData(OrderStatus.DoneForDay)]
    public void What_has_ended_is_nothing_to_be_found(OrderStatus status)
    {
        List(Foreign, status);
        Assert.Equal((0, 0L, 0L), (_bench.Orders.LiveCount, _bench.Orders.Counters.UnknownOrders, _bench.Exposure().WorkingBuyUnits));
    }

    [Fact]
    public void What_makes_no_sense_is_counted_and_left()
    {
        List(Foreign, OrderStatus.New, total: 0);
        List(Foreign, OrderStatus.New, total: 10, filled: 11);
        List(Foreign, OrderStatus.New, side: Side.None);
        List(Foreign, OrderStatus.New, instrument: 99);
        Assert.Equal((0, 4L), (_bench.Orders.LiveCount, _bench.Orders.Counters.Malformed));
    }
}
