using System.CommandLine;
using System.Globalization;
using System.Text;
using Appliance.Contract;
using Appliance.Host.Board;
using Appliance.Risk;
using Spectre.Console;

namespace Appliance.Host.Commands;

/// <summary>
/// `appliance console`: a companion that shows a running host's board, or puts a command on it. It reads shared memory and can die at any time:
/// the host trades on.
/// </summary>
internal static class ConsoleCommand
{
    public static Command Make()
    {
        var outOption = CommandLineOptions.Out();
        var send = new Option<string?>("--send") { Description = "Put a command to the running host instead of watching it: kill, pause, resume, stop, or resolved (orders of an earlier run are settled with the venue).", HelpName = "COMMAND" };
        var limit = new Option<string?>("--limit") { Description = "Change a limit of the gate while it trades, e.g. maxPosition=5000: a key of the desk file's limits, restricted (an instrument, 0 or 1) or userRestricted (a portfolio's user, 0 or 1).", HelpName = "KEY=VALUE" };
        var target = new Option<string>("--target") { Description = "With --limit: the symbol or portfolio that it concerns; without, all of them.", DefaultValueFactory = _ => "", HelpName = "NAME" };
        var enable = new Option<string?>("--enable") { Description = "Let a portfolio trade again that repeated executions or attempts without a fill have stopped; all: every one, and what a daily loss has stopped once maxDailyLoss was raised above it.", HelpName = "PORTFOLIO" };
        var reset = new Option<string?>("--reset-protection") { Description = "Begin the market-maker protection of a portfolio anew, or of all.", HelpName = "PORTFOLIO" };
        var clock = new Option<bool>("--accept-clock") { Description = "Take the wall clock as it stands for right, after a step that stopped new orders." };
        var cancelUnknown = new Option<string?>("--cancel-unknown") { Description = "Withdraw an order that the venue listed and nobody here knows, by the identifier that the run named; all: every one.", HelpName = "ID" };
        var by = new Option<string>("--by") { Description = "Who commands, for the audit log.", DefaultValueFactory = _ => Environment.UserName, HelpName = "NAME" };
        var plain = new Option<bool>("--plain") { Description = "Plain lines, one a second, even on a terminal." };
        var command = new Command("console", """
            Watch a running host, or command it. Commands are recorded in audit.log in the output folder, and a changed limit outlives a restart.

            Examples: appliance console --out out
                      appliance console --send kill
                      appliance console --limit maxPosition=5000 --target ALPH --by jo
            """) { outOption, send, limit, target, enable, reset, clock, cancelUnknown, by, plain };
        command.SetAction(parsed =>
        {
            string folder = parsed.GetValue(outOption)!;
            var asked = OperatorRequests.Of(parsed.GetValue(send), parsed.GetValue(limit), parsed.GetValue(target)!, parsed.GetValue(enable), parsed.GetValue(reset), parsed.GetValue(clock), parsed.GetValue(cancelUnknown), parsed.GetValue(by)!);
            return asked is { } request ? OperatorRequests.Send(folder, in request) : Watch(folder, parsed.GetValue(plain) || Console.IsOutputRedirected);
        });
        return command;
    }

    public static string BoardPath(string folder) => Path.Combine(folder, "board");

    private static int Watch(string folder, bool plain)
    {
        SharedBoard? board = null;
        string? problem = null;
        for (int i = 0; i < 50 && board is null; i++)
        {
            board = SharedBoard.TryOpen(BoardPath(folder), out problem);
            if (board is null) Native.Linux.SleepMicroseconds(100_000);
        }
        if (board is null)
        {
            Console.Error.WriteLine(problem);
            return ExitCode.Failed;
        }
        using (board)
        {
            if (plain) Plain(board);
            else Live(board);
        }
        return ExitCode.Done;
    }

    private static void Plain(SharedBoard board)
    {
        long before = 0, ticksBefore = 0;
        while (true)
        {
            Native.Linux.SleepMicroseconds(200_000);
            bool read = board.TryRead(out var s);
            if (read && (s.ElapsedNs - before >= 1_000_000_000 || s.Stopped != 0))
            {
                double seconds = Math.Max(1, s.ElapsedNs - before) / 1e9;
                Console.WriteLine(Line(s, (s.Ticks - ticksBefore) / seconds));
                (before, ticksBefore) = (s.ElapsedNs, s.Ticks);
            }
            if (read && s.Stopped != 0 || !IsAlive(board.HostProcess) || Native.Linux.IsStandardOutputClosed()) return;
        }
    }

    internal static string Line(in BoardSnapshot s, double rate)
    {
        var line = new StringBuilder();
        var inv = CultureInfo.InvariantCulture;
        line.Append(inv, $"{s.ElapsedNs / 1e9,6:F1} s  {rate,8:F0} ticks/s  sent {s.Sent}  fills {s.Filled}");
        for (int i = 0; i < s.PortfolioCount; i++)
        {
            var p = s.Portfolios[i];
            line.Append(inv, $"  | {p.Name.Get()} mid {p.Mid:F4} delta {p.DeltaAfter:F2} hedge {p.HedgePosition:F2} pnl {p.Pnl:F2}");
        }
        var t = s.Stages[(int)Stage.TickToOrder];
        line.Append(inv, $"  | tickToOrder p50 {t.P50} p99 {t.P99} ns");
        if (s.UnknownOrders > 0) line.Append(inv, $"  unknown orders {s.UnknownOrders}");
        if (ConsoleScreen.DropCopy(in s) is { } copy) line.Append(inv, $"  {copy}");
        if (s.Killed != 0) line.Append("  KILLED");
        if (s.SessionUp == 0) line.Append("  session down");
        else if (ConsoleScreen.HeldBack(in s) is { } held) line.Append(inv, $"  no new orders: {held}");
        return line.ToString();
    }

    private static void Live(SharedBoard board)
    {
        long before = 0, ticksBefore = 0;
        double rate = 0;
        AnsiConsole.Live(new Markup("waiting for the host")).AutoClear(false).Start(context =>
        {
            while (true)
            {
                Native.Linux.SleepMicroseconds(250_000);
                bool read = board.TryRead(out var s);
                if (read)
                {
                    if (s.ElapsedNs - before >= 900_000_000)
                    {
                        rate = (s.Ticks - ticksBefore) / ((s.ElapsedNs - before) / 1e9);
                        (before, ticksBefore) = (s.ElapsedNs, s.Ticks);
                    }
                    context.UpdateTarget(ConsoleScreen.Of(in s, rate, AnsiConsole.Profile.Width, AnsiConsole.Profile.Height));
                }
                if (read && s.Stopped != 0 || !IsAlive(board.HostProcess) || Native.Linux.IsStandardOutputClosed()) return;
            }
        });
    }

    internal static bool IsAlive(int process) => Native.Linux.kill(process, 0) == 0;
}
