using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Appliance.Kernels.Networks;

/// <summary>One dense layer as files hold it.</summary>
/// <param name="Weight">[outputs, inputs], row by row.</param>
/// <param name="Bias">[outputs].</param>
public sealed record DenseLayer(int Inputs, int Outputs, float[] Weight, float[] Bias);

/// <summary>
/// A multilayer perceptron evaluated for one input at a time, in single precision, without allocation: y = W·x + b a layer, the activation between layers,
/// none after the last. Each output is its own chain of fused multiply-adds: four partial sums over the inputs i ≡ 0, 1, 2, 3 (mod 4) in rising order, the first
/// begun at the bias, folded as (0 + 1) + (2 + 3). The order does not depend on register width, so the bits do not depend on the machine.
/// One instance serves one thread: it owns its scratch space.
/// </summary>
public sealed class Mlp
{
    /// <summary>Outputs of a layer are computed this many at a time; inputs are taken by fours.</summary>
    private const int OutputBlock = 16, InputBlock = 4;

    private readonly struct PackedLayer(int paddedInputs, int paddedOutputs, float[] weight, float[] bias)
    {
        public readonly int PaddedInputs = paddedInputs, PaddedOutputs = paddedOutputs;
        /// <summary>[input, output], padded with zeros, so that one input meets sixteen neighbouring outputs.</summary>
        public readonly float[] Weight = weight;
        public readonly float[] Bias = bias;
    }

    private readonly PackedLayer[] _layers;
    private readonly Activation _activation;
    private readonly float[] _even, _odd;

    public Mlp(IReadOnlyList<DenseLayer> layers, Activation activation)
    {
        if (layers.Count == 0) throw new ArgumentException("A network has at least one layer.", nameof(layers));
        _activation = activation;
        _layers = new PackedLayer[layers.Count];
        int widest = RoundUp(layers[0].Inputs, OutputBlock);
        for (int l = 0; l < layers.Count; l++)
        {
            DenseLayer layer = layers[l];
            if (l > 0 && layer.Inputs != layers[l - 1].Outputs)
                throw new ArgumentException($"Layer {l} takes {layer.Inputs} inputs; the layer before it gives {layers[l - 1].Outputs}.", nameof(layers));
            if (layer.Weight.Length != layer.Inputs * layer.Outputs || layer.Bias.Length != layer.Outputs)
                throw new ArgumentException($"Layer {l} of [{layer.Outputs}, {layer.Inputs}] has {layer.Weight.Length} weights and {layer.Bias.Length} biases.", nameof(layers));
            _layers[l] = Pack(layer);
            widest = Math.Max(widest, _layers[l].PaddedOutputs);
        }
        Inputs = layers[0].Inputs;
        Outputs = layers[^1].Outputs;
        _even = new float[widest];
        _odd = new float[widest];
    }

    public int Inputs { get; }
    public int Outputs { get; }

    /// <summary>Evaluates the network.</summary>
    /// <param name="input">[inputs].</param>
    /// <param name="output">[outputs].</param>
    public void Infer(ReadOnlySpan<float> input, Span<float> output)
    {
        if (input.Length != Inputs || output.Length != Outputs) ThrowWrongLength(input.Length, output.Length);
        float[] from = _even, to = _odd;
        input.CopyTo(from);
        // What a deeper layer left behind the inputs must not leak in: zero weights would still turn its infinities into NaN.
        Array.Clear(from, input.Length, RoundUp(input.Length, InputBlock) - input.Length);
        for (int l = 0; l < _layers.Length; l++)
        {
            Evaluate(in _layers[l], from, to);
            if (l < _layers.Length - 1) ActivationLanes.Apply(_activation, to, _layers[l].PaddedOutputs);
            (from, to) = (to, from);
        }
        from.AsSpan(0, Outputs).CopyTo(output);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Evaluate(in PackedLayer layer, float[] from, float[] to)
    {
        ref float x = ref MemoryMarshal.GetArrayDataReference(from);
        ref float y = ref MemoryMarshal.GetArrayDataReference(to);
        ref float weight = ref MemoryMarshal.GetArrayDataReference(layer.Weight);
        ref float bias = ref MemoryMarshal.GetArrayDataReference(layer.Bias);
        nuint stride = (nuint)layer.PaddedOutputs;
        for (nuint o = 0; o < stride; o += OutputBlock)
        {
            Vector256<float> a0 = Vector256.LoadUnsafe(ref bias, o), b0 = Vector256.LoadUnsafe(ref bias, o + 8);
            Vector256<float> a1 = Vector256<float>.Zero, b1 = a1, a2 = a1, b2 = a1, a3 = a1, b3 = a1;
            nuint at = o;
            for (nuint i = 0; i < (nuint)layer.PaddedInputs; i += InputBlock)
            {
                Vector256<float> x0 = Vector256.Create(Unsafe.Add(ref x, i));
                a0 = Vector256.FusedMultiplyAdd(x0, Vector256.LoadUnsafe(ref weight, at), a0);
                b0 = Vector256.FusedMultiplyAdd(x0, Vector256.LoadUnsafe(ref weight, at + 8), b0);
                Vector256<float> x1 = Vector256.Create(Unsafe.Add(ref x, i + 1));
                a1 = Vector256.FusedMultiplyAdd(x1, Vector256.LoadUnsafe(ref weight, at + stride), a1);
                b1 = Vector256.FusedMultiplyAdd(x1, Vector256.LoadUnsafe(ref weight, at + stride + 8), b1);
                Vector256<float> x2 = Vector256.Create(Unsafe.Add(ref x, i + 2));
                a2 = Vector256.FusedMultiplyAdd(x2, Vector256.LoadUnsafe(ref weight, at + 2 * stride), a2);
                b2 = Vector256.FusedMultiplyAdd(x2, Vector256.LoadUnsafe(ref weight, at + 2 * stride + 8), b2);
                Vector256<float> x3 = Vector256.Create(Unsafe.Add(ref x, i + 3));
                a3 = Vector256.FusedMultiplyAdd(x3, Vector256.LoadUnsafe(ref weight, at + 3 * stride), a3);
                b3 = Vector256.FusedMultiplyAdd(x3, Vector256.LoadUnsafe(ref weight, at + 3 * stride + 8), b3);
                at += InputBlock * stride;
            }
            ((a0 + a1) + (a2 + a3)).StoreUnsafe(ref y, o);
            ((b0 + b1) + (b2 + b3)).StoreUnsafe(ref y, o + 8);
        }
    }

    private static PackedLayer Pack(DenseLayer layer)
    {
        // A layer's padded outputs are the next layer's padded inputs at least, so what it reads is always written.
        int inputs = RoundUp(layer.Inputs, InputBlock), outputs = RoundUp(layer.Outputs, OutputBlock);
        var weight = new float[inputs * outputs];
        var bias = new float[outputs];
        for (int o = 0; o < layer.Outputs; o++)
        {
            bias[o] = layer.Bias[o];
            for (int i = 0; i < layer.Inputs; i++) weight[i * outputs + o] = layer.Weight[o * layer.Inputs + i];
        }
        return new PackedLayer(inputs, outputs, weight, bias);
    }

    private static int RoundUp(int value, int block) => (value + block - 1) / block * block;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ThrowWrongLength(int input, int output) =>
        throw new ArgumentException($"This network takes {Inputs} inputs and gives {Outputs} outputs, not {input} and {output}.");
}
