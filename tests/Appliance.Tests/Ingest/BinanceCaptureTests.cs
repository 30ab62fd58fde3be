using System.IO.Compression;
using System.Text;
using Appliance.Contract;
using Appliance.Ingest;
using Appliance.Ingest.Binance;
using Appliance.TestKit;

namespace Appliance.Tests.Ingest;

/// <summary>Lines written here, after the exchange's published formats.</summary>
public class BinanceCaptureTests
{
    private const string Time = "1723161255030314667 ";
    private const string Depth = """
        {"stream":"btcusdt@depth@0ms","data":{"e":"depthUpdate","E":1723161256299,"T":1723161256298,"s":"BTCUSDT","U":5,"u":9,"pu":4,"b":[["61496.50","0.010"],["61510.90","0.000"]],"a":[["61800.4","1.2"]]}}
        """;
    private const string Ticker = """
        {"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":8589934599,"s":"BTCUSDT","b":"61800.20","B":"2.507","a":"61800.30","A":"2.510","T":1723161256313,"E":1723161256313}}
        """;
    private const string Sale = """
        {"stream":"btcusdt@trade","data":{"e":"trade","E":1723161256322,"T":1723161256322,"s":"BTCUSDT","t":5266583935,"p":"61800.30","q":"0.006","X":"MARKET","m":true}}
        """;
    private const string Snapshot = """
        {"lastUpdateId":7,"E":1723161256501,"T":1723161256493,"bids":[["61800.20","2.909"],["61800.10","0.696"]],"asks":[["61800.30","1"]]}
        """;

    [Fact]
    public void A_depth_update_is_a_header_and_its_levels_with_one_decide_mark()
    {
        Run run = Play(Time + Depth);
        Assert.Equal([EventKind.DepthUpdate, EventKind.LevelSet, EventKind.LevelSet, EventKind.LevelSet], run.Kinds);
        RingEvent header = run.Events[0];
        UpdateRange range = RingEvent.AsUpdateRange(ref header);
        Assert.Equal((5L, 9L, 4L, 3), (range.FirstUpdateId, range.LastUpdateId, range.PreviousUpdateId, range.Levels));
        Assert.Equal((Side.Buy, 61_496_50000000L, 1000000L), Level(run.Events[1]));
        Assert.Equal((Side.Buy, 61_510_90000000L, 0L), Level(run.Events[2]));
        Assert.Equal((Side.Sell, 61_800_40000000L, 1_20000000L), Level(run.Events[3]));
        Assert.Equal([false, false, false, true], run.Events.Select(e => e.IsDecideMark));
        Assert.All(run.Events, e => Assert.Equal((1723161255030314667L, (ushort)3, (ushort)2), (e.TimeUtcNs, e.Instrument, e.Source)));
    }

    [Fact]
    public void A_depth_update_without_levels_is_its_own_decide_mark()
    {
        Run run = Play(Time + Depth.Replace("""["61496.50","0.010"],["61510.90","0.000"]""", "").Replace("""["61800.4","1.2"]""", ""));
        Assert.Equal([EventKind.DepthUpdate], run.Kinds);
        Assert.True(run.Events[0].IsDecideMark);
    }

    [Fact]
    public void A_snapshot_is_bracketed_flagged_and_belongs_to_the_depth_before_it()
    {
        Run run = Play(Time + Depth, Time + Snapshot);
        Assert.Equal([EventKind.DepthSnapshot, EventKind.LevelSet, EventKind.LevelSet, EventKind.LevelSet, EventKind.DepthSnapshotEnd], run.Kinds[4..]);
        Assert.All(run.Events[4..], e => Assert.True((e.Flags & EventFlags.Snapshot) != 0));
        Assert.Equal([false, false, false, false, true], run.Events[4..].Select(e => e.IsDecideMark));
        RingEvent first = run.Events[4], last = run.Events[8];
        Assert.Equal(7, RingEvent.AsUpdateRange(ref first).LastUpdateId);
        Assert.Equal(3, RingEvent.AsUpdateRange(ref first).Levels);
        Assert.Equal(7, RingEvent.AsUpdateRange(ref last).LastUpdateId);
        Assert.Equal(3, first.Instrument);
    }

