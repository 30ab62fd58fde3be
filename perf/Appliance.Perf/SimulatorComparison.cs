using System.Diagnostics;
using System.Globalization;
using Appliance.Lab.Hedging;
using Appliance.Lab.Markets;
using Appliance.Lab.Random;
using Appliance.Lab.Specification;

namespace Appliance.Perf;

/// <summary>
/// What a step of a simulated path costs on one thread, beside its floor: the normals it consumes, drawn into rows that stay in the cache (Philox, the inverse normal), and one write of its series to memory. The ratio says what the
/// model's own arithmetic adds. Every model's mean is checked before it is timed.
/// </summary>
public static class SimulatorComparison
{
    private const int Paths = 1024, Steps = 50;

    private static readonly (string Name, MarketSpecification Market, int Normals)[] _models =
    [
        ("gbm", new() { Model = MarketModel.Gbm, Spots = [100], Volatilities = [0.2] }, 1),
        ("merton", new() { Model = MarketModel.Merton, Spots = [100], Volatilities = [0.2], Lambda = 1, JumpMean = -0.1, JumpStdDev = 0.2 }, 2),
        ("kou", new() { Model = MarketModel.Kou, Spots = [100], Volatilities = [0.2], Lambda = 1, UpProbability = 0.4, UpRate = 10, DownRate = 5 }, 2),
        ("heston", new() { Model = MarketModel.Heston, Spots = [100], V0 = 0.04, Kappa = 1.5, Theta = 0.04, Xi = 0.5, Rho = -0.7 }, 2),
        ("sabr", new() { Model = MarketModel.Sabr, Spots = [100], Alpha = 0.2, Beta = 1, Nu = 0.4, Rho = -0.4 }, 2),
        ("rough-bergomi", new() { Model = MarketModel.RoughBergomi, Spots = [100], Hurst = 0.1, Eta = 1.5, Rho = -0.7, ForwardVariance = 0.04 }, 3),
        ("trinomial", new() { Model = MarketModel.Trinomial, Spots = [100], Up = 1.01, Probabilities = [0.25, 0.5, 0.25] }, 1),
        ("regime-switching", new() { Model = MarketModel.RegimeSwitching, Spots = [100], RegimeVolatilities = [0.1, 0.4], RegimeIntensities = [0, 2, 5, 0] }, 2),
    ];

    public static int Run(string[] arguments)
    {
        int rounds = arguments is ["--rounds", var text] ? int.Parse(text, CultureInfo.InvariantCulture) : arguments.Length == 0 ? 40 : throw new ArgumentException("allowed is --rounds N");
        double normal = Fastest(rounds, Normals(out double[][] rows)) / (2.0 * Paths);
        GC.KeepAlive(rows);
        Console.WriteLine(FormattableString.Invariant($"one normal (Philox and its inversion, rows in the cache): {normal:0.00} ns"));
        Console.WriteLine($"{"model",-18}{"ns a step",12}{"floor",10}{"ratio",8}");
        foreach (var (name, market, normals) in _models)
        {
            var simulator = Simulator(market);
            var block = simulator.NewBlock(Paths);
            CheckMean(name, simulator);
            long at = 0;
            double step = Fastest(rounds, () => simulator.Fill(block, at += Paths)) / (Paths * (double)Steps);
            int series = simulator.Series.Count;
            double write = Fastest(rounds, () => { for (int s = 0; s < series; s++) for (int k = 0; k <= Steps; k++) block.Row(s, k).Fill(k); }) / (Paths * (double)Steps);
            double floor = normals * normal + write;
            Console.WriteLine(FormattableString.Invariant($"{name,-18}{step,12:0.00}{floor,10:0.00}{step / floor,8:0.00}"));
        }
        return 0;
    }

    public static void Check()
    {
        foreach (var (name, market, _) in _models) CheckMean(name, Simulator(market));
    }

    private static IMarketSimulator Simulator(MarketSpecification market) => new HedgingEnvironment(new LabSpecification
    {
        Market = market, Time = new TimeSpecification(Steps, 0.004), Liability = new LiabilitySpecification { Contracts = [new ContractSpecification { Contract = ContractKind.European, Strike = 100 }] },
        Hedges = [new HedgeSpecification()], InitialHolding = [0], Objective = new ObjectiveSpecification { Kind = ObjectiveKind.StdDev },
    }, 1).Simulator;

    private static void CheckMean(string name, IMarketSimulator simulator)
    {
        var block = simulator.NewBlock(4096);
        simulator.Fill(block, 0);
        double[] ends = block.Row(0, Steps).ToArray();
        double mean = ends.Average(), error = Math.Sqrt(ends.Average(x => (x - mean) * (x - mean)) / ends.Length);
        // A tree drifts by its probabilities: 0.25·(1.01 − 1) + 0.25·(1/1.01 − 1) a step.
        double expected = name == "trinomial" ? 100 * Math.Pow(0.25 * 1.01 + 0.5 + 0.25 / 1.01, Steps) : 100;
        if (Math.Abs(mean - expected) > 5 * error) throw new InvalidOperationException($"{name}: paths end at {mean} ± {error} in the mean, not at {expected}.");
    }

    private static Action Normals(out double[][] rows)
    {
        double[] even = new double[Paths], odd = new double[Paths];
        rows = [even, odd];
        var field = new RandomField(1);
        int index = 0;
        return () => field.NormalPair(0, 0, index += 2, even, odd);
    }

    /// <summary>Nanoseconds of the fastest of many runs.</summary>
    private static double Fastest(int rounds, Action work)
    {
        double least = double.PositiveInfinity;
        for (int i = 0; i < rounds + 3; i++)
        {
            long start = Stopwatch.GetTimestamp();
            work();
            double ns = Stopwatch.GetElapsedTime(start).TotalNanoseconds;
            if (i >= 3) least = Math.Min(least, ns);
        }
        return least;
    }
}
