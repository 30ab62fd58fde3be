using Appliance.Lab.Costs;
using Appliance.Lab.Episodes;
using Appliance.Lab.Hedging;
using Appliance.Lab.Risk;
using Appliance.Lab.Specification;
using Appliance.Lab.Training;
using Appliance.Strategy.Policies.Files;
using Architecture = Appliance.Lab.Specification.PolicyArchitecture;

namespace Appliance.Tests.Lab;

/// <summary>Whole runs: the same file on any number of threads and across an interrupt, a miniature training against the known optimum, and what happens when it goes wrong.</summary>
public class TrainRunTests
{
    /// <summary>The first known figure's problem (issue of the lab): optimum and no hedge by an exact dynamic programme.</summary>
    internal const double Optimum = 0.0240027, NoHedge = 0.0302920;

    internal static LabSpecification Entropic(TrainingSpecification training, PolicySpecification? policy = null, ObjectiveSpecification? objective = null, int steps = 30) => new()
    {
        File = "test.json",
        Market = new MarketSpecification { Model = MarketModel.Gbm, Spots = [1.0], Volatilities = [0.2] }, Time = new TimeSpecification(steps, 1 / 365.0),
        Liability = new LiabilitySpecification { Contracts = [new ContractSpecification { Contract = ContractKind.European, Strike = 1 }] },
        Hedges = [new HedgeSpecification { Costs = new CostSpecification { Proportional = 0.001 } }], InitialHolding = [0],
        Objective = objective ?? new ObjectiveSpecification { Kind = ObjectiveKind.Entropic, RiskAversion = 10 },
        Policy = policy ?? new PolicySpecification { Architecture = Architecture.Ntb, Hidden = [16], Activation = "relu", Features = ["moneyness", "yearsToExpiry", "hedgePosition", "delta"] },
        Training = training,
    };

    private static readonly TrainingSpecification _short = new() { Paths = 4096, Epochs = 3, Batch = 1024, LearningRate = 0.01, Seed = 3, CoarseStepFactor = 3 };

    private static byte[] FileOf(SpecifiedProblem problem, TrainingResult result) => problem.ToPolicyFile(result.Parameters);

    public static TheoryData<string, ObjectiveKind> Kinds => new() { { "Ntb", ObjectiveKind.Entropic }, { "Mlp", ObjectiveKind.Cvar }, { "Gru", ObjectiveKind.MeanCvar }, { "Lstm", ObjectiveKind.StdDev } };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_file_is_the_same_on_any_number_of_threads_and_across_an_interrupt(string architecture, ObjectiveKind kind)
    {
        var policy = new PolicySpecification { Architecture = Enum.Parse<Architecture>(architecture), Hidden = [8], Activation = "tanh" };
        var objective = new ObjectiveSpecification { Kind = kind, RiskAversion = 10, Level = 0.9, Weight = 0.8 };
        var problem = new SpecifiedProblem(Entropic(_short, policy, objective, steps: 12));
        using var one = new TrainingRun(problem, 1);
        byte[] whole = FileOf(problem, one.Execute(null, null, null, default));
        using var two = new TrainingRun(problem, 2);
        Assert.Equal(whole, FileOf(problem, two.Execute(null, null, null, default)));

        // Interrupted in the second epoch's way by a state written to bytes and read back, and gone on with by another run on another number of threads.
        using var cut = new CancellationTokenSource();
        byte[]? kept = null;
        using var first = new TrainingRun(problem, 2);
        TrainingResult partial = first.Execute(null, s => kept = s.ToBytes(), _ => cut.Cancel(), cut.Token);
        Assert.Equal(TrainingOutcome.Interrupted, partial.Outcome);
        Assert.Equal(1, partial.EpochsDone);
        TrainingState? state = TrainingState.TryRead(kept!, System.Security.Cryptography.SHA256.HashData([]), problem.Shape.Parameters, out _);
        using var second = new TrainingRun(problem, 3);
        TrainingResult rest = second.Execute(state, null, null, default);
        Assert.Equal(TrainingOutcome.Done, rest.Outcome);
        Assert.Equal(whole, FileOf(problem, rest));
        Assert.Equal(3, rest.History.Count);
    }