    [Fact]
    public void A_snapshot_before_any_depth_belongs_to_the_only_instrument()
    {
        Assert.Equal(5, Play(Time + Snapshot).Events.Count);
        var two = new SymbolMap([Instrument(3, "BTCUSDT"), Instrument(4, "ETHUSDT")]);
        Run run = Play(two, Time + Snapshot);
        Assert.Empty(run.Events);
        Assert.Equal("line 1: a snapshot without symbol, and the depth messages before it are of none or several", run.Statistics.FirstError);
    }

    [Fact]
    public void A_snapshot_after_depth_of_two_symbols_is_nobodys()
    {
        Run run = Play(Time + Depth, Time + Depth.Replace("BTCUSDT", "ETHUSDT"), Time + Snapshot);
        Assert.Equal(1, run.Statistics.DecodeErrors);
        Assert.Equal(4, run.Events.Count);
        Run named = Play(Time + Depth, Time + Depth.Replace("BTCUSDT", "ETHUSDT"), Time + Snapshot.Replace("\"T\"", "\"symbol\":\"BTCUSDT\",\"T\""));
        Assert.Equal(0, named.Statistics.DecodeErrors);
        Assert.Equal(9, named.Events.Count);
    }

    [Theory]
    [InlineData("true", Side.Sell)]
    [InlineData("false", Side.Buy)]
    public void The_side_of_a_trade_is_the_aggressors(string buyerIsMaker, Side expected)
    {
        Run run = Play(Time + Sale.Replace("\"m\":true", "\"m\":" + buyerIsMaker));
        RingEvent e = Assert.Single(run.Events);
        Assert.Equal((EventKind.Trade, expected, true), (e.Kind, e.Side, e.IsDecideMark));
        Assert.Equal((61_800_30000000L, 600000L, 5266583935UL), (RingEvent.AsTick(ref e).PriceUnits, RingEvent.AsTick(ref e).QuantityUnits, RingEvent.AsTick(ref e).Reference2));
    }

    [Fact]
    public void A_book_ticker_is_a_quote_whether_or_not_it_names_itself()
    {
        const string spot = """{"stream":"btcusdt@bookTicker","data":{"u":8589934599,"s":"BTCUSDT","b":"61800.20000000","B":"2.50700000","a":"61800.30000000","A":"2.51000000"}}""";
        foreach (string ticker in new[] { Ticker, spot })
        {
            RingEvent e = Assert.Single(Play(Time + ticker).Events);
            Quote quote = RingEvent.AsQuote(ref e);
            Assert.Equal((EventKind.QuoteSet, true), (quote.Kind, e.IsDecideMark));
            Assert.Equal((61_800_20000000L, 2_50700000L, 61_800_30000000L, 2_51000000L),
                (quote.BidPriceUnits, quote.BidQuantityUnits, quote.AskPriceUnits, quote.AskQuantityUnits));
            Assert.Equal(7u, quote.UpdateIdLow);
        }
    }

    [Fact]
    public void Aggregated_trades_count_until_single_trades_come()
    {
        const string aggregate = """{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":1,"s":"BTCUSDT","a":77,"p":"61800.3","q":"0.5","f":1,"l":2,"T":1,"m":false}}""";
        Run run = Play(Time + aggregate, Time + Sale, Time + aggregate);
        Assert.Equal(2, run.Events.Count);
        RingEvent first = run.Events[0];
        Assert.Equal(77UL, RingEvent.AsTick(ref first).Reference2);
        Assert.Equal(1, run.Source.RepeatedPrints);
        Assert.Equal(2, run.CountOf("aggTrade"));
        run.AssertAccounted(3);
    }

    [Fact]
    public void A_print_without_price_makes_no_event()
    {
        Run run = Play(Time + Sale.Replace("61800.30", "0").Replace("0.006", "0").Replace("MARKET", "NA"));
        Assert.Empty(run.Events);
        Assert.Equal(1, run.Source.EmptyPrints);
        run.AssertAccounted(1);
    }

