using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Appliance.Contract;

namespace Appliance.Perf.Ring;

/// <summary>
/// The verb `ring`: one-way hop and throughput of our ring beside Disruptor-net (where built) and the C++ queue (where compiled), interleaved, with the raw hop between
/// the two cores as the floor. The order within a round rotates. Never more than two threads spin.
/// </summary>
public static class RingComparison
{
    private sealed record Settings(int Pairs, int CpuA, int CpuB, int Rounds, long Events, string Only, int Bytes, string? Report);

    /// <summary>Targets, of hop and throughput alike: at most the library's cost, and at most 1.15 times the C++ queue's.</summary>
    private const double LibraryTarget = 1.0, QueueTarget = 1.15;

    public static int Run(string[] args)
    {
        Settings settings = Parse(args);
        var results = new List<PairedRatio>();
        var targets = new List<double?>();
        string? peers = CppContender.FindFolder();
        if (peers == null) Console.WriteLine("ring: the C++ peers are not compiled (make peers): left out");
        if (!IsLibraryBuilt) Console.WriteLine("ring: " + Appliance.Ring.Disruptor.DisruptorAdapter.Status.Sentence + " Left out.");

        if (settings.Bytes is 0 or 64) Compare<Item64>(settings, peers, 64, results, targets);
        if (settings.Bytes is 0 or 32) Compare<Item32>(settings, peers, 32, results, targets);
        if (settings.Only is "" or "fused") FusedCost.Print();
        if (results.Count == 0) return 0;

        Console.WriteLine();
        Console.WriteLine($"{"comparison",-46} {"ratio",7} {"95 % interval",17} {"control",8} {"target",7}  verdict");
        for (int i = 0; i < results.Count; i++)
        {
            RatioEstimate ratio = results[i].Ratio, control = results[i].Control;
            string target = targets[i] is { } t ? t.ToString("F2", CultureInfo.InvariantCulture) : "-";
            string verdict = targets[i] is { } goal ? results[i].Verdict(goal).ToString() : results[i].ControlHolds ? "-" : "None";
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{results[i].Name,-46} {ratio.Median,7:F3} {ratio.Low,8:F3}-{ratio.High,-8:F3} {control.Median,8:F3} {target,7}  {verdict}"));
        }
        if (settings.Report != null) WriteReport(settings, results, targets);
        return 0;
    }

    /// <summary>Every contender once, tiny; each throws when its sum is wrong.</summary>
    public static void Check()
    {
        foreach (Contender contender in Contenders<Item64>(64, CppContender.FindFolder(), -1, -1).Concat(Contenders<Item32>(32, CppContender.FindFolder(), -1, -1)))
        {
            contender.HopNs(20 * Contender.RoundsPerBlock);
            contender.ThroughputNs(10_000);
        }
        FusedCost.Check();
    }

    private static bool IsLibraryBuilt =>
#if DISRUPTOR_ON
        true;
#else
        false;
#endif

    private static List<Contender> Contenders<T>(int itemBytes, string? peers, int cpuA, int cpuB) where T : unmanaged, IItem
    {
        var contenders = new List<Contender> { new EmbeddedContender<T>(cpuA, cpuB) };
#if DISRUPTOR_ON
        contenders.Add(new DisruptorContender<T>(cpuA, cpuB));
#endif
        if (peers != null) contenders.Add(new CppContender(itemBytes, peers, cpuA, cpuB));
        return contenders;
    }

