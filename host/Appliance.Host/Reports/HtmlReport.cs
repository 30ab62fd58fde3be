using System.Globalization;
using System.Net;
using System.Text;
using Appliance.Contract;

namespace Appliance.Host.Reports;

/// <summary>The page beside the JSON report: what happened, in plots and tables. One file, no script.</summary>
internal static class HtmlReport
{
    internal const string Style = """
        body{font:15px/1.5 system-ui,sans-serif;max-width:1000px;margin:2em auto;padding:0 1em;color:#222;background:#fff}
        h1{font-size:1.5em;margin-bottom:.2em} h2{font-size:1.15em;margin-top:2em;border-bottom:1px solid #ddd} figure{margin:1em 0}
        svg{width:100%;height:auto} table{border-collapse:collapse;font-variant-numeric:tabular-nums} td,th{padding:.2em .8em;text-align:right;border-bottom:1px solid #eee}
        td:first-child,th:first-child{text-align:left} .title{font-weight:600;font-size:14px} .tick{font-size:11px;fill:#666} .legend{font-size:12px}
        .grid{stroke:#eee} .band{fill:#3c8d3c;opacity:.10} .empty{font-size:14px;fill:#999;text-anchor:middle} .good{color:#276727} .bad{color:#a32020} code{font-size:.9em}
        """;

    public static void Write(string path, RunResult r)
    {
        var page = new StringBuilder();
        var inv = CultureInfo.InvariantCulture;
        page.Append(inv, $"<!doctype html><html lang='en'><head><meta charset='utf-8'><meta name='viewport' content='width=device-width'><title>{Encode(r.Desk)} · {Encode(r.Command)}</title><style>{Style}</style></head><body>\n");
        page.Append(inv, $"<h1>{Encode(r.Desk)}</h1><p>{Encode(r.Command)} · profile {Encode(r.Profile)} ({Encode(r.Topology)}) · {r.Seconds:F1} s · {r.Source.Ticks:N0} ticks from {Encode(r.Source.Kind)} · {r.Orders.Sent:N0} messages sent, {r.Orders.Filled:N0} fills</p>\n");
        if (r.Statement is { Available: true } s)
            page.Append(s.Equal ? "<p class='good'>Positions, cash and fees equal the venue's own statement.</p>\n" : $"<p class='bad'>The venue's statement differs: {Encode(string.Join("; ", s.Differences))}</p>\n");
        foreach (string warning in r.Warnings) page.Append(inv, $"<p class='bad'>{Encode(warning)}</p>\n");

        page.Append("<h2>Portfolios</h2><table><tr><th>portfolio</th><th>options</th><th>P&amp;L</th><th>options</th><th>hedge</th><th>costs</th><th>rebalances</th><th>|delta| mean</th><th>in band</th><th>σ hedged / unhedged</th></tr>\n");
        foreach (var p in r.Portfolios)
            page.Append(inv, $"<tr><td>{Encode(p.Name)} ({Encode(p.Underlying)})</td><td>{p.Options}</td><td>{p.Pnl:N2}</td><td>{p.OptionPnl:N2}</td><td>{p.HedgePnl:N2}</td><td>{p.Costs:N2}</td><td>{p.Rebalances}</td><td>{p.AbsDeltaMean:G4}</td><td>{p.ShareOfTimeInBand:P1}</td><td>{(p.UnhedgedPnlStdDev > 0 ? p.HedgedPnlStdDev / p.UnhedgedPnlStdDev : 0):F3}</td></tr>\n");
        page.Append(inv, $"</table><p>Money in {Encode(r.Currency)}. σ is the standard deviation of one-second P&amp;L after costs at the desk's volatility marks.</p>\n");
        foreach (var p in r.Portfolios)
        {
            page.Append(inv, $"<h2>{Encode(p.Name)}</h2>\n");
            page.Append(new SvgPlot($"{p.Underlying} mid price", "seconds", r.Currency).Line("mid", p.Series.Seconds, p.Series.Price).Render());
            page.Append(new SvgPlot("Hedge position", "seconds", "units of the underlying").Line("hedge", p.Series.Seconds, p.Series.Hedge).Render());
            page.Append(new SvgPlot("Delta of options, and of options with hedge", "seconds", "units of the underlying").Line("before hedging", p.Series.Seconds, p.Series.DeltaBefore).Line("after hedging", p.Series.Seconds, p.Series.DeltaAfter).Render());
            page.Append(new SvgPlot("P&L", "seconds", r.Currency).Line("hedged, after costs", p.Series.Seconds, p.Series.Hedged).Line("unhedged", p.Series.Seconds, p.Series.Unhedged).Render());
        }

        page.Append("<h2>Latency</h2>\n");
        Latency(page, r.Latency);
        page.Append(inv, $"<p>Hot threads in the measured window: {r.Memory.AllocatedBytesPerTick:G3} bytes allocated a tick, collections {r.Memory.Gc0}/{r.Memory.Gc1}/{r.Memory.Gc2}, {r.Memory.PageFaultsHot} page faults, {r.Memory.InvoluntarySwitchesHot} involuntary switches.</p>\n");

        page.Append("<h2>Source</h2><table><tr><th>message</th><th>count</th></tr>\n");
        for (int i = 0; i < r.Source.MessageTypeCounts.Length; i++)
            if (r.Source.MessageTypeCounts[i] != 0)
                page.Append(inv, $"<tr><td>{Encode(r.Source.MessageTypeNames[i] ?? "?")}</td><td>{r.Source.MessageTypeCounts[i]:N0}</td></tr>\n");
        page.Append(inv, $"</table><p>gaps {r.Source.Gaps}, sequence resets {r.Source.SequenceResets}, duplicates {r.Source.Duplicates}, decode errors {r.Source.DecodeErrors}, torn tail {(r.Source.TornTail ? "yes" : "no")}</p>\n");
        page.Append(inv, $"<h2>Orders</h2><p>intents {r.Orders.Intents}, approved {r.Orders.Approved}, held back by the gate {r.Orders.RejectedByGate}, sent {r.Orders.Sent}, fills {r.Orders.Filled}, cancelled {r.Orders.Cancelled}, rejected by the venue {r.Orders.RejectedByVenue}</p>\n<p><code>ordersSha256 {r.OrdersSha256}</code></p>\n");
        if (r.ReplayVerdict is not null) page.Append(inv, $"<p>{Encode(r.ReplayVerdict)}</p>\n");
        page.Append("</body></html>\n");
        string part = path + ".part";
        File.WriteAllText(part, page.ToString());
        File.Move(part, path, overwrite: true);
    }

