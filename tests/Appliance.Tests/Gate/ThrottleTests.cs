using Appliance.Contract;
using Appliance.Risk;
using static Appliance.Tests.Gates.GateBench;

namespace Appliance.Tests.Gates;

/// <summary>Controls that count: messages and rejects over the longer window, repeated executions, attempts without a fill, what filled within an interval, our own orders on the other side.</summary>
public class ThrottleTests
{
    private static readonly GateLimits Roomy = Limits with { MaxMessagesPerWindow = 1_000, MaxLiveOrders = 100, OrderTableCapacity = 256, DuplicateWindowNs = 0 };
    private static GateLimits One(PortfolioLimits limits) => Roomy with { Portfolios = [limits] };
    private static LimitChange Portfolio(LimitKey key, double value) => new(key, RingEvent.AllInstruments, 0, value);

    [Fact]
    public void The_longer_window_counts_every_message_rejected_ones_too_and_holds_no_cancel()
    {
        var bench = new GateBench(Roomy with { MaxMessagesPerLongWindow = 6, LongWindowNs = 10 * Second });
        ApprovedOrder live = bench.Live();
        for (int i = 0; i < 5; i++) bench.Report(bench.New().ClientOrderId, ExecutionKind.Rejected);
        Assert.Equal(GateVerdict.MessageRateLong, bench.TryNew());
        Assert.Equal(GateVerdict.MessageRateLong, bench.TryAmend(in live, 20, 1_000_000, out _));
        bench.Cancel(in live);
        bench.Now += 10 * Second - 1;
        bench.Market(0, 1_000_000);
        Assert.Equal(GateVerdict.MessageRateLong, bench.TryNew());
        bench.Now += 1;
        Assert.Equal(GateVerdict.Approved, bench.TryNew());
    }

    [Fact]
    public void Rejects_of_the_venue_stop_new_orders_until_some_leave_the_window()
    {
        var bench = new GateBench(Roomy with { MaxRejectsPerLongWindow = 3, LongWindowNs = 10 * Second });
        ApprovedOrder live = bench.Live();
        bench.Report(bench.New(20).ClientOrderId, ExecutionKind.Rejected);
        bench.Report(bench.Amend(in live, 30).ClientOrderId, ExecutionKind.AmendRejected, status: OrderStatus.New);
        // The same refusal again is no second one.
        bench.Report(live.ClientOrderId + 1, ExecutionKind.Rejected, flags: EventFlags.PossibleDuplicate);
        Assert.Equal(GateVerdict.Approved, bench.TryNew(30));
        bench.Now += 1;
        bench.Report(bench.Cancel(in live).ClientOrderId, ExecutionKind.CancelRejected, status: OrderStatus.New);
        Assert.Equal(GateVerdict.RejectRate, bench.TryNew(40));
        bench.Cancel(in live);
        bench.Now = Start + 10 * Second;
        bench.Market(0, 1_000_000);
        Assert.Equal(GateVerdict.Approved, bench.TryNew(40));
    }

    [Fact]
    public void Repeated_executions_disable_the_portfolio_until_a_person_enables_it()
    {
        var bench = new GateBench(One(new PortfolioLimits { Portfolio = 0, RepeatedExecutionsMax = 3 }) with { RepeatWindowNs = Second });
        for (int i = 0; i < 3; i++) bench.New();
        Assert.Equal(GateVerdict.Approved, bench.TryNew(portfolio: 1));
        Assert.Equal(GateVerdict.RepeatedExecution, bench.TryNew());
        // Time alone does not bring it back.
        bench.Now += 100 * Second;
        bench.Market(0, 1_000_000);
        Assert.Equal(GateVerdict.RepeatedExecution, bench.TryNew());
        Assert.False(bench.Gate.IsOpenFor(0, 0, bench.Now));
        bench.Gate.Enable(0);
        for (int i = 0; i < 3; i++) bench.New();
        Assert.Equal(GateVerdict.RepeatedExecution, bench.TryNew());
    }

    [Fact]
    public void Executions_that_left_the_window_do_not_count()
    {
        var bench = new GateBench(One(new PortfolioLimits { Portfolio = 0, RepeatedExecutionsMax = 3 }) with { RepeatWindowNs = Second });
        for (int i = 0; i < 20; i++)
        {
            bench.New();
            bench.Now += Second / 3 + 1;
            bench.Market(0, 1_000_000);
        }
    }

