using System.Globalization;
using Appliance.Lab.Backtest;
using Appliance.Lab.Baselines;
using Appliance.Lab.Certificates;
using Appliance.Lab.Costs;
using Appliance.Lab.Episodes;
using Appliance.Lab.Hedging;
using Appliance.Lab.Risk;
using Appliance.Lab.Specification;
using Appliance.Lab.Training;
using Appliance.Strategy.Policies.Files;

namespace Appliance.Host.Reports;

/// <summary>A fresh policy file beside not hedging and, where the specification asks for a certificate, the exact optimum: read back from the disk, hedged by the lab's P&amp;L engine on the evaluation's paths.</summary>
internal sealed record TrainingJudgement(string Objective, int Paths, TrainingJudgement.Figures Policy, TrainingJudgement.Figures NoHedge, CertificateResult Optimum)
{
    internal sealed record Figures(string Name, RiskEstimate Risk, double MeanLoss, double StdDev, double Costs, double Rebalances, StrategyStatistics PnL);

    /// <summary>(risk − optimum) / (no hedge − optimum); NaN without a certificate.</summary>
    public double GapOf(Figures figures) => (figures.Risk.Value - Optimum.Risk) / (NoHedgeRisk - Optimum.Risk);

    /// <summary>The risk of not hedging that gaps are measured by: the certificate's where it knows it, else that on the paths.</summary>
    public double NoHedgeRisk => double.IsNaN(Optimum.NoHedge) ? NoHedge.Risk.Value : Optimum.NoHedge;

    public static TrainingJudgement Of(LabSpecification specification, string policyFile, int threads)
    {
        IBlockPolicy[] strategies = [new FilePolicy(PolicyFile.Load(policyFile), specification), new ClassicalPolicy("none", ClassicalRule.None, null, 1, 0)];
        var environment = new HedgingEnvironment(specification, specification.Evaluation.Seed);
        int paths = (int)Math.Min(specification.Evaluation.Paths, environment.Simulator.PathsAvailable);
        BlockResult[] results = PathRunner.Run(environment, strategies, 0, paths, threads: threads);
        // Intervals are the backtest's: they take longer than all the rest.
        LabSpecification plain = specification with { Evaluation = specification.Evaluation with { Resamples = 0 } };
        StrategyStatistics[] pnl = Evaluation.Summarise(plain, ["policy", "none"], results, [.. results.Select(r => r.Loss)], Evaluation.ThresholdLosses(environment, strategies, paths, threads), PremiumOf(specification) * environment.Growth[0], marked: false);
        return new TrainingJudgement(SpecifiedProblem.Describe(specification.Objective), paths, Judge(pnl[0], results[0]), Judge(pnl[1], results[1]), Certificate.Compute(specification));
    }

    public IEnumerable<string> Lines()
    {
        yield return string.Create(CultureInfo.InvariantCulture, $"judged on {Paths:N0} held-back paths, risk {Objective}");
        yield return $"           {"risk",14} {"std. error",11} {"mean loss",13} {"std-dev",13} {"costs",13} {"rebalances",10}";
        foreach (Figures f in (Figures[])[Policy, NoHedge])
            yield return string.Create(CultureInfo.InvariantCulture, $"{f.Name,-10} {f.Risk.Value,14:G8} {f.Risk.StdErr,11:G3} {f.MeanLoss,13:G7} {f.StdDev,13:G7} {f.Costs,13:G7} {f.Rebalances,10:F1}");
        if (!Optimum.IsAvailable) yield return $"optimum    {Optimum.Method}";
        else yield return string.Create(CultureInfo.InvariantCulture, $"optimum    {Optimum.Risk,14:G8} {Optimum.GridError,11:G3} (grid error), {Optimum.Method}; gap {GapOf(Policy):F4}");
    }

    /// <summary>A premium that cannot be known leaves P&amp;L without a number; it must not take a finished training's report.</summary>
    private static double PremiumOf(LabSpecification specification)
    {
        try { return Premium.Of(specification); }
        catch (ArgumentException) { return double.NaN; }
    }

    private static Figures Judge(StrategyStatistics pnl, BlockResult result)
    {
        double mean = RiskMeasure.Mean(result.Loss);
        return new Figures(pnl.Name, new RiskEstimate(pnl.Risk, pnl.RiskStdErr), mean, Math.Sqrt(RiskMeasure.Variance(result.Loss, mean)), result.Costs.Average(), result.Rebalances.Average(), pnl);
    }
}
