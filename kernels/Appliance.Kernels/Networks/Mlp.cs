using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Appliance.Kernels.Networks;

/// <summary>
/// A multilayer perceptron in single precision, for one input or many, without allocation: y = W·x + b a layer, the activation between layers, none after the last,
/// with layer normalisation where a layer says so.
/// <see cref="PackedMatrix"/> states the order of each sum: the bits depend neither on the machine nor on how many inputs come together.
/// One instance serves one thread: it owns its scratch space.
/// </summary>
public sealed unsafe class Mlp
{
    private readonly PackedMatrix[] _layers;
    private readonly float*[] _bias, _normScale, _normOffset;
    private readonly DenseLayer[] _definitions;
    private readonly float* _even, _odd;
    private readonly int _stride, _batchMax;
    private readonly Activation _activation;
    private readonly KernelWidth _width;
    private readonly NetworkMemory _memory;

    /// <param name="batchMax">The most inputs that one call brings.</param>
    public Mlp(IReadOnlyList<DenseLayer> layers, Activation activation, WeightFormat format = WeightFormat.Fp32, int batchMax = 1, KernelWidth width = KernelWidth.Widest)
        : this(layers, activation, format, batchMax, width, new NetworkMemory(layers.Sum(l => (long)l.Inputs * l.Outputs), format))
    {
    }

    internal Mlp(IReadOnlyList<DenseLayer> layers, Activation activation, WeightFormat format, int batchMax, KernelWidth width, NetworkMemory memory)
    {
        _memory = memory;
        if (layers.Count == 0) throw new ArgumentException("A network has at least one layer.", nameof(layers));
        ArgumentOutOfRangeException.ThrowIfLessThan(batchMax, 1);
        (_activation, _batchMax, _width) = (activation, batchMax, NetworkWidth.Resolve(width));
        _layers = new PackedMatrix[layers.Count];
        _definitions = [.. layers];
        _bias = new float*[layers.Count];
        _normScale = new float*[layers.Count];
        _normOffset = new float*[layers.Count];
        int widest = PackedMatrix.RoundUp(layers[0].Inputs, PackedMatrix.OutputPadding);
        for (int l = 0; l < layers.Count; l++)
        {
            DenseLayer layer = layers[l];
            if (l > 0 && layer.Inputs != layers[l - 1].Outputs)
                throw new ArgumentException($"Layer {l} takes {layer.Inputs} inputs; the layer before it gives {layers[l - 1].Outputs}.", nameof(layers));
            if (layer.Weight.Length != layer.Inputs * layer.Outputs || layer.Bias.Length != layer.Outputs)
                throw new ArgumentException($"Layer {l} of [{layer.Outputs}, {layer.Inputs}] has {layer.Weight.Length} weights and {layer.Bias.Length} biases.", nameof(layers));
            _layers[l] = new PackedMatrix(layer.Inputs, layer.Outputs, layer.Weight, format, _width, memory);
            _bias[l] = memory.TakeFloats(_layers[l].PaddedOutputs);
            if (layer.OutputNorm is { } norm)
            {
                if (norm.Scale.Length != layer.Outputs || norm.Offset.Length != layer.Outputs)
                    throw new ArgumentException($"The normalisation of layer {l} has {norm.Scale.Length} scales and {norm.Offset.Length} offsets for {layer.Outputs} outputs.", nameof(layers));
                _normScale[l] = memory.TakeFloats(_layers[l].PaddedOutputs);
                _normOffset[l] = memory.TakeFloats(_layers[l].PaddedOutputs);
                norm.Scale.CopyTo(new Span<float>(_normScale[l], layer.Outputs));
                norm.Offset.CopyTo(new Span<float>(_normOffset[l], layer.Outputs));
            }
            // Zero is added so that no start is −0, as the packed matrix wants it.
            for (int o = 0; o < layer.Outputs; o++) _bias[l][o] = layer.Bias[o] + 0f;
            widest = Math.Max(widest, _layers[l].PaddedOutputs);
        }
        Inputs = layers[0].Inputs;
        Outputs = layers[^1].Outputs;
        _stride = PackedMatrix.RowStride(widest);
        _even = memory.TakeFloats((nint)_stride * batchMax);
        _odd = memory.TakeFloats((nint)_stride * batchMax);
    }

    /// <summary>Several perceptrons, such as one for each step of a schedule, with their weights one behind another in the same memory.</summary>
    public static Mlp[] Several(IReadOnlyList<IReadOnlyList<DenseLayer>> networks, Activation activation, WeightFormat format = WeightFormat.Fp32, int batchMax = 1)
    {
        var memory = new NetworkMemory(networks.Sum(layers => layers.Sum(l => (long)l.Inputs * l.Outputs)), format);
        return [.. networks.Select(layers => new Mlp(layers, activation, format, batchMax, KernelWidth.Widest, memory))];
    }

