using Appliance.Contract;
using Appliance.TestKit;
using Appliance.Venue.Paper;
using static Appliance.Tests.Venue.PaperScript;

namespace Appliance.Tests.Venue;

/// <summary>The paper venue's rules, each by a script made by hand. Orders take 100 ns to the venue and reports 50 ns back; prices are in 1/10,000.</summary>
public sealed class PaperVenueTests
{
    private const long B0 = 499_900, B1 = 500_000, A1 = 500_100, A2 = 500_200, A3 = 500_300;

    /// <summary>Bids 50 at 50.00, asks 30 at 50.01, 40 at 50.02, 100 at 50.03.</summary>
    private static PaperScript Book(PaperOptions? options = null) => new PaperScript(options)
        .At(0, Level(Side.Buy, B1, 50), Level(Side.Buy, B0, 70), Level(Side.Sell, A1, 30), Level(Side.Sell, A2, 40), Level(Side.Sell, A3, 100));

    [Fact]
    public void A_taker_walks_the_displayed_levels_and_never_more_than_displayed()
    {
        PaperScript script = Book().OnceAt(0, (s, e) => s.Send(in e, Side.Buy, A2, 90, TimeInForce.ImmediateOrCancel)).At(1_000, Idle()).Run();
        Assert.Equal(["150 New", "150 Trade 30@500100 cum 30", "150 Trade 40@500200 cum 70", "150 Cancelled"], script.Told);
        Assert.Equal(70, script.Venue.Ledger[0, 0].PositionUnits);
    }

    [Fact]
    public void A_fill_or_kill_that_cannot_be_whole_fills_nothing()
    {
        PaperScript script = Book()
            .OnceAt(0, (s, e) => { s.Send(in e, Side.Buy, A2, 71, TimeInForce.FillOrKill); s.Send(in e, Side.Buy, A2, 70, TimeInForce.FillOrKill); })
            .At(1_000, Idle()).Run();
        Assert.Equal(["150 New", "150 Cancelled", "150 New", "150 Trade 30@500100 cum 30", "150 Trade 40@500200 cum 70"], script.Told);
    }

    [Fact]
    public void What_we_took_is_gone_until_the_level_is_stated_anew()
    {
        PaperScript script = Book()
            .OnceAt(0, (s, e) => s.Send(in e, Side.Buy, A1, 20, TimeInForce.ImmediateOrCancel))
            .At(1_000, Idle()).OnceAt(1_000, (s, e) => s.Send(in e, Side.Buy, A1, 20, TimeInForce.ImmediateOrCancel))
            .At(2_000, Level(Side.Sell, A1, 15)).OnceAt(2_000, (s, e) => s.Send(in e, Side.Buy, A1, 20, TimeInForce.ImmediateOrCancel))
            .At(3_000, Idle()).Run();
        Assert.Equal(["150 New", "150 Trade 20@500100 cum 20", "1150 New", "1150 Trade 10@500100 cum 10", "1150 Cancelled",
            "2150 New", "2150 Trade 15@500100 cum 15", "2150 Cancelled"], script.Told);
    }

    [Fact]
    public void The_book_that_counts_is_the_one_at_arrival()
    {
        // At 100 the order arrives; what changes at 99 and at 100 it meets, what changes at 101 it does not.
        PaperScript script = Book()
            .OnceAt(0, (s, e) => s.Send(in e, Side.Buy, A3, 200, TimeInForce.ImmediateOrCancel))
            .At(99, Level(Side.Sell, A1, 3)).At(100, Level(Side.Sell, A2, 4)).At(101, Level(Side.Sell, A3, 5)).At(1_000, Idle()).Run();
        Assert.Equal(["150 New", "150 Trade 3@500100 cum 3", "150 Trade 4@500200 cum 7", "150 Trade 100@500300 cum 107", "150 Cancelled"], script.Told);
    }