    [Fact]
    public void Messages_without_a_meaning_here_are_counted_under_their_names()
    {
        Run run = Play(
            Time + """{"stream":"btcusdt@markPrice","data":{"e":"markPriceUpdate","E":1,"s":"BTCUSDT","p":"1","P":"","i":"2","r":"","T":0}}""",
            Time + """{"stream":"!forceOrder@arr","data":{"e":"forceOrder","E":1,"o":{"s":"BTCUSDT","q":"x","b":[1]}}}""",
            Time + """{"stream":"btcusdt@markPrice","data":{"e":"markPriceUpdate","p":"not a number","a":[7]}}""",
            Time + """{"result":null,"id":1}""",
            Time + Depth.Replace("@depth@0ms", "@depth20@100ms"));
        Assert.Empty(run.Events);
        Assert.Equal(0, run.Statistics.DecodeErrors);
        Assert.Equal(5, run.Statistics.UnknownMessages);
        Assert.Equal(2, run.CountOf("markPriceUpdate"));
        Assert.Equal(1, run.CountOf("forceOrder"));
        Assert.Equal(1, run.CountOf("(unnamed)"));
        Assert.Equal(1, run.CountOf("partialDepth"));
        run.AssertAccounted(5);
    }

    [Fact]
    public void More_unknown_names_than_there_is_room_for_are_counted_together()
    {
        Run run = Play([.. Enumerable.Range(0, 400).Select(i => Time + $$"""{"e":"event{{i}}"}""")]);
        Assert.Equal(400, run.Statistics.UnknownMessages);
        Assert.Equal(400 - 239, run.CountOf("(further names)"));
        run.AssertAccounted(400);
    }

    [Fact]
    public void Another_symbols_messages_are_counted_and_make_no_event()
    {
        Run run = Play(Time + Ticker.Replace("BTCUSDT", "ETHUSDT"));
        Assert.Empty(run.Events);
        Assert.Equal(1, run.Statistics.IgnoredMessages);
        run.AssertAccounted(1);
    }

    [Theory]
    [InlineData("{\"e\":\"trade\"", "malformed JSON")]
    [InlineData("[1,2]", "malformed JSON")]
    [InlineData("{\"e\":\"x\"} trailing", "malformed JSON")]
    [InlineData("{\"e\":\"trade\",\"s\":\"BTCUSDT\",\"t\":1,\"p\":\"1.123456789\",\"q\":\"1\",\"m\":true}", "no decimal number")]
    [InlineData("{\"e\":\"trade\",\"s\":\"BTCUSDT\",\"t\":1,\"p\":\"1e5\",\"q\":\"1\",\"m\":true}", "no decimal number")]
    [InlineData("{\"e\":\"trade\",\"s\":\"BTCUSDT\",\"t\":1,\"p\":1.5,\"q\":\"1\",\"m\":true}", "no decimal number")]
    [InlineData("{\"e\":\"trade\",\"s\":\"BTCUSDT\",\"t\":1.5,\"p\":\"1\",\"q\":\"1\",\"m\":true}", "no whole number")]
    [InlineData("{\"e\":\"trade\",\"s\":\"BTCUSDT\",\"t\":1,\"p\":\"1\",\"q\":\"1\"}", "a field of its kind is missing")]
    [InlineData("{\"e\":\"depthUpdate\",\"s\":\"BTCUSDT\",\"U\":1,\"u\":2,\"b\":[[\"1\",2]],\"a\":[]}", "list of levels")]
    [InlineData("{\"e\":\"depthUpdate\",\"s\":\"BTCUSDT\",\"U\":1,\"u\":2,\"b\":[{\"p\":[]}],\"a\":[]}", "list of levels")]
    [InlineData("{\"e\":\"depthUpdate\",\"s\":\"BTCUSDT\",\"U\":1,\"u\":2,\"b\":[[]],\"a\":[]}", "list of levels")]
    [InlineData("{\"e\":\"depthUpdate\",\"s\":\"BTCUSDT\",\"U\":1,\"u\":2,\"b\":[[\"0.0\",\"2\"]],\"a\":[]}", "price zero")]
    [InlineData("{\"e\":\"depthUpdate\",\"s\":\"BTCUSDT\",\"U\":1,\"u\":2,\"b\":7,\"a\":[]}", "a field of its kind is missing")]
    [InlineData("{\"lastUpdateId\":1,\"bids\":7,\"asks\":[]}", "list of levels")]
    public void A_message_that_cannot_be_used_is_one_counted_error_and_the_next_is_read(string json, string words)
    {
        Run run = Play(Time + json, Time + Ticker);
        Assert.Equal([EventKind.QuoteSet], run.Kinds);
        Assert.Equal(1, run.Statistics.DecodeErrors);
        Assert.StartsWith("line 1: ", run.Statistics.FirstError, StringComparison.Ordinal);
        Assert.Contains(words, run.Statistics.FirstError, StringComparison.Ordinal);
        run.AssertAccounted(2);
    }

