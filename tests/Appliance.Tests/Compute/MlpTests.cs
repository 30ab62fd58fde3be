using System.Runtime.InteropServices;
using Appliance.Kernels;
using Appliance.Kernels.Networks;
using Appliance.TestKit;

namespace Appliance.Tests.Compute;

/// <summary>The perceptron against the plain double-precision formula.</summary>
public class MlpTests
{
    private static DenseLayer Layer(int inputs, int outputs, Random random)
    {
        float[] Draw(int count, double scale) => Enumerable.Range(0, count).Select(_ => (float)(scale * (2 * random.NextDouble() - 1))).ToArray();
        return new DenseLayer(inputs, outputs, Draw(inputs * outputs, 1.5 / Math.Sqrt(inputs)), Draw(outputs, 0.5));
    }

    private static double Apply(Activation activation, double x) => activation switch
    {
        Activation.Relu => Math.Max(0, x),
        Activation.Tanh => Math.Tanh(x),
        Activation.Silu => x / (1 + Math.Exp(-x)),
        _ => 1 / (1 + Math.Exp(-x)),
    };

    private static double[] Naive(IReadOnlyList<DenseLayer> layers, Activation activation, float[] input)
    {
        double[] x = input.Select(v => (double)v).ToArray();
        for (int l = 0; l < layers.Count; l++)
        {
            DenseLayer layer = layers[l];
            var y = new double[layer.Outputs];
            for (int o = 0; o < layer.Outputs; o++)
            {
                y[o] = layer.Bias[o];
                for (int i = 0; i < layer.Inputs; i++) y[o] += layer.Weight[o * layer.Inputs + i] * x[i];
                if (l < layers.Count - 1) y[o] = Apply(activation, y[o]);
            }
            x = y;
        }
        return x;
    }

    [Theory]
    [InlineData(Activation.Relu)]
    [InlineData(Activation.Tanh)]
    [InlineData(Activation.Silu)]
    [InlineData(Activation.Sigmoid)]
    public void Agrees_with_the_plain_formula(Activation activation)
    {
        var random = new Random(17);
        foreach (int[] sizes in new int[][] { [1, 1], [3, 2], [7, 5, 1], [9, 32, 32, 1], [17, 33, 16, 15, 2], [64, 128, 1], [2, 1, 40, 3] })
        {
            DenseLayer[] layers = Enumerable.Range(0, sizes.Length - 1).Select(l => Layer(sizes[l], sizes[l + 1], random)).ToArray();
            var network = new Mlp(layers, activation);
            Assert.Equal(sizes[0], network.Inputs);
            var output = new float[network.Outputs];
            for (int sample = 0; sample < 50; sample++)
            {
                // Some inputs far out, so that activations saturate.
                float[] input = Enumerable.Range(0, sizes[0]).Select(_ => (float)((random.NextDouble() - 0.5) * (sample % 5 == 0 ? 60 : 4))).ToArray();
                network.Infer(input, output);
                double[] expected = Naive(layers, activation, input);
                for (int o = 0; o < output.Length; o++)
                    Assert.True(Math.Abs(output[o] - expected[o]) <= 3e-5 * (1 + Math.Abs(expected[o])), $"{activation} [{string.Join(",", sizes)}] output {o}: {output[o]}, expected {expected[o]}");
            }
        }
    }

    /// <summary>Each activation alone, through a one-to-one network, over its whole range.</summary>
    [Theory]
    [InlineData(Activation.Tanh, 2e-7, 0)]
    [InlineData(Activation.Silu, 1e-37, 4e-7)]
    [InlineData(Activation.Sigmoid, 1e-37, 4e-7)]
    [InlineData(Activation.Relu, 0, 0)]
    public void Activations_are_as_accurate_as_said(Activation activation, double absolute, double relative)
    {
        var network = new Mlp([new DenseLayer(1, 1, [1f], [0f]), new DenseLayer(1, 1, [1f], [0f])], activation);
        var output = new float[1];
        double worst = 0;
        for (float x = -86; x <= 100; x += 0.00731f)
        {
            network.Infer([x], output);
            double expected = Apply(activation, x);
            worst = Math.Max(worst, Math.Abs(output[0] - expected) - relative * Math.Abs(expected));
        }
        Assert.True(worst <= absolute, $"{activation}: off by {worst:E3} beyond {relative:E1} relative");
    }

