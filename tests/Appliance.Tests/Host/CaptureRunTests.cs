using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Appliance.TestKit;

namespace Appliance.Tests.Host;

/// <summary>A capture made here, run with paper fills: the same orders in every topology, batch limit and pace, and others when a price differs.</summary>
[Collection(ProcessTests.Name)]
public sealed class CaptureRunTests : IDisposable
{
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private JsonElement Run(string capture, string desk, string topology, int batchLimit, double speed = 0)
    {
        using var folder = new RunFolder();
        var (code, output, errors) = ApplianceProcess.Run("run", "--profile", folder.Profile(topology, batchLimit), "--desk", desk, "--capture", capture, "--speed", speed.ToString(CultureInfo.InvariantCulture),
            "--out", folder.Out, "--report", folder.ReportFile, "--no-console");
        Assert.True(code == 0, output + string.Join('\n', errors));
        var report = folder.Report();
        Assert.True(report.GetProperty("statement").GetProperty("equal").GetBoolean());
        return report;
    }

    private static string Hash(JsonElement report) => report.GetProperty("ordersSha256").GetString()!;

    [Fact]
    public void Orders_are_the_same_however_the_capture_is_run_and_differ_when_a_price_does()
    {
        string capture = _folder.Inside("walk.gz"), altered = _folder.Inside("altered.gz"), desk = _folder.Write("desk.json", WalkCapture.Desk);
        WalkCapture.Write(capture, seed: 7, lines: 4_000);
        WalkCapture.Write(altered, seed: 7, lines: 4_000, alteredStep: 400);

        var first = Run(capture, desk, "fused", 256);
        Assert.Equal(4_000, first.GetProperty("source").GetProperty("packets").GetInt64());
        Assert.Equal(0, first.GetProperty("source").GetProperty("decodeErrors").GetInt64());
        Assert.True(first.GetProperty("orders").GetProperty("filled").GetInt64() > 100, first.GetProperty("orders").ToString());
        string hash = Hash(first);
        foreach (var (topology, batchLimit) in new[] { ("fused", 1), ("paired", 1), ("paired", 256), ("staged", 1), ("staged", 256) })
            Assert.Equal(hash, Hash(Run(capture, desk, topology, batchLimit)));
        // The capture lasts some eight seconds: ten times as fast still waits between packets.
        Assert.Equal(hash, Hash(Run(capture, desk, "staged", 256, speed: 10)));
        Assert.NotEqual(hash, Hash(Run(altered, desk, "fused", 256)));
    }

    [SharedDataFact("l2_binance/binance_usdm_btcusdt_20240808.gz")]
    public void The_recorded_perpetual_is_accounted_for_and_hedged()
    {
        var report = Run(SharedData.Find("l2_binance/binance_usdm_btcusdt_20240808.gz"), RunFolder.Shipped("desk/btc-perp.json"), "fused", 256);
        var source = report.GetProperty("source");
        Assert.Equal((93_954, 93_954, 0), (source.GetProperty("packets").GetInt64(), source.GetProperty("messages").GetInt64(), source.GetProperty("decodeErrors").GetInt64()));
        long[] byType = [.. source.GetProperty("byMessageType").EnumerateObject().Select(p => p.Value.GetInt64()).OrderDescending()];
        Assert.Equal([66_089, 21_313, 6_551, 1], byType);
        // From the first line on: what a decompressing stream and a decoder keep is made before the run.
        Assert.Equal((0, 0, 0, 0), (report.GetProperty("memory").GetProperty("allocatedBytesHot").GetInt64(), report.GetProperty("memory").GetProperty("gc0").GetInt32(), report.GetProperty("memory").GetProperty("gc1").GetInt32(), report.GetProperty("memory").GetProperty("gc2").GetInt32()));
        var market = report.GetProperty("market");
        Assert.Equal((1, 0, 0), (market.GetProperty("bridged").GetInt64(), market.GetProperty("bridgeBreaks").GetInt64(), market.GetProperty("crossed").GetInt64()));
        foreach (var p in report.GetProperty("portfolios").EnumerateArray())
            Assert.InRange(p.GetProperty("hedgedPnlStdDev").GetDouble() / p.GetProperty("unhedgedPnlStdDev").GetDouble(), 0, 0.35);
        Assert.True(report.GetProperty("orders").GetProperty("approved").GetInt64() >= 1_000);
    }
}

/// <summary>Lines of a receive time and Binance JSON: a price that walks, its depth as diffs with one snapshot, best bid and offer, trades. From a seed.</summary>
internal static class WalkCapture
{
    private const long StartNs = 1_723_161_255_000_000_000;

