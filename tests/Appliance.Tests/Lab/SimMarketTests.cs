using Appliance.Kernels.Scalar;
using Appliance.Lab.Baselines;
using Appliance.Lab.Hedging;
using Appliance.Lab.Markets;
using Appliance.Lab.Specification;

namespace Appliance.Tests.Lab;

/// <summary>Every market: its mean, what is known of its moments, vanillas priced back to closed forms, and that a path is the same however it is drawn.</summary>
public sealed class SimMarketTests
{
    private static readonly int _paths = Environment.GetEnvironmentVariable("APPLIANCE_FULL") == "1" ? 1 << 20 : 1 << 16;

    internal static LabSpecification With(string market, int steps = 10, double stepYears = 0.05, int substeps = 1, string liability = """{ "strike": 100 }""") => SpecFileTests.Good($$"""
        {
          "market": {{market}}, "time": { "steps": {{steps}}, "stepYears": {{stepYears.ToString(System.Globalization.CultureInfo.InvariantCulture)}}, "substeps": {{substeps}} },
          "liability": {{liability}}, "hedges": ["spot"], "objective": { "kind": "std-dev" }
        }
        """);

    /// <summary>Drift 5 %, rate 5 %: the discounted payoff's mean is the price.</summary>
    internal const string
        Gbm = """{ "model": "gbm", "spot": 100, "drift": 0.05, "rate": 0.05, "volatility": 0.2 }""",
        Merton = """{ "model": "merton", "spot": 100, "drift": 0.05, "rate": 0.05, "volatility": 0.2, "lambda": 1.5, "jumpMean": -0.1, "jumpStdDev": 0.15 }""",
        Kou = """{ "model": "kou", "spot": 100, "drift": 0.05, "rate": 0.05, "volatility": 0.16, "lambda": 1, "upProbability": 0.4, "upRate": 10, "downRate": 5 }""",
        Heston = """{ "model": "heston", "spot": 100, "drift": 0.05, "rate": 0.05, "v0": 0.04, "kappa": 1.5, "theta": 0.06, "xi": 0.7, "rho": -0.7 }""",
        Bates = """{ "model": "bates", "spot": 100, "drift": 0.05, "rate": 0.05, "v0": 0.04, "kappa": 1.5, "theta": 0.06, "xi": 0.7, "rho": -0.7, "lambda": 0.8, "jumpMean": -0.1, "jumpStdDev": 0.1 }""",
        Sabr = """{ "model": "sabr", "spot": 100, "drift": 0.05, "rate": 0.05, "alpha": 2, "beta": 0.5, "nu": 0.5, "rho": -0.4 }""",
        RoughBergomi = """{ "model": "rough-bergomi", "spot": 100, "drift": 0.05, "rate": 0.05, "hurst": 0.1, "eta": 1.5, "rho": -0.7, "forwardVariance": 0.04 }""",
        Regime = """{ "model": "regime-switching", "spot": 100, "drift": 0.05, "rate": 0.05, "regimeVolatilities": [0.1, 0.4], "regimeIntensities": [0, 2, 5, 0] }""";

    public static TheoryData<string> Models => [Gbm, Merton, Kou, Heston, Bates, Sabr, RoughBergomi, Regime];

    private static (double Mean, double StdErr) Estimate(LabSpecification s, Func<HedgingEnvironment, EpisodeBlock, double[]> value, int paths)
    {
        var environment = new HedgingEnvironment(s, 20_261);
        const int Block = 2048;
        double sum = 0, square = 0;
        double[][] parts = new double[paths / Block][];
        Parallel.For(0, paths / Block, () => environment.NewBlock(Block), (b, _, block) =>
        {
            environment.Fill(block, (long)b * Block);
            parts[b] = [.. value(environment, block)];
            return block;
        }, _ => { });
        foreach (double x in parts.SelectMany(p => p)) (sum, square) = (sum + x, square + x * x);
        double mean = sum / paths;
        return (mean, Math.Sqrt((square / paths - mean * mean) / paths));
    }

    private static void Near(double expected, (double Mean, double StdErr) seen, double bias = 0) =>
        Assert.True(Math.Abs(seen.Mean - expected) <= 4.5 * seen.StdErr + bias, $"expected {expected}, saw {seen.Mean} ± {seen.StdErr}");

