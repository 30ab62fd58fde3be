namespace Appliance.Lab.Differentiation;

/// <summary>A parameter vector as the kernels read it: single precision, padded, with its transposes. Shared by all threads between two steps of the optimiser.</summary>
public sealed unsafe class PackedWeights(NetworkShape shape) : IDisposable
{
    private readonly LaneMemory _memory = new(shape.PackedLength);

    public NetworkShape Shape { get; } = shape;
    internal float* At => _memory.At;
    /// <summary>All of them, as a device takes them.</summary>
    public ReadOnlySpan<float> All => _memory.Span(0, checked((int)_memory.Length));

    public void Pack(ReadOnlySpan<double> parameters)
    {
        if (parameters.Length != Shape.Parameters) throw new ArgumentException($"{parameters.Length} parameters for a network of {Shape.Parameters}.", nameof(parameters));
        foreach (DenseSlot slot in Shape.Slots)
        {
            float* weight = At + slot.PackedWeight, transpose = At + slot.PackedTranspose, bias = At + slot.PackedBias;
            for (int o = 0; o < slot.Outputs; o++)
            {
                bias[o] = (float)parameters[slot.Bias + o];
                for (int i = 0; i < slot.Inputs; i++)
                {
                    float value = (float)parameters[slot.Weight + o * slot.Inputs + i];
                    weight[(o / 4 * slot.PaddedInputs + i) * 4 + o % 4] = value;
                    transpose[(i / 4 * slot.PaddedOutputs + o) * 4 + i % 4] = value;
                }
            }
        }
    }

    public void Dispose() => _memory.Dispose();
}

/// <summary>Sums of a gradient, lane by lane, as one thread gathers them over the blocks of a group.</summary>
public sealed unsafe class GradientLanes(NetworkShape shape) : IDisposable
{
    private readonly LaneMemory _memory = new(shape.LaneLength);

    internal float* At => _memory.At;

    public void Clear() => _memory.Clear();

    /// <summary>Adds the sums of the lanes to a gradient vector [parameters].</summary>
    public void FoldInto(Span<double> gradient)
    {
        foreach (DenseSlot slot in shape.Slots)
        {
            for (int o = 0; o < slot.Outputs; o++)
            {
                gradient[slot.Bias + o] += DenseKernels.FoldLanes(At + slot.LaneBias + o * 16);
                for (int i = 0; i < slot.Inputs; i++)
                {
                    int tile = o / 4 * (slot.PaddedInputs / 4) + i / 4;
                    gradient[slot.Weight + o * slot.Inputs + i] += DenseKernels.FoldLanes(At + slot.LaneWeight + ((tile * 4 + o % 4) * 4 + i % 4) * 16);
                }
            }
        }
    }

    public void Dispose() => _memory.Dispose();
}
