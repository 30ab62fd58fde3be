using System.Diagnostics;
using ILGPU;
using ILGPU.Runtime;

namespace Appliance.Kernels.Ilgpu;

/// <summary>Times kernels whose data stand on the device, and what the device can do at most.</summary>
internal sealed class DeviceMeter(IlgpuOptions options) : IDeviceMeter
{
    private const int Rounds = 9;
    private readonly Card _card = Card.Open(options);

    public string Device => _card.Name;
    public bool IsSimulated => _card.IsSimulated;

    public DeviceFloors Floors()
    {
        Accelerator accelerator = _card.Accelerator;
        int length = IsSimulated ? 1 << 16 : 1 << 25, items = IsSimulated ? 2 : 1 << 18, steps = IsSimulated ? 1 << 18 : 1 << 12;
        double bytes = sizeof(double) * (double)length;
        using PageLockedArray1D<double> host = accelerator.AllocatePageLocked1D<double>(length, uninitialized: false);
        using MemoryBuffer1D<double, Stride1D.Dense> first = accelerator.Allocate1D<double>(length), second = accelerator.Allocate1D<double>(length);
        using AcceleratorStream stream = accelerator.CreateStream();
        var fused = accelerator.LoadAutoGroupedKernel<Index1D, int, double, ArrayView<double>>(FusedChains);
        ArrayView<double> from = first.View.BaseView, to = second.View.BaseView;
        double up = Median(stream, () => from.CopyFrom(stream, host.ArrayView));
        double down = Median(stream, () => from.CopyTo(stream, host.ArrayView));
        double copy = Median(stream, () => from.CopyTo(stream, to));
        double chains = Median(stream, () => fused(stream, items, steps, 0.999999, to));
        return new DeviceFloors(bytes / up, bytes / down, 2 * bytes / copy, 8.0 * items * steps / chains);
    }

    public double EuropeanSeconds(int count) => Time(count, PricingKernels.EuropeanInputs, PricingKernels.EuropeanOutputs, PricingKernels.European,
        i => [100, 60 + i % 97, 0.05 + i % 31 * 0.1, 0.1 + i % 13 * 0.05, 0.03, 0.01, i % 2 == 0 ? 1 : -1]);

    public double ImpliedVolatilitySeconds(int count) => Time(count, PricingKernels.ImpliedInputs, PricingKernels.ImpliedOutputs, PricingKernels.ImpliedVolatility, i =>
    {
        double strike = 60 + i % 97, years = 0.05 + i % 31 * 0.1, right = strike > 100 ? 1 : -1;
        return [Scalar.BlackScholes.Evaluate(100, strike, years, 0.15 + i % 13 * 0.05, 0, 0, right).Price, 100, strike, years, right];
    });

    public void Dispose() => _card.Dispose();

    private double Time(int count, int inputs, int outputs, Action<Index1D, int, int, ArrayView<double>, ArrayView<double>> kernel, Func<int, double[]> option)
    {
        Accelerator accelerator = _card.Accelerator;
        var columns = new double[inputs * count];
        for (int i = 0; i < count; i++)
        {
            double[] values = option(i);
            for (int k = 0; k < inputs; k++) columns[k * count + i] = values[k];
        }
        using MemoryBuffer1D<double, Stride1D.Dense> input = accelerator.Allocate1D(columns), output = accelerator.Allocate1D<double>(outputs * count);
        using AcceleratorStream stream = accelerator.CreateStream();
        var loaded = accelerator.LoadAutoGroupedKernel(kernel);
        ArrayView<double> from = input.View.BaseView, to = output.View.BaseView;
        int items = _card.Items(count);
        return Median(stream, () => loaded(stream, items, items, count, from, to));
    }

    private static double Median(AcceleratorStream stream, Action launch)
    {
        const int Launches = 4;
        var seconds = new double[Rounds];
        // The first is not counted: it compiles, and it faults pages in.
        for (int round = -1; round < Rounds; round++)
        {
            stream.Synchronize();
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < Launches; i++) launch();
            stream.Synchronize();
            if (round >= 0) seconds[round] = (Stopwatch.GetTimestamp() - start) / (double)Stopwatch.Frequency / Launches;
        }
        Array.Sort(seconds);
        return seconds[Rounds / 2];
    }

    private static void FusedChains(Index1D item, int steps, double factor, ArrayView<double> output)
    {
        double a = item.X, b = a + 1, c = a + 2, d = a + 3, e = a + 4, f = a + 5, g = a + 6, h = a + 7;
        for (int i = 0; i < steps; i++)
        {
            a = Math.FusedMultiplyAdd(a, factor, 1);
            b = Math.FusedMultiplyAdd(b, factor, 1);
            c = Math.FusedMultiplyAdd(c, factor, 1);
            d = Math.FusedMultiplyAdd(d, factor, 1);
            e = Math.FusedMultiplyAdd(e, factor, 1);
            f = Math.FusedMultiplyAdd(f, factor, 1);
            g = Math.FusedMultiplyAdd(g, factor, 1);
            h = Math.FusedMultiplyAdd(h, factor, 1);
        }
        output[item.X] = (a + b) + (c + d) + ((e + f) + (g + h));
    }
}
