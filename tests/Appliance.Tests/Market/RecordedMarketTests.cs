using System.Buffers.Binary;
using System.Text;
using Appliance.Contract;
using Appliance.Flow.Market;
using Appliance.Ingest;
using Appliance.Ingest.Binance;
using Appliance.Ingest.Deep;
using Appliance.Ingest.Itch;
using Appliance.Ingest.Mold;
using Appliance.Ingest.Pcap;
using Appliance.TestKit;

namespace Appliance.Tests.Market;

/// <summary>Real recordings through the market stage and through <see cref="ReferenceBook"/>, compared at every decide mark.</summary>
public class RecordedMarketTests
{
    private const long Second = 1_000_000_000;

    /// <summary>Stale quotes and the deepest side were counted by a script of its own over the raw JSON.</summary>
    [SharedDataTheory("l2_binance")]
    [InlineData("binance_usdm_btcusdt_20240808.gz", "BTCUSDT", 1_093, 5_170)]
    [InlineData("binance_coinm_btcusd_perp_20240808.gz", "BTCUSD_PERP", 0, 1_522)]
    [InlineData("binance_spot_btcusdt_20240808.gz", "BTCUSDT", 0, 2_412)]
    public void Binance_is_bridged_once_and_never_left_crossed(string file, string symbol, int staleQuotes, int levelsMax)
    {
        InstrumentDefinition[] instruments = [new(0, symbol, 100_000_000, 100_000_000, 10_000_000, 100_000, 1)];
        var market = new MarketState(instruments, new MarketOptions { DefaultFeed = new(BookFeed.BridgedLevels, TradingStatus.Trading) });
        var play = new Playback(market);
        var mids = new List<(long TimeNs, double Mid)>();
        int readyMarks = 0;
        play.AtMark = _ =>
        {
            ref readonly TopOfBook top = ref market.Top(0);
            ReferenceBook book = play.Books[0];
            Assert.Equal(book.IsBridged ? BookState.Ready : BookState.Incomplete, top.State);
            Assert.Equal(book.Top, (top.BidPriceUnits, top.BidQuantityUnits, top.AskPriceUnits, top.AskQuantityUnits));
            if (!book.IsBridged) return;
            readyMarks++;
            mids.Add((top.TimeUtcNs, top.TwiceMidUnits / 2e8));
            Assert.Equal(mids[^1].Mid, market.Features(0).Mid, 1e-9);
            Assert.InRange(market.Features(0).Microprice, top.BidPriceUnits / 1e8, top.AskPriceUnits / 1e8);
        };
        using var source = new BinanceCaptureSource<Playback.Sink, HostMonotonicClock>(BinanceCapture.Open(SharedData.Find($"l2_binance/{file}")), new(), new SymbolMap(instruments), new(play), new HostMonotonicClock());
        while (!source.Ended) source.Poll(64);

        MarketCounters counters = market.Counters;
        Assert.Equal((1, 0, 0, 0), (counters.Bridged, counters.BridgeBreaks, counters.Crossed, counters.RejectedEvents));
        Assert.Equal(staleQuotes, counters.StaleQuotes);
        // The script looked after each whole message; within one, levels come before others go.
        Assert.InRange(counters.LevelsMax, levelsMax, levelsMax + 10);
        Assert.Equal(play.Books[0].LevelsMax, counters.LevelsMax);
        Assert.Equal(0, counters.LevelsDropped + counters.HeldUpdatesDropped);
        Assert.True(readyMarks > 30_000, $"{readyMarks} marks with a ready book");
        play.CompareLevels(0);
        ref readonly TopOfBook last = ref market.Top(0);
        Assert.Equal(play.Books[0].LastQuote, (last.BidPriceUnits, last.BidQuantityUnits, last.AskPriceUnits, last.AskQuantityUnits));

        double volatility = Volatility(mids);
        Assert.InRange(volatility, 0.05, 3);
        Assert.Equal(volatility, market.Features(0).EwmaVolatility, 1e-9 * volatility);
    }

    [SharedDataFact("pcap/iex/DEEP10.pcap.gz")]
    public void Deep_is_whole_from_each_reset_and_its_levels_agree()
    {
        string[] symbols = ["MSFT", "PZZA", "AA-", "JPM-A", "XOXO", "ZXIET", "C", "ERIC", "WOOF", "IRS", "INTC", "ZEXIT", "QQQ", "REN", "BF.B", "ZIEXT", "AA", "ROCK", "CVS", "FLEX"];
        InstrumentDefinition[] instruments = [.. symbols.Select((s, i) => new InstrumentDefinition((ushort)i, s, 10_000, 1, 100, 1, 1))];
        var market = new MarketState(instruments, new MarketOptions { DefaultFeed = new(BookFeed.Levels) });
        var play = new Playback(market);
        int ready = 0, crossed = 0, halted = 0;
        play.AtMark = touched =>
        {
            foreach (ushort i in touched)
            {
                ref readonly TopOfBook top = ref market.Top(i);
                Assert.Equal(play.Books[i].Top, (top.BidPriceUnits, top.BidQuantityUnits, top.AskPriceUnits, top.AskQuantityUnits));
                Assert.NotEqual(BookState.Incomplete, top.State);
                if (top.State == BookState.Ready) ready++;
                if (top.State == BookState.Crossed) crossed++;
                if (top.Status == TradingStatus.Halted) halted++;
            }
        };
        var source = new PcapSource<Playback.Sink, HostMonotonicClock, IexDeepDecoder>(
            new CaptureOptions { Path = SharedData.Find("pcap/iex/DEEP10.pcap.gz") }, new IexDeepDecoder(new SymbolMap(instruments), new()), new(play), new());
        while (!source.Ended) source.Poll(64);
        Assert.True(ready > 5_000, $"{ready} marks with a ready book");
        Assert.True(halted > 0);
        Assert.Equal((11, 0), (market.Counters.FeedResets, market.Counters.FeedGaps));
        Assert.Equal(12, market.Counters.BooksCleared);
        Assert.Equal(0, market.Counters.RejectedEvents + market.Counters.LevelsDropped);
        Assert.Equal(crossed, market.Counters.Crossed);
        for (ushort i = 0; i < instruments.Length; i++) play.CompareLevels(i);
    }