    [Fact]
    public void A_passive_order_waits_for_the_queue_ahead()
    {
        PaperScript script = Book()
            .OnceAt(0, (s, e) => s.Send(in e, Side.Buy, B1, 10))
            .At(1_000, Trade(B1, 30, Side.Sell), Level(Side.Buy, B1, 20))   // 50 ahead, 30 of it trades
            .At(2_000, Trade(B1, 25, Side.Sell))                            // 20 ahead trades, 5 reach us
            .At(3_000, Trade(B1, 25, Side.Buy))                             // a buyer is no one who hits bids
            .At(4_000, Trade(B1, 25, Side.Sell))
            .At(5_000, Idle()).Run();
        Assert.Equal(["150 New", "2050 Trade 5@500000 cum 5 maker", "4050 Trade 5@500000 cum 10 maker"], script.Told);
    }

    [Fact]
    public void Cancels_ahead_move_us_only_as_far_as_the_displayed_quantity()
    {
        PaperScript script = Book()
            .OnceAt(0, (s, e) => s.Send(in e, Side.Buy, B1, 10))
            .At(500, Level(Side.Buy, B1, 80))      // others join behind us: still 50 ahead
            .At(1_000, Level(Side.Buy, B1, 60))    // 20 cancel: behind us first, still 50 ahead
            .At(2_000, Level(Side.Buy, B1, 12))    // only 12 are displayed: at most 12 ahead
            .At(3_000, Trade(B1, 12, Side.Sell))
            .At(4_000, Trade(B1, 1, Side.Sell))
            .At(5_000, Idle()).Run();
        Assert.Equal(["150 New", "4050 Trade 1@500000 cum 1 maker", "5050 Expired"], script.Told);
    }

    [Fact]
    public void A_trade_through_the_price_fills_for_no_more_than_was_traded()
    {
        PaperScript script = Book()
            .OnceAt(0, (s, e) => s.Send(in e, Side.Buy, B1, 10))
            .At(1_000, Trade(B0, 4, Side.Sell)).At(2_000, Trade(B0, 400, Side.Sell)).At(3_000, Idle()).Run();
        Assert.Equal(["150 New", "1050 Trade 4@500000 cum 4 maker", "2050 Trade 6@500000 cum 10 maker"], script.Told);
    }

    [Fact]
    public void Prints_of_hidden_or_irregular_trades_fill_nobody()
    {
        RingEvent hidden = Trade(B0, 100, Side.Sell), irregular = Trade(B0, 100, Side.Sell);
        hidden.Flags = EventFlags.NonDisplayed;
        irregular.Flags = EventFlags.NotLastSale;
        PaperScript script = Book().OnceAt(0, (s, e) => s.Send(in e, Side.Buy, B1, 10)).At(1_000, hidden, irregular).At(2_000, Idle()).Run();
        Assert.Equal(["150 New", "2050 Expired"], script.Told);
    }

    [Fact]
    public void Two_of_our_orders_share_what_is_traded()
    {
        PaperScript script = Book()
            .OnceAt(0, (s, e) => { s.Send(in e, Side.Buy, B1, 6); s.Send(in e, Side.Buy, B1, 6); })
            .At(1_000, Trade(B1, 58, Side.Sell)).At(2_000, Idle()).Run();
        Assert.Equal(["150 New", "150 New", "1050 Trade 6@500000 cum 6 maker", "1050 Trade 2@500000 cum 2 maker", "2050 Expired"], script.Told);
    }

    [Fact]
    public void What_crosses_takes_first_and_the_rest_stands()
    {
        PaperScript script = Book()
            .OnceAt(0, (s, e) => s.Send(in e, Side.Buy, A1, 35))
            .At(1_000, Trade(A1, 3, Side.Sell)).At(2_000, Idle()).Run();
        // At 50.01 nobody else bids: the first seller there is ours.
        Assert.Equal(["150 New", "150 Trade 30@500100 cum 30", "1050 Trade 3@500100 cum 33 maker", "2050 Expired"], script.Told);
    }

