using System.Globalization;
using System.Net;
using System.Text;
using Appliance.Lab.Backtest;

namespace Appliance.Host.Reports;

/// <summary>The page beside the backtest's report: figures, histograms over one another, policies against price, an example path, cost against risk. One file, no script.</summary>
internal static class LabPage
{
    private static readonly string[] Columns = ["mean", "stdDev", "cvar95", "cvar99", "costs", "rebalances", "sharpe", "annualisedVolatility", "worst", "turnover"];

    public static void Write(string path, BacktestReport r)
    {
        var page = new StringBuilder();
        var inv = CultureInfo.InvariantCulture;
        page.Append(inv, $"<!doctype html><html lang='en'><head><meta charset='utf-8'><meta name='viewport' content='width=device-width'><title>{Encode(r.Specification.Name)} · backtest</title><style>{HtmlReport.Style}</style></head><body>\n");
        page.Append(inv, $"<h1>{Encode(r.Specification.Name)}</h1><p>{r.Paths:N0} held-back paths · {Encode(LabSummary.Describe(r.Specification.Objective))} · premium {r.Premium:G6} · {r.Seconds:F1} s</p>\n");
        page.Append(r.Optimum.IsAvailable
            ? string.Create(inv, $"<p>Exact optimum {r.Optimum.Risk:G8} ± {r.Optimum.GridError:G2} ({Encode(r.Optimum.Method)}); without hedge {r.NoHedgeRisk:G8}. The gap is (risk − optimum) / (risk without hedge − optimum).</p>\n")
            : string.Create(inv, $"<p>Without hedge {r.NoHedgeRisk:G8}. No certificate: {Encode(r.Optimum.Method["none: ".Length..])}.</p>\n"));
        foreach (string note in r.Notes) page.Append(inv, $"<p class='bad'>{Encode(note)}</p>\n");
        Table(page, "Strategies", r.Strategies);
        page.Append("<p>Risk is the objective of the loss gross of the premium; the rest is of P&amp;L with it. Brackets: 95 % bootstrap intervals.</p>\n");
        if (r.Strategies.FirstOrDefault(s => s.Name == "delta") is { } delta) Shares(page, r.Strategies, delta);
        if (r.Strategies.Any(s => s.PairedToDelta.Count > 0)) Paired(page, r.Strategies);

        page.Append("<h2>P&amp;L</h2>\n");
        var histogram = new SvgPlot("P&L over held-back paths", "P&L", "share of paths");
        foreach (var s in r.Strategies) histogram.Line(s.Name, Stairs(s.HistogramEdges), [.. s.HistogramShares.SelectMany(x => new[] { x, x })]);
        page.Append(histogram.Render());
        CostAgainstRisk(page, r);
        if (r.Surface is { } surface) Surface(page, surface);
        if (r.Example is { } example) Example(page, example);
        if (r.WalkForward.Count > 0) WalkForward(page, r.WalkForward);
        foreach (var (market, strategies) in r.Robustness) Table(page, $"On the market of {market}", strategies);
        page.Append("</body></html>\n");
        string part = path + ".part";
        File.WriteAllText(part, page.ToString());
        File.Move(part, path, overwrite: true);
    }

    private static void CostAgainstRisk(StringBuilder page, BacktestReport r)
    {
        page.Append("<h2>Cost against risk</h2>\n");
        if (r.Frontier.Count > 0)
            page.Append(CultureInfo.InvariantCulture, $"<p>Points are the strategies above. Lines are classical rules over the range of their parameter ({Encode(string.Join("; ", r.Frontier.Select(c => $"{c.Rule}: {c.Parameter} from {SvgPlot.Short(c.Points[0].Parameter)} to {SvgPlot.Short(c.Points[^1].Parameter)}")))}) on the first {r.FrontierPaths:N0} paths; the dashed line is the frontier of all, what costs least for its risk.</p>\n");
        foreach (var (key, title) in new[] { ("risk", "risk"), ("stdDev", "deviation of the P&L"), ("cvar95", "CVaR 95 %"), ("cvar99", "CVaR 99 %") })
            page.Append(ScatterPlot.Render("Cost against " + title, "mean cost", title, [.. r.Strategies.Select(s => (s.Name, s.Figures["costs"].Value, key == "risk" ? s.Risk : s.Figures[key].Value))],
                [.. r.Frontier.Select(c => (c.Rule, c.Points.Select(p => (p.Costs, key switch { "risk" => p.Risk, "stdDev" => p.StdDev, "cvar95" => p.Cvar95, _ => p.Cvar99 })).ToArray()))]));
    }

    private static void Table(StringBuilder page, string title, IReadOnlyList<StrategyStatistics> strategies)
    {
        var inv = CultureInfo.InvariantCulture;
        page.Append(inv, $"<h2>{Encode(title)}</h2><table><tr><th>strategy</th><th>risk</th><th>gap</th>");
        foreach (string column in Columns) page.Append(inv, $"<th>{column}</th>");
        page.Append("</tr>\n");
        foreach (var s in strategies)
        {
            page.Append(inv, $"<tr><td>{Encode(s.Name)}</td><td>{s.Risk:G6} ± {s.RiskStdErr:G2}</td><td>{(double.IsNaN(s.Gap) ? "–" : s.Gap.ToString("0.0000", inv))}</td>");
            foreach (string column in Columns) page.Append(inv, $"<td>{s.Figures[column].Value:G5}<br><small>[{s.Figures[column].Interval.Low:G4}, {s.Figures[column].Interval.High:G4}]</small></td>");
            page.Append("</tr>\n");
        }
        page.Append("</table>\n");
    }

