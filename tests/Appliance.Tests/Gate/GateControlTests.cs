using Appliance.Contract;
using Appliance.Risk;
using static Appliance.Tests.Gates.GateBench;

namespace Appliance.Tests.Gates;

/// <summary>Each control with a case that trips it and one that just does not.</summary>
public class GateControlTests
{
    private readonly GateBench _bench = new();

    [Fact]
    public void An_order_within_every_limit_is_approved_with_the_next_identifier()
    {
        ApprovedOrder first = _bench.New(), second = _bench.New(20);
        Assert.True(first.IsApproved);
        Assert.Equal(7_000_000_001ul, first.ClientOrderId);
        Assert.Equal(7_000_000_002ul, second.ClientOrderId);
        Assert.Equal(20, second.QuantityUnits);
        Assert.Equal(2, _bench.Gate.Approved);
        Assert.Equal(0, _bench.Gate.Rejected);
    }

    [Fact]
    public void A_held_intent_gives_the_default_order_and_counts_under_its_own_reason()
    {
        Assert.Equal(GateVerdict.MaxQuantity, _bench.Check(_bench.Intent(510), out ApprovedOrder approved));
        Assert.False(approved.IsApproved);
        Assert.Equal(1, _bench.Gate.Verdicts[(int)GateVerdict.MaxQuantity]);
        Assert.Equal(1, _bench.Gate.Rejected);
        Assert.Equal(0, _bench.Orders.LiveCount);
    }

    [Theory]
    // quantity, price, expected
    [InlineData(390, 1_000_000, GateVerdict.Approved)]
    [InlineData(400, 1_000_000, GateVerdict.Approved)]      // 400 × 100.00 = 40,000 exactly
    [InlineData(400, 1_000_100, GateVerdict.MaxNotional)]
    [InlineData(500, 1_000_000, GateVerdict.MaxNotional)]
    [InlineData(510, 1_000_000, GateVerdict.MaxQuantity)]
    [InlineData(15, 1_000_000, GateVerdict.QuantityOffLot)]
    [InlineData(0, 1_000_000, GateVerdict.InvalidQuantity)]
    [InlineData(-10, 1_000_000, GateVerdict.InvalidQuantity)]
    [InlineData(long.MinValue, 1_000_000, GateVerdict.InvalidQuantity)]
    [InlineData(long.MaxValue, 1_000_000, GateVerdict.MaxQuantity)]
    [InlineData(10, 1_000_050, GateVerdict.PriceOffTick)]
    [InlineData(10, 0, GateVerdict.InvalidPrice)]
    [InlineData(10, -100, GateVerdict.InvalidPrice)]
    [InlineData(10, long.MaxValue, GateVerdict.InvalidPrice)]
    [InlineData(10, 1_010_000, GateVerdict.Approved)]       // 100 basis points above 100.00
    [InlineData(10, 1_010_100, GateVerdict.PriceCollar)]
    [InlineData(10, 990_000, GateVerdict.Approved)]
    [InlineData(10, 989_900, GateVerdict.PriceCollar)]
    public void Terms(long quantity, long price, GateVerdict expected) => Assert.Equal(expected, _bench.TryNew(quantity, price));

    [Fact]
    public void Notional_near_128_bits_is_judged_without_overflow()
    {
        // 10 coins at 10,000.0 is 100,000 exactly, in raw units 10^21; the raw product of the largest allowed units is 2^116.
        _bench.Market(2, 10_000_00000000);
        Assert.Equal(GateVerdict.Approved, _bench.TryNew(1_000_000_000, 10_000_00000000, instrument: 2));
        Assert.Equal(GateVerdict.MaxNotional, _bench.TryNew(1_000_000_000, 10_000_10000000, instrument: 2));
        Assert.Equal(GateVerdict.MaxNotional, _bench.TryNew(1_000_000_000, (InstrumentLimits.UnitsMax / 10_000_000) * 10_000_000, instrument: 2));
    }

