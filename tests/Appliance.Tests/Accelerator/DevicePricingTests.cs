using Appliance.Contract;
using Appliance.Kernels;
using Appliance.Kernels.Ilgpu;
using Appliance.Kernels.ImpliedVolatility;
using Appliance.Kernels.Pricing;

namespace Appliance.Tests.Accelerator;

/// <summary>Europeans and implied volatilities on every device that is here: the bits of the processor's kernels, over plain options, wings and limits.</summary>
public class DevicePricingTests
{
    private static IEnumerable<IDevicePricing> Devices(int optionsMax) =>
        IlgpuAdapter.Devices().Select(d => IlgpuAdapter.CreatePricing(new IlgpuOptions { Device = d.Kind, DeviceIndex = d.Index, OptionsMax = optionsMax }));

    /// <summary>From the plain to the far: half of the options in the wings, some at limits.</summary>
    private sealed class Options
    {
        public readonly double[] Spot, Strike, Expiry, Volatility, Rate, Yield, Sign;
        public readonly double[][] Results;

        public Options(int count, int seed)
        {
            var random = new Random(seed);
            double[] Column(Func<double> of) => [.. Enumerable.Range(0, count).Select(_ => of())];
            Spot = Column(() => 50 + 100 * random.NextDouble());
            Strike = Column(() => random.Next(40) == 0 ? 0 : 100 * Math.Exp((random.Next(2) == 0 ? 0.2 : 2.5) * (2 * random.NextDouble() - 1)));
            Expiry = Column(() => random.Next(30) == 0 ? 0 : Math.Pow(random.NextDouble(), 3) * 10);
            Volatility = Column(() => random.Next(30) == 0 ? 0 : random.Next(30) == 0 ? 1e6 : random.NextDouble());
            Rate = Column(() => 0.2 * (random.NextDouble() - 0.3));
            Yield = Column(() => 0.2 * (random.NextDouble() - 0.3));
            Sign = Column(() => 2 * random.Next(2) - 1);
            Results = [.. Enumerable.Range(0, 9).Select(_ => Column(() => -77))];
        }

        public EuropeanBatch Batch(bool secondOrder) => new()
        {
            Spot = Spot, Strike = Strike, Expiry = Expiry, Volatility = Volatility, Rate = Rate, Yield = Yield, Sign = Sign,
            Price = Results[0], Delta = Results[1], Gamma = Results[2], Vega = Results[3], Theta = Results[4], Rho = Results[5],
            Vanna = secondOrder ? Results[6] : [], Volga = secondOrder ? Results[7] : [], Charm = secondOrder ? Results[8] : [],
        };
    }

    [DeviceFact]
    public void Europeans_have_the_processors_bits_however_many_pieces_they_come_in()
    {
        const int Piece = 500;
        foreach (IDevicePricing device in Devices(Piece))
        {
            using (device)
                foreach (int count in new[] { 0, 1, 2, Piece - 1, Piece, Piece + 1, 3 * Piece, 7 * Piece + 13 })
                    foreach (bool secondOrder in new[] { true, false })
                    {
                        Options expected = new(count, count), actual = new(count, count);
                        expected.Batch(secondOrder).Evaluate(KernelWidth.Scalar);
                        device.Evaluate(actual.Batch(secondOrder));
                        for (int g = 0; g < 9; g++) AssertSameBits(expected.Results[g], actual.Results[g], $"{device.Device}, figure {g} of {count}");
                    }
        }
    }

