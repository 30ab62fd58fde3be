using System.IO.Compression;
using System.Text.Json;
using Appliance.Contract;
using Appliance.Ingest;
using Appliance.Ingest.Binance;
using Appliance.TestKit;

namespace Appliance.Tests.Ingest;

/// <summary>The real recordings: every line accounted for, and every field as another JSON reader and System.Decimal see it.</summary>
public class BinanceRecordingTests
{
    [SharedDataTheory("l2_binance")]
    [InlineData("binance_usdm_btcusdt_20240808.gz", "BTCUSDT", 93_954, 66_089, 21_313, 6_551)]
    [InlineData("binance_coinm_btcusd_perp_20240808.gz", "BTCUSD_PERP", 48_270, 19_136, 2_286, 26_847)]
    [InlineData("binance_spot_btcusdt_20240808.gz", "BTCUSDT", 41_249, 28_040, 9_757, 3_451)]
    public void Every_line_of_a_recording_is_accounted_for(string name, string symbol, int lines, int tickers, int trades, int depths)
    {
        using var source = Play(name, symbol, out List<RingEvent> events);
        SourceStatistics counts = source.Statistics;
        Assert.Equal(lines, counts.Packets);
        Assert.Equal(lines, counts.Messages);
        Assert.Equal(tickers, Count(counts, "bookTicker"));
        Assert.Equal(trades, Count(counts, "trade"));
        Assert.Equal(depths, Count(counts, "depthUpdate"));
        Assert.Equal(1, Count(counts, "snapshot"));
        Assert.Equal(lines, counts.MessageTypeCounts.Sum());
        Assert.Equal((0, 0, 0, false), (counts.DecodeErrors, counts.UnknownMessages, counts.IgnoredMessages, counts.TornTail));
        Assert.Equal(counts.Ticks, events.Count(e => e.Kind != EventKind.Timer));
        // One transaction a line, and time that never goes back.
        Assert.Equal(lines, events.Count(e => e.IsDecideMark));
        for (int i = 1; i < events.Count; i++) Assert.True(events[i].TimeUtcNs >= events[i - 1].TimeUtcNs);
        Assert.Equal(0, counts.BackwardTimes);
        // The recorder's clock ran about 1.27 s behind the exchange's; no latency is negative here, because sequenced time is the receiver's.
        Assert.InRange(counts.VenueClockLeadNsMin, 900_000_000, 1_280_000_000);
        Assert.InRange(counts.VenueClockLeadNsMax, 1_220_000_000, 1_290_000_000);
    }

    [SharedDataTheory("l2_binance")]
    [InlineData("binance_usdm_btcusdt_20240808.gz", "BTCUSDT")]
    [InlineData("binance_coinm_btcusd_perp_20240808.gz", "BTCUSD_PERP")]
    [InlineData("binance_spot_btcusdt_20240808.gz", "BTCUSDT")]
    public void Every_field_is_as_another_reader_sees_it(string name, string symbol)
    {
        using var source = Play(name, symbol, out List<RingEvent> events);
        List<RingEvent> market = events.FindAll(e => e.Kind != EventKind.Timer);
        using var text = new StreamReader(new GZipStream(File.OpenRead(SharedData.Find("l2_binance/" + name)), CompressionMode.Decompress));
        int at = 0;
        while (text.ReadLine() is { } line)
        {
            int space = line.IndexOf(' ', StringComparison.Ordinal);
            long receiveUtcNs = long.Parse(line.AsSpan(0, space));
            using JsonDocument document = JsonDocument.Parse(line.AsMemory(space + 1));
            JsonElement root = document.RootElement;
            JsonElement data = root.TryGetProperty("data", out JsonElement wrapped) ? wrapped : root;
            string kind = data.TryGetProperty("e", out JsonElement e) ? e.GetString()! : data.TryGetProperty("lastUpdateId", out _) ? "snapshot" : "bookTicker";
            int first = at;
            switch (kind)
            {
                case "bookTicker": CheckTicker(market[at++], data); break;
                case "trade": CheckTrade(market[at++], data); break;
                case "depthUpdate": at = CheckDepth(market, at, data, "b", "a", EventKind.DepthUpdate); break;
                default:
                    at = CheckDepth(market, at, data, "bids", "asks", EventKind.DepthSnapshot);
                    Assert.Equal(EventKind.DepthSnapshotEnd, market[at++].Kind);
                    break;
            }
            for (int i = first; i < at; i++)
                if (market[i].TimeUtcNs != receiveUtcNs || market[i].IsDecideMark != (i == at - 1)) Assert.Fail($"event {i}: time or decide mark");
        }
        Assert.Equal(market.Count, at);
    }

