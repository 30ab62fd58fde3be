using Appliance.Contract;
using Appliance.Risk;
using static Appliance.Tests.Gates.GateBench;

namespace Appliance.Tests.Gates;

/// <summary>Controls over the whole account and over time, each with a case that trips it and one that just does not. A share is at 100.00, a coin at 60,000.</summary>
public class AccountControlTests
{
    private static GateLimits With(Func<InstrumentLimits, InstrumentLimits> change) => Limits with { Instruments = [.. Limits.Instruments.Select(change)] };

    [Fact]
    public void Credit_counts_positions_and_working_orders_of_all_instruments_to_the_cent()
    {
        // 300 shares held, 100 working: 40,000; one coin working: 60,000; 100,000 is reached exactly.
        var bench = new GateBench(Limits with { MaxExposure = 100_000 });
        bench.Gate.SetOpeningPosition(0, 300);
        bench.New(100);
        Assert.Equal(GateVerdict.CreditThreshold, bench.TryNew(100_100_000, 60_000_00000000, instrument: 2));
        Assert.Equal(GateVerdict.Approved, bench.TryNew(100_000_000, 60_000_00000000, instrument: 2));
        Assert.Equal(100_000, bench.Gate.Exposure);
        Assert.Equal(GateVerdict.CreditThreshold, bench.TryNew(10));
        // What makes the worst case no worse needs no credit: the 300 shares may be sold.
        Assert.Equal(GateVerdict.Approved, bench.TryNew(300, side: Side.Sell));
    }

    [Fact]
    public void Credit_follows_the_market_and_comes_back_when_an_order_ends()
    {
        var bench = new GateBench(Limits with { MaxExposure = 20_000 });
        ApprovedOrder order = bench.New(190);
        Assert.Equal(GateVerdict.Approved, bench.TryNew(10));
        bench.Market(0, 1_000_100);
        Assert.Equal(20_002, bench.Gate.Exposure);
        bench.Report(order.ClientOrderId, ExecutionKind.Rejected);
        Assert.Equal(1_000.1, bench.Gate.Exposure);
        Assert.Equal(GateVerdict.Approved, bench.TryNew(180));
        Assert.Equal(GateVerdict.CreditThreshold, bench.TryNew(20));
    }

    [Fact]
    public void The_accounts_net_position_lets_instruments_offset_one_another()
    {
        var bench = new GateBench(Limits with { MaxAccountPosition = 50_000 });
        bench.New(400);
        Assert.Equal(GateVerdict.AccountPosition, bench.TryNew(100_000_000, 60_000_00000000, instrument: 2));
        // Half a coin short, filled: room for 30,000 more.
        ApprovedOrder coin = bench.New(50_000_000, 60_000_00000000, Side.Sell, instrument: 2);
        bench.Report(coin.ClientOrderId, ExecutionKind.Trade, 50_000_000, 50_000_000, 60_000_00000000, OrderStatus.Filled);
        Assert.Equal(10_000, bench.Gate.AccountBuyWorst);
        Assert.Equal(-30_000, bench.Gate.AccountSellWorst);
        Assert.Equal(GateVerdict.Approved, bench.TryNew(400, 1_000_000 - 100));
        // 50,000 net long exactly, so not one lot more; but the other way is open to −50,000.
        Assert.Equal(GateVerdict.AccountPosition, bench.TryNew(10));
        Assert.Equal(GateVerdict.Approved, bench.TryNew(200, side: Side.Sell));
        Assert.Equal(GateVerdict.AccountPosition, bench.TryNew(10, side: Side.Sell));
    }

    [Fact]
    public void The_largest_hedge_counts_each_portfolio_by_itself()
    {
        var bench = new GateBench(Limits with { Portfolios = [new PortfolioLimits { Portfolio = 1, Instrument = 0, MaxHedgeUnits = 300 }] });
        bench.Gate.SetOpeningPosition(0, 100);
        bench.Gate.SetOpeningHedge(1, 100);
        Assert.Equal(GateVerdict.HedgeSize, bench.TryNew(210, portfolio: 1));
        Assert.Equal(GateVerdict.Approved, bench.TryNew(200, portfolio: 1));
        Assert.Equal(GateVerdict.HedgeSize, bench.TryNew(10, portfolio: 1));
        Assert.Equal(GateVerdict.Approved, bench.TryNew(210, portfolio: 0));
        // The other side from a hedge of 100 to −300: 400 in all.
        Assert.Equal(GateVerdict.Approved, bench.TryNew(400, side: Side.Sell, portfolio: 1));
        Assert.Equal(GateVerdict.HedgeSize, bench.TryNew(10, side: Side.Sell, portfolio: 1));
    }

