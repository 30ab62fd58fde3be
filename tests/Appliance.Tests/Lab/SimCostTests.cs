using Appliance.Lab.Costs;
using Appliance.Lab.Export;
using Appliance.Lab.Hedging;
using Appliance.Lab.Markets;
using Appliance.Lab.Specification;

namespace Appliance.Tests.Lab;

/// <summary>The P&amp;L engine, path by path against sums written out by hand.</summary>
public sealed class SimCostTests
{
    /// <summary>Holds what a table says.</summary>
    private sealed class Fixed(params double[] targets) : IBlockPolicy, IBlockPolicySession
    {
        public string Name => "fixed";
        public List<double> Accrued { get; } = [];
        public IBlockPolicySession Open(HedgingEnvironment environment, int paths) => this;
        public void Begin(EpisodeBlock block) { }

        public void Decide(EpisodeBlock block, int step, HoldingBook book)
        {
            Accrued.Add(book.AccruedPnl[0]);
            book.Target[0].AsSpan().Fill(targets[step]);
        }
    }

    private static readonly double[] _prices = [100, 110, 99, 105];

    private static (BlockResult Result, Fixed Policy) Run(CostSpecification costs, double[] targets, bool liquidate = true, double rate = 0, double initial = 0, HedgeKind kind = HedgeKind.Spot, double funding = 0)
    {
        string file = Path.Combine(Path.GetTempPath(), $"paths-{Guid.NewGuid():N}.npy");
        NpyFile.Write(file, _prices, 1, 4);
        try
        {
            var s = SimMarketTests.With(SimMarketTests.Gbm, steps: 3, stepYears: 0.25) with
            {
                Market = new MarketSpecification { Model = MarketModel.Paths, Spots = [100], Rate = rate, DataFile = file }, LiquidateAtEnd = liquidate, InitialHolding = [initial],
                Hedges = [new HedgeSpecification { Instrument = kind, FundingRate = funding, Costs = costs }],
            };
            var environment = new HedgingEnvironment(s, 1);
            var block = environment.NewBlock(1);
            environment.Fill(block, 0);
            var result = new BlockResult(1);
            var policy = new Fixed(targets);
            new PnlEngine(environment, 1).Run(block, policy, result, 0);
            return (result, policy);
        }
        finally { File.Delete(file); }
    }

    [Fact]
    public void GainsAndCostsAreTheSumsByHand()
    {
        // Call struck at 100 owes 5. Trades 0.5, 0.2, 0, −0.7; costs 0.01 of value, 0.03 a trade, 0.001·S·n².
        var (r, policy) = Run(new CostSpecification { Proportional = 0.01, Fixed = 0.03, Quadratic = 0.001 }, [0.5, 0.7, 0.7]);
        double gains = 0.5 * 10 + 0.7 * -11 + 0.7 * 6;
        double costs = 0.01 * (50 + 22 + 73.5) + 3 * 0.03 + 0.001 * (100 * 0.25 + 110 * 0.04 + 105 * 0.49);
        Assert.Equal(5 - gains + costs, r.Loss[0], 1e-12);
        Assert.Equal(costs, r.Costs[0], 1e-12);
        Assert.Equal(3, r.Rebalances[0]);
        Assert.Equal(50 + 22 + 73.5, r.Turnover[0], 1e-12);
        Assert.Equal(0, policy.Accrued[0]);
        Assert.Equal(5 - 0.01 * 50 - 0.03 - 0.001 * 25, policy.Accrued[1], 1e-12);
    }

    [Fact]
    public void WithoutLiquidationTheHoldingIsMarkedForNothing()
    {
        var (with, _) = Run(new CostSpecification { Proportional = 0.01 }, [0.5, 0.7, 0.7]);
        var (without, _) = Run(new CostSpecification { Proportional = 0.01 }, [0.5, 0.7, 0.7], liquidate: false);
        Assert.Equal(0.01 * 73.5, with.Loss[0] - without.Loss[0], 1e-12);
        Assert.Equal(2, without.Rebalances[0]);
    }

    [Fact]
    public void AnInitialHoldingIsTradedFrom()
    {
        var (r, _) = Run(new CostSpecification { Proportional = 0.01 }, [0.5, 0.5, 0.5], initial: 0.4, liquidate: false);
        Assert.Equal(0.01 * 0.1 * 100, r.Costs[0], 1e-12);
        Assert.Equal(5 - 0.5 * 5 + 0.1, r.Loss[0], 1e-12);
    }

    [Fact]
    public void CashAccruesAtTheRate()
    {
        var (r, _) = Run(new CostSpecification { Proportional = 0.01 }, [0.5, 0.7, 0.7], rate: 0.08);
        double g0 = Math.Exp(0.06), g1 = Math.Exp(0.04), g2 = Math.Exp(0.02);
        // A cash account written out: buy, borrow, repay.
        double cash = (-0.5 * 100 - 0.5) * g0 + (-0.2 * 110 - 0.22) * g1 + 0 * g2 + 0.7 * 105 - 0.735;
        Assert.Equal(5 - cash, r.Loss[0], 1e-12);
    }

    [Fact]
    public void FundingIsPaidByTheLong()
    {
        var (spot, _) = Run(new CostSpecification(), [0.5, 0.7, 0.7]);
        var (perpetual, _) = Run(new CostSpecification(), [0.5, 0.7, 0.7], kind: HedgeKind.Perpetual, funding: 0.12);
        Assert.Equal(0.12 * 0.25 * (0.5 * 100 + 0.7 * 110 + 0.7 * 99), perpetual.Loss[0] - spot.Loss[0], 1e-12);
    }