    [SharedDataFact("itch/12302019_SNIPPET.NASDAQ_ITCH50")]
    public void Itch_from_the_middle_of_a_day_is_incomplete_and_its_known_orders_agree()
    {
        byte[] file = File.ReadAllBytes(SharedData.Find("itch/12302019_SNIPPET.NASDAQ_ITCH50"));
        var messages = new List<byte[]>();
        for (int at = 0; at < file.Length;)
        {
            int length = BinaryPrimitives.ReadUInt16BigEndian(file.AsSpan(at));
            messages.Add(file[(at + 2)..(at + 2 + length)]);
            at += 2 + length;
        }
        // Add Order (A and F) has its stock in the eight bytes from 24.
        string[] symbols = [.. messages.Where(m => m[0] is (byte)'A' or (byte)'F').Select(m => Encoding.ASCII.GetString(m, 24, 8).TrimEnd()).Distinct()];
        InstrumentDefinition[] instruments = [.. symbols.Select((s, i) => new InstrumentDefinition((ushort)i, s, 10_000, 1, 100, 1, 1))];
        var market = new MarketState(instruments, new MarketOptions { MaxOrders = 2_048, LevelsPerSide = 256 });
        var play = new Playback(market);
        int marks = 0;
        play.AtMark = touched =>
        {
            marks++;
            foreach (ushort i in touched) Assert.Equal(BookState.Incomplete, market.Top(i).State);
        };
        var statistics = new SourceStatistics();
        var decoder = new MoldItchDecoder(new SymbolMap(instruments), new(), statistics);
        var writer = new MoldPacketWriter(default, firstSequence: 1_000_000);
        var sink = new Playback.Sink(play);
        var state = new BatchState();
        long timeNs = 1_577_698_200 * Second;
        foreach (byte[] message in messages)
        {
            Assert.True(writer.TryAppend(message));
            var batch = new TickBatch<Playback.Sink, HostMonotonicClock>(ref sink, ref state, default, statistics, 0, 0, timeNs++);
            decoder.Decode(writer.Finish().Span, ref batch);
            batch.Flush();
        }
        Assert.Equal(0, statistics.DecodeErrors);
        Assert.True(marks > 500, $"{marks} marks");
        Assert.Equal(play.Books.Sum(b => b.Orders.Count), market.OrderCount);
        Assert.Equal(play.Books.Sum(b => b.UnknownOrders), market.Counters.UnknownOrders);
        Assert.True(market.OrderCount > 100);
        for (ushort i = 0; i < instruments.Length; i++) play.CompareLevels(i);
    }

    /// <summary>The weighted mean square of one-second returns of previous-tick samples, from the definition: half-life 60 s, calendar year.</summary>
    private static double Volatility(List<(long TimeNs, double Mid)> mids)
    {
        var samples = new List<double> { mids[0].Mid };
        int at = 0;
        for (long grid = mids[0].TimeNs + Second; grid <= mids[^1].TimeNs; grid += Second)
        {
            while (mids[at + 1].TimeNs < grid) at++;
            samples.Add(mids[at].Mid);
        }
        double squares = 0, weights = 0;
        for (int i = 1; i < samples.Count; i++)
        {
            double weight = Math.Pow(2, -(samples.Count - 1 - i) / 60.0);
            squares += weight * Math.Pow(Math.Log(samples[i] / samples[i - 1]), 2);
            weights += weight;
        }
        return Math.Sqrt(squares / weights * 365 * 86_400);
    }

    /// <summary>Events of a source into the market and the reference; a look at every mark.</summary>
    private sealed class Playback(MarketState market)
    {
        private RingEvent _claimed;

        public ReferenceBook[] Books { get; } = [.. Enumerable.Range(0, market.InstrumentCount).Select(_ => new ReferenceBook())];
        public Action<ushort[]> AtMark { get; set; } = _ => { };

        public void CompareLevels(ushort instrument)
        {
            ReferenceBook book = Books[instrument];
            foreach (Side side in new[] { Side.Buy, Side.Sell })
            {
                SortedDictionary<long, long> levels = side == Side.Buy ? book.Bids : book.Asks;
                Assert.Equal(levels.Count, market.LevelCount(instrument, side));
                foreach (var (price, quantity) in levels) Assert.Equal(quantity, market.QuantityAt(instrument, side, price));
            }
        }

        private void Take()
        {
            if (_claimed.Instrument == RingEvent.AllInstruments)
                foreach (ReferenceBook book in Books) book.Apply(_claimed);
            else
                Books[_claimed.Instrument].Apply(_claimed);
            market.Apply(ref _claimed);
            if (!_claimed.IsDecideMark) return;
            AtMark(market.Dirty.ToArray());
            market.ClearDirty();
        }

        public readonly struct Sink(Playback playback) : IEventSink
        {
            public long RemainingCapacity => long.MaxValue;
            public ref RingEvent Claim() => ref playback._claimed;
            public void Publish() => playback.Take();
        }
    }
}
