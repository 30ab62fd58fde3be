using Appliance.Kernels.Networks;
using ILGPU;

namespace Appliance.Kernels.Ilgpu;

/// <summary>
/// Networks in single precision. Every sum is taken in the order that <see cref="PackedMatrix"/> states (chains of fused multiply-adds, folded pairwise, the start last), so that the bits are the processor's.
/// Weights stand by input, then output, so that neighbouring threads read neighbouring numbers. A group of threads computes one row or stream; what passes between its threads stands in shared memory.
/// </summary>
internal static class NetworkKernels
{
    /// <summary>Of a dense layer in the table: inputs, outputs, where its weights begin, where its biases begin.</summary>
    public const int TableColumns = 4;

    /// <summary>
    /// A perceptron; one group a row. <paramref name="weights"/> holds all layers' weights and biases; <paramref name="widest"/> is the largest number of inputs or outputs of a layer, twice which the shared memory holds.
    /// Row r begins at r·<paramref name="rowStride"/> + <paramref name="rowOffset"/> of the input.
    /// </summary>
    public static void Mlp(
        int layers, int activation, int widest, int rowStride, int rowOffset, ArrayView<int> table, ArrayView<float> weights, ArrayView<float> input, ArrayView<float> output)
    {
        ArrayView<float> shared = SharedMemory.GetDynamic<float>();
        int row = Grid.IdxX, from = 0, to = widest;
        for (int i = Group.IdxX; i < table[0]; i += Group.DimX) shared[i] = input[row * rowStride + rowOffset + i];
        Group.Barrier();
        for (int layer = 0; layer < layers; layer++)
        {
            int inputs = table[layer * TableColumns], outputs = table[layer * TableColumns + 1], first = table[layer * TableColumns + 2], bias = table[layer * TableColumns + 3];
            for (int o = Group.IdxX; o < outputs; o += Group.DimX)
            {
                float y = weights[bias + o] + Product(weights, first, outputs, o, shared, from, inputs);
                if (layer == layers - 1) output[row * outputs + o] = y;
                else shared[to + o] = Activate(activation, y);
            }
            Group.Barrier();
            int swap = from;
            from = to;
            to = swap;
        }
    }

    /// <summary>
    /// What a layer's gates take from its inputs, for all steps of all streams together: gates[row, step, gate] = bias + W·x. Item i computes the gates i, i + <paramref name="items"/> and so on of all
    /// <paramref name="count"/>. Step s (of all streams) begins at s·<paramref name="inputs"/> of <paramref name="input"/>.
    /// </summary>
    public static void LstmInputs(Index1D item, int items, int count, int inputs, int gateRows, int first, int bias, ArrayView<float> weights, ArrayView<float> input, ArrayView<float> gates)
    {
        for (int i = item.X; i < count; i += items)
        {
            int step = i / gateRows, gate = i - step * gateRows;
            gates[i] = weights[bias + gate] + Product(weights, first, gateRows, gate, input, step * inputs, inputs);
        }
    }

    /// <summary>
    /// A layer's steps that need h, one group a stream: shared memory holds h, c and the four gates' sums. <paramref name="isFresh"/> other than zero begins from a zero state; else, and at the end in any case, h and c
    /// stand at <paramref name="stateOffset"/> of each stream's <paramref name="stateLength"/> numbers.
    /// </summary>
    public static void LstmSteps(
        int steps, int units, int first, int isFresh, int stateLength, int stateOffset, ArrayView<float> weights, ArrayView<float> gates, ArrayView<float> state, ArrayView<float> hidden)
    {
        ArrayView<float> shared = SharedMemory.GetDynamic<float>();
        int row = Grid.IdxX, cell = units, sums = 2 * units, gateRows = 4 * units, at = row * stateLength + stateOffset;
        for (int i = Group.IdxX; i < 2 * units; i += Group.DimX) shared[i] = isFresh != 0 ? 0 : state[at + i];
        Group.Barrier();
        for (int step = 0; step < steps; step++)
        {
            int gatesAt = (row * steps + step) * gateRows;
            for (int g = Group.IdxX; g < gateRows; g += Group.DimX) shared[sums + g] = gates[gatesAt + g] + Product(weights, first, gateRows, g, shared, 0, units);
            Group.Barrier();
            for (int u = Group.IdxX; u < units; u += Group.DimX)
            {
                float c = ActivationLanes<FloatLane, float>.LstmCell(shared[sums + u], shared[sums + units + u], shared[sums + 2 * units + u], shared[cell + u]);
                float h = ActivationLanes<FloatLane, float>.GatedTanh(shared[sums + 3 * units + u], c);
                shared[cell + u] = c;
                shared[u] = h;
                hidden[(row * steps + step) * units + u] = h;
            }
            Group.Barrier();
        }
        for (int i = Group.IdxX; i < 2 * units; i += Group.DimX) state[at + i] = shared[i];
    }

