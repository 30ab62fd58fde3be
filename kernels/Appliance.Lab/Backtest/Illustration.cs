using Appliance.Lab.Hedging;
using Appliance.Lab.Costs;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Backtest;

/// <summary>What the page draws besides figures: one path hedged by everyone, and each policy's holdings against the price.</summary>
internal static class Illustration
{
    private const int Prices = 61;

    public static ExamplePath? Example(HedgingEnvironment environment, IReadOnlyList<IBlockPolicy> strategies)
    {
        int steps = environment.Steps;
        var block = environment.NewBlock(1);
        environment.Fill(block, 0);
        var price = Enumerable.Range(0, steps + 1).Select(k => block.Market.Row(0, k)[0]).ToArray();
        double[][][][] traces = [.. strategies.Select(s => Trace(environment, s, block))];
        return new ExamplePath(price, Hedges(environment), [.. strategies.Select(s => s.Name)],
            [.. Enumerable.Range(0, environment.Instruments).Select(h => traces.Select(t => t[h].Select(row => row[0]).ToArray()).ToArray())]);
    }

    private static string[] Hedges(HedgingEnvironment environment) => [.. environment.Specification.Hedges.Select(h => h.Describe())];

    /// <summary>[hedge][step][path].</summary>
    private static double[][][] Trace(HedgingEnvironment environment, IBlockPolicy strategy, EpisodeBlock block)
    {
        double[][][] trace = [.. Enumerable.Range(0, environment.Instruments).Select(_ => Enumerable.Range(0, environment.Steps).Select(_ => new double[block.Paths]).ToArray())];
        new PnlEngine(environment, block.Paths).Run(block, strategy.Open(environment, block.Paths), new BlockResult(block.Paths), 0, trace);
        return trace;
    }

    /// <summary>
    /// Each path stands still at its price up to a step, so that the holding there is what the policy holds after a quiet market at that price; under Heston and Bates the variance stands at its first value and is
    /// realised. Only for markets that are a price and such a variance.
    /// </summary>
    public static PolicySurface? Surface(HedgingEnvironment environment, IReadOnlyList<IBlockPolicy> strategies)
    {
        var market = environment.Specification.Market;
        bool variance = market.Model is MarketModel.Heston or MarketModel.Bates;
        if (environment.Simulator.Series.Count != 1 && !variance) return null;
        int steps = environment.Steps;
        double deviation = Baselines.ModelVolatility.Of(market, environment.Specification.Time) * Math.Sqrt(environment.Specification.Time.MaturityYears);
        double[] prices = [.. Enumerable.Range(0, Prices).Select(i => market.Spots[0] * Math.Exp(deviation * 2.5 * (2.0 * i / (Prices - 1) - 1)))];
        int[] at = [.. new[] { 0, steps / 2, steps * 9 / 10 }.Distinct()];
        var block = environment.NewBlock(Prices);
        for (int k = 0; k <= steps; k++)
        {
            prices.CopyTo(block.Market.Row(0, k));
            if (!variance) continue;
            block.Market.Row(1, k).Fill(market.V0);
            block.Market.Row(2, k).Fill(market.V0 * k * environment.Specification.Time.StepYears);
        }
        environment.PriceHedges(block);
        double[][][][] traces = [.. strategies.Select(s => Trace(environment, s, block))];
        return new PolicySurface(Hedges(environment), [.. strategies.Select(s => s.Name)], at, prices,
            [.. Enumerable.Range(0, environment.Instruments).Select(h => traces.Select(t => at.Select(k => t[h][k]).ToArray()).ToArray())]);
    }
}