    [Theory]
    [MemberData(nameof(Models))]
    public void ThePriceDriftsAsStated(string market)
    {
        var s = With(market, substeps: 2);
        Near(100 * Math.Exp(0.05 * 0.5), Estimate(s, (_, b) => b.Market.Row(0, b.Steps).ToArray(), _paths));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void APathIsTheSameHoweverItIsDrawn(string market)
    {
        foreach (string draws in new[] { "random", "antithetic", "sobol" })
        {
            var s = With(market.Replace(" }", $", \"draws\": \"{draws}\" }}"), steps: 5, substeps: 2);
            var simulator = MarketSimulator.Make(s, 9);
            var whole = simulator.NewBlock(64);
            simulator.Fill(whole, 100);
            foreach (int path in new[] { 0, 13, 63 })
            {
                var alone = simulator.NewBlock(1);
                simulator.Fill(alone, 100 + path);
                for (int series = 0; series < simulator.Series.Count; series++)
                    for (int step = 0; step <= 5; step++) Assert.Equal(whole.Row(series, step)[path], alone.Row(series, step)[0]);
            }
        }
    }

    [Theory]
    [InlineData(Gbm, false)]
    [InlineData(Merton, true)]
    public void VanillasArePricedBackToTheClosedForm(string market, bool jumps)
    {
        foreach (double strike in new[] { 85.0, 100, 120 })
        {
            var s = With(market, steps: 4, stepYears: 0.125, liability: $$"""{ "strike": {{strike}} }""");
            double exact = ClosedForms.Owed(s, 0, 100, 0, 0.2, jumps).Value;
            Near(exact, Estimate(s, (e, b) => [.. b.Owed.Select(o => o / e.Growth[0])], _paths));
        }
    }

    /// <summary>A Fourier inversion of the characteristic function stands beside the simulators that have one (Lewis, "A simple option formula for general jump-diffusion and other exponential Lévy processes", 2001).</summary>
    [Theory]
    [InlineData(Kou, 1)]
    [InlineData(Heston, 4)]
    [InlineData(Bates, 4)]
    public void VanillasArePricedBackToTheFourierIntegral(string market, int substeps)
    {
        foreach (double strike in new[] { 90.0, 110 })
        {
            var s = With(market, steps: 10, stepYears: 0.05, substeps: substeps, liability: $$"""{ "strike": {{strike}} }""");
            double exact = SimFourierReference.Call(s.Market, strike, 0.5);
            Near(exact, Estimate(s, (e, b) => [.. b.Owed.Select(o => o / e.Growth[0])], _paths), bias: market == Kou ? 0 : 0.004);
        }
    }

    [Fact]
    public void HestonKeepsItsVarianceWhereTheFellerRatioIsSmall()
    {
        // κθ = 0.04 against ξ²/2 = 2: variance sits at zero most of the time, and an Euler scheme is off by multiples.
        const string wild = """{ "model": "heston", "spot": 100, "v0": 0.04, "kappa": 1, "theta": 0.04, "xi": 2, "rho": -0.7 }""";
        var s = With(wild, steps: 30, stepYears: 1 / 365.0);
        Near(0.04, Estimate(s, (_, b) => b.Market.Row(1, b.Steps).ToArray(), _paths));
        double years = 30 / 365.0;
        Near(0.04 * years, Estimate(s, (_, b) => b.Market.Row(2, b.Steps).ToArray(), _paths), bias: 2e-6);
        Near(100, Estimate(s, (_, b) => b.Market.Row(0, b.Steps).ToArray(), _paths));
        // The price that the known figure of the idealised Heston desk rests on.
        Near(1.69, Estimate(s, (_, b) => b.Owed, _paths), bias: 0.015);
    }

    [Fact]
    public void TheVarianceSwapIsAMartingaleWhoseEndIsTheRealisedVariance()
    {
        var s = With("""{ "model": "heston", "spot": 100, "v0": 0.03, "kappa": 1.5, "theta": 0.06, "xi": 0.7, "rho": -0.7 }""", substeps: 4) with { Hedges = [new HedgeSpecification(), new HedgeSpecification { Instrument = HedgeKind.VarianceSwap }] };
        double start = 0.06 * 0.5 + (0.03 - 0.06) * (1 - Math.Exp(-0.75)) / 1.5;
        var environment = new HedgingEnvironment(s, 1);
        var block = environment.NewBlock(16);
        environment.Fill(block, 0);
        for (int p = 0; p < 16; p++)
        {
            Assert.Equal(start, block.Price(1, 0)[p], 1e-14);
            Assert.Equal(block.Market.Row(2, block.Steps)[p], block.Price(1, block.Steps)[p], 1e-14);
        }
        foreach (int step in new[] { 3, 10 }) Near(start, Estimate(s, (_, b) => b.Price(1, step).ToArray(), _paths), bias: 2e-5);
        // It pays at maturity, so before that its price is discounted: in money at maturity it is the same martingale.
        s = s with { Market = s.Market with { Rate = 0.2 } };
        (environment, var later) = (new HedgingEnvironment(s, 1), new double[16]);
        block.Price(1, 3).CopyTo(later);
        environment.Fill(block, 0);
        for (int p = 0; p < 16; p++) Assert.Equal(later[p], block.Price(1, 3)[p] * environment.Growth[3], 1e-14);
    }

    [Fact]
    public void RoughBergomiHasItsVarianceAndItsRoughness()
    {
        var s = With(RoughBergomi, steps: 20, stepYears: 0.01);
        // E v = ξ₀ exactly; E v² = ξ₀² exp(η² t^2H) up to the scheme's own variance of Y.
        Near(0.04, Estimate(s, (_, b) => b.Market.Row(1, 20).ToArray(), _paths));
        double t = 0.2, wanted = 1.5 * 1.5 * Math.Pow(t, 0.2);
        var logs = Estimate(s, (_, b) => [.. b.Market.Row(1, 20).ToArray().Select(v => Math.Pow(Math.Log(v / 0.04) + 0.5 * wanted, 2))], _paths);
        Near(wanted, logs, bias: 0.02 * wanted);
        // Increments of log variance over a lag Δ have variance about η²·c·Δ^2H: between lags 1 and 4 the ratio is near 4^0.2.
        var one = Estimate(s, (_, b) => [.. Enumerable.Range(0, b.Paths).Select(p => Math.Pow(Math.Log(b.Market.Row(1, 20)[p] / b.Market.Row(1, 19)[p]), 2))], _paths);
        var four = Estimate(s, (_, b) => [.. Enumerable.Range(0, b.Paths).Select(p => Math.Pow(Math.Log(b.Market.Row(1, 20)[p] / b.Market.Row(1, 16)[p]), 2))], _paths);
        Assert.InRange(Math.Log(four.Mean / one.Mean) / Math.Log(4) / 2, 0.05, 0.16);
    }

    [Fact]
    public void SabrMeetsHagansFormulaAtTheMoney()
    {
        var s = With("""{ "model": "sabr", "spot": 100, "alpha": 2, "beta": 0.5, "nu": 0.4, "rho": -0.3 }""", steps: 10, stepYears: 0.025, substeps: 4);
        double t = 0.25, a = 2, f = Math.Pow(100, 0.5), beta = 0.5, nu = 0.4, rho = -0.3;
        double volatility = a / f * (1 + ((1 - beta) * (1 - beta) / 24 * a * a / (f * f) + 0.25 * rho * beta * nu * a / f + (2 - 3 * rho * rho) / 24 * nu * nu) * t);
        Near(BlackScholes.Evaluate(100, 100, t, volatility, 0, 0, 1).Price, Estimate(s, (_, b) => b.Owed, _paths), bias: 0.005);
    }

    [Fact]
    public void RegimesSpendTheirTimeAsTheChainSays()
    {
        var s = With(Regime, substeps: 2);
        double[] transition = RegimeSwitchingSimulator.Transition(s.Market, 0.5);
        // Two states: P₀₁(t) = a/(a + b)(1 − e^(−(a+b)t)) with a = 2, b = 5.
        Assert.Equal(2.0 / 7 * (1 - Math.Exp(-3.5)), transition[1], 1e-12);
        Near(transition[1], Estimate(s, (_, b) => b.Market.Row(1, b.Steps).ToArray(), _paths));
    }

    [Fact]
    public void CorrelatedUnderlyingsHaveTheirCorrelation()
    {
        var s = With("""{ "model": "gbm", "spot": [100, 50, 20], "volatility": [0.2, 0.3, 0.4], "correlation": [1, 0.6, -0.2, 0.6, 1, 0.1, -0.2, 0.1, 1] }""", steps: 3, liability: """{ "contract": "basket", "strike": 100, "weights": [0.5, 0.5, 1] }""");
        double[] spots = [100, 50, 20], sigma = [0.2, 0.3, 0.4], rho = [1, 0.6, -0.2, 0.6, 1, 0.1, -0.2, 0.1, 1];
        for (int i = 0; i < 3; i++)
            for (int j = 0; j <= i; j++)
            {
                int a = i, b = j;
                // E[ln ratio_i · ln ratio_j] = ρσσt + product of means.
                double t = 0.15, expected = rho[i * 3 + j] * sigma[i] * sigma[j] * t + 0.25 * sigma[i] * sigma[i] * sigma[j] * sigma[j] * t * t;
                Near(expected, Estimate(s, (_, k) => [.. Enumerable.Range(0, k.Paths).Select(p => Math.Log(k.Market.Row(a, 3)[p] / spots[a]) * Math.Log(k.Market.Row(b, 3)[p] / spots[b]))], _paths));
            }
    }

    [Fact]
    public void SobolPricesFarCloserThanRandomPaths()
    {
        // 2^14 points: the standard error of random paths is about 0.08; behind the bridge the net is within a twentieth of it.
        var s = With(Gbm.Replace(" }", ", \"draws\": \"sobol\" }"), steps: 16, stepYears: 1 / 32.0);
        double exact = ClosedForms.Owed(s, 0, 100, 0, 0.2, false).Value;
        var (mean, error) = Estimate(s, (e, b) => [.. b.Owed.Select(o => o / e.Growth[0])], 1 << 14);
        Assert.InRange(Math.Abs(mean - exact), 0, 0.1 * error);
    }

    [Fact]
    public void AntitheticPathsMirrorOneAnother()
    {
        var s = With(Gbm.Replace(" }", ", \"draws\": \"antithetic\" }"), steps: 2);
        var simulator = MarketSimulator.Make(s, 3);
        var block = simulator.NewBlock(10);
        simulator.Fill(block, 0);
        double drift = (0.05 - 0.02) * 0.05;
        for (int p = 0; p < 10; p += 2)
            Assert.Equal(2 * drift, Math.Log(block.Row(0, 1)[p] / 100) + Math.Log(block.Row(0, 1)[p + 1] / 100), 1e-12);
    }

    [Fact]
    public void AHistoryIsResampledInBlocks()
    {
        string file = Path.Combine(Path.GetTempPath(), $"history-{Guid.NewGuid():N}.csv");
        try
        {
            // Prices whose every return tells its place: r_i = 0.001·i.
            double price = 10;
            File.WriteAllLines(file, ["date,close", .. Enumerable.Range(0, 41).Select(i => FormattableString.Invariant($"2020-01-{i:00},{price *= Math.Exp(0.001 * i)}"))]);
            var s = With($$"""{ "model": "bootstrap", "spot": 1, "file": "{{file}}", "blockLength": 8 }""", steps: 40, stepYears: 0.004);
            var simulator = MarketSimulator.Make(s, 5);
            var block = simulator.NewBlock(2000);
            simulator.Fill(block, 0);
            int follow = 0, all = 0;
            double sum = 0;
            for (int p = 0; p < 2000; p++)
            {
                for (int k = 1; k < 40; k++)
                {
                    double step = Math.Log(block.Row(0, k + 1)[p] / block.Row(0, k)[p]) - Math.Log(block.Row(0, k)[p] / block.Row(0, k - 1)[p]);
                    all++;
                    if (Math.Abs(step - 0.001) < 1e-9) follow++;
                }
                sum += block.Row(0, 40)[p];
            }
            // A step goes on with the next return unless a new block begins (1/8), or the history ends (1/40).
            Assert.InRange((double)follow / all, 0.875 * 0.975 - 0.02, 0.875 * 0.975 + 0.02);
            Assert.Equal(1, sum / 2000, 0.02);
        }
        finally { File.Delete(file); }
    }
}
