using Appliance.Kernels.Networks;

namespace Appliance.Perf.Networks;

/// <summary>One network of the comparison, with weights and inputs drawn as perf/peers/networks/dnnl_networks.cpp draws them.</summary>
internal sealed class NetworkCase
{
    private readonly Action _run, _between;
    private readonly float[] _output;
    private readonly Func<double> _error;

    private NetworkCase(string name, int iterations, double target, long multiplications, long weightBytes, long traffic, float[] output, Action run, Func<double> error, Action? between = null, string? peer = null)
    {
        (Name, Iterations, Target, Multiplications, WeightBytes, TrafficBytes) = (name, iterations, target, multiplications, weightBytes, traffic);
        (_output, _run, _error, _between, Peer) = (output, run, error, between ?? (() => { }), peer ?? name);
    }

    public string Name { get; }
    /// <summary>Calls of one block of measurements.</summary>
    public int Iterations { get; }
    /// <summary>At most this share of the peer's p99.</summary>
    public double Target { get; }
    /// <summary>Fused multiply-adds of one call.</summary>
    public long Multiplications { get; }
    public long WeightBytes { get; }
    /// <summary>Bytes of weights that one call must bring from the cache where they live: recurrent weights once a step, all others once.</summary>
    public long TrafficBytes { get; }
    public float FirstOutput => _output[0];

    /// <summary>What the peer calls the network that this is put beside.</summary>
    public string Peer { get; }

    /// <summary>
    /// The largest error against double precision: of a perceptron's outputs over 64 inputs, relative to the largest output; of a recurrent network's states and output over 50 steps, absolutely (states
    /// stay below 1).
    /// </summary>
    public double Error() => _error();

    /// <summary>What is timed.</summary>
    public void Run() => _run();

    /// <summary>What a live flow does between two decisions, when nobody waits: not timed.</summary>
    public void Between() => _between();

    public static NetworkCase[] All(WeightFormat format) =>
    [
        Mlp("mlp-small", [16, 32, 32, 1], 1, 20_000, 0.7, format),
        Mlp("mlp-wide-1", [256, 384, 384, 128], 1, 3_000, 0.7, format),
        Mlp("mlp-wide-64", [256, 384, 384, 128], 64, 200, 0.7, format),
        Lstm("lstm-a-window", 50, 100, 100, 2, false, 200, 0.7, format),
        Lstm("lstm-a-step", 1, 100, 100, 2, true, 4_000, 0.7, format),
        LstmAnswer("lstm-a-answer", format),
        Lstm("lstm-b-window", 100, 250, 200, 3, false, 30, 0.8, format),
    ];

    private static NetworkCase Mlp(string name, int[] sizes, int rows, int iterations, double target, WeightFormat format)
    {
        var draw = new Draw();
        var layers = new List<DenseLayer>();
        for (int l = 0; l + 1 < sizes.Length; l++)
            layers.Add(new DenseLayer(sizes[l], sizes[l + 1], draw.Many(sizes[l] * sizes[l + 1], 1 / Math.Sqrt(sizes[l])), draw.Many(sizes[l + 1], 0.5)));
        var network = new Mlp(layers, Activation.Relu, format, rows);
        float[] input = draw.Many(rows * sizes[0], 1), output = new float[rows * sizes[^1]];
        long weights = layers.Sum(l => (long)l.Weight.Length);
        return new NetworkCase(name, iterations, target, weights * rows, network.WeightBytes, network.WeightBytes, output, () => network.InferBatch(input, output, rows), () => DenseError(layers, format));
    }

    /// <summary>One step of LSTM_A from its input to its answer, the products with the state having been prepared after the answer before.</summary>
    private static NetworkCase LstmAnswer(string name, WeightFormat format)
    {
        RecurrentNetwork network = Network(new Draw(), 100, 100, 2, format, out Draw after, out Func<double> error);
        float[] input = after.Many(100, 1), output = new float[1], state = new float[network.StateLength], prepared = new float[network.PreparedLength];
        network.Prepare(state, prepared, 1);
        return new NetworkCase(name, 4_000, 0.7, 80_000 + 100, network.WeightBytes, network.WeightBytes / 2, output,
            () => network.StepPrepared(input, prepared, state, output, 1), error, () => network.Prepare(state, prepared, 1), "lstm-a-step");
    }

