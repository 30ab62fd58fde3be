using System.Globalization;
using System.Text.Json;
using Appliance.Contract;
using Appliance.Kernels.Ilgpu;

namespace Appliance.Perf.Device;

/// <summary>
/// The verb `gpu`: what the ILGPU adapter's kernels hold for a card, their rates on the device beside what the device can do at most, networks at batch 1, and the batch size from which the device beats the processor. On ILGPU's
/// simulator it runs small: that shows that it runs, and says nothing of a card. Answers are checked before anything is timed.
/// </summary>
internal static class GpuBenchmark
{
    private sealed record Size(int Options, int Rounds, int[] Batches, int[] Rows, int Calls);

    private static readonly Size _card = new(4_000_000, 200, [64, 256, 1024, 2048, 4096, 8192, 16_384, 65_536], [1, 4, 16, 64, 256], 2_000);
    private static readonly Size _simulator = new(20_000, 20, [64, 1024, 8192], [1, 4], 20);

    public static int Run(string[] args)
    {
        string device = "auto";
        string? report = null;
        for (int i = 0; i < args.Length; i++)
        {
            string Next() => ++i < args.Length ? args[i] : throw new ArgumentException($"{args[i - 1]} wants a value");
            switch (args[i])
            {
                case "--device": device = Next() is "auto" or "cuda" or "opencl" or "cpu" ? args[i] : throw new ArgumentException($"--device is auto, cuda, opencl or cpu, not '{args[i]}'"); break;
                case "--report": report = Next(); break;
                default: throw new ArgumentException($"there is no option '{args[i]}'; there are --device NAME and --report FILE");
            }
        }
        if (!IlgpuAdapter.Status.IsBuilt)
        {
            Console.Error.WriteLine($"gpu: {IlgpuAdapter.Status.Sentence}");
            return 2;
        }
        try { return Measure(new IlgpuOptions { Device = device, DeadlineNs = 60_000_000_000 }, report); }
        catch (IlgpuDeviceException e)
        {
            Console.Error.WriteLine($"gpu: {e.Message}");
            return 2;
        }
    }

    /// <summary>Tiny, where the adapter is built.</summary>
    public static void Check()
    {
        if (!IlgpuAdapter.Status.IsBuilt) return;
        var options = new IlgpuOptions { Device = "cpu", DeadlineNs = 60_000_000_000 };
        DevicePricingRuns.Check(options);
        DevicePricingRuns.Crossover(options, [64], 2);
        DeviceNetworkRuns.LstmA(options, [1], 2);
        DeviceNetworkRuns.Perceptron(options, 1, 2);
    }

