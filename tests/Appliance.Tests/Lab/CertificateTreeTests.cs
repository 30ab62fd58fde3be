using Appliance.Lab.Certificates;
using Appliance.Lab.Specification;

namespace Appliance.Tests.Lab;

/// <summary>CVaR on a five-step trinomial tree: a linear programme and a dynamic programme that know nothing of one another.</summary>
public sealed class CertificateTreeTests
{
    internal static LabSpecification Tree(double cost) => SpecFileTests.Good("""
        {
          "market": { "model": "trinomial", "spot": 100, "up": 1.05, "probabilities": [0.25, 0.5, 0.25] },
          "time": { "steps": 5, "stepYears": 0.004 },
          "liability": { "contract": "european", "right": "call", "strike": 100 },
          "hedges": ["spot"], "liquidateAtEnd": true,
          "objective": { "kind": "cvar", "level": 0.8 }, "certificate": "lp"
        }
        """) with { Hedges = [new HedgeSpecification { Costs = new CostSpecification { Proportional = cost } }] };

    [Theory]
    [InlineData(0, 3.797320)]
    [InlineData(0.005, 4.698194)]
    public void TheLinearProgrammeMeetsTheKnownOptimum(double cost, double optimum) => Assert.Equal(optimum, TreeLinearProgramme.Solve(Tree(cost)), 1e-5);
}
