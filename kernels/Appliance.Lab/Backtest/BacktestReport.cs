using Appliance.Lab.Certificates;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Backtest;

/// <summary>Everything that `appliance backtest` found out.</summary>
public sealed record BacktestReport
{
    public required LabSpecification Specification { get; init; }
    public required double Premium { get; init; }
    public required int Paths { get; init; }
    public required IReadOnlyList<StrategyStatistics> Strategies { get; init; }
    public required double NoHedgeRisk { get; init; }
    public required CertificateResult Optimum { get; init; }
    public required double Seconds { get; init; }
    public required int Threads { get; init; }
    public IReadOnlyList<string> Notes { get; init; } = [];
    /// <summary>Strategies on other markets, by the name of the market's specification.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<StrategyStatistics>> Robustness { get; init; } = new Dictionary<string, IReadOnlyList<StrategyStatistics>>();
    /// <summary>Strategies' tails by importance sampling, where evaluation.importance asks for it.</summary>
    public IReadOnlyDictionary<string, TiltedFigures> Tilted { get; init; } = new Dictionary<string, TiltedFigures>();
    /// <summary>Stretches of a walk-forward; empty without one.</summary>
    public IReadOnlyList<WalkForwardWindow> WalkForward { get; init; } = [];
    /// <summary>Cost against risk of classical rules over their parameters, on <see cref="FrontierPaths"/> paths; empty where trading is free.</summary>
    public IReadOnlyList<FrontierCurve> Frontier { get; init; } = [];
    public int FrontierPaths { get; init; }
    public PolicySurface? Surface { get; init; }
    public ExamplePath? Example { get; init; }
}

/// <summary>Holdings of strategies in each hedge against price, at some steps. [hedge][strategy][step][price]</summary>
public sealed record PolicySurface(string[] Hedges, string[] Strategies, int[] Steps, double[] Prices, double[][][][] Holdings);

/// <summary>One path: its price, and what each strategy held of each hedge after each decision. [hedge][strategy][step]</summary>
public sealed record ExamplePath(double[] Price, string[] Hedges, string[] Strategies, double[][][] Holdings);