    private static void Compare<T>(Settings settings, string? peers, int itemBytes, List<PairedRatio> results, List<double?> targets) where T : unmanaged, IItem
    {
        List<Contender> contenders = Contenders<T>(itemBytes, peers, settings.CpuA, settings.CpuB);
        var queue = contenders.OfType<CppContender>().FirstOrDefault();
        if (settings.Only == "fused") return;
        // Enough of each for the runtime to have compiled it for good.
        foreach (Contender contender in contenders)
        {
            contender.HopNs(Math.Min(settings.Rounds, 20_000));
            contender.ThroughputNs(Math.Min(settings.Events, 2_000_000));
        }

        foreach (bool isHop in new[] { true, false })
        {
            if (settings.Only != "" && settings.Only != (isHop ? "hop" : "throughput")) continue;
            var ratios = contenders.Skip(1).ToDictionary(c => c, c => new PairedRatio($"{(isHop ? "hop" : "throughput")} {itemBytes} B, ours / {c.Name}"));
            // Ours once, each rival twice; the second run is the rival's control.
            var runs = contenders.SelectMany(c => c == contenders[0] ? new[] { (c, false) } : [(c, false), (c, true)]).ToArray();
            Console.WriteLine();
            Console.WriteLine($"{(isHop ? $"one-way hop, ns, {settings.Rounds:N0} rounds" : $"throughput, ns an event, {settings.Events:N0} events")}, {itemBytes}-byte items");
            for (int pair = 0; pair < settings.Pairs; pair++)
            {
                var costs = new Dictionary<(Contender, bool), double>();
                double rawNs = isHop && queue != null ? queue.RawHopNs(settings.Rounds / 4) : double.NaN;
                for (int i = 0; i < runs.Length; i++)
                {
                    var (contender, again) = runs[(i + pair) % runs.Length];
                    costs[(contender, again)] = isHop ? contender.HopNs(settings.Rounds) : contender.ThroughputNs(settings.Events);
                }
                foreach (var (rival, ratio) in ratios) ratio.Add(costs[(contenders[0], false)], costs[(rival, false)], costs[(rival, true)]);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {pair + 1,3}: ")
                    + string.Join("  ", contenders.Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.Name} {costs[(c, false)]:F1}")))
                    + (double.IsNaN(rawNs) ? "" : string.Create(CultureInfo.InvariantCulture, $"  raw hop {rawNs:F1}")));
            }
            foreach (var (rival, ratio) in ratios)
            {
                results.Add(ratio);
                targets.Add(rival is CppContender ? QueueTarget : LibraryTarget);
            }
        }
    }

    private static Settings Parse(string[] args)
    {
        var settings = new Settings(12, 0, 1, 100_000, 20_000_000, "", 0, null);
        for (int i = 0; i < args.Length; i++)
        {
            string Next() => ++i < args.Length ? args[i] : throw new ArgumentException($"{args[i - 1]} wants a value");
            long Number(long min, long max) => long.TryParse(Next(), NumberStyles.None, CultureInfo.InvariantCulture, out long n) && n >= min && n <= max
                ? n : throw new ArgumentException($"{args[i - 1]} is a number from {min} to {max}, not '{args[i]}'");
            switch (args[i])
            {
                case "--pairs": settings = settings with { Pairs = (int)Number(1, 1000) }; break;
                case "--rounds": settings = settings with { Rounds = (int)Number(4 * 2 * Contender.RoundsPerBlock, 100_000_000) }; break;
                case "--events": settings = settings with { Events = Number(1_000, 10_000_000_000) }; break;
                case "--only": settings = settings with { Only = Next() is "hop" or "throughput" or "fused" ? args[i] : throw new ArgumentException($"--only is hop, throughput or fused, not '{args[i]}'") }; break;
                case "--bytes": settings = settings with { Bytes = Next() is "32" or "64" ? int.Parse(args[i], CultureInfo.InvariantCulture) : throw new ArgumentException($"--bytes is 32 or 64, not '{args[i]}'") }; break;
                case "--report": settings = settings with { Report = Next() }; break;
                case "--cpus":
                    string[] cpus = Next().Split(',');
                    if (cpus.Length != 2 || !int.TryParse(cpus[0], out int a) || !int.TryParse(cpus[1], out int b) || a == b || a < 0 || b < 0)
                        throw new ArgumentException($"--cpus is two core numbers, as 2,3, not '{args[i]}'");
                    settings = settings with { CpuA = a, CpuB = b };
                    break;
                default: throw new ArgumentException($"there is no option '{args[i]}'");
            }
        }
        return settings;
    }

    private static void WriteReport(Settings settings, List<PairedRatio> results, List<double?> targets)
    {
        var report = new
        {
            settings.Pairs, settings.Rounds, settings.Events, Cpus = new[] { settings.CpuA, settings.CpuB },
            Comparisons = results.Select((r, i) => new
            {
                r.Name, Ratio = r.Ratio.Median, r.Ratio.Low, r.Ratio.High, Control = r.Control.Median, Target = targets[i],
                Verdict = targets[i] is { } goal ? r.Verdict(goal).ToString() : null,
            }),
        };
        File.WriteAllText(settings.Report!, JsonSerializer.Serialize(report, ReportOptions));
    }

    private static readonly JsonSerializerOptions ReportOptions = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };
}
