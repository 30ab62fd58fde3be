using Appliance.Kernels.Networks;

namespace Appliance.Lab.Differentiation;

/// <summary>
/// The shape of a network that is trained: recurrent layers from the input up (none for a perceptron), dense layers above them, the activation between dense layers, none after
/// the last. With <see cref="StepNetworks"/> above 1 decision k has dense layers of its own. Parameters stand in one vector, in the order and layout of the policy file's tensors.
/// </summary>
public sealed class NetworkShape
{
    public NetworkShape(int inputs, IReadOnlyList<int> recurrentUnits, RecurrentKind recurrence, IReadOnlyList<int> hidden, int outputs, Activation activation, int stepNetworks = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(inputs, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(outputs, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(stepNetworks, 1);
        if (stepNetworks > 1 && recurrentUnits.Count > 0) throw new ArgumentException("A recurrent network carries its own state: it is one for all steps.", nameof(stepNetworks));
        if (recurrence == RecurrentKind.GruResetBefore) throw new ArgumentException("Training knows the GRU whose reset gate stands after the product.", nameof(recurrence));
        (Inputs, Outputs, Activation, StepNetworks, Recurrence) = (inputs, outputs, activation, stepNetworks, recurrence);
        RecurrentUnits = [.. recurrentUnits];
        Hidden = [.. hidden];
        var slots = new List<DenseSlot>();
        int width = inputs;
        foreach (int units in RecurrentUnits)
        {
            int rows = RecurrentLayer.GatesOf(recurrence) * units;
            // The file's order: input weights, hidden weights, input biases, hidden biases.
            var input = new DenseSlot(width, rows) { Weight = Take(rows * width) };
            var hiddenSlot = new DenseSlot(units, rows) { Weight = Take(rows * units) };
            input.Bias = Take(rows);
            hiddenSlot.Bias = Take(rows);
            slots.Add(input);
            slots.Add(hiddenSlot);
            width = units;
        }
        RecurrentSlots = slots.Count;
        for (int k = 0; k < stepNetworks; k++)
        {
            int from = width;
            for (int l = 0; l <= Hidden.Length; l++)
            {
                int to = l < Hidden.Length ? Hidden[l] : outputs;
                slots.Add(new DenseSlot(from, to) { Weight = Take(to * from), Bias = Take(to) });
                from = to;
            }
        }
        Slots = [.. slots];
        foreach (var slot in Slots) PlacePacked(slot);
    }

    public int Inputs { get; }
    public int Outputs { get; }
    public int[] RecurrentUnits { get; }
    public RecurrentKind Recurrence { get; }
    public int[] Hidden { get; }
    public Activation Activation { get; }
    public int StepNetworks { get; }
    public int DenseLayers => Hidden.Length + 1;

    /// <summary>Numbers that are learned.</summary>
    public int Parameters { get; private set; }

    internal DenseSlot[] Slots { get; }
    /// <summary>How many slots come before the dense layers: two a recurrent layer.</summary>
    internal int RecurrentSlots { get; }
    internal int PackedLength { get; private set; }
    internal int LaneLength { get; private set; }

    internal DenseSlot Dense(int network, int layer) => Slots[RecurrentSlots + network * DenseLayers + layer];

    /// <summary>Weights drawn as U(−1, 1)·√(6 / (inputs + outputs)) of Glorot and Bengio (AISTATS 2010), with inputs alone under the root for ReLU and SiLU (He et al., 2015); biases zero but
    /// the LSTM's forget gate, which begins at 1 (Jozefowicz, Zaremba and Sutskever, 2015). The last layer is drawn a tenth as wide: a hedge begins near its offset.</summary>
    public double[] Initialise(ulong seed)
    {
        var parameters = new double[Parameters];
        var draw = new UniformStream(seed);
        for (int s = 0; s < Slots.Length; s++)
        {
            DenseSlot slot = Slots[s];
            bool dense = s >= RecurrentSlots;
            bool last = dense && (s - RecurrentSlots) % DenseLayers == DenseLayers - 1;
            double bound = !dense ? 1 / Math.Sqrt(slot.Outputs / RecurrentLayer.GatesOf(Recurrence))
                : Activation is Activation.Relu or Activation.Silu && !last ? Math.Sqrt(6.0 / slot.Inputs) : Math.Sqrt(6.0 / (slot.Inputs + slot.Outputs));
            if (last) bound *= 0.1;
            for (int i = 0; i < slot.Inputs * slot.Outputs; i++) parameters[slot.Weight + i] = (2 * draw.Next() - 1) * bound;
            if (!dense && s % 2 == 0 && Recurrence == RecurrentKind.Lstm)
                for (int u = 0; u < slot.Outputs / 4; u++) parameters[slot.Bias + slot.Outputs / 4 + u] = 1;
        }
        return parameters;
    }

    /// <summary>The parameters as the policy file's records.</summary>
    public (List<RecurrentLayer> Recurrent, List<List<DenseLayer>> Dense) ToLayers(ReadOnlySpan<double> parameters)
    {
        var recurrent = new List<RecurrentLayer>();
        for (int l = 0; l < RecurrentUnits.Length; l++)
        {
            DenseSlot input = Slots[2 * l], hidden = Slots[2 * l + 1];
            recurrent.Add(new RecurrentLayer(Recurrence, input.Inputs, RecurrentUnits[l], Floats(parameters, input.Weight, input.Inputs * input.Outputs),
                Floats(parameters, hidden.Weight, hidden.Inputs * hidden.Outputs), Floats(parameters, input.Bias, input.Outputs), Floats(parameters, hidden.Bias, hidden.Outputs)));
        }
        var dense = new List<List<DenseLayer>>();
        for (int k = 0; k < StepNetworks; k++)
        {
            var layers = new List<DenseLayer>();
            for (int l = 0; l < DenseLayers; l++)
            {
                DenseSlot slot = Dense(k, l);
                layers.Add(new DenseLayer(slot.Inputs, slot.Outputs, Floats(parameters, slot.Weight, slot.Inputs * slot.Outputs), Floats(parameters, slot.Bias, slot.Outputs)));
            }
            dense.Add(layers);
        }
        return (recurrent, dense);
    }

    /// <summary>The other way round: a file's layers as a parameter vector.</summary>
    public double[] FromLayers(IReadOnlyList<RecurrentLayer> recurrent, IReadOnlyList<IReadOnlyList<DenseLayer>> dense)
    {
        var parameters = new double[Parameters];
        void Put(float[] values, int at)
        {
            for (int i = 0; i < values.Length; i++) parameters[at + i] = values[i];
        }
        for (int l = 0; l < RecurrentUnits.Length; l++)
        {
            Put(recurrent[l].InputWeight, Slots[2 * l].Weight);
            Put(recurrent[l].InputBias, Slots[2 * l].Bias);
            Put(recurrent[l].HiddenWeight, Slots[2 * l + 1].Weight);
            Put(recurrent[l].HiddenBias, Slots[2 * l + 1].Bias);
        }
        for (int k = 0; k < StepNetworks; k++)
            for (int l = 0; l < DenseLayers; l++)
            {
                Put(dense[k][l].Weight, Dense(k, l).Weight);
                Put(dense[k][l].Bias, Dense(k, l).Bias);
            }
        return parameters;
    }

    private static float[] Floats(ReadOnlySpan<double> from, int at, int count)
    {
        var values = new float[count];
        for (int i = 0; i < count; i++) values[i] = (float)from[at + i];
        return values;
    }

    private int Take(int count)
    {
        int at = Parameters;
        Parameters += count;
        return at;
    }

    private void PlacePacked(DenseSlot slot)
    {
        int inputs = DenseKernels.Padded(slot.Inputs), outputs = DenseKernels.Padded(slot.Outputs);
        slot.PackedWeight = PackedLength;
        slot.PackedTranspose = slot.PackedWeight + inputs * outputs;
        slot.PackedBias = slot.PackedTranspose + inputs * outputs;
        PackedLength = slot.PackedBias + outputs;
        slot.LaneWeight = LaneLength;
        slot.LaneBias = slot.LaneWeight + inputs * outputs * 16;
        LaneLength = slot.LaneBias + outputs * 16;
    }
}

/// <summary>Where one dense product's numbers stand: in the parameter vector, in the packed weights, in the gradient's lanes.</summary>
internal sealed class DenseSlot(int inputs, int outputs)
{
    public readonly int Inputs = inputs, Outputs = outputs;
    public readonly int PaddedInputs = DenseKernels.Padded(inputs), PaddedOutputs = DenseKernels.Padded(outputs);
    public int Weight, Bias;
    public int PackedWeight, PackedTranspose, PackedBias;
    public int LaneWeight, LaneBias;
}

/// <summary>Uniform numbers for first weights: SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), 53 bits of each word.</summary>
internal struct UniformStream(ulong seed)
{
    private ulong _state = seed;

    public double Next()
    {
        ulong z = _state += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        z ^= z >> 31;
        return (z >> 11) * (1.0 / (1UL << 53));
    }
}
