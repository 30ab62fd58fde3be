using System.Diagnostics;
using Appliance.Lab.Baselines;
using Appliance.Lab.Certificates;
using Appliance.Lab.Costs;
using Appliance.Lab.Hedging;
using Appliance.Lab.Risk;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Backtest;

/// <summary>Runs strategies on held-back paths and works out the report.</summary>
public static class Evaluation
{
    private const int ThresholdPathsMost = 50_000;

    public static BacktestReport Run(LabSpecification s, IReadOnlyList<IBlockPolicy> strategies, IReadOnlyList<string> notes, bool quickCertificate = false, Action<int>? progress = null, CancellationToken cancel = default)
    {
        var clock = Stopwatch.StartNew();
        var environment = new HedgingEnvironment(s, s.Evaluation.Seed);
        int paths = (int)Math.Min(s.Evaluation.Paths, environment.Simulator.PathsAvailable);
        var all = notes.ToList();
        if (paths < s.Evaluation.Paths) all.Add($"the file holds {paths} paths; evaluation.paths asks for {s.Evaluation.Paths}");
        double premium = Premium.Of(s), final = premium * environment.Growth[0];
        var certificate = Certificate.Compute(s, quickCertificate);
        if (!certificate.IsAvailable && s.Certificate != CertificateKind.None) all.Add("no certificate: " + certificate.Method["none: ".Length..]);
        var (results, statistics) = Statistics(s, environment, strategies, paths, final, certificate, progress, cancel);
        int none = IndexOfNone(strategies);
        double noHedge = !double.IsNaN(certificate.NoHedge) ? certificate.NoHedge : none >= 0 ? statistics[none].Risk : NoHedge(s, environment, paths, cancel);
        if (certificate.IsAvailable) statistics = [.. statistics.Select(x => x with { Gap = (x.Risk - certificate.Risk) / (noHedge - certificate.Risk) })];
        foreach (var strategy in statistics)
            if (certificate.IsAvailable && strategy.Risk < certificate.Risk - 4 * strategy.RiskStdErr - certificate.GridError)
                all.Add($"{strategy.Name} lies below the optimum by more than four standard errors and the grid's error: one of the two is wrong");
        foreach (IBlockPolicy strategy in strategies)
            if (strategy is HodgesNeubergerPolicy band && certificate.IsAvailable && band.RiskAversion == s.Objective.RiskAversion)
                all.Add(FormattableString.Invariant($"{strategy.Name} is read off a grid of {HodgesNeubergerPolicy.Holdings} holdings: on it the programme's own risk is {band.Optimum:G7}, {Math.Abs(band.Optimum - certificate.Risk):G2} from the certificate's finer one; what the band has beyond that on paths is lost between its nodes"));
        var robustness = new Dictionary<string, IReadOnlyList<StrategyStatistics>>();
        return new BacktestReport
        {
            Specification = s, Premium = premium, Paths = paths, Strategies = statistics, NoHedgeRisk = noHedge, Optimum = certificate, Seconds = clock.Elapsed.TotalSeconds,
            Threads = System.Environment.ProcessorCount, Notes = all, Robustness = robustness, Surface = Illustration.Surface(environment, strategies), Example = Illustration.Example(environment, strategies),
        };
    }

    /// <summary>Figures of strategies on one market.</summary>
    public static (BlockResult[] Results, StrategyStatistics[] Statistics) Statistics(
        LabSpecification s, HedgingEnvironment environment, IReadOnlyList<IBlockPolicy> strategies, int paths, double finalPremium, CertificateResult certificate, Action<int>? progress, CancellationToken cancel)
    {
        var mark = DeltaSource.WhyNot(s) is null && s.Market.Model is MarketModel.Gbm or MarketModel.Merton ? DeltaSource.Make(s) : null;
        var results = PathRunner.Run(environment, strategies, 0, paths, mark, progress: progress, cancel: cancel);
        double[][]? independent = ThresholdLosses(environment, strategies, paths, cancel: cancel);
        return (results, Summarise(s, [.. strategies.Select(x => x.Name)], results, [.. results.Select(r => r.Loss)], independent, finalPremium, mark is not null));
    }

