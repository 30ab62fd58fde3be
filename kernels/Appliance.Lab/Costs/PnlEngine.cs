using Appliance.Lab.Hedging;

namespace Appliance.Lab.Costs;

/// <summary>Runs a policy over a block of episodes and books gains and costs by the conventions of <see cref="HedgingEnvironment"/>. One engine a thread.</summary>
public sealed class PnlEngine
{
    private readonly HedgingEnvironment _environment;
    private readonly HoldingBook _book;
    private readonly TradeCost[] _costs;
    private readonly double[] _initial;

    public PnlEngine(HedgingEnvironment environment, int paths)
    {
        _environment = environment;
        _book = new HoldingBook(environment.Instruments, paths);
        _costs = [.. environment.Specification.Hedges.Select(h => new TradeCost(h.Costs))];
        _initial = [.. environment.Specification.InitialHolding];
    }

    /// <summary>Hedges every path of the block; results go to result[offset + i]. With <paramref name="trace"/>, the holdings after each decision go there, [instrument][step][path].</summary>
    public void Run(EpisodeBlock block, IBlockPolicySession session, BlockResult result, int offset, double[][][]? trace = null)
    {
        int n = block.Paths;
        var losses = result.Loss.AsSpan(offset, n);
        var costs = result.Costs.AsSpan(offset, n);
        var turnover = result.Turnover.AsSpan(offset, n);
        var rebalances = result.Rebalances.AsSpan(offset, n);
        costs.Clear();
        turnover.Clear();
        rebalances.Clear();
        _book.AccruedPnl.AsSpan().Clear();
        for (int i = 0; i < _book.Holding.Length; i++) _book.Holding[i].AsSpan().Fill(_initial[i]);
        session.Begin(block);
        for (int step = 0; step < block.Steps; step++)
        {
            session.Decide(block, step, _book);
            for (int i = 0; i < _book.Holding.Length; i++)
            {
                Trade(i, _book.Target[i], block.Price(i, step), _environment.Growth[step], costs, turnover, rebalances);
                if (trace is not null) _book.Holding[i].AsSpan(0, n).CopyTo(trace[i][step]);
                Gain(i, block.Price(i, step), block.Price(i, step + 1), _environment.Growth[step], _environment.Growth[step + 1]);
            }
        }
        if (_environment.Specification.LiquidateAtEnd)
            for (int i = 0; i < _book.Holding.Length; i++)
            {
                _book.Target[i].AsSpan().Clear();
                Trade(i, _book.Target[i], block.Price(i, block.Steps), 1, costs, turnover, rebalances);
            }
        for (int p = 0; p < n; p++) losses[p] = block.Owed[p] - _book.AccruedPnl[p];
    }

    private void Trade(int instrument, double[] target, ReadOnlySpan<double> price, double growth, Span<double> costs, Span<double> turnover, Span<int> rebalances)
    {
        var holding = _book.Holding[instrument];
        var accrued = _book.AccruedPnl;
        var rule = _costs[instrument];
        for (int p = 0; p < price.Length; p++)
        {
            double units = target[p] - holding[p];
            if (units == 0) continue;
            double cost = growth * rule.Of(units, price[p]);
            costs[p] += cost;
            accrued[p] -= cost;
            turnover[p] += Math.Abs(units * price[p]);
            rebalances[p]++;
            holding[p] = target[p];
        }
    }

    private void Gain(int instrument, ReadOnlySpan<double> price, ReadOnlySpan<double> next, double growth, double nextGrowth)
    {
        var holding = _book.Holding[instrument];
        var accrued = _book.AccruedPnl;
        for (int p = 0; p < price.Length; p++) accrued[p] += holding[p] * (nextGrowth * next[p] - growth * price[p]);
    }
}
