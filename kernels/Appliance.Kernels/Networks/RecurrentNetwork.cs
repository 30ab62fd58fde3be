using System.Runtime.CompilerServices;

namespace Appliance.Kernels.Networks;

/// <summary>
/// Recurrent layers under a dense head, in single precision, without allocation. The state of a stream belongs to the caller: one span of <see cref="StateLength"/> floats, zero at
/// the start, for each portfolio. One instance serves one thread, and any number of streams: it owns scratch space only. A step alone, a step of many streams together and a whole
/// window give the same bits (<see cref="PackedMatrix"/> states the order of sums).
/// </summary>
public sealed unsafe class RecurrentNetwork
{
    private readonly PackedRecurrentLayer[] _layers;
    private readonly Mlp _head;
    private readonly float* _even, _odd, _gates, _hiddenGates, _hidden, _cell;
    private readonly int _stride, _gateStride, _rowsMax;

    /// <param name="layers">From the input up.</param>
    /// <param name="head">Dense layers on the last layer's h; the last gives the outputs.</param>
    /// <param name="headActivation">Between the head's layers.</param>
    /// <param name="rowsMax">Streams that one call advances together, and steps of a window whose inputs are multiplied together: a longer window is taken in pieces of so many.</param>
    public RecurrentNetwork(IReadOnlyList<RecurrentLayer> layers, IReadOnlyList<DenseLayer> head, Activation headActivation,
        WeightFormat format = WeightFormat.Fp32, int rowsMax = 64, KernelWidth width = KernelWidth.Widest)
    {
        if (layers.Count == 0) throw new ArgumentException("A recurrent network has at least one layer.", nameof(layers));
        ArgumentOutOfRangeException.ThrowIfLessThan(rowsMax, 1);
        for (int l = 1; l < layers.Count; l++)
            if (layers[l].Inputs != layers[l - 1].Units)
                throw new ArgumentException($"Layer {l} takes {layers[l].Inputs} inputs; the layer before it has {layers[l - 1].Units} units.", nameof(layers));
        if (head.Count > 0 && head[0].Inputs != layers[^1].Units) throw new ArgumentException($"The head takes {head[0].Inputs} inputs; the last recurrent layer has {layers[^1].Units} units.", nameof(head));
        width = NetworkWidth.Resolve(width);
        _rowsMax = rowsMax;
        // The head keeps the memory alive, and every call ends in it.
        var memory = new NetworkMemory(layers.Sum(l => (long)l.Gates * l.Units * (l.Inputs + l.Units)) + head.Sum(l => (long)l.Inputs * l.Outputs), format);
        _layers = [.. layers.Select(l => new PackedRecurrentLayer(l, format, width, memory))];
        _head = new Mlp(head, headActivation, format, rowsMax, width, memory);
        StateLength = layers.Sum(l => l.StateLength);
        PreparedLength = _layers.Sum(l => l.PreparedLength);
        // Registers of sixteen read past the last gate; what they find there is thrown away.
        _stride = PackedMatrix.RowStride(layers.Max(l => Math.Max(l.Units, l.Inputs)));
        _gateStride = PackedMatrix.RowStride(layers.Max(l => l.Gates * l.Units) + PackedMatrix.OutputPadding);
        float* Rows(int stride) => memory.TakeFloats((nint)stride * rowsMax);
        _even = Rows(_stride);
        _odd = Rows(_stride);
        _hidden = Rows(_stride);
        _cell = Rows(_stride);
        _gates = Rows(_gateStride);
        _hiddenGates = Rows(_gateStride);
    }

    public int Inputs => _layers[0].Inputs;
    public int Outputs => _head.Outputs;
    /// <summary>Floats that one stream carries: for each layer h, and for an LSTM c after it.</summary>
    public int StateLength { get; }
    /// <summary>Of all weights as laid out: what one step reads.</summary>
    public long WeightBytes => _layers.Sum(l => l.WeightBytes) + _head.WeightBytes;

    /// <summary>Floats that <see cref="Prepare"/> writes for a stream.</summary>
    public int PreparedLength { get; }

    /// <summary>Advances a stream by one step.</summary>
    /// <param name="input">[inputs].</param>
    /// <param name="state">[StateLength]; read and replaced.</param>
    /// <param name="output">[outputs].</param>
    public void Step(ReadOnlySpan<float> input, Span<float> state, Span<float> output) => StepBatch(input, state, output, 1);

    /// <summary>Advances several streams by one step each.</summary>
    /// <param name="inputs">[rows, inputs].</param>
    /// <param name="states">[rows, StateLength]; read and replaced.</param>
    /// <param name="outputs">[rows, outputs].</param>
    public void StepBatch(ReadOnlySpan<float> inputs, Span<float> states, Span<float> outputs, int rows) => StepPrepared(inputs, [], states, outputs, rows);

    /// <summary>
    /// The part of the next step that does not wait for its input, half of its work: the products of all hidden weights with the state. For after an answer, when there is time; <see cref="StepPrepared"/>
    /// then answers sooner, with the same bits.
    /// </summary>
    /// <param name="states">[rows, StateLength].</param>
    /// <param name="prepared">[rows, PreparedLength]; good until the state changes.</param>
    public void Prepare(ReadOnlySpan<float> states, Span<float> prepared, int rows)
    {
        if (rows < 1 || rows > _rowsMax || states.Length != rows * StateLength || prepared.Length != rows * PreparedLength) ThrowWrongPrepared(rows, states.Length, prepared.Length);
        int at = 0, preparedAt = 0;
        fixed (float* to = prepared)
        {
            foreach (PackedRecurrentLayer layer in _layers)
            {
                for (int r = 0; r < rows; r++) layer.Load(states.Slice(r * StateLength + at, layer.StateLength), _hidden + r * _stride, _cell + r * _stride);
                layer.Prepare(rows, _hidden, _stride, to + preparedAt, PreparedLength);
                at += layer.StateLength;
                preparedAt += layer.PreparedLength;
            }
        }
        GC.KeepAlive(this);
    }

