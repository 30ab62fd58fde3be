using Appliance.Kernels.Ilgpu;
using Appliance.Kernels.Networks;

namespace Appliance.Tests.Accelerator;

/// <summary>Networks on every device that is here: the bits of the processor's fp32 networks, alone and in batches, and the error against double precision that those have.</summary>
public class DeviceNetworkTests
{
    private static IEnumerable<IlgpuOptions> Devices() => IlgpuAdapter.Devices().Select(d => new IlgpuOptions { Device = d.Kind, DeviceIndex = d.Index });

    private static float[] Draw(Random random, int count, double scale) => [.. Enumerable.Range(0, count).Select(_ => (float)(scale * (2 * random.NextDouble() - 1)))];

    private static DenseLayer[] Dense(Random random, params int[] sizes) =>
        [.. Enumerable.Range(0, sizes.Length - 1).Select(l => new DenseLayer(sizes[l], sizes[l + 1], Draw(random, sizes[l] * sizes[l + 1], 2 / Math.Sqrt(sizes[l])), Draw(random, sizes[l + 1], 0.5)))];

    private static RecurrentLayer[] Recurrent(RecurrentKind kind, Random random, params int[] sizes) => [.. Enumerable.Range(0, sizes.Length - 1).Select(l =>
    {
        int rows = RecurrentLayer.GatesOf(kind) * sizes[l + 1];
        double scale = 1.5 / Math.Sqrt(sizes[l + 1]);
        return new RecurrentLayer(kind, sizes[l], sizes[l + 1], Draw(random, rows * sizes[l], scale), Draw(random, rows * sizes[l + 1], scale), Draw(random, rows, scale), Draw(random, rows, scale));
    })];

    [DeviceTheory]
    [InlineData(Activation.Relu)]
    [InlineData(Activation.Tanh)]
    [InlineData(Activation.Silu)]
    [InlineData(Activation.Sigmoid)]
    public void A_perceptron_has_the_processors_bits(Activation activation)
    {
        var random = new Random(5);
        // Outputs of 1 to 200 meet every block of the packed matrix, alone and together.
        foreach (int[] sizes in new int[][] { [1, 1], [3, 17, 2], [16, 32, 32, 1], [7, 130, 48, 5], [40, 200, 64, 100] })
        {
            DenseLayer[] layers = Dense(random, sizes);
            const int Rows = 5;
            var processor = new Mlp(layers, activation, batchMax: Rows);
            float[] input = Draw(random, Rows * sizes[0], 3), expected = new float[Rows * sizes[^1]], actual = new float[expected.Length];
            input[0] = 90;
            processor.InferBatch(input, expected, Rows);
            foreach (IlgpuOptions device in Devices())
            {
                using IDeviceNetwork network = IlgpuAdapter.CreateMlp(device, layers, activation, Rows);
                Assert.Equal((sizes[0], sizes[^1], 0), (network.Inputs, network.Outputs, network.StateLength));
                network.Infer(input, actual, Rows);
                AssertSameBits(expected, actual, $"{network.Device}, {string.Join("-", sizes)}");
                Array.Clear(actual);
                network.Infer(input.AsSpan(0, sizes[0]), actual.AsSpan(0, sizes[^1]), 1);
                AssertSameBits(expected.AsSpan(0, sizes[^1]).ToArray(), actual.AsSpan(0, sizes[^1]).ToArray(), $"{network.Device}, {string.Join("-", sizes)}, one row");
            }
        }
    }

    [DeviceFact]
    public void A_window_of_an_lstm_has_the_processors_bits()
    {
        var random = new Random(6);
        foreach (int[] sizes in new int[][] { [1, 1], [5, 9], [12, 16, 20], [30, 33, 17, 8] })
        {
            RecurrentLayer[] layers = Recurrent(RecurrentKind.Lstm, random, sizes);
            DenseLayer[] head = Dense(random, sizes[^1], 6, 2);
            const int Rows = 3, Steps = 7;
            var processor = new RecurrentNetwork(layers, head, Activation.Tanh);
            float[] input = Draw(random, Rows * Steps * sizes[0], 4), expected = new float[Rows * 2], actual = new float[Rows * 2], state = new float[processor.StateLength];
            for (int r = 0; r < Rows; r++) processor.Window(input.AsSpan(r * Steps * sizes[0], Steps * sizes[0]), Steps, state, expected.AsSpan(2 * r, 2));
            foreach (IlgpuOptions device in Devices())
            {
                using IDeviceNetwork network = IlgpuAdapter.CreateLstm(device, layers, head, Activation.Tanh, Rows, Steps);
                Assert.Equal(processor.StateLength, network.StateLength);
                // Twice: what the first left behind must not show in the second.
                for (int round = 0; round < 2; round++)
                {
                    network.Infer(input, actual, Rows, Steps);
                    AssertSameBits(expected, actual, $"{network.Device}, {string.Join("-", sizes)}");
                }
            }
        }
    }