    [Fact]
    public void Order_by_order_feeds_fill_by_their_executions()
    {
        PaperScript script = new PaperScript()
            .At(0, Add(1, Side.Buy, B1, 20), Add(2, Side.Buy, B1, 30), Add(3, Side.Sell, A1, 5))
            .OnceAt(0, (s, e) => s.Send(in e, Side.Buy, B1, 10))
            .At(1_000, Execute(1, 20)).At(2_000, Delete(2)).At(3_000, Add(4, Side.Buy, B1, 9)).At(4_000, Execute(4, 9)).At(5_000, Idle()).Run();
        // 50 ahead; 20 trade, the other 30 leave; the newcomer stands behind us, so its execution means that we come first.
        Assert.Equal(["150 New", "4050 Trade 9@500000 cum 9 maker", "5050 Expired"], script.Told);
    }

    [Fact]
    public void An_amend_that_only_reduces_keeps_its_place_and_another_queues_anew()
    {
        ApprovedOrder order = default;
        PaperScript script = Book()
            .OnceAt(0, (s, e) => order = s.Send(in e, Side.Buy, B1, 10))
            .At(1_000, Trade(B1, 50, Side.Sell)).OnceAt(1_000, (s, e) => s.Amend(in e, in order, B1, 4))
            .At(2_000, Trade(B1, 3, Side.Sell)).At(3_000, Idle()).Run();
        Assert.Equal(["150 New", "1150 Replaced", "2050 Trade 3@500000 cum 3 maker", "3050 Expired"], script.Told);

        PaperScript raised = Book()
            .OnceAt(0, (s, e) => order = s.Send(in e, Side.Buy, B1, 10))
            .At(1_000, Trade(B1, 50, Side.Sell)).OnceAt(1_000, (s, e) => s.Amend(in e, in order, B1, 12))
            .At(2_000, Trade(B1, 3, Side.Sell)).At(3_000, Idle()).Run();
        Assert.Equal(["150 New", "1150 Replaced", "3050 Expired"], raised.Told);
    }

    [Fact]
    public void A_cancel_is_answered_under_its_own_id_and_one_too_late_is_rejected()
    {
        ApprovedOrder order = default;
        PaperScript script = Book()
            .OnceAt(0, (s, e) => order = s.Send(in e, Side.Buy, B1, 10))
            .At(1_000, Idle()).OnceAt(1_000, (s, e) => { s.Cancel(in e, in order); })
            .At(2_000, Idle()).Run();
        Assert.Equal(["150 New", "1150 Cancelled"], script.Told);
        Assert.NotEqual(order.ClientOrderId, script.Reports[1].ClientOrderId);

        script = Book()
            .OnceAt(0, (s, e) => order = s.Send(in e, Side.Buy, A1, 10))
            .At(50, Idle()).OnceAt(50, (s, e) => s.Cancel(in e, in order)).At(2_000, Idle()).Run();
        Assert.Equal(["150 New", "150 Trade 10@500100 cum 10", "200 CancelRejected"], script.Told);
    }

    [Fact]
    public void A_halt_rejects_and_fills_nobody()
    {
        PaperScript script = Book()
            .OnceAt(0, (s, e) => s.Send(in e, Side.Buy, B1, 10))
            .At(1_000, Status(TradingStatus.Halted)).OnceAt(1_000, (s, e) => s.Send(in e, Side.Buy, A1, 10))
            .At(2_000, Trade(B0, 100, Side.Sell)).At(3_000, Status(TradingStatus.Trading)).At(4_000, Trade(B0, 100, Side.Sell)).At(5_000, Idle()).Run();
        Assert.Equal(["150 New", "1150 Rejected", "4050 Trade 10@500000 cum 10 maker"], script.Told);
    }

    [Fact]
    public void Orders_under_way_at_the_end_are_rejected()
    {
        PaperScript script = Book().OnceAt(0, (s, e) => s.Send(in e, Side.Buy, A1, 10)).Run();
        Assert.Equal(["50 Rejected"], script.Told);
        Assert.Equal(1, script.Venue.Counters.AfterEnd);
    }

