using System.Runtime.InteropServices;
using Appliance.Contract;
using Appliance.Kernels;
using Appliance.Kernels.Ilgpu;
using Appliance.Kernels.ImpliedVolatility;
using Appliance.Kernels.Networks;
using Appliance.Kernels.Pricing;
using Appliance.Tests.Compute;

namespace Appliance.Tests.Accelerator;

/// <summary>
/// The assembly that a card would get, executed instruction by instruction: it gives the processor's bits. ILGPU's simulator does not show that, because it runs the kernels as the runtime compiled them; this runs what ILGPU made of them.
/// </summary>
public class PtxMachineTests
{
    /// <summary>The device's memory, filled from the front.</summary>
    internal sealed class Memory(int bytes)
    {
        public readonly byte[] Bytes = new byte[bytes];
        // Zero is nobody's address.
        private int _end = 64;

        public (int, int) Put<T>(params ReadOnlySpan<T> values) where T : unmanaged
        {
            int start = _end;
            MemoryMarshal.AsBytes(values).CopyTo(Bytes.AsSpan(start));
            _end += (values.Length * Marshal.SizeOf<T>() + 15) / 16 * 16;
            return (start, values.Length);
        }

        public Span<T> At<T>((int Start, int Length) view) where T : unmanaged => MemoryMarshal.Cast<byte, T>(Bytes.AsSpan(view.Start))[..view.Length];
    }

    [DeviceFact]
    public void Greeks()
    {
        const int Count = 150;
        GreeksBatch batch = CpuGreeksBackendTests.RandomBatch(Count, 31, 0.03, 0.01);
        var memory = new Memory(1 << 16);
        var input = memory.Put<double>([.. batch.Strike, .. batch.Years, .. batch.Volatility, .. batch.CallPut]);
        var output = memory.Put<double>(new double[6 * Count]);
        // Two groups of 32 threads over 60 items: four threads too many, and items that stride.
        new PtxMachine(IlgpuAdapter.AssemblyText("greeks"), memory.Bytes, 0).Launch(2, 32, 60, 60, Count, batch.Spot, batch.Rate, batch.Yield, input, output);
        double[][] columns = [batch.Price, batch.Delta, batch.Gamma, batch.Vega, batch.Theta, batch.Speed];
        for (int k = 0; k < 6; k++) memory.At<double>(output).Slice(k * Count, Count).CopyTo(columns[k]);
        ComputeBackendContractTests.AssertScalar(in batch, "assembly");
    }

    [DeviceFact]
    public void Greeks_by_the_kernel_that_never_ends()
    {
        const int Count = 40;
        GreeksBatch[] batches = [.. Enumerable.Range(0, 3).Select(i => CpuGreeksBackendTests.RandomBatch(Count, 41 + i, 0.03 * i, 0.01 * i))];
        var memory = new Memory(1 << 16);
        (int, int) command = memory.Put<long>(0, 0), done = memory.Put<long>(0);
        var input = memory.Put<double>(new double[3 + 4 * Count]);
        var output = memory.Put<double>(new double[6 * Count]);
        int sent = 0;
        void Send()
        {
            if (sent < batches.Length)
            {
                GreeksBatch b = batches[sent];
                ((double[])[b.Spot, b.Rate, b.Yield, .. b.Strike, .. b.Years, .. b.Volatility, .. b.CallPut]).CopyTo(memory.At<double>(input));
                memory.At<long>(command)[1] = Count;
            }
            memory.At<long>(command)[0] = sent < batches.Length ? ++sent : -1;
        }
        Send();
        new PtxMachine(IlgpuAdapter.AssemblyText("persistent-greeks"), memory.Bytes, sizeof(long))
        {
            OnRelease = () =>
            {
                Assert.Equal(sent, memory.At<long>(done)[0]);
                GreeksBatch b = batches[sent - 1];
                double[][] columns = [b.Price, b.Delta, b.Gamma, b.Vega, b.Theta, b.Speed];
                for (int k = 0; k < 6; k++) memory.At<double>(output).Slice(k * Count, Count).CopyTo(columns[k]);
                Send();
            },
        }.Launch(1, 32, command, done, input, output);
        Assert.Equal(batches.Length, sent);
        foreach (GreeksBatch batch in batches) ComputeBackendContractTests.AssertScalar(in batch, "assembly");
    }

