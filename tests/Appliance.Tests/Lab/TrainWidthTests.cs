using Appliance.Kernels.Hedging;
using Appliance.Kernels.Networks;
using Appliance.Lab.Costs;
using Appliance.Lab.Differentiation;
using Appliance.Lab.Episodes;
using Appliance.Lab.Hedging;
using Appliance.Lab.Risk;
using Appliance.Lab.Specification;
using Appliance.Lab.Training;
using Appliance.Strategy.Policies;
using Appliance.Strategy.Policies.Files;
using Architecture = Appliance.Lab.Specification.PolicyArchitecture;

namespace Appliance.Tests.Lab;

/// <summary>A cost per trade is learned by a width within which nothing is traded: its derivative, the optimum it comes to, its file, and the same in the live flow.</summary>
public class TrainWidthTests(Xunit.Abstractions.ITestOutputHelper output)
{
    private const int Paths = 64;
    /// <summary>Of the first known figure's problem with 0.0005 a trade, a = 10, cost 0.001: the programme's own figure, which CertificateEntropicTests asserts.</summary>
    internal const double Optimum = 0.0250487;

    [Theory]
    [InlineData("mlp", 1, false, "Position", "Identity")]
    [InlineData("mlp", 2, true, "NeutralOffset", "Softplus")]
    [InlineData("step", 1, true, "Position", "Identity")]
    [InlineData("gru", 2, false, "NeutralOffset", "Tanh")]
    public void The_smoothed_objective_has_the_gradient(string architecture, int hedges, bool band, string meaning, string squash)
    {
        HedgeProblem problem = TrainSamples.Problem(6, hedges, band, Enum.Parse<OutputMeaning>(meaning), Enum.Parse<OutputSquash>(squash), perTrade: 0.05f, width: true);
        NetworkShape shape = TrainSamples.Shape(problem, architecture, Activation.Tanh);
        double[] parameters = TrainSamples.Parameters(shape, 51);
        using PathPool pool = TrainSamples.Pool(problem, 1, Paths, 52);
        using var batch = new BatchGradient(problem, shape, new MeanVarianceObjective(0), Paths, 1, 1);
        batch.SetParameters(parameters);
        double Along(TrainReference reference, double[] direction, bool slope)
        {
            double sum = 0;
            for (int p = 0; p < Paths; p++)
            {
                int path = p;
                Dual loss = reference.Loss(parameters, direction, row => pool.Row(0, row)[path]);
                sum += slope ? loss.Slope : loss.Value;
            }
            return sum / Paths;
        }
        var none = new double[parameters.Length];
        // The policy's own loss, and that of the surrogate, know no degrees.
        double hard = Along(new TrainReference(problem, shape), none, slope: false);
        Assert.Equal(hard, batch.Losses(pool, [0]).ToArray().Average(), 1e-5);
        batch.SetGate(GateKind.Surrogate);
        Assert.Equal(hard, batch.Compute(pool, [0]), 1e-5);

        batch.SetGate(GateKind.Soft);
        var soft = new TrainReference(problem, shape) { IsSoft = true };
        double mean = batch.Compute(pool, [0]);
        Assert.Equal(Along(soft, none, slope: false), mean, 1e-5);
        Assert.True(Math.Abs(mean - hard) > 1e-4);
        double norm = Math.Sqrt(batch.Gradient.Sum(g => g * g));
        Assert.True(norm > 0.01);
        var random = new Random(53);
        for (int trial = 0; trial < 6; trial++)
        {
            var direction = new double[parameters.Length];
            for (int i = trial; i < direction.Length; i += 6) direction[i] = (float)(2 * random.NextDouble() - 1);
            double length = Math.Sqrt(direction.Sum(d => d * d));
            Assert.Equal(Along(soft, direction, slope: true), batch.Gradient.Zip(direction, (g, d) => g * d).Sum(), 1e-4 * length * (1 + norm));
        }
    }

    [Fact]
    public void Differences_of_the_smoothed_objective_see_the_same_slope()
    {
        HedgeProblem problem = TrainSamples.Problem(6, 1, band: true, OutputMeaning.NeutralOffset, OutputSquash.Softplus, perTrade: 0.05f, width: true);
        NetworkShape shape = TrainSamples.Shape(problem, "mlp", Activation.Tanh);
        double[] parameters = TrainSamples.Parameters(shape, 61);
        using PathPool pool = TrainSamples.Pool(problem, 8, 256, 62);
        using var batch = new BatchGradient(problem, shape, new MeanVarianceObjective(0), 256, 8, 2);
        int[] blocks = [.. Enumerable.Range(0, 8)];
        batch.SetGate(GateKind.Soft);
        batch.SetParameters(parameters);
        batch.Compute(pool, blocks);
        TrainGradientTests.HoldsAlongItself(batch, pool, blocks, parameters);
    }

