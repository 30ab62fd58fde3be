namespace Appliance.Kernels.Hedging;

/// <summary>
/// A hedging problem and its perceptron as plain arrays: what a device needs to hedge paths and to go back through the hedge. Units and meanings are those of the lab's HedgeProblem, from which it is made; a block of paths is
/// [rows, paths]: of each step the hedges' prices, then the path rows; at the end the last prices and what is owed.
/// </summary>
public sealed record DeviceHedgeProblem
{
    public const int InputColumns = 2, MapColumns = 4, LayerColumns = 7;

    public required int Steps { get; init; }
    public required int Hedges { get; init; }
    /// <summary>Rows of one step beside the prices.</summary>
    public required int PathRows { get; init; }
    public required int BlockRows { get; init; }
    public required int DecideEvery { get; init; }
    public required bool HasBand { get; init; }
    public required bool LiquidateAtEnd { get; init; }
    public required OutputSquash Squash { get; init; }
    public required OutputMeaning Meaning { get; init; }
    /// <summary>[inputs, 2]: kind (0 a path row, 1 a number of the step, 2 a holding, 3 accrued P&amp;L) and index.</summary>
    public required int[] Inputs { get; init; }
    /// <summary>[inputs, 2]: mean and inverse scale of holdings, and of P&amp;L in money of the step's own time.</summary>
    public required float[] InputScales { get; init; }
    /// <summary>[inputs, steps]: numbers of the step; zero for inputs of another kind.</summary>
    public required float[] StepValues { get; init; }
    /// <summary>[hedges] path row of the neutral holding; empty where the head means positions.</summary>
    public required int[] NeutralRows { get; init; }
    /// <summary>[outputs, 4]: scale, offset, lower and upper bound.</summary>
    public required float[] Maps { get; init; }
    /// <summary>[steps + 1].</summary>
    public required float[] Growth { get; init; }
    /// <summary>[hedges, 4]: proportional, quadratic, fixed cost, initial holding.</summary>
    public required float[] Hedge { get; init; }
    /// <summary>[hedges, steps]: what a holding's value at a step's start must earn, funding included, in money at maturity.</summary>
    public required float[] HoldingGrowth { get; init; }
    public required Networks.Activation Activation { get; init; }
    /// <summary>Decisions with a network of their own; 1 is one for all.</summary>
    public required int Networks { get; init; }
    public required int Layers { get; init; }
    /// <summary>[networks, layers, 7]: padded inputs, padded outputs, then where weights, their transpose and biases begin among the packed, and where their sums and those of the biases begin.</summary>
    public required int[] Layer { get; init; }
    /// <summary>Numbers of the packed weights, [outputs / 4, inputs, 4] a layer.</summary>
    public required int PackedLength { get; init; }
    /// <summary>Numbers of a gradient as the device sums it, [outputs / 4, inputs / 4, 4, 4] and [outputs] a layer.</summary>
    public required int SumsLength { get; init; }

    public int Decisions => (Steps + DecideEvery - 1) / DecideEvery;
    public int InputCount => Inputs.Length / InputColumns;
}

/// <summary>Hedges blocks of paths on a device and goes back through the hedge. One thread at a time. Losses have the bits of the lab's own; sums over paths have an order of their own, the same on every device and at every call.</summary>
public interface IHedgeDevice : IDisposable
{
    /// <summary>Kind and name.</summary>
    string Device { get; }
    /// <summary>Memory taken on the device, and what it has.</summary>
    long Bytes { get; }
    long BytesAvailable { get; }

    void SetWeights(ReadOnlySpan<float> packed);
    /// <summary>Puts paths into one of two places, [blocks, rows, paths].</summary>
    void Load(int place, ReadOnlySpan<float> blocks);
    /// <summary>Losses of blocks from <paramref name="firstBlock"/> on; with <paramref name="records"/> the way back may follow.</summary>
    /// <param name="every">Of the problem's decisions only every so many-th is taken.</param>
    void Forward(int place, int firstBlock, int every, bool records, Span<float> losses);
    /// <summary>Gathers single paths of a place and hedges them with a tape; <paramref name="columns"/> holds block·pathsPerBlock + path of each.</summary>
    void ForwardGathered(int place, ReadOnlySpan<int> columns, int every);
    /// <summary>Σ weight·∂loss/∂parameters over the paths of the last recorded way forward. [SumsLength]</summary>
    void Backward(ReadOnlySpan<float> weights, Span<double> sums);
}
