using Appliance.Lab.Certificates;
using Appliance.Lab.Costs;
using Appliance.Lab.Episodes;
using Appliance.Lab.Hedging;
using Appliance.Lab.Specification;
using Appliance.Lab.Training;
using Appliance.Strategy.Policies.Files;

namespace Appliance.Tests.Lab;

/// <summary>A hedge's bounds hold for networks, also around delta; and the grid of holdings on which the certificates look knows to hold nothing.</summary>
public sealed class BoundedHedgeTests
{
    private static LabSpecification Call(double lowest, double highest) => SpecFileTests.Good(SpecFileTests.Entropic) with
    {
        Hedges = [new HedgeSpecification { LowestHolding = lowest, HighestHolding = highest }],
        // No features are named: those that a specification gets by itself have delta among them.
        Policy = new PolicySpecification { Architecture = Appliance.Lab.Specification.PolicyArchitecture.Ntb, Hidden = [8], Rule = new StrategySpecification { Kind = Appliance.Lab.Specification.PolicyArchitecture.None } },
    };

    private static double[] Held(LabSpecification trained, LabSpecification judged)
    {
        var problem = new SpecifiedProblem(trained);
        var file = PolicyFile.Parse("x", problem.ToPolicyFile(problem.Shape.Initialise(1)));
        var environment = new HedgingEnvironment(judged, 9);
        EpisodeBlock block = environment.NewBlock(256);
        environment.Fill(block, 0);
        double[][][] trace = [[.. Enumerable.Range(0, 30).Select(_ => new double[256])]];
        new PnlEngine(environment, 256).Run(block, new FilePolicy(file, judged).Open(environment, 256), new BlockResult(256), 0, trace);
        return [.. trace[0].SelectMany(h => h)];
    }

    [Fact]
    public void ANetworkHoldsWhatTheBoundsAllowAndNoMore()
    {
        LabSpecification free = Call(double.NegativeInfinity, double.PositiveInfinity), bounded = Call(0, 0.4);
        Assert.Contains(Held(free, free), h => h > 0.9);
        Assert.InRange(Held(bounded, bounded).Max(), 0.2, 0.4);
        // A file that was trained without bounds is held to those of the problem that it is judged on.
        Assert.Equal(0.4, Held(free, bounded).Max());
    }

    [Fact]
    public void TheGridOfHoldingsHasNothingAsANode()
    {
        foreach (var (low, high) in new[] { (double.NegativeInfinity, double.PositiveInfinity), (-0.013, 0.4), (0.0, 0.4), (1.5, 2.0), (-3, -2.5) })
        {
            LabSpecification problem = Call(low, high);
            double[] nodes = LatticeLiability.Holdings(problem, new SpotLattice(problem, 1), 161);
            Assert.Equal(161, nodes.Length);
            Assert.True(nodes[0] >= low && nodes[^1] <= high && nodes[0] < nodes[^1], $"[{nodes[0]}, {nodes[^1]}] in [{low}, {high}]");
            if (low <= 0 && high >= 0) Assert.Contains(0.0, nodes);
        }
    }

    [Fact]
    public void PowerUtilityHasNoOptimumWhereRuinCannotBeAvoided()
    {
        LabSpecification problem = CertificateTreeTests.Tree(0.005) with { Time = new TimeSpecification(3, 0.004), Certificate = CertificateKind.DynamicProgramme };
        CertificateResult With(double wealth) => Certificate.Compute(problem with { Objective = new ObjectiveSpecification { Kind = ObjectiveKind.Power, RiskAversion = 2, Wealth = wealth } });
        Assert.InRange(With(60).Risk, 2, 3);
        Assert.Contains("objective.wealth", With(0.5).Method, StringComparison.Ordinal);
    }

    /// <summary>
    /// Three steps of the tree under entropic risk. The reference was computed with numpy by backward induction over every pair of 3,201 holdings from −0.3 to 1.3, holding nothing among them. With a fixed
    /// cost the sale of the smallest rest costs as much as that of all.
    /// </summary>
    [Theory]
    [InlineData(0.3, 0.002, 0.2, 0, 3.259268)]
    [InlineData(0.3, 0, 0, 0.01, 3.074542)]
    [InlineData(0.01, 0.0001, 0, 0, 2.269729)] // Here the tree's drift makes it worth to hold more than the call asks for; the reference's holdings reach from −0.5 to 4.
    public void TheOptimumIsThatOfAllPairsOfHoldings(double a, double proportional, double fixedCost, double quadratic, double optimum)
    {
        LabSpecification problem = CertificateTreeTests.Tree(0) with
        {
            Time = new TimeSpecification(3, 0.004), Objective = new ObjectiveSpecification { Kind = ObjectiveKind.Entropic, RiskAversion = a }, Certificate = CertificateKind.DynamicProgramme,
            Hedges = [new HedgeSpecification { Costs = new CostSpecification { Proportional = proportional, Fixed = fixedCost, Quadratic = quadratic } }],
        };
        Assert.Equal(optimum, Certificate.Compute(problem).Risk, 5e-6);
    }
}
