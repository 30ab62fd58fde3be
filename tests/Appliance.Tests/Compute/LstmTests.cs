using Appliance.Kernels;
using Appliance.Kernels.Networks;

namespace Appliance.Tests.Compute;

/// <summary>Recurrent networks against the formulas in double precision, and against themselves in every way of asking.</summary>
public class LstmTests
{
    public static TheoryData<RecurrentKind> Kinds => [RecurrentKind.Lstm, RecurrentKind.GruResetAfter, RecurrentKind.GruResetBefore];

    private static float[] Draw(Random random, int count, double scale) => [.. Enumerable.Range(0, count).Select(_ => (float)(scale * (2 * random.NextDouble() - 1)))];

    private static RecurrentLayer[] Layers(RecurrentKind kind, Random random, params int[] sizes) => [.. Enumerable.Range(0, sizes.Length - 1).Select(l =>
    {
        int rows = RecurrentLayer.GatesOf(kind) * sizes[l + 1];
        // PyTorch's initialisation, 1/√units, half as wide again.
        double scale = 1.5 / Math.Sqrt(sizes[l + 1]);
        return new RecurrentLayer(kind, sizes[l], sizes[l + 1], Draw(random, rows * sizes[l], scale), Draw(random, rows * sizes[l + 1], scale), Draw(random, rows, scale), Draw(random, rows, scale));
    })];

    private static DenseLayer[] Head(Random random, int inputs, int outputs) => [new(inputs, outputs, Draw(random, inputs * outputs, 1 / Math.Sqrt(inputs)), Draw(random, outputs, 0.5))];

