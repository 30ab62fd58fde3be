namespace Appliance.Lab.Training;

/// <summary>
/// E L + (a/2) Var L + w CVaR: costs, spread and tail weighed against one another. Centre and threshold come from the batch before; the threshold follows the batches' shares beyond it by a
/// damped Newton step, with the normal's density at the quantile for the slope. For a measure that is a minimum over the threshold the gradient stays that of the joint minimisation.
/// </summary>
public sealed class MeanVarianceCvarObjective : TrainingObjective
{
    /// <summary>Share of a Newton step that one batch moves the threshold by: a batch's own quantile is noisy.</summary>
    private const double Damping = 0.25;
    private readonly double _riskAversion, _level, _weight, _densityAtQuantile;

    public MeanVarianceCvarObjective(double riskAversion, double level, double weight)
    {
        (_riskAversion, _level, _weight) = (riskAversion, level, weight);
        double quantile = Random.InverseNormal.Of(Math.Max(level, 1e-6));
        _densityAtQuantile = Math.Exp(-0.5 * quantile * quantile) / Math.Sqrt(2 * Math.PI);
        State = new double[3];
    }

    private double Centre => State[0];
    private double Threshold => State[1];

    public override void Begin(ReadOnlySpan<float> losses)
    {
        State[0] = MeanOf(losses);
        float[] sorted = losses.ToArray();
        Array.Sort(sorted);
        State[1] = sorted[Math.Clamp((int)Math.Ceiling(_level * sorted.Length - 1e-9) - 1, 0, sorted.Length - 1)];
        State[2] = Math.Max(StdDevOf(losses, State[0]), 1e-12);
    }

    public override void Begin(ReadOnlySpan<float> losses, ReadOnlySpan<float> ratios)
    {
        double[] x = new double[losses.Length], counts = new double[losses.Length];
        for (int p = 0; p < x.Length; p++) (x[p], counts[p]) = (losses[p], ratios[p]);
        double mean = 0, square = 0;
        for (int p = 0; p < x.Length; p++) mean += counts[p] * x[p] / x.Length;
        for (int p = 0; p < x.Length; p++) square += counts[p] * (x[p] - mean) * (x[p] - mean) / x.Length;
        (State[0], State[1], State[2]) = (mean, Risk.WeightedRisk.Quantile(x, counts, _level), Math.Max(Math.Sqrt(square), 1e-12));
    }

    public override void Weigh(ReadOnlySpan<float> losses, Span<float> weights, ref BatchSums sums) => Weigh(losses, default, weights, ref sums);

    public override void Weigh(ReadOnlySpan<float> losses, ReadOnlySpan<float> ratios, Span<float> weights, ref BatchSums sums)
    {
        double tail = _weight / (1 - _level);
        for (int p = 0; p < losses.Length; p++)
        {
            double off = losses[p] - Centre, over = losses[p] - Threshold, ratio = ratios.IsEmpty ? 1 : ratios[p];
            double weight = 1 + _riskAversion * off;
            sums.A += ratio * off;
            sums.B += ratio * (off * off);
            if (over > 0)
            {
                weight += tail;
                sums.C += ratio * over;
                sums.D += ratio;
            }
            weights[p] = (float)(ratio * weight);
        }
        sums.Paths += losses.Length;
    }

    public override double Finish(in BatchSums sums, out double gradientScale)
    {
        gradientScale = 1.0 / sums.Paths;
        double off = sums.A / sums.Paths, mean = Centre + off, variance = Math.Max(sums.B / sums.Paths - off * off, 0);
        double risk = mean + 0.5 * _riskAversion * variance + _weight * (Threshold + sums.C / sums.Paths / (1 - _level));
        State[0] = mean;
        State[1] += Damping * (sums.D / sums.Paths - (1 - _level)) * State[2] / _densityAtQuantile;
        State[2] = Math.Max(Math.Sqrt(variance), 1e-12);
        return risk;
    }
}
