using Appliance.Kernels.Networks;
using ILGPU;
using ILGPU.Runtime;

namespace Appliance.Kernels.Ilgpu;

/// <summary>
/// LSTM layers, where there are any, under a perceptron, all on one stream: inputs up, two launches a recurrent layer (the product with the inputs for all steps together, then the steps), one for the
/// perceptron, outputs down. Weights go to the device once.
/// </summary>
internal sealed class IlgpuNetwork : IDeviceNetwork
{
    private sealed record Recurrent(int Inputs, int Units, int InputWeights, int HiddenWeights, int Bias, int StateOffset);

    private readonly Card _card;
    private readonly Recurrent[] _recurrent;
    private readonly int _denseLayers, _activation, _widest, _rowsMax, _stepsMax, _inputs, _widestOutputs;
    private readonly TransferSlot<float> _slot;
    private readonly MemoryBuffer1D<float, Stride1D.Dense> _weights;
    private readonly MemoryBuffer1D<int, Stride1D.Dense> _table;
    private readonly MemoryBuffer1D<float, Stride1D.Dense>? _gates, _even, _odd;
    private readonly Action<AcceleratorStream, KernelConfig, int, int, int, int, int, ArrayView<int>, ArrayView<float>, ArrayView<float>, ArrayView<float>> _mlp;
    private readonly Action<AcceleratorStream, Index1D, int, int, int, int, int, int, ArrayView<float>, ArrayView<float>, ArrayView<float>> _lstmInputs;
    private readonly Action<AcceleratorStream, KernelConfig, int, int, int, int, int, int, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>> _lstmSteps;

