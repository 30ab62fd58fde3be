namespace Appliance.Lab.Training;

public enum TrainingOutcome { Done, Interrupted, Stopped }

/// <summary>One line of progress.</summary>
/// <param name="Loss">Mean of the batches' risks, in money.</param>
/// <param name="HeldBackRisk">Risk on paths that training never sees, in money.</param>
/// <param name="PathsPerSecond">Since this process began.</param>
/// <param name="Remaining">At the rate so far.</param>
public readonly record struct TrainingProgress(int Epoch, int Epochs, double Loss, double HeldBackRisk, double PathsPerSecond, TimeSpan Remaining);

/// <summary>What a run earned.</summary>
public sealed record TrainingResult
{
    public required TrainingOutcome Outcome { get; init; }
    /// <summary>Why it stopped; empty when it is done.</summary>
    public string Reason { get; init; } = "";
    /// <summary>The best parameters so far by held-back risk: what the policy file holds.</summary>
    public required double[] Parameters { get; init; }
    /// <summary>In money.</summary>
    public required double HeldBackRisk { get; init; }
    /// <summary>Of not hedging at all, on the same held-back paths.</summary>
    public required double NoHedgeRisk { get; init; }
    public required int EpochsDone { get; init; }
    public required int Threads { get; init; }
    /// <summary>Of this process; a resumed run counts from its resumption.</summary>
    public required double Seconds { get; init; }
    public required double PathsPerSecond { get; init; }
    public required long Bytes { get; init; }
    /// <summary>Each epoch's mean batch risk and held-back risk, in money.</summary>
    public required IReadOnlyList<(double Loss, double HeldBack)> History { get; init; }
}
