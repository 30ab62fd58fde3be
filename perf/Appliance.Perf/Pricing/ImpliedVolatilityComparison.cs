using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Appliance.Contract;
using Appliance.Kernels;
using Appliance.Kernels.ImpliedVolatility;
using Appliance.Kernels.Pricing;

namespace Appliance.Perf.Pricing;

/// <summary>
/// The verb `implied-volatility`: our batch beside the scalar C++ program and our own scalar solver, on the same options, in turn. Moneyness 1/8 to 8, one day to 30 years, volatility 5 % to
/// 150 %, out of the money, as far as a double holds the price. Answers are checked before anything is timed.
/// </summary>
internal static class ImpliedVolatilityComparison
{
    private const double ReachNs = 80, GoalNs = 40;
    /// <summary>Of a register of eight, counted from the source: arithmetic instructions, divisions and roots.</summary>
    private const double RegisterOperations = 350, RegisterDivisions = 17;

    public static int Run(string[] args)
    {
        int pairs = 12, count = 100_000;
        string? report = null;
        for (int i = 0; i < args.Length; i++)
        {
            string Next() => ++i < args.Length ? args[i] : throw new ArgumentException($"{args[i - 1]} wants a value");
            int Number(int min, int max) => int.TryParse(Next(), NumberStyles.None, CultureInfo.InvariantCulture, out int n) && n >= min && n <= max ? n : throw new ArgumentException($"{args[i - 1]} is a number from {min} to {max}, not '{args[i]}'");
            switch (args[i])
            {
                case "--pairs": pairs = Number(1, 1000); break;
                case "--options": count = Number(16, 10_000_000); break;
                case "--report": report = Next(); break;
                default: throw new ArgumentException($"there is no option '{args[i]}'");
            }
        }
        Sample sample = Make(count);
        Solve(sample, new ImpliedVolatilityBatch());
        Check(sample);
        double sum = sample.Found.Sum();
        string? peer = FindPeer();
        if (peer is null) Console.WriteLine("implied-volatility: the C++ peer is not compiled (make peers): left out");
        string file = Path.GetTempFileName();
        try
        {
            WriteOptions(sample, file);
            var toPeer = new PairedRatio("implied volatility, batch / C++ scalar");
            var toScalar = new PairedRatio("implied volatility, batch / our scalar");
            var batch = new ImpliedVolatilityBatch();
            var narrow = new ImpliedVolatilityBatch(CpuGreeksBackend.IsSupported(KernelWidth.Simd256) ? KernelWidth.Simd256 : KernelWidth.Scalar);
            var ours = new List<double>();
            var ours256 = new List<double>();
            var scalar = new List<double>();
            var theirs = new List<double>();
            for (int pair = 0; pair < pairs; pair++)
            {
                double first = 0, one = 0, again = 0, peerNs = 0, peerAgain = 0, half = 0;
                for (int turn = 0; turn < 6; turn++)
                {
                    switch ((turn + pair) % 6)
                    {
                        case 0: first = Time(() => Solve(sample, batch), count); break;
                        case 1: one = Time(() => SolveOneByOne(sample), count); break;
                        case 2: again = Time(() => SolveOneByOne(sample), count); break;
                        case 3: if (peer is not null) peerNs = RunPeer(peer, file, sum); break;
                        case 4: if (peer is not null) peerAgain = RunPeer(peer, file, sum); break;
                        default: half = Time(() => Solve(sample, narrow), count); break;
                    }
                }
                toScalar.Add(first, one, again);
                ours.Add(first);
                ours256.Add(half);
                scalar.Add(one);
                if (peer is not null) toPeer.Add(first, peerNs, peerAgain);
                if (peer is not null) theirs.Add(peerNs);
            }
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"implied volatility, {count} options, ns an option, one core, median of {pairs} (each the best of 5)"));
            double ns = Median(ours);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  batch {ns:F1}   256-bit {Median(ours256):F1}   our scalar {Median(scalar):F1}   C++ scalar {(theirs.Count > 0 ? Median(theirs) : double.NaN):F1}   floor {ArithmeticFloor.Ns(RegisterOperations / 8.0, RegisterDivisions / 8.0):F1} of arithmetic, 49 bytes   (reach {ReachNs}: {(ns <= ReachNs ? "met" : "not met")}, goal {GoalNs}: {(ns <= GoalNs ? "met" : "not met")})"));
            foreach (var ratio in peer is null ? new[] { toScalar } : [toScalar, toPeer])
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {ratio.Name}: {ratio.Ratio.Median:F3} [{ratio.Ratio.Low:F3}, {ratio.Ratio.High:F3}] over {ratio.Pairs} pairs, control {ratio.Control.Median:F3}{(ratio.ControlHolds ? "" : ": no verdict")}"));
            if (report is not null)
                File.WriteAllText(report, JsonSerializer.Serialize(new
                {
                    count, pairs, batchNs = ns, batch256Ns = Median(ours256), scalarNs = Median(scalar), peerNs = theirs.Count > 0 ? Median(theirs) : (double?)null,
                    ratioToPeer = peer is null ? null : toPeer.Ratio.Median.ToString("F4", CultureInfo.InvariantCulture), ratioToScalar = toScalar.Ratio.Median.ToString("F4", CultureInfo.InvariantCulture),
                }));
            return 0;
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Tiny and untimed: the answers alone.</summary>
    public static void Check()
    {
        Sample sample = Make(2_000);
        Solve(sample, new ImpliedVolatilityBatch());
        Check(sample);
        if (FindPeer() is not { } peer) return;
        string file = Path.GetTempFileName();
        try
        {
            WriteOptions(sample, file);
            RunPeer(peer, file, sample.Found.Sum());
        }
        finally
        {
            File.Delete(file);
        }
    }