    [Fact]
    public void A_fill_that_nobody_ordered_counts_to_the_portfolio_that_hedges_the_instrument()
    {
        var bench = new GateBench(Limits with { Portfolios = [new PortfolioLimits { Portfolio = 1, Instrument = 0, MaxHedgeUnits = 300 }] });
        bench.Report(99, ExecutionKind.Trade, 200, 200, side: Side.Buy, instrument: 0);
        Assert.Equal(GateVerdict.HedgeSize, bench.TryNew(110, portfolio: 1));
        Assert.Equal(GateVerdict.Approved, bench.TryNew(100, portfolio: 1));
    }

    [Fact]
    public void The_collar_over_time_is_measured_from_one_to_two_windows_ago()
    {
        var bench = new GateBench(With(l => l with { DriftCollarBasisPoints = 200 }) with { DriftWindowNs = Second });
        // Half a percent every quarter of a second: never beyond the collar of one percent in an order.
        for (int step = 1; step <= 4; step++)
        {
            bench.Now += Second / 4;
            bench.Market(0, 1_000_000 + 5_000 * step);
        }
        // 102.00 is two percent above where it began.
        Assert.Equal(GateVerdict.Approved, bench.TryNew(10, 1_020_000));
        Assert.Equal(GateVerdict.PriceDrift, bench.TryNew(10, 1_020_100));
        // A window later the reference is 102.00, the mid at the first window's end.
        bench.Now += Second;
        bench.Market(0, 1_020_000);
        Assert.Equal(GateVerdict.Approved, bench.TryNew(10, 1_020_100));
    }

    [Fact]
    public void Greeks_are_stale_one_nanosecond_past_the_bound()
    {
        var bench = new GateBench(Limits with { StaleGreeksAfterNs = Second });
        Assert.Equal(GateVerdict.StaleGreeks, bench.TryNew());
        bench.Gate.OnGreeks(0, bench.Now);
        bench.Now += Second;
        Assert.Equal(GateVerdict.Approved, bench.TryNew());
        Assert.Equal(GateVerdict.StaleGreeks, bench.TryNew(20, portfolio: 1));
        bench.Now += 1;
        bench.Market(0, 1_000_000);
        Assert.Equal(GateVerdict.StaleGreeks, bench.TryNew(20));
        Assert.False(bench.Gate.IsOpenFor(0, 0, bench.Now));
    }

    [Fact]
    public void A_restricted_instrument_is_barred_and_let_back()
    {
        var bench = new GateBench(With(l => l with { IsRestricted = l.Instrument == 0 }));
        Assert.Equal(GateVerdict.InstrumentRestricted, bench.TryNew());
        Assert.Equal(GateVerdict.Approved, bench.TryNew(100_000, 60_000_00000000, instrument: 2));
        bench.Gate.Apply(new LimitChange(LimitKey.Restricted, 0, RingEvent.AllPortfolios, 0));
        Assert.Equal(GateVerdict.Approved, bench.TryNew());
        bench.Gate.Apply(new LimitChange(LimitKey.Restricted, RingEvent.AllInstruments, RingEvent.AllPortfolios, 1));
        Assert.Equal(GateVerdict.InstrumentRestricted, bench.TryNew(20));
        Assert.False(bench.Gate.IsOpenFor(0, 0, bench.Now));
    }

    [Fact]
    public void A_restricted_user_places_nothing_but_may_withdraw()
    {
        var bench = new GateBench(Limits with { Portfolios = [new PortfolioLimits { Portfolio = 1, IsUserRestricted = true }] });
        Assert.Equal(GateVerdict.UserRestricted, bench.TryNew(portfolio: 1));
        ApprovedOrder live = bench.Live();
        bench.Gate.Apply(new LimitChange(LimitKey.UserRestricted, RingEvent.AllInstruments, 0, 1));
        Assert.Equal(GateVerdict.UserRestricted, bench.TryAmend(in live, 20, 1_000_000, out _));
        Assert.Equal(GateVerdict.Approved, bench.TryCancel(live.ClientOrderId, out _));
        bench.Gate.Apply(new LimitChange(LimitKey.UserRestricted, RingEvent.AllInstruments, 1, 0));
        Assert.Equal(GateVerdict.Approved, bench.TryNew(portfolio: 1));
    }

