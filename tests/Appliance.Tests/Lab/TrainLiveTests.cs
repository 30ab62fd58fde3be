using Appliance.Lab.Costs;
using Appliance.Lab.Episodes;
using Appliance.Lab.Hedging;
using Appliance.Lab.Specification;
using Appliance.Lab.Training;
using Appliance.Strategy.Policies;
using Appliance.Strategy.Policies.Files;
using Architecture = Appliance.Lab.Specification.PolicyArchitecture;

namespace Appliance.Tests.Lab;

/// <summary>
/// The trained file in the live flow: simulated episodes, quote by quote, through books, Greeks, policy, executor, gate and account, beside the lab's own hedging of the same paths. 10,000 episodes
/// with APPLIANCE_FULL=1, else a twentieth; the seed changes with each run and is printed.
/// </summary>
public class TrainLiveTests(Xunit.Abstractions.ITestOutputHelper output)
{
    private static readonly int _episodes = Environment.GetEnvironmentVariable("APPLIANCE_FULL") == "1" ? 10_000 : 500;

    [Theory]
    [InlineData("Ntb", "moneyness,yearsToExpiry,hedgePosition,delta,accruedPnl")]
    [InlineData("Mlp", "moneyness,yearsToExpiry,delta,gamma")]
    [InlineData("Gru", "moneyness,yearsToExpiry,delta")]
    public void Every_decision_is_the_labs_within_a_lot_and_the_profit_within_what_rounding_can_do(string architecture, string features)
    {
        var policy = new PolicySpecification { Architecture = Enum.Parse<Architecture>(architecture), Hidden = [8], Activation = "silu", Features = features.Split(',') };
        LabSpecification specification = TrainRunTests.Entropic(new TrainingSpecification { Paths = 4096, Epochs = 3, Batch = 1024, LearningRate = 0.01, Seed = 5 }, policy) with { LiquidateAtEnd = true };
        var problem = new SpecifiedProblem(specification);
        using var run = new TrainingRun(problem, 2);
        PolicyFile file = PolicyFile.Parse("trained.safetensors", problem.ToPolicyFile(run.Execute(null, null, null, default).Parameters));

        ulong seed = (ulong)Environment.TickCount64;
        output.WriteLine($"seed {seed}, {_episodes} episodes");
        const int block = 50;
        var environment = new HedgingEnvironment(specification, seed);
        EpisodeBlock episodes = environment.NewBlock(block);
        var engine = new PnlEngine(environment, block);
        IBlockPolicySession session = new FilePolicy(file, specification).Open(environment, block);
        double[][][] holdings = [[.. Enumerable.Range(0, 30).Select(_ => new double[block])]];
        var lab = new BlockResult(block);
        double cost = specification.Hedges[0].Costs.Proportional, mostLots = 0, mostOfBound = 0;
        long orders = 0;
        for (int from = 0; from < _episodes; from += block)
        {
            environment.Fill(episodes, from);
            // The feed's prices are whole units: both sides hedge on the rounded path.
            for (int step = 0; step <= 30; step++)
                foreach (ref double price in episodes.Price(0, step)) price = Math.Round(price * TrainLiveEpisode.PriceUnitsPerOne) / TrainLiveEpisode.PriceUnitsPerOne;
            for (int p = 0; p < block; p++) episodes.Owed[p] = Math.Max(episodes.Price(0, 30)[p] - 1, 0);
            engine.Run(episodes, session, lab, 0, holdings);
            for (int p = 0; p < block; p++)
            {
                var live = new TrainLiveEpisode(specification, new NetworkPolicy(file));
                double bound = 1e-7;
                for (int step = 0; step <= 30; step++)
                {
                    double price = episodes.Price(0, step)[p];
                    live.Quote(step, (long)Math.Round(price * TrainLiveEpisode.PriceUnitsPerOne));
                    // Holdings a lot apart earn the move on a lot, and each trade's size differs by two lots at most.
                    bound += TrainLiveEpisode.Lot * (2 * cost * price + (step < 30 ? Math.Abs(episodes.Price(0, step + 1)[p] - price) : 0));
                    double expected = step < 30 ? holdings[0][step][p] : 0;
                    mostLots = Math.Max(mostLots, Math.Abs(live.Held - expected) / TrainLiveEpisode.Lot);
                    Assert.True(Math.Abs(live.Held - expected) <= TrainLiveEpisode.Lot, $"seed {seed}, path {from + p}, step {step}: live {live.Held:R}, lab {expected:R}");
                }
                double profit = live.PnlAt(episodes.Price(0, 30)[p]) - episodes.Owed[p];
                mostOfBound = Math.Max(mostOfBound, Math.Abs(profit + lab.Loss[p]) / bound);
                Assert.True(Math.Abs(profit + lab.Loss[p]) <= bound, $"seed {seed}, path {from + p}: live {profit:R}, lab {-lab.Loss[p]:R}, bound {bound:R}");
                // One order a step at most: none that is taken back at once.
                Assert.InRange(live.Orders, 1, 31);
                orders += live.Orders;
            }
        }
        Assert.True(orders > 2 * _episodes, $"{orders} orders");
        output.WriteLine($"{orders} orders; decisions within {mostLots:F3} lots, profits within {mostOfBound:F3} of the bound");
    }
}
