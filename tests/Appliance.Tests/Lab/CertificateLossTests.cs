using Appliance.Lab.Backtest;
using Appliance.Lab.Baselines;
using Appliance.Lab.Certificates;
using Appliance.Lab.Hedging;
using Appliance.Lab.Risk;
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

    /// <summary>The first known figure's call under CVaR 95 % at ten basis points. Errors fall as squares: 31, 61 and 121 holdings had 0.031797, 0.031532 and 0.031468 at one node of price a deviation, and 1, 1.2 and 1.6 such nodes
    /// 0.031522, 0.031543 and 0.031564 at 61 holdings, which together lead to 0.03152.</summary>
    [Fact]
    public void TheCvarOfADailyHedgeIsKnownWithinItsStatedErrorAndBoundsWhatRulesHave()
    {
        bool full = Environment.GetEnvironmentVariable("APPLIANCE_FULL") == "1";
        var problem = CertificateEntropicTests.Problem(1, 0.001) with { Objective = new ObjectiveSpecification { Kind = ObjectiveKind.Cvar, Level = 0.95 }, Certificate = CertificateKind.DynamicProgramme };
        CertificateResult certificate = Certificate.Compute(problem, quick: !full);
        Assert.Equal(0.03152, certificate.Risk, full ? 3e-5 : certificate.GridError);
        IBlockPolicy[] rules = [.. new[] { PolicyArchitecture.None, PolicyArchitecture.DeltaThreshold, PolicyArchitecture.WhalleyWilmott }.Select(k => BaselineFactory.Make(problem, new StrategySpecification { Kind = k, Name = k.ToString() }))];
        RiskEstimate[] risks = [.. PathRunner.Run(new HedgingEnvironment(problem, 6), rules, 0, 40_000).Select(r => RiskMeasure.Of(problem.Objective, r.Loss))];
        foreach (RiskEstimate risk in risks) Assert.True(risk.Value >= certificate.Risk - 4 * risk.StdErr - certificate.GridError, $"{risk} lies below {certificate}");
        double saved = risks[0].Value - certificate.Risk;
        Assert.InRange(certificate.GridError / saved, 0, full ? 0.01 : 0.02);
        // The best of them comes near it.
        Assert.InRange((risks.Min(r => r.Value) - certificate.Risk) / saved, -0.02, 0.05);
    }

    [Fact]
    public void AllHoldingsAtOnceHaveTheLeastOfEachByItself()
    {
        var free = CertificateEntropicTests.Problem(1, 0) with { Time = new TimeSpecification(5, 1 / 365.0), Objective = new ObjectiveSpecification { Kind = ObjectiveKind.Cvar, Level = 0.9 } };
        foreach ((double proportional, double perTrade) in new[] { (0.002, 0.0), (0.002, 0.0005), (0.0, 0.0005) })
        {
            // A quadratic cost that is nothing takes the way in which each pair of holdings is looked at.
            LabSpecification With(double quadratic) => free with { Hedges = [new HedgeSpecification { Costs = new CostSpecification { Proportional = proportional, Fixed = perTrade, Quadratic = quadratic } }] };
            var grid = new LossGrid(1, 21, 1201);
            double together = new LossDynamicProgramme(With(0), grid).Solve(), each = new LossDynamicProgramme(With(1e-300), grid).Solve();
            Assert.Equal(each, together, 1e-4 * each);
        }
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
