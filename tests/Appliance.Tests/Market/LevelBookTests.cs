using Appliance.Contract;
using Appliance.Flow.Market;

namespace Appliance.Tests.Market;

/// <summary>Level feeds without bridging (DEEP) and quote feeds.</summary>
public class LevelBookTests
{
    [Theory]
    [InlineData(201)]
    [InlineData(202)]
    public void Random_level_streams_leave_what_two_sorted_dictionaries_have(int seed)
    {
        var random = new Random(seed);
        MarketFeed feed = MarketFeed.Of(BookFeed.Levels, instruments: 2);
        var bids = new[] { new SortedDictionary<long, long>(), new SortedDictionary<long, long>() };
        var asks = new[] { new SortedDictionary<long, long>(), new SortedDictionary<long, long>() };
        for (int step = 0; step < 40_000; step++)
        {
            feed.Instrument = (ushort)random.Next(2);
            Side side = random.Next(2) == 0 ? Side.Buy : Side.Sell;
            long offset = (long)(Math.Pow(random.NextDouble(), 3) * 400);
            long price = side == Side.Buy ? 5_000 - offset : 5_001 + offset;
            long quantity = random.Next(5) < 2 ? 0 : random.Next(1, 1_000);
            var levels = (side == Side.Buy ? bids : asks)[feed.Instrument];
            if (quantity == 0) levels.Remove(price);
            else levels[price] = quantity;
            feed.Level(side, price, quantity);
            var (b, a) = (bids[feed.Instrument], asks[feed.Instrument]);
            ref readonly TopOfBook top = ref feed.Top;
            Assert.Equal(b.Count == 0 ? (0, 0) : (b.Last().Key, b.Last().Value), (top.BidPriceUnits, top.BidQuantityUnits));
            Assert.Equal(a.Count == 0 ? (0, 0) : (a.First().Key, a.First().Value), (top.AskPriceUnits, top.AskQuantityUnits));
            Assert.Equal(b.Count == 0 || a.Count == 0 ? BookState.OneSided : BookState.Ready, top.State);
            if (step % 499 != 0) continue;
            var got = new PriceLevel[10];
            int copied = feed.Market.CopyLevels(feed.Instrument, Side.Buy, got);
            Assert.Equal(b.Reverse().Take(10).Select(l => new PriceLevel(l.Key, l.Value)), got[..copied]);
            copied = feed.Market.CopyLevels(feed.Instrument, Side.Sell, got);
            Assert.Equal(a.Take(10).Select(l => new PriceLevel(l.Key, l.Value)), got[..copied]);
            Assert.Equal(b.Count, feed.Market.LevelCount(feed.Instrument, Side.Buy));
        }
    }

    [Fact]
    public void A_snapshot_replaces_the_book_and_makes_it_whole()
    {
        MarketFeed feed = MarketFeed.Of(BookFeed.Levels);
        feed.Level(Side.Buy, 100, 1);
        feed.Level(Side.Sell, 101, 1);
        feed.Gap();
        Assert.Equal(BookState.Incomplete, feed.Top.State);
        feed.Snapshot(0, (Side.Buy, 90, 2), (Side.Sell, 95, 3));
        Assert.Equal(BookState.Ready, feed.Top.State);
        Assert.Equal((90, 2, 95, 3), (feed.Top.BidPriceUnits, feed.Top.BidQuantityUnits, feed.Top.AskPriceUnits, feed.Top.AskQuantityUnits));
    }

    [Fact]
    public void Within_a_snapshot_the_book_is_incomplete_even_at_a_mark()
    {
        MarketFeed feed = MarketFeed.Of(BookFeed.Levels);
        feed.Level(Side.Buy, 100, 1);
        feed.Level(Side.Sell, 101, 1);
        feed.Range(EventKind.DepthSnapshot, 0, 5, 0, 2, mark: false);
        feed.Level(Side.Buy, 90, 2, mark: true);
        Assert.Equal(BookState.Incomplete, feed.Top.State);
    }

    [Theory]
    [InlineData(LevelsFullPolicy.MarkIncomplete)]
    [InlineData(LevelsFullPolicy.DropDeepest)]
    public void A_side_without_room_follows_the_named_policy(LevelsFullPolicy policy)
    {
        MarketFeed feed = MarketFeed.Of(BookFeed.Levels, change: o => o with { LevelsPerSide = 64, LevelsFull = policy });
        feed.Level(Side.Sell, 10_000, 1);
        for (int i = 1; i <= 128; i++) feed.Level(Side.Buy, i, 1);
        Assert.Equal(BookState.Ready, feed.Top.State);
        Assert.Equal(0, feed.Market.Counters.LevelsDropped);
        feed.Level(Side.Buy, 129, 1);
        Assert.True(feed.Market.Counters.LevelsDropped > 0);
        if (policy == LevelsFullPolicy.MarkIncomplete)
        {
            Assert.Equal(BookState.Incomplete, feed.Top.State);
            return;
        }
        Assert.Equal((BookState.Ready, 129), (feed.Top.State, feed.Top.BidPriceUnits));
        for (int i = 129; i > 64; i--) feed.Level(Side.Buy, i, 0);
        Assert.Equal(BookState.Incomplete, feed.Top.State);
        Assert.Equal(1, feed.Market.Counters.LevelsExhausted);
    }

    [Fact]
    public void Levels_that_make_no_sense_are_counted()
    {
        MarketFeed feed = MarketFeed.Of(BookFeed.Levels);
        feed.Level(Side.None, 100, 1);
        feed.Level(Side.Buy, 100, -1);
        feed.Add(1, Side.Buy, 100, 1);
        Assert.Equal(3, feed.Market.Counters.RejectedEvents);
        Assert.Equal(BookState.OneSided, feed.Top.State);
    }

    [Fact]
    public void A_quote_feed_is_whole_with_its_first_quote()
    {
        MarketFeed feed = MarketFeed.Of(BookFeed.Quotes);
        feed.Trade(Side.Buy, 100, 1);
        Assert.Equal(BookState.Incomplete, feed.Top.State);
        feed.Quote(99, 5, 101, 6);
        Assert.Equal(BookState.Ready, feed.Top.State);
        Assert.Equal((99, 5, 101, 6), (feed.Top.BidPriceUnits, feed.Top.BidQuantityUnits, feed.Top.AskPriceUnits, feed.Top.AskQuantityUnits));
        feed.Quote(99, 5, 101, 0);
        Assert.Equal(BookState.OneSided, feed.Top.State);
        feed.Quote(101, 5, 101, 6);
        Assert.Equal(BookState.Crossed, feed.Top.State);
        feed.Gap();
        feed.Quote(99, 5, 100, 6);
        Assert.Equal(BookState.Ready, feed.Top.State);
    }

    [Fact]
    public void Without_identifiers_the_later_of_quote_and_level_is_the_newer()
    {
        MarketFeed feed = MarketFeed.Of(BookFeed.Levels);
        feed.Level(Side.Buy, 100, 1);
        feed.Level(Side.Sell, 101, 1);
        feed.Quote(102, 5, 103, 6);
        Assert.Equal((102, 103, BookState.Ready), (feed.Top.BidPriceUnits, feed.Top.AskPriceUnits, feed.Top.State));
        feed.Level(Side.Buy, 99, 1);
        Assert.Equal((100, 101), (feed.Top.BidPriceUnits, feed.Top.AskPriceUnits));
    }
}
