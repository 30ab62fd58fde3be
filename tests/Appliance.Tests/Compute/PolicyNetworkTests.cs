using Appliance.Kernels.Networks;
using Appliance.Strategy.Features;
using Appliance.Strategy.Policies;
using Appliance.Strategy.Policies.Files;

namespace Appliance.Tests.Compute;

/// <summary>What policies of each architecture decide, and when.</summary>
public class PolicyNetworkTests
{
    private const long Day = 86_400_000_000_000, Start = 1_723_161_255_000_000_000;

    private static readonly PolicyMetadata _base = new()
    {
        HiddenSizes = [], Activation = Activation.Relu, Features = [new(FeatureId.Spot, 100, 10), new(FeatureId.HedgePosition, 0, 1)],
        TargetKind = TargetKind.HedgePosition, Target = new OutputMap(1, 0, -5, 5), Objective = "", MarketModel = "", TrainingSeed = "", ParentHash = "",
    };

    private static PortfolioState State(double spot, double held, long time = Start, long expiry = 0, double delta = -4) => new()
    {
        TimeUtcNs = time, ExpiryUtcNs = expiry, Spot = spot, Delta = delta, ContractSize = 1, HedgePositionUnits = held, Market = new InstrumentFeatures { Mid = spot },
    };

    private static NetworkPolicy Policy(PolicyMetadata metadata, PolicyWeights weights) => NetworkPolicy.Parse("test.safetensors", PolicyFile.Write(metadata, weights));

