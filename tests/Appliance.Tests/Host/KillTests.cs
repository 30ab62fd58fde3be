using System.Text.Json.Nodes;
using Appliance.Contract;
using Appliance.Risk;
using Appliance.TestKit;

namespace Appliance.Tests.Host;

/// <summary>After a kill no order leaves but cancels, and what works is cancelled, whichever way the kill comes and whatever else fails meanwhile.</summary>
[Collection(ProcessTests.Name)]
public sealed class KillTests : IDisposable
{
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private ApplianceProcess Start(string profile, string desk, params string[] more) => Start(_folder, profile, desk, more);

    private static ApplianceProcess Start(RunFolder folder, string profile, string desk, params string[] more) =>
        ApplianceProcess.Start(["run", "--profile", profile, "--desk", desk, "--out", folder.Out, "--report", folder.ReportFile, "--no-console", .. more]);

    [Theory]
    [InlineData("signal", "fused")]
    [InlineData("file", "paired")]
    [InlineData("command", "staged")]
    public void A_kill_stops_orders_and_cancels_what_works(string way, string topology)
    {
        using var host = Start(_folder.Profile(topology), _folder.PassiveDesk());
        _folder.WaitForBoard(host, s => s.Sent >= 20 && s.LiveOrders > 0, "twenty orders sent, and one that works");
        _folder.WatchOrders();
        switch (way)
        {
            case "signal": host.Signal(ApplianceProcess.SignalUser1); break;
            case "file": File.WriteAllText(Path.Combine(_folder.Out, "KILL"), ""); break;
            default:
                var (code, output, _) = ApplianceProcess.Run("console", "--out", _folder.Out, "--send", "kill");
                Assert.Equal(0, code);
                Assert.Contains("kill sent", output, StringComparison.Ordinal);
                break;
        }
        long ticks = 0;
        _folder.WaitForBoard(host, s => s.Killed != 0 && s.Cancelled > 0 && s.LiveOrders == 0 && (ticks = s.Ticks) > 0, "killed and cancelled");
        _folder.WaitForBoard(host, s => s.Ticks > ticks + 1_000, "a thousand ticks after it");
        var (resumed, _, errors) = ApplianceProcess.Run("console", "--out", _folder.Out, "--send", "resume");
        Assert.Equal(1, resumed);
        Assert.Contains("a kill is not taken back while the host lives: stop it, remove any KILL file, and start it again", Assert.Single(errors), StringComparison.Ordinal);
        Assert.Contains("refused: a kill is not taken back", File.ReadAllLines(Path.Combine(_folder.Out, "audit.log"))[^1], StringComparison.Ordinal);
        host.Signal(ApplianceProcess.SignalTerminate);
        Assert.Equal(0, host.WaitForExit());

        long observed = _folder.Events().First(e => e.Event.Kind is EventKind.KillObserved || IsKillCommand(e.Event)).Sequence;
        var after = _folder.SentOrders().Where(o => o.RingSequence > observed).ToList();
        Assert.All(after, o => Assert.Equal(OrderRequestKind.Cancel, o.Kind));
        _folder.AssertNothingWorksAtTheVenue();
        Assert.True(_folder.Report().GetProperty("statement").GetProperty("equal").GetBoolean());
        Assert.Equal(1, _folder.Report().GetProperty("market").GetProperty("kills").GetInt64());
    }

    [Fact]
    public void A_kill_with_the_ring_full_lets_no_order_out()
    {
        // The decision stands still for eight seconds. A machine that gives this program no time may let them pass before the kill: then nothing was tried.
        for (int attempt = 0; attempt < 3; attempt++)
        {
            using var folder = new RunFolder();
            if (KillsWithTheRingFull(folder)) return;
        }
        Assert.Fail("three times the ring was empty again before the kill");
    }

