using Appliance.Contract;
using Appliance.Flow.Decide;
using Appliance.Risk;
using Appliance.Strategy.Policies;
using Appliance.TestKit;
using static Appliance.Tests.Decide.ExecutorBench;

namespace Appliance.Tests.Decide;

/// <summary>Scripts: a market, a target, the venue's answers, and what the executor then wants.</summary>
public class HedgeExecutorTests
{
    private static readonly HedgeExecutionOptions Passive = new()
    {
        Style = HedgeStyle.Passive, AmendAfterTicks = 2, EscalateAfterNs = 2 * Second, EscalateBandMultiple = 3, SlippageTicks = 2, RetryAfterNs = 50 * Millisecond,
    };

    [Fact]
    public void Taking_goes_to_the_touch_plus_slippage_and_stops_in_the_band()
    {
        var bench = new ExecutorBench();
        bench.Want(300, halfBand: 10);
        ApprovedOrder order = bench.DecideOne();
        Assert.Equal((OrderRequestKind.New, Side.Buy, TimeInForce.ImmediateOrCancel, 300L, 1_000_300L),
            (order.Kind, order.Side, order.TimeInForce, order.QuantityUnits, order.PriceUnits));
        bench.DecideNothing();
        bench.FillWhole(in order);
        bench.DecideNothing();
        bench.Want(309, halfBand: 10);
        bench.DecideNothing();
        bench.Want(-100, halfBand: 10);
        ApprovedOrder sell = bench.DecideOne();
        Assert.Equal((Side.Sell, 400L, 999_700L), (sell.Side, sell.QuantityUnits, sell.PriceUnits));
    }

    [Theory]
    [InlineData(2, 0, 1_000_300, 999_700)]
    [InlineData(0, 0, 1_000_100, 999_900)]
    [InlineData(1, 5, 1_000_600, 999_500)]   // 5 basis points of 100.01 are 0.050005: rounded so that no more is given
    public void Slippage_is_the_larger_of_ticks_and_basis_points(int ticks, int basisPoints, long buy, long sell)
    {
        foreach ((double target, long expected) in new[] { (100.0, buy), (-100.0, sell) })
        {
            var bench = new ExecutorBench(new() { SlippageTicks = ticks, SlippageBasisPoints = basisPoints });
            bench.Want(target);
            Assert.Equal(expected, bench.DecideOne().PriceUnits);
        }
    }

    [Fact]
    public void Lots_are_rounded_to_the_nearest_and_small_trades_left()
    {
        InstrumentDefinition lots = Share with { LotSizeUnits = 100 };
        var bench = new ExecutorBench(new() { MinimumTradeUnits = 200 }, instrument: lots);
        bench.Want(149);
        bench.DecideNothing();
        bench.Want(249);
        Assert.Equal(200, bench.DecideOne().QuantityUnits);
        var up = new ExecutorBench(new() { MinimumTradeUnits = 200 }, instrument: lots);
        up.Want(-251);
        Assert.Equal(300, up.DecideOne().QuantityUnits);
        // Half a lot is as near as lots come; trading it would only change the side on which it is missing, and so for ever.
        var half = new ExecutorBench(new() { MinimumTradeUnits = 100 }, instrument: lots);
        half.Want(50);
        half.DecideNothing();
        half.Want(-250);
        Assert.Equal(200, half.DecideOne().QuantityUnits);
    }

    [Fact]
    public void A_large_trade_goes_in_children_one_after_the_other()
    {
        var bench = new ExecutorBench(new() { MaxChildUnits = 400 });
        bench.Want(1_000);
        foreach (long expected in new long[] { 400, 400, 200 })
        {
            ApprovedOrder child = bench.DecideOne();
            Assert.Equal(expected, child.QuantityUnits);
            bench.FillWhole(in child);
        }
        bench.DecideNothing();
        Assert.Equal(1_000, bench.Account[0].PositionUnits);
    }