    private static void Shares(StringBuilder page, IReadOnlyList<StrategyStatistics> strategies, StrategyStatistics delta)
    {
        page.Append(CultureInfo.InvariantCulture, $"<h2>As shares of delta's</h2><table><tr><th>strategy</th>{string.Concat(LabSummary.Shared.Select(key => $"<th>{key}</th>"))}</tr>\n");
        foreach (var s in strategies)
            page.Append(CultureInfo.InvariantCulture, $"<tr><td>{Encode(s.Name)}</td>{string.Concat(LabSummary.Shared.Select(key => $"<td>{LabSummary.ShareOf(s, delta, key).ToString("0.000", CultureInfo.InvariantCulture)}</td>"))}</tr>\n");
        page.Append("</table>\n");
    }

    private static void Paired(StringBuilder page, IReadOnlyList<StrategyStatistics> strategies)
    {
        var inv = CultureInfo.InvariantCulture;
        page.Append("<h2>Less delta hedging, path by path</h2><table><tr><th>strategy</th>");
        foreach (string column in Columns) page.Append(inv, $"<th>{column}</th>");
        page.Append("</tr>\n");
        foreach (var s in strategies.Where(s => s.PairedToDelta.Count > 0))
        {
            page.Append(inv, $"<tr><td>{Encode(s.Name)}</td>");
            foreach (string column in Columns) page.Append(inv, $"<td>{s.PairedToDelta[column].Value:G4}<br><small>[{s.PairedToDelta[column].Interval.Low:G4}, {s.PairedToDelta[column].Interval.High:G4}]</small></td>");
            page.Append("</tr>\n");
        }
        page.Append("</table>\n");
    }

    private static void WalkForward(StringBuilder page, IReadOnlyList<WalkForwardWindow> windows)
    {
        var inv = CultureInfo.InvariantCulture;
        string[] names = [.. windows[0].Strategies.Select(f => f.Name)];
        page.Append(inv, $"<h2>Walk-forward</h2><p>Before each stretch the policy is trained, rules are tuned and the premium is set on the returns before it. Risk, and under it mean P&amp;L and costs, over the stretch's windows.</p><table><tr><th>stretch</th><th>returns trained on</th><th>windows</th><th>premium</th>{string.Concat(names.Select(n => $"<th>{Encode(n)}</th>"))}</tr>\n");
        foreach (WalkForwardWindow x in windows)
            page.Append(inv, $"<tr><td>{x.Cut.Number}</td><td>{x.Cut.Training.From} to {x.Cut.Training.To}</td><td>{x.Cut.Paths}</td><td>{x.Premium:G5}</td>{string.Concat(x.Strategies.Select(f => string.Create(inv, $"<td>{f.Risk:G5}<br><small>{f.Mean:G4}, {f.Costs:G4}</small></td>")))}</tr>\n");
        page.Append("</table>\n");
        var plot = new SvgPlot("Risk of each stretch", "stretch", "risk");
        double[] edges = [.. Enumerable.Range(0, windows.Count + 1).Select(k => k + 0.5)];
        for (int i = 0; i < names.Length; i++) plot.Line(names[i], Stairs(edges), [.. windows.SelectMany(x => new[] { x.Strategies[i].Risk, x.Strategies[i].Risk })]);
        page.Append(plot.Render());
    }

    private static void Surface(StringBuilder page, PolicySurface surface)
    {
        page.Append("<h2>Holdings against price</h2><p>What each strategy holds at a step after the price has stood still there since the start.</p>\n");
        for (int h = 0; h < surface.Hedges.Length; h++)
            for (int k = 0; k < surface.Steps.Length; k++)
            {
                var plot = new SvgPlot($"Step {surface.Steps[k]}{Of(surface.Hedges, h)}", "price", "holding");
                for (int s = 0; s < surface.Strategies.Length; s++) plot.Line(surface.Strategies[s], surface.Prices, surface.Holdings[h][s][k]);
                page.Append(plot.Render());
            }
    }

    /// <summary>Which hedge, where there are several.</summary>
    private static string Of(string[] hedges, int hedge) => hedges.Length == 1 ? "" : ", " + hedges[hedge];

    private static void Example(StringBuilder page, ExamplePath example)
    {
        page.Append("<h2>One path</h2>\n");
        double[] steps = [.. Enumerable.Range(0, example.Price.Length).Select(k => (double)k)];
        page.Append(new SvgPlot("Price", "step", "price").Line("price", steps, example.Price).Render());
        for (int h = 0; h < example.Hedges.Length; h++)
        {
            var plot = new SvgPlot("Holdings" + Of(example.Hedges, h), "step", "units");
            for (int s = 0; s < example.Strategies.Length; s++) plot.Line(example.Strategies[s], Stairs(steps), [.. example.Holdings[h][s].SelectMany(x => new[] { x, x })]);
            page.Append(plot.Render());
        }
    }

    /// <summary>Each edge twice but the first and the last: a line of steps.</summary>
    private static double[] Stairs(double[] edges) => [.. edges.SelectMany(x => new[] { x, x }).Skip(1).SkipLast(1)];

    private static string Encode(string text) => WebUtility.HtmlEncode(text);
}
