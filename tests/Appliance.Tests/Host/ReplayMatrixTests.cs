using System.Globalization;
using System.Text.Json;
using Appliance.Contract;
using Appliance.Host.Configuration;
using Appliance.Ingest.Journal;
using Appliance.TestKit;

namespace Appliance.Tests.Host;

/// <summary>The journals of a capture's run and of a closed loop, each of a thousand orders and more, replay to the same orders in every topology, batch limit and pace.</summary>
[Collection(ProcessTests.Name)]
public sealed class ReplayMatrixTests : IDisposable
{
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SharedDataFact("pcap/iex/DEEP10.pcap.gz")]
    public void The_recorded_IEX_session_with_its_resets_and_halts()
    {
        string file = RunFolder.Shipped("desk/iex.json");
        var (code, output, errors) = ApplianceProcess.Run("run", "--profile", _folder.Profile("fused"), "--desk", file, "--capture", SharedData.Find("pcap/iex/DEEP10.pcap.gz"),
            "--out", _folder.Out, "--report", _folder.ReportFile, "--no-console");
        Assert.True(code == 0, output + string.Join('\n', errors));
        var report = _folder.Report();
        var source = report.GetProperty("source");
        Assert.Equal(121_314, source.GetProperty("packets").GetInt64());
        Assert.True(source.GetProperty("tornTail").GetBoolean());
        Assert.Equal(11, source.GetProperty("sequenceResets").GetInt64());
        Assert.Equal(11, report.GetProperty("market").GetProperty("feedResets").GetInt64());
        Assert.True(report.GetProperty("orders").GetProperty("filled").GetInt64() > 0);
        Assert.True(report.GetProperty("statement").GetProperty("equal").GetBoolean());

        string[] symbols = [.. Desk.Load(file, new ConfigurationErrors())!.Instruments.Select(i => i.Symbol)];
        var (halted, resumed, ordersWhileHalted) = Halts(symbols);
        // ZEXIT and MSFT by their trading status, at 15:07:39.081 and 15:10:08.630 UTC; ZIEXT and IRS by an operational halt between. All trade again when the feed begins anew at 15:19.
        Assert.Equal(["ZEXIT", "ZIEXT", "IRS", "MSFT"], halted);
        Assert.Equal(halted.Order(), resumed.Order());
        Assert.Equal(0, ordersWhileHalted);
        AssertReplaysAlike(_folder.Journal, report);
    }

    [Fact]
    public void A_closed_loop()
    {
        var (code, output, errors) = ApplianceProcess.Run("latency", "--profile", _folder.Profile("fused"), "--closed-loop", "--ticks", "60000", "--options", "20", "--order-every", "40", "--out", _folder.Out, "--report", _folder.ReportFile);
        Assert.True(code == 0, output + string.Join('\n', errors));
        var report = _folder.Report();
        AssertReplaysAlike(Assert.Single(Directory.GetFiles(Path.Combine(_folder.Out, "latency", "host", "journals"), "*.journal")), report);
    }

    private void AssertReplaysAlike(string journal, JsonElement recorded)
    {
        long orders = recorded.GetProperty("orders").GetProperty("approved").GetInt64();
        Assert.True(orders >= 1_000, $"{orders} orders");
        string hash = recorded.GetProperty("ordersSha256").GetString()!;
        // Two seconds and more, however long the recording lasted: slow beside the others.
        double pace = Math.Max(0.1, Seconds(journal) / 2);
        foreach (var (topology, batchLimit, speed) in new[] { ("fused", 1, 0), ("fused", 256, 0), ("paired", 1, 0), ("paired", 256, 0), ("staged", 1, 0), ("staged", 256, 0), ("staged", 1, pace), ("fused", 256, pace) })
        {
            using var folder = new RunFolder();
            var (code, output, errors) = ApplianceProcess.Run("replay", journal, "--profile", folder.Profile(topology, batchLimit), "--speed", speed.ToString(CultureInfo.InvariantCulture), "--out", folder.Out, "--report", folder.ReportFile);
            string what = $"{topology}, batches of {batchLimit}, speed {speed}: {output}{string.Join('\n', errors)}";
            Assert.True(code == 0, what);
            var report = folder.Report();
            Assert.True(report.GetProperty("ordersSha256").GetString() == hash, what);
            Assert.Equal(orders, report.GetProperty("orders").GetProperty("approved").GetInt64());
            Assert.StartsWith("equal", report.GetProperty("replay").GetString(), StringComparison.Ordinal);
        }
    }

    private static double Seconds(string journal)
    {
        using var reader = JournalReader.TryOpen(journal, out string? problem);
        Assert.True(reader is not null, problem);
        RingEvent e = default;
        long first = long.MaxValue, last = 0;
        while (reader.Read(ref e) == JournalRead.Event)
        {
            if (e.TimeUtcNs <= 0) continue;
            (first, last) = (Math.Min(first, e.TimeUtcNs), Math.Max(last, e.TimeUtcNs));
        }
        return (last - first) / 1e9;
    }

    /// <summary>Which of the desk's symbols the venue halted, one entry a halt, which of them traded again, and how many new orders the venue accepted for one that was halted.</summary>
    private (List<string> Halted, List<string> Resumed, int Accepted) Halts(string[] symbols)
    {
        using var reader = JournalReader.TryOpen(_folder.Journal, out string? problem);
        Assert.True(reader is not null, problem);
        var halted = new List<string>();
        var resumed = new List<string>();
        var now = new TradingStatus[symbols.Length];
        int accepted = 0;
        RingEvent e = default;
        while (reader.Read(ref e) == JournalRead.Event)
        {
            if (e.Kind == EventKind.ExecutionReported && now[e.Instrument] == TradingStatus.Halted && RingEvent.AsExecution(ref e).ExecutionKind == ExecutionKind.New) accepted++;
            if (e.Kind != EventKind.StatusChanged) continue;
            var status = (TradingStatus)RingEvent.AsTick(ref e).Detail;
            string symbol = symbols[e.Instrument];
            // Instruments are also stated as halted before the day's trading; a halt is what interrupts trading.
            if (status == TradingStatus.Halted && now[e.Instrument] == TradingStatus.Trading) halted.Add(symbol);
            if (status == TradingStatus.Trading && halted.Contains(symbol) && !resumed.Contains(symbol)) resumed.Add(symbol);
            now[e.Instrument] = status;
        }
        return (halted, resumed, accepted);
    }
}
