namespace Appliance.Lab.Training;

/// <summary>Sums of L − c and its square around the mean c of the batch before: what the three measures of moments share.</summary>
public abstract class MomentObjective : TrainingObjective
{
    protected MomentObjective() => State = new double[2];

    protected double Centre => State[0];
    protected double Deviation => State[1];

    public override void Begin(ReadOnlySpan<float> losses)
    {
        State[0] = MeanOf(losses);
        State[1] = Math.Max(StdDevOf(losses, State[0]), 1e-12);
    }

    /// <summary>The weight is Constant + Slope·(L − centre).</summary>
    protected abstract (double Constant, double Slope) Weights { get; }
    protected abstract double Risk(double mean, double deviation);

    public override void Weigh(ReadOnlySpan<float> losses, Span<float> weights, ref BatchSums sums)
    {
        (double constant, double slope) = Weights;
        for (int p = 0; p < losses.Length; p++)
        {
            double off = losses[p] - Centre;
            weights[p] = (float)(constant + slope * off);
            sums.A += off;
            sums.B += off * off;
        }
        sums.Paths += losses.Length;
    }

    public override double Finish(in BatchSums sums, out double gradientScale)
    {
        gradientScale = 1.0 / sums.Paths;
        double off = sums.A / sums.Paths, mean = Centre + off;
        double deviation = Math.Sqrt(Math.Max(sums.B / sums.Paths - off * off, 0));
        State[0] = mean;
        State[1] = Math.Max(deviation, 1e-12);
        return Risk(mean, deviation);
    }
}

public sealed class StdDevObjective : MomentObjective
{
    protected override (double, double) Weights => (0, 1 / Deviation);
    protected override double Risk(double mean, double deviation) => deviation;
}

public sealed class MeanVarianceObjective(double riskAversion) : MomentObjective
{
    protected override (double, double) Weights => (1, riskAversion);
    protected override double Risk(double mean, double deviation) => mean + 0.5 * riskAversion * deviation * deviation;
}

public sealed class MeanStdObjective(double k) : MomentObjective
{
    protected override (double, double) Weights => (1, k / Deviation);
    protected override double Risk(double mean, double deviation) => mean + k * deviation;
}
