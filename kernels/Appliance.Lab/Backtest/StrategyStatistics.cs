namespace Appliance.Lab.Backtest;

/// <summary>An interval that holds the truth in 95 of 100 samples.</summary>
public readonly record struct Interval(double Low, double High);

/// <summary>One figure with its bootstrap interval.</summary>
public readonly record struct Figure(double Value, Interval Interval);

/// <summary>
/// What the report says of one strategy. Risk is the objective of the loss L gross of the premium; everything else is of P&amp;L = premium with interest − L, with CVaR and worst as losses, positive.
/// </summary>
public sealed record StrategyStatistics
{
    public required string Name { get; init; }
    public required double Risk { get; init; }
    public required double RiskStdErr { get; init; }
    /// <summary>(risk − optimum) / (risk without hedge − optimum); NaN without a certificate.</summary>
    public double Gap { get; init; } = double.NaN;
    /// <summary>Figures by their key in the report: mean, stdDev, cvar95, cvar99, costs, rebalances, sharpe, annualisedVolatility, worst, turnover.</summary>
    public required IReadOnlyDictionary<string, Figure> Figures { get; init; }
    /// <summary>The same figures less those of delta hedging, on the same paths; empty where delta is not among the strategies.</summary>
    public IReadOnlyDictionary<string, Figure> PairedToDelta { get; init; } = new Dictionary<string, Figure>();
    /// <summary>√ of the mean squared change of P&amp;L marked to the model over a step, a year; NaN where the model has no closed form.</summary>
    public double MarkedToModelVolatility { get; init; } = double.NaN;
    /// <summary>P&amp;L at equal shares of the paths, for the histogram: bin edges and shares.</summary>
    public double[] HistogramEdges { get; init; } = [];
    public double[] HistogramShares { get; init; } = [];
}
