using Appliance.Contract;
using Appliance.Risk;
using static Appliance.Tests.Gates.GateBench;

namespace Appliance.Tests.Gates;

/// <summary>What an adversary would try: figures that are no numbers, sums that leave their bits, limits between two units, markets below zero, answers for orders that nobody remembers.</summary>
public class GateAdversaryTests
{
    private const ulong Forgotten = 6_999_999_999;

    private static LimitChange Desk(LimitKey key, double value) => new(key, RingEvent.AllInstruments, RingEvent.AllPortfolios, value);

    [Theory]
    [InlineData(true), InlineData(false)]
    public void Sums_of_greeks_that_are_no_number_trip_the_protection(bool isDelta)
    {
        var bench = new GateBench(Limits with
        {
            Portfolios = [new PortfolioLimits { Portfolio = 0, Instrument = 0, ProtectionDelta = isDelta ? 1e6 : 0, ProtectionVega = isDelta ? 0 : 1e6 }],
            Instruments = [Limits.Instruments[0] with { DeltaPerUnit = isDelta ? 1e308 : 1, VegaPerUnit = isDelta ? 1 : 1e308 }, Limits.Instruments[2]],
        });
        // Infinity, and then infinity less infinity.
        ApprovedOrder buy = bench.Live(), sell = bench.Live(20, side: Side.Sell);
        bench.Fill(buy.ClientOrderId, 10, 10);
        Assert.Equal(GateVerdict.MarketMakerProtection, bench.TryNew(20));
        bench.Fill(sell.ClientOrderId, 10, 10);
        Assert.Equal(GateVerdict.MarketMakerProtection, bench.TryNew(20));
        // After the reset the sums are numbers again, and so is the verdict.
        bench.Gate.ResetProtection(0);
        bench.Fill(bench.New(100_000, 60_000_00000000, instrument: 2).ClientOrderId, 100_000, 100_000);
        Assert.Equal(GateVerdict.Approved, bench.TryNew(40));
    }

    [Theory]
    [InlineData(double.NaN, 0), InlineData(1, double.PositiveInfinity)]
    public void A_greek_that_is_no_number_is_refused_at_the_start(double delta, double vega)
    {
        GateLimits limits = Limits with { Instruments = [Limits.Instruments[0] with { DeltaPerUnit = delta, VegaPerUnit = vega }] };
        Assert.Contains("must be finite", Assert.Single(limits.Problems()), StringComparison.Ordinal);
    }

    [Fact]
    public void Steps_of_the_clock_beyond_64_bits_do_not_add_up_to_a_right_clock()
    {
        var bench = new GateBench(Limits with { MaxClockSkewNs = Second });
        for (int i = 0; i < 2; i++) bench.Gate.OnClockStep(long.MaxValue);
        bench.Gate.OnClockStep(2);
        Assert.Equal(GateVerdict.ClockSkew, bench.TryNew());
        bench.Gate.AcceptClock();
        bench.Gate.OnClockStep(long.MinValue);
        Assert.Equal(GateVerdict.ClockSkew, bench.TryNew());
    }

    [Theory]
    [InlineData(-50, GateVerdict.BookNotReady)]
    [InlineData(100, GateVerdict.BookNotReady)]
    [InlineData(101, GateVerdict.Approved)]
    public void A_market_that_touches_zero_is_not_ready_though_its_book_is(long mid, GateVerdict expected)
    {
        // At 0.02 first, so that a collar of one hundred percent around the last good mid would let the order through.
        var bench = new GateBench(Limits with { Instruments = [.. Limits.Instruments.Select(l => l with { CollarBasisPoints = 1_000_000 })] });
        bench.Market(0, 200);
        bench.Market(0, mid);
        Assert.Equal(expected, bench.TryNew(10, 100));
    }

    [Fact]
    public void Prices_at_zero_and_below_and_quantities_at_zero_and_below_are_held()
    {
        var bench = new GateBench();
        foreach (long price in (long[])[0, -1, -100, long.MinValue, long.MaxValue, InstrumentLimits.UnitsMax + 1]) Assert.Equal(GateVerdict.InvalidPrice, bench.TryNew(price: price));
        foreach (long quantity in (long[])[0, -10, long.MinValue]) Assert.Equal(GateVerdict.InvalidQuantity, bench.TryNew(quantity));
        Assert.Equal(GateVerdict.MaxQuantity, bench.TryNew(long.MaxValue - 7));
    }

