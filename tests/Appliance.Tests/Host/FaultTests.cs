using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Appliance.Risk;
using Appliance.TestKit;

namespace Appliance.Tests.Host;

/// <summary>
/// A hot thread that hangs or fails: while others still decide and send, what works is withdrawn by us; otherwise the order sockets are shut and the venue cancels.
/// Either way the run ends soon, with exit code 1 and a report that names the thread.
/// </summary>
[Collection(ProcessTests.Name)]
public sealed class FaultTests : IDisposable
{
    private const int FileSizeLimit = 1; // RLIMIT_FSIZE
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private ApplianceProcess Start(string topology, params string[] more)
    {
        JsonNode profile = JsonNode.Parse(File.ReadAllText(_folder.Profile(topology)))!;
        profile["watchdog"]!["stallMilliseconds"] = 1_000;
        // A slow market: what works when the fault comes still works when it is found.
        string desk = _folder.PassiveDesk(d => d["venue"]!["eventsPerSecond"] = 200);
        return ApplianceProcess.Start(["run", "--profile", _folder.Write("watched.json", profile.ToJsonString()), "--desk", desk, "--out", _folder.Out, "--report", _folder.ReportFile, "--no-console", .. more]);
    }

    [Theory]
    [InlineData("paired", "hot", "hang")]
    [InlineData("staged", "hot", "throw")]
    public void While_others_decide_and_send_our_orders_are_withdrawn(string topology, string thread, string what)
    {
        using var host = Start(topology, "--fault", $"{thread}:{what}@1");
        Assert.Equal(1, host.WaitForExit());
        Assert.Contains("trading was killed and working orders were withdrawn", host.Output, StringComparison.Ordinal);
        AssertNamed(thread, what);
        _folder.AssertNothingWorksAtTheVenue();
        Assert.True(_folder.Report().GetProperty("statement").GetProperty("equal").GetBoolean());
    }

    [Theory]
    [InlineData("fused", "hot", "hang")]
    [InlineData("fused", "hot", "stall")]
    [InlineData("paired", "decide", "hang")]
    [InlineData("staged", "gateway", "throw")]
    public void Where_nobody_can_withdraw_the_sockets_are_shut_and_the_venue_cancels(string topology, string thread, string what)
    {
        using var host = Start(topology, "--fault", $"{thread}:{what}@1");
        _folder.WaitForBoard(host, s => s.LiveOrders > 0, "an order works");
        _folder.WatchOrders();
        _folder.WaitForBoard(host, s => s.Killed != 0, "trading is killed");
        int sent = _folder.SentOrders().Count;
        Assert.Equal(1, host.WaitForExit());
        Assert.Contains("shut the order sockets, the venue cancels on disconnect", host.Output.Replace("the order sockets were shut", "shut the order sockets"), StringComparison.Ordinal);
        AssertNamed(thread, what);
        // The cancels that ended what worked are the venue's own: we never heard of them.
        Assert.True(_folder.Statement().GetProperty("cancelled").GetInt64() > _folder.CancelsHeardOf());
        Assert.Equal(sent, _folder.SentOrders().Count);
    }

    private void AssertNamed(string thread, string what)
    {
        var warnings = _folder.Report().GetProperty("warnings").EnumerateArray().Select(w => w.GetString()!).ToList();
        Assert.Contains(warnings, w => w.Contains(what == "throw" ? $"thread {thread} failed" : $"thread {thread} stood still for more than 1000 ms", StringComparison.Ordinal));
        if (what != "throw") Assert.Contains(warnings, w => w.Contains($"thread {thread} did not end; the process ends under it", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("decide:hang@1", "allowed with this profile is hot")]
    [InlineData("hot:dance@1", "THREAD:stall@SECONDS")]
    [InlineData("hot:hang", "THREAD:stall@SECONDS")]
    [InlineData("hot:hang@-1", "THREAD:stall@SECONDS")]
    public void A_fault_that_cannot_be_is_refused(string fault, string named)
    {
        var (code, _, errors) = ApplianceProcess.Run("run", "--profile", _folder.Profile("fused"), "--desk", _folder.PassiveDesk(), "--out", _folder.Out, "--no-console", "--fault", fault);
        Assert.Equal(2, code);
        Assert.Contains(named, string.Join('\n', errors), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ApplianceProcess.SignalTerminate)]
    [InlineData(ApplianceProcess.SignalHangUp)]
    public void A_signal_that_comes_while_the_host_is_being_put_together_ends_it_in_order(int signal)
    {
        using var host = Start("fused");
        using (_folder.Board(host)) host.Signal(signal);
        Assert.Equal(0, host.WaitForExit());
        Assert.Equal(JsonValueKind.Object, _folder.Report().ValueKind);
    }

    [Theory]
    [InlineData(false, "the embedded venue ended")]
    [InlineData(true, "the embedded venue ended by itself in mid-run, with exit code 137 (signal 9)")]
    public void A_run_whose_embedded_venue_dies_ends_and_has_failed(bool trading, string said)
    {
        using var host = Start("fused");
        if (trading) _folder.WaitForBoard(host, s => s.Sent >= 20, "twenty orders sent");
        int venue = 0;
        host.WaitUntil(() => (venue = VenueOf(host.Id)) != 0, "the host starts its venue");
        Assert.Equal(0, kill(venue, ApplianceProcess.SignalKill));
        Assert.Equal(1, host.WaitForExit());
        Assert.Contains(said, host.Output + host.Errors, StringComparison.Ordinal);
    }

    /// <summary>The process whose parent is the host and which is its venue; 0 while there is none.</summary>
    private static int VenueOf(int host)
    {
        foreach (string folder in Directory.GetDirectories("/proc").Where(f => char.IsAsciiDigit(Path.GetFileName(f)[0])))
        {
            try
            {
                // Behind the name, which may hold blanks: state, then the parent.
                string[] status = File.ReadAllText(Path.Combine(folder, "stat")).Split(')')[^1].Split(' ');
                if (int.Parse(status[2], System.Globalization.CultureInfo.InvariantCulture) == host && File.ReadAllText(Path.Combine(folder, "cmdline")).Contains("\0venue\0", StringComparison.Ordinal)) return int.Parse(Path.GetFileName(folder), System.Globalization.CultureInfo.InvariantCulture);
            }
            catch (IOException) { }
        }
        return 0;
    }

    [Fact]
    public void A_journal_at_the_limit_of_file_sizes_is_a_lost_journal_and_not_a_dead_host()
    {
        using var host = Start("fused");
        _folder.WaitForBoard(host, s => s.LiveOrders > 0, "an order works");
        ulong limit = (ulong)new FileInfo(_folder.Journal).Length + 200_000;
        Assert.Equal(0, prlimit(host.Id, FileSizeLimit, [limit, limit], 0));
        _folder.WaitForBoard(host, s => s.HeldBackBy == (int)GateVerdict.JournalLost && s.LiveOrders == 0, "new orders held back and nothing works");
        host.Signal(ApplianceProcess.SignalTerminate);
        Assert.Equal(0, host.WaitForExit());
        Assert.Contains("the journal could not be written (File too large)", host.Output, StringComparison.Ordinal);
        _folder.AssertNothingWorksAtTheVenueByReport();
    }

    [DllImport("libc")] private static extern int kill(int process, int signal);
    [DllImport("libc")] private static extern int prlimit(int process, int resource, ulong[] limits, nint old);
}