    [Fact]
    public void Level_diffs_count_only_once_bridged_to_their_snapshot()
    {
        PaperScript script = new PaperScript()
            .At(0, Range(EventKind.DepthUpdate, 5, 8, 4), Level(Side.Sell, A1, 99))                 // before the snapshot: held, then dropped as old
            .At(10, Range(EventKind.DepthUpdate, 9, 12, 8), Level(Side.Sell, A1, 7))                // held, bridges
            .OnceAt(10, (s, e) => s.Send(in e, Side.Buy, A2, 10, TimeInForce.ImmediateOrCancel))     // arrives at 110: unknown book
            .At(200, Range(EventKind.DepthSnapshot, 0, 10, 0), Level(Side.Sell, A1, 20), Level(Side.Sell, A2, 40), Level(Side.Buy, B1, 5), Tick(EventKind.DepthSnapshotEnd, Side.None, 0, 0))
            .OnceAt(200, (s, e) => s.Send(in e, Side.Buy, A2, 10, TimeInForce.ImmediateOrCancel))
            .At(1_000, Range(EventKind.DepthUpdate, 13, 14, 12), Level(Side.Sell, A2, 2))
            .At(2_000, Range(EventKind.DepthUpdate, 20, 21, 19), Level(Side.Sell, A2, 50))          // a gap: unknown again
            .OnceAt(2_000, (s, e) => s.Send(in e, Side.Buy, A2, 10, TimeInForce.ImmediateOrCancel))
            .At(3_000, Idle()).Run();
        Assert.Equal(["160 Rejected", "350 New", "350 Trade 7@500100 cum 7", "350 Trade 3@500200 cum 10", "2150 Rejected"], script.Told);
    }

    [Fact]
    public void A_newer_quote_is_the_top_and_an_older_one_is_not()
    {
        RingEvent[] snapshot = [Range(EventKind.DepthSnapshot, 0, 10, 0), Level(Side.Sell, A1, 20), Level(Side.Sell, A2, 40), Level(Side.Buy, B1, 5), Tick(EventKind.DepthSnapshotEnd, Side.None, 0, 0)];
        PaperScript script = new PaperScript()
            .At(0, snapshot).At(1, Range(EventKind.DepthUpdate, 10, 11, 9))
            .At(2, Quote(B1, 5, A2, 6, 12)).OnceAt(2, (s, e) => s.Send(in e, Side.Buy, A2, 50, TimeInForce.ImmediateOrCancel))
            .At(1_000, Range(EventKind.DepthUpdate, 12, 13, 11), Level(Side.Sell, A1, 8)).OnceAt(1_000, (s, e) => s.Send(in e, Side.Buy, A1, 50, TimeInForce.ImmediateOrCancel))
            .At(2_000, Idle()).Run();
        // The quote says that 50.01 is gone and 6 stand at 50.02; the later diff restates 50.01.
        Assert.Equal(["152 New", "152 Trade 6@500200 cum 6", "152 Cancelled", "1150 New", "1150 Trade 8@500100 cum 8", "1150 Cancelled"], script.Told);
    }

    [Fact]
    public void Fees_follow_the_liquidity()
    {
        var options = new PaperOptions { OrderLatencyNs = 100, ReportLatencyNs = 50, Fees = new FeeSchedule(-1, 2.5), LevelsMax = 64, BookOrdersMax = 64, HeldEventsMax = 64 };
        PaperScript script = Book(options)
            .OnceAt(0, (s, e) => { s.Send(in e, Side.Buy, A1, 30, TimeInForce.ImmediateOrCancel); s.Send(in e, Side.Buy, B1, 10); })
            .At(1_000, Trade(B0, 10, Side.Sell)).At(2_000, Idle()).Run();
        // 30 × 50.01 × 2.5 bp = 0.375075; 10 × 50 × −1 bp = −0.05.
        Assert.Equal(0.325075m, script.Venue.Ledger.FeesOf(0, 0));
        Assert.Equal(-(30 * 50.01m + 10 * 50.00m), script.Venue.Ledger.CashOf(0, 0));
        Assert.Equal(40, script.Venue.Ledger[0, 0].PositionUnits);
    }