    [DeviceFact]
    public void Europeans_in_the_wings_and_at_limits_too()
    {
        const int Count = 200;
        var random = new Random(32);
        double[] Column(Func<int, double> of) => [.. Enumerable.Range(0, Count).Select(of)];
        double[] spot = Column(_ => 50 + 100 * random.NextDouble()), strike = Column(i => i % 37 == 0 ? 0 : 100 * Math.Exp((i % 2 == 0 ? 0.2 : 2.5) * (2 * random.NextDouble() - 1)));
        double[] expiry = Column(i => i % 23 == 0 ? 0 : 10 * Math.Pow(random.NextDouble(), 3)), volatility = Column(i => i % 29 == 0 ? 0 : i % 31 == 0 ? 1e6 : random.NextDouble());
        double[] rate = Column(_ => 0.2 * (random.NextDouble() - 0.3)), yield = Column(_ => 0.2 * (random.NextDouble() - 0.3)), sign = Column(_ => 2 * random.Next(2) - 1);
        double[][] expected = [.. Enumerable.Range(0, 9).Select(_ => new double[Count])];
        new EuropeanBatch
        {
            Spot = spot, Strike = strike, Expiry = expiry, Volatility = volatility, Rate = rate, Yield = yield, Sign = sign, Price = expected[0], Delta = expected[1], Gamma = expected[2],
            Vega = expected[3], Theta = expected[4], Rho = expected[5], Vanna = expected[6], Volga = expected[7], Charm = expected[8],
        }.Evaluate(KernelWidth.Scalar);
        var memory = new Memory(1 << 16);
        var input = memory.Put<double>([.. spot, .. strike, .. expiry, .. volatility, .. rate, .. yield, .. sign]);
        var output = memory.Put<double>(new double[9 * Count]);
        new PtxMachine(IlgpuAdapter.AssemblyText("european"), memory.Bytes, 0).Launch(2, 128, Count, Count, Count, input, output);
        for (int k = 0; k < 9; k++) AssertSameBits<double>(expected[k], memory.At<double>(output).Slice(k * Count, Count), $"figure {k}");
    }

    [DeviceFact]
    public void Implied_volatilities_of_all_regions_and_statuses()
    {
        const int Count = 200;
        var random = new Random(33);
        double[] price = new double[Count], forward = new double[Count], strike = new double[Count], years = new double[Count], right = new double[Count], expected = new double[Count], status = new double[Count];
        for (int i = 0; i < Count; i++)
        {
            forward[i] = 50 + 100 * random.NextDouble();
            strike[i] = forward[i] * Math.Exp((i % 10 == 0 ? 14 : 2) * (2 * random.NextDouble() - 1));
            years[i] = 30 * Math.Pow(random.NextDouble(), 3) + 1e-4;
            right[i] = 2 * random.Next(2) - 1;
            price[i] = Kernels.Scalar.BlackScholes.Evaluate(forward[i], strike[i], years[i], 0.01 + 1.5 * random.NextDouble(), 0, 0, right[i]).Price;
            if (i % 20 == 1) price[i] *= 0.2;
            if (i % 20 == 2) price[i] = 2 * Math.Max(forward[i], strike[i]);
            if (i % 20 == 3) price[i] = double.NaN;
            if (i % 20 == 4) years[i] = 0;
            if (i % 20 == 5) strike[i] = forward[i];
            if (i % 20 == 6) price[i] = Math.Max(forward[i] - strike[i], 0);
            status[i] = (int)ImpliedVolatilitySolver.Solve(price[i], forward[i], strike[i], years[i], right[i], out expected[i]);
        }
        var memory = new Memory(1 << 16);
        var input = memory.Put<double>([.. price, .. forward, .. strike, .. years, .. right]);
        var output = memory.Put<double>(new double[2 * Count]);
        new PtxMachine(IlgpuAdapter.AssemblyText("implied-volatility"), memory.Bytes, 0).Launch(2, 128, Count, Count, Count, input, output);
        AssertSameBits<double>(status, memory.At<double>(output).Slice(Count, Count), "status");
        AssertSameBits<double>(expected, memory.At<double>(output)[..Count], "volatility");
        Assert.Equal(5, status.Distinct().Count());
    }

    [DeviceTheory]
    [InlineData(Activation.Relu)]
    [InlineData(Activation.Tanh)]
    [InlineData(Activation.Silu)]
    [InlineData(Activation.Sigmoid)]
    public void Perceptrons(Activation activation)
    {
        var random = new Random(34);
        DenseLayer[] layers = [Dense(random, 9, 117), Dense(random, 117, 5)];
        const int Rows = 2;
        float[] input = Draw(random, Rows * 9, 3), expected = new float[Rows * 5];
        new Mlp(layers, activation, batchMax: Rows).InferBatch(input, expected, Rows);
        var memory = new Memory(1 << 16);
        var table = memory.Put(9, 117, 0, 9 * 117, 117, 5, 9 * 117 + 117, 9 * 117 + 117 + 117 * 5);
        var weights = memory.Put<float>([.. Transposed(layers[0]), .. layers[0].Bias, .. Transposed(layers[1]), .. layers[1].Bias]);
        var from = memory.Put<float>(input);
        var to = memory.Put<float>(new float[Rows * 5]);
        new PtxMachine(IlgpuAdapter.AssemblyText("mlp"), memory.Bytes, 2 * 117 * sizeof(float)).Launch(Rows, 32, 2, (int)activation, 117, 9, 0, table, weights, from, to);
        AssertSameBits<float>(expected, memory.At<float>(to), activation.ToString());
    }

