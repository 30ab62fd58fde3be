using System.Runtime.InteropServices;

namespace Appliance.Lab.Markets;

/// <summary>
/// Simulated paths, [series, steps + 1, paths]: a row is one series at one step, contiguous over paths, so that every loop of the lab runs along it. Series are the underlyings, in
/// their order, then what else the model knows (variance, regime, …). A block belongs to one thread and brings its own scratch rows, so that filling it allocates nothing.
/// </summary>
public sealed class PathBlock
{
    private readonly double[] _values;
    private readonly double[] _scratch;

    /// <param name="tilted">Whether paths are drawn by importance sampling and have ratios.</param>
    public PathBlock(int series, int steps, int paths, int scratchRows, bool tilted = false)
    {
        (Series, Steps, Paths) = (series, steps, paths);
        int noted = tilted ? paths : 0;
        (RatioRow, TiltSum, TiltSquares, TiltComponent, JumpCount) = (new double[noted], new double[noted], new double[noted], new byte[noted], new int[noted]);
        _values = GC.AllocateUninitializedArray<double>(checked(series * (steps + 1) * paths));
        _scratch = new double[scratchRows * paths];
    }

    public int Series { get; }
    public int Steps { get; }
    public int Paths { get; }
    /// <summary>Each path's density under the market over that under which it was drawn [paths]; empty where paths are drawn from the market.</summary>
    public ReadOnlySpan<double> Ratios => RatioRow;

    internal double[] RatioRow { get; }
    internal double[] TiltSum { get; }
    internal double[] TiltSquares { get; }
    internal byte[] TiltComponent { get; }
    internal int[] JumpCount { get; }

    public Span<double> Row(int series, int step) => MemoryMarshal.CreateSpan(ref _values[(series * (Steps + 1) + step) * Paths], Paths);
    internal Span<double> Scratch(int row) => _scratch.AsSpan(row * Paths, Paths);

    /// <summary>Bytes that a block takes, to be stated before it is made.</summary>
    public static long Bytes(int series, int steps, int paths, int scratchRows) => 8L * paths * (series * (steps + 1L) + scratchRows);
}
