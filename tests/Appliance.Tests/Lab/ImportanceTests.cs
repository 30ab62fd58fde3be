using Appliance.Kernels.Scalar;
using Appliance.Lab.Backtest;
using Appliance.Lab.Baselines;
using Appliance.Lab.Hedging;
using Appliance.Lab.Risk;
using Appliance.Lab.Specification;
using Appliance.Lab.Training;
using Architecture = Appliance.Lab.Specification.PolicyArchitecture;

namespace Appliance.Tests.Lab;

/// <summary>Importance sampling: what it estimates is what plain paths estimate, in every market, in the tail and in the gradient; closed forms and an enumerated tree say so too.</summary>
public sealed class ImportanceTests
{
    private const int Paths = 1 << 16, Block = 2048;
    private static readonly ImportanceSpecification _both = new() { Shifts = [-2, 2.5], PlainShare = 0.4 };
    /// <summary>For hedged positions.</summary>
    private static readonly ImportanceSpecification _wide = new() { Shifts = [-0.5, 0.5], VolatilityFactor = 1.2 };

    private static (double[] X, double[] Ratios) Sample(LabSpecification s, ImportanceSpecification? importance, Func<EpisodeBlock, double[]> value, int paths = Paths, ulong seed = 20_262)
    {
        var environment = new HedgingEnvironment(s, seed, importance);
        double[] x = new double[paths], ratios = new double[paths];
        Parallel.For(0, paths / Block, () => environment.NewBlock(Block), (b, _, block) =>
        {
            environment.Fill(block, (long)b * Block);
            value(block).CopyTo(x, b * Block);
            if (importance is null) ratios.AsSpan(b * Block, Block).Fill(1);
            else block.Market.Ratios.CopyTo(ratios.AsSpan(b * Block));
            return block;
        }, _ => { });
        return (x, ratios);
    }

    private static (double Mean, double StdErr) Mean((double[] X, double[] Ratios) sample)
    {
        double[] products = [.. sample.X.Zip(sample.Ratios, (x, r) => x * r)];
        double mean = RiskMeasure.Mean(products);
        return (mean, Math.Sqrt(RiskMeasure.Variance(products, mean) / products.Length));
    }

    private static void Near(double expected, double seen, double stdErr) => Assert.True(Math.Abs(seen - expected) <= 4.5 * stdErr, $"expected {expected}, saw {seen} ± {stdErr}");

    private static double[] Last(EpisodeBlock b) => b.Market.Row(0, b.Steps).ToArray();

    public static TheoryData<string, double, double> Markets => new()
    {
        { SimMarketTests.Gbm, 1, 1 }, { SimMarketTests.Gbm, 1, 1.3 }, { SimMarketTests.Merton, 2.5, 1 }, { SimMarketTests.Kou, 2, 1.2 }, { SimMarketTests.Heston, 1, 1.2 }, { SimMarketTests.Bates, 3, 1 },
        { SimMarketTests.Sabr, 1, 0.9 }, { SimMarketTests.RoughBergomi, 1, 1.1 }, { SimMarketTests.Regime, 1, 1 },
        { SimMarketTests.Gbm.Replace("{ \"model\"", "{ \"draws\": \"sobol\", \"model\"", StringComparison.Ordinal), 1, 1.2 },
        { SimMarketTests.Merton.Replace("{ \"model\"", "{ \"draws\": \"antithetic\", \"model\"", StringComparison.Ordinal), 0.5, 1 },
    };

    [Theory]
    [MemberData(nameof(Markets))]
    public void TheMarketsMeansAreKept(string market, double jumpFactor, double volatilityFactor)
    {
        LabSpecification s = SimMarketTests.With(market, substeps: 2);
        ImportanceSpecification importance = _both with { JumpFactor = jumpFactor, VolatilityFactor = volatilityFactor };
        var (last, ratios) = Sample(s, importance, Last);
        Assert.True(ratios.Max() <= 1 / importance.PlainShare + 1e-12);
        Assert.True(ratios.Min() < 0.05, "hardly any path was tilted");
        var one = Mean(([.. ratios.Select(_ => 1.0)], ratios));
        Near(1, one.Mean, one.StdErr);
        var price = Mean((last, ratios));
        Near(100 * Math.Exp(0.05 * 0.5), price.Mean, price.StdErr);
        // A figure of the tail: the mean beyond a far strike on either side, beside plain paths'.
        foreach (int side in (int[])[1, -1])
        {
            double strike = side > 0 ? 125 : 75;
            double[] Beyond(double[] prices) => [.. prices.Select(p => Math.Max(side * (p - strike), 0))];
            var (plainLast, ones) = Sample(s, null, Last, seed: 77);
            var (tilted, plain) = (Mean((Beyond(last), ratios)), Mean((Beyond(plainLast), ones)));
            Near(plain.Mean, tilted.Mean, Math.Sqrt(tilted.StdErr * tilted.StdErr + plain.StdErr * plain.StdErr));
        }
    }

