using Appliance.Kernels.Scalar;
using Appliance.Lab.Hedging;
using Appliance.Lab.Risk;
using Appliance.Lab.Specification;
using Appliance.Lab.Training;

namespace Appliance.Tests.Lab;

/// <summary>The model's delta, gamma and value that features are made of.</summary>
public class TrainModelDeltaTests
{
    private static LabSpecification Case(MarketSpecification market, ContractSpecification contract) =>
        TrainRunTests.Entropic(new TrainingSpecification()) with { Market = market, Time = new TimeSpecification(40, 0.01), Liability = new LiabilitySpecification { Contracts = [contract] } };

    private static readonly MarketSpecification _gbm = new() { Model = MarketModel.Gbm, Spots = [100], Volatilities = [0.3], Rate = 0.02, Drift = 0.02 };
    private static readonly MarketSpecification _merton = new() { Model = MarketModel.Merton, Spots = [100], Volatilities = [0.4], Lambda = 1, JumpMean = -0.15, JumpStdDev = 0.25 };

    [Fact]
    public void Without_jumps_it_is_the_kernels_black_scholes()
    {
        var table = new NeutralHedgeTable(Case(_gbm, new ContractSpecification { Contract = ContractKind.European, Strike = 95, Call = false, Position = -2, Notional = 3 }));
        foreach (double spot in (double[])[60, 90, 95, 100, 140])
        {
            OptionGreeks expected = BlackScholes.Evaluate(spot, 95, 40 * 0.01, 0.3, 0.02, 0, -1);
            (double value, double delta, double gamma) = table.Exact(spot, 0);
            Assert.Equal(-6 * expected.Price, value, 1e-10);
            Assert.Equal(-6 * expected.Delta, delta, 1e-12);
            Assert.Equal(-6 * expected.Gamma, gamma, 1e-12);
        }
    }

    [Theory]
    [InlineData(ContractKind.European)]
    [InlineData(ContractKind.CashDigital)]
    public void With_jumps_it_prices_the_simulated_paths_and_its_delta_is_its_slope(ContractKind kind)
    {
        LabSpecification specification = Case(_merton, new ContractSpecification { Contract = kind, Strike = 105, Cash = 50 });
        var table = new NeutralHedgeTable(specification);
        var environment = new HedgingEnvironment(specification, 7);
        EpisodeBlock block = environment.NewBlock(40_000);
        environment.Fill(block, 0);
        double mean = RiskMeasure.Mean(block.Owed), error = Math.Sqrt(RiskMeasure.Variance(block.Owed, mean) / block.Paths);
        Assert.Equal(mean, -table.Exact(100, 0).Value, 4 * error);
        foreach (int step in (int[])[0, 20, 39])
        {
            foreach (double spot in (double[])[80, 103, 130])
            {
                const double h = 1e-3;
                (double _, double delta, double gamma) = table.Exact(spot, step);
                Assert.Equal((table.Exact(spot + h, step).Value - table.Exact(spot - h, step).Value) / (2 * h), delta, 1e-5);
                Assert.Equal((table.Exact(spot + h, step).Delta - table.Exact(spot - h, step).Delta) / (2 * h), gamma, 1e-5);
            }
        }
    }

    [Fact]
    public void The_table_is_the_formula()
    {
        var table = new NeutralHedgeTable(Case(_merton, new ContractSpecification { Contract = ContractKind.European, Strike = 100 }));
        var random = new Random(3);
        for (int i = 0; i < 2000; i++)
        {
            int step = random.Next(40);
            double spot = 100 * Math.Exp(0.6 * (random.NextDouble() - 0.5));
            Assert.Equal(table.Exact(spot, step).Delta, table.Delta(Math.Log(spot), step), 2e-5);
        }
    }
}