    public int Inputs { get; }
    public int Outputs { get; }
    /// <summary>Of all layers' weights as laid out: what one inference reads.</summary>
    public long WeightBytes => _layers.Sum(l => l.Bytes);

    /// <summary>Evaluates the network for one input.</summary>
    /// <param name="input">[inputs].</param>
    /// <param name="output">[outputs].</param>
    public void Infer(ReadOnlySpan<float> input, Span<float> output) => InferBatch(input, output, 1);

    /// <summary>Evaluates the network for several inputs; each answer has the bits that <see cref="Infer"/> gives.</summary>
    /// <param name="input">[rows, inputs].</param>
    /// <param name="output">[rows, outputs].</param>
    public void InferBatch(ReadOnlySpan<float> input, Span<float> output, int rows)
    {
        if (rows < 1 || rows > _batchMax || input.Length != rows * Inputs || output.Length != rows * Outputs) ThrowWrongLength(input.Length, output.Length, rows);
        fixed (float* first = input)
            for (int r = 0; r < rows; r++) Place(r, first + r * Inputs);
        Run(rows, output);
    }

    /// <summary>Puts one row of inputs where <see cref="Run"/> reads it.</summary>
    internal void Place(int row, float* input)
    {
        float* to = _even + row * (nint)_stride;
        new ReadOnlySpan<float>(input, Inputs).CopyTo(new Span<float>(to, Inputs));
        // What a deeper layer left behind the inputs must not leak in: zero weights would still turn its infinities into NaN.
        new Span<float>(to + Inputs, _layers[0].PaddedInputs - Inputs).Clear();
    }

    internal void Run(int rows, Span<float> output)
    {
        float* from = _even, to = _odd;
        for (int l = 0; l < _layers.Length; l++)
        {
            DenseLayer layer = _definitions[l];
            if (layer.InputEpsilon is { } epsilon)
                for (int r = 0; r < rows; r++) Standardise(from + r * _stride, layer.Inputs, epsilon);
            if (rows == 1 && l > 0 && _activation == Activation.Relu && layer.InputEpsilon is null) _layers[l].MultiplyRectified(from, _bias[l], to);
            else _layers[l].Multiply(from, _stride, rows, _bias[l], 0, to, _stride);
            if (layer.OutputNorm is { } norm)
            {
                for (int r = 0; r < rows; r++)
                {
                    Standardise(to + r * _stride, layer.Outputs, norm.Epsilon);
                    Move(to + r * _stride, l);
                }
            }
            if (l < _layers.Length - 1)
                for (int r = 0; r < rows; r++) Activate(to + r * _stride, _layers[l].PaddedOutputs);
            float* swap = from;
            from = to;
            to = swap;
        }
        for (int r = 0; r < rows; r++) new ReadOnlySpan<float>(from + r * _stride, Outputs).CopyTo(output.Slice(r * Outputs, Outputs));
        GC.KeepAlive(_memory);
    }

    private void Activate(float* values, int paddedCount)
    {
        if (_width == KernelWidth.Simd512) ActivationLanes<FloatLanes16, Vector512<float>>.Apply(_activation, values, paddedCount);
        else if (_width == KernelWidth.Simd256) ActivationLanes<FloatLanes8, Vector256<float>>.Apply(_activation, values, paddedCount);
        else ActivationLanes<FloatLane, float>.Apply(_activation, values, paddedCount);
    }

    private void Standardise(float* values, int count, float epsilon)
    {
        if (_width == KernelWidth.Simd512) LayerNormLanes<FloatLanes16, Vector512<float>>.Standardise(values, count, epsilon);
        else if (_width == KernelWidth.Simd256) LayerNormLanes<FloatLanes8, Vector256<float>>.Standardise(values, count, epsilon);
        else LayerNormLanes<FloatLane, float>.Standardise(values, count, epsilon);
    }

    private void Move(float* values, int layer)
    {
        float* scale = _normScale[layer], offset = _normOffset[layer];
        int padded = _layers[layer].PaddedOutputs;
        if (_width == KernelWidth.Simd512) LayerNormLanes<FloatLanes16, Vector512<float>>.Move(values, scale, offset, padded);
        else if (_width == KernelWidth.Simd256) LayerNormLanes<FloatLanes8, Vector256<float>>.Move(values, scale, offset, padded);
        else LayerNormLanes<FloatLane, float>.Move(values, scale, offset, padded);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ThrowWrongLength(int input, int output, int rows) =>
        throw new ArgumentException($"This network takes {Inputs} inputs and gives {Outputs} outputs, for at most {_batchMax} rows at once, not {input} and {output} for {rows}.");
}