    /// <summary>Price × quantity is 2^116 raw units, 2^63 of quote currency; a billionth less is beyond what a double could tell from it.</summary>
    [Fact]
    public void A_value_beyond_64_bits_is_judged_to_the_last_unit()
    {
        const long units = InstrumentLimits.UnitsMax;
        var instrument = new InstrumentDefinition(0, "BIG", 1L << 26, 1L << 27, 1, 1, 1);
        foreach (decimal below in (decimal[])[0m, 0.000000001m])
        {
            var gate = new Gate([instrument], new GateLimits
            {
                Instruments = [new() { Instrument = 0, MaxQuantityUnits = units, MaxNotional = 9_223_372_036_854_775_808m - below, MaxPositionUnits = units, CollarBasisPoints = 1_000_000, StaleAfterNs = long.MaxValue }],
                PreventsSelfMatch = false, DuplicateWindowNs = 0,
            });
            gate.OnSession(true);
            gate.OnTop(0, new TopOfBook { BidPriceUnits = units - 2, AskPriceUnits = units - 1, BidQuantityUnits = 1, AskQuantityUnits = 1, TimeUtcNs = Start, UpperBandUnits = long.MaxValue, State = BookState.Ready, Status = TradingStatus.Trading });
            var order = new OrderIntent { Kind = OrderRequestKind.New, Side = Side.Buy, PriceUnits = units, QuantityUnits = units, TimeUtcNs = Start };
            Assert.Equal(below == 0 ? GateVerdict.Approved : GateVerdict.MaxNotional, gate.Check(in order, out _));
        }
    }

    [Theory]
    [InlineData(1.5, 1, 1)]
    [InlineData(101.999999, 1, 101)]
    [InlineData(0.29, 100, 29)]
    [InlineData(0.3, 10, 3)]
    [InlineData(8.2, 100_000_000, 820_000_000)]
    [InlineData(4.35, 100, 435)]
    [InlineData(0.9999999999, 1, 0)]
    [InlineData(1e15, 100_000_000, InstrumentLimits.UnitsMax)]
    public void A_limit_between_two_units_is_the_lower_and_a_decimal_is_what_it_says(double limit, long unitsPerOne, long units) => Assert.Equal(units, InstrumentLimits.ToUnits(limit, unitsPerOne));

    [Fact]
    public void A_bound_that_zero_switches_off_stays_on_however_small()
    {
        Assert.Equal((0L, 1L, 1L, 7L), (InstrumentLimits.ToUnitsOrOff(0, 1), InstrumentLimits.ToUnitsOrOff(0.2, 1), InstrumentLimits.ToUnitsOrOff(1e-12, 1), InstrumentLimits.ToUnitsOrOff(7.9, 1)));
        var bench = new GateBench();
        bench.Gate.Apply(Desk(LimitKey.ProtectionQuantity, 0.4));
        bench.Fill(bench.Live().ClientOrderId, 10, 10);
        Assert.Equal(GateVerdict.MarketMakerProtection, bench.TryNew(20));
    }

    [Fact]
    public void Half_a_share_more_is_no_share_more()
    {
        var bench = new GateBench();
        bench.Gate.Apply(new LimitChange(LimitKey.MaxPosition, 0, RingEvent.AllPortfolios, 19.5));
        Assert.Equal(GateVerdict.PositionLimit, bench.TryNew(20));
        Assert.Equal(GateVerdict.Approved, bench.TryNew(10));
    }

    /// <summary>Orders that the venue claims, so many and so large that a sum of 64 bits would come round to a small or negative one: what cannot be counted stops trading.</summary>
    [Fact]
    public void Orders_found_that_no_sum_can_hold_stop_trading()
    {
        var bench = new GateBench(Limits with { OrderTableCapacity = 256 });
        for (ulong i = 0; i < 70; i++) bench.Report(FoundOrderId.First + i, ExecutionKind.Status, 0, InstrumentLimits.UnitsMax, 1_000_000, OrderStatus.New, EventFlags.Listed, Side.Sell, 0);
        Assert.InRange(bench.Exposure().WorkingSellUnits, InstrumentLimits.UnitsMax, 1L << 61);
        Assert.True(bench.Orders.Counters.UnknownOrdersUntaken > 0);
        Assert.Equal(GateVerdict.OrdersUnresolved, bench.TryNew(side: Side.Sell));
        bench.Gate.SetOrdersUnresolved(false);
        Assert.Equal(GateVerdict.PositionLimit, bench.TryNew(side: Side.Sell));
    }

