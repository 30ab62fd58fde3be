using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Appliance.Kernels.Networks;

/// <summary>
/// Recurrent layers under a dense head, in single precision, without allocation. The state of a stream belongs to the caller: one span of <see cref="StateLength"/> floats, zero at
/// the start, for each portfolio. One instance serves one thread, and any number of streams: it owns scratch space only.
/// </summary>
public sealed class RecurrentNetwork
{
    private readonly RecurrentLayer[] _layers;
    private readonly Mlp _head;
    private readonly float[] _gates, _hiddenGates, _reset, _lower;

    /// <param name="layers">From the input up.</param>
    /// <param name="head">Dense layers on the last layer's h; the last gives the outputs.</param>
    /// <param name="headActivation">Between the head's layers.</param>
    public RecurrentNetwork(IReadOnlyList<RecurrentLayer> layers, IReadOnlyList<DenseLayer> head, Activation headActivation)
    {
        if (layers.Count == 0) throw new ArgumentException("A recurrent network has at least one layer.", nameof(layers));
        for (int l = 0; l < layers.Count; l++)
        {
            RecurrentLayer layer = layers[l];
            int rows = layer.Gates * layer.Units;
            if (l > 0 && layer.Inputs != layers[l - 1].Units)
                throw new ArgumentException($"Layer {l} takes {layer.Inputs} inputs; the layer before it has {layers[l - 1].Units} units.", nameof(layers));
            if (layer.InputWeight.Length != rows * layer.Inputs || layer.HiddenWeight.Length != rows * layer.Units || layer.InputBias.Length != rows || layer.HiddenBias.Length != rows)
                throw new ArgumentException($"Layer {l}: with {layer.Inputs} inputs and {layer.Units} units its weights and biases have other lengths.", nameof(layers));
            StateLength += layer.StateLength;
        }
        if (head[0].Inputs != layers[^1].Units) throw new ArgumentException($"The head takes {head[0].Inputs} inputs; the last recurrent layer has {layers[^1].Units} units.", nameof(head));
        _layers = [.. layers];
        _head = new Mlp(head, headActivation);
        int widest = layers.Max(l => l.Gates * l.Units);
        _gates = new float[widest];
        _hiddenGates = new float[widest];
        _reset = new float[widest];
        _lower = new float[layers.Max(l => Math.Max(l.Units, l.Inputs))];
    }

    public int Inputs => _layers[0].Inputs;
    public int Outputs => _head.Outputs;
    /// <summary>Floats that one stream carries: for each layer h, and for an LSTM c after it.</summary>
    public int StateLength { get; }

    /// <summary>Advances a stream by one step.</summary>
    /// <param name="input">[inputs].</param>
    /// <param name="state">[StateLength]; read and replaced.</param>
    /// <param name="output">[outputs].</param>
    public void Step(ReadOnlySpan<float> input, Span<float> state, Span<float> output)
    {
        if (input.Length != Inputs || output.Length != Outputs || state.Length != StateLength) ThrowWrongLength(input.Length, state.Length, output.Length);
        _head.Infer(Advance(input, state), output);
    }

    /// <summary>A whole window from a zero state; the output after its last step.</summary>
    /// <param name="inputs">[steps, inputs].</param>
    /// <param name="state">[StateLength]; what it holds before does not matter, after it is the state at the window's end.</param>
    /// <param name="output">[outputs].</param>
    public void Window(ReadOnlySpan<float> inputs, int steps, Span<float> state, Span<float> output)
    {
        if (steps < 1 || inputs.Length != steps * Inputs || output.Length != Outputs || state.Length != StateLength) ThrowWrongLength(inputs.Length, state.Length, output.Length);
        state.Clear();
        ReadOnlySpan<float> hidden = default;
        for (int t = 0; t < steps; t++) hidden = Advance(inputs.Slice(t * Inputs, Inputs), state);
        _head.Infer(hidden, output);
    }

    private Span<float> Advance(ReadOnlySpan<float> input, Span<float> state)
    {
        ReadOnlySpan<float> from = input;
        Span<float> hidden = default;
        foreach (RecurrentLayer layer in _layers)
        {
            hidden = state[..layer.Units];
            if (layer.Kind == RecurrentKind.Lstm) Lstm(layer, from, hidden, state.Slice(layer.Units, layer.Units));
            else Gru(layer, from, hidden);
            state = state[layer.StateLength..];
            hidden.CopyTo(_lower);
            from = _lower.AsSpan(0, layer.Units);
        }
        return hidden;
    }

    private void Lstm(RecurrentLayer layer, ReadOnlySpan<float> input, Span<float> hidden, Span<float> cell)
    {
        int n = layer.Units;
        Product(layer.InputWeight, layer.InputBias, input, _gates.AsSpan(0, 4 * n));
        Product(layer.HiddenWeight, layer.HiddenBias, hidden, _hiddenGates.AsSpan(0, 4 * n));
        for (int u = 0; u < n; u++)
        {
            float i = Sigmoid(_gates[u] + _hiddenGates[u]), f = Sigmoid(_gates[n + u] + _hiddenGates[n + u]);
            float g = Tanh(_gates[2 * n + u] + _hiddenGates[2 * n + u]), o = Sigmoid(_gates[3 * n + u] + _hiddenGates[3 * n + u]);
            cell[u] = f * cell[u] + i * g;
            hidden[u] = o * Tanh(cell[u]);
        }
    }

    private void Gru(RecurrentLayer layer, ReadOnlySpan<float> input, Span<float> hidden)
    {
        int n = layer.Units;
        Product(layer.InputWeight, layer.InputBias, input, _gates.AsSpan(0, 3 * n));
        Product(layer.HiddenWeight, layer.HiddenBias, hidden, _hiddenGates.AsSpan(0, 3 * n));
        for (int u = 0; u < 2 * n; u++) _gates[u] = Sigmoid(_gates[u] + _hiddenGates[u]);
        Span<float> candidate = _hiddenGates.AsSpan(2 * n, n);
        if (layer.Kind == RecurrentKind.GruResetBefore)
        {
            for (int u = 0; u < n; u++) _reset[u] = _gates[u] * hidden[u];
            Product(layer.HiddenWeight.AsSpan(2 * n * n), layer.HiddenBias.AsSpan(2 * n, n), _reset.AsSpan(0, n), candidate);
        }
        else
        {
            for (int u = 0; u < n; u++) candidate[u] *= _gates[u];
        }
        for (int u = 0; u < n; u++)
        {
            float z = _gates[n + u];
            hidden[u] = (1 - z) * Tanh(_gates[2 * n + u] + candidate[u]) + z * hidden[u];
        }
    }

    private static void Product(ReadOnlySpan<float> weight, ReadOnlySpan<float> bias, ReadOnlySpan<float> x, Span<float> y)
    {
        for (int o = 0; o < y.Length; o++)
        {
            float sum = bias[o];
            ReadOnlySpan<float> row = weight.Slice(o * x.Length, x.Length);
            for (int i = 0; i < row.Length; i++) sum = MathF.FusedMultiplyAdd(row[i], x[i], sum);
            y[o] = sum;
        }
    }

    private static float Sigmoid(float x) => ActivationLanes.Sigmoid(Vector256.CreateScalar(x))[0];
    private static float Tanh(float x) => ActivationLanes.Tanh(Vector256.CreateScalar(x))[0];

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ThrowWrongLength(int input, int state, int output) =>
        throw new ArgumentException($"This network takes {Inputs} inputs a step, {StateLength} floats of state and gives {Outputs} outputs, not {input}, {state} and {output}.");
}