    /// <returns>False when the decision went on before the kill was seen.</returns>
    private static bool KillsWithTheRingFull(RunFolder folder)
    {
        using var host = Start(folder, folder.Profile("paired", 256, "smallRing patientWatchdog"), folder.PassiveDesk(d => d["venue"]!["eventsPerSecond"] = 12_000), "--fault", "decide:stall@1");
        (long Ticks, long SinceNs) still = default;
        folder.WaitForBoard(host, s =>
        {
            if (s.Ticks != still.Ticks) still = (s.Ticks, s.ElapsedNs);
            return s.Sent > 0 && s.ElapsedNs - still.SinceNs > 1_500_000_000;
        }, "a full ring: no tick for a second and a half");
        folder.WatchOrders();
        int before = folder.SentOrders().Count(o => o.Kind != OrderRequestKind.Cancel);
        Assert.True(before > 0);
        host.Signal(ApplianceProcess.SignalUser1);
        long ticksAtKill = 0;
        folder.WaitForBoard(host, s => s.Killed != 0 && (ticksAtKill = s.Ticks) > 0, "killed");
        folder.WaitForBoard(host, s => s.Ticks > still.Ticks + 20_000, "the ring is empty again and the feed goes on");
        host.Signal(ApplianceProcess.SignalTerminate);
        Assert.Equal(0, host.WaitForExit());
        if (ticksAtKill != still.Ticks) return false;
        Assert.Equal(before, folder.SentOrders().Count(o => o.Kind != OrderRequestKind.Cancel));
        // In eight seconds the market may have filled what stood; if it did not, we cancelled it.
        Assert.Equal(folder.Statement().GetProperty("cancelled").GetInt64(), folder.CancelsHeardOf());
        Assert.True(folder.Report().GetProperty("statement").GetProperty("equal").GetBoolean());
        Assert.Equal(1, folder.Report().GetProperty("market").GetProperty("kills").GetInt64());
        return true;
    }

    [Fact]
    public void With_the_journals_disk_full_new_orders_stop_cancels_go_and_what_was_written_replays()
    {
        const int Limit = 400_000;
        using var host = Start(_folder.Profile("fused"), _folder.PassiveDesk(), "--journal-limit", Limit.ToString());
        long ticks = 0;
        _folder.WaitForBoard(host, s => s.Sent > 0, "an order sent");
        _folder.WatchOrders();
        _folder.WaitForBoard(host, s => s.HeldBackBy == (int)GateVerdict.JournalLost, "new orders held back, for the journal is lost");
        _folder.WaitForBoard(host, s => s.Cancelled > 0 && s.LiveOrders == 0 && (ticks = s.Ticks) > 0, "what worked is cancelled");
        long newest = LastNew();
        Assert.InRange(new FileInfo(_folder.Journal).Length, Limit - 256, Limit);
        _folder.WaitForBoard(host, s => s.Ticks > ticks + 2_000, "two thousand ticks after that");
        // The kill still works without a journal.
        host.Signal(ApplianceProcess.SignalUser1);
        _folder.WaitForBoard(host, s => s.Killed != 0 && s.Ticks > ticks + 3_000, "killed");
        host.Signal(ApplianceProcess.SignalTerminate);
        host.WaitForExit();

        var report = _folder.Report();
        Assert.Contains(report.GetProperty("warnings").EnumerateArray(), w => w.GetString()!.Contains("the journal could not be written", StringComparison.Ordinal) && w.GetString()!.Contains("new orders stopped", StringComparison.Ordinal));
        Assert.True(report.GetProperty("statement").GetProperty("equal").GetBoolean());
        var events = _folder.Events();
        var sent = _folder.SentOrders();
        Assert.Equal(newest, LastNew());
        Assert.True(sent.Max(o => o.RingSequence) > newest, "the last word to the venue is a cancel");
        _folder.AssertNothingWorksAtTheVenueByReport();

        using var again = new RunFolder();
        var (code, output, _) = ApplianceProcess.Run("replay", _folder.Journal, "--out", again.Out, "--report", again.ReportFile);
        Assert.True(code == 0, output);
        Assert.Equal(sent.Count(o => o.RingSequence <= events[^1].Sequence), again.Report().GetProperty("orders").GetProperty("approved").GetInt64());
        Assert.Equal(events.Count, again.Report().GetProperty("source").GetProperty("messages").GetInt64());
    }

    /// <summary>Ring sequence of the last request that was no cancel.</summary>
    private long LastNew() => _folder.SentOrders().Where(o => o.Kind != OrderRequestKind.Cancel).Max(o => o.RingSequence);

    private static bool IsKillCommand(RingEvent e) => e.Kind == EventKind.Command && RingEvent.AsControl(ref e).Code == (int)OperatorCommand.Kill;
}
