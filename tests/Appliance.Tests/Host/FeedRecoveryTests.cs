using System.Text.Json;
using Appliance.TestKit;

namespace Appliance.Tests.Host;

/// <summary>A tape that loses packets, with its re-request server and with a second line: the host trades on whole books, and its journal replays.</summary>
[Collection(ProcessTests.Name)]
public sealed class FeedRecoveryTests : IDisposable
{
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Lost_packets_are_asked_for_and_no_gap_is_left(bool secondLine)
    {
        string desk = _folder.Demo(d =>
        {
            (d["feed"]!["port"], d["feed"]!["recoveryHost"], d["feed"]!["recoveryAttempts"]) = (0, "127.0.0.1", 1_000);
            if (secondLine) (d["feed"]!["groupB"], d["feed"]!["portB"]) = ("239.192.7.2", 0);
        });
        var (code, output, errors) = ApplianceProcess.Run("run", "--profile", _folder.Profile("fused"), "--desk", desk, "--out", _folder.Out, "--report", _folder.ReportFile, "--no-console", "--seconds", "4", "--warm-up", "1", "--venue-option=--drop-share=0.05");
        Assert.True(code == 0, $"{output}\n{string.Join('\n', errors)}");
        JsonElement report = _folder.Report(), source = report.GetProperty("source");
        Assert.Equal((0, 0), (source.GetProperty("gaps").GetInt64(), source.GetProperty("sequenceResets").GetInt64()));
        // With two lines nearly every loss is made good before it is a hole: what both lose is chance.
        if (!secondLine) Assert.True(source.GetProperty("gapsFilled").GetInt64() > 0 && source.GetProperty("messagesRecovered").GetInt64() > 0, source.ToString());
        Assert.Equal(secondLine, source.GetProperty("lineDuplicates").GetInt64() > 100);
        Assert.True(report.GetProperty("orders").GetProperty("filled").GetInt64() > 0);
        Assert.True(report.GetProperty("statement").GetProperty("equal").GetBoolean());
        using (var statement = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder.Out, "venue", "statement.json"))))
            Assert.True(statement.RootElement.GetProperty("tape").GetProperty("droppedDatagrams").GetInt64() > 0);

        using var again = new RunFolder();
        (code, output, _) = ApplianceProcess.Run("replay", _folder.Journal, "--out", again.Out, "--report", again.ReportFile);
        Assert.True(code == 0, output);
        Assert.Equal(report.GetProperty("ordersSha256").GetString(), again.Report().GetProperty("ordersSha256").GetString());
    }

    [Fact]
    public void Every_mistake_in_a_lines_or_servers_keys_is_named()
    {
        string desk = _folder.Demo(d =>
        {
            JsonNodeSet(d, ("groupB", "10.0.0.1"), ("interfaceB", "eth0"), ("recoveryHost", "server"));
            (d["feed"]!["recoveryAttempts"], d["feed"]!["recoveryTimeoutMilliseconds"]) = (0, 0);
        });
        var (code, _, errors) = ApplianceProcess.Run("run", "--desk", desk, "--out", _folder.Out);
        Assert.Equal(2, code);
        foreach (string key in new[] { "groupB", "interfaceB", "recoveryHost", "recoveryAttempts", "recoveryTimeoutMilliseconds" })
            Assert.Contains(errors, e => e.Contains(key, StringComparison.Ordinal));

        static void JsonNodeSet(System.Text.Json.Nodes.JsonNode desk, params ReadOnlySpan<(string Key, string Value)> values)
        {
            foreach (var (key, value) in values) desk["feed"]![key] = value;
        }
    }
}