    [Fact]
    public void Attempts_without_a_fill_end_with_a_fill_or_a_person()
    {
        var bench = new GateBench(One(new PortfolioLimits { Portfolio = 0, HedgeAttemptsMax = 2 }));
        bench.New();
        ApprovedOrder second = bench.New();
        Assert.Equal(GateVerdict.HedgeAttempts, bench.TryNew());
        bench.Fill(second.ClientOrderId, 10, 10);
        bench.New();
        bench.New();
        Assert.Equal(GateVerdict.HedgeAttempts, bench.TryNew());
        bench.Gate.Enable(0);
        Assert.Equal(GateVerdict.Approved, bench.TryNew());
    }

    [Theory]
    [InlineData("quantity")]
    [InlineData("delta")]
    [InlineData("vega")]
    public void Protection_trips_when_a_bound_is_reached_within_the_interval_and_waits_for_a_person(string which)
    {
        var bench = new GateBench(One(new PortfolioLimits
        {
            Portfolio = 0, ProtectionIntervalNs = Second, ProtectionQuantityUnits = which == "quantity" ? 100 : 0, ProtectionDelta = which == "delta" ? 50 : 0, ProtectionVega = which == "vega" ? 25 : 0,
        }) with
        {
            // An option: half a delta and a quarter of a vega for each unit, so a hundred units reach any of the bounds.
            Instruments = [Roomy.Instruments[0] with { DeltaPerUnit = 0.5, VegaPerUnit = 0.25 }],
        });
        ApprovedOrder order = bench.New(300);
        bench.Fill(order.ClientOrderId, 60, 60);
        bench.Now += Second;
        bench.Market(0, 1_000_000);
        bench.Fill(order.ClientOrderId, 150, 90);
        Assert.Equal(GateVerdict.Approved, bench.TryNew());
        bench.Fill(order.ClientOrderId, 160, 10);
        Assert.Equal(GateVerdict.MarketMakerProtection, bench.TryNew(20));
        Assert.Equal(GateVerdict.Approved, bench.TryNew(20, portfolio: 1));
        Assert.Equal(GateVerdict.Approved, bench.TryCancel(order.ClientOrderId, out _));
        bench.Now += 1_000 * Second;
        bench.Market(0, 1_000_000);
        Assert.Equal(GateVerdict.MarketMakerProtection, bench.TryNew(30));
        bench.Gate.ResetProtection(0);
        Assert.Equal(GateVerdict.Approved, bench.TryNew(30));
        bench.Fill(order.ClientOrderId, 250, 90);
        Assert.Equal(GateVerdict.Approved, bench.TryNew(40));
    }

    [Fact]
    public void A_bound_on_vega_is_refused_where_nothing_that_is_traded_has_any()
    {
        GateLimits limits = One(new PortfolioLimits { Portfolio = 0, ProtectionVega = 25 });
        Assert.Contains("no tradable instrument has a vega", Assert.Single(limits.Problems()), StringComparison.Ordinal);
        Assert.Empty((limits with { Instruments = [Roomy.Instruments[0] with { VegaPerUnit = -0.25 }] }).Problems());
        Gate gate = new GateBench(Roomy).Gate;
        Assert.Equal(PortfolioLimits.NoVega, gate.Problem(new LimitChange(LimitKey.ProtectionVega, 0, 0, 25)));
        Assert.Null(gate.Problem(new LimitChange(LimitKey.ProtectionVega, 0, 0, 0)));
    }

