using System.Text.Json;
using Appliance.Contract;
using Appliance.TestKit;

namespace Appliance.Tests.Host;

/// <summary>The order session's ups and downs, and the ways a run can end.</summary>
[Collection(ProcessTests.Name)]
public sealed class SessionTests : IDisposable
{
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>With locked pages, as on a trading machine: what a run does with its mapped files at the end must bear them.</summary>
    private ApplianceProcess StartHost(string desk, params string[] more) =>
        ApplianceProcess.Start(["run", "--profile", _folder.Profile("fused", more: "lockedPages"), "--desk", desk, "--out", _folder.Out, "--report", _folder.ReportFile, "--no-console", .. more]);

    [Fact]
    public void A_venue_killed_in_mid_run_and_started_again_leaves_equal_positions()
    {
        string feed = LoopbackPorts.FreeUdp().ToString(), fix = LoopbackPorts.FreeTcp().ToString();
        string desk = _folder.Demo(d => d["venue"]!["heartbeatSeconds"] = 2), state = _folder.Inside("venue");
        ApplianceProcess StartVenue() => ApplianceProcess.Start("venue", "--desk", desk, "--out", state, "--feed-port", feed, "--fix-port", fix);

        using var first = StartVenue();
        first.WaitUntil(() => first.Output.Contains("listening", StringComparison.Ordinal), "the venue listens");
        using var host = StartHost(desk, "--feed-port", feed, "--fix-port", fix);
        _folder.WaitForBoard(host, s => s.Filled >= 20, "twenty fills");
        first.Signal(ApplianceProcess.SignalKill);
        first.WaitForExit();
        long filled = 0;
        _folder.WaitForBoard(host, s => s.SessionUp == 0 && (filled = s.Filled) > 0, "the host knows that the session is down");

        using var second = StartVenue();
        _folder.WaitForBoard(host, s => s.SessionUp != 0, "logged on again");
        _folder.WaitForBoard(host, s => s.Filled >= filled + 10, "ten fills more: the books are whole again");
        host.Signal(ApplianceProcess.SignalTerminate);
        Assert.Equal(0, host.WaitForExit());
        second.Signal(ApplianceProcess.SignalTerminate);
        Assert.Equal(0, second.WaitForExit());

        var report = _folder.Report();
        Assert.True(int.Parse(report.GetProperty("session").GetProperty("sessionUps").GetString()!) >= 2);
        Assert.True(report.GetProperty("source").GetProperty("sequenceResets").GetInt64() >= 1);
        var theirs = _folder.Statement(state).GetProperty("positions").EnumerateArray().ToDictionary(p => p.GetProperty("symbol").GetString()!);
        foreach (var ours in report.GetProperty("account").EnumerateArray())
        {
            var their = theirs[ours.GetProperty("symbol").GetString()!];
            Assert.Equal(their.GetProperty("quantityUnits").GetInt64(), ours.GetProperty("quantityUnits").GetInt64());
            Assert.Equal(their.GetProperty("cash").GetDouble(), ours.GetProperty("cash").GetDouble(), 1e-6);
            Assert.Equal(their.GetProperty("fees").GetDouble(), ours.GetProperty("fees").GetDouble(), 1e-6);
        }
        // A session's history is in the journal too: it replays.
        using var again = new RunFolder();
        var (code, output, _) = ApplianceProcess.Run("replay", _folder.Journal, "--out", again.Out, "--report", again.ReportFile);
        Assert.True(code == 0, output);
        Assert.Equal(report.GetProperty("ordersSha256").GetString(), again.Report().GetProperty("ordersSha256").GetString());
    }

    [Fact]
    public void Interrupt_ends_in_order_with_code_130_and_nothing_left_working()
    {
        using var host = StartHost(_folder.PassiveDesk());
        _folder.WaitForBoard(host, s => s.Sent >= 10, "ten orders sent");
        host.Signal(ApplianceProcess.SignalInterrupt);
        Assert.Equal(130, host.WaitForExit());
        var events = _folder.Events();
        Assert.Contains(events, e => e.Event.Kind == EventKind.EndOfInput);
        Assert.Equal(_folder.Statement().GetProperty("cancelled").GetInt64(), _folder.Report().GetProperty("orders").GetProperty("cancelled").GetInt64());
        Assert.True(_folder.Report().GetProperty("statement").GetProperty("equal").GetBoolean());
    }

    [Fact]
    public void A_venue_that_is_not_there_is_tried_again_and_named_in_the_report()
    {
        int fix = LoopbackPorts.FreeTcp();
        string desk = _folder.Demo(d =>
        {
            d["venue"]!["kind"] = "fix";
            d["venue"]!["port"] = fix;
            d["feed"]!["port"] = LoopbackPorts.FreeUdp();
        });
        using var host = StartHost(desk, "--seconds", "2");
        Assert.Equal(0, host.WaitForExit());
        var report = _folder.Report();
        Assert.Equal(0, report.GetProperty("orders").GetProperty("sent").GetInt64());
        Assert.Equal("0", report.GetProperty("session").GetProperty("sessionUps").GetString());
        Assert.NotEqual("", report.GetProperty("session").GetProperty("lastConnectError").GetString());
        Assert.Contains(report.GetProperty("warnings").EnumerateArray(), w => w.GetString()!.Contains($"127.0.0.1:{fix}", StringComparison.Ordinal));
    }

    [Fact]
    public void A_host_that_joins_the_feed_late_trades_nothing_and_says_why()
    {
        string feed = LoopbackPorts.FreeUdp().ToString(), fix = LoopbackPorts.FreeTcp().ToString();
        string desk = _folder.Demo(_ => { }), state = _folder.Inside("venue");
        using var venue = ApplianceProcess.Start("venue", "--desk", desk, "--out", state, "--feed-port", feed, "--fix-port", fix, "--open-now");
        // Its first statement comes after the opening.
        venue.WaitUntil(() => File.Exists(Path.Combine(state, "statement.json")), "the venue is open");
        using var host = StartHost(desk, "--feed-port", feed, "--fix-port", fix);
        _folder.WaitForBoard(host, s => s.SessionUp != 0 && s.Ticks > 1_000, "a thousand ticks");
        host.Signal(ApplianceProcess.SignalTerminate);
        Assert.Equal(0, host.WaitForExit());
        var report = _folder.Report();
        Assert.Equal(0, report.GetProperty("orders").GetProperty("sent").GetInt64());
        Assert.Contains(report.GetProperty("warnings").EnumerateArray(), w => w.GetString()!.Contains("the books of ALPH, BETA were incomplete at the end (the feed was joined after its beginning)", StringComparison.Ordinal));
    }

    [Fact]
    public void A_second_host_on_the_same_folder_is_refused()
    {
        using var first = StartHost(_folder.PassiveDesk());
        _folder.WaitForBoard(first, s => s.Sent >= 5, "five orders sent");
        var (code, _, errors) = ApplianceProcess.Run("run", "--profile", _folder.Profile("fused"), "--desk", _folder.Inside("desk.json"), "--out", _folder.Out, "--seconds", "1", "--no-console");
        Assert.Equal(2, code);
        Assert.Contains($"process {first.Id}", Assert.Single(errors), StringComparison.Ordinal);
        // The first has not noticed: it still trades, and still obeys.
        first.Signal(ApplianceProcess.SignalTerminate);
        Assert.Equal(0, first.WaitForExit());
        Assert.True(_folder.Report().GetProperty("statement").GetProperty("equal").GetBoolean());
    }
}