    [Fact]
    public void What_a_taking_order_did_not_get_is_tried_again_after_the_interval()
    {
        var bench = new ExecutorBench();
        bench.Want(300);
        ApprovedOrder order = bench.DecideOne();
        bench.Report(in order, ExecutionKind.Trade, 100, 100, OrderStatus.PartiallyFilled);
        bench.Report(in order, ExecutionKind.Expired, 100);
        bench.DecideNothing();
        bench.Pass(50 * Millisecond - 1);
        bench.DecideNothing();
        bench.Pass(1);
        Assert.Equal(200, bench.DecideOne().QuantityUnits);
    }

    [Fact]
    public void Passive_joins_the_best_and_follows_when_it_moves_more_than_the_stated_ticks()
    {
        var bench = new ExecutorBench(Passive);
        bench.Want(300, halfBand: 200);
        ApprovedOrder order = bench.DecideOne();
        Assert.Equal((TimeInForce.Day, 999_900L, 300L), (order.TimeInForce, order.PriceUnits, order.QuantityUnits));
        bench.Market(1_000_400, 1_000_500);
        bench.DecideNothing();
        bench.Acknowledge(in order);
        bench.Market(1_000_100, 1_000_200);
        bench.DecideNothing();
        bench.Market(1_000_200, 1_000_300);
        ApprovedOrder amend = bench.DecideOne();
        Assert.Equal((OrderRequestKind.Amend, 1_000_200L, 300L, order.ClientOrderId), (amend.Kind, amend.PriceUnits, amend.QuantityUnits, amend.OriginalClientOrderId));
        bench.DecideNothing();
        bench.Report(in amend, ExecutionKind.Replaced);
        bench.DecideNothing();
    }

    [Fact]
    public void A_changed_target_changes_the_working_size_with_the_filled_part_counted()
    {
        var bench = new ExecutorBench(Passive with { MinimumTradeUnits = 50 });
        bench.Want(300, halfBand: 150);
        ApprovedOrder order = bench.DecideOne();
        bench.Acknowledge(in order);
        bench.Report(in order, ExecutionKind.Trade, 100, 100, OrderStatus.PartiallyFilled);
        bench.DecideNothing();
        bench.Want(349, halfBand: 150);
        bench.DecideNothing();
        bench.Want(400, halfBand: 150);
        ApprovedOrder amend = bench.DecideOne();
        // 300 more are wanted and 100 are filled: the order's total is 400.
        Assert.Equal((OrderRequestKind.Amend, 400L, 999_900L), (amend.Kind, amend.QuantityUnits, amend.PriceUnits));
    }

    [Fact]
    public void Inside_the_band_a_working_order_is_withdrawn_once()
    {
        var bench = new ExecutorBench(Passive);
        bench.Want(300, halfBand: 150);
        ApprovedOrder order = bench.DecideOne();
        bench.Acknowledge(in order);
        bench.Want(100, halfBand: 150);
        ApprovedOrder cancel = bench.DecideOne();
        Assert.Equal(OrderRequestKind.Cancel, cancel.Kind);
        bench.DecideNothing();
        bench.Report(in cancel, ExecutionKind.Cancelled);
        bench.DecideNothing();
        bench.Want(300, halfBand: 150);
        Assert.Equal(OrderRequestKind.New, bench.DecideOne().Kind);
    }

    [Fact]
    public void A_target_on_the_other_side_withdraws_first_and_trades_then()
    {
        var bench = new ExecutorBench(Passive);
        bench.Want(300, halfBand: 150);
        ApprovedOrder buy = bench.DecideOne();
        bench.Acknowledge(in buy);
        bench.Want(-300, halfBand: 150);
        ApprovedOrder cancel = bench.DecideOne();
        bench.DecideNothing();
        bench.Report(in cancel, ExecutionKind.Cancelled);
        ApprovedOrder sell = bench.DecideOne();
        Assert.Equal((Side.Sell, 1_000_100L), (sell.Side, sell.PriceUnits));
    }