    [Fact]
    public void The_surrogates_slope_to_a_width_is_that_of_the_mean_exact_loss()
    {
        // One decision, costs alone: with holdings off by |d| a trade is worth −f − c|d| at the width, and there are as many paths there as there are.
        HedgeProblem problem = TrainSamples.Problem(1, 1, band: false, OutputMeaning.Position, OutputSquash.Identity, perTrade: 0.05f, width: true, liquidates: false);
        NetworkShape shape = new(problem.Inputs.Length, [], RecurrentKind.Lstm, [], problem.Outputs, Activation.Tanh);
        var parameters = new double[shape.Parameters];
        // The target is 0.4 + 0.8·3·row, the row uniform on [−1, 1]; the width 0.3 + 0.3·bias.
        parameters[0] = 3;
        int widthBias = parameters.Length - 1;
        const int blocks = 256;
        using PathPool pool = TrainSamples.Pool(problem, blocks, 256, 72);
        using var batch = new BatchGradient(problem, shape, new MeanVarianceObjective(0), 256, blocks, 2);
        int[] order = [.. Enumerable.Range(0, blocks)];
        double Loss(double bias)
        {
            parameters[widthBias] = bias;
            batch.SetParameters(parameters);
            batch.SetGate(GateKind.Hard);
            double sum = 0;
            foreach (float loss in batch.Losses(pool, order)) sum += loss;
            return sum / (blocks * 256);
        }
        foreach (double bias in (double[])[0.5, 1.5])
        {
            double difference = (Loss(bias + 0.25) - Loss(bias - 0.25)) / 0.5;
            Loss(bias);
            batch.SetGate(GateKind.Surrogate);
            batch.Compute(pool, order);
            output.WriteLine($"bias {bias}: exact {difference:G5}, surrogate {batch.Gradient[widthBias]:G5}");
            Assert.InRange(batch.Gradient[widthBias] / difference, 0.85, 1.15);
        }
    }

    private static LabSpecification WithFixed(LabSpecification specification, double perTrade = 0.0005) => specification with { Hedges = [new HedgeSpecification { Costs = new CostSpecification { Proportional = 0.001, Fixed = perTrade } }] };

    [Fact]
    public void A_miniature_training_with_a_cost_per_trade_comes_near_the_exact_optimum()
    {
        var policy = new PolicySpecification { Architecture = Architecture.Ntb, Hidden = [16], Activation = "relu", Features = ["moneyness", "yearsToExpiry", "hedgePosition", "delta"] };
        LabSpecification specification = WithFixed(TrainRunTests.Entropic(new TrainingSpecification { Paths = 16384, Epochs = 8, Batch = 2048, LearningRate = 0.01, Seed = 1 }, policy));
        var problem = new SpecifiedProblem(specification);
        using var run = new TrainingRun(problem, 2);
        TrainingResult result = run.Execute(null, null, null, default);
        PolicyFile file = PolicyFile.Parse("mini.safetensors", problem.ToPolicyFile(result.Parameters));
        BlockResult judged = TrainRunTests.Hedge(specification, file, 40_000, 99);
        RiskEstimate risk = RiskMeasure.Of(specification.Objective, judged.Loss);
        double scale = TrainRunTests.NoHedge - Optimum, gap = (risk.Value - Optimum) / scale, error = risk.StdErr / scale;
        output.WriteLine($"gap {gap:F4} ± {error:F4}, {judged.Rebalances.Average():F2} trades a path");
        Assert.True(gap < 0.10 + 4 * error, $"gap {gap:F4} ± {error:F4}");
        Assert.True(gap > -4 * error, $"gap {gap:F4} ± {error:F4}: better than the optimum");
        // Thirty decisions, and hardly two trades.
        Assert.InRange(judged.Rebalances.Average(), 0.5, 4);
    }