    private static int Measure(IlgpuOptions options, string? report)
    {
        using IDeviceMeter meter = IlgpuAdapter.CreateMeter(options);
        Size size = meter.IsSimulated ? _simulator : _card;
        Console.WriteLine($"gpu    {meter.Device}{(meter.IsSimulated ? ": ILGPU's simulator on the processor. Sizes are small, and the figures say nothing of a card" : "")}");
        DevicePricingRuns.Check(options);

        IReadOnlyList<KernelAssembly> kernels = IlgpuAdapter.Assembly();
        foreach (KernelAssembly k in kernels)
            Print($"ptx    {k.Kernel,-18} {k.Target}: {k.Instructions,5} instructions, {k.FusedMultiplyAdds,4} fused, {k.Divisions,3} divisions and roots, {k.LocalLoads} ld.local, {k.LocalStores} st.local, {k.Calls} calls");

        DeviceFloors floors = meter.Floors();
        Print($"floor  up {floors.UpBytesPerSecond / 1e9:F1} GB/s, down {floors.DownBytesPerSecond / 1e9:F1} GB/s, device memory {floors.MemoryBytesPerSecond / 1e9:F0} GB/s, double precision {2 * floors.FusedPerSecond / 1e12:F2} Tflop/s; as measured here");
        Rate european = Kernel("european", size.Options, meter.EuropeanSeconds(size.Options), 7, 9, kernels, floors);
        Rate implied = Kernel("implied-volatility", size.Options, meter.ImpliedVolatilitySeconds(size.Options), 5, 2, kernels, floors);
        double whole = DevicePricingRuns.WholeWay(options, size.Options);
        Print($"rate   european, there and back: {1e-6 * whole:F1} M options/s; the way up and down allows {1e-6 / Math.Max(56 / floors.UpBytesPerSecond, 72 / floors.DownBytesPerSecond):F1} M");

        Crossing crossing = DevicePricingRuns.Crossover(options, size.Batches, size.Rounds);
        foreach (BatchTime t in crossing.Times) Print($"batch  {t.Size,6} options: device p50 {t.DeviceP50 / 1e3:F1} µs, p99 {t.DeviceP99 / 1e3:F1} µs; processor p50 {t.ProcessorP50 / 1e3:F1} µs");
        Console.WriteLine(crossing.At is { } at ? $"batch  compute.crossoverOptions for this machine: {at}" : "batch  the processor was faster at every size: leave compute.backend to it");

        Crossing? persistent = null;
        if (!meter.Device.StartsWith("opencl", StringComparison.Ordinal))
        {
            persistent = DevicePricingRuns.Crossover(options with { IsPersistent = true }, size.Batches, size.Rounds);
            foreach (BatchTime t in persistent.Times) Print($"batch  {t.Size,6} options, persistent kernel: p50 {t.DeviceP50 / 1e3:F1} µs, p99 {t.DeviceP99 / 1e3:F1} µs");
            Console.WriteLine($"batch  compute.crossoverOptions with compute.persistent: {persistent.At?.ToString(CultureInfo.InvariantCulture) ?? "none, the processor was faster at every size"}");
        }

        IReadOnlyList<BatchTime> lstm = DeviceNetworkRuns.LstmA(options, size.Rows, size.Calls);
        foreach (BatchTime t in lstm) Print($"lstm-a {t.Size,6} rows of 50 steps: device p50 {t.DeviceP50 / 1e3:F1} µs, p99 {t.DeviceP99 / 1e3:F1} µs; processor p50 {t.ProcessorP50 / 1e3:F1} µs");
        BatchTime step = DeviceNetworkRuns.LstmAStep(options, size.Calls);
        Print($"lstm-a one step: device p50 {step.DeviceP50 / 1e3:F1} µs, p99 {step.DeviceP99 / 1e3:F1} µs; processor p50 {step.ProcessorP50 / 1e3:F1} µs");
        BatchTime[] perceptron = [DeviceNetworkRuns.Perceptron(options, 1, size.Calls), DeviceNetworkRuns.Perceptron(options, 64, size.Calls / 10)];
        foreach (BatchTime t in perceptron) Print($"mlp    {t.Size,6} rows of 256-384-384-128: device p50 {t.DeviceP50 / 1e3:F1} µs, p99 {t.DeviceP99 / 1e3:F1} µs; processor p50 {t.ProcessorP50 / 1e3:F1} µs");
        if (report is not null)
            File.WriteAllText(report, JsonSerializer.Serialize(new { device = meter.Device, meter.IsSimulated, floors, kernels, european, implied, wholeWayOptionsPerSecond = whole, crossing, persistent, lstm, step, perceptron }));
        return 0;
    }

    private sealed record Rate(double OptionsPerSecond, double MemoryFloorShare, double ArithmeticFloorShare);

    private static Rate Kernel(string name, int count, double seconds, int inputs, int outputs, IReadOnlyList<KernelAssembly> kernels, DeviceFloors floors)
    {
        double rate = count / seconds, memory = rate * sizeof(double) * (inputs + outputs) / floors.MemoryBytesPerSecond;
        // Each fused multiply-add of the text counted once an option, divisions not at all: the least that the arithmetic takes, where every branch of it is taken.
        double arithmetic = rate * kernels.Single(k => k.Kernel == name).FusedMultiplyAdds / floors.FusedPerSecond;
        Print($"rate   {name}, on the device: {rate * 1e-6:F1} M options/s; {memory * 100:F0} % of its memory's rate, {arithmetic * 100:F0} % of its rate of fused multiply-adds");
        return new Rate(rate, memory, arithmetic);
    }

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}

/// <summary>Nanoseconds of one call at one size, median and 99th percentile; the processor's on one core.</summary>
internal sealed record BatchTime(int Size, double DeviceP50, double DeviceP99, double ProcessorP50)
{
    public static BatchTime Of(int size, int rounds, Action device, Action processor)
    {
        device();
        processor();
        double[] theirs = new double[rounds], ours = new double[rounds];
        for (int i = 0; i < rounds; i++)
        {
            theirs[i] = Time(device);
            ours[i] = Time(processor);
        }
        Array.Sort(theirs);
        Array.Sort(ours);
        return new BatchTime(size, Rank(theirs, 0.5), Rank(theirs, 0.99), Rank(ours, 0.5));
    }

    private static double Rank(double[] sorted, double share) => sorted[(int)Math.Ceiling(share * sorted.Length) - 1];

    private static double Time(Action action)
    {
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        action();
        return (System.Diagnostics.Stopwatch.GetTimestamp() - start) * 1e9 / System.Diagnostics.Stopwatch.Frequency;
    }
}

/// <summary>The first size at which the device is faster, between the sizes tried by a straight line.</summary>
internal sealed record Crossing(IReadOnlyList<BatchTime> Times, int? At)
{
    public static Crossing Of(IReadOnlyList<BatchTime> times)
    {
        for (int i = 0; i < times.Count; i++)
        {
            double ahead = times[i].ProcessorP50 - times[i].DeviceP50;
            if (ahead <= 0) continue;
            if (i == 0) return new Crossing(times, times[0].Size);
            double behind = times[i - 1].DeviceP50 - times[i - 1].ProcessorP50;
            return new Crossing(times, (int)Math.Ceiling(times[i - 1].Size + (times[i].Size - times[i - 1].Size) * behind / (behind + ahead)));
        }
        return new Crossing(times, null);
    }
}
