using System.Text.Json;
using Appliance.TestKit;

namespace Appliance.Tests.Host;

/// <summary>`appliance latency` once, tiny: it times nothing here, but its processes take their turns, and its report has the keys that other programs read.</summary>
[Collection(ProcessTests.Name)]
public sealed class LatencyCommandTests : IDisposable
{
    private const int Rate = 200, OrderEvery = 5, Pairs = 2;
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Both_sides_answer_in_turn_and_the_report_has_its_keys()
    {
        var (code, output, errors) = ApplianceProcess.Run("latency", "--profile", _folder.Profile("fused", more: "patientWatchdog"), "--rate", $"{Rate}", "--order-every", $"{OrderEvery}", "--seconds", "3", "--pairs", $"{Pairs}", "--options", "4",
            "--out", _folder.Out, "--report", _folder.ReportFile);
        // A busy machine may not keep even this load; that is an answer, too, and has its sentence.
        Assert.True(code == 0 || code == 1 && errors.Any(e => e.StartsWith("the run failed: ", StringComparison.Ordinal)), output + string.Join('\n', errors));
        JsonElement report = _folder.Report();
        bool hasFloor = File.Exists(RunFolder.Shipped("perf/peers/bin/udp_tcp_echo"));
        Assert.Equal(!hasFloor, errors.Any(e => e.Contains("the C floor is not compiled here", StringComparison.Ordinal)));
        foreach (JsonElement set in new[] { report, report.GetProperty("undisturbed") })
        {
            foreach (string key in new[] { "keptRate", "lateShare", "sent", "expectedOrders", "missedOrders", "floorExpected", "floorMissed", "wireNs", "floorNs", "ratio", "control" }) Assert.True(set.TryGetProperty(key, out _), key);
            if (!hasFloor)
            {
                Assert.Equal(JsonValueKind.Null, set.GetProperty("ratio").ValueKind);
                continue;
            }
            foreach (string percentile in new[] { "p50", "p99" })
            {
                // Two pairs decide nothing.
                Assert.Equal("none", set.GetProperty("ratio").GetProperty(percentile).GetProperty("verdict").GetString());
                Assert.True(set.GetProperty("control").GetProperty(percentile).TryGetProperty("median", out _));
            }
        }
        JsonElement slices = report.GetProperty("slices");
        int places = hasFloor ? 3 : 1, count = slices.GetProperty("count").GetInt32();
        Assert.True(count >= Pairs * places && count % (Pairs * places) == 0, $"{count} slices");
        Assert.InRange(slices.GetProperty("undisturbed").GetInt32(), 0, count);
        // Each slice of a tenth of a second has its share of the load, and each price move its latency, answered or not.
        Assert.Equal(count * Rate / 10, report.GetProperty("sent").GetInt64());
        long ours = report.GetProperty("expectedOrders").GetInt64(), floors = report.GetProperty("floorExpected").GetInt64();
        Assert.Equal(count * Rate / 10 / OrderEvery, ours + floors);
        Assert.Equal((ours, hasFloor ? 2 * ours : 0), (report.GetProperty("wireNs").GetProperty("count").GetInt64(), floors));
        Assert.True(report.GetProperty("orders").GetProperty("sent").GetInt64() > 0);
        Assert.Contains(hasFloor ? "wire to wire, undisturbed, p99" : "hiccups", output, StringComparison.Ordinal);
    }
}
