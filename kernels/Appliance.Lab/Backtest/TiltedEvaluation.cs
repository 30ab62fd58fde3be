using Appliance.Lab.Costs;
using Appliance.Lab.Hedging;
using Appliance.Lab.Risk;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Backtest;

/// <summary>What importance sampling says of a strategy's tail, on as many paths as the rest of the report: the same risks, with standard errors to put beside the others'.</summary>
/// <param name="Risk">The objective of the loss L, gross of any premium.</param>
/// <param name="Cvar95">Of L less the premium, as all figures but the risk; with the standard error.</param>
/// <param name="EffectivePaths">As even as the ratios are: (Σ ratio)²/Σ ratio².</param>
public sealed record TiltedFigures(RiskEstimate Risk, RiskEstimate Cvar95, RiskEstimate Cvar99, int Paths, double EffectivePaths);

/// <summary>Judges strategies on paths of `evaluation.importance`. Thresholds come from other paths of the same mixture.</summary>
public static class TiltedEvaluation
{
    /// <summary>What separates these paths' seed from the plain ones'.</summary>
    private const ulong TiltedSeed = 0x2545f4914f6cdd1d;
    private const int ThresholdPathsMost = 50_000;

    /// <param name="finalPremium">Premium with its interest at maturity.</param>
    public static TiltedFigures[] Of(LabSpecification s, IReadOnlyList<IBlockPolicy> strategies, int paths, double finalPremium, int threads = 0, CancellationToken cancel = default)
    {
        var importance = s.Evaluation.Importance ?? throw new ArgumentException("The specification has no evaluation.importance.", nameof(s));
        var environment = new HedgingEnvironment(s, s.Evaluation.Seed ^ TiltedSeed, importance);
        int spare = Math.Min(ThresholdPathsMost, Math.Max(paths, 1000));
        BlockResult[] results = PathRunner.Run(environment, strategies, 0, paths, threads: threads, cancel: cancel);
        BlockResult[] independent = PathRunner.Run(environment, strategies, paths, spare, threads: threads, cancel: cancel);
        return [.. results.Select((r, i) =>
        {
            double Threshold(double level) => WeightedRisk.Quantile(independent[i].Loss, independent[i].Ratios, level);
            RiskEstimate Tail(double level)
            {
                RiskEstimate cvar = WeightedRisk.Cvar(r.Loss, r.Ratios, level, Threshold(level));
                return cvar with { Value = cvar.Value - finalPremium };
            }
            return new TiltedFigures(WeightedRisk.Of(s.Objective, r.Loss, r.Ratios, Threshold(s.Objective.Level)), Tail(0.95), Tail(0.99), paths, WeightedRisk.EffectivePaths(r.Ratios));
        })];
    }
}