    private sealed record Sample(double[] Price, double[] Forward, double[] Strike, double[] Years, double[] Sign, double[] Volatility, double[] Found, ImpliedVolatilityStatus[] Status);

    private static Sample Make(int count)
    {
        var random = new Random(7);
        var s = new Sample(new double[count], new double[count], new double[count], new double[count], new double[count], new double[count], new double[count], new ImpliedVolatilityStatus[count]);
        for (int i = 0; i < count;)
        {
            s.Strike[i] = 100;
            s.Forward[i] = 100 * Math.Exp((2 * random.NextDouble() - 1) * Math.Log(8));
            s.Years[i] = Math.Exp(Math.Log(1.0 / 365) + random.NextDouble() * Math.Log(30 * 365));
            s.Volatility[i] = Math.Exp(Math.Log(0.05) + random.NextDouble() * Math.Log(30));
            s.Sign[i] = s.Forward[i] <= 100 ? 1 : -1;
            var contract = new OptionContract { Kind = ContractKind.European, Right = s.Sign[i] > 0 ? OptionRight.Call : OptionRight.Put, Spot = s.Forward[i], Strike = 100, Expiry = s.Years[i] };
            Pricer.Price(in contract, new MarketModel { Kind = ModelKind.Black76, Volatility = s.Volatility[i] }, out var result);
            s.Price[i] = result.Price;
            if (result.Price > 1e-280 && result.Price < 100 * result.Vega * s.Volatility[i]) i++;
        }
        return s;
    }

    private static void Solve(Sample s, ImpliedVolatilityBatch batch) => batch.Solve(s.Price, s.Forward, s.Strike, s.Years, s.Sign, s.Found, s.Status);

    private static void SolveOneByOne(Sample s)
    {
        for (int i = 0; i < s.Price.Length; i++) s.Status[i] = ImpliedVolatilitySolver.Solve(s.Price[i], s.Forward[i], s.Strike[i], s.Years[i], s.Sign[i], out s.Found[i]);
    }

    private static void Check(Sample s)
    {
        for (int i = 0; i < s.Found.Length; i++)
            if (s.Status[i] != ImpliedVolatilityStatus.Ok || !(Math.Abs(s.Found[i] / s.Volatility[i] - 1) < 1e-10)) throw new InvalidOperationException($"Option {i}: {s.Found[i]} is not {s.Volatility[i]} ({s.Status[i]}).");
    }

    private static double Time(Action work, int count)
    {
        double best = double.PositiveInfinity;
        for (int i = 0; i < 5; i++)
        {
            long start = Stopwatch.GetTimestamp();
            work();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalNanoseconds / count);
        }
        return best;
    }

    private static double Median(List<double> values) => PairedRatio.Estimate(values).Median;

    private static void WriteOptions(Sample s, string file)
    {
        using var stream = File.Create(file);
        for (int i = 0; i < s.Price.Length; i++) stream.Write(MemoryMarshal.AsBytes<double>((double[])[s.Price[i], s.Forward[i], s.Strike[i], s.Years[i], s.Sign[i]]));
    }

    private static string? FindPeer()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder != null; folder = folder.Parent)
            if (Path.Combine(folder.FullName, "perf", "peers", "bin", "implied_volatility") is var peer && File.Exists(peer)) return peer;
        return null;
    }

    private static double RunPeer(string peer, string file, double sum)
    {
        var start = new ProcessStartInfo(peer) { RedirectStandardOutput = true };
        start.ArgumentList.Add(file);
        start.ArgumentList.Add("5");
        using var process = Process.Start(start)!;
        string line = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"implied_volatility ended with {process.ExitCode}: {line}");
        using var answer = JsonDocument.Parse(line);
        double theirSum = answer.RootElement.GetProperty("sum").GetDouble();
        if (!(Math.Abs(theirSum / sum - 1) < 1e-10)) throw new InvalidOperationException($"implied_volatility's volatilities sum to {theirSum}, ours to {sum}.");
        return answer.RootElement.GetProperty("ns").GetDouble();
    }
}
