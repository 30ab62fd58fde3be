using System.Diagnostics;
using System.Globalization;
using System.Text;
using Appliance.Contract;

namespace Appliance.Perf.Pricing;

/// <summary>
/// The verb `greeks-file`: `appliance greeks` as a process of its own on one core, from its start to its end, on a file of European contracts of both models and rights: seconds and the most
/// memory it held. Nothing is compared; the target is two seconds for a million rows, with memory that does not grow with the file.
/// </summary>
internal static class GreeksFileBenchmark
{
    private const double SecondsAtMost = 2.0;
    private const string Header =
        "id,contract,model,right,spot,strike,expiry,rate,yield,vol,barrier,rebate,cash,extremum,fixings,elapsedFixings,runningAverage,kappa,theta,xi,rho,v0,lambda,jumpMean,jumpStdDev";

    public static int Run(string[] args)
    {
        int rows = 1_000_000, runs = 5, cpu = 1;
        for (int i = 0; i < args.Length; i++)
        {
            int Number(int min, int max) => ++i < args.Length && int.TryParse(args[i], NumberStyles.None, CultureInfo.InvariantCulture, out int n) && n >= min && n <= max
                ? n : throw new ArgumentException($"{args[i - 1]} is a number from {min} to {max}");
            switch (args[i])
            {
                case "--rows": rows = Number(1, 100_000_000); break;
                case "--runs": runs = Number(1, 100); break;
                case "--cpu": cpu = Number(0, 1023); break;
                default: throw new ArgumentException($"there is no option '{args[i]}'");
            }
        }
        var (seconds, most) = Measure(rows, runs, cpu);
        var (_, tenth) = Measure(Math.Max(1, rows / 10), 1, cpu);
        double median = PairedRatio.Estimate(seconds).Median;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"appliance greeks, {rows:N0} European contracts, one core, process start to end: median {median:F2} s of {runs} runs ({string.Join(' ', seconds.Select(s => s.ToString("F2", CultureInfo.InvariantCulture)))}), {rows / median:N0} rows/s"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  most memory held {most / 1024.0:F1} MiB; with a tenth of the rows {tenth / 1024.0:F1} MiB{(rows == 1_000_000 ? $"; at most {SecondsAtMost} s: {(median <= SecondsAtMost ? "met" : "not met")}" : "")}"));
        return 0;
    }

    /// <summary>Tiny and untimed: every row of the output says that it was priced.</summary>
    public static void Check() => Measure(200, 1, -1);

    private static (double[] Seconds, long MostKib) Measure(int rows, int runs, int cpu)
    {
        string contracts = Path.GetTempFileName(), results = contracts + ".out";
        try
        {
            Write(contracts, rows);
            var seconds = new double[runs];
            long most = 0;
            for (int run = 0; run < runs; run++)
            {
                var start = cpu < 0 ? new ProcessStartInfo("dotnet") : new ProcessStartInfo("taskset");
                if (cpu >= 0) foreach (string argument in new[] { "-c", cpu.ToString(CultureInfo.InvariantCulture), "dotnet" }) start.ArgumentList.Add(argument);
                foreach (string argument in new[] { Path.Combine(AppContext.BaseDirectory, "appliance.dll"), "greeks", "--in", contracts, "--out", results }) start.ArgumentList.Add(argument);
                start.RedirectStandardOutput = true;
                long from = Stopwatch.GetTimestamp();
                using var process = Process.Start(start)!;
                // The kernel keeps the high-water mark, but only while the process lives.
                while (!process.WaitForExit(20)) most = Math.Max(most, HighWaterKib(process.Id));
                seconds[run] = Stopwatch.GetElapsedTime(from).TotalSeconds;
                if (process.ExitCode != 0) throw new InvalidOperationException($"appliance greeks ended with {process.ExitCode}.");
            }
            int priced = File.ReadLines(results).Count(line => line.EndsWith(",ok", StringComparison.Ordinal));
            if (priced != rows) throw new InvalidOperationException($"{priced} of {rows} rows were priced.");
            return (seconds, most);
        }
        finally
        {
            File.Delete(contracts);
            File.Delete(results);
        }
    }

    private static long HighWaterKib(int process)
    {
        try
        {
            string line = File.ReadLines($"/proc/{process}/status").FirstOrDefault(l => l.StartsWith("VmHWM:", StringComparison.Ordinal)) ?? "";
            return long.TryParse(new string([.. line.Where(char.IsAsciiDigit)]), NumberStyles.None, CultureInfo.InvariantCulture, out long kib) ? kib : 0;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static void Write(string path, int rows)
    {
        var random = new Random(3);
        using var writer = new StreamWriter(path, false, new UTF8Encoding(false), 1 << 16);
        writer.Write(Header + "\n");
        for (int i = 0; i < rows; i++)
        {
            bool forward = random.Next(2) == 0;
            double spot = 50 + 150 * random.NextDouble(), strike = Math.Round(spot * (0.6 + random.NextDouble()), 2);
            writer.Write(string.Create(CultureInfo.InvariantCulture,
                $"c{i},european,{(forward ? "black76" : "black-scholes")},{(random.Next(2) == 0 ? "call" : "put")},{spot:R},{strike:R},{0.01 + 3 * random.NextDouble():R},{Math.Round(0.07 * random.NextDouble() - 0.01, 4):R},"));
            if (!forward) writer.Write(string.Create(CultureInfo.InvariantCulture, $"{Math.Round(0.04 * random.NextDouble(), 4):R}"));
            writer.Write(string.Create(CultureInfo.InvariantCulture, $",{Math.Round(0.05 + 0.85 * random.NextDouble(), 4):R},,,,,,,,,,,,,,,\n"));
        }
    }
}