    [Fact]
    public void A_miniature_training_comes_near_the_exact_optimum()
    {
        var problem = new SpecifiedProblem(Entropic(new TrainingSpecification { Paths = 16384, Epochs = 4, Batch = 2048, LearningRate = 0.01, Seed = 1 }));
        using var run = new TrainingRun(problem, 2);
        TrainingResult result = run.Execute(null, null, null, default);
        Assert.Equal(TrainingOutcome.Done, result.Outcome);
        // Judged by the lab's P&L engine on paths of another seed, through the policy file.
        PolicyFile file = PolicyFile.Parse("mini.safetensors", problem.ToPolicyFile(result.Parameters));
        RiskEstimate risk = RiskMeasure.Of(problem.Specification.Objective, Hedge(problem.Specification, file, 60_000, 99).Loss);
        double gap = (risk.Value - Optimum) / (NoHedge - Optimum), error = risk.StdErr / (NoHedge - Optimum);
        Assert.True(gap < 0.10 + 4 * error, $"gap {gap:F4} ± {error:F4}");
        Assert.True(gap > -4 * error, $"gap {gap:F4} ± {error:F4}: better than the optimum");
    }

    internal static BlockResult Hedge(LabSpecification specification, PolicyFile file, int paths, ulong seed)
    {
        const int block = 500;
        var environment = new HedgingEnvironment(specification, seed);
        var policy = new FilePolicy(file, specification);
        var result = new BlockResult(paths);
        var (episodes, engine, session) = (environment.NewBlock(block), new PnlEngine(environment, block), policy.Open(environment, block));
        for (int from = 0; from < paths; from += block)
        {
            environment.Fill(episodes, from);
            engine.Run(episodes, session, result, from);
        }
        return result;
    }

    [Theory]
    [InlineData("Ntb", 1)]
    [InlineData("Mlp", 3)]
    [InlineData("Lstm", 1)]
    [InlineData("Gru", 2)]
    public void The_engine_that_judges_books_the_losses_that_training_saw(string architecture, int every)
    {
        var policy = new PolicySpecification
        {
            Architecture = Enum.Parse<Architecture>(architecture), Hidden = [8], Activation = "silu", Features = ["moneyness", "yearsToExpiry", "hedgePosition", "delta", "gamma", "accruedPnl"],
            Rule = new StrategySpecification { Kind = Architecture.None, Every = every },
        };
        LabSpecification specification = Entropic(_short, policy, steps: 12) with { LiquidateAtEnd = true };
        var problem = new SpecifiedProblem(specification);
        double[] parameters = TrainSamples.Parameters(problem.Shape, 5);
        using var batch = new BatchGradient(problem.Problem, problem.Shape, new EntropicObjective(10), 64, 2, 1);
        using var pool = new PathPool(2, problem.Problem.BlockRows, 64);
        var scratch = problem.Environment.NewBlock(64);
        for (int b = 0; b < 2; b++) problem.Fill(pool, b, scratch, problem.Environment, 64 * b);
        batch.SetParameters(parameters);
        ReadOnlySpan<float> trained = batch.Losses(pool, [0, 1]);
        BlockResult judged = new(128);
        var engine = new PnlEngine(problem.Environment, 64);
        IBlockPolicySession session = new FilePolicy(PolicyFile.Parse("x", problem.ToPolicyFile(parameters)), specification).Open(problem.Environment, 64);
        for (int b = 0; b < 2; b++)
        {
            problem.Environment.Fill(scratch, 64 * b);
            engine.Run(scratch, session, judged, 64 * b);
        }
        Assert.True(judged.Rebalances.Average() > 3);
        for (int p = 0; p < 128; p++) Assert.Equal(judged.Loss[p], trained[p] * problem.Problem.MoneyScale, 2e-5);
    }