    /// <summary>The order of reduction stated in the documentation, done one number at a time: the bits must agree, at every register width.</summary>
    [Fact]
    public void Reduces_in_the_order_stated()
    {
        var random = new Random(3);
        // A block of 64, one of 32 and one of 16.
        DenseLayer layer = Layer(37, 103, random);
        float[] input = Enumerable.Range(0, 37).Select(_ => (float)random.NextDouble() - 0.5f).ToArray();
        var output = new float[103];
        foreach (KernelWidth width in new[] { KernelWidth.Scalar, KernelWidth.Simd256, KernelWidth.Simd512 }.Where(CpuGreeksBackend.IsSupported))
        {
            new Mlp([layer], Activation.Relu, width: width).Infer(input, output);
            for (int o = 0; o < 103; o++)
            {
                int chains = o < 64 ? 2 : o < 96 ? 4 : 8, length = (37 + chains - 1) / chains;
                var sums = new float[8];
                for (int i = 0; i < 37; i++) sums[i / length] = MathF.FusedMultiplyAdd(input[i], layer.Weight[o * 37 + i], sums[i / length]);
                float sum = ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
                Assert.Equal(BitConverter.SingleToInt32Bits(layer.Bias[o] + sum), BitConverter.SingleToInt32Bits(output[o]));
            }
        }
    }

    /// <summary>Together or one by one, at each register width, in each format: the same bits.</summary>
    [Theory]
    [InlineData(Activation.Silu, 0)]
    // A single row skips the weights of zeros that a ReLU made: of a half of the inputs, of nearly none, of all.
    [InlineData(Activation.Relu, 0)]
    [InlineData(Activation.Relu, 3)]
    [InlineData(Activation.Relu, -30)]
    public void A_batch_has_the_bits_of_its_rows(Activation activation, float shift)
    {
        var random = new Random(6);
        DenseLayer[] layers = [Layer(37, 103, random), Layer(103, 150, random), Layer(150, 67, random)];
        foreach (DenseLayer layer in layers[..2])
            for (int o = 0; o < layer.Outputs; o++) layer.Bias[o] = o % 5 == 0 ? -0f : layer.Bias[o] + shift;
        foreach (WeightFormat format in Enum.GetValues<WeightFormat>())
        {
            foreach (int rows in new[] { 1, 2, 3, 4, 7, 16, 33 })
            {
                float[] inputs = Enumerable.Range(0, rows * 37).Select(_ => (float)random.NextDouble() - 0.5f).ToArray();
                float[]? first = null;
                foreach (KernelWidth width in new[] { KernelWidth.Scalar, KernelWidth.Simd256, KernelWidth.Simd512 }.Where(CpuGreeksBackend.IsSupported))
                {
                    var network = new Mlp(layers, activation, format, 33, width);
                    var together = new float[rows * 67];
                    var alone = new float[rows * 67];
                    network.InferBatch(inputs, together, rows);
                    for (int r = 0; r < rows; r++) network.Infer(inputs.AsSpan(r * 37, 37), alone.AsSpan(r * 67, 67));
                    Assert.Equal(MemoryMarshal.Cast<float, int>(alone).ToArray(), MemoryMarshal.Cast<float, int>(together).ToArray());
                    first ??= alone;
                    Assert.Equal(first, alone);
                }
            }
        }
    }

    /// <summary>The errors that the documents state for narrower weights: relative to the largest output.</summary>
    [Theory]
    [InlineData(WeightFormat.Fp32, 1e-6, 0)]
    [InlineData(WeightFormat.Bf16, 0.01, 1e-5)]
    [InlineData(WeightFormat.Int8, 0.03, 1e-5)]
    public void Formats_stay_within_their_bounds(WeightFormat format, double bound, double least)
    {
        var random = new Random(8);
        DenseLayer[] layers = [Layer(256, 384, random), Layer(384, 384, random), Layer(384, 128, random)];
        var network = new Mlp(layers, Activation.Relu, format);
        var output = new float[128];
        double worst = 0;
        for (int sample = 0; sample < 5; sample++)
        {
            float[] input = Enumerable.Range(0, 256).Select(_ => (float)random.NextDouble() - 0.5f).ToArray();
            network.Infer(input, output);
            double[] expected = Naive(layers, Activation.Relu, input);
            double largest = expected.Max(Math.Abs);
            for (int o = 0; o < 128; o++) worst = Math.Max(worst, Math.Abs(output[o] - expected[o]) / largest);
        }
        Assert.InRange(worst, least, bound);
    }

    private static DenseLayer[] Normalised(Random random, params int[] sizes) => [.. Enumerable.Range(0, sizes.Length - 1).Select(l =>
    {
        DenseLayer layer = Layer(sizes[l], sizes[l + 1], random);
        float[] Draw(double middle) => [.. Enumerable.Range(0, layer.Outputs).Select(_ => (float)(middle + random.NextDouble() - 0.5))];
        return layer with { InputEpsilon = l % 2 == 0 ? 1e-5f : null, OutputNorm = l % 3 != 1 ? new LayerNorm(Draw(1), Draw(0), 1e-3f) : null };
    })];