    private static double Worst(RecurrentLayer[] layers, DenseLayer[] head, Random random, int steps, WeightFormat format)
    {
        var network = new RecurrentNetwork(layers, head, Activation.Tanh, format);
        var state = new float[network.StateLength];
        var exact = new double[network.StateLength];
        var output = new float[network.Outputs];
        double worst = 0;
        for (int t = 0; t < steps; t++)
        {
            float[] input = Draw(random, network.Inputs, t % 7 == 3 ? 20 : 2);
            network.Step(input, state, output);
            double[] hidden = NetworkReference.Advance(layers, [.. input.Select(v => (double)v)], exact);
            double[] expected = NetworkReference.Dense(head, Activation.Tanh, hidden);
            for (int o = 0; o < output.Length; o++) worst = Math.Max(worst, Math.Abs(output[o] - expected[o]));
            for (int s = 0; s < state.Length; s++) worst = Math.Max(worst, Math.Abs(state[s] - exact[s]));
        }
        return worst;
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Agrees_with_double_precision(RecurrentKind kind)
    {
        var random = new Random(11);
        foreach (int[] sizes in new int[][] { [1, 1], [3, 5], [2, 16, 7], [9, 33, 20], [100, 100, 100], [17, 64, 32, 16] })
        {
            RecurrentLayer[] layers = Layers(kind, random, sizes);
            double worst = Worst(layers, Head(random, sizes[^1], 2), random, 60, WeightFormat.Fp32);
            Assert.True(worst <= 4e-6, $"{kind} [{string.Join(",", sizes)}]: off by {worst:E2}");
        }
    }

    /// <summary>The errors that the documents state for narrower weights, on networks with weights as PyTorch begins with.</summary>
    [Theory]
    [InlineData(RecurrentKind.Lstm, WeightFormat.Bf16, 0.02)]
    [InlineData(RecurrentKind.GruResetAfter, WeightFormat.Bf16, 0.02)]
    [InlineData(RecurrentKind.Lstm, WeightFormat.Int8, 0.05)]
    [InlineData(RecurrentKind.GruResetBefore, WeightFormat.Int8, 0.05)]
    public void Narrow_weights_stay_within_their_bounds_and_do_differ(RecurrentKind kind, WeightFormat format, double bound)
    {
        var random = new Random(12);
        double worst = Worst(Layers(kind, random, 20, 100, 100), Head(random, 100, 1), random, 60, format);
        Assert.True(worst <= bound, $"{kind} {format}: off by {worst:E2}");
        Assert.True(worst > 1e-5, $"{kind} {format}: {worst:E2} is too good for narrow weights");
    }

    /// <summary>A step alone, in a batch, in a window, at each register width: one and the same bits, for each format.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_way_of_asking_gives_the_same_bits(RecurrentKind kind)
    {
        const int steps = 23, streams = 7;
        var random = new Random(13);
        foreach (WeightFormat format in Enum.GetValues<WeightFormat>())
        {
            foreach (int[] sizes in new int[][] { [3, 5], [9, 40, 23], [70, 37] })
            {
                RecurrentLayer[] layers = Layers(kind, random, sizes);
                DenseLayer[] head = Head(random, sizes[^1], 2);
                float[] inputs = Draw(random, streams * steps * sizes[0], 3);
                (float[], float[])? first = null;
                foreach (KernelWidth width in new[] { KernelWidth.Scalar, KernelWidth.Simd256, KernelWidth.Simd512 }.Where(CpuGreeksBackend.IsSupported))
                {
                    var network = new RecurrentNetwork(layers, head, Activation.Relu, format, 8, width);
                    float[] Row(int stream, int t) => inputs.AsSpan((stream * steps + t) * sizes[0], sizes[0]).ToArray();
                    var alone = new float[streams * network.StateLength];
                    var aloneOut = new float[streams * 2];
                    for (int s = 0; s < streams; s++)
                        for (int t = 0; t < steps; t++) network.Step(Row(s, t), alone.AsSpan(s * network.StateLength, network.StateLength), aloneOut.AsSpan(2 * s, 2));
                    var together = new float[alone.Length];
                    var togetherOut = new float[aloneOut.Length];
                    for (int t = 0; t < steps; t++) network.StepBatch([.. Enumerable.Range(0, streams).SelectMany(s => Row(s, t))], together, togetherOut, streams);
                    Assert.Equal(alone, together);
                    Assert.Equal(aloneOut, togetherOut);
                    // The state's part before the input comes.
                    var ready = new float[alone.Length];
                    var readyOut = new float[aloneOut.Length];
                    var prepared = new float[streams * network.PreparedLength];
                    for (int t = 0; t < steps; t++)
                    {
                        prepared.AsSpan().Fill(float.NaN);
                        network.Prepare(ready, prepared, streams);
                        network.StepPrepared([.. Enumerable.Range(0, streams).SelectMany(s => Row(s, t))], prepared, ready, readyOut, streams);
                    }
                    Assert.Equal(alone, ready);
                    Assert.Equal(aloneOut, readyOut);
                    var state = new float[network.StateLength];
                    var output = new float[2];
                    for (int s = 0; s < streams; s++)
                    {
                        state.AsSpan().Fill(float.NaN);
                        network.Window(inputs.AsSpan(s * steps * sizes[0], steps * sizes[0]), steps, state, output);
                        Assert.Equal(alone[(s * network.StateLength)..((s + 1) * network.StateLength)], state);
                        Assert.Equal(aloneOut[(2 * s)..(2 * s + 2)], output);
                    }
                    first ??= (alone, aloneOut);
                    Assert.Equal(first.Value.Item1, alone);
                    Assert.Equal(first.Value.Item2, aloneOut);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_stream_that_ran_into_infinity_leaves_no_trace_in_another(RecurrentKind kind)
    {
        var random = new Random(14);
        RecurrentLayer[] layers = Layers(kind, random, 3, 37, 21);
        DenseLayer[] head = Head(random, 21, 1);
        var network = new RecurrentNetwork(layers, head, Activation.Relu);
        float[] input = Draw(random, 3, 1), output = new float[1], state = new float[network.StateLength], again = new float[network.StateLength];
        network.Step(input, state, output);
        float expected = output[0];
        var wild = new float[network.StateLength];
        network.Step([float.NaN, float.PositiveInfinity, 1e38f], wild, output);
        network.Step([float.NaN, 0, 0], wild, output);
        Assert.False(float.IsFinite(output[0]));
        network.Step(input, again, output);
        Assert.Equal(expected, output[0]);
        Assert.Equal(state, again);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Steps_and_windows_allocate_nothing(RecurrentKind kind)
    {
        var random = new Random(15);
        var network = new RecurrentNetwork(Layers(kind, random, 3, 37, 21), Head(random, 21, 1), Activation.Relu);
        float[] inputs = Draw(random, 3 * 80, 1), output = new float[1], state = new float[network.StateLength], prepared = new float[network.PreparedLength];
        void Run()
        {
            network.Step(inputs.AsSpan(0, 3), state, output);
            network.Window(inputs, 80, state, output);
            network.Prepare(state, prepared, 1);
            network.StepPrepared(inputs.AsSpan(0, 3), prepared, state, output, 1);
        }
        Run();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++) Run();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        object control = new();
        Assert.NotEqual(before, GC.GetAllocatedBytesForCurrentThread());
        GC.KeepAlive(control);
    }

    [Fact]
    public void Layers_that_do_not_fit_are_refused()
    {
        var random = new Random(16);
        RecurrentLayer[] layers = Layers(RecurrentKind.Lstm, random, 3, 4);
        Assert.Throws<ArgumentException>(() => new RecurrentNetwork([], Head(random, 4, 1), Activation.Relu));
        Assert.Throws<ArgumentException>(() => new RecurrentNetwork(layers, Head(random, 5, 1), Activation.Relu));
        Assert.Throws<ArgumentException>(() => new RecurrentNetwork([.. layers, .. layers], Head(random, 4, 1), Activation.Relu));
        Assert.Throws<ArgumentException>(() => new RecurrentNetwork([layers[0] with { Units = 5 }], Head(random, 5, 1), Activation.Relu));
        var network = new RecurrentNetwork(layers, Head(random, 4, 1), Activation.Relu);
        Assert.Throws<ArgumentException>(() => network.Step(new float[3], new float[7], new float[1]));
        Assert.Throws<ArgumentException>(() => network.Prepare(new float[8], new float[network.PreparedLength - 1], 1));
        Assert.Throws<ArgumentException>(() => network.StepPrepared(new float[3], new float[network.PreparedLength + 1], new float[8], new float[1], 1));
    }
}