    [Fact]
    public void The_statement_says_what_the_mirror_of_the_market_left_out()
    {
        PaperScript script = new PaperScript(new PaperOptions { OrderLatencyNs = 100, ReportLatencyNs = 50, LevelsMax = 2, BookOrdersMax = 1, HeldEventsMax = 64, TakesStamps = false })
            .At(0, Level(Side.Sell, 500_100, 1), Level(Side.Sell, 500_200, 1), Level(Side.Sell, 500_300, 1), Level(Side.Sell, 500_050, 1))
            .At(1, Add(7, Side.Buy, 499_900, 5), Add(8, Side.Buy, 499_800, 5), Delete(8)).Run();
        string file = Path.Combine(Path.GetTempPath(), $"paper-{Guid.NewGuid():N}.json");
        try
        {
            script.Venue.WriteStatement(file, "test", final: true, PaperScript.Start);
            using var statement = System.Text.Json.JsonDocument.Parse(File.ReadAllText(file));
            Assert.Equal("""{"levelsForgotten":2,"ordersRefused":1,"unknownReferences":1,"heldOverflows":0}""", System.Text.Json.JsonSerializer.Serialize(statement.RootElement.GetProperty("market")));
        }
        finally { File.Delete(file); }
    }

    [Fact]
    public void No_order_goes_past_the_gate() => Assert.Throws<ArgumentException>(() => new PaperScript().Venue.Send(default));

    /// <summary>A decider that answers every decide mark and every report by rule must get the same ring however slowly it is served.</summary>
    [Fact]
    public void Speed_batching_and_a_small_ring_change_nothing()
    {
        List<string> reference = Lines(Busy(seed: 7).Run());
        Assert.Contains(reference, line => line.Contains("Trade", StringComparison.Ordinal));
        var random = new Random(99);
        Assert.Equal(reference, Lines(Busy(7).Run(eventsAStep: 1)));
        Assert.Equal(reference, Lines(Busy(7).Run(eventsAStep: 3, packetsAPoll: 64)));
        Assert.Equal(reference, Lines(Busy(7).Run(packetsAPoll: 64, room: 1)));
        Assert.Equal(reference, Lines(Busy(7).Run(eventsAStep: 2, packetsAPoll: 5, room: 2, ready: () => random.Next(3) == 0)));
        Assert.NotEqual(reference, Lines(Busy(seed: 8).Run()));
    }

    private static List<string> Lines(PaperScript script) => script.Ring.Select(e =>
        Convert.ToHexString(System.Runtime.InteropServices.MemoryMarshal.AsBytes(System.Runtime.InteropServices.MemoryMarshal.CreateReadOnlySpan(in e, 1)))
        + (e.Kind == EventKind.ExecutionReported ? " " + RingEvent.AsExecution(ref e).ExecutionKind : "")).ToList();

    private static PaperScript Busy(int seed)
    {
        var random = new Random(seed);
        PaperScript script = Book();
        long time = 0;
        for (int i = 0; i < 400; i++)
        {
            time += random.Next(120);
            Side side = random.Next(2) == 0 ? Side.Buy : Side.Sell;
            long price = (side == Side.Buy ? B1 : A1) + (random.Next(3) - 1) * 100;
            if (random.Next(3) == 0) script.At(time, Trade(price, 1 + random.Next(40), side == Side.Buy ? Side.Sell : Side.Buy));
            else script.At(time, Level(side, price, random.Next(60)));
        }
        int sent = 0;
        script.Decide = (s, e) =>
        {
            if (e.Kind == EventKind.ExecutionReported ? RingEvent.AsExecution(ref e).ExecutionKind != ExecutionKind.Trade : !e.IsDecideMark || sent % 3 == 2 && ++sent > 0) return;
            bool buys = sent++ % 2 == 0;
            s.Send(in e, buys ? Side.Buy : Side.Sell, buys ? B1 : A1, 5, sent % 5 == 0 ? TimeInForce.ImmediateOrCancel : TimeInForce.Day);
        };
        return script;
    }

    [Fact]
    public void The_session_comes_up_first_and_market_events_stay_as_they_were()
    {
        PaperScript script = Book().At(1_000, Idle()).Run();
        Assert.Equal(EventKind.SessionUp, script.Ring[0].Kind);
        Assert.Equal(6, script.Ring.Count - 1);
        Assert.Equal(EventKind.TransactionEnd, script.Ring[^1].Kind);
    }
}
