using Appliance.Contract;
using Appliance.Kernels;
using Appliance.Kernels.Scalar;
using Appliance.TestKit;

namespace Appliance.Tests.Compute;

/// <summary>The batch backend: the same bits at every width, the same bits as the scalar formula, nothing allocated.</summary>
public class CpuGreeksBackendTests
{
    public static TheoryData<KernelWidth> Widths() => [KernelWidth.Scalar, KernelWidth.Simd256, KernelWidth.Simd512, KernelWidth.Widest];

    internal static GreeksBatch RandomBatch(int count, int seed, double rate, double yield, int spare = 0)
    {
        var random = new Random(seed);
        double[] Array(Func<double> next)
        {
            var values = new double[count + spare];
            for (int i = 0; i < values.Length; i++) values[i] = next();
            return values;
        }
        double[] Empty() => Array(() => -77);
        return new GreeksBatch
        {
            Spot = 50 + 100 * random.NextDouble(), Rate = rate, Yield = yield, Count = count,
            Strike = Array(() => 20 + 180 * random.NextDouble()),
            Years = Array(() => random.Next(12) == 0 ? 0 : Math.Pow(random.NextDouble(), 4) * 2),
            Volatility = Array(() => random.Next(15) == 0 ? 0 : random.NextDouble()),
            CallPut = Array(() => 2 * random.Next(2) - 1),
            Price = Empty(), Delta = Empty(), Gamma = Empty(), Vega = Empty(), Theta = Empty(), Speed = Empty(),
        };
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void Every_width_gives_the_bits_of_the_scalar_formula(KernelWidth width)
    {
        if (!CpuGreeksBackend.IsSupported(width))
        {
            Assert.Throws<PlatformNotSupportedException>(() => new CpuGreeksBackend(width));
            return;
        }
        using var backend = new CpuGreeksBackend(width);
        foreach (int count in new[] { 0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 1000 })
            foreach ((double rate, double yield) in new[] { (0.0, 0.0), (0.05, 0.0), (0.03, 0.07), (-0.01, 0.0) })
            {
                GreeksBatch batch = RandomBatch(count, 100 + count, rate, yield, spare: 9);
                Assert.Equal(0, backend.Submit(in batch));
                for (int i = 0; i < count; i++)
                {
                    OptionGreeks e = BlackScholes.Evaluate(batch.Spot, batch.Strike[i], batch.Years[i], batch.Volatility[i], rate, yield, batch.CallPut[i]);
                    var actual = new OptionGreeks(batch.Price[i], batch.Delta[i], batch.Gamma[i], batch.Vega[i], batch.Theta[i], batch.Speed[i]);
                    Assert.True(SameBits(e, actual), $"{width}, option {i} of {count}: {actual}, scalar {e}");
                }
                for (int i = count; i < count + 9; i++) Assert.Equal(-77, batch.Price[i]);
            }
    }

    [Fact]
    public void Submitting_allocates_nothing()
    {
        using var backend = new CpuGreeksBackend();
        GreeksBatch batch = RandomBatch(203, 1, 0.01, 0);
        long Allocated(Action action)
        {
            action();
            using var pause = new CollectorPause();
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 100; i++) action();
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
        Assert.Equal(0, Allocated(() => backend.Submit(in batch)));
        object? kept = null;
        Assert.True(Allocated(() => kept = new object()) >= 2400, "The control must be seen to allocate.");
        Assert.NotNull(kept);
    }

    [Fact]
    public void A_bad_batch_is_refused()
    {
        using var backend = new CpuGreeksBackend();
        GreeksBatch good = RandomBatch(8, 1, 0, 0);
        GreeksBatch noSpot = new()
        {
            Spot = 0, Rate = 0, Yield = 0, Count = 8, Strike = good.Strike, Years = good.Years, Volatility = good.Volatility, CallPut = good.CallPut,
            Price = good.Price, Delta = good.Delta, Gamma = good.Gamma, Vega = good.Vega, Theta = good.Theta, Speed = good.Speed,
        };
        Assert.Throws<ArgumentException>(() => backend.Submit(in noSpot));
        GreeksBatch tooShort = new()
        {
            Spot = 1, Rate = 0, Yield = 0, Count = 8, Strike = good.Strike, Years = new double[7], Volatility = good.Volatility, CallPut = good.CallPut,
            Price = good.Price, Delta = good.Delta, Gamma = good.Gamma, Vega = good.Vega, Theta = good.Theta, Speed = good.Speed,
        };
        Assert.Throws<ArgumentException>(() => backend.Submit(in tooShort));
    }

    internal static bool SameBits(in OptionGreeks a, in OptionGreeks b) =>
        Same(a.Price, b.Price) && Same(a.Delta, b.Delta) && Same(a.Gamma, b.Gamma) && Same(a.Vega, b.Vega) && Same(a.Theta, b.Theta) && Same(a.Speed, b.Speed);

    private static bool Same(double a, double b) => BitConverter.DoubleToInt64Bits(a) == BitConverter.DoubleToInt64Bits(b);
}