    [DeviceFact]
    public void Implied_volatilities_have_the_processors_bits_and_statuses()
    {
        const int Count = 2_500;
        var random = new Random(11);
        double[] price = new double[Count], forward = new double[Count], strike = new double[Count], years = new double[Count], callPut = new double[Count];
        for (int i = 0; i < Count; i++)
        {
            forward[i] = 50 + 100 * random.NextDouble();
            // Some far beyond e^10, where other steps are taken.
            strike[i] = forward[i] * Math.Exp((i % 10 == 0 ? 14 : 2) * (2 * random.NextDouble() - 1));
            years[i] = Math.Pow(random.NextDouble(), 3) * 30 + 1e-4;
            callPut[i] = 2 * random.Next(2) - 1;
            price[i] = Kernels.Scalar.BlackScholes.Evaluate(forward[i], strike[i], years[i], 0.01 + 1.5 * random.NextDouble(), 0, 0, callPut[i]).Price;
            // What has no volatility: below the payoff, above the bound, no number, no time, no right.
            if (i % 50 == 1) price[i] *= 0.2;
            if (i % 50 == 2) price[i] = 2 * Math.Max(forward[i], strike[i]);
            if (i % 50 == 3) price[i] = double.NaN;
            if (i % 50 == 4) years[i] = 0;
            if (i % 50 == 5) callPut[i] = 0.5;
            if (i % 50 == 6) strike[i] = forward[i];
            if (i % 50 == 7) price[i] = double.PositiveInfinity;
        }
        var volatility = new double[Count];
        var status = new ImpliedVolatilityStatus[Count];
        foreach (IDevicePricing device in Devices(999))
        {
            using (device) device.Solve(price, forward, strike, years, callPut, volatility, status);
            for (int i = 0; i < Count; i++)
            {
                ImpliedVolatilityStatus expected = ImpliedVolatilitySolver.Solve(price[i], forward[i], strike[i], years[i], callPut[i], out double scalar);
                Assert.True(expected == status[i] && BitConverter.DoubleToInt64Bits(scalar) == BitConverter.DoubleToInt64Bits(volatility[i]),
                    $"{device.Device}, option {i}: {volatility[i]:R} {status[i]}, scalar {scalar:R} {expected}");
            }
            Assert.Equal(5, status.Distinct().Count());
        }
    }

    [DeviceFact]
    public void Spans_that_are_too_short_are_refused()
    {
        foreach (IDevicePricing device in Devices(16))
            using (device)
            {
                Assert.Throws<ArgumentException>(() =>
                {
                    EuropeanBatch batch = new Options(5, 1).Batch(true);
                    batch.Yield = batch.Yield[..4];
                    device.Evaluate(in batch);
                });
                Assert.Throws<ArgumentException>(() => device.Solve([1, 2], [1, 2], [1, 2], [1], [1, 2], new double[2], new ImpliedVolatilityStatus[2]));
            }
    }

    [DeviceTheory]
    [InlineData("cuda", 99)]
    [InlineData("opencl", 99)]
    [InlineData("cpu", 1)]
    [InlineData("cpu", -1)]
    public void A_device_that_is_absent_is_named_with_those_that_are_here(string kind, int index)
    {
        var refused = Assert.Throws<IlgpuDeviceException>(() => IlgpuAdapter.CreatePricing(new IlgpuOptions { Device = kind, DeviceIndex = index }));
        Assert.StartsWith($"there is no {kind} device {index} here; there are: ", refused.Message, StringComparison.Ordinal);
        Assert.Contains("cpu 0 (", refused.Message);
    }

    [Fact]
    public void Where_the_adapter_is_off_everything_answers_with_its_sentence()
    {
        if (IlgpuAdapter.Status.IsBuilt) return;
        Assert.StartsWith("The Ilgpu adapter is not built: run make configure", IlgpuAdapter.Status.Sentence, StringComparison.Ordinal);
        foreach (Action use in (Action[])
            [() => IlgpuAdapter.CreateBackend(new()), () => IlgpuAdapter.CreatePricing(new()), () => IlgpuAdapter.CreateMlp(new(), [], default, 1),
            () => IlgpuAdapter.CreateLstm(new(), [], [], default, 1, 1), () => IlgpuAdapter.CreateMeter(new()), () => IlgpuAdapter.Assembly(), () => IlgpuAdapter.AssemblyText("greeks")])
            Assert.Equal(IlgpuAdapter.Status.Sentence, Assert.Throws<AdapterNotBuiltException>(use).Message);
    }

    private static void AssertSameBits(double[] expected, double[] actual, string what)
    {
        for (int i = 0; i < expected.Length; i++)
            Assert.True(BitConverter.DoubleToInt64Bits(expected[i]) == BitConverter.DoubleToInt64Bits(actual[i]), $"{what}, option {i}: {actual[i]:R}, processor {expected[i]:R}");
    }
}
