using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Appliance.Contract;
using Appliance.Kernels.Pricing;

namespace Appliance.Perf.Pricing;

/// <summary>
/// The verb `pricing`: the same contracts priced by us and by QuantLib (perf/peers/quantlib_pricing.cpp), in turn, on one thread. The sums of all prices must agree before a time counts.
/// </summary>
public static class QuantLibComparison
{
    /// <param name="Work">The peer's name for it.</param>
    /// <param name="Target">Ours over the peer's.</param>
    /// <param name="Operations">Counted from the compiled code, for one contract and at the least it can need: arithmetic instructions on registers of eight (of the European those that share the multiplier: its 25 additions have pipes of their own), then divisions and roots.</param>
    /// <param name="Bytes">In and out, a contract.</param>
    private sealed record Contest(
        string Name, string Work, int Count, int OurRepeats, int PeerRepeats, double? Target, double Operations, double Divisions, int Bytes, Func<Contracts, int, double> Ours);

    private static readonly Contest[] _contests =
    [
        new("European, price and 5 Greeks, / engine", "european-engine", 100_000, 20, 1, 1.0 / 50, 168 / 8.0, 7 / 8.0, 104, European),
        new("European, price and 5 Greeks, / calculator", "european-calculator", 100_000, 20, 4, null, 168 / 8.0, 7 / 8.0, 104, European),
        new("American, price (QdFp, accurate)", "american", 400, 1, 1, 1.0 / 5, 4_130, 106, 56, (c, n) => OneByOne(c, n, ContractKind.American, ModelKind.BlackScholes)),
        new("Heston, price", "heston", 2_000, 10, 1, 1.0 / 5, 2 * 458, 2 * 11, 56, (c, n) => OneByOne(c, n, ContractKind.European, ModelKind.Heston)),
    ];

