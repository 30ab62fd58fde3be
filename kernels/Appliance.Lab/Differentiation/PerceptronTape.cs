namespace Appliance.Lab.Differentiation;

/// <summary>The tape of a multilayer perceptron, one for all steps or one a step. Per step: inputs, each hidden layer's values (and arguments, where the derivative wants them), outputs.</summary>
public sealed unsafe class PerceptronTape : NetworkTape
{
    private readonly LaneMemory _tape, _gradient, _otherGradient;
    private readonly long _stepLength;
    private readonly long[] _values, _arguments;
    private readonly bool _keepsArguments;

    public PerceptronTape(PackedWeights weights, int steps, int paths, bool records) : base(weights, steps, paths, records)
    {
        _keepsArguments = PathActivations.KeepsArgument(Shape.Activation);
        int layers = Shape.DenseLayers;
        long stepLength = 0;
        _values = new long[layers + 1];
        _arguments = new long[layers + 1];
        int widest = 0;
        for (int l = 0; l <= layers; l++)
        {
            int units = DenseKernels.Padded(l == 0 ? Shape.Inputs : Shape.Dense(0, l - 1).Outputs);
            widest = Math.Max(widest, units);
            _values[l] = Take(units);
            _arguments[l] = _keepsArguments && l > 0 && l < layers ? Take(units) : _values[l];
        }
        _stepLength = stepLength;
        _tape = new LaneMemory(_stepLength * (records ? steps : 1));
        _gradient = new LaneMemory((long)widest * paths);
        _otherGradient = new LaneMemory((long)widest * paths);

        long Take(int units)
        {
            long at = stepLength;
            stepLength += (long)units * paths;
            return at;
        }
    }

    /// <summary>Bytes that a tape takes, to be stated before it is made.</summary>
    public static long Bytes(NetworkShape shape, int steps, int paths)
    {
        int factor = PathActivations.KeepsArgument(shape.Activation) ? 2 : 1;
        long units = DenseKernels.Padded(shape.Inputs) + DenseKernels.Padded(shape.Outputs) + factor * shape.Hidden.Sum(h => (long)DenseKernels.Padded(h));
        return units * paths * sizeof(float) * steps;
    }

    public override float* Input(int step) => _tape.At + SlotOf(step) * _stepLength;
    public override float* Output(int step) => _tape.At + SlotOf(step) * _stepLength + _values[^1];

    public override void Forward(int step)
    {
        float* tape = _tape.At + SlotOf(step) * _stepLength;
        int network = Math.Min(step, Shape.StepNetworks - 1);
        for (int l = 0; l < Shape.DenseLayers; l++)
        {
            DenseSlot slot = Shape.Dense(network, l);
            float* z = tape + _arguments[l + 1];
            DenseKernels.Apply(Weights.At + slot.PackedWeight, Weights.At + slot.PackedBias, slot.PaddedInputs, slot.PaddedOutputs, tape + _values[l], z, Paths);
            if (l < Shape.DenseLayers - 1) PathActivations.Forward(Shape.Activation, z, tape + _values[l + 1], (long)slot.PaddedOutputs * Paths);
        }
    }

    public override void Backward(int step, GradientLanes lanes)
    {
        float* tape = _tape.At + SlotOf(step) * _stepLength;
        int network = Math.Min(step, Shape.StepNetworks - 1);
        float* dy = OutputGradient, spare = _gradient.At;
        for (int l = Shape.DenseLayers - 1; l >= 0; l--)
        {
            DenseSlot slot = Shape.Dense(network, l);
            if (l < Shape.DenseLayers - 1) PathActivations.Backward(Shape.Activation, tape + _arguments[l + 1], tape + _values[l + 1], dy, (long)slot.PaddedOutputs * Paths);
            DenseKernels.AccumulateWeights(dy, tape + _values[l], slot.PaddedInputs, slot.PaddedOutputs, lanes.At + slot.LaneWeight, lanes.At + slot.LaneBias, Paths);
            float* dx = l == 0 ? InputGradient : spare;
            DenseKernels.Apply(Weights.At + slot.PackedTranspose, null, slot.PaddedOutputs, slot.PaddedInputs, dy, dx, Paths);
            spare = dx == _gradient.At ? _otherGradient.At : _gradient.At;
            dy = dx;
        }
    }

    public override void Dispose()
    {
        _tape.Dispose();
        _gradient.Dispose();
        _otherGradient.Dispose();
        base.Dispose();
    }
}