    [Theory]
    [InlineData("")]
    [InlineData("17231612550303146 {\"e\":\"x\"}")]
    [InlineData("1723161255030314667{\"e\":\"x\"}")]
    [InlineData("9999999999999999999 {\"e\":\"x\"}")]
    public void A_line_without_receive_time_in_nanoseconds_is_a_counted_error(string line)
    {
        Run run = Play(line, Time + Ticker);
        Assert.Equal([EventKind.QuoteSet], run.Kinds);
        Assert.Contains("does not begin with a receive time", run.Statistics.FirstError, StringComparison.Ordinal);
        run.AssertAccounted(2);
    }

    [Fact]
    public void Fields_may_come_in_any_order()
    {
        Run run = Play(Time + """{"data":{"m":false,"q":"0.006","X":"MARKET","p":"61800.30","t":1,"s":"BTCUSDT","T":1,"E":2,"e":"trade"},"stream":"btcusdt@trade"}""");
        Assert.Equal([EventKind.Trade], run.Kinds);
    }

    [Fact]
    public void A_line_longer_than_the_buffer_is_skipped_and_the_next_one_read()
    {
        var options = new BinanceCaptureOptions(SourceIndex: 2, TimerPeriodMs: 0, LineBytesMax: 1_024);
        Run run = Play(options, Map, Encoding.ASCII.GetBytes($"{Time}{Ticker}\n{Time}{{\"e\":\"{new string('x', 5_000)}\"}}\n{Time}{Ticker}\n"));
        Assert.Equal([EventKind.QuoteSet, EventKind.QuoteSet], run.Kinds);
        Assert.Equal("line 2: longer than 1024 bytes", run.Statistics.FirstError);
        run.AssertAccounted(3);
    }

    [Fact]
    public void A_line_that_just_fits_the_buffer_is_read_wherever_it_starts()
    {
        string line = Time + Ticker;
        int padding = 1_024 - 1 - line.Length;
        // Leading blanks are JSON's own; the line with its end is exactly as long as the buffer.
        string full = Time + new string(' ', padding) + Ticker;
        for (int before = 0; before < 4; before++)
        {
            var options = new BinanceCaptureOptions(SourceIndex: 2, TimerPeriodMs: 0, LineBytesMax: 1_024);
            string text = string.Concat(Enumerable.Repeat(line + "\n", before)) + full + "\n" + line + "\n";
            Run run = Play(options, Map, Encoding.ASCII.GetBytes(text));
            Assert.Equal(before + 2, run.Events.Count);
        }
    }

    [Fact]
    public void More_levels_than_stated_are_a_counted_error()
    {
        var options = new BinanceCaptureOptions(SourceIndex: 2, TimerPeriodMs: 0, LevelsMax: 2);
        Run run = Play(options, Map, Encoding.ASCII.GetBytes($"{Time}{Depth}\n{Time}{Ticker}\n"));
        Assert.Equal([EventKind.QuoteSet], run.Kinds);
        Assert.Equal("line 1: more than 2 levels", run.Statistics.FirstError);
    }

    [Fact]
    public void A_last_line_cut_short_is_a_torn_tail_wherever_it_is_cut()
    {
        string line = Time + Ticker;
        for (int length = 1; length < line.Length; length += 7)
        {
            Run run = PlayText($"{line}\n{line[..length]}");
            Assert.Single(run.Events);
            Assert.True(run.Statistics.TornTail);
            Assert.Equal("line 2: the capture ends inside it", run.Source.TailError);
            run.AssertAccounted(1);
        }
        Run whole = PlayText($"{line}\n{line}");
        Assert.Equal(2, whole.Events.Count);
        Assert.False(whole.Statistics.TornTail);
    }

