using Appliance.Contract;
using Appliance.Host.Board;
using Appliance.Risk;
using Appliance.TestKit;

namespace Appliance.Tests.Host;

/// <summary>The drop copy of a whole run: it agrees with the embedded venue; a venue whose copy lies is found out, by name, and trading pauses where the desk says so, which a replay repeats.</summary>
[Collection(ProcessTests.Name)]
public sealed class DropCopyTests : IDisposable
{
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private void ReplayIsEqual()
    {
        using var again = new RunFolder();
        var (code, output, errors) = ApplianceProcess.Run("replay", _folder.Journal, "--out", again.Out, "--report", again.ReportFile);
        Assert.True(code == 0, output + string.Join('\n', errors));
        Assert.Contains("equal: the same orders as recorded", output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_embedded_venue_copies_what_it_told_us()
    {
        string desk = _folder.Demo(d => d["venue"]!["dropCopy"] = new System.Text.Json.Nodes.JsonObject());
        using (var host = ApplianceProcess.Start("run", "--profile", _folder.Profile("fused"), "--desk", desk, "--out", _folder.Out, "--report", _folder.ReportFile, "--no-console"))
        {
            _folder.WaitForBoard(host, s => s.Filled >= 20 && s.DropCopyMatched >= 20 && s.DropCopyState == 2, "twenty fills that agree");
            host.Signal(ApplianceProcess.SignalTerminate);
            Assert.True(host.WaitForExit() == 0, host.Output + host.Errors);
            Assert.Contains("executions agree, 0 unknown to us, 0 missing in the copy, 0 disagree, 0 open", host.Output, StringComparison.Ordinal);
        }
        var report = _folder.Report();
        var copy = report.GetProperty("dropCopy");
        long fills = report.GetProperty("orders").GetProperty("filled").GetInt64();
        Assert.Equal((fills, fills, fills, 0L, 0L, 1L), (copy.GetProperty("ours").GetInt64(), copy.GetProperty("copies").GetInt64(), copy.GetProperty("matched").GetInt64(), copy.GetProperty("open").GetInt64(), copy.GetProperty("pending").GetInt64(), copy.GetProperty("sessionUps").GetInt64()));
        Assert.Equal(0, report.GetProperty("alarms").GetProperty("dropCopyUnknownFills").GetInt64());
        ReplayIsEqual();
    }

    [Fact]
    public void A_copy_that_differs_pauses_trading_until_a_person_resumes_it()
    {
        var share = new InstrumentDefinition(0, "ALPH", 10_000, 1, 100, 1, 1);
        using var venue = new LedgerVenue(share, Directory.CreateDirectory(_folder.Inside("venue")).FullName, new Random(1)) { AnswersMassStatus = true, NeverRefuses = true };
        venue.Plant("SCREEN-1", Side.Buy, 990_000, 100, filled: 0);
        string desk = _folder.Demo(d =>
        {
            d["venue"]!["kind"] = "fix";
            d["venue"]!["port"] = venue.Port;
            d["venue"]!["targetCompId"] = "RIG";
            d["venue"]!["massStatus"] = true;
            d["venue"]!["dropCopy"] = new System.Text.Json.Nodes.JsonObject { ["matchWithinMilliseconds"] = 100, ["onDifference"] = "pause" };
            d["feed"]!["port"] = LoopbackPorts.FreeUdp();
        });
        using (var host = ApplianceProcess.Start("run", "--profile", _folder.Profile("fused"), "--desk", desk, "--out", _folder.Out, "--report", _folder.ReportFile, "--no-console"))
        {
            SharedBoard? found = null;
            venue.Until(host, () => (found = SharedBoard.TryOpen(Path.Combine(_folder.Out, "board"), out _)) is not null && found.HostProcess == host.Id, "a board");
            using SharedBoard board = found!;
            bool Reads(Func<BoardSnapshot, bool> condition) => board.TryRead(out var s) && condition(s);
            venue.Until(host, () => Reads(s => s.UnknownOrders == 1 && s.HeldBackBy == 0 && s.DropCopyState == 2), "the order and both sessions");
            venue.FillPlanted("SCREEN-1", 10);
            venue.Until(host, () => Reads(s => s.DropCopyMatched == 1 && s.DropCopyOpen == 0), "a fill that agrees");
            venue.Copied = r => r with { LastPriceUnits = r.LastPriceUnits + 100 };
            venue.FillPlanted("SCREEN-1", 10);
            venue.Until(host, () => Reads(s => s.DropCopyOpen == 1 && s.HeldBackBy == (int)GateVerdict.Paused), "the pause");
            using (var console = ApplianceProcess.Start("console", "--out", _folder.Out, "--send", "resume", "--by", "jo"))
            {
                venue.Until(host, () => console.HasExited, "the console's end");
                Assert.Equal(0, console.WaitForExit());
            }
            venue.Until(host, () => Reads(s => s.HeldBackBy == 0), "trading again");
            // One that the copy lacks.
            venue.Copied = _ => null;
            venue.FillPlanted("SCREEN-1", 10);
            venue.Until(host, () => Reads(s => s.DropCopyOpen == 2 && s.HeldBackBy == (int)GateVerdict.Paused), "the second pause");
            host.Signal(ApplianceProcess.SignalTerminate);
            venue.Until(host, () => host.HasExited, "the end");
            // An order that nobody withdrew stands at the venue.
            Assert.Equal(1, host.WaitForExit());
            Assert.Contains("drop copy: fill 3 of order SCREEN-1, ALPH buy 10 at 99; the copy has fill 3 of order SCREEN-1, ALPH buy 10 at 99.01", host.Errors, StringComparison.Ordinal);
            Assert.Contains("drop copy: fill 4 of order SCREEN-1, ALPH buy 10 at 99 is not in the copy", host.Errors, StringComparison.Ordinal);
        }
        var alarms = _folder.Report().GetProperty("alarms");
        Assert.Equal((1L, 1L, 0L), (alarms.GetProperty("dropCopyDisagreements").GetInt64(), alarms.GetProperty("dropCopyMissingFills").GetInt64(), alarms.GetProperty("dropCopyUnknownFills").GetInt64()));
        Assert.Equal(2, File.ReadAllLines(Path.Combine(_folder.Out, "audit.log")).Count(l => l.Contains("drop-copy", StringComparison.Ordinal) && l.Contains("pause", StringComparison.Ordinal)));
        Assert.Equal(2, _folder.Events().Count(x => x.Event.Kind == EventKind.Command && Code(x.Event) == (int)OperatorCommand.Pause));
        ReplayIsEqual();

        static int Code(RingEvent e) => RingEvent.AsControl(ref e).Code;
    }
}
