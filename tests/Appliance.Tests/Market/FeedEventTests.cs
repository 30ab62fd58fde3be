using Appliance.Contract;
using Appliance.Flow.Market;

namespace Appliance.Tests.Market;

/// <summary>Status, price bands, gaps, resets, cleared books; and whom an event of all instruments concerns.</summary>
public class FeedEventTests
{
    private static MarketFeed Ready(BookFeed kind = BookFeed.Levels, int instruments = 1)
    {
        MarketFeed feed = MarketFeed.Of(kind, instruments);
        feed.Level(Side.Buy, 100, 1);
        feed.Level(Side.Sell, 101, 1);
        Assert.True(feed.Top.IsTradable);
        return feed;
    }

    [Fact]
    public void A_halt_shows_at_once_and_trading_resumes()
    {
        MarketFeed feed = Ready();
        feed.Status(TradingStatus.Halted, mark: false);
        Assert.Equal(TradingStatus.Halted, feed.Top.Status);
        Assert.False(feed.Top.IsTradable);
        feed.Status(TradingStatus.Trading);
        Assert.True(feed.Top.IsTradable);
        Assert.Equal(2, feed.Market.Counters.StatusChanges);
    }

    [Fact]
    public void A_status_that_is_no_status_is_unknown()
    {
        MarketFeed feed = Ready();
        feed.Status((TradingStatus)99);
        Assert.Equal(TradingStatus.Unknown, feed.Top.Status);
        Assert.False(feed.Top.IsTradable);
    }

    [Fact]
    public void The_status_before_the_feed_speaks_is_the_one_given()
    {
        var market = new MarketState(MarketFeed.Instruments(2), new MarketOptions
        {
            DefaultFeed = new(BookFeed.Orders),
            FeedByInstrument = [new(BookFeed.Quotes, TradingStatus.Trading)],
        });
        Assert.Equal((TradingStatus.Trading, BookState.Incomplete), (market.Top(0).Status, market.Top(0).State));
        Assert.Equal(TradingStatus.Unknown, market.Top(1).Status);
        Assert.Equal((0, long.MaxValue), (market.Top(1).LowerBandUnits, market.Top(1).UpperBandUnits));
    }

    [Fact]
    public void Price_bands_are_taken_unless_they_are_inverted()
    {
        MarketFeed feed = Ready();
        Assert.Equal((0, long.MaxValue), (feed.Top.LowerBandUnits, feed.Top.UpperBandUnits));
        feed.Band(90, 110);
        Assert.Equal((90, 110), (feed.Top.LowerBandUnits, feed.Top.UpperBandUnits));
        feed.Band(120, 110);
        Assert.Equal((90, 110), (feed.Top.LowerBandUnits, feed.Top.UpperBandUnits));
        Assert.Equal((2, 1), (feed.Market.Counters.PriceBandChanges, feed.Market.Counters.RejectedEvents));
    }

    [Fact]
    public void A_gap_makes_the_book_incomplete_at_once_and_only_a_whole_book_ends_that()
    {
        MarketFeed feed = Ready();
        feed.Gap(mark: false);
        Assert.Equal(BookState.Incomplete, feed.Top.State);
        feed.Level(Side.Buy, 100, 2);
        Assert.Equal((BookState.Incomplete, 2), (feed.Top.State, feed.Top.BidQuantityUnits));
        feed.Cleared(complete: true);
        Assert.Equal((BookState.OneSided, 0), (feed.Top.State, feed.Top.BidQuantityUnits));
        feed.Level(Side.Buy, 100, 2);
        feed.Level(Side.Sell, 102, 2);
        Assert.Equal(BookState.Ready, feed.Top.State);
    }

    [Fact]
    public void A_book_cleared_as_incomplete_stays_so()
    {
        MarketFeed feed = Ready();
        feed.Cleared(complete: false);
        feed.Level(Side.Buy, 100, 2);
        feed.Level(Side.Sell, 102, 2);
        Assert.Equal(BookState.Incomplete, feed.Top.State);
        Assert.Equal(1, feed.Market.Counters.BooksCleared);
    }