    /// <summary>Nobody lays out a perpetual's price, so no interest is lost on it: each step's gain is settled at its end and accrues from there.</summary>
    [Fact]
    public void APerpetualIsNotPaidFor()
    {
        var (perpetual, _) = Run(new CostSpecification { Proportional = 0.01 }, [0.5, 0.7, 0.7], rate: 0.08, kind: HedgeKind.Perpetual, funding: 0.12);
        double g0 = Math.Exp(0.06), g1 = Math.Exp(0.04), g2 = Math.Exp(0.02), funding = 0.12 * 0.25;
        double gains = 0.5 * 10 * g1 + 0.7 * -11 * g2 + 0.7 * 6, paid = funding * (0.5 * 100 * g1 + 0.7 * 110 * g2 + 0.7 * 99), costs = 0.01 * (50 * g0 + 22 * g1 + 73.5);
        Assert.Equal(5 - gains + paid + costs, perpetual.Loss[0], 1e-12);
    }

    [Fact]
    public void LatencyMinimumAndLotShapeTheTrade()
    {
        // A step late: holdings 0, 0.5, 0.7.
        var (late, _) = Run(new CostSpecification { LatencySteps = 1 }, [0.5, 0.7, 0.7], liquidate: false);
        Assert.Equal(5 - (0.5 * -11 + 0.7 * 6), late.Loss[0], 1e-12);
        // Lots of a quarter: 0.5, 0.75, 0.75; a minimum of 0.3 leaves out the second trade.
        var (lots, _) = Run(new CostSpecification { Lot = 0.25 }, [0.55, 0.7, 0.7], liquidate: false);
        Assert.Equal(5 - (0.5 * 10 + 0.75 * -11 + 0.75 * 6), lots.Loss[0], 1e-12);
        var (least, _) = Run(new CostSpecification { MinimumTrade = 0.3 }, [0.5, 0.7, 0.7], liquidate: false);
        Assert.Equal(5 - (0.5 * 5), least.Loss[0], 1e-12);
        Assert.Equal(1, least.Rebalances[0]);
    }

    [Fact]
    public void ImpactMovesThePriceAndThereAndBackEarnsNothing()
    {
        // In and out at one price path: with permanent impact alone the round trip returns to the undisturbed gains.
        var (free, _) = Run(new CostSpecification(), [0.5, 0.5, 0]);
        var (permanent, _) = Run(new CostSpecification { Permanent = 0.01 }, [0.5, 0.5, 0]);
        // Bought at 100·(1 + 0.01·0.25), sold at 99·(1 + 0.01·0.25).
        Assert.Equal(0.5 * (99 * 1.0025 - 100 * 1.0025), 5 - permanent.Loss[0], 1e-12);
        Assert.Equal(0.5 * -1, 5 - free.Loss[0], 1e-12);
        // A transient impact that has all gone costs the round trip its entry, and a new one its exit.
        var (transient, _) = Run(new CostSpecification { Transient = 0.01, Decay = 1e6 }, [0.5, 0.5, 0]);
        Assert.Equal(0.5 * (99 * (1 - 0.0025) - 100 * 1.0025), 5 - transient.Loss[0], 1e-12);
    }

    [Fact]
    public void PartialFillsAndSlippageAreDrawnFromTheirModel()
    {
        var s = SimMarketTests.With(SimMarketTests.Gbm, steps: 1) with { LiquidateAtEnd = false, Hedges = [new HedgeSpecification { Costs = new CostSpecification { FillShare = 0.75, SlippageStdDev = 0.002 } }] };
        var environment = new HedgingEnvironment(s, 1);
        const int Paths = 20_000;
        var block = environment.NewBlock(Paths);
        environment.Fill(block, 0);
        var result = new BlockResult(Paths);
        double[][][] trace = [[new double[Paths]]];
        new PnlEngine(environment, Paths).Run(block, new Fixed(1), result, 0, trace);
        double mean = trace[0][0].Average(), least = trace[0][0].Min(), most = trace[0][0].Max();
        Assert.Equal(0.75, mean, 0.005);
        Assert.InRange(least, 0.5, 0.51);
        Assert.InRange(most, 0.99, 1);
        double[] slips = [.. result.Costs.Select((c, p) => c / environment.Growth[0] / (100 * trace[0][0][p]))];
        Assert.Equal(0, slips.Average(), 1e-4);
        Assert.Equal(0.002, Math.Sqrt(slips.Average(x => x * x)), 5e-5);
    }

    [Fact]
    public void ASpreadIsReadFromAFile()
    {
        string file = Path.Combine(Path.GetTempPath(), $"spread-{Guid.NewGuid():N}.npy");
        try
        {
            NpyFile.Write(file, [0.01, 0.02, 0.03, 0.04], 4);
            var (r, _) = Run(new CostSpecification { SpreadFile = file, Proportional = 0.001 }, [0.5, 0.7, 0.7]);
            Assert.Equal(0.011 * 50 + 0.021 * 22 + 0.041 * 73.5, r.Costs[0], 1e-12);
            NpyFile.Write(file, [0.01, 0.02], 2);
            var e = Assert.Throws<MarketDataException>(() => Run(new CostSpecification { SpreadFile = file }, [0, 0, 0]));
            Assert.Contains("saw the shape (2), allowed is (4)", e.Message, StringComparison.Ordinal);
        }
        finally { File.Delete(file); }
    }
}
