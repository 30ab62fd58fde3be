using System.Globalization;
using Appliance.Contract;

namespace Appliance.Host.Reports;

/// <summary>The last lines of a run on the terminal: what a user wants to know without opening a file.</summary>
internal static class RunSummary
{
    public static void Print(RunResult r, string? report)
    {
        var inv = CultureInfo.InvariantCulture;
        void Line(FormattableString text) => Console.WriteLine(text.ToString(inv));
        var s = r.Source;
        Line($"source     {s.Kind}: {s.Packets:N0} packets, {s.Messages:N0} messages, {s.Ticks:N0} ticks, {s.Gaps} gaps, {s.SequenceResets} resets, {s.DecodeErrors} decode errors{(s.TornTail ? ", torn tail" : "")}");
        Line($"orders     {r.Orders.Intents:N0} intents, {r.Orders.Approved:N0} approved, {r.Orders.RejectedByGate:N0} held back, {r.Orders.Sent:N0} sent, {r.Orders.Filled:N0} fills, {r.Orders.Cancelled:N0} cancelled, {r.Orders.RejectedByVenue:N0} rejected by the venue");
        foreach (var p in r.Portfolios)
        {
            double ratio = p.UnhedgedPnlStdDev > 0 ? p.HedgedPnlStdDev / p.UnhedgedPnlStdDev : 0;
            Line($"portfolio  {p.Name} ({p.Underlying}, {p.Options} options): P&L {p.Pnl:N2} {r.Currency} (options {p.OptionPnl:N2}, hedge {p.HedgePnl:N2}, costs {p.Costs:N2}), {p.Rebalances} rebalances, {(r.DecisionsTotal > 0 ? string.Create(inv, $"in band {p.ShareOfTimeInBand:P1}") : "nothing decided")}, σ hedged/unhedged {ratio:F3}");
        }
        if (r.Placement is { } placement) Console.WriteLine($"placement  {placement.Sentence}");
        var t = r.Latency[Stage.TickToOrder];
        if (t.Count > 0) Line($"latency    tickToOrder p50 {t.ValueAtPercentile(50):N0} ns, p99 {t.ValueAtPercentile(99):N0} ns, p99.9 {t.ValueAtPercentile(99.9):N0} ns over {t.Count:N0} orders; to sent p50 {r.Latency[Stage.TickToSent].ValueAtPercentile(50):N0} ns");
        if (r.DecisionsTotal > 0) Line($"decisions  {r.DecisionsTotal:N0}, {(double)r.DecisionsOnExpansion / r.DecisionsTotal:P1} on the expansion");
        if (r.Memory.WindowTicks > 0) Line($"memory     {r.Memory.AllocatedBytesPerTick:G3} bytes a tick on hot threads, collections {r.Memory.Gc0}/{r.Memory.Gc1}/{r.Memory.Gc2}, {r.Memory.PageFaultsHot} page faults, {r.Memory.InvoluntarySwitchesHot} involuntary switches");
        if (r.Statement is { Available: true } statement)
            Console.WriteLine(statement.Equal ? "statement  positions, cash and fees equal the venue's" : "statement  DIFFERS from the venue's: " + string.Join("; ", statement.Differences));
        if (r.DropCopy.Count > 0)
        {
            long Of(string name) => r.DropCopy.First(f => f.Name == name).Count;
            Line($"drop copy  {Of("matched"):N0} executions agree, {Of("unknownToUs")} unknown to us, {Of("missingInCopy")} missing in the copy, {Of("disagreements")} disagree, {Of("open")} open");
        }
        if (r.ReplayVerdict is not null) Console.WriteLine($"replay     {r.ReplayVerdict}");
        Console.WriteLine($"orders     sha256 {r.OrdersSha256}");
        if (r.Journal is not null) Console.WriteLine($"journal    {r.Journal}");
        if (report is not null) Console.WriteLine($"report     {report} and {Path.ChangeExtension(report, ".html")}");
        foreach (string warning in r.Warnings) Console.WriteLine($"warning    {warning}");
    }
}