    [Fact]
    public void Delta_of_an_underlying_is_its_contract_size_times_the_quantity()
    {
        // A lot is 0.001 of a contract, and a contract ten of the coin, so 0.5 of delta is 0.05 contracts.
        var gate = new Gate([GateBench.Coin with { Index = 0, ContractSize = 10 }], Roomy with
        {
            Instruments = [Limits.Instruments[2] with { Instrument = 0, MaxNotional = 1e9m }], Portfolios = [new PortfolioLimits { Portfolio = 0, ProtectionIntervalNs = Second, ProtectionDelta = 0.5 }],
        });
        gate.OnSession(true);
        gate.OnTop(0, new TopOfBook { BidPriceUnits = 5_990_000_000_000, AskPriceUnits = 6_010_000_000_000, BidQuantityUnits = 1, AskQuantityUnits = 1, TimeUtcNs = GateBench.Start, UpperBandUnits = long.MaxValue, State = BookState.Ready, Status = TradingStatus.Trading });
        var intent = new OrderIntent { Kind = OrderRequestKind.New, Side = Side.Sell, TimeInForce = TimeInForce.Day, PriceUnits = 6_000_000_000_000, QuantityUnits = 10_000_000, TimeUtcNs = GateBench.Start };
        Assert.Equal(GateVerdict.Approved, gate.Check(in intent, out ApprovedOrder order));
        Fill(4_900_000, 4_900_000);
        Assert.Equal(GateVerdict.Approved, gate.HeldBack(0));
        Fill(5_000_000, 100_000);
        Assert.Equal(GateVerdict.MarketMakerProtection, gate.HeldBack(0));

        void Fill(long cumulative, long last) => gate.OnExecution(new Execution
        {
            Kind = EventKind.ExecutionReported, Instrument = 0, Side = Side.Sell, TimeUtcNs = GateBench.Start, ClientOrderId = order.ClientOrderId, ExecutionKind = ExecutionKind.Trade, OrderStatus = OrderStatus.PartiallyFilled,
            CumulativeQuantityUnits = cumulative, LastQuantityUnits = last, LastPriceUnits = 6_000_000_000_000,
        });
    }

    [Fact]
    public void Delta_is_net_and_quantity_gross()
    {
        var bench = new GateBench(One(new PortfolioLimits { Portfolio = 0, ProtectionIntervalNs = Second, ProtectionDelta = 100, ProtectionQuantityUnits = 400 }));
        ApprovedOrder buy = bench.New(400), sell = bench.New(400, side: Side.Sell);
        for (int i = 1; i <= 2; i++)
        {
            bench.Fill(buy.ClientOrderId, 90 * i, 90);
            bench.Fill(sell.ClientOrderId, 90 * i, 90);
        }
        Assert.Equal(GateVerdict.Approved, bench.TryNew());
        bench.Fill(buy.ClientOrderId, 220, 40);
        Assert.Equal(GateVerdict.MarketMakerProtection, bench.TryNew());
    }

    [Fact]
    public void A_freeze_with_a_time_ends_by_itself_and_begins_anew()
    {
        var bench = new GateBench(One(new PortfolioLimits { Portfolio = 0, ProtectionIntervalNs = Second, ProtectionQuantityUnits = 50, ProtectionFreezeNs = 100 * Millisecond }));
        ApprovedOrder order = bench.New(300);
        bench.Fill(order.ClientOrderId, 50, 50);
        bench.Now += 100 * Millisecond - 1;
        Assert.Equal(GateVerdict.MarketMakerProtection, bench.TryNew());
        bench.Now += 1;
        Assert.Equal(GateVerdict.Approved, bench.TryNew());
        bench.Fill(order.ClientOrderId, 90, 40);
        Assert.Equal(GateVerdict.Approved, bench.TryNew());
    }

    [Fact]
    public void More_fills_than_can_be_kept_trip_the_protection_by_themselves()
    {
        var bench = new GateBench(One(new PortfolioLimits { Portfolio = 0, ProtectionIntervalNs = Second, ProtectionDelta = 1e9 }) with { Instruments = [.. Roomy.Instruments.Select(i => i with { MaxQuantityUnits = 100_000, MaxPositionUnits = 100_000, MaxNotional = 1e9m })] });
        ApprovedOrder order = bench.New(2_000);
        for (int i = 1; i <= 1024; i++) bench.Fill(order.ClientOrderId, i, 1);
        Assert.Equal(GateVerdict.Approved, bench.TryNew());
        bench.Fill(order.ClientOrderId, 1_025, 1);
        Assert.Equal(GateVerdict.MarketMakerProtection, bench.TryNew());
    }

