namespace Appliance.Lab.Costs;

/// <summary>What became of each path under one strategy. [paths], money at maturity.</summary>
/// <param name="weighted">Whether paths come by importance sampling.</param>
public sealed class BlockResult(int paths, bool weighted = false)
{
    /// <summary>L = owed − trading gains + costs.</summary>
    public double[] Loss { get; } = new double[paths];
    public double[] Costs { get; } = new double[paths];
    /// <summary>By how much each path counts; empty where paths are drawn from the market.</summary>
    public double[] Ratios { get; } = new double[weighted ? paths : 0];
    /// <summary>Value traded, sum of |units|·price.</summary>
    public double[] Turnover { get; } = new double[paths];
    /// <summary>Trades, a final liquidation among them.</summary>
    public int[] Rebalances { get; } = new int[paths];
    /// <summary>Sum over steps of the squared change of P&amp;L marked to the model, where that is known; else NaN.</summary>
    public double[] MarkedSquares { get; } = new double[paths];
}