    [Fact]
    public void Collar_counts_from_an_odd_mid_without_losing_the_half()
    {
        // Mid 100.005: one percent is 1.00005, so 101.00 is inside by a hair and 101.01 is outside; below, 99.01 is inside and 99.00 outside.
        _bench.Gate.OnTop(0, new TopOfBook
        {
            BidPriceUnits = 1_000_000, AskPriceUnits = 1_000_100, BidQuantityUnits = 1, AskQuantityUnits = 1, TimeUtcNs = Start,
            UpperBandUnits = long.MaxValue, State = BookState.Ready, Status = TradingStatus.Trading,
        });
        Assert.Equal(GateVerdict.Approved, _bench.TryNew(10, 1_010_000));
        Assert.Equal(GateVerdict.PriceCollar, _bench.TryNew(10, 1_010_100));
        Assert.Equal(GateVerdict.Approved, _bench.TryNew(10, 990_100));
        Assert.Equal(GateVerdict.PriceCollar, _bench.TryNew(10, 990_000));
    }

    [Theory]
    [InlineData(BookState.Incomplete)]
    [InlineData(BookState.Crossed)]
    [InlineData(BookState.OneSided)]
    public void A_book_that_is_not_ready_stops_orders_until_it_is(BookState state)
    {
        _bench.Market(0, 1_000_000, state);
        Assert.Equal(GateVerdict.BookNotReady, _bench.TryNew());
        _bench.Market(0, 1_000_000);
        Assert.Equal(GateVerdict.Approved, _bench.TryNew());
    }

    [Fact]
    public void An_instrument_that_never_had_a_book_is_not_traded()
    {
        var gate = new Gate([Share, Other, Coin], Limits);
        gate.OnSession(true);
        Assert.Equal(GateVerdict.BookNotReady, gate.Check(_bench.Intent(), out _));
    }

    [Theory]
    [InlineData(TradingStatus.Unknown)]
    [InlineData(TradingStatus.PreOpen)]
    [InlineData(TradingStatus.Halted)]
    [InlineData(TradingStatus.Paused)]
    [InlineData(TradingStatus.QuoteOnly)]
    [InlineData(TradingStatus.Auction)]
    [InlineData(TradingStatus.Closed)]
    public void Only_the_status_trading_lets_orders_through(TradingStatus status)
    {
        _bench.Market(0, 1_000_000, status: status);
        Assert.Equal(GateVerdict.NotTrading, _bench.TryNew());
    }

    [Fact]
    public void Data_are_stale_one_nanosecond_past_the_bound()
    {
        _bench.Now = Start + Second;
        Assert.Equal(GateVerdict.Approved, _bench.TryNew());
        _bench.Now = Start + Second + 1;
        Assert.Equal(GateVerdict.StaleData, _bench.TryNew(20));
        _bench.Market(0, 1_000_000);
        Assert.Equal(GateVerdict.Approved, _bench.TryNew(20));
    }

    [Theory]
    [InlineData(999_900, GateVerdict.PriceBand)]
    [InlineData(1_000_000, GateVerdict.Approved)]
    [InlineData(1_000_500, GateVerdict.Approved)]
    [InlineData(1_000_600, GateVerdict.PriceBand)]
    public void Price_bands_of_the_venue(long price, GateVerdict expected)
    {
        _bench.Market(0, 1_000_000, lowerBand: 1_000_000, upperBand: 1_000_500);
        Assert.Equal(expected, _bench.TryNew(10, price));
    }

    [Fact]
    public void Instruments_off_the_allow_list_or_unknown_are_refused()
    {
        Assert.Equal(GateVerdict.InstrumentNotAllowed, _bench.TryNew(instrument: 1));
        Assert.Equal(GateVerdict.UnknownInstrument, _bench.TryNew(instrument: 3));
        Assert.Equal(GateVerdict.UnknownInstrument, _bench.TryNew(instrument: ushort.MaxValue));
    }

