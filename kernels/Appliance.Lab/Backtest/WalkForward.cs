using System.Diagnostics;
using Appliance.Lab.Baselines;
using Appliance.Lab.Certificates;
using Appliance.Lab.Costs;
using Appliance.Lab.Hedging;
using Appliance.Lab.Markets;
using Appliance.Lab.Risk;
using Appliance.Lab.Specification;
using Appliance.Lab.Training;

namespace Appliance.Lab.Backtest;

/// <summary>One stretch of the way: which windows are judged, and on which returns before them the policy and the rules are made.</summary>
/// <param name="FirstPath">Number of the first window judged, among all of the evaluation's part.</param>
/// <param name="Training">Returns of the history, from the first to before the last; none of them lies after the first window's begin.</param>
/// <param name="Specification">The specification as it is at that time: training draws from those returns, evaluation goes through those windows.</param>
public sealed record WalkForwardCut(int Number, int FirstPath, int Paths, HistoryRange Training, LabSpecification Specification);

/// <summary>What stood to be judged in one stretch.</summary>
/// <param name="PolicyFile">Where the policy of this stretch is; empty without one.</param>
/// <param name="Trained">Null where it was trained before, or there is none.</param>
public sealed record WalkForwardStrategies(IReadOnlyList<IBlockPolicy> Strategies, string PolicyFile, TrainingResult? Trained);

/// <summary>What came of one stretch. Risks and figures rest on its few windows alone.</summary>
public sealed record WalkForwardWindow(WalkForwardCut Cut, double Premium, string PolicyFile, TrainingResult? Trained, IReadOnlyList<WalkForwardFigures> Strategies);

public sealed record WalkForwardFigures(string Name, double Risk, double Mean, double StdDev, double Costs, double Rebalances, double Worst);

/// <summary>
/// Walk-forward: the evaluation's windows of a history are cut into stretches, and before each the policy is trained anew, rules are tuned anew and the premium is set anew, on what was history by then. What is
/// reported over all windows is therefore out of sample throughout (Pardo, "The Evaluation and Optimization of Trading Strategies", Wiley 2008, chapter 11).
/// </summary>
public static class WalkForward
{
    /// <exception cref="MarketDataException">The history is too short for as many stretches.</exception>
    public static IReadOnlyList<WalkForwardCut> Cuts(LabSpecification s)
    {
        MarketSpecification market = s.Market;
        int returns = PriceHistory.Read(market).Prices.Length - 1, begin = Math.Min(returns - 2, (int)(returns * market.TrainingShare));
        int paths = returns - begin < s.Time.Steps ? 0 : (returns - begin - s.Time.Steps) / market.WindowStride + 1, count = s.Evaluation.WalkForward;
        if (paths < count) throw new MarketDataException($"{s.File}: evaluation.walkForward: saw {count} stretches, but evaluation's part of the history has {Math.Max(paths, 0)} windows of {s.Time.Steps} steps; take fewer, or lower market.windowStride or market.trainingShare");
        var cuts = new List<WalkForwardCut>(count);
        for (int i = 0; i < count; i++)
        {
            int first = (int)((long)paths * i / count), after = (int)((long)paths * (i + 1) / count), start = begin + first * market.WindowStride;
            var training = new HistoryRange(s.Evaluation.WalkForwardHistory > 0 ? Math.Max(0, start - s.Evaluation.WalkForwardHistory) : 0, start);
            var judged = new HistoryRange(start, start + (after - first - 1) * market.WindowStride + s.Time.Steps);
            cuts.Add(new WalkForwardCut(i + 1, first, after - first, training, s with { Market = market with { TrainingRange = training, EvaluationRange = judged } }));
        }
        return cuts;
    }

