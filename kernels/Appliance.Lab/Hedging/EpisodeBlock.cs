using Appliance.Lab.Markets;

namespace Appliance.Lab.Hedging;

/// <summary>
/// A block of episodes ready to be hedged: the market's paths, the price of each hedge instrument [steps + 1, paths], and what is owed at maturity [paths]. It belongs to one thread.
/// </summary>
public sealed class EpisodeBlock
{
    private readonly int[] _aliasOf;
    private readonly double[][] _prices;

    internal EpisodeBlock(PathBlock market, int[] aliasOf)
    {
        Market = market;
        _aliasOf = aliasOf;
        _prices = [.. aliasOf.Select(a => a >= 0 ? [] : new double[(market.Steps + 1) * market.Paths])];
        Owed = new double[market.Paths];
    }

    public PathBlock Market { get; }
    public int Instruments => _aliasOf.Length;
    public int Steps => Market.Steps;
    public int Paths => Market.Paths;
    /// <summary>Number of the first path.</summary>
    public long FirstPath { get; internal set; }
    /// <summary>What we must pay at maturity, in quote currency: positive is against us. [paths]</summary>
    public double[] Owed { get; }

    /// <summary>Price of a hedge instrument at a step, quote currency per unit. [paths]</summary>
    public Span<double> Price(int instrument, int step) =>
        _aliasOf[instrument] is >= 0 and int series ? Market.Row(series, step) : _prices[instrument].AsSpan(step * Paths, Paths);

    internal bool IsOwn(int instrument) => _aliasOf[instrument] < 0;
}
