using Appliance.Lab.Specification;

namespace Appliance.Lab.Markets;

/// <summary>
/// A history as it was: path i is the window of consecutive returns that begins i·stride observations into the part kept for evaluation, from the initial price, with the drift that it had. Windows overlap
/// where the stride is less than the steps, and are then no independent sample.
/// </summary>
public sealed class HistoryWindowsSimulator : IMarketSimulator
{
    private readonly double[] _factors;
    private readonly double _spot;
    private readonly int _stride;

    /// <param name="returns">Log returns of the part of the history that is judged.</param>
    public HistoryWindowsSimulator(MarketSpecification market, TimeSpecification time, double[] returns)
    {
        if (returns.Length < time.Steps) throw new MarketDataException($"{market.DataFile}: market.windowStride: evaluation's part has {returns.Length} returns, allowed are at least time.steps, {time.Steps}; lower market.trainingShare");
        _factors = [.. returns.Select(Math.Exp)];
        (_spot, _stride, Steps, StepYears) = (market.Spots[0], market.WindowStride, time.Steps, time.StepYears);
        PathsAvailable = (returns.Length - Steps) / _stride + 1;
    }

    public IReadOnlyList<string> Series { get; } = ["spot"];
    public int Underlyings => 1;
    public int Steps { get; }
    public double StepYears { get; }
    public long PathsAvailable { get; }
    public PathBlock NewBlock(int paths) => new(1, Steps, paths, 0);

    public void Fill(PathBlock block, long firstPath)
    {
        block.Row(0, 0).Fill(_spot);
        for (int step = 0; step < Steps; step++)
        {
            var previous = block.Row(0, step);
            var next = block.Row(0, step + 1);
            // Going round serves only those who ask for more paths than there are, to size something.
            for (int p = 0; p < next.Length; p++) next[p] = previous[p] * _factors[(int)((firstPath + p) % PathsAvailable) * _stride + step];
        }
    }
}