    [Fact]
    public void A_gzip_file_cut_short_or_damaged_gives_what_can_be_read_and_says_so()
    {
        var random = new Random(1);
        string text = string.Concat(Enumerable.Range(0, 5_000).Select(i => Time + Ticker.Replace("2.507", $"{random.Next(1, 999)}.{random.Next(1, 999)}") + "\n"));
        byte[] packed = Gzip(text);
        foreach (int cut in new[] { packed.Length / 3, packed.Length / 2, packed.Length - 9, packed.Length - 3 })
        {
            Run run = PlayFile(packed.AsSpan(0, cut).ToArray());
            Assert.True(run.Statistics.TornTail, $"cut at {cut} of {packed.Length}");
            Assert.InRange(run.Events.Count, cut < packed.Length - 9 ? 1 : 4_900, 5_000);
            Assert.Equal(0, run.Statistics.DecodeErrors);
            Assert.NotNull(run.Source.TailError);
        }
        byte[] damaged = [.. packed];
        damaged.AsSpan(packed.Length / 2, 40).Clear();
        Run wrong = PlayFile(damaged);
        Assert.True(wrong.Statistics.TornTail || wrong.Statistics.DecodeErrors > 0);
        Assert.NotNull(wrong.Statistics.FirstError);
        Assert.Equal(5_000, PlayFile(packed).Events.Count);
        Assert.False(PlayFile(packed).Statistics.TornTail);
    }

    [Fact]
    public void Timers_come_at_capture_times_boundaries_before_the_line_that_crosses_them()
    {
        Run run = Play(new BinanceCaptureOptions(TimerPeriodMs: 10), Map, Encoding.ASCII.GetBytes(string.Concat(
            "1700000000000000001 ", Ticker, "\n",
            "1700000000009999999 ", Ticker, "\n",
            "1700000000010000000 ", Ticker, "\n",
            "1700000000035000000 ", Ticker, "\n")));
        Assert.Equal(
            [EventKind.QuoteSet, EventKind.QuoteSet, EventKind.Timer, EventKind.QuoteSet, EventKind.Timer, EventKind.Timer, EventKind.QuoteSet], run.Kinds);
        Assert.Equal([1700000000010000000, 1700000000020000000, 1700000000030000000],
            run.Events.Where(e => e.Kind == EventKind.Timer).Select(e => e.TimeUtcNs));
        RingEvent timer = run.Events[2];
        Assert.Equal(10, RingEvent.AsControl(ref timer).Code);
        Assert.Equal(RingEvent.AllInstruments, timer.Instrument);
    }

    [Fact]
    public void A_jump_of_the_recorders_clock_does_not_flood_the_ring_with_timers()
    {
        Run run = Play(new BinanceCaptureOptions(TimerPeriodMs: 10), Map, Encoding.ASCII.GetBytes(
            $"{{}}\n1700000000000000001 {Ticker}\n1800000000000000001 {Ticker}\n"));
        Assert.Equal(2, run.Kinds.Count(kind => kind == EventKind.QuoteSet));
        // Of the three years' silence its last hour.
        Assert.InRange(run.Kinds.Count(kind => kind == EventKind.Timer), 360_000, 360_001);
        Assert.Equal(1, run.Statistics.DecodeErrors);
    }

    [Fact]
    public void Time_never_goes_back()
    {
        Run run = Play($"1700000000000000005 {Ticker}", $"1700000000000000003 {Ticker}", $"1700000000000000009 {Ticker}");
        Assert.Equal([1700000000000000005, 1700000000000000005, 1700000000000000009], run.Events.Select(e => e.TimeUtcNs));
        Assert.Equal(1, run.Statistics.BackwardTimes);
    }