    private static NetworkCase Lstm(string name, int steps, int features, int units, int depth, bool carries, int iterations, double target, WeightFormat format)
    {
        RecurrentNetwork network = Network(new Draw(), features, units, depth, format, out Draw draw, out Func<double> error);
        float[] input = draw.Many(steps * features, 1), output = new float[1], state = new float[network.StateLength];
        long recurrent = 4L * units * units * depth, weights = recurrent + 4L * units * (features + (depth - 1) * units);
        long bytes = network.WeightBytes, traffic = bytes + (steps - 1) * recurrent * bytes / (weights + units);
        return new NetworkCase(name, iterations, target, weights * steps + units, bytes, traffic, output,
            carries ? () => network.Step(input, state, output) : () => network.Window(input, steps, state, output), error);
    }

    private static RecurrentNetwork Network(Draw draw, int features, int units, int depth, WeightFormat format, out Draw after, out Func<double> error)
    {
        double scale = 1 / Math.Sqrt(units);
        var layers = new List<RecurrentLayer>();
        for (int l = 0; l < depth; l++)
        {
            int inputs = l == 0 ? features : units;
            layers.Add(new RecurrentLayer(RecurrentKind.Lstm, inputs, units, draw.Many(4 * units * inputs, scale), draw.Many(4 * units * units, scale), draw.Many(4 * units, scale), draw.Many(4 * units, scale)));
        }
        DenseLayer[] head = [new(units, 1, draw.Many(units, 1 / Math.Sqrt(units)), draw.Many(1, 0.5))];
        after = draw;
        error = () => RecurrentError(layers, head, format);
        return new RecurrentNetwork(layers, head, Activation.Relu, format);
    }

    private static double DenseError(List<DenseLayer> layers, WeightFormat format)
    {
        var (network, draw, worst, largest) = (new Mlp(layers, Activation.Relu, format), new Draw(), 0.0, 0.0);
        var output = new float[network.Outputs];
        for (int sample = 0; sample < 64; sample++)
        {
            float[] input = draw.Many(network.Inputs, 1);
            network.Infer(input, output);
            double[] exact = NetworkReference.Dense(layers, Activation.Relu, [.. input.Select(v => (double)v)]);
            for (int o = 0; o < output.Length; o++) (worst, largest) = (Math.Max(worst, Math.Abs(output[o] - exact[o])), Math.Max(largest, Math.Abs(exact[o])));
        }
        return worst / largest;
    }

    private static double RecurrentError(List<RecurrentLayer> layers, DenseLayer[] head, WeightFormat format)
    {
        var (network, draw, worst) = (new RecurrentNetwork(layers, head, Activation.Relu, format), new Draw(), 0.0);
        float[] state = new float[network.StateLength], output = new float[network.Outputs];
        var exactState = new double[state.Length];
        for (int step = 0; step < 50; step++)
        {
            float[] input = draw.Many(network.Inputs, 1);
            network.Step(input, state, output);
            double[] exact = NetworkReference.Dense(head, Activation.Relu, NetworkReference.Advance(layers, [.. input.Select(v => (double)v)], exactState));
            worst = Math.Max(worst, Math.Abs(output[0] - exact[0]));
            for (int i = 0; i < state.Length; i++) worst = Math.Max(worst, Math.Abs(state[i] - exactState[i]));
        }
        return worst;
    }

    /// <summary>Knuth's MMIX congruence, upper 24 bits.</summary>
    private sealed class Draw
    {
        private ulong _state = 1;

        public float[] Many(int count, double scale)
        {
            var values = new float[count];
            for (int i = 0; i < count; i++)
            {
                _state = _state * 6364136223846793005 + 1442695040888963407;
                values[i] = (float)(scale * (2 * ((_state >> 40) / 16777216.0) - 1));
            }
            return values;
        }
    }
}