    public static void Latency(StringBuilder page, StageLatency latency)
    {
        var inv = CultureInfo.InvariantCulture;
        page.Append("<table><tr><th>stage</th><th>count</th><th>p50</th><th>p90</th><th>p99</th><th>p99.9</th><th>max (ns)</th></tr>\n");
        foreach (var stage in Enum.GetValues<Stage>())
        {
            var h = latency[stage];
            page.Append(inv, $"<tr><td>{StageLatency.NameOf(stage)}</td><td>{h.Count:N0}</td><td>{h.ValueAtPercentile(50):N0}</td><td>{h.ValueAtPercentile(90):N0}</td><td>{h.ValueAtPercentile(99):N0}</td><td>{h.ValueAtPercentile(99.9):N0}</td><td>{h.Max:N0}</td></tr>\n");
        }
        page.Append("</table>\n");
        var plot = new SvgPlot("Latency by percentile", "1 / (1 − percentile)", "microseconds");
        foreach (var stage in new[] { Stage.TickToOrder, Stage.TickToSent })
            if (latency[stage].Count > 1) Percentiles(plot, StageLatency.NameOf(stage), latency[stage]);
        page.Append(plot.Render(logarithmicX: true));
    }

    public static void Percentiles(SvgPlot plot, string name, HdrHistogram h)
    {
        var x = new List<double>();
        var y = new List<double>();
        for (double odds = 1; odds <= Math.Max(2, h.Count); odds *= 1.25)
        {
            x.Add(odds);
            y.Add(h.ValueAtPercentile(100 * (1 - 1 / odds)) / 1000.0);
        }
        plot.Line(name, [.. x], [.. y]);
    }

    private static string Encode(string text) => WebUtility.HtmlEncode(text);
}