    [Fact]
    public void An_order_that_could_trade_with_our_own_is_held_back_at_the_price_and_not_a_tick_before()
    {
        var bench = new GateBench(Roomy with { PreventsSelfMatch = true });
        bench.New(10, 1_000_500, Side.Sell);
        ApprovedOrder best = bench.Live(10, 1_000_300, Side.Sell);
        Assert.Equal(GateVerdict.SelfMatch, bench.TryNew(10, 1_000_300));
        Assert.Equal(GateVerdict.SelfMatch, bench.TryNew(10, 1_000_300, portfolio: 1));
        Assert.Equal(GateVerdict.Approved, bench.TryNew(10, 1_000_200));
        Assert.Equal(GateVerdict.Approved, bench.TryNew(100_000, 60_000_00000000, instrument: 2));
        // The sell that crosses our buy at 100.02.
        Assert.Equal(GateVerdict.SelfMatch, bench.TryNew(20, 1_000_200, Side.Sell));
        // A cancel under way may come too late: the order counts until the venue says that it is gone.
        ApprovedOrder cancel = bench.Cancel(in best);
        Assert.Equal(GateVerdict.SelfMatch, bench.TryNew(30, 1_000_400));
        bench.Report(cancel.ClientOrderId, ExecutionKind.Cancelled);
        Assert.Equal(GateVerdict.Approved, bench.TryNew(30, 1_000_400));
        Assert.Equal(GateVerdict.SelfMatch, bench.TryNew(30, 1_000_500));
    }

    [Fact]
    public void While_an_amend_is_unanswered_both_prices_count_and_an_amend_is_judged_too()
    {
        var bench = new GateBench(Roomy with { PreventsSelfMatch = true });
        ApprovedOrder sell = bench.Live(10, 1_000_300, Side.Sell);
        ApprovedOrder amend = bench.Amend(in sell, 10, 1_000_600);
        Assert.Equal(GateVerdict.SelfMatch, bench.TryNew(10, 1_000_300));
        bench.Report(amend.ClientOrderId, ExecutionKind.Replaced);
        ApprovedOrder buy = bench.Live(10, 1_000_300);
        Assert.Equal(GateVerdict.SelfMatch, bench.TryAmend(in buy, 10, 1_000_600, out _));
        Assert.Equal(GateVerdict.Approved, bench.TryAmend(in buy, 10, 1_000_500, out ApprovedOrder up));
        Assert.Equal(GateVerdict.SelfMatch, bench.TryNew(20, 1_000_500, Side.Sell));
        bench.Report(up.ClientOrderId, ExecutionKind.AmendRejected, status: OrderStatus.New);
        Assert.Equal(GateVerdict.Approved, bench.TryNew(20, 1_000_500, Side.Sell));
    }

    [Fact]
    public void Switched_off_it_lets_both_sides_work()
    {
        var bench = new GateBench(Roomy with { PreventsSelfMatch = true });
        bench.New(10, 1_000_300, Side.Sell);
        bench.Gate.Apply(Portfolio(LimitKey.SelfMatchPrevention, 0));
        Assert.Equal(GateVerdict.Approved, bench.TryNew(10, 1_000_300));
    }

    [Fact]
    public void Own_orders_are_seen_at_the_price_to_which_the_venue_moved_them()
    {
        var bench = new GateBench(Roomy with { PreventsSelfMatch = true });
        ApprovedOrder buy = bench.Live(10, 999_000);
        Assert.Equal(GateVerdict.Approved, bench.TryNew(20, 999_100, Side.Sell));
        bench.Report(buy.ClientOrderId, ExecutionKind.Restated, price: 999_200);
        Assert.Equal(GateVerdict.SelfMatch, bench.TryNew(30, 999_200, Side.Sell));
        Assert.Equal(GateVerdict.Approved, bench.TryNew(30, 999_300, Side.Sell));
    }

    [Fact]
    public void An_order_that_a_bust_revives_may_still_trade_at_the_price_of_its_unanswered_amend()
    {
        var bench = new GateBench(Roomy with { PreventsSelfMatch = true });
        ApprovedOrder buy = bench.Live(10, 999_000);
        bench.Amend(in buy, 10, 999_500);
        bench.Report(buy.ClientOrderId, ExecutionKind.Trade, 10, 10, status: OrderStatus.Filled);
        Assert.Equal(0, bench.Orders.LiveCount);
        bench.Report(buy.ClientOrderId, ExecutionKind.TradeCancelled, 0, 10, status: OrderStatus.New);
        Assert.Equal(1, bench.Orders.LiveCount);
        Assert.Equal(GateVerdict.SelfMatch, bench.TryNew(20, 999_500, Side.Sell));
        Assert.Equal(GateVerdict.Approved, bench.TryNew(20, 999_600, Side.Sell));
    }
}