    [DeviceFact]
    public void An_lstm_layer_in_a_window()
    {
        var random = new Random(35);
        const int Inputs = 7, Units = 19, Steps = 4, Rows = 2, Gates = 4 * Units;
        var layer = new RecurrentLayer(RecurrentKind.Lstm, Inputs, Units, Draw(random, Gates * Inputs, 0.5), Draw(random, Gates * Units, 0.5), Draw(random, Gates, 0.5), Draw(random, Gates, 0.5));
        // A head that hands h through: one weight of one in each row.
        var through = new DenseLayer(Units, Units, [.. Enumerable.Range(0, Units * Units).Select(i => i % (Units + 1) == 0 ? 1f : 0f)], new float[Units]);
        var network = new RecurrentNetwork([layer], [through], Activation.Relu);
        float[] input = Draw(random, Rows * Steps * Inputs, 3), expected = new float[Rows * Units], expectedState = new float[Rows * 2 * Units];
        for (int r = 0; r < Rows; r++)
            network.Window(input.AsSpan(r * Steps * Inputs, Steps * Inputs), Steps, expectedState.AsSpan(r * 2 * Units, 2 * Units), expected.AsSpan(r * Units, Units));
        var memory = new Memory(1 << 17);
        float[] bias = [.. layer.InputBias.Zip(layer.HiddenBias, (a, b) => a + b)];
        var weights = memory.Put<float>([.. Transposed(layer.InputWeight, Inputs, Gates), .. Transposed(layer.HiddenWeight, Units, Gates), .. bias]);
        var from = memory.Put<float>(input);
        var gates = memory.Put<float>(new float[Rows * Steps * Gates]);
        var state = memory.Put<float>([.. Enumerable.Repeat(float.NaN, Rows * 2 * Units)]);
        var hidden = memory.Put<float>(new float[Rows * Steps * Units]);
        const int Count = Rows * Steps * Gates, HiddenWeights = Inputs * Gates, Bias = HiddenWeights + Units * Gates;
        new PtxMachine(IlgpuAdapter.AssemblyText("lstm-inputs"), memory.Bytes, 0).Launch(4, 64, 250, 250, Count, Inputs, Gates, 0, Bias, weights, from, gates);
        new PtxMachine(IlgpuAdapter.AssemblyText("lstm-steps"), memory.Bytes, 6 * Units * sizeof(float)).Launch(Rows, 32, Steps, Units, HiddenWeights, 1, 2 * Units, 0, weights, gates, state, hidden);
        AssertSameBits<float>(expectedState, memory.At<float>(state), "state");
        for (int r = 0; r < Rows; r++) AssertSameBits<float>(expected.AsSpan(r * Units, Units), memory.At<float>(hidden).Slice((r * Steps + Steps - 1) * Units, Units), $"h of row {r}");
    }

    private static DenseLayer Dense(Random random, int inputs, int outputs) => new(inputs, outputs, Draw(random, inputs * outputs, 1 / Math.Sqrt(inputs)), Draw(random, outputs, 0.5));

    private static float[] Draw(Random random, int count, double scale) => [.. Enumerable.Range(0, count).Select(_ => (float)(scale * (2 * random.NextDouble() - 1)))];

    private static float[] Transposed(DenseLayer layer) => Transposed(layer.Weight, layer.Inputs, layer.Outputs);

    private static float[] Transposed(float[] weight, int inputs, int outputs) =>
        [.. Enumerable.Range(0, inputs).SelectMany(i => Enumerable.Range(0, outputs).Select(o => weight[o * inputs + i]))];

    private static void AssertSameBits<T>(ReadOnlySpan<T> expected, ReadOnlySpan<T> actual, string what) where T : unmanaged
    {
        for (int i = 0; i < expected.Length; i++)
            Assert.True(MemoryMarshal.AsBytes(expected.Slice(i, 1)).SequenceEqual(MemoryMarshal.AsBytes(actual.Slice(i, 1))), $"{what}, number {i}: {actual[i]}, processor {expected[i]}");
    }
}
