using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Appliance.Flow.Compute;
using Appliance.Kernels;
using Appliance.Kernels.Networks;
using Appliance.Kernels.Scalar;

namespace Appliance.Tests.Compute;

/// <summary>
/// A replay on another machine must decide alike, so these hashes of every bit that Compute makes are constants. They were the same with AVX-512, with AVX2 alone
/// (DOTNET_EnableAVX512=0), with SSE alone (DOTNET_EnableAVX=0) and with no vector instruction at all (DOTNET_EnableHWIntrinsic=0). A change of a formula or of an order of
/// operations changes them: then old journals no longer replay to the same orders, and the commit that changes a constant must say so.
/// </summary>
public class GoldenBitsTests
{
    private static string Hash<T>(IEnumerable<T> values) where T : unmanaged =>
        Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<T>(values.ToArray())))[..16];

    /// <summary>Numbers that no library version can change: a linear congruence (Knuth's MMIX constants), top 53 bits.</summary>
    private sealed class Draw(ulong state)
    {
        public double Next()
        {
            state = state * 6364136223846793005 + 1442695040888963407;
            return (state >> 11) * (1.0 / (1UL << 53));
        }
    }

    [Fact]
    public void Elementary_functions_keep_their_bits()
    {
        var draw = new Draw(1);
        var bits = new List<double>();
        for (int i = 0; i < 5000; i++)
        {
            double x = 80 * draw.Next() - 40;
            bits.AddRange([Elementary.Exp(17 * x), Elementary.Log(draw.Next() * 1e6), Elementary.NormalCdf(x), Elementary.NormalPdf(x), Elementary.Erf(x / 10), Elementary.Erfc(x / 2), Elementary.CubeRoot(Math.Abs(x))]);
        }
        Assert.Equal(ElementaryHash, Hash(bits));
    }

    [Theory]
    [InlineData(KernelWidth.Scalar)]
    [InlineData(KernelWidth.Widest)]
    public void Portfolio_greeks_keep_their_bits(KernelWidth width)
    {
        var draw = new Draw(2);
        double[] Array(Func<double> next) => Enumerable.Range(0, 203).Select(_ => next()).ToArray();
        const long day = 86_400_000_000_000;
        var definition = new PortfolioDefinition
        {
            Name = "golden", Rate = 0.02, Yield = 0.01,
            Strike = Array(() => 80 + Math.Floor(40 * draw.Next())),
            ExpiryUtcNs = Array(() => 1 + Math.Floor(90 * draw.Next())).Select(d => (long)d * day).ToArray(),
            CallPut = Array(() => draw.Next() < 0.5 ? -1 : 1),
            Quantity = Array(() => Math.Floor(200 * draw.Next()) - 130),
            Volatility = Array(() => 0.1 + 0.5 * draw.Next()),
        };
        var greeks = new PortfolioGreeks(definition, new CpuGreeksBackend(width), new PortfolioGreeksOptions { DeltaErrorUnitsMax = 0.5 });
        double spot = 100;
        var bits = new List<double>();
        for (int i = 0; i < 3000; i++)
        {
            spot *= 1 + 1e-3 * (draw.Next() - 0.5);
            long utcNs = i * day / 100;
            greeks.MoveOrReprice(spot, utcNs);
            bits.AddRange([greeks.Value, greeks.Delta, greeks.Gamma, greeks.Vega, greeks.Theta, greeks.Speed, greeks.DeltaErrorUnits]);
            if (i % 10 == 0) greeks.Reprice(spot, utcNs);
        }
        Assert.True(greeks.LiveOptions < 203, "Some options must have expired on the way.");
        Assert.Equal(PortfolioHash, Hash(bits));
    }

    [Fact]
    public void Networks_keep_their_bits()
    {
        var draw = new Draw(3);
        float[] Floats(int count) => Enumerable.Range(0, count).Select(_ => (float)(draw.Next() - 0.5)).ToArray();
        var bits = new List<float>();
        foreach (Activation activation in new[] { Activation.Relu, Activation.Tanh, Activation.Silu })
        {
            var network = new Mlp([new DenseLayer(9, 33, Floats(297), Floats(33)), new DenseLayer(33, 18, Floats(594), Floats(18)), new DenseLayer(18, 2, Floats(36), Floats(2))], activation);
            var output = new float[2];
            for (int i = 0; i < 500; i++)
            {
                network.Infer(Floats(9).Select(x => 8 * x).ToArray(), output);
                bits.AddRange(output);
            }
        }
        Assert.Equal(NetworkHash, Hash(bits));
    }

    [Fact]
    public void Recurrent_networks_keep_their_bits()
    {
        var draw = new Draw(4);
        float[] Floats(int count) => Enumerable.Range(0, count).Select(_ => (float)(draw.Next() - 0.5)).ToArray();
        var bits = new List<float>();
        foreach (RecurrentKind kind in Enum.GetValues<RecurrentKind>())
        {
            int gates = RecurrentLayer.GatesOf(kind);
            RecurrentLayer Layer(int inputs, int units) => new(kind, inputs, units, Floats(gates * units * inputs), Floats(gates * units * units), Floats(gates * units), Floats(gates * units));
            var network = new RecurrentNetwork([Layer(5, 37), Layer(37, 20)], [new DenseLayer(20, 1, Floats(20), Floats(1))], Activation.Relu);
            float[] state = new float[network.StateLength], output = new float[1];
            for (int i = 0; i < 300; i++)
            {
                network.Step(Floats(5).Select(x => 4 * x).ToArray(), state, output);
                bits.Add(output[0]);
            }
            bits.AddRange(state);
        }
        Assert.Equal(RecurrentHash, Hash(bits));
    }

    private const string ElementaryHash = "775c5fa4a676fc21", PortfolioHash = "39ea9203bf5794f3", NetworkHash = "46aac316a94083a1", RecurrentHash = "5b86dc011588d762";
}
