using Appliance.Lab.Specification;

namespace Appliance.Lab.Training;

/// <summary>
/// A risk as training needs it: each path's weight in the gradient, ∂risk = scale · Σ weight(L)·∂L. Weights rest on one or two numbers of the whole sample (a threshold, a mean), taken from
/// the batch before, so that one way forwards and back is enough. For measures that are minima over such a number (CVaR over its threshold, variance over its centre) the gradient stays that
/// of the joint minimisation (the optimised certainty equivalents of Ben-Tal and Teboulle, Mathematical Finance 17 (2007)). Losses are in the problem's units.
/// </summary>
public abstract class TrainingObjective
{
    /// <summary>The numbers carried from batch to batch; a checkpoint keeps them.</summary>
    public double[] State { get; protected init; } = [];

    /// <summary>
    /// Whether most paths have no weight. Then a batch is first hedged without a tape, and only the paths that <see cref="WeighSample"/> gives a weight are gone through again and
    /// backwards: the same gradient for a fraction of the work.
    /// </summary>
    public virtual bool LooksAtTail => false;

    /// <summary>Sets <see cref="State"/> from a first sample of losses.</summary>
    public abstract void Begin(ReadOnlySpan<float> losses);

    /// <summary>The same from paths that count by ratios. Where <see cref="Finish"/> divides by the sample's own sum, it matters to no bit of the gradient's direction where it began.</summary>
    public virtual void Begin(ReadOnlySpan<float> losses, ReadOnlySpan<float> ratios) => Begin(losses);

    /// <summary>Each path's weight, and the sums over the block.</summary>
    public abstract void Weigh(ReadOnlySpan<float> losses, Span<float> weights, ref BatchSums sums);

    /// <summary>The same for paths that count by ratios. What divides by the number of paths goes on doing so: the ratios' own mean is 1.</summary>
    public virtual void Weigh(ReadOnlySpan<float> losses, ReadOnlySpan<float> ratios, Span<float> weights, ref BatchSums sums) => throw new NotSupportedException("This risk is not sampled by importance.");

    /// <summary>The batch's risk and the factor on the weighted sum; moves <see cref="State"/> on.</summary>
    public abstract double Finish(in BatchSums sums, out double gradientScale);

    /// <summary>For an objective that looks at the tail: the whole batch's weights at once, the factor included. Returns the batch's risk.</summary>
    /// <param name="ratios">By which paths count; empty counts each once.</param>
    public virtual double WeighSample(ReadOnlySpan<float> losses, ReadOnlySpan<float> ratios, Span<float> weights) => throw new NotSupportedException();

    /// <param name="objective">The objective in money.</param>
    /// <param name="moneyScale">Money per unit of the problem.</param>
    public static TrainingObjective Make(ObjectiveSpecification objective, double moneyScale) => objective.Kind switch
    {
        ObjectiveKind.StdDev => new StdDevObjective(),
        ObjectiveKind.MeanVariance => new MeanVarianceObjective(objective.RiskAversion * moneyScale),
        ObjectiveKind.MeanStd => new MeanStdObjective(objective.K),
        ObjectiveKind.Entropic => new EntropicObjective(objective.RiskAversion * moneyScale),
        ObjectiveKind.Cvar => new CvarObjective(objective.Level, 1),
        ObjectiveKind.MeanCvar => new CvarObjective(objective.Level, objective.Weight),
        ObjectiveKind.MeanVarianceCvar => new MeanVarianceCvarObjective(objective.RiskAversion * moneyScale, objective.Level, objective.Weight),
        ObjectiveKind.Power => new PowerObjective(objective.RiskAversion, objective.Wealth / moneyScale),
        ObjectiveKind.Expectile => new ExpectileObjective(objective.Tau),
        _ => throw new ArgumentOutOfRangeException(nameof(objective)),
    };

    protected static double MeanOf(ReadOnlySpan<float> losses)
    {
        double sum = 0;
        foreach (float l in losses) sum += l;
        return sum / losses.Length;
    }

    protected static double StdDevOf(ReadOnlySpan<float> losses, double mean)
    {
        double sum = 0;
        foreach (float l in losses) sum += (l - mean) * (l - mean);
        return Math.Sqrt(sum / losses.Length);
    }
}
