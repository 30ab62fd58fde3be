using System.Globalization;
using Appliance.Contract;
using Appliance.Host.Board;
using Appliance.Risk;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Appliance.Host.Commands;

/// <summary>
/// The live screen of a run, fitted to the terminal: what does not fit is left out, the least needed first, and never cut in the middle. From the top: state, orders, portfolios, stages. Lost in
/// turn as rows get fewer: stages but for those of the whole way, all stages, the frames, the portfolios from the last, the line of orders.
/// </summary>
internal static class ConsoleScreen
{
    /// <summary>A table's frame and heading: top, names, rule, bottom.</summary>
    private const int FrameRows = 4;
    /// <summary>The live display keeps the cursor below what it draws.</summary>
    private const int CursorRows = 1;

    private static readonly Stage[] WholeWay = [Stage.TickToOrder, Stage.TickToSent];

    public static Rows Of(in BoardSnapshot s, double rate, int columns, int rows)
    {
        string state = State(in s), colour = s.Killed != 0 ? "red" : state == "session up" ? "green" : "yellow";
        List<string> heading = [.. Wrapped(Heading(in s, rate), columns).Take(Math.Max(1, rows - CursorRows))];
        List<string> orders = Wrapped(Orders(in s), columns);
        int left = rows - CursorRows - heading.Count;
        var parts = new List<IRenderable>(heading.Select(line => new Markup(Markup.Escape(line).Replace(state, $"[{colour}]{state}[/]", StringComparison.Ordinal))));
        bool ordersFit = left >= orders.Count + 1;
        if (ordersFit)
        {
            left -= orders.Count;
            parts.AddRange(orders.Select(line => new Markup(Markup.Escape(line))));
        }
        if (s.PortfolioCount > 0 && left > 0)
        {
            bool framed = left >= s.PortfolioCount + FrameRows;
            int shown = framed ? s.PortfolioCount : Math.Min(s.PortfolioCount, left - 1);
            if (shown > 0)
            {
                left -= shown + (framed ? FrameRows : 1);
                parts.Add(Portfolios(in s, shown, columns, framed));
            }
        }
        Stage[] all = [.. Enum.GetValues<Stage>().Where(Counted(s.Stages))];
        Stage[] stages = left >= all.Length + FrameRows ? all : [.. all.Where(stage => WholeWay.Contains(stage))];
        if (stages.Length > 0 && left >= stages.Length + FrameRows) parts.Add(Stages(s.Stages, stages, columns));
        return new Rows(parts);
    }

    private static Func<Stage, bool> Counted(BoardStages stages) => stage => stages[(int)stage].Count > 0;

    private static string F(double x, string format) => x.ToString(format, CultureInfo.InvariantCulture);

    private static string Heading(in BoardSnapshot s, double rate)
    {
        string time = s.RunNs > 0 ? $"{s.ElapsedNs / 1e9:F0} of {s.RunNs / 1e9:F0} s" : $"{s.ElapsedNs / 1e9:F0} s";
        return $"{s.Desk.Get()} on {s.Profile.Get()} · {State(in s)} · {time} · {F(rate, "N0")} ticks/s · {F(s.Ticks, "N0")} ticks · gaps {s.Gaps}";
    }

    private static string Orders(in BoardSnapshot s) =>
        $"orders: intents {s.Intents} · approved {s.Approved} · held back {s.RejectedByGate} · sent {s.Sent} · fills {s.Filled} · working {s.LiveOrders}{(s.UnknownOrders > 0 ? $" (unknown {s.UnknownOrders})" : "")} · cancelled {s.Cancelled} · rejected {s.RejectedByVenue} · journal lag {s.JournalLag} · collections {s.Gc0}/{s.Gc1}/{s.Gc2}{(DropCopy(in s) is { } copy ? $" · {copy}" : "")}";

    private static string State(in BoardSnapshot s) => s.Killed != 0 ? "KILLED" : s.SessionUp == 0 ? "session down" : HeldBack(in s) is { } held ? $"no new orders: {held}" : "session up";

