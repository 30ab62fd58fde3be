using Appliance.Kernels.Scalar;
using Appliance.Strategy.Policies.Files;

namespace Appliance.Strategy.Policies;

/// <summary>From a network's raw outputs to the hedge wanted; the lab computes the same formulas when it trains.</summary>
public static class PolicyOutputs
{
    /// <param name="output">[1] the target; [2] the target and the half-width, or the two edges of a band; [3] the edges and how far beyond them nothing is traded yet.</param>
    public static HedgeTarget Target(PolicyMetadata metadata, ReadOnlySpan<float> output, in PortfolioState state)
    {
        double first = Transform(metadata.OutputTransform, output[0]);
        if (metadata.Band is { } band)
        {
            double a = Position(metadata.TargetKind, band.Lower.Apply(first), in state);
            double b = Position(metadata.TargetKind, band.Upper.Apply(Transform(metadata.OutputTransform, output[1])), in state);
            // A ratio of a short hedge turns the edges round. Elsewhere edges that cross have no band between them: both become their middle.
            if (a > b) (a, b) = metadata.TargetKind == TargetKind.HedgeRatio && state.NeutralHedgeUnits < 0 ? (b, a) : (0.5 * (a + b), 0.5 * (a + b));
            double beyond = metadata.HasBandWidth ? metadata.HalfWidth.Apply(Transform(metadata.OutputTransform, output[2])) : 0;
            return new HedgeTarget(Math.Min(Math.Max(state.HedgePositionUnits, a), b), a - beyond, b + beyond);
        }
        double target = Position(metadata.TargetKind, metadata.Target.Apply(first), in state);
        double halfWidth = metadata.HalfWidth.Apply(output.Length > 1 ? Transform(metadata.OutputTransform, output[1]) : 0);
        return new HedgeTarget(target, target - halfWidth, target + halfWidth);
    }

    /// <summary>The same for one hedge of a policy of several, whose positions are the outputs' own.</summary>
    /// <param name="output">Hedge by hedge the target, or the edges of its band, and the half-width where there is one.</param>
    /// <param name="held">Of this hedge, in 1.0 of it.</param>
    public static HedgeTarget TargetOf(PolicyMetadata metadata, int hedge, ReadOnlySpan<float> output, double held)
    {
        ref readonly PolicyHedge maps = ref metadata.Hedges[hedge];
        int holdings = maps.Band is null ? 1 : 2, at = hedge * (holdings + (maps.HalfWidth is null ? 0 : 1));
        double beyond = maps.HalfWidth is { } width ? width.Apply(Transform(metadata.OutputTransform, output[at + holdings])) : 0;
        if (maps.Band is not { } band)
        {
            double target = maps.Target.Apply(Transform(metadata.OutputTransform, output[at]));
            return new HedgeTarget(target, target - beyond, target + beyond);
        }
        double a = band.Lower.Apply(Transform(metadata.OutputTransform, output[at])), b = band.Upper.Apply(Transform(metadata.OutputTransform, output[at + 1]));
        if (a > b) a = b = 0.5 * (a + b);
        return new HedgeTarget(Math.Min(Math.Max(held, a), b), a - beyond, b + beyond);
    }

    public static double Transform(OutputTransform transform, double x) => transform switch
    {
        OutputTransform.Relu => Math.Max(x, 0),
        OutputTransform.LeakyRelu => x > 0 ? x : 0.01 * x,
        // ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|); the sum's rounding leaves an absolute error of 1e-16, the smallness of outputs far below zero is lost.
        OutputTransform.Softplus => Math.Max(x, 0) + Elementary.Log(1 + Elementary.Exp(-Math.Abs(x))),
        OutputTransform.Sigmoid => 1 / (1 + Elementary.Exp(-x)),
        OutputTransform.Tanh => 1 - 2 / (Elementary.Exp(2 * x) + 1),
        _ => x,
    };

    private static double Position(TargetKind kind, double mapped, in PortfolioState state) => kind switch
    {
        TargetKind.HedgeRatio => mapped * state.NeutralHedgeUnits,
        TargetKind.HedgeOffset => mapped + state.NeutralHedgeUnits,
        _ => mapped,
    };
}
