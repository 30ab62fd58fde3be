using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Appliance.Contract;
using Appliance.Kernels.Networks;

namespace Appliance.Perf.Networks;

/// <summary>
/// The verb `networks`: inference beside oneDNN, interleaved on one core, judged by the p99 of a block of calls. Without the peer our own figures alone. The answers of both
/// sides are compared first.
/// </summary>
public static class NetworkComparison
{
    private sealed record Settings(int Pairs, int Cpu, string Only, WeightFormat Format, string? Report);

    private sealed record Result(NetworkCase Case, PairedRatio? P50, PairedRatio? P99, double OurP50, double OurP99, double PeerP50, double PeerP99);

    public static int Run(string[] args)
    {
        Settings settings = Parse(args);
        CpuPinning.PinThisThread(settings.Cpu);
        using DnnlPeer? peer = DnnlPeer.Find();
        if (peer is null) Console.WriteLine("networks: the oneDNN peer is not compiled (libdnnl-dev, then make peers): ours alone");
        NetworkCase[] cases = [.. NetworkCase.All(settings.Format).Where(c => settings.Only == "" || c.Name == settings.Only)];
        var results = new List<Result>();
        foreach (NetworkCase c in cases) results.Add(Measure(c, peer, settings));
        Print(results, settings);
        if (settings.Report != null) WriteReport(results, settings);
        return 0;
    }

    /// <summary>Every network once, in every format; narrower weights must come near the answer of fp32.</summary>
    public static void Check()
    {
        NetworkCase[] exact = NetworkCase.All(WeightFormat.Fp32);
        foreach (NetworkCase c in exact) c.Run();
        foreach (WeightFormat format in new[] { WeightFormat.Bf16, WeightFormat.Int8 })
        {
            NetworkCase[] narrow = NetworkCase.All(format);
            for (int i = 0; i < narrow.Length; i++)
            {
                narrow[i].Run();
                if (Math.Abs(narrow[i].FirstOutput - exact[i].FirstOutput) > 0.05) throw new InvalidOperationException($"{narrow[i].Name} {format}: {narrow[i].FirstOutput}, fp32 says {exact[i].FirstOutput}");
            }
        }
    }

    private static Result Measure(NetworkCase c, DnnlPeer? peer, Settings settings)
    {
        var (p50, p99) = (new PairedRatio(c.Name + " p50"), new PairedRatio(c.Name + " p99"));
        var ours = new List<(double P50, double P99)>();
        var theirs = new List<(double P50, double P99)>();
        // The first call of a streaming network is the one whose answer the peer gives at its first call, too.
        c.Run();
        if (peer is not null)
        {
            float first = peer.Run(c.Peer, 1).First;
            // A narrower format may differ by what the tests allow it.
            double tolerance = settings.Format == WeightFormat.Fp32 ? 1e-4 : 0.05;
            if (!c.Peer.EndsWith("-step", StringComparison.Ordinal) && Math.Abs(first - c.FirstOutput) > tolerance * (1 + Math.Abs(first)))
                throw new InvalidOperationException($"{c.Name}: we say {c.FirstOutput}, oneDNN says {first}");
        }
        var samples = new long[c.Iterations];
        Block(c, samples);
        for (int pair = 0; pair < settings.Pairs; pair++)
        {
            (double, double)[] taken = new (double, double)[3];
            for (int i = 0; i < 3; i++)
            {
                int which = (i + pair) % 3;
                if (which == 0) taken[0] = Block(c, samples);
                else if (peer is not null)
                {
                    var (a, b, _) = peer.Run(c.Peer, c.Iterations);
                    taken[which] = (a, b);
                }
            }
            ours.Add(taken[0]);
            if (peer is null) continue;
            theirs.Add(taken[1]);
            p50.Add(taken[0].Item1, taken[1].Item1, taken[2].Item1);
            p99.Add(taken[0].Item2, taken[1].Item2, taken[2].Item2);
        }
        double Median(IEnumerable<double> values) => PairedRatio.Estimate([.. values]).Median;
        return new Result(c, peer is null ? null : p50, peer is null ? null : p99, Median(ours.Select(o => o.P50)), Median(ours.Select(o => o.P99)), Median(theirs.Select(o => o.P50)), Median(theirs.Select(o => o.P99)));
    }