    [Fact]
    public void Orders_restated_or_restored_beyond_what_a_sum_can_hold_are_not_believed()
    {
        var bench = new GateBench(Limits with { OrderTableCapacity = 256, MaxLiveOrders = 100, DuplicateWindowNs = 0, MaxMessagesPerWindow = 1_000 });
        ApprovedOrder[] orders = [.. Enumerable.Range(0, 70).Select(_ => bench.Live())];
        foreach (ApprovedOrder order in orders) bench.Report(order.ClientOrderId, ExecutionKind.Restated, last: InstrumentLimits.UnitsMax, status: OrderStatus.New);
        Assert.InRange(bench.Exposure().WorkingBuyUnits, InstrumentLimits.UnitsMax, 1L << 61);
        Assert.True(bench.Orders.Counters.Malformed > 0);

        var next = new GateBench(Limits with { OrderTableCapacity = 256 });
        int untaken = 0;
        for (ulong i = 1; i <= 70; i++)
            untaken += next.Gate.OnRestored(new Execution { Kind = EventKind.OrderRestored, ExecutionKind = ExecutionKind.New, Side = Side.Buy, ClientOrderId = i, LastPriceUnits = 1_000_000, LastQuantityUnits = InstrumentLimits.UnitsMax }) < 0 ? 1 : 0;
        Assert.InRange(next.Exposure().WorkingBuyUnits, InstrumentLimits.UnitsMax, 1L << 61);
        Assert.True(untaken > 0);
    }

    [Fact]
    public void Fills_of_nobodys_order_beyond_all_bounds_leave_the_hedge_on_its_side()
    {
        var bench = new GateBench(Limits with { Portfolios = [new PortfolioLimits { Portfolio = 0, Instrument = 0 }] });
        for (int i = 0; i < 70; i++) bench.Report(Forgotten, ExecutionKind.Trade, last: InstrumentLimits.UnitsMax, side: Side.Buy, instrument: 0);
        Assert.Equal((1L << 61, 1L << 61), (bench.Exposure().PositionUnits, bench.Orders.PortfolioExposure(0).PositionUnits));
        Assert.Equal(GateVerdict.PositionLimit, bench.TryNew());
    }

    [Fact]
    public void A_bust_of_an_order_that_nobody_remembers_moves_the_position_back()
    {
        var bench = new GateBench(Limits with { Portfolios = [new PortfolioLimits { Portfolio = 0, Instrument = 0 }] });
        bench.Gate.SetOpeningPosition(0, 100);
        bench.Gate.SetOpeningHedge(0, 100);
        // The venue says the price, or does not: then the mid is nearest.
        Assert.Equal((-30L, 1_000_100L), Units(bench.Report(Forgotten, ExecutionKind.TradeCancelled, 70, 30, 1_000_100, side: Side.Buy, instrument: 0)));
        Assert.Equal((-20L, 1_000_000L), Units(bench.Report(Forgotten, ExecutionKind.TradeCancelled, 50, 20, 0, side: Side.Buy, instrument: 0)));
        Assert.Equal((50L, 50L, 2L, 0L), (bench.Exposure().PositionUnits, bench.Orders.PortfolioExposure(0).PositionUnits, bench.Orders.Counters.BustedTrades, bench.Orders.Counters.UnbookedExecutions));
        // Said again, or without its quantity, it moves nothing, and is named.
        bench.Report(Forgotten, ExecutionKind.TradeCancelled, 50, 20, side: Side.Buy, instrument: 0, flags: EventFlags.PossibleDuplicate);
        bench.Report(Forgotten, ExecutionKind.TradeCancelled, 50, side: Side.Buy, instrument: 0);
        Assert.Equal((50L, 2L), (bench.Exposure().PositionUnits, bench.Orders.Counters.UnbookedExecutions));

        static (long, long) Units(ExecutionEffect e) => (e.FilledUnits, e.PriceUnits);
    }

    [Fact]
    public void A_correction_of_an_order_that_nobody_remembers_is_booked_where_the_old_terms_are_known()
    {
        var bench = new GateBench(Limits with { Portfolios = [new PortfolioLimits { Portfolio = 0, Instrument = 0, ProtectionQuantityUnits = 10 }] });
        bench.Gate.SetOpeningPosition(0, 100);
        bench.Report(Forgotten, ExecutionKind.TradeCancelled, 60, 40, side: Side.Buy, instrument: 0, flags: EventFlags.MoreFollows);
        bench.Report(Forgotten, ExecutionKind.TradeCorrected, 110, 50, side: Side.Buy, instrument: 0);
        Assert.Equal((110L, 1L, 0L), (bench.Exposure().PositionUnits, bench.Orders.Counters.CorrectedTrades, bench.Orders.Counters.BustedTrades));
        // Nothing was traded, so nothing trips.
        Assert.Equal(GateVerdict.Approved, bench.TryNew());
        // Alone it does not say what was: only the change could be booked, and nobody knows it.
        bench.Report(Forgotten, ExecutionKind.TradeCorrected, 120, 60, side: Side.Buy, instrument: 0);
        Assert.Equal((110L, 1L), (bench.Exposure().PositionUnits, bench.Orders.Counters.UnbookedExecutions));
    }