    private static float Activate(int activation, float x)
    {
        if (activation == (int)Activation.Relu) return FloatLane.Largest(x, 0);
        if (activation == (int)Activation.Tanh) return ActivationLanes<FloatLane, float>.Tanh(x);
        if (activation == (int)Activation.Silu) return ActivationLanes<FloatLane, float>.Silu(x);
        return ActivationLanes<FloatLane, float>.Sigmoid(x);
    }

    /// <summary>W·x for one output, in the packed matrix's order: outputs in blocks of 64 take two chains, what is left in one of 32 four, and in one of 16 eight.</summary>
    private static float Product(ArrayView<float> weights, int first, int outputs, int output, ArrayView<float> x, int at, int inputs)
    {
        int padded = (outputs + 15) / 16 * 16, wide = padded / 64 * 64, half = wide + (padded - wide) / 32 * 32;
        int w = first + output;
        if (output < wide) return Two(weights, w, outputs, x, at, inputs, (inputs + 1) / 2);
        if (output < half) return Four(weights, w, outputs, x, at, inputs, (inputs + 3) / 4);
        return Eight(weights, w, outputs, x, at, inputs, (inputs + 7) / 8);
    }

    private static float Two(ArrayView<float> weights, int w, int stride, ArrayView<float> x, int at, int inputs, int length)
    {
        float a = 0, b = 0;
        for (int i = 0; i < length; i++)
        {
            a = MathF.FusedMultiplyAdd(x[at + i], weights[w + i * stride], a);
            int k = length + i;
            if (k < inputs) b = MathF.FusedMultiplyAdd(x[at + k], weights[w + k * stride], b);
        }
        return a + b;
    }

    private static float Four(ArrayView<float> weights, int w, int stride, ArrayView<float> x, int at, int inputs, int length)
    {
        float a = Chain(weights, w, stride, x, at, inputs, 0, length), b = Chain(weights, w, stride, x, at, inputs, length, length);
        float c = Chain(weights, w, stride, x, at, inputs, 2 * length, length), d = Chain(weights, w, stride, x, at, inputs, 3 * length, length);
        return (a + b) + (c + d);
    }

    private static float Eight(ArrayView<float> weights, int w, int stride, ArrayView<float> x, int at, int inputs, int length)
    {
        float a = Chain(weights, w, stride, x, at, inputs, 0, length), b = Chain(weights, w, stride, x, at, inputs, length, length);
        float c = Chain(weights, w, stride, x, at, inputs, 2 * length, length), d = Chain(weights, w, stride, x, at, inputs, 3 * length, length);
        float e = Chain(weights, w, stride, x, at, inputs, 4 * length, length), f = Chain(weights, w, stride, x, at, inputs, 5 * length, length);
        float g = Chain(weights, w, stride, x, at, inputs, 6 * length, length), h = Chain(weights, w, stride, x, at, inputs, 7 * length, length);
        return ((a + b) + (c + d)) + ((e + f) + (g + h));
    }

    private static float Chain(ArrayView<float> weights, int w, int stride, ArrayView<float> x, int at, int inputs, int from, int length)
    {
        float sum = 0;
        int end = Math.Min(from + length, inputs);
        for (int i = from; i < end; i++) sum = MathF.FusedMultiplyAdd(x[at + i], weights[w + i * stride], sum);
        return sum;
    }
}
