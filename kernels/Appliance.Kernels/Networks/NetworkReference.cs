using Appliance.Kernels.Scalar;

namespace Appliance.Kernels.Networks;

/// <summary>The networks' formulas in double precision, one number at a time, as they are written on paper: what the fast forms are held against. Not for the hot path.</summary>
public static class NetworkReference
{
    /// <summary>A perceptron's outputs.</summary>
    public static double[] Dense(IReadOnlyList<DenseLayer> layers, Activation activation, ReadOnlySpan<double> input)
    {
        double[] x = input.ToArray();
        for (int l = 0; l < layers.Count; l++)
        {
            DenseLayer layer = layers[l];
            var y = new double[layer.Outputs];
            if (layer.InputEpsilon is { } epsilon) x = Standardised(x, epsilon);
            for (int o = 0; o < y.Length; o++) y[o] = layer.Bias[o] + Dot(layer.Weight, o, x);
            if (layer.OutputNorm is { } norm) y = [.. Standardised(y, norm.Epsilon).Select((v, o) => norm.Scale[o] * v + norm.Offset[o])];
            x = l < layers.Count - 1 ? [.. y.Select(v => Activate(activation, v))] : y;
        }
        return x;
    }

    private static double[] Standardised(double[] x, double epsilon)
    {
        double mean = x.Average(), deviation = Math.Sqrt(x.Average(v => (v - mean) * (v - mean)) + epsilon);
        return [.. x.Select(v => (v - mean) / deviation)];
    }

    /// <summary>Advances a stream by one step; the last layer's h.</summary>
    /// <param name="state">For each layer h, and for an LSTM c after it; read and replaced.</param>
    public static double[] Advance(IReadOnlyList<RecurrentLayer> layers, ReadOnlySpan<double> input, Span<double> state)
    {
        double[] x = input.ToArray();
        foreach (RecurrentLayer layer in layers)
        {
            x = Advance(layer, x, state[..layer.StateLength]);
            state = state[layer.StateLength..];
        }
        return x;
    }

    public static double Activate(Activation activation, double x) => activation switch
    {
        Activation.Relu => Math.Max(0, x),
        Activation.Tanh => Tanh(x),
        Activation.Silu => x * Sigmoid(x),
        _ => Sigmoid(x),
    };

    private static double[] Advance(RecurrentLayer layer, double[] x, Span<double> state)
    {
        int n = layer.Units;
        double[] h = state[..n].ToArray();
        double Input(int row) => layer.InputBias[row] + Dot(layer.InputWeight, row, x);
        double Hidden(int row, double[] from) => layer.HiddenBias[row] + Dot(layer.HiddenWeight, row, from);
        if (layer.Kind == RecurrentKind.Lstm)
        {
            for (int u = 0; u < n; u++)
            {
                double Gate(int g) => Input(g * n + u) + Hidden(g * n + u, h);
                state[n + u] = Sigmoid(Gate(1)) * state[n + u] + Sigmoid(Gate(0)) * Tanh(Gate(2));
                state[u] = Sigmoid(Gate(3)) * Tanh(state[n + u]);
            }
            return state[..n].ToArray();
        }
        double[] reset = [.. Enumerable.Range(0, n).Select(u => Sigmoid(Input(u) + Hidden(u, h)))];
        double[] product = [.. reset.Select((r, u) => r * h[u])];
        for (int u = 0; u < n; u++)
        {
            double z = Sigmoid(Input(n + u) + Hidden(n + u, h));
            double candidate = layer.Kind == RecurrentKind.GruResetAfter ? reset[u] * Hidden(2 * n + u, h) : Hidden(2 * n + u, product);
            state[u] = (1 - z) * Tanh(Input(2 * n + u) + candidate) + z * h[u];
        }
        return state[..n].ToArray();
    }

    private static double Dot(float[] weight, int row, double[] x)
    {
        double sum = 0;
        for (int i = 0; i < x.Length; i++) sum += weight[row * x.Length + i] * x[i];
        return sum;
    }

    private static double Sigmoid(double x) => 1 / (1 + Elementary.Exp(-x));

    private static double Tanh(double x) => 1 - 2 / (Elementary.Exp(2 * x) + 1);
}