    [Theory]
    [InlineData("Ntb", ObjectiveKind.Cvar)]
    [InlineData("Mlp", ObjectiveKind.Entropic)]
    [InlineData("Gru", ObjectiveKind.MeanCvar)]
    public void The_file_is_the_same_on_any_number_of_threads_and_across_an_interrupt(string architecture, ObjectiveKind kind)
    {
        var policy = new PolicySpecification { Architecture = Enum.Parse<Architecture>(architecture), Hidden = [8], Activation = "tanh" };
        var training = new TrainingSpecification { Paths = 4096, Epochs = 3, Batch = 1024, LearningRate = 0.01, Seed = 3, CoarseStepFactor = 3 };
        var problem = new SpecifiedProblem(WithFixed(TrainRunTests.Entropic(training, policy, new ObjectiveSpecification { Kind = kind, RiskAversion = 10, Level = 0.9, Weight = 0.8 }, steps: 12)));
        using var one = new TrainingRun(problem, 1);
        byte[] whole = problem.ToPolicyFile(one.Execute(null, null, null, default).Parameters);
        using var cut = new CancellationTokenSource();
        byte[]? kept = null;
        using var first = new TrainingRun(problem, 2);
        Assert.Equal(TrainingOutcome.Interrupted, first.Execute(null, s => kept = s.ToBytes(), _ => cut.Cancel(), cut.Token).Outcome);
        TrainingState? state = TrainingState.TryRead(kept!, System.Security.Cryptography.SHA256.HashData([]), problem.Shape.Parameters, out _);
        using var second = new TrainingRun(problem, 2);
        Assert.Equal(whole, problem.ToPolicyFile(second.Execute(state, null, null, default).Parameters));
        // A half-width beside a band is of the third version, which readers of the first two refuse; a target's has always been of the first.
        Assert.Equal(architecture == "Ntb" ? PolicyMetadata.WidthVersion : PolicyMetadata.FormatVersion, SafetensorsFile.Parse("x", whole).Metadata["policyFormat"]);
    }

    [Theory]
    [InlineData("Ntb", 1)]
    [InlineData("Mlp", 3)]
    public void The_engine_that_judges_books_the_losses_that_training_saw(string architecture, int every)
    {
        var policy = new PolicySpecification
        {
            Architecture = Enum.Parse<Architecture>(architecture), Hidden = [8], Activation = "silu", Features = ["moneyness", "yearsToExpiry", "hedgePosition", "delta", "gamma", "accruedPnl"],
            Rule = new StrategySpecification { Kind = Architecture.None, Every = every },
        };
        LabSpecification specification = WithFixed(TrainRunTests.Entropic(new TrainingSpecification { Paths = 4096 }, policy, steps: 12)) with { LiquidateAtEnd = true };
        var problem = new SpecifiedProblem(specification);
        double[] parameters = TrainSamples.Parameters(problem.Shape, 5);
        (float[] trained, BlockResult judged) = TrainSamples.LossesOfBoth(problem, specification, PolicyFile.Parse("x", problem.ToPolicyFile(parameters)), parameters);
        for (int p = 0; p < 128; p++) Assert.Equal(judged.Loss[p], trained[p] * problem.Problem.MoneyScale, 2e-5);
        Assert.True(judged.Rebalances.Distinct().Count() > 2);
    }

