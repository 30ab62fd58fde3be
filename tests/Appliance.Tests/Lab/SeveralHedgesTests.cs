using System.Text;
using Appliance.Kernels.Networks;
using Appliance.Lab.Costs;
using Appliance.Lab.Differentiation;
using Appliance.Lab.Episodes;
using Appliance.Lab.Export;
using Appliance.Lab.Hedging;
using Appliance.Lab.Specification;
using Appliance.Lab.Training;
using Appliance.Strategy.Features;
using Appliance.Strategy.Policies;
using Appliance.Strategy.Policies.Files;
using Architecture = Appliance.Lab.Specification.PolicyArchitecture;

namespace Appliance.Tests.Lab;

/// <summary>Policies of several hedges: what their files say, that the engine books what training saw, that threads and interrupts change no byte, and who refuses them.</summary>
public sealed class SeveralHedgesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hedges-").FullName;
    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static readonly TrainingSpecification _short = new() { Paths = 2048, Epochs = 3, Batch = 512, LearningRate = 0.01, Seed = 3 };

    /// <summary>A short call under Heston, hedged with a perpetual that pays funding and a variance swap, both at a cost.</summary>
    private static LabSpecification Heston(PolicySpecification policy, ObjectiveKind kind = ObjectiveKind.Cvar) => new()
    {
        File = "test.json",
        Market = new MarketSpecification { Model = MarketModel.Heston, Spots = [100], V0 = 0.04, Kappa = 1, Theta = 0.04, Xi = 1, Rho = -0.7, Rate = 0.02 }, Time = new TimeSpecification(12, 1 / 365.0, 2),
        Liability = new LiabilitySpecification { Contracts = [new ContractSpecification { Contract = ContractKind.European, Strike = 100 }] },
        Hedges =
        [
            new HedgeSpecification { Instrument = HedgeKind.Perpetual, FundingRate = 0.3, Costs = new CostSpecification { Proportional = 0.001, Fixed = 0.002 } },
            new HedgeSpecification { Instrument = HedgeKind.VarianceSwap, Costs = new CostSpecification { Proportional = 0.005 }, LowestHolding = -300_000, HighestHolding = 300_000 },
        ],
        InitialHolding = [0.1, 5], LiquidateAtEnd = true, Objective = new ObjectiveSpecification { Kind = kind, Level = 0.8, RiskAversion = 0.1 }, Policy = policy, Training = _short,
    };

    private static PolicySpecification Policy(string architecture, int every = 1, params string[] features) => new()
    {
        Architecture = Enum.Parse<Architecture>(architecture), Hidden = [8], Activation = "tanh", Features = features, Rule = new StrategySpecification { Kind = Architecture.None, Every = every },
    };

    [Fact]
    public void A_feature_that_each_hedge_has_stands_for_that_of_every_hedge()
    {
        NormalisedFeature[] Features(params string[] names) =>
            PolicyFile.Parse("x", FileOf(new SpecifiedProblem(Heston(Policy("Mlp", 1, names))))).Metadata.Features;
        Assert.Equal([(FeatureId.HedgePosition, 0), (FeatureId.HedgePosition, 1), (FeatureId.Mid, 0), (FeatureId.Mid, 1)], Features("hedgePosition", "mid").Select(f => (f.Feature, f.Hedge)));
        Assert.Equal([(FeatureId.HedgePosition, 1), (FeatureId.Mid, 0)], Features("hedgePosition[1]", "mid[0]").Select(f => (f.Feature, f.Hedge)));
        // Left out: the market's state, what is held of each, and for a risk that is not entropic what was earned.
        Assert.Equal([FeatureId.Moneyness, FeatureId.EwmaVolatility, FeatureId.YearsToExpiry, FeatureId.HedgePosition, FeatureId.HedgePosition, FeatureId.AccruedPnl], Features().Select(f => f.Feature));
        string said = Assert.Throws<TrainingProblemException>(() => new SpecifiedProblem(Heston(Policy("Mlp", 1, "hedgePosition[2]")))).Message;
        Assert.Contains("policy.features: \"hedgePosition[2]\": there are 2 hedges, counted from 0", said, StringComparison.Ordinal);
    }

    private static byte[] FileOf(SpecifiedProblem problem, double[]? parameters = null) => problem.ToPolicyFile(parameters ?? problem.Shape.Initialise(1));

    [Theory]
    [InlineData("Mlp", 3)]
    [InlineData("Ntb", 1)]
    [InlineData("Gru", 2)]
    [InlineData("Lstm", 1)]
    public void The_engine_that_judges_books_the_losses_that_training_saw(string architecture, int every)
    {
        LabSpecification specification = Heston(Policy(architecture, every, "moneyness", "ewmaVolatility", "yearsToExpiry", "hedgePosition", "mid[1]", "accruedPnl"));
        var problem = new SpecifiedProblem(specification);
        double[] parameters = TrainSamples.Parameters(problem.Shape, 5);
        byte[] file = FileOf(problem, parameters);
        // The perpetual's fixed cost brings widths, which are of the third version.
        Assert.Equal(PolicyMetadata.WidthVersion, Safetensors(file)["policyFormat"]);
        double[][][] holdings = [.. Enumerable.Range(0, 2).Select(_ => Enumerable.Range(0, 12).Select(_ => new double[64]).ToArray())];
        (float[] trained, BlockResult judged) = TrainSamples.LossesOfBoth(problem, specification, PolicyFile.Parse("x", file), parameters, holdings);
        // Both instruments are traded, and trade differently from path to path, though not within their widths.
        foreach (double[][] hedge in holdings) Assert.True(hedge[11].Distinct().Count() > 8);
        for (int p = 0; p < 128; p++) Assert.Equal(judged.Loss[p], trained[p] * problem.Problem.MoneyScale, 2e-3);
    }

    private static IReadOnlyDictionary<string, string> Safetensors(byte[] bytes) => SafetensorsFile.Parse("x", bytes).Metadata;

    [Theory]
    [InlineData("Ntb", ObjectiveKind.Cvar)]
    [InlineData("Gru", ObjectiveKind.Entropic)]
    public void The_file_is_the_same_on_any_number_of_threads_and_across_an_interrupt(string architecture, ObjectiveKind kind)
    {
        var problem = new SpecifiedProblem(Heston(Policy(architecture), kind));
        using var one = new TrainingRun(problem, 1);
        TrainingResult result = one.Execute(null, null, null, default);
        byte[] whole = FileOf(problem, result.Parameters);
        using var cut = new CancellationTokenSource();
        byte[]? kept = null;
        using var first = new TrainingRun(problem, 2);
        Assert.Equal(TrainingOutcome.Interrupted, first.Execute(null, s => kept = s.ToBytes(), _ => cut.Cancel(), cut.Token).Outcome);
        TrainingState? state = TrainingState.TryRead(kept!, System.Security.Cryptography.SHA256.HashData([]), problem.Shape.Parameters, out _);
        using var second = new TrainingRun(problem, 2);
        Assert.Equal(whole, FileOf(problem, second.Execute(state, null, null, default).Parameters));
    }

    /// <summary>Two hedges whose outputs are their features: what is decided can be written down.</summary>
    private static readonly PolicyMetadata _plain = new()
    {
        HiddenSizes = [], Activation = Activation.Relu, Features = [new(FeatureId.HedgePosition, 1, 2, 1), new(FeatureId.Moneyness, 0, 1)], TargetKind = TargetKind.HedgePosition,
        Hedges = [new("perpetual", new OutputMap(2, 1, -3, 3), null), new("variance-swap", new OutputMap(100, 0, -120, 150), null)],
        Schedule = new DecisionSchedule(ScheduleKind.Steps, 1 / 365.0, 12, ScheduleAnchor.Expiry), Objective = "none: a test", MarketModel = "heston", TrainingSeed = "1", ParentHash = "",
    };
    private static readonly PolicyWeights _plainWeights = PolicyWeights.Perceptron([new DenseLayer(2, 2, [0.5f, 0, 0, 4], [0.25f, 0.5f])]);

    [Fact]
    public void Decides_as_its_file_says()
    {
        PolicyFile file = PolicyFile.Parse("two.safetensors", PolicyFile.Write(_plain, _plainWeights));
        Assert.Equal(_plain with { Features = file.Metadata.Features, Hedges = file.Metadata.Hedges, HiddenSizes = [], HeadSizes = file.Metadata.HeadSizes }, file.Metadata with { HiddenSizes = [] });
        Assert.Equal(_plain.Features, file.Metadata.Features);
        Assert.Equal(_plain.Hedges, file.Metadata.Hedges);
        LabSpecification specification = Heston(Policy("Mlp"));
        var environment = new HedgingEnvironment(specification, 9);
        EpisodeBlock block = environment.NewBlock(3);
        environment.Fill(block, 0);
        var book = new HoldingBook(2, 3);
        IBlockPolicySession session = new FilePolicy(file, specification).Open(environment, 3);
        session.Begin(block);
        for (int p = 0; p < 3; p++) (book.Holding[0][p], book.Holding[1][p]) = (7, p);
        session.Decide(block, 5, book);
        for (int p = 0; p < 3; p++)
        {
            // Of the second hedge p are held: (p − 1)/2 halved and a quarter is the first output; four times the moneyness and a half the second.
            Assert.Equal(1 + 2 * (0.25 * (p - 1) + 0.25), book.Target[0][p], 1e-6);
            Assert.Equal(Math.Clamp(100 * (4 * Math.Log(block.Market.Row(0, 5)[p] / 100) + 0.5), -120, 150), book.Target[1][p], 1e-3);
        }
        // A band clamps what is held of each hedge.
        PolicyMetadata band = _plain with
        {
            Architecture = Appliance.Strategy.Policies.Files.PolicyArchitecture.Ntb, Features = [new(FeatureId.Moneyness, 0, 1)],
            Hedges = [new("perpetual", default, new BandMap(new OutputMap(1, 0, -9, 9), new OutputMap(1, 1, -9, 9))), new("variance-swap", default, new BandMap(new OutputMap(1, 1, -9, 9), new OutputMap(1, 3, -9, 9)))],
        };
        file = PolicyFile.Parse("band.safetensors", PolicyFile.Write(band, PolicyWeights.Perceptron([new DenseLayer(1, 4, [0, 0, 0, 0], [0, 0, 0, 0])])));
        session = new FilePolicy(file, specification).Open(environment, 3);
        session.Begin(block);
        session.Decide(block, 5, book);
        Assert.Equal([1, 1, 1], book.Target[0]);
        Assert.Equal([1, 1, 2], book.Target[1]);
    }

    [Theory]
    [InlineData("\"policyFormat\":\"2\"", "\"policyFormat\":\"4\"", "metadata \"policyFormat\": seen 4, expected \"1\", \"2\" for several hedges")]
    [InlineData("\"policyFormat\":\"2\"", "\"policyFormat\":\"3\"", "and \"halfWidth\", each an object")]
    [InlineData("\"policyFormat\":\"2\"", "\"policyFormat\":\"1\"", "metadata \"target\" is missing")]
    [InlineData("\"hedges\"", "\"hedgez\"", "metadata \"hedges\" is missing")]
    [InlineData("\"parentHash\"", "\"target\":\"{}\",\"parentHash\"", "metadata \"target\" belongs to policyFormat 1")]
    [InlineData("hedgePosition\\u0022,\\u0022target\\u0022", "hedgeRatio\\u0022,\\u0022target\\u0022", "expected a list of 2 to 64 entries")]
    [InlineData("\\u0022hedge\\u0022:1", "\\u0022hedge\\u0022:2", "feature \"hedgePosition\" is of hedge 2; there are 2, counted from 0")]
    [InlineData("\"shape\":[2]", "\"shape\":[3]", "tensor \"layers.0.bias\": seen F32 [3], expected F32 [2]")]
    public void A_bad_file_is_refused_with_place_seen_and_expected(string find, string replace, string said)
    {
        byte[] good = PolicyFile.Write(_plain, _plainWeights);
        int length = (int)BitConverter.ToInt64(good);
        string header = Encoding.UTF8.GetString(good, 8, length);
        Assert.Contains(find, header, StringComparison.Ordinal);
        byte[] changed = Encoding.UTF8.GetBytes(header.Replace(find, replace, StringComparison.Ordinal));
        byte[] bad = [.. BitConverter.GetBytes((long)changed.Length), .. changed, .. good.AsSpan(8 + length)];
        Assert.Contains(said, Assert.Throws<PolicyFileException>(() => PolicyFile.Parse("desk/two.safetensors", bad)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_and_specifications_of_other_hedges_do_not_meet()
    {
        PolicyFile two = PolicyFile.Parse("two.safetensors", PolicyFile.Write(_plain, _plainWeights));
        LabSpecification both = Heston(Policy("Mlp")), spot = both with { Hedges = [both.Hedges[0]], InitialHolding = [0] }, turned = both with { Hedges = [both.Hedges[1], both.Hedges[0]] };
        string said = Assert.Throws<TrainingProblemException>(() => new FilePolicy(two, spot)).Message;
        Assert.Contains("test.json: hedges: two.safetensors holds the hedge of perpetual, variance-swap, the specification's are perpetual;", said, StringComparison.Ordinal);
        Assert.Throws<TrainingProblemException>(() => new FilePolicy(two, turned));
        PolicyFile one = PolicyFile.Parse("one.safetensors", FileOf(new SpecifiedProblem(spot)));
        said = Assert.Throws<TrainingProblemException>(() => new FilePolicy(one, both)).Message;
        Assert.Contains("holds the hedge of one instrument", said, StringComparison.Ordinal);
        // What trades live trades one instrument a portfolio.
        said = Assert.Throws<PolicyFileException>(() => new NetworkPolicy(two)).Message;
        Assert.Contains("two.safetensors: metadata \"hedges\": it holds the hedges of 2 instruments (perpetual, variance-swap)", said, StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_draws_every_hedge()
    {
        LabSpecification specification = Heston(Policy("Mlp")) with { Evaluation = new EvaluationSpecification { Paths = 200, Resamples = 20 } };
        PolicyFile file = PolicyFile.Parse("x", FileOf(new SpecifiedProblem(specification)));
        Appliance.Lab.Backtest.BacktestReport report = Appliance.Lab.Backtest.Evaluation.Run(specification, [new FilePolicy(file, specification)], []);
        Assert.Equal(2, report.Example!.Holdings.Length);
        Assert.Equal(["perpetual", "variance-swap"], report.Surface!.Hedges);
        // At the first step the network answers to the price alone, and the surface shows it for both.
        foreach (double[][][] hedge in report.Surface.Holdings) Assert.True(hedge[0][0].Distinct().Count() > 10);
        string json = Path.Combine(_folder, "two.json");
        Appliance.Host.Reports.LabReport.Write(json, report);
        string page = File.ReadAllText(Path.ChangeExtension(json, ".html"));
        Assert.Contains("Holdings, variance-swap", page, StringComparison.Ordinal);
        Assert.Contains("Step 6, perpetual", page, StringComparison.Ordinal);
    }

    [Fact]
    public void An_export_holds_both_hedges_and_numpy_sums_its_losses()
    {
        LabSpecification specification = Heston(Policy("Mlp"));
        PolicyFile file = PolicyFile.Parse("x", FileOf(new SpecifiedProblem(specification)));
        EpisodeExport.Write(specification, new FilePolicy(file, specification), 40, _folder, CancellationToken.None);
        NpyArray Read(string name) => NpyFile.Read(Path.Combine(_folder, name + ".npy"));
        Assert.Equal([40, 12, 2], Read("hedges").Shape);
        Assert.Equal([40, 13, 2], Read("prices").Shape);
        Assert.Equal([40, 12, 6], Read("features").Shape);
        Assert.Equal(Read("paths").Values, Enumerable.Range(0, 40 * 13).Select(i => Read("prices").Values[2 * i]));
        // What was held before a decision is what the decision before left: features 2 and 3 are the two hedges.
        double[] features = Read("features").Values, hedges = Read("hedges").Values;
        for (int path = 0; path < 40; path++)
            for (int step = 1; step < 12; step++)
                for (int h = 0; h < 2; h++) Assert.Equal(hedges[(path * 12 + step - 1) * 2 + h], features[(path * 12 + step) * 6 + 2 + h]);
        ExportTests.NumpyAgrees(_folder);
    }
}
