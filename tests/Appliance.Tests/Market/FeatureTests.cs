using Appliance.Contract;
using Appliance.Flow.Market;
using Appliance.Strategy.Features;

namespace Appliance.Tests.Market;

/// <summary>Each feature against its closed form, worked by hand or by the platform's own mathematics.</summary>
public class FeatureTests
{
    private const long Start = 1_700_000_000_000_000_000, Second = 1_000_000_000;
    private static readonly InstrumentDefinition Instrument = new(0, "X", 100, 10, 1, 1, 1);

    private static TopOfBook Top(long timeNs, long bid, long ask, long bidQuantity = 1, long askQuantity = 1) => new()
    {
        TimeUtcNs = timeNs, BidPriceUnits = bid, AskPriceUnits = ask, BidQuantityUnits = bidQuantity, AskQuantityUnits = askQuantity,
        State = BookState.Ready, Status = TradingStatus.Trading,
    };

    [Fact]
    public void Mid_microprice_imbalance_and_spread_by_hand()
    {
        var tracker = new FeatureTracker(Instrument, new());
        tracker.OnReady(Top(Start, 9_999, 10_002, 30, 10));
        // bid 99.99 × 10 + ask 100.02 × 30, over 40 = 100.0125; mid 100.005; imbalance 20/40; spread 0.03.
        Assert.Equal(100.005, tracker.Values.Mid, 12);
        Assert.Equal(100.0125, tracker.Values.Microprice, 12);
        Assert.Equal(0.5, tracker.Values.Imbalance, 15);
        Assert.Equal(0.03 / 100.005, tracker.Values.RelativeSpread, 15);
        Assert.Equal(0, tracker.Values.EwmaVolatility);
        Assert.Equal(0, tracker.Values.SignedFlow);
    }

    [Fact]
    public void Volatility_of_a_constructed_path_is_its_weighted_mean_square_return()
    {
        var options = new FeatureOptions { VolatilityHalfLifeSeconds = 3 };
        var tracker = new FeatureTracker(Instrument, options);
        long[] mids = [10_000, 10_010, 9_990, 9_990, 10_050, 10_020];
        for (int i = 0; i < mids.Length; i++)
        {
            // Within each second the quotes flicker; only the last before the next grid point counts.
            tracker.OnReady(Top(Start + i * Second, mids[i] + 37, mids[i] + 38));
            tracker.OnReady(Top(Start + i * Second + Second / 2, mids[i] - 1, mids[i] + 1));
        }
        tracker.OnReady(Top(Start + mids.Length * Second, 1_000, 1_100));

        double decay = Math.Pow(2, -1 / 3.0), squares = 0, weights = 0;
        // The grid starts at the first book's mid (flickered), and its points take the settled mids in turn.
        double[] samples = [100.375, .. mids.Select(m => m / 100.0)];
        for (int i = 1; i < samples.Length; i++)
        {
            double age = samples.Length - 1 - i;
            squares += Math.Pow(decay, age) * Math.Pow(Math.Log(samples[i] / samples[i - 1]), 2);
            weights += Math.Pow(decay, age);
        }
        double expected = Math.Sqrt(squares / weights * 365 * 86_400);
        Assert.Equal(expected, tracker.Values.EwmaVolatility, expected * 1e-12);
    }

    [Fact]
    public void A_constant_return_is_estimated_exactly_from_the_first_sample_on()
    {
        var tracker = new FeatureTracker(Instrument with { PriceUnitsPerOne = 1 }, new FeatureOptions { VolatilityHalfLifeSeconds = 20, SecondsPerYear = 252 * 6.5 * 3600 });
        for (int i = 0; i <= 30; i++)
        {
            long mid = 1L << (2 + i);
            // Just before each grid point, so that the mid doubles from sample to sample.
            tracker.OnReady(Top(Start + i * Second - (i == 0 ? 0 : 1), mid - 1, mid + 1));
            if (i < 2) continue;
            Assert.Equal(Math.Log(2) * Math.Sqrt(252 * 6.5 * 3600), tracker.Values.EwmaVolatility, 1e-9 * 5896);
        }
    }