    [Fact]
    public void SeveralUnderlyingsKeepTheirMeansAndTheirCorrelation()
    {
        LabSpecification s = SimMarketTests.With("""{ "model": "gbm", "spot": [100, 50], "volatility": [0.2, 0.3], "correlation": [1, -0.6, -0.6, 1] }""");
        var tilted = Sample(s, _both, Last);
        var second = Sample(s, _both, b => b.Market.Row(1, b.Steps).ToArray());
        var (x, y) = (Mean(tilted), Mean(second));
        Near(100, x.Mean, x.StdErr);
        Near(50, y.Mean, y.StdErr);
        // E ln(S1/100) ln(S2/50) = ρσ₁σ₂T + drifts' product.
        var product = Mean(([.. tilted.X.Zip(second.X, (a, b) => Math.Log(a / 100) * Math.Log(b / 50))], tilted.Ratios));
        Near(-0.6 * 0.2 * 0.3 * 0.5 + 0.5 * 0.04 * 0.5 * 0.5 * 0.09 * 0.5, product.Mean, product.StdErr);
    }

    [Fact]
    public void APathDrawnAloneIsTheSameWithItsRatio()
    {
        var environment = new HedgingEnvironment(SimMarketTests.With(SimMarketTests.Bates, substeps: 2), 5, _both with { JumpFactor = 3 });
        EpisodeBlock many = environment.NewBlock(64), one = environment.NewBlock(1);
        environment.Fill(many, 1000);
        for (int p = 0; p < 64; p += 7)
        {
            environment.Fill(one, 1000 + p);
            Assert.Equal(many.Market.Ratios[p], one.Market.Ratios[0]);
            for (int step = 0; step <= many.Steps; step++) Assert.Equal(many.Price(0, step)[p], one.Price(0, step)[0]);
        }
    }

    [Fact]
    public void TheCvarOfACallIsItsClosedFormAndItsErrorSmaller()
    {
        // Short call at 100 on GBM, half a year: with q the 99 % quantile of the price CVaR = E(S | S > q) − K = S e^{μT} Φ(σ√T − z)/(1 − α) − K.
        LabSpecification s = SimMarketTests.With(SimMarketTests.Gbm);
        double deviation = 0.2 * Math.Sqrt(0.5), forward = 100 * Math.Exp(0.025), z = 2.3263478740408408, quantile = forward * Math.Exp(-0.5 * deviation * deviation + deviation * z) - 100;
        double exact = forward * Elementary.NormalCdf(deviation - z) / 0.01 - 100;
        static double[] Owed(EpisodeBlock b) => (double[])b.Owed.Clone();
        var plain = RiskMeasure.Cvar(Sample(s, null, Owed).X, 0.99);
        var (losses, ratios) = Sample(s, new ImportanceSpecification { Shifts = [2.5] }, Owed);
        RiskEstimate own = WeightedRisk.Cvar(losses, ratios, 0.99), given = WeightedRisk.Cvar(losses, ratios, 0.99, quantile);
        Near(exact, plain.Value, plain.StdErr);
        Near(exact, own.Value, own.StdErr);
        Near(exact, given.Value, given.StdErr);
        Near(quantile, WeightedRisk.Quantile(losses, ratios, 0.99), 0.15);
        Assert.True(own.StdErr < 0.3 * plain.StdErr, $"{own.StdErr} beside {plain.StdErr}");
        // The entropic risk of the capped loss beside the plain one's; the cap keeps its exponential moment within reach of plain paths.
        var entropic = new ObjectiveSpecification { Kind = ObjectiveKind.Entropic, RiskAversion = 0.2 };
        static double[] Capped(EpisodeBlock b) => [.. b.Owed.Select(o => Math.Min(o, 30))];
        var (capped, cappedRatios) = Sample(s, new ImportanceSpecification { Shifts = [2.5] }, Capped);
        RiskEstimate tilted = WeightedRisk.Of(entropic, capped, cappedRatios), flat = RiskMeasure.Of(entropic, Sample(s, null, Capped).X);
        Near(flat.Value, tilted.Value, Math.Sqrt(flat.StdErr * flat.StdErr + tilted.StdErr * tilted.StdErr));
    }