    /// <summary>Lines no longer than the terminal is wide, broken between figures; a figure alone on its line may be cut.</summary>
    internal static List<string> Wrapped(string text, int columns)
    {
        const string between = " · ";
        var lines = new List<string>();
        foreach (string figure in text.Split(between))
        {
            if (lines.Count > 0 && lines[^1].Length + between.Length + figure.Length <= columns) lines[^1] += between + figure;
            else lines.Add(figure.Length <= columns ? figure : figure[..Math.Max(1, columns)]);
        }
        return lines;
    }

    /// <summary>The gate's switch that holds new orders back, unless it is one that is shown by itself; none once the run has ended.</summary>
    public static string? HeldBack(in BoardSnapshot s) =>
        s.Killed != 0 || s.Stopped != 0 || (GateVerdict)s.HeldBackBy is GateVerdict.Approved or GateVerdict.Killed or GateVerdict.SessionDown ? null : GateVerdicts.Name((GateVerdict)s.HeldBackBy);

    /// <summary>What the drop copy says; null where the desk has none.</summary>
    public static string? DropCopy(in BoardSnapshot s) => s.DropCopyState == 0 ? null
        : string.Create(CultureInfo.InvariantCulture, $"drop copy {(s.DropCopyState == 1 ? "down" : "up")}{(s.DropCopyOpen > 0 ? $", {s.DropCopyOpen} DISAGREE" : $", {s.DropCopyMatched} agree")}");

    private static Table Portfolios(in BoardSnapshot s, int shown, int columns, bool framed)
    {
        var rows = new string[shown][];
        for (int i = 0; i < shown; i++)
        {
            BoardPortfolio p = s.Portfolios[i];
            rows[i] =
            [
                p.Name.Get(), p.Underlying.Get(), F(p.Mid, "F4"), F(p.DeltaBefore, "F2"), F(p.HedgePosition, "F2"), F(p.DeltaAfter, "F2"), F(p.Gamma, "F2"), F(p.Vega, "F0"),
                F(p.Pnl, "N2"), F(p.OptionPnl, "N2"), F(p.HedgePnl, "N2"), F(p.Costs, "N2"), p.Rebalances.ToString(CultureInfo.InvariantCulture),
            ];
        }
        return Fitted(["portfolio", "underlying", "mid", "delta", "hedge", "after", "gamma", "vega", "P&L", "options", "hedge P&L", "costs", "trades"], mostNeeded: [0, 5, 4, 8, 2, 12, 11, 3, 9, 10, 7, 6, 1], rows, columns, framed);
    }

    private static Table Stages(BoardStages all, Stage[] shown, int columns)
    {
        string[][] rows = [.. shown.Select(stage => Row(StageLatency.NameOf(stage), all[(int)stage]))];
        return Fitted(["stage (ns)", "count", "p50", "p90", "p99", "max"], mostNeeded: [0, 2, 4, 5, 3, 1], rows, columns, framed: true, leftAligned: 1);

        static string[] Row(string name, BoardStage h) => [name, F(h.Count, "N0"), F(h.P50, "N0"), F(h.P90, "N0"), F(h.P99, "N0"), F(h.Max, "N0")];
    }

    /// <summary>A table of the columns that fit the terminal, the most needed first: a number broken over two lines is not read.</summary>
    internal static Table Fitted(string[] names, int[] mostNeeded, string[][] rows, int width, bool framed = true, int leftAligned = 2)
    {
        int frame = framed ? 3 : 2;
        int left = width - 1;
        var shown = new HashSet<int>();
        foreach (int c in mostNeeded)
        {
            int wide = rows.Select(r => r[c].Length).Append(names[c].Length).Max() + frame;
            if (wide > left && shown.Count > 0) break;
            left -= wide;
            shown.Add(c);
        }
        int[] columns = [.. shown.Order()];
        var table = new Table().Border(framed ? TableBorder.Rounded : TableBorder.None);
        foreach (int c in columns)
        {
            var column = new TableColumn(Markup.Escape(names[c])) { NoWrap = true };
            table.AddColumn(c < leftAligned ? column : column.RightAligned());
        }
        foreach (string[] row in rows) table.AddRow([.. columns.Select(c => Markup.Escape(row[c]))]);
        return table;
    }
}