    /// <summary>Losses on paths behind those that are judged, [strategy][path]: from them come the thresholds of CVaR. Null where a file or a history has too few left.</summary>
    public static double[][]? ThresholdLosses(HedgingEnvironment environment, IReadOnlyList<IBlockPolicy> strategies, int paths, int threads = 0, CancellationToken cancel = default)
    {
        int spare = (int)Math.Min(Math.Min(ThresholdPathsMost, Math.Max(paths, 1000)), environment.Simulator.PathsAvailable - paths);
        return spare < 1000 ? null : [.. PathRunner.Run(environment, strategies, paths, spare, threads: threads, cancel: cancel).Select(r => r.Loss)];
    }

    /// <summary>Figures of what became of paths.</summary>
    /// <param name="gross">Losses of which the risk is taken, by strategy; where the premium differs from path to path they are others than the results'.</param>
    /// <param name="independent">Losses on other paths, for the thresholds of CVaR; null takes the sample's own.</param>
    /// <param name="marked">Whether the results hold the changes of P&amp;L marked to the model.</param>
    public static StrategyStatistics[] Summarise(LabSpecification s, string[] names, BlockResult[] results, double[][] gross, double[][]? independent, double finalPremium, bool marked)
    {
        int together = RiskMeasure.PathsTogether(s.Market.Draws, results[0].Loss.Length);
        var bootstrap = new Bootstrap(results, finalPremium, s.Time.MaturityYears, independent, together);
        double[][] estimates = bootstrap.Estimates();
        double[][][] resamples = bootstrap.Resamples(s.Evaluation.Resamples, s.Evaluation.Seed);
        int delta = Array.LastIndexOf(names, "delta");
        var (low, high) = HistogramRange(results, finalPremium);
        var statistics = new StrategyStatistics[names.Length];
        for (int i = 0; i < names.Length; i++)
        {
            var risk = RiskMeasure.Of(s.Objective, gross[i], independent is null ? default : independent[i], together);
            int own = i;
            Dictionary<string, Figure> figures = [], paired = [];
            for (int k = 0; k < Bootstrap.Keys.Length; k++)
            {
                int key = k;
                figures[Bootstrap.Keys[k]] = new Figure(estimates[i][k], Bootstrap.IntervalOf(resamples.Select(r => r[own][key])));
                if (delta >= 0 && i != delta) paired[Bootstrap.Keys[k]] = new Figure(estimates[i][k] - estimates[delta][k], Bootstrap.IntervalOf(resamples.Select(r => r[own][key] - r[delta][key])));
            }
            var (edges, shares) = Histogram(results[i].Loss, finalPremium, low, high);
            statistics[i] = new StrategyStatistics
            {
                Name = names[i], Risk = risk.Value, RiskStdErr = risk.StdErr, Figures = figures, PairedToDelta = paired,
                MarkedToModelVolatility = !marked ? double.NaN : Math.Sqrt(results[i].MarkedSquares.Average() / s.Time.MaturityYears), HistogramEdges = edges, HistogramShares = shares,
            };
        }
        return statistics;
    }

    private static int IndexOfNone(IReadOnlyList<IBlockPolicy> strategies)
    {
        for (int i = 0; i < strategies.Count; i++)
            if (strategies[i].Name == "none") return i;
        return -1;
    }

    private static double NoHedge(LabSpecification s, HedgingEnvironment environment, int paths, CancellationToken cancel)
    {
        var none = new ClassicalPolicy("none", ClassicalRule.None, null, 1, 0);
        return RiskMeasure.Of(s.Objective, PathRunner.Run(environment, [none], 0, Math.Min(paths, 200_000), cancel: cancel)[0].Loss).Value;
    }

    /// <summary>One range for all strategies, from the thousandth of the worst to that of the best, so that their histograms lie over one another.</summary>
    private static (double, double) HistogramRange(BlockResult[] results, double premium)
    {
        double low = double.PositiveInfinity, high = double.NegativeInfinity;
        foreach (var r in results)
        {
            low = Math.Min(low, premium - RiskMeasure.Quantile(r.Loss, 0.998));
            high = Math.Max(high, premium - RiskMeasure.Quantile(r.Loss, 0.002));
        }
        return low < high ? (low, high) : (low - 0.5, low + 0.5);
    }

    private static (double[] Edges, double[] Shares) Histogram(double[] losses, double premium, double low, double high)
    {
        const int Bins = 80;
        var shares = new double[Bins];
        foreach (double loss in losses) shares[Math.Clamp((int)((premium - loss - low) / (high - low) * Bins), 0, Bins - 1)] += 1.0 / losses.Length;
        return ([.. Enumerable.Range(0, Bins + 1).Select(i => low + (high - low) * i / Bins)], shares);
    }
}