    [Fact]
    public void A_message_waits_until_the_ring_has_room_for_all_of_it()
    {
        var collector = new EventCollector { Room = 3 };
        using var source = new BinanceCaptureSource<EventCollector.Sink, HostMonotonicClock>(
            new MemoryStream(Encoding.ASCII.GetBytes($"{Time}{Depth}\n{Time}{Ticker}\n")), new BinanceCaptureOptions(TimerPeriodMs: 0), Map, collector.AsSink(), new HostMonotonicClock());
        Assert.Equal(0, source.Poll(10));
        Assert.Empty(collector.Events);
        collector.Room = 4;
        Assert.Equal(1, source.Poll(10));
        Assert.Equal(4, collector.Events.Count);
        collector.Room = 1;
        Assert.Equal(1, source.Poll(10));
        Assert.Equal(0, source.Poll(10));
        Assert.True(source.Ended);
        Assert.All(collector.Events, e => Assert.NotEqual(0, e.ReceivedNs));
    }

    [Fact]
    public void The_venues_clock_lead_is_measured_and_a_snapshot_has_no_part_in_it()
    {
        Run run = Play($"1723161255030314667 {Depth}", $"1723161255300000000 {Ticker}", $"1723161259999999999 {Snapshot}");
        Assert.Equal(1723161256313000000 - 1723161255300000000, run.Statistics.VenueClockLeadNsMin);
        Assert.Equal(1723161256299000000 - 1723161255030314667, run.Statistics.VenueClockLeadNsMax);
    }

    [Fact]
    public void A_captures_first_line_is_recognised()
    {
        Assert.True(BinanceCapture.LooksLike(Encoding.ASCII.GetBytes(Time + Depth)));
        Assert.False(BinanceCapture.LooksLike("{\"e\":\"trade\"}"u8));
        Assert.False(BinanceCapture.LooksLike("1723161255030314667 hello"u8));
        Assert.False(BinanceCapture.LooksLike([0xA1, 0xB2, 0xC3, 0xD4]));
        Assert.False(BinanceCapture.LooksLike([]));
    }

    private static SymbolMap Map { get; } = new([Instrument(3, "BTCUSDT")]);

    private static InstrumentDefinition Instrument(ushort index, string symbol) =>
        new(index, symbol, FixedPoint.UnitsPerOne, FixedPoint.UnitsPerOne, 1000000, 100000, 1);

    private static (Side, long, long) Level(RingEvent e) => (e.Side, RingEvent.AsTick(ref e).PriceUnits, RingEvent.AsTick(ref e).QuantityUnits);

    private static Run Play(params string[] lines) => Play(Map, lines);
    private static Run PlayText(string text) => Play(NoTimers, Map, Encoding.ASCII.GetBytes(text));
    private static Run Play(SymbolMap map, params string[] lines) =>
        Play(NoTimers, map, Encoding.ASCII.GetBytes(string.Concat(lines.Select(line => line.Trim('\n') + "\n"))));

    private static BinanceCaptureOptions NoTimers { get; } = new(SourceIndex: 2, TimerPeriodMs: 0);

    private static Run Play(BinanceCaptureOptions options, SymbolMap map, byte[] bytes) => Run.Of(new MemoryStream(bytes), options, map);

    private static Run PlayFile(byte[] bytes)
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, bytes);
            return Run.Of(BinanceCapture.Open(path), NoTimers, Map);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static byte[] Gzip(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal)) gzip.Write(Encoding.ASCII.GetBytes(text));
        return packed.ToArray();
    }

    private sealed record Run(BinanceCaptureSource<EventCollector.Sink, HostMonotonicClock> Source, List<RingEvent> Events)
    {
        public SourceStatistics Statistics => Source.Statistics;
        public EventKind[] Kinds => [.. Events.Select(e => e.Kind)];
        public long CountOf(string type) => Statistics.MessageTypeCounts[Array.IndexOf(Statistics.MessageTypeNames, type)];

        public static Run Of(Stream stream, BinanceCaptureOptions options, SymbolMap map)
        {
            var collector = new EventCollector();
            using var source = new BinanceCaptureSource<EventCollector.Sink, HostMonotonicClock>(stream, options, map, collector.AsSink(), new HostMonotonicClock());
            while (!source.Ended) _ = source.Poll(64);
            return new Run(source, collector.Events);
        }

        public void AssertAccounted(long lines)
        {
            Assert.Equal(lines, Statistics.Packets);
            Assert.Equal(lines, Statistics.Messages + Statistics.DecodeErrors);
            Assert.Equal(Statistics.Messages, Statistics.MessageTypeCounts.Sum());
        }
    }
}
