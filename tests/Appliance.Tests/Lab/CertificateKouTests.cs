using Appliance.Lab.Backtest;
using Appliance.Lab.Baselines;
using Appliance.Lab.Certificates;
using Appliance.Lab.Hedging;
using Appliance.Lab.Risk;
using Appliance.Lab.Specification;

namespace Appliance.Tests.Lab;

/// <summary>The lattice of Kou's double-exponential jumps: its density, its prices, and the optimum on it beside simulated paths.</summary>
public sealed class CertificateKouTests
{
    [Fact]
    public void ItsDensityHasTheExponentialMomentsOfBothTails()
    {
        MarketSpecification m = SimMarketTests.With(SimMarketTests.Kou).Market;
        const double h = 1 / 365.0;
        var density = new KouStepDensity(m, h);
        double v = m.Volatilities[0], spacing = 0.25 * v * Math.Sqrt(h);
        // E e^{sX} of nodes of the trapezoidal rule: at s = 8 the upper tail of rate 10 carries most of what jumps add, at −4 the lower one of rate 5.
        foreach (double s in (double[])[0, 1, 8, -4])
        {
            double sum = 0;
            for (int j = (int)Math.Floor(density.Lowest / spacing); j <= density.Highest / spacing; j++) sum += spacing * density.Of(j * spacing) * Math.Exp(s * j * spacing);
            double exact = Math.Exp(h * (0.5 * v * v * s * s + m.Lambda * (m.UpProbability * m.UpRate / (m.UpRate - s) + (1 - m.UpProbability) * m.DownRate / (m.DownRate + s) - 1)));
            // What is cut off beyond e^-40 counts e^(0.8·40) there; the jumps' own part is a hundredth.
            Assert.Equal(exact, sum, Math.Abs(s) > 1 ? 2e-5 : 1e-9);
        }
    }

    [Fact]
    public void ACallOnItsLatticeHasTheFourierPrice()
    {
        var s = SimMarketTests.With(SimMarketTests.Kou, steps: 5, stepYears: 0.02) with { Certificate = CertificateKind.DynamicProgramme };
        double exact = SimFourierReference.Call(s.Market, 100, 0.1);
        var lattice = new SpotLattice(s, 1.5);
        Assert.Equal(exact, Math.Exp(-0.05 * 0.1) * LatticeLiability.Expected(s, lattice)[0][SpotLattice.Root], 1e-6);
    }

    [Fact]
    public void ItsOptimumIsTheRiskOfItsOwnBandOnPaths()
    {
        var problem = SimMarketTests.With("""{ "model": "kou", "spot": 1, "volatility": 0.2, "lambda": 3, "upProbability": 0.4, "upRate": 40, "downRate": 25 }""", steps: 10, stepYears: 1 / 365.0, liability: """{ "strike": 1 }""") with
        {
            Objective = new ObjectiveSpecification { Kind = ObjectiveKind.Entropic, RiskAversion = 10 }, Hedges = [new HedgeSpecification { Costs = new CostSpecification { Proportional = 0.001 } }],
            Certificate = CertificateKind.DynamicProgramme,
        };
        Assert.Null(Certificate.WhyNot(problem));
        var policy = new HodgesNeubergerPolicy("hodges-neuberger", problem, 10, 1, HodgesNeubergerPolicy.HoldingsTuning);
        var risk = RiskMeasure.Of(problem.Objective, PathRunner.Run(new HedgingEnvironment(problem, 5), [policy], 0, 100_000)[0].Loss);
        Assert.InRange(Math.Abs(risk.Value - policy.Optimum), 0, 4 * risk.StdErr + 5e-6);
        // And jumps that no band hedges cost something: without them the optimum is lower.
        var calm = problem with { Market = problem.Market with { Lambda = 0 } };
        Assert.True(policy.Optimum > 1.02 * new HodgesNeubergerPolicy("calm", calm, 10, 1, HodgesNeubergerPolicy.HoldingsTuning).Optimum);
    }
}
