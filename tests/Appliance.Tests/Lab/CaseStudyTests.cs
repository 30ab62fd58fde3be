using Appliance.Host.Configuration;
using Appliance.Lab.Backtest;
using Appliance.Lab.Baselines;
using Appliance.Lab.Episodes;
using Appliance.Lab.Hedging;
using Appliance.Lab.Specification;
using Appliance.Lab.Training;
using Appliance.Strategy.Policies.Files;
using Appliance.Tests.Layout;

namespace Appliance.Tests.Lab;

/// <summary>
/// The case study as shipped: with APPLIANCE_FULL=1 both policies are trained from their seeds and held to their aims, shares of daily Merton delta's figures on the same paths. Else a miniature training
/// must already beat delta's tail for less cost.
/// </summary>
public sealed class CaseStudyTests(Xunit.Abstractions.ITestOutputHelper output)
{
    private static readonly bool _full = Environment.GetEnvironmentVariable("APPLIANCE_FULL") == "1";

    [Fact]
    public void The_tail_policy_meets_its_aims()
    {
        var (policy, delta, rules) = Judged("case-study-tail.json");
        double best = rules.Min(r => Of(r, "cvar99"));
        output.WriteLine($"best tuned rule: {best:F0}, the policy {Of(policy, "cvar99") / best:F3} of it");
        if (!_full)
        {
            Assert.InRange(Of(policy, "cvar99"), 0, Of(delta, "cvar99"));
            Assert.InRange(Of(policy, "costs"), 0, Of(delta, "costs"));
            return;
        }
        AtMost(0.50, "cvar99", policy, delta);
        AtMost(0.72, "cvar95", policy, delta);
        AtMost(0.35, "costs", policy, delta);
        AtMost(0.25, "rebalances", policy, delta);
        Assert.True(Of(policy, "cvar99") <= 0.80 * best);
    }

    [Fact]
    public void The_low_variance_policy_meets_its_aims()
    {
        var (policy, delta, _) = Judged("case-study-variance.json");
        if (!_full)
        {
            Assert.InRange(Of(policy, "stdDev"), 0, 2 * Of(delta, "stdDev"));
            Assert.InRange(Of(policy, "costs"), 0, Of(delta, "costs"));
            return;
        }
        AtMost(1.05, "stdDev", policy, delta);
        AtMost(0.85, "cvar95", policy, delta);
        AtMost(0.30, "costs", policy, delta);
    }

    private (StrategyStatistics Policy, StrategyStatistics Delta, StrategyStatistics[] Rules) Judged(string name)
    {
        LabSpecification s = LabSpecificationFile.Require(Path.Combine(Repository.Root, "desk", "lab", name));
        s = s with { Evaluation = s.Evaluation with { Paths = _full ? 200_000 : 4_000, Resamples = 20 } };
        if (!_full) s = s with { Training = s.Training with { Paths = 8192, Epochs = 2, Batch = 1024 }, Policy = s.Policy with { Rule = s.Policy.Rule with { Every = 12 } }, Baselines = [.. s.Baselines.Where(b => b.Name is "delta" or "delta-every-21")] };
        var problem = new SpecifiedProblem(s);
        using var run = new TrainingRun(problem, 2);
        TrainingResult result = run.Execute(null, null, null, default);
        Assert.Equal(TrainingOutcome.Done, result.Outcome);
        IBlockPolicy[] strategies = [new FilePolicy(PolicyFile.Parse(name, problem.ToPolicyFile(result.Parameters)), s), .. s.Baselines.Select(b => BaselineFactory.Make(s, b))];
        var statistics = Evaluation.Run(s, strategies, []).Strategies;
        StrategyStatistics delta = statistics.Single(x => x.Name == "delta");
        output.WriteLine($"{name}, trained in {result.Seconds:F0} s, as shares of delta's: {string.Join(", ", new[] { "stdDev", "cvar95", "cvar99", "costs", "rebalances" }.Select(k => $"{k} {Of(statistics[0], k) / Of(delta, k):F3}"))}");
        return (statistics[0], delta, [.. statistics.Skip(1).Where(x => x.Name is not ("delta" or "none"))]);
    }

    private static void AtMost(double share, string key, StrategyStatistics policy, StrategyStatistics delta) =>
        Assert.True(Of(policy, key) <= share * Of(delta, key), $"{key}: {Of(policy, key):F0} is {Of(policy, key) / Of(delta, key):F3} of delta's, allowed are {share}");

    private static double Of(StrategyStatistics s, string key) => s.Figures[key].Value;
}