    public static int Run(string[] args)
    {
        int pairs = 10;
        for (int i = 0; i < args.Length; i += 2)
            if (args[i] != "--pairs" || i + 1 == args.Length || !int.TryParse(args[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out pairs) || pairs is < 1 or > 1000)
                throw new ArgumentException($"--pairs is a number from 1 to 1000; '{args[i]}' is not understood");
        string? peer = FindPeer();
        if (peer == null)
        {
            Console.WriteLine("pricing: quantlib_pricing is not compiled (make peers, with Debian's libquantlib0-dev): left out");
            return 0;
        }
        foreach (Contest contest in _contests)
        {
            var contracts = new Contracts(contest.Count);
            var ratio = new PairedRatio(contest.Name);
            double sum = contest.Ours(contracts, 1), bestNs = double.MaxValue, peerNs = double.MaxValue;
            for (int pair = 0; pair < pairs; pair++)
            {
                long start = Stopwatch.GetTimestamp();
                contest.Ours(contracts, contest.OurRepeats);
                double ns = Stopwatch.GetElapsedTime(start).TotalNanoseconds / ((double)contest.Count * contest.OurRepeats);
                double their = RunPeer(peer, contest, sum), again = RunPeer(peer, contest, sum);
                ratio.Add(ns, their, again);
                (bestNs, peerNs) = (Math.Min(bestNs, ns), Math.Min(peerNs, their));
            }
            double floorNs = ArithmeticFloor.Ns(contest.Operations, contest.Divisions);
            string verdict = contest.Target is { } target ? $"target {target:F3}: {ratio.Verdict(target)}" : "no target";
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{contest.Name,-44} ratio {ratio.Ratio.Median:F4} ({ratio.Ratio.Low:F4}-{ratio.Ratio.High:F4}), control {ratio.Control.Median:F3}, least ns ours {bestNs:F1} theirs {peerNs:F1}, floor {floorNs:F1} of arithmetic, {contest.Bytes} bytes; {verdict}"));
        }
        return 0;
    }

    /// <summary>Every contest once, tiny; with the peer where it is compiled.</summary>
    public static void Check()
    {
        string? peer = FindPeer();
        foreach (Contest contest in _contests)
        {
            Contest tiny = contest with { Count = 20, PeerRepeats = 1 };
            double sum = contest.Ours(new Contracts(20), 1);
            if (!(sum > 0)) throw new InvalidOperationException($"{contest.Name}: the prices sum to {sum}");
            if (peer != null) RunPeer(peer, tiny, sum);
        }
    }

    /// <summary>What both sides draw, in arrays as the batch wants them.</summary>
    private sealed class Contracts
    {
        public readonly double[] Spot, Strike, Years, Volatility, Rate, Yield, Sign;
        public readonly double[] Price, Delta, Gamma, Vega, Theta, Rho;

        public Contracts(int count)
        {
            double[] Array() => new double[count];
            (Spot, Strike, Years, Volatility, Rate, Yield, Sign) = (Array(), Array(), Array(), Array(), Array(), Array(), Array());
            (Price, Delta, Gamma, Vega, Theta, Rho) = (Array(), Array(), Array(), Array(), Array(), Array());
            ulong state = 1;
            double Next()
            {
                state = state * 6364136223846793005 + 1442695040888963407;
                return (state >> 11) * (1.0 / (1UL << 53));
            }
            for (int i = 0; i < count; i++)
            {
                Spot[i] = 80 + 40 * Next();
                Strike[i] = 80 + 40 * Next();
                Years[i] = (7 + (int)(700 * Next())) / 365.0;
                Volatility[i] = 0.1 + 0.4 * Next();
                Rate[i] = 0.01 + 0.05 * Next();
                Yield[i] = 0.04 * Next();
                Sign[i] = Next() < 0.5 ? 1 : -1;
            }
        }
    }

    private static double European(Contracts c, int repeats)
    {
        var batch = new EuropeanBatch
        {
            Spot = c.Spot, Strike = c.Strike, Expiry = c.Years, Volatility = c.Volatility, Rate = c.Rate, Yield = c.Yield, Sign = c.Sign,
            Price = c.Price, Delta = c.Delta, Gamma = c.Gamma, Vega = c.Vega, Theta = c.Theta, Rho = c.Rho,
        };
        for (int i = 0; i < repeats; i++) batch.Evaluate();
        double sum = 0;
        foreach (double price in c.Price) sum += price;
        return sum;
    }

    private static double OneByOne(Contracts c, int repeats, ContractKind kind, ModelKind model)
    {
        double sum = 0;
        for (int repeat = 0; repeat < repeats; repeat++)
        {
            sum = 0;
            for (int i = 0; i < c.Spot.Length; i++)
            {
                var contract = new OptionContract { Kind = kind, Right = c.Sign[i] > 0 ? OptionRight.Call : OptionRight.Put, Spot = c.Spot[i], Strike = c.Strike[i], Expiry = c.Years[i] };
                var market = new MarketModel
                {
                    Kind = model, Rate = c.Rate[i], Yield = c.Yield[i], Volatility = c.Volatility[i], V0 = 0.04, Kappa = 1.5, Theta = 0.06, Xi = 0.5, Rho = -0.6,
                };
                PricingStatus status = Pricer.PriceOnly(in contract, in market, out double price);
                if (status != PricingStatus.Ok) throw new InvalidOperationException($"contract {i}: {status.Describe()}");
                sum += price;
            }
        }
        return sum;
    }

    private static string? FindPeer()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder != null; folder = folder.Parent)
        {
            string program = Path.Combine(folder.FullName, "perf", "peers", "bin", "quantlib_pricing");
            if (File.Exists(program)) return program;
        }
        return null;
    }

    private static double RunPeer(string program, Contest contest, double sum)
    {
        var start = new ProcessStartInfo(program, [contest.Work, contest.Count.ToString(CultureInfo.InvariantCulture), contest.PeerRepeats.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        string line = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{contest.Work} ended with {process.ExitCode}: {line}");
        using JsonDocument answer = JsonDocument.Parse(line);
        double theirs = answer.RootElement.GetProperty("sum").GetDouble();
        if (!(Math.Abs(theirs - sum) <= 1e-6 * Math.Abs(sum))) throw new InvalidOperationException($"{contest.Name}: our prices sum to {sum:R}, theirs to {theirs:R}");
        return answer.RootElement.GetProperty("ns").GetDouble();
    }
}