    [Theory]
    [InlineData(OrderRequestKind.None, Side.Buy, TimeInForce.Day)]
    [InlineData(OrderRequestKind.New, Side.None, TimeInForce.Day)]
    [InlineData(OrderRequestKind.New, (Side)3, TimeInForce.Day)]
    [InlineData(OrderRequestKind.New, Side.Buy, (TimeInForce)4)]
    [InlineData((OrderRequestKind)9, Side.Buy, TimeInForce.Day)]
    public void Nonsense_is_an_invalid_intent(OrderRequestKind kind, Side side, TimeInForce timeInForce)
    {
        OrderIntent intent = _bench.Intent(side: side, tif: timeInForce);
        intent.Kind = kind;
        Assert.Equal(GateVerdict.InvalidIntent, _bench.Check(intent, out _));
    }

    [Fact]
    public void Identifiers_given_by_the_caller_must_rise()
    {
        OrderIntent intent = _bench.Intent();
        intent.ClientOrderId = 7_000_000_010;
        Assert.Equal(GateVerdict.Approved, _bench.Check(intent, out ApprovedOrder order));
        Assert.Equal(7_000_000_010ul, order.ClientOrderId);
        intent.QuantityUnits = 20;
        Assert.Equal(GateVerdict.InvalidIdentifier, _bench.Check(intent, out _));
        intent.ClientOrderId = 0;
        Assert.Equal(GateVerdict.Approved, _bench.Check(intent, out order));
        Assert.Equal(7_000_000_011ul, order.ClientOrderId);
    }

    [Fact]
    public void Position_limit_counts_position_and_working_orders_on_each_side()
    {
        _bench.Gate.SetOpeningPosition(0, 500);
        _bench.New(300);
        Assert.Equal(GateVerdict.PositionLimit, _bench.TryNew(210));
        _bench.New(200);
        Assert.Equal(GateVerdict.PositionLimit, _bench.TryNew(10));
        // Sells are measured from the position alone: the buys may never fill.
        _bench.New(400, side: Side.Sell);
        _bench.Report(7_000_000_001, ExecutionKind.Rejected);
        Assert.Equal(GateVerdict.Approved, _bench.TryNew(300, 1_000_100));
    }

    [Fact]
    public void Short_side_reaches_exactly_minus_the_limit()
    {
        var bench = new GateBench(Limits with { DuplicateWindowNs = 0 });
        bench.New(400, side: Side.Sell);
        bench.New(400, side: Side.Sell);
        Assert.Equal(GateVerdict.PositionLimit, bench.TryNew(210, side: Side.Sell));
        Assert.Equal(GateVerdict.Approved, bench.TryNew(200, side: Side.Sell));
    }

    [Fact]
    public void From_beyond_the_limit_the_way_back_is_open_and_the_way_on_is_not()
    {
        _bench.Gate.SetOpeningPosition(0, 1_500);
        Assert.Equal(GateVerdict.PositionLimit, _bench.TryNew(10));
        Assert.Equal(GateVerdict.Approved, _bench.TryNew(400, side: Side.Sell));
    }

    [Fact]
    public void Live_orders_are_limited_until_one_ends()
    {
        for (int i = 0; i < 4; i++) _bench.New(10 * (i + 1));
        Assert.Equal(GateVerdict.MaxLiveOrders, _bench.TryNew(50));
        _bench.Report(7_000_000_001, ExecutionKind.Rejected);
        Assert.Equal(GateVerdict.Approved, _bench.TryNew(50));
    }

    [Fact]
    public void A_duplicate_is_blocked_to_the_windows_edge_and_any_difference_makes_it_another_order()
    {
        var bench = new GateBench(Limits with { MaxLiveOrders = 8 });
        bench.New(10);
        Assert.Equal(GateVerdict.DuplicateOrder, bench.TryNew(10));
        Assert.Equal(GateVerdict.Approved, bench.TryNew(10, portfolio: 1));
        Assert.Equal(GateVerdict.Approved, bench.TryNew(10, 1_000_100));
        bench.Now += 100 * Millisecond - 1;
        Assert.Equal(GateVerdict.DuplicateOrder, bench.TryNew(10));
        bench.Now += 1;
        Assert.Equal(GateVerdict.Approved, bench.TryNew(10));
        Assert.Equal(GateVerdict.DuplicateOrder, bench.TryNew(10));
    }

