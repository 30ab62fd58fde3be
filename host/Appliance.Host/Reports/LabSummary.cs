using System.Globalization;
using Appliance.Lab.Backtest;

namespace Appliance.Host.Reports;

/// <summary>A backtest as a table on a terminal.</summary>
internal static class LabSummary
{
    public static void Print(TextWriter to, BacktestReport r)
    {
        var inv = CultureInfo.InvariantCulture;
        to.WriteLine(string.Create(inv, $"{r.Specification.Name}: {r.Paths:N0} held-back paths, objective {Describe(r.Specification.Objective)}, premium {r.Premium:G8}"));
        if (r.Optimum.IsAvailable) to.WriteLine(string.Create(inv, $"optimum {r.Optimum.Risk:G8} ± {r.Optimum.GridError:G2} ({r.Optimum.Method}), no hedge {r.NoHedgeRisk:G8}"));
        else to.WriteLine(string.Create(inv, $"no certificate ({r.Optimum.Method["none: ".Length..]}), no hedge {r.NoHedgeRisk:G8}"));
        to.WriteLine(string.Create(inv, $"{"strategy",-24}{"risk",12}{"± ",10}{"gap",8}{"mean",12}{"stdDev",12}{"cvar95",12}{"cvar99",12}{"costs",12}{"trades",9}"));
        foreach (var s in r.Strategies)
            to.WriteLine(string.Create(inv, $"{s.Name,-24}{s.Risk,12:G6}{s.RiskStdErr,10:G2}{(double.IsNaN(s.Gap) ? "-" : s.Gap.ToString("0.0000", inv)),8}{s.Figures["mean"].Value,12:G5}{s.Figures["stdDev"].Value,12:G5}{s.Figures["cvar95"].Value,12:G5}{s.Figures["cvar99"].Value,12:G5}{s.Figures["costs"].Value,12:G5}{s.Figures["rebalances"].Value,9:0.0}"));
        if (r.Strategies.FirstOrDefault(s => s.Name == "delta") is { } delta && r.Strategies.Count > 1)
        {
            to.WriteLine($"{"as shares of delta's",-24}{string.Concat(Shared.Select(key => $"{key,12}"))}");
            foreach (var s in r.Strategies) to.WriteLine($"{s.Name,-24}{string.Concat(Shared.Select(key => ShareOf(s, delta, key).ToString("0.000", inv).PadLeft(12)))}");
        }
        if (r.Tilted.Count > 0)
        {
            to.WriteLine($"{"by importance sampling",-24}{"risk",12}{"± ",10}{"cvar95",12}{"± ",10}{"cvar99",12}{"± ",10}");
            foreach (var (name, t) in r.Tilted)
                to.WriteLine(string.Create(inv, $"{name,-24}{t.Risk.Value,12:G6}{t.Risk.StdErr,10:G2}{t.Cvar95.Value,12:G5}{t.Cvar95.StdErr,10:G2}{t.Cvar99.Value,12:G5}{t.Cvar99.StdErr,10:G2}"));
        }
        foreach (WalkForwardWindow x in r.WalkForward)
            to.WriteLine(string.Create(inv, $"stretch {x.Cut.Number,3}: {x.Cut.Paths} windows after returns {x.Cut.Training.From} to {x.Cut.Training.To}, premium {x.Premium:G5}; risk {string.Join(", ", x.Strategies.Select(f => string.Create(inv, $"{f.Name} {f.Risk:G5}")))}"));
        foreach (string note in r.Notes) to.WriteLine("note: " + note);
        to.WriteLine(string.Create(inv, $"{r.Seconds:0.0} s on {r.Threads} threads"));
    }

    /// <summary>Figures that are put beside delta's as shares.</summary>
    internal static readonly string[] Shared = ["stdDev", "cvar95", "cvar99", "costs", "rebalances"];

    internal static double ShareOf(StrategyStatistics s, StrategyStatistics delta, string key) => s.Figures[key].Value / delta.Figures[key].Value;

    internal static string Describe(Lab.Specification.ObjectiveSpecification o)
    {
        string kind = Configuration.LabSpecificationKeys.Objectives[(int)o.Kind];
        return string.Create(CultureInfo.InvariantCulture, $"{kind}{o.Kind switch
        {
            Lab.Specification.ObjectiveKind.Entropic or Lab.Specification.ObjectiveKind.MeanVariance => $" a = {o.RiskAversion}",
            Lab.Specification.ObjectiveKind.MeanStd => $" k = {o.K}",
            Lab.Specification.ObjectiveKind.Cvar => $" {100 * o.Level} %",
            Lab.Specification.ObjectiveKind.MeanCvar => $" {100 * o.Level} % with weight {o.Weight}",
            Lab.Specification.ObjectiveKind.MeanVarianceCvar => $" a = {o.RiskAversion}, {100 * o.Level} % with weight {o.Weight}",
            Lab.Specification.ObjectiveKind.Power => $" γ = {o.RiskAversion} at wealth {o.Wealth}",
            Lab.Specification.ObjectiveKind.Expectile => $" τ = {o.Tau}",
            _ => "",
        }}");
    }
}