    [Fact]
    public void Bid_ask_bounce_between_samples_makes_no_volatility()
    {
        var tracker = new FeatureTracker(Instrument, new());
        for (int i = 0; i < 100_000; i++)
        {
            // The touch flickers every half millisecond by a tick and is at rest at the end of each second.
            long shift = i % 2;
            tracker.OnReady(Top(Start + i * Second / 2000, 9_999 + shift, 10_001 + shift));
        }
        // Samples differ by at most the flicker: the first sample stands at shift 0 and all others at shift 1.
        double one = Math.Log(100.01 / 100.0), decay = Math.Pow(2, -1.0 / 60);
        double weights = Enumerable.Range(0, 49).Sum(k => Math.Pow(decay, k));
        Assert.Equal(Math.Sqrt(Math.Pow(decay, 48) * one * one / weights * 365 * 86_400), tracker.Values.EwmaVolatility, 1e-9);
    }

    [Fact]
    public void Quiet_seconds_are_zero_returns_however_they_come()
    {
        var every = new FeatureTracker(Instrument, new());
        var once = new FeatureTracker(Instrument, new());
        foreach (FeatureTracker t in new[] { every, once })
        {
            t.OnReady(Top(Start, 9_999, 10_001));
            t.OnReady(Top(Start + Second / 2, 10_099, 10_101));
        }
        for (int i = 1; i <= 40; i++) every.OnReady(Top(Start + i * Second, 10_099, 10_101));
        once.OnReady(Top(Start + 40 * Second, 10_099, 10_101));
        Assert.Equal(every.Values.EwmaVolatility, once.Values.EwmaVolatility, 1e-10);
        double decay = Math.Pow(2, -1.0 / 60);
        double expected = Math.Abs(Math.Log(1.01)) * Math.Sqrt(Math.Pow(decay, 39) * (1 - decay) / (1 - Math.Pow(decay, 40)) * 365 * 86_400);
        Assert.Equal(expected, once.Values.EwmaVolatility, 1e-9 * expected);
    }

    [Fact]
    public void No_return_is_taken_across_a_halt_or_an_outage()
    {
        var tracker = new FeatureTracker(Instrument, new FeatureOptions { VolatilityMaxSilenceSeconds = 30 });
        tracker.OnReady(Top(Start, 9_999, 10_001));
        tracker.OnReady(Top(Start + 1 * Second, 9_999, 10_001));
        tracker.OnNotReady();
        tracker.OnReady(Top(Start + 2 * Second, 19_999, 20_001));
        tracker.OnReady(Top(Start + 3 * Second, 19_999, 20_001));
        Assert.Equal(0, tracker.Values.EwmaVolatility);
        tracker.OnReady(Top(Start + 40 * Second, 29_999, 30_001));
        tracker.OnReady(Top(Start + 41 * Second, 29_999, 30_001));
        Assert.Equal(0, tracker.Values.EwmaVolatility);
        tracker.OnReady(Top(Start + 42 * Second, 39_999, 40_001));
        tracker.OnReady(Top(Start + 43 * Second, 39_999, 40_001));
        Assert.True(tracker.Values.EwmaVolatility > 0);
    }

    [Fact]
    public void Signed_flow_is_the_decayed_sum_of_trades()
    {
        var tracker = new FeatureTracker(Instrument, new FeatureOptions { FlowHalfLifeSeconds = 10 });
        tracker.OnReady(Top(Start, 9_999, 10_001));
        tracker.OnTrade(Start, Side.Buy, 10_001, 50);
        tracker.OnTrade(Start + 5 * Second, Side.Sell, 9_999, 20);
        tracker.OnReady(Top(Start + 15 * Second, 9_999, 10_001));
        Assert.Equal(5 * Math.Pow(2, -1.5) - 2 * Math.Pow(2, -1), tracker.Values.SignedFlow, 1e-12);
        tracker.OnReady(Top(Start + 100_000 * Second, 9_999, 10_001));
        Assert.Equal(0, tracker.Values.SignedFlow);
    }

