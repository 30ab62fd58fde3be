namespace Appliance.Lab.Markets;

/// <summary>
/// A market model that can fill blocks of paths. Path number i is a function of the specification, the seed and i alone: neither the block in which it is drawn nor the thread matters.
/// Filling is safe on several threads, each with a block of its own.
/// </summary>
public interface IMarketSimulator
{
    /// <summary>What each series is: the underlyings ("spot", or "spot0", "spot1", …), then states ("variance", …).</summary>
    IReadOnlyList<string> Series { get; }
    /// <summary>How many of the series, from the first, are underlyings.</summary>
    int Underlyings { get; }
    int Steps { get; }
    double StepYears { get; }
    /// <summary>Paths there are: without end for a model, those of the file otherwise.</summary>
    long PathsAvailable { get; }
    /// <summary>A block for this simulator.</summary>
    PathBlock NewBlock(int paths);
    /// <summary>Fills the block with paths firstPath … firstPath + block.Paths − 1.</summary>
    void Fill(PathBlock block, long firstPath);
}
