using Appliance.Kernels.Hedging;
using Appliance.Lab.Differentiation;

namespace Appliance.Lab.Training;

/// <summary>A training problem as the plain arrays that a device takes, and its gradient's sums as a vector of parameters.</summary>
internal static class DeviceProblem
{
    /// <summary>Lanes that the processor's sums of weights have and a device's have not.</summary>
    private const int Lanes = 16;

    public static DeviceHedgeProblem Of(HedgeProblem p, NetworkShape shape)
    {
        var layers = new List<int>();
        for (int k = 0; k < shape.StepNetworks; k++)
            for (int l = 0; l < shape.DenseLayers; l++)
            {
                DenseSlot slot = shape.Dense(k, l);
                layers.AddRange([slot.PaddedInputs, slot.PaddedOutputs, slot.PackedWeight, slot.PackedTranspose, slot.PackedBias, slot.LaneWeight / Lanes, slot.LaneBias / Lanes]);
            }
        return new DeviceHedgeProblem
        {
            Steps = p.Steps, Hedges = p.Hedges, PathRows = p.PathRows, BlockRows = p.BlockRows, DecideEvery = p.DecideEvery, HasBand = p.Head.HasBand, LiquidateAtEnd = p.LiquidateAtEnd,
            Squash = p.Head.Squash, Meaning = p.Head.Meaning,
            Inputs = [.. p.Inputs.SelectMany(i => new[] { i.Kind switch { InputKind.PathRow => 0, InputKind.StepConstant => 1, InputKind.Holding => 2, _ => 3 }, i.Index })],
            InputScales = [.. p.Inputs.SelectMany(i => new[] { i.Mean, i.InverseScale })],
            StepValues = [.. p.Inputs.SelectMany(i => i.StepValues ?? new float[p.Steps])],
            NeutralRows = p.NeutralRow, Maps = [.. p.Head.Maps.SelectMany(m => new[] { m.Scale, m.Offset, m.Lower, m.Upper })], Growth = p.Growth,
            Hedge = [.. Enumerable.Range(0, p.Hedges).SelectMany(h => new[] { p.Proportional[h], p.Quadratic[h], p.Fixed[h], p.InitialHolding[h] })],
            HoldingGrowth = [.. Enumerable.Range(0, p.Hedges).SelectMany(h => Enumerable.Range(0, p.Steps).Select(k => p.HoldingGrowth(k, h)))],
            Activation = shape.Activation, Networks = shape.StepNetworks, Layers = shape.DenseLayers, Layer = [.. layers], PackedLength = shape.PackedLength, SumsLength = shape.LaneLength / Lanes,
        };
    }

    /// <summary>The sums, [outputs / 4, inputs / 4, 4, 4] a layer, times a factor as a gradient.</summary>
    public static void Unpack(NetworkShape shape, ReadOnlySpan<double> sums, double scale, Span<double> gradient)
    {
        foreach (DenseSlot slot in shape.Slots)
            for (int o = 0; o < slot.Outputs; o++)
            {
                gradient[slot.Bias + o] = scale * sums[slot.LaneBias / Lanes + o];
                for (int i = 0; i < slot.Inputs; i++)
                {
                    int tile = o / 4 * (slot.PaddedInputs / 4) + i / 4;
                    gradient[slot.Weight + o * slot.Inputs + i] = scale * sums[slot.LaneWeight / Lanes + (tile * 4 + o % 4) * 4 + i % 4];
                }
            }
    }
}