    [Theory]
    [InlineData("Ntb")]
    [InlineData("Mlp")]
    public void Live_nothing_is_traded_within_the_width_and_all_is_beyond_it(string architecture)
    {
        var policy = new PolicySpecification { Architecture = Enum.Parse<Architecture>(architecture), Hidden = [8], Activation = "silu", Features = ["moneyness", "yearsToExpiry", "hedgePosition", "delta"] };
        LabSpecification specification = WithFixed(TrainRunTests.Entropic(new TrainingSpecification { Paths = 4096, Epochs = 4, Batch = 1024, LearningRate = 0.02, Seed = 5 }, policy), 0.0001);
        var problem = new SpecifiedProblem(specification);
        using var run = new TrainingRun(problem, 2);
        PolicyFile file = PolicyFile.Parse("trained.safetensors", problem.ToPolicyFile(run.Execute(null, null, null, default).Parameters));
        ulong seed = (ulong)Environment.TickCount64;
        int episodes = Environment.GetEnvironmentVariable("APPLIANCE_FULL") == "1" ? 5_000 : 250, near = 0, kept = 0, traded = 0;
        output.WriteLine($"seed {seed}, {episodes} episodes");
        const int block = 50;
        var environment = new HedgingEnvironment(specification, seed);
        EpisodeBlock paths = environment.NewBlock(block);
        IBlockPolicySession session = new FilePolicy(file, specification).Open(environment, block);
        var book = new HoldingBook(1, block);
        for (int from = 0; from < episodes; from += block)
        {
            environment.Fill(paths, from);
            for (int step = 0; step <= 30; step++)
                foreach (ref double price in paths.Price(0, step)) price = Math.Round(price * TrainLiveEpisode.PriceUnitsPerOne) / TrainLiveEpisode.PriceUnitsPerOne;
            TrainLiveEpisode[] live = [.. Enumerable.Range(0, block).Select(_ => new TrainLiveEpisode(specification, new NetworkPolicy(file)))];
            for (int step = 0; step < 30; step++)
            {
                // What the lab decides of what is held live, and of a lot more and a lot less: beside the width's edge a last bit may tell.
                double[][] decided = [new double[block], new double[block], new double[block]];
                for (int shift = 0; shift < 3; shift++)
                {
                    for (int p = 0; p < block; p++) book.Holding[0][p] = live[p].Held + (shift == 2 ? -1 : shift) * TrainLiveEpisode.Lot;
                    session.Decide(paths, step, book);
                    for (int p = 0; p < block; p++) decided[shift][p] = book.Target[0][p] == book.Holding[0][p] ? live[p].Held : book.Target[0][p];
                }
                for (int p = 0; p < block; p++)
                {
                    double before = live[p].Held;
                    live[p].Quote(step, (long)Math.Round(paths.Price(0, step)[p] * TrainLiveEpisode.PriceUnitsPerOne));
                    double off = decided.Min(d => Math.Abs(live[p].Held - d[p]));
                    Assert.True(off <= TrainLiveEpisode.Lot, $"seed {seed}, path {from + p}, step {step}: held {before:R}, live went to {live[p].Held:R}, the lab to {decided[0][p]:R}");
                    if (Math.Abs(live[p].Held - decided[0][p]) > TrainLiveEpisode.Lot) near++;
                    if (live[p].Held == before) kept++;
                    else traded++;
                }
            }
        }
        output.WriteLine($"{traded} trades, {kept} decisions without one, {near} at the edge itself");
        Assert.InRange(traded, episodes / 2, 15 * episodes);
        Assert.True(kept > 10 * episodes);
        Assert.True(near <= 10 + episodes / 10, $"{near} decisions of {30 * episodes} lay beside the edge");
    }

    [Fact]
    public void A_width_beside_a_band_survives_the_file_and_is_obeyed()
    {
        var metadata = new PolicyMetadata
        {
            Architecture = Appliance.Strategy.Policies.Files.PolicyArchitecture.Ntb, HiddenSizes = [], Activation = Activation.Relu, Features = [new(Appliance.Strategy.Features.FeatureId.Moneyness, 0, 1)],
            TargetKind = TargetKind.HedgePosition, Band = new BandMap(new OutputMap(1, 1, -9, 9), new OutputMap(1, 3, -9, 9)), HasBandWidth = true, HalfWidth = new OutputMap(1, 0.5, 0, 9),
            Objective = "none: a test", MarketModel = "gbm", TrainingSeed = "1", ParentHash = "",
        };
        byte[] bytes = PolicyFile.Write(metadata, PolicyWeights.Perceptron([new DenseLayer(1, 3, [0, 0, 1], [0, 0, 0])]));
        NetworkPolicy policy = NetworkPolicy.Parse("x", bytes);
        Assert.True(policy.Metadata is { HasBandWidth: true } && policy.Metadata.HalfWidth == metadata.HalfWidth);
        HedgeTarget target = policy.Decide(new PortfolioState { Moneyness = 0.25, HedgePositionUnits = 0.4 });
        Assert.Equal((1, 0.25, 3.75), (target.TargetUnits, target.LowerUnits, target.UpperUnits));
        Assert.True(target.IsInside(0.4));
        // Without the third output, or without the key, it is refused.
        Assert.Throws<ArgumentException>(() => PolicyFile.Write(metadata with { Band = null, Target = new OutputMap(1, 0, -1, 1), Architecture = Appliance.Strategy.Policies.Files.PolicyArchitecture.Mlp }, PolicyWeights.Perceptron([new DenseLayer(1, 1, [0], [0])])));
        byte[] cut = PolicyFile.Write(metadata, PolicyWeights.Perceptron([new DenseLayer(1, 2, [0, 0], [0, 0])]));
        Assert.Contains("expected F32 [3,1]", Assert.Throws<PolicyFileException>(() => PolicyFile.Parse("x", cut)).Message);
    }
}