    [Fact]
    public void Profit_and_loss_at_the_limit_stops_new_orders_for_good()
    {
        _bench.Gate.OnDailyPnl(-999.99);
        Assert.Equal(GateVerdict.Approved, _bench.TryNew());
        _bench.Gate.OnDailyPnl(-1_000);
        Assert.Equal(GateVerdict.DailyLoss, _bench.TryNew(20));
        _bench.Gate.OnDailyPnl(5_000);
        Assert.Equal(GateVerdict.DailyLoss, _bench.TryNew(20));
    }

    [Fact]
    public void A_profit_and_loss_that_is_no_number_counts_as_lost()
    {
        _bench.Gate.OnDailyPnl(double.NaN);
        Assert.Equal(GateVerdict.DailyLoss, _bench.TryNew());
    }

    public static TheoryData<string, GateVerdict> Switches => new()
    {
        { "killed", GateVerdict.Killed }, { "paused", GateVerdict.Paused }, { "session", GateVerdict.SessionDown },
        { "unresolved", GateVerdict.OrdersUnresolved }, { "behind", GateVerdict.JournalBehind }, { "lost", GateVerdict.JournalLost },
    };

    [Theory]
    [MemberData(nameof(Switches))]
    public void A_switch_stops_new_orders_and_amends_but_no_cancel(string which, GateVerdict expected)
    {
        ApprovedOrder live = _bench.Live();
        Switch(_bench.Gate, which, true);
        Assert.Equal(expected, _bench.Gate.Stopped);
        Assert.Equal(expected, _bench.TryNew(20));
        Assert.Equal(expected, _bench.TryAmend(in live, 20, 1_000_000, out _));
        Assert.Equal(GateVerdict.Approved, _bench.TryCancel(live.ClientOrderId, out _));
        Switch(_bench.Gate, which, false);
        bool isForGood = which is "killed" or "lost";
        Assert.Equal(isForGood ? expected : GateVerdict.Approved, _bench.TryNew(20));
    }

    private static void Switch(Gate gate, string which, bool on)
    {
        switch (which)
        {
            case "killed": if (on) gate.SetKilled(); break;
            case "lost": if (on) gate.SetJournalLost(); break;
            case "paused": gate.SetTradingPaused(on); break;
            case "session": gate.OnSession(!on); break;
            case "unresolved": gate.SetOrdersUnresolved(on); break;
            case "behind": gate.SetJournalBehind(on); break;
        }
    }

    [Fact]
    public void Before_the_session_is_up_nothing_passes() =>
        Assert.Equal(GateVerdict.SessionDown, new Gate([Share, Other, Coin], Limits).Check(_bench.Intent(), out _));

    [Fact]
    public void Names_are_camel_case_and_distinct_and_every_verdict_has_its_counter()
    {
        GateVerdict[] all = Enum.GetValues<GateVerdict>();
        Assert.Equal(all.Length, GateVerdicts.Count);
        Assert.Equal(all.Length, _bench.Gate.Verdicts.Length);
        Assert.Equal(all.Length, all.Select(GateVerdicts.Name).Distinct().Count());
        Assert.Equal("maxNotional", GateVerdicts.Name(GateVerdict.MaxNotional));
        Assert.All(all, v => Assert.Matches("^[a-z][a-zA-Z]+$", GateVerdicts.Name(v)));
    }

    [Fact]
    public void Limits_out_of_range_are_all_named_at_once()
    {
        var limits = new GateLimits
        {
            Instruments = [new() { Instrument = 0, MaxQuantityUnits = 0, MaxNotional = 0, MaxPositionUnits = -1, CollarBasisPoints = -1, StaleAfterNs = 0 }],
            MaxMessagesPerWindow = 0, CancelReserveMessages = -1, MessageWindowNs = 0, MaxLiveOrders = 0, DuplicateWindowNs = -1, MaxDailyLoss = 0,
            AcknowledgeWithinNs = 0, OrderIdEpoch = ulong.MaxValue, OrderTableCapacity = 3,
        };
        Assert.Equal(14, limits.Problems().Count);
        Assert.Throws<ArgumentException>(() => new Gate([Share], limits));
    }
}