    [DeviceFact]
    public void Steps_of_an_lstm_carry_the_processors_state()
    {
        var random = new Random(7);
        RecurrentLayer[] layers = Recurrent(RecurrentKind.Lstm, random, 6, 20, 11);
        DenseLayer[] head = Dense(random, 11, 3);
        const int Rows = 4;
        var processor = new RecurrentNetwork(layers, head, Activation.Relu);
        foreach (IlgpuOptions device in Devices())
        {
            using IDeviceNetwork network = IlgpuAdapter.CreateLstm(device, layers, head, Activation.Relu, Rows, 1);
            float[] expectedState = new float[Rows * processor.StateLength], actualState = new float[expectedState.Length], expected = new float[Rows * 3], actual = new float[Rows * 3];
            for (int step = 0; step < 12; step++)
            {
                float[] input = Draw(random, Rows * 6, step == 5 ? 40 : 2);
                processor.StepBatch(input, expectedState, expected, Rows);
                network.Step(input, actualState, actual, Rows);
                AssertSameBits(expectedState, actualState, $"{network.Device}, state after step {step}");
                AssertSameBits(expected, actual, $"{network.Device}, output of step {step}");
            }
        }
    }

    [DeviceFact]
    public void The_nested_lstm_agrees_with_double_precision()
    {
        var random = new Random(8);
        RecurrentLayer[] layers = Recurrent(RecurrentKind.Lstm, random, 100, 100, 100);
        DenseLayer[] head = Dense(random, 100, 1);
        float[] input = Draw(random, 10 * 100, 1), output = new float[1];
        var state = new double[400];
        double[] hidden = [];
        for (int t = 0; t < 10; t++) hidden = NetworkReference.Advance(layers, [.. input.Skip(100 * t).Take(100).Select(v => (double)v)], state);
        double expected = NetworkReference.Dense(head, Activation.Tanh, hidden)[0];
        foreach (IlgpuOptions device in Devices())
        {
            using IDeviceNetwork network = IlgpuAdapter.CreateLstm(device, layers, head, Activation.Tanh, 1, 10);
            network.Infer(input, output, 1, 10);
            Assert.True(Math.Abs(output[0] - expected) <= 4e-6, $"{network.Device}: {output[0]}, in double precision {expected}");
        }
    }

    [DeviceFact]
    public void What_the_device_does_not_compute_is_refused_by_name()
    {
        var random = new Random(9);
        var gru = Assert.Throws<ArgumentException>(() => IlgpuAdapter.CreateLstm(new(), Recurrent(RecurrentKind.GruResetAfter, random, 3, 4), Dense(random, 4, 1), Activation.Relu, 1, 1));
        Assert.Contains("GruResetAfter", gru.Message);
        Assert.Throws<ArgumentException>(() => IlgpuAdapter.CreateMlp(new(), [.. Dense(random, 3, 4), .. Dense(random, 5, 1)], Activation.Relu, 1));
        using IDeviceNetwork network = IlgpuAdapter.CreateMlp(new() { Device = "cpu" }, Dense(random, 3, 4), Activation.Relu, 2);
        Assert.Throws<ArgumentException>(() => network.Infer(new float[9], new float[12], 3));
        Assert.Throws<ArgumentException>(() => network.Infer(new float[5], new float[8], 2));
        Assert.Throws<InvalidOperationException>(() => network.Step(new float[3], [], new float[4], 1));
    }

    private static void AssertSameBits(float[] expected, float[] actual, string what)
    {
        for (int i = 0; i < expected.Length; i++)
            Assert.True(BitConverter.SingleToInt32Bits(expected[i]) == BitConverter.SingleToInt32Bits(actual[i]), $"{what}, number {i}: {actual[i]:R}, processor {expected[i]:R}");
    }
}
