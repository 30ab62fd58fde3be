using Appliance.Kernels.Ilgpu;
using Appliance.Kernels.Networks;

namespace Appliance.Perf.Device;

/// <summary>LSTM_A (50 steps of 100 features, two layers of 100 units, one output) and the wide perceptron, on the device and on the processor.</summary>
internal static class DeviceNetworkRuns
{
    private const int Steps = 50, Features = 100, Units = 100;

    public static IReadOnlyList<BatchTime> LstmA(IlgpuOptions options, int[] rows, int calls)
    {
        var random = new Random(3);
        var (layers, head) = Networks(random);
        var processor = new RecurrentNetwork(layers, head, Activation.Relu);
        using IDeviceNetwork device = IlgpuAdapter.CreateLstm(options, layers, head, Activation.Relu, rows.Max(), Steps);
        var times = new List<BatchTime>();
        foreach (int n in rows)
        {
            float[] input = Draw(random, n * Steps * Features, 1), ours = new float[n], theirs = new float[n], state = new float[processor.StateLength];
            times.Add(BatchTime.Of(n, Math.Max(2, calls / n), () => device.Infer(input, theirs, n, Steps), () =>
            {
                for (int r = 0; r < n; r++) processor.Window(input.AsSpan(r * Steps * Features, Steps * Features), Steps, state, ours.AsSpan(r, 1));
            }));
            Compare(ours, theirs, device.Device);
        }
        return times;
    }

    public static BatchTime LstmAStep(IlgpuOptions options, int calls)
    {
        var random = new Random(4);
        var (layers, head) = Networks(random);
        var processor = new RecurrentNetwork(layers, head, Activation.Relu);
        using IDeviceNetwork device = IlgpuAdapter.CreateLstm(options, layers, head, Activation.Relu, 1, 1);
        float[] input = Draw(random, Features, 1), ours = new float[1], theirs = new float[1], ourState = new float[processor.StateLength], theirState = new float[processor.StateLength];
        BatchTime time = BatchTime.Of(1, calls, () => device.Step(input, theirState, theirs, 1), () => processor.Step(input, ourState, ours));
        Compare(ours, theirs, device.Device);
        return time;
    }

    public static BatchTime Perceptron(IlgpuOptions options, int rows, int calls)
    {
        var random = new Random(5);
        DenseLayer[] layers = [Dense(random, 256, 384), Dense(random, 384, 384), Dense(random, 384, 128)];
        var processor = new Mlp(layers, Activation.Relu, batchMax: rows);
        using IDeviceNetwork device = IlgpuAdapter.CreateMlp(options, layers, Activation.Relu, rows);
        float[] input = Draw(random, rows * 256, 1), ours = new float[rows * 128], theirs = new float[rows * 128];
        BatchTime time = BatchTime.Of(rows, Math.Max(2, calls), () => device.Infer(input, theirs, rows), () => processor.InferBatch(input, ours, rows));
        Compare(ours, theirs, device.Device);
        return time;
    }

    private static (RecurrentLayer[] Layers, DenseLayer[] Head) Networks(Random random)
    {
        RecurrentLayer Layer(int inputs) => new(RecurrentKind.Lstm, inputs, Units, Draw(random, 4 * Units * inputs, 0.1), Draw(random, 4 * Units * Units, 0.1), Draw(random, 4 * Units, 0.1), Draw(random, 4 * Units, 0.1));
        return ([Layer(Features), Layer(Units)], [Dense(random, Units, 1)]);
    }

    private static DenseLayer Dense(Random random, int inputs, int outputs) => new(inputs, outputs, Draw(random, inputs * outputs, 1 / Math.Sqrt(inputs)), Draw(random, outputs, 0.5));

    private static float[] Draw(Random random, int count, double scale) => [.. Enumerable.Range(0, count).Select(_ => (float)(scale * (2 * random.NextDouble() - 1)))];

    private static void Compare(float[] ours, float[] theirs, string device)
    {
        for (int i = 0; i < ours.Length; i++)
            if (!(Math.Abs(ours[i] - theirs[i]) <= 1e-5)) throw new InvalidOperationException($"{device} answers {theirs[i]}, the processor {ours[i]}.");
    }
}
