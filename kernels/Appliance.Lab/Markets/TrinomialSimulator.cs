using Appliance.Lab.Specification;

namespace Appliance.Lab.Markets;

/// <summary>A recombining tree: each step multiplies the price by up, 1 or 1/up. The node is kept as a whole number of up-steps, so that equal nodes have equal prices to the bit.</summary>
public sealed class TrinomialSimulator : MarketSimulator
{
    private readonly double[] _prices;

    public TrinomialSimulator(MarketSpecification market, TimeSpecification time, ulong seed)
        : base(market, time, seed, ["spot"], 1, 0, 1, usesSubsteps: false) => _prices = NodePrices(market, time.Steps);

    /// <summary>Prices of nodes −steps … steps, index node + steps.</summary>
    public static double[] NodePrices(MarketSpecification market, int steps)
    {
        var prices = new double[2 * steps + 1];
        prices[steps] = market.Spots[0];
        for (int j = 1; j <= steps; j++)
        {
            prices[steps + j] = market.Spots[0] * Math.Pow(market.Up, j);
            prices[steps - j] = market.Spots[0] / Math.Pow(market.Up, j);
        }
        return prices;
    }

    protected override int OwnScratchRows => 1;

    public override void Fill(PathBlock block, long firstPath)
    {
        var node = OwnScratch(block, 0);
        node.Fill(Steps);
        block.Row(0, 0).Fill(_prices[Steps]);
        double up = Market.Probabilities[0], upOrMiddle = up + Market.Probabilities[1];
        for (int step = 0; step < Steps; step++)
        {
            var uniforms = Draws.Uniforms(block, firstPath, 0, step);
            var next = block.Row(0, step + 1);
            for (int i = 0; i < next.Length; i++)
            {
                node[i] += uniforms[i] < up ? 1 : uniforms[i] < upOrMiddle ? 0 : -1;
                next[i] = _prices[(int)node[i]];
            }
        }
    }
}