    [Fact]
    public void Where_the_feed_names_no_aggressor_the_quote_rule_does()
    {
        var tracker = new FeatureTracker(Instrument, new());
        tracker.OnTrade(Start, Side.None, 10_000, 10);
        tracker.OnReady(Top(Start, 9_999, 10_002));
        Assert.Equal(0, tracker.Values.SignedFlow);
        tracker.OnTrade(Start, Side.None, 10_001, 10);
        tracker.OnTrade(Start, Side.None, 10_000, 30);
        tracker.OnReady(Top(Start, 9_999, 10_001));
        Assert.Equal(-2, tracker.Values.SignedFlow, 12);
        tracker.OnTrade(Start, Side.None, 10_000, 30);
        tracker.OnReady(Top(Start, 9_999, 10_001));
        Assert.Equal(-2, tracker.Values.SignedFlow, 12);
    }

    [Fact]
    public void Executions_of_resting_orders_are_flow_of_the_other_side()
    {
        MarketFeed feed = MarketFeed.Of(BookFeed.Orders);
        feed.Add(1, Side.Buy, 100, 10);
        feed.Add(2, Side.Sell, 102, 10);
        feed.Execute(2, 4);
        Assert.Equal(4, feed.Market.Features(0).SignedFlow);
        feed.Execute(1, 1);
        Assert.Equal(3, feed.Market.Features(0).SignedFlow);
        feed.ExecuteAt(1, 99, 1);
        Assert.Equal(2, feed.Market.Features(0).SignedFlow);
        feed.ExecuteAt(1, 99, 1, EventFlags.NotLastSale);
        Assert.Equal(2, feed.Market.Features(0).SignedFlow);
        feed.Trade(Side.Buy, 102, 7);
        Assert.Equal(9, feed.Market.Features(0).SignedFlow);
        feed.Trade(Side.None, 102, 1_000, EventFlags.NotLastSale);
        Assert.Equal(9, feed.Market.Features(0).SignedFlow);
    }

    [Fact]
    public void Features_stay_while_the_book_is_not_ready()
    {
        MarketFeed feed = MarketFeed.Of(BookFeed.Levels);
        feed.Level(Side.Buy, 100, 10);
        feed.Level(Side.Sell, 102, 30);
        Assert.Equal((1.01, -0.5), (feed.Market.Features(0).Mid, feed.Market.Features(0).Imbalance));
        feed.Level(Side.Buy, 103, 10);
        feed.Level(Side.Buy, 104, 10);
        Assert.Equal(1.01, feed.Market.Features(0).Mid);
        feed.Level(Side.Buy, 103, 0);
        feed.Level(Side.Buy, 104, 0);
        feed.Status(TradingStatus.Halted);
        feed.Level(Side.Buy, 101, 10);
        Assert.Equal(1.01, feed.Market.Features(0).Mid);
        feed.Status(TradingStatus.Trading);
        Assert.Equal(1.015, feed.Market.Features(0).Mid, 12);
    }

    [Theory]
    [InlineData(0, 60, 1, 1)]
    [InlineData(1_000_000_000, 0, 1, 1)]
    [InlineData(1_000_000_000, double.NaN, 1, 1)]
    [InlineData(1_000_000_000, 60, double.PositiveInfinity, 1)]
    [InlineData(1_000_000_000, 60, 1, -1)]
    public void Constants_out_of_range_are_refused(long sampleNs, double halfLife, double year, double flowHalfLife) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new FeatureTracker(Instrument, new FeatureOptions
        {
            VolatilitySampleNs = sampleNs, VolatilityHalfLifeSeconds = halfLife, SecondsPerYear = year, FlowHalfLifeSeconds = flowHalfLife,
        }));

    [Fact]
    public void The_catalogue_names_every_feature_once()
    {
        FeatureId[] all = Enum.GetValues<FeatureId>();
        Assert.Equal(all.Length, FeatureCatalogue.Count);
        Assert.Equal(FeatureCatalogue.Count, FeatureCatalogue.Names.ToArray().Distinct().Count());
        foreach (FeatureId feature in all)
        {
            Assert.Equal(feature.ToString(), FeatureCatalogue.NameOf(feature), ignoreCase: true);
            Assert.True(FeatureCatalogue.TryFind(FeatureCatalogue.NameOf(feature), out FeatureId found));
            Assert.Equal(feature, found);
        }
        Assert.False(FeatureCatalogue.TryFind("Mid", out _));
        Assert.False(FeatureCatalogue.TryFind("", out _));
    }
}