    [SharedDataFact("l2_binance/binance_usdm_btcusdt_20240808.gz")]
    public void Reading_a_recording_allocates_nothing_a_line_after_its_first()
    {
        byte[] lines;
        using (var unpacked = new MemoryStream())
        {
            using var stream = BinanceCapture.Open(SharedData.Find("l2_binance/binance_usdm_btcusdt_20240808.gz"));
            stream.CopyTo(unpacked);
            lines = unpacked.ToArray();
        }
        var sink = new CountingSink(new long[1]);
        // A whole pass first: what the runtime makes once a process (statics, compiled code's tables) is no cost of a line.
        using (var first = new BinanceCaptureSource<CountingSink, HostMonotonicClock>(new MemoryStream(lines), new BinanceCaptureOptions(), Map("BTCUSDT"), sink, new HostMonotonicClock()))
            while (!first.Ended) _ = first.Poll(256);
        using var source = new BinanceCaptureSource<CountingSink, HostMonotonicClock>(new MemoryStream(lines), new BinanceCaptureOptions(), Map("BTCUSDT"), sink, new HostMonotonicClock());
        _ = source.Poll(1_000);
        using var pause = new CollectorPause();
        long before = GC.GetAllocatedBytesForCurrentThread();
        while (!source.Ended) _ = source.Poll(256);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(93_954, source.Statistics.Messages);
    }

    private static BinanceCaptureSource<EventCollector.Sink, HostMonotonicClock> Play(string name, string symbol, out List<RingEvent> events)
    {
        var collector = new EventCollector();
        events = collector.Events;
        var source = new BinanceCaptureSource<EventCollector.Sink, HostMonotonicClock>(
            BinanceCapture.Open(SharedData.Find("l2_binance/" + name)), new BinanceCaptureOptions(), Map(symbol), collector.AsSink(), new HostMonotonicClock());
        while (!source.Ended) _ = source.Poll(256);
        return source;
    }

    private static SymbolMap Map(string symbol) => new([new InstrumentDefinition(0, symbol, FixedPoint.UnitsPerOne, FixedPoint.UnitsPerOne, 1, 1, 1)]);

    private static long Count(SourceStatistics counts, string type) => counts.MessageTypeCounts[Array.IndexOf(counts.MessageTypeNames, type)];

    private static long Units(JsonElement text) => checked((long)(decimal.Parse(text.GetString()!, System.Globalization.CultureInfo.InvariantCulture) * 100_000_000m));

    private static void CheckTicker(RingEvent e, JsonElement data)
    {
        Quote quote = RingEvent.AsQuote(ref e);
        Assert.Equal(EventKind.QuoteSet, e.Kind);
        Assert.Equal((Units(data.GetProperty("b")), Units(data.GetProperty("B")), Units(data.GetProperty("a")), Units(data.GetProperty("A"))),
            (quote.BidPriceUnits, quote.BidQuantityUnits, quote.AskPriceUnits, quote.AskQuantityUnits));
        Assert.Equal((uint)data.GetProperty("u").GetInt64(), quote.UpdateIdLow);
    }

    private static void CheckTrade(RingEvent e, JsonElement data)
    {
        Tick tick = RingEvent.AsTick(ref e);
        Assert.Equal((EventKind.Trade, data.GetProperty("m").GetBoolean() ? Side.Sell : Side.Buy), (e.Kind, e.Side));
        Assert.Equal((Units(data.GetProperty("p")), Units(data.GetProperty("q")), data.GetProperty("t").GetUInt64()),
            (tick.PriceUnits, tick.QuantityUnits, tick.Reference2));
    }

    private static int CheckDepth(List<RingEvent> events, int at, JsonElement data, string bids, string asks, EventKind kind)
    {
        RingEvent header = events[at++];
        UpdateRange range = RingEvent.AsUpdateRange(ref header);
        Assert.Equal(kind, range.Kind);
        Assert.Equal(data.GetProperty(bids).GetArrayLength() + data.GetProperty(asks).GetArrayLength(), range.Levels);
        Assert.Equal(Id("U"), range.FirstUpdateId);
        Assert.Equal(kind == EventKind.DepthSnapshot ? Id("lastUpdateId") : Id("u"), range.LastUpdateId);
        Assert.Equal(Id("pu"), range.PreviousUpdateId);
        foreach ((string list, Side side) in new[] { (bids, Side.Buy), (asks, Side.Sell) })
        {
            foreach (JsonElement level in data.GetProperty(list).EnumerateArray())
            {
                RingEvent e = events[at++];
                if ((e.Kind, e.Side, RingEvent.AsTick(ref e).PriceUnits, RingEvent.AsTick(ref e).QuantityUnits) != (EventKind.LevelSet, side, Units(level[0]), Units(level[1])))
                    Assert.Fail($"event {at - 1} is not level {level}");
            }
        }
        return at;

        long Id(string name) => data.TryGetProperty(name, out JsonElement id) ? id.GetInt64() : 0;
    }

    private readonly struct CountingSink(long[] count) : IEventSink
    {
        [ThreadStatic] private static RingEvent s_slot;
        public long RemainingCapacity => long.MaxValue;
        public ref RingEvent Claim() => ref s_slot;
        public void Publish() => count[0]++;
    }
}
