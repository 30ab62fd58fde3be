using Appliance.Lab.Baselines;
using Appliance.Lab.Certificates;
using Appliance.Lab.Hedging;
using Appliance.Lab.Markets;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Backtest;

/// <summary>The premium received at the start, in money of the start.</summary>
public static class Premium
{
    /// <summary>Paths of a premium by simulation, where the model has no closed form.</summary>
    private const int SimulatedPaths = 262_144;

    public static double Of(LabSpecification s)
    {
        switch (s.Liability.Premium)
        {
            case PremiumKind.Amount: return s.Liability.PremiumAmount;
            case PremiumKind.BlackScholes:
                if (DeltaSource.WhyNot(s) is { } why) throw new ArgumentException($"liability.premium: no Black-Scholes price: {why}", nameof(s));
                return Enumerable.Range(0, s.Market.Spots.Count).Sum(u => ClosedForms.Owed(s, u, s.Market.Spots[u], 0, ModelVolatility.Of(s.Market, s.Time, u), withJumps: false).Value);
            default: return Model(s);
        }
    }

    private static double Model(LabSpecification s)
    {
        if (ModelPrice.Owed(s) is { } price) return price;
        if (s.Market.Model is MarketModel.Bootstrap or MarketModel.Paths) throw new ArgumentException("liability.premium: a history has no model price; give a number or \"black-scholes\"", nameof(s));
        if (s.Market.Model == MarketModel.Trinomial && LatticeLiability.Knows(s)) return Tree(s);
        // Any other model: the discounted mean at the drift of the rate, on Sobol paths of a fixed seed, whose error is some ten times below that of random ones.
        var neutral = s with { Market = s.Market with { Drift = s.Market.Rate, RegimeDrifts = [], Draws = DrawScheme.Sobol } };
        var environment = new HedgingEnvironment(neutral, 0x5EED);
        double[] sums = new double[SimulatedPaths / PathRunner.BlockPaths];
        Parallel.For(0, sums.Length, () => environment.NewBlock(PathRunner.BlockPaths), (b, _, block) =>
        {
            environment.Fill(block, (long)b * PathRunner.BlockPaths);
            sums[b] = block.Owed.Sum();
            return block;
        }, _ => { });
        return sums.Sum() / SimulatedPaths / environment.Growth[0];
    }

    /// <summary>A tree's own probabilities need not be a martingale's; the price is the mean under those that are nearest with the middle kept.</summary>
    private static double Tree(LabSpecification s)
    {
        double up = s.Market.Up, down = 1 / up, growth = Math.Exp(s.Market.Rate * s.Time.StepYears), middle = s.Market.Probabilities[1];
        double p = (growth - middle - (1 - middle) * down) / (up - down);
        if (!(p >= 0 && p <= 1 - middle)) throw new ArgumentException("liability.premium: the tree has no martingale measure with its middle probability; give a number", nameof(s));
        var neutral = s with { Market = s.Market with { Probabilities = [p, middle, 1 - middle - p] } };
        var lattice = new SpotLattice(neutral, 1);
        return LatticeLiability.ExpectFromRoot(lattice, LatticeLiability.Owed(neutral, lattice)) / LatticeLiability.Growth(s)[0];
    }
}