    [Fact]
    public void A_portfolio_that_the_gate_has_no_room_for_is_unknown()
    {
        Assert.Equal(GateVerdict.Approved, new GateBench().TryNew(portfolio: 15));
        Assert.Equal(GateVerdict.UnknownPortfolio, new GateBench().TryNew(portfolio: 16));
    }

    [Fact]
    public void Clock_steps_add_up_and_mend_and_a_person_may_accept_them()
    {
        var bench = new GateBench(Limits with { MaxClockSkewNs = 50 * Millisecond });
        bench.Gate.OnClockStep(-50 * Millisecond);
        Assert.Equal(GateVerdict.Approved, bench.TryNew());
        bench.Gate.OnClockStep(-1);
        Assert.Equal(GateVerdict.ClockSkew, bench.TryNew(20));
        bench.Gate.OnClockStep(1);
        Assert.Equal(GateVerdict.Approved, bench.TryNew(20));
        bench.Gate.OnClockStep(200 * Millisecond);
        Assert.Equal(GateVerdict.ClockSkew, bench.TryNew(30));
        bench.Gate.AcceptClock();
        Assert.Equal(GateVerdict.Approved, bench.TryNew(30));
        bench.Gate.OnClockStep(50 * Millisecond);
        Assert.Equal(GateVerdict.Approved, bench.TryNew(40));
    }

    [Fact]
    public void The_days_loss_counts_what_earlier_runs_lost_and_a_person_goes_on_under_a_higher_limit()
    {
        var bench = new GateBench();
        bench.Gate.CarryPnl(-600);
        bench.Gate.OnDailyPnl(-399.99);
        Assert.Equal(GateVerdict.Approved, bench.TryNew());
        bench.Gate.OnDailyPnl(-400);
        Assert.Equal(GateVerdict.DailyLoss, bench.TryNew(20));
        // The loss stands at its limit: enabling lets not one order out, not even until the next look.
        bench.Gate.Enable(RingEvent.AllPortfolios);
        Assert.Equal(GateVerdict.DailyLoss, bench.TryNew(20));
        bench.Gate.Apply(new LimitChange(LimitKey.MaxDailyLoss, RingEvent.AllInstruments, RingEvent.AllPortfolios, 1_500));
        // A limit alone starts nothing again: the named person does.
        Assert.Equal(GateVerdict.DailyLoss, bench.TryNew(20));
        bench.Gate.Enable(0);
        Assert.Equal(GateVerdict.DailyLoss, bench.TryNew(20));
        bench.Gate.Enable(RingEvent.AllPortfolios);
        Assert.Equal(GateVerdict.Approved, bench.TryNew(20));
        bench.Gate.OnDailyPnl(-899.99);
        Assert.Equal(GateVerdict.Approved, bench.TryNew(30));
        bench.Gate.OnDailyPnl(-900);
        Assert.Equal(GateVerdict.DailyLoss, bench.TryNew(40));
    }

    [Fact]
    public void A_limit_lowered_below_what_works_stops_more_of_it_and_lets_it_shrink()
    {
        var bench = new GateBench();
        ApprovedOrder order = bench.Live(300);
        bench.Gate.Apply(new LimitChange(LimitKey.MaxPosition, 0, RingEvent.AllPortfolios, 200));
        Assert.Equal(GateVerdict.PositionLimit, bench.TryNew(10));
        Assert.Equal(GateVerdict.PositionLimit, bench.TryAmend(in order, 310, 1_000_000, out _));
        Assert.Equal(GateVerdict.Approved, bench.TryAmend(in order, 250, 1_000_000, out ApprovedOrder smaller));
        bench.Report(smaller.ClientOrderId, ExecutionKind.Replaced);
        Assert.Equal(GateVerdict.Approved, bench.TryCancel(smaller.ClientOrderId, out _));
    }
}
