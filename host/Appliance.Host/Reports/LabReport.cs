using System.Text.Json;
using Appliance.Lab.Backtest;

namespace Appliance.Host.Reports;

/// <summary>The backtest's machine-readable report. Keys are added, never renamed; a figure that does not exist is null.</summary>
internal static class LabReport
{
    public static void Write(string path, BacktestReport r)
    {
        JsonReport.WriteAtomically(path, w =>
        {
            w.WriteStartObject();
            w.WriteString("command", "backtest");
            w.WriteString("specification", r.Specification.Name);
            w.WriteString("objective", LabSummary.Describe(r.Specification.Objective));
            w.WriteNumber("paths", r.Paths);
            Number(w, "premium", r.Premium);
            w.WriteNumber("seconds", r.Seconds);
            w.WriteNumber("threads", r.Threads);
            w.WriteStartObject("optimum");
            Number(w, "risk", r.Optimum.Risk);
            w.WriteString("method", r.Optimum.Method);
            Number(w, "gridError", r.Optimum.GridError);
            w.WriteEndObject();
            w.WriteStartObject("noHedge");
            Number(w, "risk", r.NoHedgeRisk);
            w.WriteEndObject();
            w.WriteStartObject("strategies");
            var delta = r.Strategies.FirstOrDefault(s => s.Name == "delta");
            foreach (var s in r.Strategies) Strategy(w, s, delta, r.Tilted.GetValueOrDefault(s.Name));
            w.WriteEndObject();
            if (r.Robustness.Count > 0)
            {
                w.WriteStartObject("robustness");
                foreach (var (market, strategies) in r.Robustness)
                {
                    w.WriteStartObject(market);
                    foreach (var s in strategies) Strategy(w, s);
                    w.WriteEndObject();
                }
                w.WriteEndObject();
            }
            if (r.Frontier.Count > 0) Frontier(w, r);
            if (r.WalkForward.Count > 0) WalkForward(w, r.WalkForward);
            w.WriteStartArray("notes");
            foreach (string note in r.Notes) w.WriteStringValue(note);
            w.WriteEndArray();
            w.WriteEndObject();
        });
        LabPage.Write(Path.ChangeExtension(path, ".html"), r);
    }

    private static void Strategy(Utf8JsonWriter w, StrategyStatistics s, StrategyStatistics? delta = null, TiltedFigures? tilted = null)
    {
        w.WriteStartObject(s.Name);
        Number(w, "risk", s.Risk);
        Number(w, "riskStdErr", s.RiskStdErr);
        Number(w, "gap", s.Gap);
        foreach (var (key, figure) in s.Figures) Number(w, key, figure.Value);
        Number(w, "markedToModelVolatility", s.MarkedToModelVolatility);
        w.WriteStartObject("intervals");
        foreach (var (key, figure) in s.Figures) Interval(w, key, figure.Interval);
        w.WriteEndObject();
        if (s.PairedToDelta.Count > 0)
        {
            w.WriteStartObject("pairedToDelta");
            foreach (var (key, figure) in s.PairedToDelta)
            {
                w.WriteStartObject(key);
                Number(w, "difference", figure.Value);
                Interval(w, "interval", figure.Interval);
                w.WriteEndObject();
            }
            w.WriteEndObject();
        }
        if (tilted is not null)
        {
            w.WriteStartObject("importance");
            foreach (var (key, estimate) in (ReadOnlySpan<(string, Lab.Risk.RiskEstimate)>)[("risk", tilted.Risk), ("cvar95", tilted.Cvar95), ("cvar99", tilted.Cvar99)])
            {
                Number(w, key, estimate.Value);
                Number(w, key + "StdErr", estimate.StdErr);
            }
            w.WriteNumber("paths", tilted.Paths);
            Number(w, "effectivePaths", tilted.EffectivePaths);
            w.WriteEndObject();
        }
        if (delta is not null)
        {
            w.WriteStartObject("shareOfDelta");
            foreach (string key in LabSummary.Shared) Number(w, key, LabSummary.ShareOf(s, delta, key));
            w.WriteEndObject();
        }
        w.WriteEndObject();
    }

    private static void Frontier(Utf8JsonWriter w, BacktestReport r)
    {
        w.WriteStartObject("frontier");
        w.WriteNumber("paths", r.FrontierPaths);
        foreach (FrontierCurve curve in r.Frontier)
        {
            w.WriteStartArray(curve.Rule);
            foreach (FrontierPoint p in curve.Points)
            {
                w.WriteStartObject();
                foreach (var (key, value) in new[] { ("parameter", p.Parameter), ("costs", p.Costs), ("risk", p.Risk), ("stdDev", p.StdDev), ("cvar95", p.Cvar95), ("cvar99", p.Cvar99) }) Number(w, key, value);
                w.WriteEndObject();
            }
            w.WriteEndArray();
        }
        w.WriteEndObject();
    }

    private static void WalkForward(Utf8JsonWriter w, IReadOnlyList<WalkForwardWindow> windows)
    {
        w.WriteStartObject("walkForward");
        Number(w, "trainingSeconds", windows.Sum(x => x.Trained?.Seconds ?? 0));
        w.WriteStartArray("stretches");
        foreach (WalkForwardWindow x in windows)
        {
            w.WriteStartObject();
            w.WriteNumber("number", x.Cut.Number);
            w.WriteNumber("firstWindow", x.Cut.FirstPath);
            w.WriteNumber("windows", x.Cut.Paths);
            w.WriteNumber("trainingFrom", x.Cut.Training.From);
            w.WriteNumber("trainingTo", x.Cut.Training.To);
            Number(w, "premium", x.Premium);
            if (x.PolicyFile != "") w.WriteString("policy", x.PolicyFile);
            if (x.Trained is { } t)
            {
                w.WriteStartObject("training");
                Number(w, "seconds", t.Seconds);
                w.WriteNumber("epochs", t.EpochsDone);
                Number(w, "pathsPerSecond", t.PathsPerSecond);
                w.WriteNumber("threads", t.Threads);
                Number(w, "heldBackRisk", t.HeldBackRisk);
                w.WriteEndObject();
            }
            w.WriteStartObject("strategies");
            foreach (WalkForwardFigures f in x.Strategies)
            {
                w.WriteStartObject(f.Name);
                foreach (var (key, value) in new[] { ("risk", f.Risk), ("mean", f.Mean), ("stdDev", f.StdDev), ("costs", f.Costs), ("rebalances", f.Rebalances), ("worst", f.Worst) }) Number(w, key, value);
                w.WriteEndObject();
            }
            w.WriteEndObject();
            w.WriteEndObject();
        }
        w.WriteEndArray();
        w.WriteEndObject();
    }

    private static void Interval(Utf8JsonWriter w, string key, Interval interval)
    {
        w.WriteStartArray(key);
        foreach (double end in new[] { interval.Low, interval.High })
            if (double.IsFinite(end)) w.WriteNumberValue(end);
            else w.WriteNullValue();
        w.WriteEndArray();
    }

    private static void Number(Utf8JsonWriter w, string key, double value)
    {
        if (double.IsFinite(value)) w.WriteNumber(key, value);
        else w.WriteNull(key);
    }
}