    /// <summary>Layer normalisation before and behind the weights, of widths on and off the registers', against double precision; with the same bits at each register width, alone and together.</summary>
    [Theory]
    [InlineData(Activation.Relu)]
    [InlineData(Activation.Sigmoid)]
    public void Layer_normalisation_agrees_with_the_plain_formula(Activation activation)
    {
        var random = new Random(22);
        foreach (int[] sizes in new int[][] { [3, 5, 1], [37, 103, 64, 3], [16, 16, 32, 2], [70, 1, 9, 4] })
        {
            DenseLayer[] layers = Normalised(random, sizes);
            const int rows = 7;
            float[] inputs = [.. Enumerable.Range(0, rows * sizes[0]).Select(_ => (float)(20 * random.NextDouble() - 5))];
            int outputs = sizes[^1];
            float[]? first = null;
            foreach (KernelWidth width in new[] { KernelWidth.Scalar, KernelWidth.Simd256, KernelWidth.Simd512 }.Where(CpuGreeksBackend.IsSupported))
            {
                var network = new Mlp(layers, activation, batchMax: rows, width: width);
                float[] together = new float[rows * outputs], alone = new float[rows * outputs];
                network.InferBatch(inputs, together, rows);
                for (int r = 0; r < rows; r++) network.Infer(inputs.AsSpan(r * sizes[0], sizes[0]), alone.AsSpan(r * outputs, outputs));
                Assert.Equal(alone, together);
                first ??= alone;
                Assert.Equal(first, alone);
            }
            for (int r = 0; r < rows; r++)
            {
                double[] expected = PlainNormalised(layers, activation, inputs[(r * sizes[0])..((r + 1) * sizes[0])]);
                for (int o = 0; o < outputs; o++) Assert.True(Math.Abs(first![r * outputs + o] - expected[o]) <= 5e-6, $"{activation} [{string.Join(",", sizes)}]: {first[r * outputs + o]}, expected {expected[o]}");
            }
        }
    }

    private static double[] PlainNormalised(DenseLayer[] layers, Activation activation, float[] input)
    {
        double[] x = [.. input.Select(v => (double)v)];
        static double[] Standard(double[] v, double epsilon)
        {
            double mean = v.Sum() / v.Length, variance = v.Sum(a => (a - mean) * (a - mean)) / v.Length;
            return [.. v.Select(a => (a - mean) / Math.Sqrt(variance + epsilon))];
        }
        for (int l = 0; l < layers.Length; l++)
        {
            DenseLayer layer = layers[l];
            if (layer.InputEpsilon is { } e) x = Standard(x, e);
            double[] y = [.. Enumerable.Range(0, layer.Outputs).Select(o => layer.Bias[o] + Enumerable.Range(0, layer.Inputs).Sum(i => (double)layer.Weight[o * layer.Inputs + i] * x[i]))];
            if (layer.OutputNorm is { } n) y = [.. Standard(y, n.Epsilon).Select((v, o) => n.Scale[o] * v + n.Offset[o])];
            x = l < layers.Length - 1 ? [.. y.Select(v => Apply(activation, v))] : y;
        }
        return x;
    }

    [Fact]
    public void What_came_before_leaves_no_trace()
    {
        var random = new Random(5);
        var network = new Mlp([Layer(5, 19, random), Layer(19, 33, random), Layer(33, 1, random)], Activation.Silu);
        float[] calm = [0.1f, -0.2f, 0.3f, 0, 1];
        float[] first = new float[1], second = new float[1], wild = new float[1];
        network.Infer(calm, first);
        network.Infer([float.NaN, float.PositiveInfinity, 1e30f, -1e30f, 0], wild);
        network.Infer(calm, second);
        Assert.Equal(first[0], second[0]);
        Assert.False(float.IsFinite(wild[0]));
    }

    [Fact]
    public void Inference_allocates_nothing()
    {
        var random = new Random(5);
        var network = new Mlp([Layer(9, 32, random), Layer(32, 32, random) with { InputEpsilon = 1e-5f }, Layer(32, 2, random)], Activation.Tanh);
        float[] input = new float[9], output = new float[2];
        network.Infer(input, output);
        using var pause = new CollectorPause();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) network.Infer(input, output);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        object control = new();
        Assert.NotEqual(before, GC.GetAllocatedBytesForCurrentThread());
        GC.KeepAlive(control);
    }

    [Fact]
    public void Layers_that_do_not_fit_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new Mlp([], Activation.Relu));
        Assert.Throws<ArgumentException>(() => new Mlp([new DenseLayer(2, 3, new float[6], new float[3]), new DenseLayer(4, 1, new float[4], new float[1])], Activation.Relu));
        Assert.Throws<ArgumentException>(() => new Mlp([new DenseLayer(1, 1, [float.PositiveInfinity], [0])], Activation.Relu));
        Assert.Throws<ArgumentException>(() => new Mlp([new DenseLayer(2, 3, new float[5], new float[3])], Activation.Relu));
        var network = new Mlp([new DenseLayer(2, 1, new float[2], new float[1])], Activation.Relu);
        Assert.Throws<ArgumentException>(() => network.Infer(new float[3], new float[1]));
    }
}
