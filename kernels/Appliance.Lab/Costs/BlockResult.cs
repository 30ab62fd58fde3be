namespace Appliance.Lab.Costs;

/// <summary>What became of each path under one strategy. [paths], money at maturity.</summary>
public sealed class BlockResult(int paths)
{
    /// <summary>L = owed − trading gains + costs.</summary>
    public double[] Loss { get; } = new double[paths];
    public double[] Costs { get; } = new double[paths];
    /// <summary>Value traded, sum of |units|·price.</summary>
    public double[] Turnover { get; } = new double[paths];
    /// <summary>Trades, a final liquidation among them.</summary>
    public int[] Rebalances { get; } = new int[paths];
    /// <summary>Sum over steps of the squared change of P&amp;L marked to the model, where that is known; else NaN.</summary>
    public double[] MarkedSquares { get; } = new double[paths];
}