    /// <summary>As <see cref="StepBatch"/>, with what <see cref="Prepare"/> wrote for these states; where that is empty it is computed here.</summary>
    /// <param name="prepared">[rows, PreparedLength], or empty.</param>
    public void StepPrepared(ReadOnlySpan<float> inputs, ReadOnlySpan<float> prepared, Span<float> states, Span<float> outputs, int rows)
    {
        if (!prepared.IsEmpty && prepared.Length != rows * PreparedLength) ThrowWrongPrepared(rows, states.Length, prepared.Length);
        fixed (float* ready = prepared) Step(inputs, ready, states, outputs, rows);
    }

    private void Step(ReadOnlySpan<float> inputs, float* prepared, Span<float> states, Span<float> outputs, int rows)
    {
        if (rows < 1 || rows > _rowsMax || inputs.Length != rows * Inputs || outputs.Length != rows * Outputs || states.Length != rows * StateLength) ThrowWrongLength(rows, inputs.Length, states.Length, outputs.Length);
        float* from = _even, to = _odd;
        Place(inputs, rows, from);
        int at = 0;
        foreach (PackedRecurrentLayer layer in _layers)
        {
            for (int r = 0; r < rows; r++) layer.Load(states.Slice(r * StateLength + at, layer.StateLength), _hidden + r * _stride, _cell + r * _stride);
            layer.MultiplyInputs(from, _stride, rows, _gates, _gateStride);
            layer.Advance(rows, _gates, _gateStride, _hiddenGates, _hidden, _cell, _stride, prepared, PreparedLength);
            if (prepared != null) prepared += layer.PreparedLength;
            for (int r = 0; r < rows; r++)
            {
                layer.Save(_hidden + r * _stride, _cell + r * _stride, states.Slice(r * StateLength + at, layer.StateLength));
                layer.CopyHidden(_hidden + r * _stride, to + r * _stride);
            }
            at += layer.StateLength;
            Swap(ref from, ref to);
        }
        Head(from, rows, outputs);
    }

    /// <summary>A whole window from a zero state; the output after its last step.</summary>
    /// <param name="inputs">[steps, inputs].</param>
    /// <param name="state">[StateLength]; what it holds before does not matter, after it is the state at the window's end.</param>
    /// <param name="output">[outputs].</param>
    public void Window(ReadOnlySpan<float> inputs, int steps, Span<float> state, Span<float> output)
    {
        if (steps < 1 || inputs.Length != steps * Inputs || output.Length != Outputs || state.Length != StateLength) ThrowWrongLength(steps, inputs.Length, state.Length, output.Length);
        state.Clear();
        float* last = null;
        for (int step = 0; step < steps; step += _rowsMax)
        {
            int rows = Math.Min(_rowsMax, steps - step);
            float* from = _even, to = _odd;
            Place(inputs.Slice(step * Inputs, rows * Inputs), rows, from);
            int at = 0;
            foreach (PackedRecurrentLayer layer in _layers)
            {
                Span<float> layerState = state.Slice(at, layer.StateLength);
                layer.Load(layerState, _hidden, _cell);
                // The inputs of all steps are multiplied together, so that their weights come from memory once; what is left to each step is the product with h.
                layer.MultiplyInputs(from, _stride, rows, _gates, _gateStride);
                for (int t = 0; t < rows; t++)
                {
                    layer.Advance(1, _gates + t * _gateStride, _gateStride, _hiddenGates, _hidden, _cell, _stride, isBackward: (t & 1) != 0);
                    layer.CopyHidden(_hidden, to + t * _stride);
                }
                layer.Save(_hidden, _cell, layerState);
                at += layer.StateLength;
                Swap(ref from, ref to);
            }
            last = from + (rows - 1) * _stride;
        }
        Head(last, 1, output);
    }

    private void Place(ReadOnlySpan<float> inputs, int rows, float* to)
    {
        int padded = PackedMatrix.RoundUp(Inputs, PackedMatrix.InputPadding);
        for (int r = 0; r < rows; r++)
        {
            inputs.Slice(r * Inputs, Inputs).CopyTo(new Span<float>(to + r * _stride, Inputs));
            new Span<float>(to + r * _stride + Inputs, padded - Inputs).Clear();
        }
    }

    private void Head(float* hidden, int rows, Span<float> outputs)
    {
        for (int r = 0; r < rows; r++) _head.Place(r, hidden + r * _stride);
        _head.Run(rows, outputs);
    }

    private static void Swap(ref float* a, ref float* b)
    {
        float* swap = a;
        a = b;
        b = swap;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ThrowWrongLength(int rows, int input, int state, int output) =>
        throw new ArgumentException($"This network takes {Inputs} inputs a step, {StateLength} floats of state and gives {Outputs} outputs, for at most {_rowsMax} streams at once; not {input}, {state} and {output} for {rows}.");

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ThrowWrongPrepared(int rows, int state, int prepared) =>
        throw new ArgumentException($"This network carries {StateLength} floats of state and prepares {PreparedLength} a stream, for at most {_rowsMax} streams at once; not {state} and {prepared} for {rows}.");
}