    public IlgpuNetwork(IlgpuOptions options, IReadOnlyList<RecurrentLayer> recurrent, IReadOnlyList<DenseLayer> dense, Activation activation, int rowsMax, int stepsMax)
    {
        Check(recurrent, dense);
        ArgumentOutOfRangeException.ThrowIfLessThan(rowsMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(stepsMax, 1);
        (_rowsMax, _stepsMax, _activation, _denseLayers) = (rowsMax, stepsMax, (int)activation, dense.Count);
        _inputs = recurrent.Count > 0 ? recurrent[0].Inputs : dense[0].Inputs;
        Outputs = dense[^1].Outputs;
        _widest = dense.Max(l => Math.Max(l.Inputs, l.Outputs));
        _widestOutputs = dense.Max(l => l.Outputs);

        var weights = new List<float>();
        int Lay(float[] weight, int inputs, int outputs)
        {
            int first = weights.Count;
            for (int i = 0; i < inputs; i++)
                for (int o = 0; o < outputs; o++) weights.Add(weight[o * inputs + i]);
            return first;
        }
        int LayRow(IEnumerable<float> values)
        {
            int first = weights.Count;
            weights.AddRange(values);
            return first;
        }
        _recurrent = new Recurrent[recurrent.Count];
        for (int l = 0; l < recurrent.Count; l++)
        {
            RecurrentLayer layer = recurrent[l];
            int gateRows = layer.Gates * layer.Units;
            _recurrent[l] = new Recurrent(layer.Inputs, layer.Units, Lay(layer.InputWeight, layer.Inputs, gateRows), Lay(layer.HiddenWeight, layer.Units, gateRows),
                LayRow(layer.InputBias.Zip(layer.HiddenBias, (a, b) => a + b)), StateLength);
            StateLength += layer.StateLength;
        }
        int[] table = [.. dense.SelectMany(l => new[] { l.Inputs, l.Outputs, Lay(l.Weight, l.Inputs, l.Outputs), LayRow(l.Bias) })];

        _card = Card.Open(options);
        Accelerator accelerator = _card.Accelerator;
        int units = recurrent.Count > 0 ? recurrent.Max(l => l.Units) : 0, sharedFloats = Math.Max(2 * _widest, 6 * units);
        if (sharedFloats * sizeof(float) > accelerator.MaxSharedMemoryPerGroup)
        {
            int room = accelerator.MaxSharedMemoryPerGroup;
            _card.Dispose();
            throw new IlgpuDeviceException($"this network needs {sharedFloats * sizeof(float)} bytes of shared memory; {_card.Name} has {room}");
        }
        // Up: inputs, then states; down: states, then outputs. States of streams stand in the downward buffer on the device.
        _slot = new TransferSlot<float>(_card, rowsMax * (Math.Max(stepsMax * _inputs, 1) + StateLength), rowsMax * (StateLength + Outputs));
        _weights = accelerator.Allocate1D(weights.ToArray());
        _table = accelerator.Allocate1D(table);
        if (units > 0)
        {
            _gates = accelerator.Allocate1D<float>((long)rowsMax * stepsMax * 4 * units);
            _even = accelerator.Allocate1D<float>((long)rowsMax * stepsMax * units);
            _odd = accelerator.Allocate1D<float>((long)rowsMax * stepsMax * units);
        }
        _mlp = accelerator.LoadKernel<int, int, int, int, int, ArrayView<int>, ArrayView<float>, ArrayView<float>, ArrayView<float>>(NetworkKernels.Mlp);
        _lstmInputs = accelerator.LoadAutoGroupedKernel<Index1D, int, int, int, int, int, int, ArrayView<float>, ArrayView<float>, ArrayView<float>>(NetworkKernels.LstmInputs);
        _lstmSteps = accelerator.LoadKernel<int, int, int, int, int, int, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>>(NetworkKernels.LstmSteps);
        accelerator.Synchronize();
    }

    public string Device => _card.Name;
    public int Inputs => _inputs;
    public int Outputs { get; }
    public int StateLength { get; }

    public void Infer(ReadOnlySpan<float> inputs, Span<float> outputs, int rows, int steps = 1)
    {
        if (rows < 1 || rows > _rowsMax || steps < 1 || steps > _stepsMax || inputs.Length != rows * steps * Inputs || outputs.Length != rows * Outputs)
            throw new ArgumentException($"This network takes {Inputs} inputs a step and gives {Outputs} outputs, for at most {_rowsMax} rows of {_stepsMax} steps; not {inputs.Length} and {outputs.Length} for {rows} of {steps}.");
        inputs.CopyTo(_slot.Up);
        _slot.Send(inputs.Length);
        Launch(rows, steps, isFresh: true);
        _slot.Wait();
        _slot.Down.Slice(rows * StateLength, outputs.Length).CopyTo(outputs);
    }

    public void Step(ReadOnlySpan<float> inputs, Span<float> states, Span<float> outputs, int rows)
    {
        if (StateLength == 0) throw new InvalidOperationException("A perceptron has no state to step.");
        if (rows < 1 || rows > _rowsMax || inputs.Length != rows * Inputs || outputs.Length != rows * Outputs || states.Length != rows * StateLength)
            throw new ArgumentException($"This network takes {Inputs} inputs a step, {StateLength} floats of state and gives {Outputs} outputs, for at most {_rowsMax} streams at once; not {inputs.Length}, {states.Length} and {outputs.Length} for {rows}.");
        inputs.CopyTo(_slot.Up);
        states.CopyTo(_slot.Up[inputs.Length..]);
        _slot.Send(inputs.Length + states.Length);
        _slot.DeviceDown.SubView(0, states.Length).CopyFrom(_slot.Stream, _slot.DeviceUp.SubView(inputs.Length, states.Length));
        Launch(rows, 1, isFresh: false);
        _slot.Wait();
        _slot.Down[..states.Length].CopyTo(states);
        _slot.Down.Slice(rows * StateLength, outputs.Length).CopyTo(outputs);
    }

    public void Dispose()
    {
        _slot.Dispose();
        _weights.Dispose();
        _table.Dispose();
        _gates?.Dispose();
        _even?.Dispose();
        _odd?.Dispose();
        _card.Dispose();
    }

    private void Launch(int rows, int steps, bool isFresh)
    {
        AcceleratorStream stream = _slot.Stream;
        ArrayView<float> weights = _weights.View.BaseView, from = _slot.DeviceUp, state = _slot.DeviceDown;
        int rowStride = Inputs, rowOffset = 0;
        for (int l = 0; l < _recurrent.Length; l++)
        {
            Recurrent layer = _recurrent[l];
            ArrayView<float> gates = _gates!.View.BaseView, hidden = (l % 2 == 0 ? _even! : _odd!).View.BaseView;
            int gateRows = 4 * layer.Units, count = rows * steps * gateRows, items = _card.Items(count);
            _lstmInputs(stream, items, items, count, layer.Inputs, gateRows, layer.InputWeights, layer.Bias, weights, from, gates);
            _lstmSteps(stream, new KernelConfig(rows, _card.GroupSize(gateRows), SharedMemoryConfig.RequestDynamic<float>(6 * layer.Units)),
                steps, layer.Units, layer.HiddenWeights, isFresh ? 1 : 0, StateLength, layer.StateOffset, weights, gates, state, hidden);
            (from, rowStride, rowOffset) = (hidden, steps * layer.Units, (steps - 1) * layer.Units);
        }
        ArrayView<float> output = _slot.DeviceDown.SubView(rows * StateLength, rows * Outputs);
        _mlp(stream, new KernelConfig(rows, _card.GroupSize(_widestOutputs), SharedMemoryConfig.RequestDynamic<float>(2 * _widest)),
            _denseLayers, _activation, _widest, rowStride, rowOffset, _table.View.BaseView, weights, from, output);
        _slot.Receive(rows * (StateLength + Outputs));
    }

    private static void Check(IReadOnlyList<RecurrentLayer> recurrent, IReadOnlyList<DenseLayer> dense)
    {
        if (dense.Count == 0) throw new ArgumentException("A network has at least one dense layer.", nameof(dense));
        int inputs = recurrent.Count > 0 ? recurrent[0].Inputs : dense[0].Inputs;
        for (int l = 0; l < recurrent.Count; l++)
        {
            RecurrentLayer layer = recurrent[l];
            if (layer.Kind != RecurrentKind.Lstm) throw new ArgumentException($"Layer {l} is a {layer.Kind}: the device has LSTM layers alone; the processor has this one.", nameof(recurrent));
            int rows = layer.Gates * layer.Units;
            if (layer.Inputs != inputs || layer.InputWeight.Length != rows * layer.Inputs || layer.HiddenWeight.Length != rows * layer.Units || layer.InputBias.Length != rows || layer.HiddenBias.Length != rows)
                throw new ArgumentException($"Recurrent layer {l} of {layer.Inputs} inputs and {layer.Units} units does not fit: it gets {inputs} inputs, or its weights have other lengths.", nameof(recurrent));
            inputs = layer.Units;
        }
        for (int l = 0; l < dense.Count; l++)
        {
            DenseLayer layer = dense[l];
            if (layer.IsNormalised) throw new ArgumentException($"Dense layer {l} has layer normalisation, which the device does not compute; the processor does.", nameof(dense));
            if (layer.Inputs != inputs || layer.Weight.Length != layer.Inputs * layer.Outputs || layer.Bias.Length != layer.Outputs)
                throw new ArgumentException($"Dense layer {l} of [{layer.Outputs}, {layer.Inputs}] does not fit: it gets {inputs} inputs, or its weights have other lengths.", nameof(dense));
            inputs = layer.Outputs;
        }
    }
}
