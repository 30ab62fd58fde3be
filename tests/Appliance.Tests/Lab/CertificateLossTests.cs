using Appliance.Lab.Certificates;
using Appliance.Lab.Specification;

namespace Appliance.Tests.Lab;

/// <summary>The dynamic programme over accrued loss, against the linear programme and against closed recursions.</summary>
public sealed class CertificateLossTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(0.005)]
    public void OnTheTreeItMeetsTheLinearProgramme(double cost)
    {
        var problem = CertificateTreeTests.Tree(cost);
        double exact = TreeLinearProgramme.Solve(problem);
        var programme = Certificate.Compute(problem with { Certificate = CertificateKind.DynamicProgramme });
        // Linear rows and whole holding nodes bound from above; the memoryless state loses nothing against path-dependent holdings.
        Assert.InRange(programme.Risk - exact, -1e-6, programme.GridError);
        Assert.InRange(programme.GridError, 0, 0.05);
    }

    /// <summary>Without costs the least variance is a backward recursion of its own (Schweizer, "Variance-optimal hedging in discrete time", Mathematics of Operations Research 20 (1995) 1–32): V = A x² + 2Bx + C at every node.</summary>
    [Fact]
    public void TheLeastVarianceIsThatOfTheQuadraticRecursion()
    {
        var problem = CertificateEntropicTests.Problem(1, 0) with { Objective = new ObjectiveSpecification { Kind = ObjectiveKind.StdDev } };
        var lattice = new SpotLattice(problem, 2);
        int steps = lattice.Steps;
        double[] owed = LatticeLiability.Owed(problem, lattice), a = [.. owed.Select(_ => 1.0)], b = owed, c = [.. owed.Select(o => o * o)];
        for (int step = steps - 1; step >= 0; step--)
        {
            int nodes = lattice.Nodes(step);
            double[] na = new double[nodes], nb = new double[nodes], nc = new double[nodes];
            var prices = lattice.Prices(step).ToArray();
            var next = lattice.Prices(step + 1).ToArray();
            for (int i = 0; i < nodes; i++)
            {
                // E V(x − δ d) with d the price's move: least over δ of A(x − δd)² + 2B(x − δd) + C.
                var weights = lattice.Transition(step, i, out int first);
                double ea = 0, ead = 0, eadd = 0, eb = 0, ebd = 0, ec = 0;
                for (int w = 0; w < weights.Length; w++)
                {
                    int q = Math.Clamp(first + w, 0, next.Length - 1);
                    double d = next[q] - prices[i], p = weights[w];
                    (ea, ead, eadd, eb, ebd, ec) = (ea + p * a[q], ead + p * a[q] * d, eadd + p * a[q] * d * d, eb + p * b[q], ebd + p * b[q] * d, ec + p * c[q]);
                }
                (na[i], nb[i], nc[i]) = (ea - ead * ead / eadd, eb - ead * ebd / eadd, ec - ebd * ebd / eadd);
            }
            (a, b, c) = (na, nb, nc);
        }
        double exact = Math.Sqrt(c[0] - b[0] * b[0] / a[0]);
        double programme = new LossDynamicProgramme(problem, new LossGrid(1, 31, 301)).Solve();
        Assert.Equal(exact, programme, 2e-3 * exact);
    }

    [Fact]
    public void ALargeRiskAversionMakesMeanVarianceOfTheSameRow()
    {
        // mean-variance at a, mean-std and std-dev come from one function of t; without costs and drift E L is the premium for every policy, so they must agree.
        var problem = CertificateEntropicTests.Problem(1, 0) with { Time = new TimeSpecification(6, 1 / 365.0), Objective = new ObjectiveSpecification { Kind = ObjectiveKind.StdDev } };
        var grid = new LossGrid(1, 31, 301);
        double sd = new LossDynamicProgramme(problem, grid).Solve(), mean = LatticeLiability.Expected(problem, new SpotLattice(problem, 1))[0][0];
        double meanVariance = new LossDynamicProgramme(problem with { Objective = new ObjectiveSpecification { Kind = ObjectiveKind.MeanVariance, RiskAversion = 40 } }, grid).Solve();
        double meanStd = new LossDynamicProgramme(problem with { Objective = new ObjectiveSpecification { Kind = ObjectiveKind.MeanStd, K = 2 } }, grid).Solve();
        Assert.Equal(mean + 20 * sd * sd, meanVariance, 1e-4 * meanVariance);
        Assert.Equal(mean + 2 * sd, meanStd, 1e-4 * meanStd);
    }

    [Fact]
    public void FixedAndQuadraticCostsLieBetweenNoneAndNoHedge()
    {
        var free = CertificateEntropicTests.Problem(10, 0) with { Time = new TimeSpecification(6, 1 / 365.0) };
        double Risk(CostSpecification costs, out double none)
        {
            var problem = free with { Hedges = [new HedgeSpecification { Costs = costs }] };
            var lattice = new SpotLattice(problem, 2);
            var programme = new EntropicDynamicProgramme(problem, lattice, LatticeLiability.Holdings(problem, lattice, 111));
            none = programme.NoHedge();
            return programme.Solve();
        }
        double least = Risk(new CostSpecification(), out double noHedge), previousFixed = least, previousQuadratic = least;
        foreach (double size in new[] { 1e-5, 1e-4, 1e-3 })
        {
            double withFixed = Risk(new CostSpecification { Fixed = size }, out _), withQuadratic = Risk(new CostSpecification { Quadratic = 10 * size }, out _);
            Assert.InRange(withFixed, previousFixed - 1e-9, noHedge + 1e-9);
            Assert.InRange(withQuadratic, previousQuadratic, noHedge + 1e-9);
            (previousFixed, previousQuadratic) = (withFixed, withQuadratic);
        }
        // A fixed cost beyond what hedging can save is never paid.
        Assert.Equal(noHedge, Risk(new CostSpecification { Fixed = 1 }, out _), 1e-6);
    }
}
