using System.Diagnostics;
using Appliance.Contract;
using Appliance.Kernels;
using Appliance.Kernels.Ilgpu;
using Appliance.Kernels.Pricing;

namespace Appliance.Perf.Device;

/// <summary>Europeans there and back, and batches of Greeks through the compute port.</summary>
internal static class DevicePricingRuns
{
    /// <summary>The device's Europeans against the processor's, bit for bit; says where they differ and goes on, since a device may round otherwise.</summary>
    public static void Check(IlgpuOptions options)
    {
        using IDevicePricing device = IlgpuAdapter.CreatePricing(options);
        Columns ours = new(1000), theirs = new(1000);
        ours.Batch().Evaluate();
        device.Evaluate(theirs.Batch());
        int differing = 0;
        double worst = 0;
        for (int k = 0; k < ours.Results.Length; k++)
            for (int i = 0; i < ours.Count; i++)
            {
                double e = ours.Results[k][i], a = theirs.Results[k][i];
                if (BitConverter.DoubleToInt64Bits(e) == BitConverter.DoubleToInt64Bits(a)) continue;
                differing++;
                worst = Math.Max(worst, Math.Abs(a - e) / Math.Max(1, Math.Abs(e)));
            }
        if (!(worst < 1e-12)) throw new InvalidOperationException($"{device.Device} is off the processor by {worst:E2} in {differing} figures: nothing is timed.");
        if (differing > 0) Console.WriteLine($"check  {differing} of 9,000 figures have not the processor's bits; the worst is {worst:E2} off");
    }

    /// <summary>Options a second from the caller's arrays back into them, the best of five.</summary>
    public static double WholeWay(IlgpuOptions options, int count)
    {
        using IDevicePricing device = IlgpuAdapter.CreatePricing(options);
        var columns = new Columns(count);
        double best = double.MaxValue;
        for (int round = 0; round < 6; round++)
        {
            long start = Stopwatch.GetTimestamp();
            device.Evaluate(columns.Batch());
            if (round > 0) best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return count / best;
    }

    public static Crossing Crossover(IlgpuOptions options, int[] sizes, int rounds)
    {
        using IComputeBackend device = IlgpuAdapter.CreateBackend(options), processor = new CpuGreeksBackend();
        var times = new List<BatchTime>();
        foreach (int size in sizes)
        {
            var columns = new Columns(size);
            GreeksBatch batch = columns.Greeks();
            times.Add(BatchTime.Of(size, rounds, () =>
            {
                long ticket = device.Submit(in batch);
                while (!device.TryCollect(ticket)) Thread.SpinWait(4);
            }, () => processor.Submit(in batch)));
        }
        return Crossing.Of(times);
    }

    private sealed class Columns
    {
        private readonly double[] _spot, _strike, _expiry, _volatility, _rate, _yield, _sign;
        public readonly double[][] Results;
        public int Count => _spot.Length;

        public Columns(int count)
        {
            var random = new Random(1);
            double[] Column(Func<double> of)
            {
                var values = new double[count];
                for (int i = 0; i < count; i++) values[i] = of();
                return values;
            }
            _spot = Column(() => 100);
            _strike = Column(() => 60 + 90 * random.NextDouble());
            _expiry = Column(() => 0.02 + 3 * random.NextDouble());
            _volatility = Column(() => 0.05 + 0.8 * random.NextDouble());
            _rate = Column(() => 0.03);
            _yield = Column(() => 0.01);
            _sign = Column(() => random.Next(2) * 2 - 1);
            Results = [.. Enumerable.Range(0, 9).Select(_ => new double[count])];
        }

        public EuropeanBatch Batch() => new()
        {
            Spot = _spot, Strike = _strike, Expiry = _expiry, Volatility = _volatility, Rate = _rate, Yield = _yield, Sign = _sign,
            Price = Results[0], Delta = Results[1], Gamma = Results[2], Vega = Results[3], Theta = Results[4], Rho = Results[5], Vanna = Results[6], Volga = Results[7], Charm = Results[8],
        };

        public GreeksBatch Greeks() => new()
        {
            Spot = 100, Rate = 0.03, Yield = 0.01, Count = Count, Strike = _strike, Years = _expiry, Volatility = _volatility, CallPut = _sign,
            Price = Results[0], Delta = Results[1], Gamma = Results[2], Vega = Results[3], Theta = Results[4], Speed = Results[5],
        };
    }
}