    /// <param name="strategiesOf">Makes what is judged in a stretch, by the same names in each.</param>
    /// <param name="done">Told each stretch as it ends.</param>
    public static BacktestReport Run(LabSpecification s, IReadOnlyList<WalkForwardCut> cuts, Func<WalkForwardCut, WalkForwardStrategies> strategiesOf, IReadOnlyList<string> notes, Action<WalkForwardWindow>? done = null, CancellationToken cancel = default)
    {
        var clock = Stopwatch.StartNew();
        int paths = cuts.Sum(c => c.Paths);
        var windows = new List<WalkForwardWindow>();
        var premiums = new double[paths];
        BlockResult[] pooled = [];
        WalkForwardStrategies last = null!;
        HedgingEnvironment environment = null!;
        foreach (WalkForwardCut cut in cuts)
        {
            last = strategiesOf(cut);
            environment = new HedgingEnvironment(cut.Specification, cut.Specification.Evaluation.Seed);
            double premium = Premium.Of(cut.Specification), final = premium * environment.Growth[0];
            premiums.AsSpan(cut.FirstPath, cut.Paths).Fill(final);
            // Not hedging stands last, for the report's own comparison.
            IBlockPolicy[] judged = [.. last.Strategies, new ClassicalPolicy("no hedge", ClassicalRule.None, null, 1, 0)];
            BlockResult[] results = PathRunner.Run(environment, judged, 0, cut.Paths, cancel: cancel);
            if (pooled.Length == 0) pooled = [.. judged.Select(_ => new BlockResult(paths))];
            for (int i = 0; i < judged.Length; i++) Copy(results[i], pooled[i], cut.FirstPath);
            windows.Add(new WalkForwardWindow(cut, premium, last.PolicyFile, last.Trained, [.. last.Strategies.Select((strategy, i) => Figures(s, strategy.Name, results[i], final))]));
            done?.Invoke(windows[^1]);
        }
        double firstPremium = windows[0].Premium * environment.Growth[0];
        double[][] gross = [.. pooled.Select(r => r.Loss.ToArray())];
        // P&L is of each stretch's own premium: losses are moved by the difference to the first.
        foreach (BlockResult r in pooled)
            for (int p = 0; p < paths; p++) r.Loss[p] += firstPremium - premiums[p];
        var all = notes.ToList();
        all.Add($"walk-forward: {cuts.Count} stretches, each with a policy trained, rules tuned and a premium set on the history before it; policy files for trading are those of the last");
        if (s.Market.WindowStride < s.Time.Steps) all.Add($"windows begin every {s.Market.WindowStride} steps and last {s.Time.Steps}: they overlap, so intervals and standard errors are too narrow");
        double noHedge = RiskMeasure.Of(s.Objective, gross[^1]).Value;
        return new BacktestReport
        {
            Specification = s, Premium = windows[0].Premium, Paths = paths, NoHedgeRisk = noHedge, Optimum = CertificateResult.None("a history has no model"),
            Strategies = Evaluation.Summarise(s, [.. last.Strategies.Select(x => x.Name)], pooled[..^1], gross, null, firstPremium, marked: false),
            Seconds = clock.Elapsed.TotalSeconds, Threads = System.Environment.ProcessorCount, Notes = all, WalkForward = windows,
            Surface = Illustration.Surface(environment, last.Strategies), Example = Illustration.Example(environment, last.Strategies),
        };
    }

    private static WalkForwardFigures Figures(LabSpecification s, string name, BlockResult r, double premium)
    {
        double mean = RiskMeasure.Mean(r.Loss);
        return new WalkForwardFigures(name, RiskMeasure.Of(s.Objective, r.Loss).Value, premium - mean, Math.Sqrt(RiskMeasure.Variance(r.Loss, mean)), r.Costs.Average(), r.Rebalances.Average(), r.Loss.Max() - premium);
    }

    private static void Copy(BlockResult from, BlockResult to, int at)
    {
        from.Loss.CopyTo(to.Loss, at);
        from.Costs.CopyTo(to.Costs, at);
        from.Turnover.CopyTo(to.Turnover, at);
        from.Rebalances.CopyTo(to.Rebalances, at);
    }
}