    [Fact]
    public void OnATreeProbabilitiesAreThoseOfItsNodes()
    {
        LabSpecification s = SimMarketTests.With("""{ "model": "trinomial", "spot": 100, "up": 1.05, "probabilities": [0.25, 0.5, 0.25] }""", steps: 5, stepYears: 1);
        // P(node) by convolution; the call's CVaR 95 %.
        double[] p = [1];
        for (int k = 0; k < 5; k++)
        {
            var next = new double[p.Length + 2];
            for (int i = 0; i < p.Length; i++) for (int d = 0; d < 3; d++) next[i + d] += p[i] * (d == 1 ? 0.5 : 0.25);
            p = next;
        }
        double left = 0.05, exact = 0;
        for (int i = p.Length - 1; left > 0; i--)
        {
            double take = Math.Min(left, p[i]);
            exact += take * Math.Max(100 * Math.Pow(1.05, i - 5) - 100, 0) / 0.05;
            left -= take;
        }
        var (last, ratios) = Sample(s, _both, Last);
        for (int node = 0; node < p.Length; node++)
        {
            double price = 100 * Math.Pow(1.05, node - 5);
            var seen = Mean(([.. last.Select(x => Math.Abs(x - price) < 1e-6 ? 1.0 : 0.0)], ratios));
            Near(p[node], seen.Mean, seen.StdErr);
        }
        RiskEstimate cvar = WeightedRisk.Cvar([.. last.Select(x => Math.Max(x - 100, 0))], ratios, 0.95);
        Near(exact, cvar.Value, cvar.StdErr);
    }

    [Theory]
    [InlineData(ObjectiveKind.Cvar)]
    [InlineData(ObjectiveKind.MeanVarianceCvar)]
    [InlineData(ObjectiveKind.Entropic)]
    public void WeightsAreTheWeightedRisksDerivativeByEachLoss(ObjectiveKind kind)
    {
        const int n = 600;
        var objective = new ObjectiveSpecification { Kind = kind, RiskAversion = 1.5, Level = 0.9, Weight = 0.6 };
        var random = new Random(6);
        float[] losses = [.. Enumerable.Range(0, n).Select(_ => (float)(random.NextDouble() * random.NextDouble()))], ratios = [.. Enumerable.Range(0, n).Select(_ => (float)(2 * random.NextDouble()))], weights = new float[n];
        // Of mean 1, so that it does not matter around what a mean is taken.
        float meanRatio = ratios.Average();
        for (int p = 0; p < n; p++) ratios[p] /= meanRatio;
        TrainingObjective training = TrainingObjective.Make(objective, 1);
        double risk, scale = 1;
        if (training.LooksAtTail) risk = training.WeighSample(losses, ratios, weights);
        else
        {
            training.Begin(losses, ratios);
            var sums = new BatchSums();
            training.Weigh(losses, ratios, weights, ref sums);
            risk = training.Finish(in sums, out scale);
        }
        double[] x = [.. losses.Select(l => (double)l)], counts = [.. ratios.Select(r => (double)r)];
        // The threshold is a minimiser: the derivative is that at the threshold as it stands.
        double threshold = WeightedRisk.Quantile(x, counts, 0.9);
        Assert.Equal(WeightedRisk.Of(objective, x, counts).Value, risk, kind == ObjectiveKind.MeanVarianceCvar ? 2e-3 : 1e-4);
        for (int p = 0; p < n; p += 29)
        {
            if (Math.Abs(x[p] - threshold) < 1e-3) continue;
            double Moved(double by)
            {
                double[] other = (double[])x.Clone();
                other[p] += by;
                return WeightedRisk.Of(objective, other, counts, threshold).Value;
            }
            Assert.Equal((Moved(1e-4) - Moved(-1e-4)) / 2e-4, weights[p] * scale, 1e-5);
        }
    }

    private static LabSpecification Call(ObjectiveKind kind, ImportanceSpecification? importance, double weight = 0.8) => TrainRunTests.Entropic(
        new TrainingSpecification { Paths = 4096, Epochs = 3, Batch = 1024, LearningRate = 0.01, Seed = 3, CoarseStepFactor = 2, Importance = importance },
        new PolicySpecification { Architecture = Architecture.Ntb, Hidden = [8], Activation = "relu" }, new ObjectiveSpecification { Kind = kind, RiskAversion = 10, Level = 0.95, Weight = weight }, steps: 12);