    private static float[] Draw(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() - 0.5))];

    private static RecurrentLayer Recurrent(RecurrentKind kind, int inputs, int units, Random random)
    {
        int rows = RecurrentLayer.GatesOf(kind) * units;
        return new RecurrentLayer(kind, inputs, units, Draw(random, rows * inputs), Draw(random, rows * units), Draw(random, rows), Draw(random, rows));
    }

    [Fact]
    public void A_band_clamps_the_hedge_held()
    {
        PolicyMetadata metadata = _base with { Architecture = PolicyArchitecture.Ntb, Target = default, Band = new BandMap(new OutputMap(1, 0, -9, 9), new OutputMap(1, 0, -9, 9)) };
        // Both outputs follow the spot: edges at (spot − 100)/10 ∓ 0.5.
        var weights = PolicyWeights.Perceptron([new DenseLayer(2, 2, [1, 0, 1, 0], [-0.5f, 0.5f])]);
        NetworkPolicy policy = Policy(metadata, weights);
        Assert.Equal(new HedgeTarget(1.5, 1.5, 2.5), policy.Decide(State(120, 0)));
        Assert.Equal(new HedgeTarget(2.25, 1.5, 2.5), policy.Decide(State(120, 2.25)));
        Assert.Equal(new HedgeTarget(2.5, 1.5, 2.5), policy.Decide(State(120, 7)));
        NetworkPolicy around = Policy(metadata with { TargetKind = TargetKind.HedgeOffset }, weights);
        Assert.Equal(new HedgeTarget(4 + 1.5, 4 + 1.5, 4 + 2.5), around.Decide(State(120, 0)));
        // A long portfolio's neutral hedge is short: the edges of a ratio change places.
        NetworkPolicy ratio = Policy(metadata with { TargetKind = TargetKind.HedgeRatio }, weights);
        Assert.Equal(new HedgeTarget(-6, -10, -6), ratio.Decide(State(120, 0, delta: 4)));
        // Edges that cross meet in their middle.
        NetworkPolicy crossed = Policy(metadata, PolicyWeights.Perceptron([new DenseLayer(2, 2, [0, 0, 0, 0], [3, 1])]));
        Assert.Equal(new HedgeTarget(2, 2, 2), crossed.Decide(State(120, 0)));
    }

    [Fact]
    public void Each_step_has_its_own_network_and_time_decides_which()
    {
        PolicyMetadata metadata = _base with { StepNetworks = 3, Schedule = new DecisionSchedule(ScheduleKind.Steps, 1.0 / 365, 3, ScheduleAnchor.Expiry) };
        DenseLayer Constant(float value) => new(2, 1, [0, 0], [value]);
        NetworkPolicy policy = Policy(metadata, new PolicyWeights([], [[Constant(1)], [Constant(2)], [Constant(3)]]));
        long expiry = Start + 3 * Day + Day / 2;
        // Half a day before its first decision time: decision 0. Between decision times the answer stands.
        Assert.Equal(1, policy.Decide(State(100, 0, Start, expiry)).TargetUnits);
        Assert.Equal(1, policy.Decide(State(100, 0, Start + Day / 2, expiry)).TargetUnits);
        Assert.Equal(1, policy.Decide(State(100, 0, Start + Day, expiry)).TargetUnits);
        Assert.Equal(2, policy.Inferences);
        Assert.Equal(2, policy.Decide(State(100, 0, Start + 3 * Day / 2, expiry)).TargetUnits);
        Assert.Equal(3, policy.Decide(State(100, 0, expiry - 1, expiry)).TargetUnits);
        Assert.Equal(4, policy.Inferences);
        // All decisions were due: nothing is wanted any more.
        Assert.Equal(default, policy.Decide(State(100, 3, expiry, 0)));
        Assert.Equal(default, policy.Decide(State(100, 3, expiry + Day, 0)));
        Assert.Equal(4, policy.Inferences);
    }

    [Fact]
    public void A_missed_decision_time_is_not_made_up_for()
    {
        PolicyMetadata metadata = _base with { StepNetworks = 2, Schedule = new DecisionSchedule(ScheduleKind.Steps, 1.0 / 365, 0, ScheduleAnchor.FirstDecision) };
        NetworkPolicy policy = Policy(metadata, new PolicyWeights([], [[new DenseLayer(2, 1, [0, 0], [1])], [new DenseLayer(2, 1, [0, 0], [2])]]));
        Assert.Equal(1, policy.Decide(State(100, 0)).TargetUnits);
        Assert.Equal(2, policy.Decide(State(100, 0, Start + 10 * Day + 5)).TargetUnits);
        Assert.Equal(2, policy.Inferences);
        policy.Decide(State(100, 0, Start + 11 * Day - 1));
        Assert.Equal(2, policy.Inferences);
        policy.Decide(State(100, 0, Start + 11 * Day));
        Assert.Equal(3, policy.Inferences);
    }

    [Theory]
    [InlineData(RecurrentKind.Lstm)]
    [InlineData(RecurrentKind.GruResetAfter)]
    [InlineData(RecurrentKind.GruResetBefore)]
    public void Recurrent_state_advances_at_decision_times_only_and_files_keep_every_number(RecurrentKind kind)
    {
        var random = new Random(4);
        var weights = new PolicyWeights([Recurrent(kind, 2, 7, random), Recurrent(kind, 7, 5, random)], [[new DenseLayer(5, 3, Draw(random, 15), Draw(random, 3)), new DenseLayer(3, 1, Draw(random, 3), Draw(random, 1))]]);
        PolicyMetadata metadata = _base with
        {
            Architecture = kind == RecurrentKind.Lstm ? PolicyArchitecture.Lstm : PolicyArchitecture.Gru, HiddenSizes = [7, 5], HeadSizes = [3], Activation = Activation.Tanh,
            ResetGateAfter = kind != RecurrentKind.GruResetBefore, Schedule = new DecisionSchedule(ScheduleKind.Steps, 1.0 / 365, 0, ScheduleAnchor.FirstDecision),
        };
        NetworkPolicy policy = Policy(metadata, weights);
        var network = new RecurrentNetwork(weights.Recurrent, weights.Dense[0], Activation.Tanh);
        var state = new float[network.StateLength];
        var output = new float[1];
        var window = new List<float>();
        for (int day = 0; day < 6; day++)
        {
            double spot = 100 + 3 * day;
            window.AddRange([(float)((spot - 100) * (1 / 10.0)), 0.5f]);
            network.Step(window.ToArray().AsSpan(^2..), state, output);
            for (int quarter = 0; quarter < 4; quarter++)
                Assert.Equal(output[0], policy.Decide(State(quarter == 0 ? spot : 50, quarter == 0 ? 0.5 : -1, Start + day * Day + quarter * Day / 4)).TargetUnits);
            Assert.Equal(state, policy.State.ToArray());
        }
        Assert.Equal(6, policy.Inferences);
        var whole = new float[1];
        network.Window(window.ToArray(), 6, state, whole);
        Assert.Equal(output[0], whole[0]);
    }

    [Theory]
    [InlineData(WeightFormat.Fp32)]
    [InlineData(WeightFormat.Bf16)]
    [InlineData(WeightFormat.Int8)]
    public void Portfolios_answered_together_decide_as_they_would_alone_without_allocating(WeightFormat format)
    {
        const int portfolios = 5, days = 12;
        var random = new Random(9);
        PolicyMetadata metadata = _base with
        {
            Architecture = PolicyArchitecture.Gru, HiddenSizes = [21], Weights = format, Schedule = new DecisionSchedule(ScheduleKind.Steps, 1.0 / 365, 0, ScheduleAnchor.FirstDecision),
        };
        byte[] bytes = PolicyFile.Write(metadata, new PolicyWeights([Recurrent(RecurrentKind.GruResetAfter, 2, 21, random)], [[new DenseLayer(21, 1, Draw(random, 21), Draw(random, 1))]]));
        var inference = new PolicyInference(PolicyFile.Parse("shared", bytes), portfolios);
        NetworkPolicy[] together = [.. Enumerable.Range(0, portfolios).Select(_ => new NetworkPolicy(inference))];
        NetworkPolicy[] alone = [.. Enumerable.Range(0, portfolios).Select(_ => NetworkPolicy.Parse("alone", bytes))];
        Assert.Throws<InvalidOperationException>(() => new NetworkPolicy(inference));
        for (int day = 0; day < days; day++)
        {
            // On some days some portfolios are not asked: rows are fewer, and the rest keep their state.
            int[] asked = [.. Enumerable.Range(0, portfolios).Where(p => day == 0 || random.Next(4) > 0)];
            PortfolioState[] states = [.. Enumerable.Range(0, portfolios).Select(p => State(p == 1 && day == 5 ? double.NaN : 90 + 20 * random.NextDouble(), p, Start + day * Day))];
            // Whether the next decision was prepared must not be seen: not at all, for all, and again after a state was cleared for an answer that was no number.
            if (day % 3 != 0) together[0].Prepare();
            foreach (int p in asked) together[p].Gather(in states[p]);
            foreach (int p in asked) Assert.Equal(alone[p].Decide(in states[p]), together[p].Decide(in states[p]));
            foreach (int p in asked) Assert.Equal(alone[p].State.ToArray(), together[p].State.ToArray());
        }
        Assert.Equal(days, inference.Calls);
        PortfolioState later = State(100, 0, Start + 100 * Day);
        together[0].Decide(in later);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int day = 101; day < 600; day++)
        {
            later.TimeUtcNs = Start + day * Day;
            foreach (NetworkPolicy p in together) p.Gather(in later);
            foreach (NetworkPolicy p in together) p.Decide(in later);
            together[0].Prepare();
        }
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        object control = new();
        Assert.NotEqual(before, GC.GetAllocatedBytesForCurrentThread());
        GC.KeepAlive(control);
    }

    [Fact]
    public void What_contradicts_itself_is_refused()
    {
        Assert.Contains("needs metadata \"band\"", string.Join(" ", (_base with { Architecture = PolicyArchitecture.Ntb }).Contradictions()));
        Assert.Contains("its state advances at decision times only", string.Join(" ", (_base with { Architecture = PolicyArchitecture.Lstm, HiddenSizes = [3] }).Contradictions()));
        Assert.Contains("says which network is due", string.Join(" ", (_base with { StepNetworks = 3 }).Contradictions()));
        Assert.Throws<ArgumentException>(() => PolicyFile.Write(_base with { StepNetworks = 3 }, PolicyWeights.Perceptron([new DenseLayer(2, 1, [0, 0], [1])])));
        Assert.Empty(_base.Contradictions());
    }
}