    [Theory]
    [InlineData(1UL, BookState.Ready)]
    [InlineData(500UL, BookState.Incomplete)]
    public void A_reset_voids_the_book_which_is_whole_only_from_the_first_message(ulong sequence, BookState expected)
    {
        MarketFeed feed = Ready();
        feed.Level(Side.Buy, 99, 7);
        feed.Reset(sequence);
        Assert.Equal(0, feed.Market.LevelCount(0, Side.Buy));
        feed.Level(Side.Buy, 100, 2);
        feed.Level(Side.Sell, 102, 2);
        Assert.Equal(expected, feed.Top.State);
    }

    [Fact]
    public void A_cleared_order_book_forgets_its_own_orders_only()
    {
        MarketFeed feed = MarketFeed.Of(BookFeed.Orders, instruments: 2);
        for (ulong i = 1; i <= 500; i++)
        {
            feed.Instrument = (ushort)(i % 2);
            feed.Add(i, Side.Buy, 100 + (long)i, 1);
        }
        feed.Instrument = 0;
        feed.Cleared(complete: true);
        Assert.Equal(250, feed.Market.OrderCount);
        feed.Delete(2);
        Assert.Equal(1, feed.Market.Counters.UnknownOrders);
        feed.Instrument = 1;
        for (ulong i = 1; i <= 500; i += 2) feed.Delete(i);
        Assert.Equal((0, 1), (feed.Market.OrderCount, feed.Market.Counters.UnknownOrders));
        Assert.Equal(0, feed.Market.LevelCount(1, Side.Buy));
    }

    [Fact]
    public void What_concerns_a_whole_source_leaves_other_sources_alone()
    {
        MarketFeed feed = MarketFeed.Of(BookFeed.Levels, instruments: 3);
        for (ushort i = 0; i < 2; i++)
        {
            (feed.Instrument, feed.Source) = (i, i);
            feed.Level(Side.Buy, 100, 1);
            feed.Level(Side.Sell, 101, 1);
        }
        feed.Market.ClearDirty();
        (feed.Instrument, feed.Source) = (RingEvent.AllInstruments, 1);
        feed.Gap();
        Assert.Equal(BookState.Ready, feed.Market.Top(0).State);
        Assert.Equal(BookState.Incomplete, feed.Market.Top(1).State);
        // Of the third nobody has spoken: it may be source 1's.
        Assert.Equal(BookState.Incomplete, feed.Market.Top(2).State);
        Assert.Equal([1, 2], feed.Market.Dirty.ToArray());
    }

    [Fact]
    public void Time_moves_with_every_event_of_the_instrument_at_its_mark()
    {
        MarketFeed feed = Ready();
        long before = feed.Top.TimeUtcNs;
        feed.NowNs += 5;
        feed.Trade(Side.Buy, 101, 1, mark: false);
        Assert.Equal(before, feed.Top.TimeUtcNs);
        feed.Mark();
        Assert.Equal(before + 5, feed.Top.TimeUtcNs);
    }

    [Fact]
    public void Events_of_orders_and_control_pass_by()
    {
        MarketFeed feed = Ready();
        feed.Market.ClearDirty();
        foreach (EventKind kind in Enum.GetValues<EventKind>().Where(k => k is EventKind.None or > EventKind.TransactionEnd))
        {
            var e = default(RingEvent);
            RingEvent.Begin(ref e, kind, 0, 0, 0, feed.NowNs + 1);
            feed.Send(ref e, mark: true);
        }
        Assert.True(feed.Market.Dirty.IsEmpty);
        Assert.Equal(feed.NowNs, feed.Top.TimeUtcNs);
    }

    [Fact]
    public void Sizes_out_of_range_and_misplaced_instruments_are_refused_at_the_start()
    {
        var options = new MarketOptions();
        InstrumentDefinition[] instruments = MarketFeed.Instruments(2);
        Assert.Throws<ArgumentOutOfRangeException>(() => new MarketState(instruments, options with { MaxOrders = 15 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new MarketState(instruments, options with { LevelsPerSide = 3 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new MarketState(instruments, options with { HeldEventsPerInstrument = 1 << 23 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new MarketState([], options));
        Assert.Throws<ArgumentException>(() => new MarketState([instruments[1], instruments[0]], options));
    }
}
