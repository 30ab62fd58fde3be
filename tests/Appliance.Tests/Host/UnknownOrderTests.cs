using Appliance.Contract;
using Appliance.Host.Board;
using Appliance.TestKit;

namespace Appliance.Tests.Host;

/// <summary>
/// Orders that stand at the venue and that the host never sent: found by the list that it asks for, reported by name, counted, withdrawn by an operator's audited command or by the desk's word; and a replay
/// decides the same.
/// </summary>
[Collection(ProcessTests.Name)]
public sealed class UnknownOrderTests : IDisposable
{
    private static readonly InstrumentDefinition Share = new(0, "ALPH", 10_000, 1, 100, 1, 1);

    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string[] Run(LedgerVenue venue, string unknownOrders)
    {
        string desk = _folder.Demo(d =>
        {
            d["venue"]!["kind"] = "fix";
            d["venue"]!["port"] = venue.Port;
            d["venue"]!["targetCompId"] = "RIG";
            d["venue"]!["massStatus"] = true;
            d["venue"]!["unknownOrders"] = unknownOrders;
            d["feed"]!["port"] = LoopbackPorts.FreeUdp();
        });
        return ["run", "--profile", _folder.Profile("fused"), "--desk", desk, "--out", _folder.Out, "--report", _folder.ReportFile, "--no-console"];
    }

    private SharedBoard BoardOf(ApplianceProcess host, LedgerVenue venue)
    {
        SharedBoard? board = null;
        venue.Until(host, () => (board = SharedBoard.TryOpen(Path.Combine(_folder.Out, "board"), out _)) is not null && board.HostProcess == host.Id, "a board");
        return board!;
    }

    private ApplianceProcess Console(LedgerVenue venue, ApplianceProcess host, int code, params string[] arguments)
    {
        var console = ApplianceProcess.Start(["console", "--out", _folder.Out, .. arguments]);
        venue.Until(host, () => console.HasExited, "the console's end");
        Assert.True(console.WaitForExit() == code, console.Output + console.Errors);
        return console;
    }

    [Fact]
    public void A_person_withdraws_by_name_what_the_venue_lists_and_nobody_knows()
    {
        using var venue = new LedgerVenue(Share, Directory.CreateDirectory(_folder.Inside("venue")).FullName, new Random(1)) { AnswersMassStatus = true, NeverRefuses = true };
        venue.Plant("SCREEN-1", Side.Buy, 990_000, 100, filled: 40);
        venue.Plant("4711", Side.Sell, 1_100_000, 7, filled: 0);
        using (var host = ApplianceProcess.Start(Run(venue, "report")))
        {
            using SharedBoard board = BoardOf(host, venue);
            venue.Until(host, () => board.TryRead(out var s) && s.UnknownOrders == 2 && s.SessionUp != 0 && s.HeldBackBy == 0, "two unknown orders");
            venue.Until(host, () => host.Errors.Contains("SCREEN-1", StringComparison.Ordinal) && host.Errors.Contains("4711", StringComparison.Ordinal), "their names");
            Assert.Contains("unknown order at the venue: SCREEN-1, ALPH buy 100 at 99, 40 filled", host.Errors, StringComparison.Ordinal);
            // Three of the sixty that were open fill: that is a position, whosever order it was. The forty before are not guessed at.
            venue.FillPlanted("SCREEN-1", 3);
            venue.Until(host, () => board.TryRead(out var s) && s.Filled == 1, "the fill");
            using (var wrong = Console(venue, host, 1, "--cancel-unknown", "NOSUCH", "--by", "jo")) Assert.Contains("no unknown order NOSUCH", wrong.Errors, StringComparison.Ordinal);
            Console(venue, host, 0, "--cancel-unknown", "SCREEN-1", "--by", "jo").Dispose();
            venue.Until(host, () => board.TryRead(out var s) && s.UnknownOrders == 1 && venue.Standing.SequenceEqual(["4711"]), "the cancel of one");
            // The session goes and comes back: the list is asked for again, and brings nothing new.
            venue.Drop();
            venue.Until(host, () => venue.MassStatusRequests == 2 && venue.IsIdle && board.TryRead(out var s) && s.UnknownOrders == 1 && s.SessionUp != 0 && s.HeldBackBy == 0, "the second list");
            Console(venue, host, 0, "--cancel-unknown", "all", "--by", "jo").Dispose();
            venue.Until(host, () => board.TryRead(out var s) && s.UnknownOrders == 0 && !venue.Standing.Any(), "the cancel of the rest");
            host.Signal(ApplianceProcess.SignalTerminate);
            venue.Until(host, () => host.HasExited, "the end");
            Assert.True(host.WaitForExit() == 0, host.Output + host.Errors);
        }
        var report = _folder.Report();
        Assert.Equal(2, report.GetProperty("alarms").GetProperty("unknownOrders").GetInt64());
        Assert.Equal(venue.Position, report.GetProperty("account")[0].GetProperty("quantityUnits").GetInt64());
        string[] audit = File.ReadAllLines(Path.Combine(_folder.Out, "audit.log"));
        Assert.Contains(audit, l => l.Contains("cancelUnknown", StringComparison.Ordinal) && l.Contains("SCREEN-1", StringComparison.Ordinal) && l.Contains("\"jo\"", StringComparison.Ordinal) && l.Contains("done", StringComparison.Ordinal));
        Assert.Contains(audit, l => l.Contains("NOSUCH", StringComparison.Ordinal) && l.Contains("refused", StringComparison.Ordinal));
        using var again = new RunFolder();
        var (code, output, errors) = ApplianceProcess.Run("replay", _folder.Journal, "--out", again.Out, "--report", again.ReportFile);
        Assert.True(code == 0, output + string.Join('\n', errors));
        Assert.Contains("equal: the same orders as recorded", output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_desk_that_says_so_withdraws_them_by_itself()
    {
        using var venue = new LedgerVenue(Share, Directory.CreateDirectory(_folder.Inside("venue")).FullName, new Random(1)) { AnswersMassStatus = true, NeverRefuses = true };
        venue.Plant("SCREEN-1", Side.Buy, 990_000, 100, filled: 0);
        using var host = ApplianceProcess.Start(Run(venue, "cancel"));
        using SharedBoard board = BoardOf(host, venue);
        venue.Until(host, () => !venue.Standing.Any() && venue.IsIdle && board.TryRead(out var s) && s.UnknownOrders == 0 && s.HeldBackBy == 0 && s.SessionUp != 0, "the cancel");
        host.Signal(ApplianceProcess.SignalTerminate);
        venue.Until(host, () => host.HasExited, "the end");
        Assert.True(host.WaitForExit() == 0, host.Output + host.Errors);
        Assert.Equal(1, _folder.Report().GetProperty("alarms").GetProperty("unknownOrders").GetInt64());
    }
}