    public const string Desk = """
        {
          "name": "walk", "currency": "USDT", "feed": { "kind": "binance-usdm" }, "venue": { "kind": "paper", "takerBps": 1, "makerBps": -0.5 },
          "instruments": [ { "symbol": "BTCUSDT", "priceUnitsPerOne": 100000000, "quantityUnitsPerOne": 100000000, "tickSize": 0.1, "lotSize": 0.001 } ],
          "portfolios": [
            { "name": "taker", "underlying": "BTCUSDT", "initialHedge": 50, "policy": { "kind": "delta-threshold", "threshold": 0.02 }, "execution": { "maximumChild": 1 },
              "options": [ { "right": "call", "strike": 60000, "expiry": "2024-08-10T08:00:00Z", "quantity": -100, "volatility": 0.5 } ] },
            { "name": "maker", "underlying": "BTCUSDT", "initialHedge": -50, "policy": { "kind": "delta-threshold", "threshold": 0.02 }, "execution": { "style": "passive", "maximumChild": 1, "passiveTimeoutMilliseconds": 200 },
              "options": [ { "right": "put", "strike": 60000, "expiry": "2024-08-10T08:00:00Z", "quantity": -100, "volatility": 0.5 } ] }
          ],
          "limits": { "maxOrderQuantity": 5, "maxOrderNotional": 500000, "maxPosition": 1000, "messagesPerSecond": 1000, "maxDailyLoss": 1e9 }
        }
        """;

    /// <param name="alteredStep">The step whose best bid and offer stand forty dollars higher than in the walk, in that one message; −1 none.</param>
    public static void Write(string path, int seed, int lines, int alteredStep = -1)
    {
        var random = new Random(seed);
        using var gzip = new StreamWriter(new GZipStream(File.Create(path), CompressionLevel.Fastest));
        long bidTicks = 600_000, timeNs = StartNs, updateId = 1_000, depthId = 1_000;
        var bids = new Dictionary<long, long>();
        var asks = new Dictionary<long, long>();
        bool snapshotSent = false;
        for (int written = 0, step = 0; written < lines; step++)
        {
            bidTicks += random.Next(-12, 13);
            // The chain names the depth update before, whatever identifiers the quotes took in between.
            long previous = depthId;
            depthId = updateId += 10;
            string bidDiff = Move(bids, bidTicks, -1, random), askDiff = Move(asks, bidTicks + 1, 1, random);
            Line($$"""{"stream":"btcusdt@depth@0ms","data":{"e":"depthUpdate","E":{{Ms()}},"T":{{Ms()}},"s":"BTCUSDT","U":{{previous + 1}},"u":{{updateId}},"pu":{{previous}},"b":[{{bidDiff}}],"a":[{{askDiff}}]} }""");
            if (!snapshotSent && step == 5)
            {
                snapshotSent = true;
                Line($$"""{"lastUpdateId":{{updateId}},"E":{{Ms()}},"T":{{Ms()}},"bids":[{{Levels(bids)}}],"asks":[{{Levels(asks)}}]}""");
            }
            long shift = step == alteredStep ? 400 : 0;
            updateId++;
            Line($$"""{"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":{{updateId}},"s":"BTCUSDT","b":"{{Price(bidTicks + shift)}}","B":"{{Quantity(bids[bidTicks])}}","a":"{{Price(bidTicks + 1 + shift)}}","A":"{{Quantity(asks[bidTicks + 1])}}","T":{{Ms()}},"E":{{Ms()}} } }""");
            if (random.Next(3) == 0)
                Line($$"""{"stream":"btcusdt@trade","data":{"e":"trade","E":{{Ms()}},"T":{{Ms()}},"s":"BTCUSDT","t":{{step + 1}},"p":"{{Price(random.Next(2) == 0 ? bidTicks : bidTicks + 1)}}","q":"0.{{random.Next(100, 999)}}","X":"MARKET","m":{{(random.Next(2) == 0 ? "true" : "false")}} } }""");

            void Line(string json)
            {
                if (written++ < lines) gzip.Write($"{timeNs} {json}\n");
                timeNs += random.Next(1_000_000, 3_000_000);
            }
        }

        string Ms() => (timeNs / 1_000_000).ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Five levels from the touch outwards replace what stood; the diff in the exchange's form, zero removing a level.</summary>
    private static string Move(Dictionary<long, long> side, long touchTicks, int outwards, Random random)
    {
        var now = Enumerable.Range(0, 5).ToDictionary(i => touchTicks + outwards * i, _ => (long)random.Next(200, 3_000));
        var diff = side.Keys.Where(p => !now.ContainsKey(p)).Select(p => (p, 0L)).Concat(now.Select(l => (l.Key, l.Value))).ToList();
        side.Clear();
        foreach (var (price, quantity) in now) side[price] = quantity;
        return string.Join(',', diff.Select(l => $"[\"{Price(l.Item1)}\",\"{Quantity(l.Item2)}\"]"));
    }

    private static string Levels(Dictionary<long, long> side) => string.Join(',', side.Select(l => $"[\"{Price(l.Key)}\",\"{Quantity(l.Value)}\"]"));
    private static string Price(long ticks) => string.Create(CultureInfo.InvariantCulture, $"{ticks / 10}.{ticks % 10}0");
    private static string Quantity(long thousandths) => string.Create(CultureInfo.InvariantCulture, $"{thousandths / 1000}.{thousandths % 1000:D3}");
}
