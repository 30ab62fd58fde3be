using Appliance.Lab.Random;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Markets;

/// <summary>A recombining tree: each step multiplies the price by up, 1 or 1/up. The node is kept as a whole number of up-steps, so that equal nodes have equal prices to the bit.</summary>
public sealed class TrinomialSimulator : MarketSimulator
{
    private readonly double[] _prices;

    public TrinomialSimulator(MarketSpecification market, TimeSpecification time, ulong seed, ImportanceSpecification? importance = null)
        : base(market, time, seed, ["spot"], 1, 0, 1, usesSubsteps: false, importance) => _prices = NodePrices(market, time.Steps);

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

    protected override void FillPaths(PathBlock block, long firstPath)
    {
        var node = OwnScratch(block, 0);
        node.Fill(Steps);
        block.Row(0, 0).Fill(_prices[Steps]);
        // Of the tree itself and, where paths are tilted, of each tilted one: the probability of an up-step, and that of up or middle.
        int trees = Tilt?.Components ?? 1;
        Span<double> up = stackalloc double[trees], upOrMiddle = stackalloc double[trees];
        for (int j = 0; j < trees; j++)
        {
            double theta = Tilt?.MeanOf(j) ?? 0, moment = j == 0 ? 1 : PathTilt.Moment(Market.Probabilities, theta);
            up[j] = Market.Probabilities[0] * Math.Exp(theta) / moment;
            upOrMiddle[j] = up[j] + Market.Probabilities[1] / moment;
        }
        for (int step = 0; step < Steps; step++)
        {
            var uniforms = Draws.Uniforms(block, firstPath, 0, step);
            var next = block.Row(0, step + 1);
            for (int i = 0; i < next.Length; i++)
            {
                int tree = Tilt is null ? 0 : block.TiltComponent[i];
                node[i] += uniforms[i] < up[tree] ? 1 : uniforms[i] < upOrMiddle[tree] ? 0 : -1;
                next[i] = _prices[(int)node[i]];
            }
        }
        if (Tilt is not null)
            for (int i = 0; i < node.Length; i++) block.TiltSum[i] = node[i] - Steps;
    }
}