    private static (double P50, double P99) Block(NetworkCase c, long[] samples)
    {
        for (int i = 0; i < samples.Length; i++)
        {
            long begin = Stopwatch.GetTimestamp();
            c.Run();
            samples[i] = Stopwatch.GetTimestamp() - begin;
            c.Between();
        }
        Array.Sort(samples);
        double toNs = 1e9 / Stopwatch.Frequency;
        return (samples[samples.Length / 2] * toNs, samples[Math.Min(samples.Length - 1, samples.Length * 99 / 100)] * toNs);
    }

    private static void Print(List<Result> results, Settings settings)
    {
        Console.WriteLine();
        Console.WriteLine($"{"network",-14} {"ours p50",10} {"p99",10} {"oneDNN p50",11} {"p99",10}   p50 ratio  p99 ratio      95 % interval  control  target  verdict   weights       arithmetic    memory     error");
        double multiplyAddsPerNs = MachineFloors.MultiplyAddsPerNs();
        foreach (Result r in results)
        {
            string ratios = "        -          -                  -        -       -  -      ";
            if (r.P50 is not null && r.P99 is not null)
            {
                RatioEstimate p99 = r.P99.Ratio;
                ratios = string.Create(CultureInfo.InvariantCulture, $"{r.P50.Ratio.Median,9:F3} {p99.Median,10:F3} {p99.Low,9:F3}-{p99.High,-9:F3} {r.P99.Control.Median,7:F3} {r.Case.Target,7:F2}  {r.P99.Verdict(r.Case.Target),-7}");
            }
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{r.Case.Name,-14} {r.OurP50,10:N0} {r.OurP99,10:N0} {r.PeerP50,11:N0} {r.PeerP99,10:N0}   {ratios} {r.Case.WeightBytes / 1024,6:N0} K {MachineFloors.Cache(r.Case.WeightBytes),-6} {r.Case.Multiplications / multiplyAddsPerNs,9:N0} {r.Case.TrafficBytes / MachineFloors.BytesPerNs(r.Case.WeightBytes),9:N0}   {r.Case.Error(),7:E1}"));
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"nanoseconds a call, weights in {settings.Format}; the cache they live in (L2+: exceeding it); arithmetic, memory: floors of a call, by what this core gave in this run ({multiplyAddsPerNs:F1} multiply-adds a ns); error: against double precision"));
    }

    private static Settings Parse(string[] args)
    {
        var settings = new Settings(12, 0, "", WeightFormat.Fp32, null);
        for (int i = 0; i < args.Length; i++)
        {
            string Next() => ++i < args.Length ? args[i] : throw new ArgumentException($"{args[i - 1]} wants a value");
            int Number(int min, int max) => int.TryParse(Next(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int n) && n >= min && n <= max
                ? n : throw new ArgumentException($"{args[i - 1]} is a number from {min} to {max}, not '{args[i]}'");
            switch (args[i])
            {
                case "--pairs": settings = settings with { Pairs = Number(1, 1000) }; break;
                case "--cpu": settings = settings with { Cpu = Number(-1, 1023) }; break;
                case "--only":
                    settings = settings with { Only = Next() };
                    if (NetworkCase.All(WeightFormat.Fp32).All(c => c.Name != settings.Only)) throw new ArgumentException($"--only is one of {string.Join(", ", NetworkCase.All(WeightFormat.Fp32).Select(c => c.Name))}, not '{args[i]}'");
                    break;
                case "--weights": settings = settings with { Format = Enum.TryParse(Next(), true, out WeightFormat f) ? f : throw new ArgumentException($"--weights is fp32, bf16 or int8, not '{args[i]}'") }; break;
                case "--report": settings = settings with { Report = Next() }; break;
                default: throw new ArgumentException($"there is no option '{args[i]}'");
            }
        }
        return settings;
    }

    private static void WriteReport(List<Result> results, Settings settings)
    {
        var report = new
        {
            settings.Pairs, Weights = settings.Format.ToString(),
            Networks = results.Select(r => new
            {
                r.Case.Name, r.OurP50, r.OurP99, r.PeerP50, r.PeerP99, r.Case.WeightBytes, r.Case.Multiplications, r.Case.Target,
                RatioP50 = r.P50?.Ratio.Median, RatioP99 = r.P99?.Ratio.Median, RatioP99Low = r.P99?.Ratio.Low, RatioP99High = r.P99?.Ratio.High, Control = r.P99?.Control.Median,
                Verdict = r.P99?.Verdict(r.Case.Target).ToString(),
            }),
        };
        File.WriteAllText(settings.Report!, JsonSerializer.Serialize(report, ReportOptions));
    }

    private static readonly JsonSerializerOptions ReportOptions = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase, NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals };
}