    [Fact]
    public void A_passive_attempt_escalates_after_its_time_by_cancel_and_take()
    {
        var bench = new ExecutorBench(Passive);
        bench.Want(300, halfBand: 150);
        ApprovedOrder order = bench.DecideOne();
        bench.Acknowledge(in order);
        bench.Pass(2 * Second);
        bench.DecideNothing();
        bench.Pass(1);
        ApprovedOrder cancel = bench.DecideOne();
        Assert.Equal(OrderRequestKind.Cancel, cancel.Kind);
        bench.Report(in cancel, ExecutionKind.Cancelled);
        ApprovedOrder take = bench.DecideOne();
        Assert.Equal((TimeInForce.ImmediateOrCancel, 1_000_300L), (take.TimeInForce, take.PriceUnits));
        Assert.Equal(1, bench.Executor.Counters.Escalations);
        bench.FillWhole(in take);
        bench.DecideNothing();
        // The next attempt is patient again.
        bench.Want(600, halfBand: 150);
        Assert.Equal(TimeInForce.Day, bench.DecideOne().TimeInForce);
    }

    [Fact]
    public void A_passive_attempt_escalates_when_the_band_is_left_by_the_stated_multiple()
    {
        var bench = new ExecutorBench(Passive);
        // Half-width 75, multiple 3: 225 beyond the edge is still patient, 226 is not.
        bench.Want(300, halfBand: 75);
        ApprovedOrder order = bench.DecideOne();
        Assert.Equal(TimeInForce.Day, order.TimeInForce);
        bench.Acknowledge(in order);
        bench.Want(301, halfBand: 75);
        Assert.Equal(OrderRequestKind.Cancel, bench.DecideOne().Kind);
    }

    [Fact]
    public void Killed_it_withdraws_what_works_and_places_nothing()
    {
        var bench = new ExecutorBench(Passive);
        bench.Want(300, halfBand: 150);
        ApprovedOrder order = bench.DecideOne();
        bench.Gate.SetKilled();
        // Even unacknowledged.
        ApprovedOrder cancel = bench.DecideOne();
        Assert.Equal((OrderRequestKind.Cancel, order.ClientOrderId), (cancel.Kind, cancel.OriginalClientOrderId));
        bench.DecideNothing();
        bench.Report(in order, ExecutionKind.New);
        bench.Report(in cancel, ExecutionKind.Cancelled);
        bench.Pass(10 * Second);
        bench.Market(999_900, 1_000_100);
        bench.DecideNothing();
        Assert.Equal(0, bench.Executor.Counters.GateRejects);
    }

    [Fact]
    public void A_refused_cancel_after_a_kill_is_tried_again_after_the_interval()
    {
        var bench = new ExecutorBench(Passive);
        bench.Want(300, halfBand: 150);
        bench.Acknowledge(bench.DecideOne());
        bench.Gate.SetKilled();
        ApprovedOrder cancel = bench.DecideOne();
        bench.Report(in cancel, ExecutionKind.CancelRejected, status: OrderStatus.New);
        bench.DecideNothing();
        bench.Pass(50 * Millisecond);
        Assert.Equal(OrderRequestKind.Cancel, bench.DecideOne().Kind);
    }

    [Fact]
    public void An_order_unanswered_past_the_bound_freezes_and_is_cancelled_and_thaws_with_the_answer()
    {
        var bench = new ExecutorBench();
        bench.Want(300);
        ApprovedOrder order = bench.DecideOne();
        bench.Pass(200 * Millisecond);
        bench.DecideNothing();
        bench.Pass(1);
        ApprovedOrder cancel = bench.DecideOne();
        Assert.Equal((OrderRequestKind.Cancel, order.ClientOrderId), (cancel.Kind, cancel.OriginalClientOrderId));
        bench.DecideNothing();
        Assert.Equal(1, bench.Executor.Counters.Freezes);
        bench.Report(in cancel, ExecutionKind.CancelRejected, status: OrderStatus.Rejected);
        bench.DecideNothing();
        bench.Pass(50 * Millisecond);
        Assert.Equal(OrderRequestKind.New, bench.DecideOne().Kind);
    }

