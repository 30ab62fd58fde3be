using Appliance.Kernels.Hedging;

namespace Appliance.Lab.Training;

/// <summary>Where one input of the network comes from.</summary>
public enum InputKind
{
    /// <summary>A row that depends on the path alone, written with the prices.</summary>
    PathRow,
    /// <summary>A number of the step alone.</summary>
    StepConstant,
    /// <summary>What is held of a hedge before the decision.</summary>
    Holding,
    /// <summary>Trading gains less costs so far.</summary>
    AccruedPnl,
}

/// <param name="Index">PathRow: which row; Holding: which hedge.</param>
/// <param name="Mean">Holding, AccruedPnl: taken off, in the problem's units; rows and constants come normalised.</param>
/// <param name="InverseScale">Holding, AccruedPnl (in money of the step's own time): then multiplied by this.</param>
/// <param name="StepValues">StepConstant: [steps], normalised.</param>
public sealed record NetworkInput(InputKind Kind, int Index = 0, float Mean = 0, float InverseScale = 1, float[]? StepValues = null);

/// <summary>From an output to a holding: Offset + Scale·squashed, held within [Lower, Upper], in the problem's units.</summary>
public readonly record struct HoldingMap(float Scale, float Offset, float Lower, float Upper);

/// <summary>
/// From outputs to holdings. With a band, hedge i has outputs 2i and 2i + 1, the edges to which the holding is clamped (Imaki, Imajo, Ito, Minami and Nakagawa,
/// "No-transaction band network", 2021); without, output i is the target. With a width, each hedge has one output more, which says how far off a holding must be to be traded at all.
/// </summary>
/// <param name="Maps">[outputs], hedge by hedge: the target or the two edges, then the width, which is no holding but a distance: its map's lower bound is 0.</param>
public sealed record HedgeHead(bool HasBand, OutputMeaning Meaning, OutputSquash Squash, HoldingMap[] Maps, bool HasWidth = false)
{
    /// <summary>1 to 3.</summary>
    public int OutputsPerHedge => (HasBand ? 2 : 1) + (HasWidth ? 1 : 0);
}

/// <summary>
/// A hedging problem in the units of training: prices are divided by <see cref="PriceScale"/>, money by <see cref="MoneyScale"/>, holdings multiplied by their ratio, so that all is of
/// the order of one in single precision. Conventions are those of Hedging.HedgingEnvironment: gains Σ δ_k (g_{k+1} (P_{k+1} − f P_k) − g_k P_k) with f the carry of a step (a perpetual's), costs Σ g_k c(δ_k − δ_{k−1}, P_k).
/// </summary>
public sealed class HedgeProblem
{
    public required int Steps { get; init; }
    public required int Hedges { get; init; }
    /// <summary>Rows of a step that depend on the path alone: features, and the neutral hedges where the head wants them.</summary>
    public required int PathRows { get; init; }
    public required NetworkInput[] Inputs { get; init; }
    public required HedgeHead Head { get; init; }
    /// <summary>[hedges] path row of the neutral holding, for a head that means it.</summary>
    public int[] NeutralRow { get; init; } = [];
    /// <summary>[hedges] path row of the holding that a teacher has; empty where the loss is the hedge's own. With a teacher a path's loss is the mean square of the distance to it over decisions.</summary>
    public int[] TeacherRow { get; init; } = [];
    /// <summary>[steps + 1].</summary>
    public required float[] Growth { get; init; }
    /// <summary>[hedges] paid by a long at a step's end, per unit of value at its start: a perpetual's funding, less the interest on a price that it did not lay out. Empty for none.</summary>
    public float[] Funding { get; init; } = [];
    /// <summary>What a holding's value at a step's start must earn, in money at maturity per unit of it.</summary>
    internal float HoldingGrowth(int step, int hedge) => Funding.Length == 0 ? Growth[step] : Growth[step] + Funding[hedge] * Growth[step + 1];
    /// <summary>[hedges] per unit of value traded.</summary>
    public required float[] Proportional { get; init; }
    /// <summary>[hedges] of price × holding².</summary>
    public required float[] Quadratic { get; init; }
    /// <summary>[hedges] per trade. Its derivative is zero wherever it has one; a head with widths learns of it by <see cref="TradeGate"/>.</summary>
    public required float[] Fixed { get; init; }
    public required float[] InitialHolding { get; init; }
    public bool LiquidateAtEnd { get; init; }
    public required double MoneyScale { get; init; }
    /// <summary>[hedges].</summary>
    public required double[] PriceScale { get; init; }

    /// <summary>Decisions are taken at steps 0, n, 2n, …; between them the holding stands. The policy's own schedule.</summary>
    public int DecideEvery { get; init; } = 1;
    public int Decisions => (Steps + DecideEvery - 1) / DecideEvery;

    public int Outputs => Head.OutputsPerHedge * Hedges;

    /// <summary>Whether paths come by importance sampling and count by their ratios.</summary>
    public bool HasRatios { get; init; }

    // A block of paths is [rows, paths]: prices of step 0, path rows of step 0, prices of step 1, …, prices of the last, what is owed, and the ratios where there are any.

    /// <summary>Rows of one block.</summary>
    public int BlockRows => OwedRow + (HasRatios ? 2 : 1);
    public int PriceRow(int step, int hedge) => step * (Hedges + PathRows) + hedge;
    public int PathRow(int step, int row) => step * (Hedges + PathRows) + Hedges + row;
    public int OwedRow => Steps * (Hedges + PathRows) + Hedges;
    public int RatioRow => OwedRow + 1;
}