    [Fact]
    public void A_rate_that_blows_up_stops_with_its_place_and_the_last_good_policy()
    {
        // A rate far beyond sense: after the first step the hedge itself leaves the range of single precision.
        var policy = new PolicySpecification { Architecture = Architecture.Mlp, Hidden = [8, 8], Activation = "relu" };
        var problem = new SpecifiedProblem(Entropic(_short with { LearningRate = 1e36, Epochs = 4, CoarseStepFactor = 1 }, policy, steps: 5));
        using var run = new TrainingRun(problem, 2);
        TrainingResult result = run.Execute(null, null, null, default);
        Assert.Equal(TrainingOutcome.Stopped, result.Outcome);
        Assert.Contains("learningRate", result.Reason);
        Assert.Contains("epoch 1", result.Reason);
        Assert.All(result.Parameters, p => Assert.True(double.IsFinite(p)));
        PolicyFile.Parse("last.safetensors", problem.ToPolicyFile(result.Parameters));
    }

    [Fact]
    public void States_that_are_not_this_runs_are_refused_by_reason()
    {
        var problem = new SpecifiedProblem(Entropic(_short with { Epochs = 1 }, steps: 5));
        using var run = new TrainingRun(problem, 1);
        using var cut = new CancellationTokenSource();
        cut.Cancel();
        byte[]? kept = null;
        Assert.Equal(TrainingOutcome.Interrupted, run.Execute(null, s => kept = s.ToBytes(), null, cut.Token).Outcome);
        byte[] hash = System.Security.Cryptography.SHA256.HashData([]);
        int n = problem.Shape.Parameters;
        Assert.NotNull(TrainingState.TryRead(kept!, hash, n, out _));
        byte[] damaged = (byte[])kept!.Clone();
        damaged[damaged.Length / 2] ^= 1;
        Assert.Null(TrainingState.TryRead(damaged, hash, n, out string problemText));
        Assert.Contains("damaged", problemText);
        Assert.Null(TrainingState.TryRead(kept!.AsSpan(0, kept!.Length - 1).ToArray(), hash, n, out problemText));
        Assert.Contains("cut short", problemText);
        Assert.Null(TrainingState.TryRead(kept, System.Security.Cryptography.SHA256.HashData([1]), n, out problemText));
        Assert.Contains("another specification", problemText);
        Assert.Null(TrainingState.TryRead(kept, hash, n + 1, out problemText));
        Assert.Contains("another size", problemText);
    }

    [Fact]
    public void What_training_does_not_know_is_said_with_its_key()
    {
        LabSpecification bad = Entropic(_short with { Importance = new ImportanceSpecification { Shifts = [1], JumpFactor = 2 } }, new PolicySpecification { Architecture = Architecture.Lstm, Hidden = [7], NetworkPerStep = true, Features = ["vega"] });
        bad = bad with { Hedges = [bad.Hedges[0] with { Costs = new CostSpecification { Permanent = 0.1 } }] };
        string[] lines = [.. Assert.Throws<TrainingProblemException>(() => new SpecifiedProblem(bad)).Lines];
        foreach (string key in (string[])["policy.networkPerStep", "policy.hidden", "hedges[0].costs", "policy.features: \"vega\"", "training.importance.jumpFactor"])
            Assert.Contains(lines, l => l.StartsWith("test.json: " + key, StringComparison.Ordinal));
        Assert.Equal(5, lines.Length);
    }

    [Fact]
    public void Memory_is_what_was_stated()
    {
        var problem = new SpecifiedProblem(Entropic(_short with { Paths = 100_000, Batch = 8192 }));
        long before = GC.GetTotalMemory(forceFullCollection: true);
        using var run = new TrainingRun(problem, 2);
        // The stated bytes are nearly all in the pool and the tapes: [paths, steps, rows] and [threads, steps, units, paths], counted here by hand.
        var plan = run.Plan;
        long pools = 4L * (plan.BlocksPerEpoch + plan.HeldBackBlocks) * plan.PathsPerBlock * problem.Problem.BlockRows;
        long tapes = 2L * 4 * 30 * (4 + 16 + 4) * plan.PathsPerBlock;
        Assert.InRange(run.Bytes, pools + tapes, 1.25 * (pools + tapes));
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, 0, 64 << 20);
    }
}