    [Theory]
    [InlineData(BookState.Crossed, TradingStatus.Trading)]
    [InlineData(BookState.Incomplete, TradingStatus.Trading)]
    [InlineData(BookState.Ready, TradingStatus.Halted)]
    public void A_market_that_cannot_be_traded_withdraws_and_waits(BookState state, TradingStatus status)
    {
        var bench = new ExecutorBench(Passive);
        bench.Want(300, halfBand: 150);
        bench.Acknowledge(bench.DecideOne());
        bench.Market(999_900, 1_000_100, state, status);
        ApprovedOrder cancel = bench.DecideOne();
        bench.Report(in cancel, ExecutionKind.Cancelled);
        bench.DecideNothing();
        bench.Market(999_900, 1_000_100);
        Assert.Equal(OrderRequestKind.New, bench.DecideOne().Kind);
        Assert.Equal(0, bench.Executor.Counters.GateRejects);
    }

    [Fact]
    public void A_stale_market_is_not_even_asked_about()
    {
        var bench = new ExecutorBench();
        bench.Want(300);
        bench.Pass(10 * Second + 1);
        bench.DecideNothing();
        Assert.Equal(0, bench.Executor.Counters.GateRejects);
    }

    [Fact]
    public void With_the_session_down_nothing_is_wanted_not_even_a_cancel()
    {
        var bench = new ExecutorBench(Passive);
        bench.Want(300, halfBand: 150);
        bench.Acknowledge(bench.DecideOne());
        bench.Gate.OnSession(false);
        bench.Gate.SetKilled();
        bench.DecideNothing();
        bench.Gate.OnSession(true);
        Assert.Equal(OrderRequestKind.Cancel, bench.DecideOne().Kind);
    }

