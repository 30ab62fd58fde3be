using Appliance.Lab.Certificates;
using Appliance.Lab.Specification;

namespace Appliance.Tests.Lab;

/// <summary>The entropic optimum by dynamic programming, against figures that are known from elsewhere.</summary>
public sealed class CertificateEntropicTests
{
    internal static LabSpecification Problem(double a, double cost) => SpecFileTests.Good(SpecFileTests.Entropic) with
    {
        Objective = new ObjectiveSpecification { Kind = ObjectiveKind.Entropic, RiskAversion = a },
        Hedges = [new HedgeSpecification { Costs = new CostSpecification { Proportional = cost } }],
    };

    [Theory]
    [InlineData(1, 0, 0.0228779)]
    [InlineData(1, 0.001, 0.0233689)]
    [InlineData(10, 0.001, 0.0240027)]
    public void TheKnownOptimumIsMet(double a, double cost, double optimum)
    {
        var problem = Problem(a, cost);
        var lattice = new SpotLattice(problem, 2);
        double risk = new EntropicDynamicProgramme(problem, lattice, LatticeLiability.Holdings(problem, lattice, 221)).Solve();
        Assert.Equal(optimum, risk, 5e-7);
    }

    [Fact]
    public void ACostPerTradeHasItsOptimum()
    {
        // From the certificate at full size, 0.02504874 ± 1.4e-7; trained policies come down to it from above.
        LabSpecification free = Problem(10, 0.001), problem = free with { Hedges = [new HedgeSpecification { Costs = new CostSpecification { Proportional = 0.001, Fixed = 0.0005 } }] };
        var lattice = new SpotLattice(problem, 1);
        Assert.Equal(TrainWidthTests.Optimum, new EntropicDynamicProgramme(problem, lattice, LatticeLiability.Holdings(problem, lattice, 101)).Solve(), 1e-5);
    }

    [Fact]
    public void NotHedgingIsWhatIsKnown()
    {
        var problem = Problem(10, 0.001);
        var lattice = new SpotLattice(problem, 2);
        Assert.Equal(0.0302920, new EntropicDynamicProgramme(problem, lattice, LatticeLiability.Holdings(problem, lattice, 11)).NoHedge(), 5e-7);
    }
}