    [Theory]
    [InlineData(ObjectiveKind.Cvar)]
    [InlineData(ObjectiveKind.MeanCvar)]
    [InlineData(ObjectiveKind.MeanVarianceCvar)]
    [InlineData(ObjectiveKind.Entropic)]
    public void TheGradientsMeanIsThatOfPlainPaths(ObjectiveKind kind)
    {
        // Both gradients are random around the same mean: over many batches their means differ by no more than their errors allow. Batches are large, for a batch's own quantile is biased by its size.
        const int blocks = 16, batches = 24, paths = 256;
        static double[][] Gradients(LabSpecification s, ulong seed)
        {
            var problem = new SpecifiedProblem(s);
            double[] parameters = TrainSamples.Parameters(problem.Shape, 8);
            using var batch = new BatchGradient(problem.Problem, problem.Shape, TrainingObjective.Make(s.Objective, problem.Problem.MoneyScale), paths, blocks, 2);
            using var pool = new PathPool(blocks, problem.Problem.BlockRows, paths);
            var environment = new HedgingEnvironment(s, seed, s.Training.Importance);
            EpisodeBlock scratch = environment.NewBlock(paths);
            int[] order = [.. Enumerable.Range(0, blocks)];
            batch.SetParameters(parameters);
            return [.. Enumerable.Range(0, batches).Select(k =>
            {
                for (int b = 0; b < blocks; b++) problem.Fill(pool, b, scratch, environment, (long)(k * blocks + b) * paths);
                batch.Compute(pool, order);
                // The first batch of a risk that carries numbers along starts them.
                if (k == 0) batch.Compute(pool, order);
                return (double[])batch.Gradient.Clone();
            })];
        }
        double[][] plain = Gradients(Call(kind, null), 901), tilted = Gradients(Call(kind, _wide), 902);
        double size = Math.Sqrt(Enumerable.Range(0, plain[0].Length).Sum(i => Math.Pow(plain.Average(g => g[i]), 2)));
        int strayed = 0;
        for (int i = 0; i < plain[0].Length; i++)
        {
            (double Mean, double Square) Of(double[][] g)
            {
                double mean = g.Average(v => v[i]);
                return (mean, g.Sum(v => (v[i] - mean) * (v[i] - mean)) / (batches - 1) / batches);
            }
            var (a, b) = (Of(plain), Of(tilted));
            double error = Math.Sqrt(a.Square + b.Square);
            if (Math.Abs(a.Mean - b.Mean) > 4.5 * error + 0.005 * size) strayed++;
        }
        Assert.Equal(0, strayed);
    }

    [Theory]
    [InlineData(ObjectiveKind.Cvar)]
    [InlineData(ObjectiveKind.MeanCvar)]
    [InlineData(ObjectiveKind.Entropic)]
    public void TheFileIsTheSameOnAnyNumberOfThreadsAndAcrossAnInterrupt(ObjectiveKind kind)
    {
        var problem = new SpecifiedProblem(Call(kind, _wide));
        using var one = new TrainingRun(problem, 1);
        byte[] whole = problem.ToPolicyFile(one.Execute(null, null, null, default).Parameters);
        using var two = new TrainingRun(problem, 2);
        Assert.Equal(whole, problem.ToPolicyFile(two.Execute(null, null, null, default).Parameters));
        using var cut = new CancellationTokenSource();
        byte[]? kept = null;
        using var first = new TrainingRun(problem, 2);
        Assert.Equal(TrainingOutcome.Interrupted, first.Execute(null, s => kept = s.ToBytes(), _ => cut.Cancel(), cut.Token).Outcome);
        TrainingState? state = TrainingState.TryRead(kept!, System.Security.Cryptography.SHA256.HashData([]), problem.Shape.Parameters, out _);
        using var second = new TrainingRun(problem, 1);
        Assert.Equal(whole, problem.ToPolicyFile(second.Execute(state, null, null, default).Parameters));
        // It is another run than the plain one, not the same by oversight.
        var plain = new SpecifiedProblem(Call(kind, null));
        using var without = new TrainingRun(plain, 2);
        Assert.NotEqual(whole, plain.ToPolicyFile(without.Execute(null, null, null, default).Parameters));
    }

    [Fact]
    public void AReportsTailIsThatOfThePlainPathsWithASmallerError()
    {
        LabSpecification s = Call(ObjectiveKind.Cvar, null) with
        {
            Objective = new ObjectiveSpecification { Kind = ObjectiveKind.Cvar, Level = 0.99 },
            Evaluation = new EvaluationSpecification { Paths = 40_000, Importance = new ImportanceSpecification { Shifts = [2.5] } },
        };
        IBlockPolicy[] strategies = [new ClassicalPolicy("none", ClassicalRule.None, null, 1, 0)];
        TiltedFigures tilted = TiltedEvaluation.Of(s, strategies, 40_000, finalPremium: 0.01)[0];
        RiskEstimate plain = RiskMeasure.Of(s.Objective, PathRunner.Run(new HedgingEnvironment(s, 4), strategies, 0, 40_000)[0].Loss);
        Near(plain.Value, tilted.Risk.Value, Math.Sqrt(plain.StdErr * plain.StdErr + tilted.Risk.StdErr * tilted.Risk.StdErr));
        Assert.Equal(tilted.Risk.Value - 0.01, tilted.Cvar99.Value, 1e-12);
        Assert.True(tilted.Risk.StdErr < 0.4 * plain.StdErr);
        Assert.True(tilted.Cvar95.Value < tilted.Cvar99.Value);
        Assert.InRange(tilted.EffectivePaths, 10_000, 40_000);
    }
}