    [Fact]
    public void After_a_refusal_by_gate_venue_or_wire_it_waits_instead_of_asking_at_every_tick()
    {
        var bench = new ExecutorBench(limits: Limits with
        {
            Instruments = [Limits.Instruments[0] with { MaxQuantityUnits = 100 }],
        });
        bench.Want(300);
        for (int tick = 0; tick < 100; tick++) { bench.DecideNothing(); bench.Pass(Millisecond); }
        Assert.Equal(2, bench.Executor.Counters.GateRejects);

        bench = new ExecutorBench();
        bench.Want(300);
        int sent = 0;
        for (int tick = 0; tick < 100; tick++)
        {
            foreach (ApprovedOrder order in bench.Decide())
            {
                sent++;
                if (sent == 1) bench.Report(in order, ExecutionKind.Rejected); else bench.Unsent(in order);
            }
            bench.Pass(Millisecond);
        }
        Assert.Equal(2, sent);
        Assert.Equal(2, bench.Executor.Counters.VenueRejects);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_target_that_is_no_number_trades_nothing_and_withdraws(double target)
    {
        var bench = new ExecutorBench(Passive);
        bench.Want(300, halfBand: 150);
        bench.Acknowledge(bench.DecideOne());
        bench.Target = new HedgeTarget(target, target, target);
        Assert.Equal(OrderRequestKind.Cancel, bench.DecideOne().Kind);
        Assert.True(bench.Executor.Counters.InvalidTargets > 0);
    }

    [Fact]
    public void Asking_on_without_telling_the_verdict_is_a_programmers_error()
    {
        var bench = new ExecutorBench();
        bench.Want(300);
        var cause = new RingEvent { TimeUtcNs = bench.Now };
        Assert.True(bench.Executor.Next(in bench.Target, in bench.Top, in cause, 1, out _));
        Assert.Throws<InvalidOperationException>(() => bench.Executor.Next(in bench.Target, in bench.Top, in cause, 1, out _));
    }

    [Fact]
    public void Options_out_of_range_are_all_named_at_once()
    {
        var options = new HedgeExecutionOptions
        {
            Style = (HedgeStyle)7, MinimumTradeUnits = 0, MaxChildUnits = -1, SlippageTicks = -1, SlippageBasisPoints = -1, AmendAfterTicks = -1, EscalateAfterNs = 0,
            EscalateBandMultiple = double.NaN, RetryAfterNs = 0,
        };
        Assert.Equal(9, options.Problems().Count);
    }

    [Theory]
    [InlineData(31, HedgeStyle.Taking), InlineData(32, HedgeStyle.Passive), InlineData(33, HedgeStyle.Passive)]
    public void Never_two_children_and_never_an_endless_decision_whatever_the_venue_answers(int seed, HedgeStyle style)
    {
        var random = new Random(seed);
        var bench = new ExecutorBench(Passive with { Style = style, MaxChildUnits = 500, RetryAfterNs = 5 * Millisecond });
        for (int step = 0; step < 5_000; step++)
        {
            bench.Pass(random.NextInt64(10 * Millisecond));
            long mid = 1_000_000 + random.NextInt64(-20, 21) * 100;
            bench.Market(mid - 100, mid + 100, random.Next(30) == 0 ? BookState.Crossed : BookState.Ready);
            if (random.Next(10) == 0) bench.Want(random.NextInt64(-2_000, 2_001), random.Next(0, 200));
            bench.Decide();
            Assert.True(bench.Gate.Orders.LiveCount <= 1, $"seed {seed} step {step}: {bench.Gate.Orders.LiveCount} children live");
            if (bench.Gate.Orders.LiveCount == 0 || random.Next(3) == 0) continue;
            OrderRecord child = bench.Gate.Orders[bench.Gate.Orders.LiveSlot(0)];
            ApprovedOrder newest = bench.Sent[^1];
            switch (random.Next(6))
            {
                case 0 when child.LeavesUnits > 0:
                    long part = random.NextInt64(1, child.LeavesUnits + 1);
                    ApprovedOrder first = bench.Sent.First(o => o.ClientOrderId == child.FirstId);
                    bench.Report(in first, ExecutionKind.Trade, child.CumulativeQuantityUnits + part, part,
                        part == child.LeavesUnits ? OrderStatus.Filled : OrderStatus.PartiallyFilled);
                    break;
                case 1:
                    bench.Report(in newest, newest.Kind switch
                    {
                        OrderRequestKind.New => ExecutionKind.Rejected,
                        OrderRequestKind.Amend => ExecutionKind.AmendRejected,
                        _ => ExecutionKind.CancelRejected,
                    }, child.CumulativeQuantityUnits, status: OrderStatus.New);
                    break;
                case 2: bench.Unsent(in newest); break;
                default:
                    bench.Report(in newest, newest.Kind switch
                    {
                        OrderRequestKind.New => ExecutionKind.New,
                        OrderRequestKind.Amend => ExecutionKind.Replaced,
                        _ => ExecutionKind.Cancelled,
                    }, child.CumulativeQuantityUnits);
                    break;
            }
        }
        Assert.True(bench.Sent.Count > 300);
        Assert.Equal(bench.Gate.Orders.Exposure(0).PositionUnits, bench.Account[0].PositionUnits);
    }

    [Fact]
    public void Deciding_allocates_nothing()
    {
        var bench = new ExecutorBench();
        Run(bench, 2_000);
        using var pause = new CollectorPause();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(bench, 50_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        bench.DecideNothing();
        Assert.True(GC.GetAllocatedBytesForCurrentThread() > before, "the control allocated lists and was not seen");
    }

    private static void Run(ExecutorBench bench, int rounds)
    {
        for (int i = 0; i < rounds; i++)
        {
            bench.Pass(Millisecond);
            bench.Market(999_900 + i % 3 * 100, 1_000_100 + i % 3 * 100);
            bench.Want(i % 200);
            var cause = new RingEvent { TimeUtcNs = bench.Now };
            while (bench.Executor.Next(in bench.Target, in bench.Top, in cause, i, out OrderIntent intent))
            {
                GateVerdict verdict = bench.Gate.Check(in intent, out ApprovedOrder order);
                bench.Executor.OnVerdict(verdict, in intent, in order);
                if (verdict == GateVerdict.Approved && order.Kind == OrderRequestKind.New) bench.FillWhole(in order);
            }
        }
        bench.Want(bench.Account[0].PositionUnits);
    }
}