    [Theory]
    [InlineData(ExecutionKind.New, OrderStatus.New, 0)]
    [InlineData(ExecutionKind.Trade, OrderStatus.PartiallyFilled, 30)]
    [InlineData(ExecutionKind.Status, OrderStatus.PartiallyFilled, 30)]
    public void An_order_taken_for_unsent_counts_again_when_the_venue_reports_that_it_works(ExecutionKind kind, OrderStatus status, long filled)
    {
        var bench = new GateBench();
        ApprovedOrder order = bench.New(100);
        bench.Unsent(order.ClientOrderId);
        Assert.Equal(0, bench.Exposure().WorkingBuyUnits);
        bench.Report(order.ClientOrderId, kind, filled, filled, status: status);
        Assert.Equal((filled, 100 - filled, 1, 1L), (bench.Exposure().PositionUnits, bench.Exposure().WorkingBuyUnits, bench.Orders.FoundCount, bench.Orders.Counters.ContradictedEnds));
        Assert.Equal(GateVerdict.Approved, bench.TryCancel(order.ClientOrderId, out _));
    }

    [Fact]
    public void What_an_outage_kept_back_is_news_though_it_bears_the_flag_of_a_repetition()
    {
        var bench = new GateBench();
        ApprovedOrder order = bench.Live(100);
        bench.Report(order.ClientOrderId, ExecutionKind.Trade, 100, 100, status: OrderStatus.Filled, flags: EventFlags.PossibleDuplicate);
        Assert.Equal(OrderState.Done, bench.Record(in order).State);
        // The same again is none.
        bench.Report(order.ClientOrderId, ExecutionKind.TradeCancelled, 60, 40, status: OrderStatus.PartiallyFilled, flags: EventFlags.PossibleDuplicate);
        bench.Report(order.ClientOrderId, ExecutionKind.TradeCancelled, 60, 40, status: OrderStatus.PartiallyFilled, flags: EventFlags.PossibleDuplicate);
        Assert.Equal((OrderState.Live, 60L, 40L, 1L), (bench.Record(in order).State, bench.Exposure().PositionUnits, bench.Exposure().WorkingBuyUnits, bench.Orders.Counters.Reopened));
    }

    [Fact]
    public void An_order_found_twice_is_one_order_found()
    {
        var bench = new GateBench(Limits with { DuplicateWindowNs = 0 });
        void List(OrderStatus status) => bench.Report(FoundOrderId.First, ExecutionKind.Status, 0, 100, 1_000_000, status, EventFlags.Listed, Side.Buy, 0);
        List(OrderStatus.New);
        List(OrderStatus.Cancelled);
        List(OrderStatus.New);
        Assert.Equal((1, 1), (bench.Orders.FoundCount, bench.Orders.LiveCount));
        List(OrderStatus.Cancelled);
        Assert.Equal((0, 0), (bench.Orders.FoundCount, bench.Orders.LiveCount));
    }

    [Fact]
    public void When_the_identifiers_run_out_what_works_can_still_be_withdrawn()
    {
        var bench = new GateBench(Limits with { OrderIdsMax = 200, DuplicateWindowNs = 0, MaxMessagesPerWindow = 1_000 });
        ApprovedOrder keeper = bench.Live(50);
        GateVerdict verdict = GateVerdict.Approved;
        int orders = 1;
        for (; verdict == GateVerdict.Approved; orders++)
        {
            verdict = bench.Check(bench.Intent(), out ApprovedOrder order);
            if (verdict == GateVerdict.Approved) bench.Report(order.ClientOrderId, ExecutionKind.Rejected);
        }
        Assert.Equal(GateVerdict.InvalidIdentifier, verdict);
        Assert.Equal(GateVerdict.InvalidIdentifier, bench.TryAmend(in keeper, 60, 1_000_000, out _));
        for (int i = 0; i < 4 * Limits.OrderTableCapacity; i++) bench.Report(bench.Cancel(in keeper).ClientOrderId, ExecutionKind.CancelRejected, status: OrderStatus.New);
        Assert.Equal(GateVerdict.InvalidIdentifier, bench.TryCancel(keeper.ClientOrderId, out _));
    }
}
