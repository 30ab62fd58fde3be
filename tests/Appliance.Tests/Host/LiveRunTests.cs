using System.Text.Json;
using Appliance.TestKit;

namespace Appliance.Tests.Host;

/// <summary>`make run` in small: the shipped demo desk against the embedded venue, once for all tests of the class.</summary>
public sealed class DemoRun : IDisposable
{
    internal readonly RunFolder Folder = new();
    internal readonly int Code;
    internal readonly string Output;
    internal readonly JsonElement Report;

    public DemoRun()
    {
        (Code, Output, string[] errors) = ApplianceProcess.Run("run", "--profile", RunFolder.Shipped("hw-config/default.json"), "--desk", RunFolder.Shipped("desk/demo.json"),
            "--seconds", "4", "--warm-up", "1", "--out", Folder.Out, "--report", Folder.ReportFile);
        Assert.True(File.Exists(Folder.ReportFile), $"no report, exit code {Code}: {Output} {string.Join('\n', errors)}");
        Report = Folder.Report();
    }

    public void Dispose() => Folder.Dispose();
}

[Collection(ProcessTests.Name)]
public sealed class LiveRunTests(DemoRun run) : IClassFixture<DemoRun>
{
    [Fact]
    public void It_ends_by_itself_having_traded_and_agrees_with_the_venue()
    {
        Assert.Equal(0, run.Code);
        var orders = run.Report.GetProperty("orders");
        foreach (string count in new[] { "intents", "approved", "sent", "filled" }) Assert.True(orders.GetProperty(count).GetInt64() > 0, count);
        Assert.True(run.Report.GetProperty("statement").GetProperty("equal").GetBoolean());
        Assert.Contains("equal the venue's", run.Output, StringComparison.Ordinal);
        Assert.Empty(run.Report.GetProperty("warnings").EnumerateArray());
        Assert.True(File.Exists(Path.ChangeExtension(run.Folder.ReportFile, ".html")));
        Assert.True(File.Exists(Path.ChangeExtension(run.Folder.ReportFile, ".hgrm")));
    }

    [Fact]
    public void The_report_has_our_account_in_the_terms_of_the_statement()
    {
        var theirs = run.Folder.Statement().GetProperty("positions").EnumerateArray().ToDictionary(p => p.GetProperty("symbol").GetString()!);
        foreach (var ours in run.Report.GetProperty("account").EnumerateArray())
        {
            var their = theirs[ours.GetProperty("symbol").GetString()!];
            Assert.Equal(their.GetProperty("quantityUnits").GetInt64(), ours.GetProperty("quantityUnits").GetInt64());
            Assert.Equal(their.GetProperty("cash").GetDouble(), ours.GetProperty("cash").GetDouble(), 1e-6);
            Assert.Equal(their.GetProperty("fees").GetDouble(), ours.GetProperty("fees").GetDouble(), 1e-6);
        }
    }

    public static TheoryData<string> Keys()
    {
        var keys = new TheoryData<string>();
        Add("source", "kind packets messages ticks gaps sequenceResets tornTail decodeErrors byMessageType");
        Add("orders", "intents approved rejectedByGate sent filled cancelled rejectedByVenue");
        Add("portfolios[]", "name pnl optionPnl hedgePnl costs rebalances absDeltaMean absDeltaMax shareOfTimeInBand unhedgedPnlStdDev hedgedPnlStdDev");
        foreach (string stage in new[] { "decoded", "consumed", "featured", "priced", "decided", "gated", "encoded", "sent", "tickToOrder", "tickToSent" })
            Add("latencyNs." + stage, "count p50 p90 p99 p999 max");
        Add("memory", "allocatedBytesPerTick gc0 gc1 gc2 pageFaultsHot involuntarySwitchesHot");
        Add("decisions", "total onExpansion");
        keys.Add("ordersSha256");
        return keys;

        void Add(string path, string names)
        {
            foreach (string name in names.Split(' ')) keys.Add($"{path}.{name}");
        }
    }

    [Theory]
    [MemberData(nameof(Keys))]
    public void The_report_has_the_stable_key(string path)
    {
        var at = run.Report;
        foreach (string step in path.Split('.'))
        {
            bool isList = step.EndsWith("[]", StringComparison.Ordinal);
            Assert.True(at.TryGetProperty(isList ? step[..^2] : step, out at), path);
            if (!isList) continue;
            Assert.True(at.GetArrayLength() > 0, path);
            at = at[0];
        }
        Assert.NotEqual(JsonValueKind.Null, at.ValueKind);
    }

    [Theory]
    [InlineData("fused", 1)]
    [InlineData("paired", 1)]
    [InlineData("paired", 256)]
    [InlineData("staged", 256)]
    public void Its_journal_replays_to_the_same_orders(string topology, int batchLimit)
    {
        using var folder = new RunFolder();
        var (code, output, errors) = ApplianceProcess.Run("replay", run.Folder.Journal, "--profile", folder.Profile(topology, batchLimit), "--out", folder.Out, "--report", folder.ReportFile);
        Assert.True(code == 0, output + string.Join('\n', errors));
        var report = folder.Report();
        Assert.Equal(run.Report.GetProperty("ordersSha256").GetString(), report.GetProperty("ordersSha256").GetString());
        Assert.Equal(run.Report.GetProperty("orders").GetProperty("approved").GetInt64(), report.GetProperty("orders").GetProperty("approved").GetInt64());
        Assert.StartsWith("equal", report.GetProperty("replay").GetString(), StringComparison.Ordinal);
        Assert.Equal(topology, report.GetProperty("topology").GetString());
        // The journal is all it had: no venue and no session.
        Assert.False(Directory.Exists(Path.Combine(folder.Out, "session")) || Directory.Exists(Path.Combine(folder.Out, "venue")));
    }
}

/// <summary>Tests that start processes run one after another: each has the processors that it reckons with.</summary>
[CollectionDefinition(Name)]
public sealed class ProcessTests
{
    public const string Name = "processes";
}
