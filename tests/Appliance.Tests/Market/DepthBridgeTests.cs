using Appliance.Contract;
using Appliance.Flow.Market;

namespace Appliance.Tests.Market;

/// <summary>Bridging diffs to a snapshot by U, u and pu, each border of each rule; and quotes beside the depth.</summary>
public class DepthBridgeTests
{
    private const long Spot = 0;

    private static MarketFeed Feed(int held = 1024) => MarketFeed.Of(BookFeed.BridgedLevels, change: o => o with { HeldEventsPerInstrument = held });

    private static void SnapshotAt(MarketFeed feed, long last) => feed.Snapshot(last, (Side.Buy, 100, 10), (Side.Sell, 110, 10));

    private static long Bid(MarketFeed feed) => feed.Top.BidPriceUnits;

    // L = 1000. Futures: dropped below u < 1000, applied with U <= 1000 <= u. Spot: dropped at u <= 1000, applied with U <= 1001 <= u.
    [Theory]
    [InlineData(900, 999, 899, false, 1, 0)]
    [InlineData(900, 1000, 899, true, 0, 0)]
    [InlineData(1000, 1000, 999, true, 0, 0)]
    [InlineData(1000, 1100, 999, true, 0, 0)]
    [InlineData(1001, 1100, 1000, false, 0, 1)]
    [InlineData(900, 1000, Spot, false, 1, 0)]
    [InlineData(900, 1001, Spot, true, 0, 0)]
    [InlineData(1001, 1001, Spot, true, 0, 0)]
    [InlineData(1001, 1100, Spot, true, 0, 0)]
    [InlineData(1002, 1100, Spot, false, 0, 1)]
    public void The_first_diff_is_dropped_applied_or_a_break(long first, long last, long previous, bool applied, long stale, long breaks)
    {
        // Live: the diff follows the snapshot.
        MarketFeed live = Feed();
        SnapshotAt(live, 1000);
        Assert.Equal(BookState.Incomplete, live.Top.State);
        live.Update(first, last, previous, (Side.Buy, 105, 1));
        Check(live);

        // Held: the diff came before the snapshot.
        MarketFeed held = Feed();
        held.Update(first, last, previous, (Side.Buy, 105, 1));
        Assert.Equal(BookState.Incomplete, held.Top.State);
        SnapshotAt(held, 1000);
        Check(held);

        void Check(MarketFeed feed)
        {
            Assert.Equal(applied ? BookState.Ready : BookState.Incomplete, feed.Top.State);
            Assert.Equal(applied ? 105 : 100, Bid(feed));
            MarketCounters c = feed.Market.Counters;
            Assert.Equal((applied ? 1 : 0, stale, breaks), (c.Bridged, c.StaleUpdates, c.BridgeBreaks));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Once_bridged_the_chain_holds_breaks_and_heals(bool spot)
    {
        MarketFeed feed = Feed();
        void Update(long first, long last, long previous, long bid) => feed.Update(first, last, spot ? Spot : previous, (Side.Buy, bid, 1));
        SnapshotAt(feed, 1000);
        Update(990, 1010, 980, 101);
        Assert.Equal(BookState.Ready, feed.Top.State);
        Update(1011, 1020, 1010, 102);
        Assert.Equal((BookState.Ready, 102), (feed.Top.State, Bid(feed)));

        // A repetition is dropped without harm.
        Update(1011, 1020, 1010, 109);
        Assert.Equal((BookState.Ready, 102), (feed.Top.State, Bid(feed)));
        Assert.Equal(1, feed.Market.Counters.StaleUpdates);

        // A break: 1021 to 1030 is missing.
        Update(1031, 1040, 1030, 103);
        Assert.Equal(BookState.Incomplete, feed.Top.State);
        Assert.Equal(1, feed.Market.Counters.BridgeBreaks);
        Update(1041, 1050, 1040, 104);
        Assert.Equal(BookState.Incomplete, feed.Top.State);
        Assert.Equal(102, Bid(feed));

        // A snapshot from before the missing part cannot heal it; one from after it does, with what was held since the break.
        SnapshotAt(feed, 1025);
        Assert.Equal(BookState.Incomplete, feed.Top.State);
        Assert.Equal(2, feed.Market.Counters.BridgeBreaks);
        SnapshotAt(feed, 1035);
        Assert.Equal((BookState.Ready, 104), (feed.Top.State, Bid(feed)));
        Assert.Equal(2, feed.Market.Counters.Bridged);
        Update(1051, 1060, 1050, 105);
        Assert.Equal((BookState.Ready, 105), (feed.Top.State, Bid(feed)));
    }

    [Fact]
    public void A_chain_broken_among_the_held_is_a_break_too_and_the_rest_waits()
    {
        MarketFeed feed = Feed();
        feed.Update(990, 1010, 989, (Side.Buy, 101, 1));
        feed.Update(1021, 1030, 1020, (Side.Buy, 102, 1));
        feed.Update(1031, 1040, 1030, (Side.Buy, 103, 1));
        SnapshotAt(feed, 1000);
        Assert.Equal(BookState.Incomplete, feed.Top.State);
        Assert.Equal((1, 1), (feed.Market.Counters.Bridged, feed.Market.Counters.BridgeBreaks));
        SnapshotAt(feed, 1025);
        Assert.Equal((BookState.Ready, 103), (feed.Top.State, Bid(feed)));
    }

    [Fact]
    public void A_snapshot_of_a_bridged_book_is_ignored()
    {
        MarketFeed feed = Feed();
        SnapshotAt(feed, 1000);
        feed.Update(1000, 1010, 999, (Side.Buy, 105, 1));
        feed.Snapshot(1005, (Side.Buy, 1, 1), (Side.Sell, 2, 1));
        Assert.Equal((BookState.Ready, 105, 110), (feed.Top.State, feed.Top.BidPriceUnits, feed.Top.AskPriceUnits));
        Assert.Equal(1, feed.Market.Counters.SnapshotsIgnored);
        feed.Update(1011, 1020, 1010, (Side.Buy, 106, 1));
        Assert.Equal((BookState.Ready, 106), (feed.Top.State, Bid(feed)));
    }

    [Fact]
    public void When_no_more_can_be_held_the_oldest_go_and_a_recent_snapshot_still_bridges()
    {
        MarketFeed feed = Feed(held: 16);
        for (int i = 0; i < 20; i++)
            feed.Update(1000 + 10 * i, 1009 + 10 * i, 999 + 10 * i, (Side.Buy, 50 + i, 1), (Side.Sell, 150 + i, 1));
        // Three events each: five whole updates fit into sixteen.
        Assert.Equal(15, feed.Market.Counters.HeldUpdatesDropped);
        SnapshotAt(feed, 1005);
        Assert.Equal(BookState.Incomplete, feed.Top.State);
        SnapshotAt(feed, 1155);
        Assert.Equal(BookState.Ready, feed.Top.State);
        Assert.Equal(5, feed.Market.QuantityAtCount(Side.Buy, 65, 69));
        Assert.Equal(0, feed.Market.QuantityAt(0, Side.Buy, 64));
    }

    [Fact]
    public void An_update_too_large_to_hold_is_dropped_whole()
    {
        MarketFeed feed = Feed(held: 16);
        var levels = Enumerable.Range(0, 40).Select(i => (Side.Buy, 10L + i, 1L)).ToArray();
        feed.Update(1000, 1009, 999, levels);
        Assert.Equal(1, feed.Market.Counters.HeldUpdatesDropped);
        feed.Update(1010, 1019, 1009, (Side.Buy, 101, 1));
        SnapshotAt(feed, 1012);
        Assert.Equal((BookState.Ready, 101), (feed.Top.State, Bid(feed)));
        Assert.Equal(2, feed.Market.LevelCount(0, Side.Buy));
    }

    [Fact]
    public void A_diff_shows_only_when_it_is_whole()
    {
        MarketFeed feed = Feed();
        SnapshotAt(feed, 1000);
        feed.Update(1000, 1010, 999);
        Assert.Equal(BookState.Ready, feed.Top.State);
        feed.Range(EventKind.DepthUpdate, 1011, 1020, 1010, 2, mark: false);
        feed.Level(Side.Buy, 112, 1, mark: false);
        // Another source's mark in between (an execution report, a trade of another venue) must not show half a diff.
        feed.Source = 9;
        feed.Mark();
        feed.Source = 0;
        Assert.Equal(100, Bid(feed));
        feed.Level(Side.Sell, 110, 0, mark: false);
        feed.Level(Side.Sell, 113, 4, mark: true);
        Assert.Equal((112, 113, BookState.Ready), (feed.Top.BidPriceUnits, feed.Top.AskPriceUnits, feed.Top.State));
        Assert.Equal(0, feed.Market.Counters.Crossed);
    }

    [Fact]
    public void A_gap_a_reset_or_a_cleared_book_needs_a_snapshot_again()
    {
        foreach (Action<MarketFeed> happens in new Action<MarketFeed>[] { f => f.Gap(), f => f.Reset(1), f => f.Cleared(complete: true) })
        {
            MarketFeed feed = Feed();
            SnapshotAt(feed, 1000);
            feed.Update(1000, 1010, 999, (Side.Buy, 105, 1));
            happens(feed);
            Assert.Equal(BookState.Incomplete, feed.Top.State);
            feed.Update(1011, 1020, 1010, (Side.Buy, 106, 1));
            feed.Quote(106, 1, 107, 1, 1020);
            Assert.Equal(BookState.Incomplete, feed.Top.State);
            SnapshotAt(feed, 1015);
            Assert.Equal((BookState.Ready, 106), (feed.Top.State, Bid(feed)));
        }
    }

    [Fact]
    public void No_quote_makes_a_book_ready_before_the_bridge()
    {
        MarketFeed feed = Feed();
        feed.Quote(100, 1, 101, 1, 500);
        Assert.Equal((100, BookState.Incomplete), (feed.Top.BidPriceUnits, feed.Top.State));
        SnapshotAt(feed, 1000);
        feed.Quote(104, 1, 106, 1, 1100);
        Assert.Equal(BookState.Incomplete, feed.Top.State);
        feed.Update(1000, 1050, 999, (Side.Buy, 105, 1));
        Assert.Equal((104, 106, BookState.Ready), (feed.Top.BidPriceUnits, feed.Top.AskPriceUnits, feed.Top.State));
    }

    [Fact]
    public void The_top_is_taken_whole_from_the_newer_of_quote_and_depth()
    {
        MarketFeed feed = Feed();
        SnapshotAt(feed, 1000);
        feed.Update(1000, 1010, 999, (Side.Buy, 100, 10));
        // The market has moved up beyond the depth's ask: a top with a side from each would be crossed.
        feed.Quote(112, 3, 113, 4, 1015);
        Assert.Equal((112, 113, BookState.Ready), (feed.Top.BidPriceUnits, feed.Top.AskPriceUnits, feed.Top.State));
        // Behind a quote that is ahead, the depth follows from what is worse than it.
        var levels = new PriceLevel[4];
        Assert.Equal(2, feed.Market.CopyLevels(0, Side.Buy, levels));
        Assert.Equal([new(112, 3), new(100, 10)], levels[..2]);
        Assert.Equal(1, feed.Market.CopyLevels(0, Side.Sell, levels));
        Assert.Equal(new(113, 4), levels[0]);
        // An older quote changes nothing; a depth older than the quote leaves the quote.
        feed.Quote(90, 1, 91, 1, 1014);
        Assert.Equal(112, Bid(feed));
        feed.Update(1011, 1014, 1010, (Side.Sell, 110, 0), (Side.Sell, 111, 5));
        Assert.Equal((112, 113), (feed.Top.BidPriceUnits, feed.Top.AskPriceUnits));
        // A depth that has reached the quote takes over, and a quote that comes after it but is older is stale.
        feed.Update(1015, 1020, 1014, (Side.Sell, 111, 0), (Side.Sell, 113, 1), (Side.Buy, 111, 2));
        Assert.Equal((111, 2, 113, 1), (feed.Top.BidPriceUnits, feed.Top.BidQuantityUnits, feed.Top.AskPriceUnits, feed.Top.AskQuantityUnits));
        feed.Quote(112, 3, 113, 4, 1020);
        Assert.Equal(111, Bid(feed));
        Assert.Equal(2, feed.Market.Counters.StaleQuotes);
        feed.Quote(112, 3, 113, 4, 1021);
        Assert.Equal(112, Bid(feed));
    }

    [Fact]
    public void Identifiers_are_compared_across_the_wrap_of_their_low_half()
    {
        const long wrap = 0x1_0000_0000;
        MarketFeed feed = Feed();
        feed.Snapshot(wrap - 10, (Side.Buy, 100, 10), (Side.Sell, 110, 10));
        feed.Update(wrap - 10, wrap - 5, wrap - 11, (Side.Buy, 101, 1));
        feed.Quote(102, 1, 109, 1, wrap + 3);
        Assert.Equal(102, Bid(feed));
        feed.Quote(99, 1, 109, 1, wrap - 1);
        Assert.Equal(102, Bid(feed));
        feed.Update(wrap - 4, wrap - 2, wrap - 5, (Side.Buy, 101, 2));
        Assert.Equal(102, Bid(feed));
        feed.Update(wrap - 1, wrap + 4, wrap - 2, (Side.Buy, 103, 1));
        Assert.Equal(103, Bid(feed));
    }
}

file static class Levels
{
    public static int QuantityAtCount(this MarketState market, Side side, long from, long to)
    {
        int count = 0;
        for (long price = from; price <= to; price++)
            if (market.QuantityAt(0, side, price) > 0) count++;
        return count;
    }
}
