namespace Appliance.Lab.Specification;

public enum PolicyArchitecture { Mlp, Ntb, Lstm, Gru, Delta, DeltaThreshold, WhalleyWilmott, Leland, MinimumVarianceDelta, HodgesNeuberger, None }

/// <summary>A classical rule and its parameters: a baseline, or a policy without training.</summary>
public sealed record StrategySpecification
{
    public required PolicyArchitecture Kind { get; init; }
    /// <summary>The key under which the report states it.</summary>
    public string Name { get; init; } = "";
    /// <summary>Decide only every so many steps.</summary>
    public int Every { get; init; } = 1;
    /// <summary>delta-threshold: the half-width in units of the hedge; NaN tunes it on training paths.</summary>
    public double Threshold { get; init; } = double.NaN;
    /// <summary>whalley-wilmott, hodges-neuberger: risk aversion a; NaN takes that of an entropic objective, else tunes it on training paths.</summary>
    public double RiskAversion { get; init; } = double.NaN;
    /// <summary>Volatility at which the rule computes delta; NaN takes the model's (and for models with jumps or variance their own delta).</summary>
    public double Volatility { get; init; } = double.NaN;
}

/// <summary>The policy to be trained: its network and what it sees.</summary>
public sealed record PolicySpecification
{
    public PolicyArchitecture Architecture { get; init; } = PolicyArchitecture.Mlp;
    /// <summary>Units of each hidden layer.</summary>
    public IReadOnlyList<int> Hidden { get; init; } = [32, 32];
    /// <summary>Names of features in order; empty leaves the choice to the architecture and objective.</summary>
    public IReadOnlyList<string> Features { get; init; } = [];
    /// <summary>relu, tanh or silu.</summary>
    public string Activation { get; init; } = "silu";
    public bool NetworkPerStep { get; init; }
    public bool LearnInitialHolding { get; init; }
    /// <summary>The rule's parameters where the architecture is a classical one.</summary>
    public StrategySpecification Rule { get; init; } = new() { Kind = PolicyArchitecture.None };
}

public sealed record TrainingSpecification
{
    /// <summary>Paths drawn in all for one epoch.</summary>
    public int Paths { get; init; } = 100_000;
    public int Epochs { get; init; } = 20;
    public int Batch { get; init; } = 1_000;
    public double LearningRate { get; init; } = 0.003;
    public ulong Seed { get; init; } = 1;
    /// <summary>Norm to which a gradient is clipped; 0 does not clip.</summary>
    public double ClipNorm { get; init; } = 1;
    /// <summary>Share of the last epochs over which weights are averaged; 0 does not average.</summary>
    public double AveragingShare { get; init; } = 0.5;
    /// <summary>Earlier rounds train on every n-th step only; 1 trains on all from the start.</summary>
    public int CoarseStepFactor { get; init; } = 1;
    /// <summary>Draws training paths, and those held back, by importance sampling; null draws them from the market.</summary>
    public ImportanceSpecification? Importance { get; init; }
    /// <summary>Empty trains on the objective; else the rule that is imitated: delta, minimum-variance-delta, dynamic-programme.</summary>
    public string Teacher { get; init; } = "";
    /// <summary>0 takes all cores.</summary>
    public int Threads { get; init; }
}

public sealed record EvaluationSpecification
{
    public int Paths { get; init; } = 100_000;
    public ulong Seed { get; init; } = 1_000_003;
    /// <summary>Bootstrap resamples for confidence intervals.</summary>
    public int Resamples { get; init; } = 200;
    /// <summary>Judges the tail on paths drawn by importance sampling too; null does not.</summary>
    public ImportanceSpecification? Importance { get; init; }
    /// <summary>Above 0, a history's windows are judged in so many stretches, and the policy is trained anew before each on the history before it.</summary>
    public int WalkForward { get; init; }
    /// <summary>Returns before a stretch that its training draws from; 0 takes all there are.</summary>
    public int WalkForwardHistory { get; init; }
    /// <summary>Further markets on which strategies are tested: files of specifications whose market is taken.</summary>
    public IReadOnlyList<string> Robustness { get; init; } = [];
}
