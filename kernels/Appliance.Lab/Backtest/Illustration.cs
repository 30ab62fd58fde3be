using Appliance.Lab.Hedging;
using Appliance.Lab.Costs;

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
        var price = Enumerable.Range(0, steps + 1).Select(k => block.Price(0, k)[0]).ToArray();
        var holdings = new double[strategies.Count][];
        var engine = new PnlEngine(environment, 1);
        for (int i = 0; i < strategies.Count; i++)
        {
            double[][][] trace = [.. Enumerable.Range(0, environment.Instruments).Select(_ => Enumerable.Range(0, steps).Select(_ => new double[1]).ToArray())];
            engine.Run(block, strategies[i].Open(environment, 1), new BlockResult(1), 0, trace);
            holdings[i] = [.. trace[0].Select(row => row[0])];
        }
        return new ExamplePath(price, [.. strategies.Select(s => s.Name)], holdings);
    }

    /// <summary>Each path stands still at its price up to a step, so that the holding there is what the policy holds after a quiet market at that price. Only for markets that are a price alone.</summary>
    public static PolicySurface? Surface(HedgingEnvironment environment, IReadOnlyList<IBlockPolicy> strategies)
    {
        if (environment.Simulator.Series.Count != 1 || environment.Instruments != 1) return null;
        int steps = environment.Steps;
        var market = environment.Specification.Market;
        double deviation = Baselines.ModelVolatility.Of(market, environment.Specification.Time) * Math.Sqrt(environment.Specification.Time.MaturityYears);
        double[] prices = [.. Enumerable.Range(0, Prices).Select(i => market.Spots[0] * Math.Exp(deviation * 2.5 * (2.0 * i / (Prices - 1) - 1)))];
        int[] at = [.. new[] { 0, steps / 2, steps * 9 / 10 }.Distinct()];
        var block = environment.NewBlock(Prices);
        for (int k = 0; k <= steps; k++) prices.CopyTo(block.Market.Row(0, k));
        var holdings = new double[strategies.Count][][];
        var engine = new PnlEngine(environment, Prices);
        for (int i = 0; i < strategies.Count; i++)
        {
            double[][][] trace = [[.. Enumerable.Range(0, steps).Select(_ => new double[Prices])]];
            engine.Run(block, strategies[i].Open(environment, Prices), new BlockResult(Prices), 0, trace);
            holdings[i] = [.. at.Select(k => trace[0][k])];
        }
        return new PolicySurface([.. strategies.Select(s => s.Name)], at, prices, holdings);
    }
}
