using Appliance.Lab.Baselines;
using Appliance.Lab.Hedging;

namespace Appliance.Lab.Costs;

/// <summary>
/// Runs a policy over a block of episodes and books gains and costs by the conventions of <see cref="HedgingEnvironment"/>. One engine a thread. Instruments with simple costs take the short way; the others go
/// through their <see cref="ExecutionModel"/>.
/// </summary>
public sealed class PnlEngine
{
    private readonly HedgingEnvironment _environment;
    private readonly HoldingBook _book;
    private readonly TradeCost[] _costs;
    private readonly ExecutionModel?[] _execution;
    private readonly double[] _initial;
    private readonly DeltaSource? _mark;
    private readonly double[] _owed, _marked, _scratch;

    /// <param name="mark">Values the liability at every step for the marked-to-model volatility; null leaves it out.</param>
    public PnlEngine(HedgingEnvironment environment, int paths, DeltaSource? mark = null)
    {
        var specification = environment.Specification;
        _environment = environment;
        _mark = mark;
        _book = new HoldingBook(environment.Instruments, paths);
        _costs = [.. specification.Hedges.Select(h => new TradeCost(h.Costs))];
        _execution = [.. specification.Hedges.Select((h, i) => h.Costs.IsSimple ? null : new ExecutionModel(h.Costs, i, specification, paths))];
        _initial = [.. specification.InitialHolding];
        (_owed, _marked, _scratch) = (new double[paths], new double[paths], new double[paths]);
    }

    /// <summary>Hedges every path of the block; results go to result[offset + i]. With <paramref name="trace"/>, the holdings after each decision go there, [instrument][step][path].</summary>
    public void Run(EpisodeBlock block, IBlockPolicySession session, BlockResult result, int offset, double[][][]? trace = null)
    {
        int n = block.Paths;
        var outcome = new Outcome(result, offset, n);
        outcome.Clear();
        _book.AccruedPnl.AsSpan().Clear();
        for (int i = 0; i < _book.Holding.Length; i++)
        {
            _book.Holding[i].AsSpan().Fill(_initial[i]);
            _execution[i]?.Begin(_initial[i]);
        }
        bool marks = Mark(block, 0);
        session.Begin(block);
        for (int step = 0; step < block.Steps; step++)
        {
            session.Decide(block, step, _book);
            for (int i = 0; i < _book.Holding.Length; i++)
            {
                _execution[i]?.Execute(block.FirstPath, step, _book.Target[i], _book.Holding[i]);
                Trade(i, block, step, outcome);
                if (trace is not null) _book.Holding[i].AsSpan(0, n).CopyTo(trace[i][step]);
                Gain(i, block, step);
            }
            if (marks) AddMarkedSquares(block, step + 1, outcome.MarkedSquares);
        }
        if (_environment.Specification.LiquidateAtEnd)
            for (int i = 0; i < _book.Holding.Length; i++)
            {
                _book.Target[i].AsSpan().Clear();
                Trade(i, block, block.Steps, outcome);
            }
        for (int p = 0; p < n; p++) outcome.Loss[p] = block.Owed[p] - _book.AccruedPnl[p];
        if (!marks) outcome.MarkedSquares.Fill(double.NaN);
    }

    private void Trade(int instrument, EpisodeBlock block, int step, Outcome outcome)
    {
        double[] target = _book.Target[instrument], holding = _book.Holding[instrument], accrued = _book.AccruedPnl;
        var price = block.Price(instrument, step);
        double growth = _environment.Growth[step];
        var rule = _costs[instrument];
        var execution = _execution[instrument];
        for (int p = 0; p < price.Length; p++)
        {
            double units = target[p] - holding[p];
            if (units == 0) continue;
            double own = price[p];
            if (execution is { MovesPrice: true })
            {
                // The trade is made at the average of the price before and after it, so that there and back again earns nothing; what is held is marked at the price after it.
                double before = execution.Factor(p);
                execution.Traded(p, units);
                double moved = execution.Factor(p) - before;
                own = price[p] * (before + 0.5 * moved);
                accrued[p] += growth * price[p] * moved * (holding[p] + 0.5 * units);
            }
            double cost = growth * (rule.Of(units, own) + (execution?.Extra(block.FirstPath + p, step, units, own) ?? 0));
            outcome.Costs[p] += cost;
            accrued[p] -= cost;
            outcome.Turnover[p] += Math.Abs(units * own);
            outcome.Rebalances[p]++;
            holding[p] = target[p];
        }
    }

    private void Gain(int instrument, EpisodeBlock block, int step)
    {
        var price = block.Price(instrument, step);
        var next = block.Price(instrument, step + 1);
        double growth = _environment.Growth[step], nextGrowth = _environment.Growth[step + 1];
        double[] holding = _book.Holding[instrument], accrued = _book.AccruedPnl;
        if (_execution[instrument] is { MovesPrice: true } execution)
        {
            for (int p = 0; p < price.Length; p++)
            {
                double before = execution.Factor(p);
                execution.NextStep(p);
                accrued[p] += holding[p] * (nextGrowth * next[p] * execution.Factor(p) - growth * price[p] * before);
            }
        }
        else
            for (int p = 0; p < price.Length; p++) accrued[p] += holding[p] * (nextGrowth * next[p] - growth * price[p]);
        _environment.AddCarry(instrument, block, step, holding, accrued);
    }

    /// <summary>Values what is owed at a step, in money at maturity; false where the model's value is not known.</summary>
    private bool Mark(EpisodeBlock block, int step)
    {
        if (_mark is null) return false;
        _owed.AsSpan().Clear();
        for (int u = 0; u < _environment.Simulator.Underlyings; u++)
        {
            if (!_mark.Value(block, step, u, _scratch.AsSpan(0, block.Paths))) return false;
            for (int p = 0; p < block.Paths; p++) _owed[p] += _environment.Growth[step] * _scratch[p];
        }
        for (int p = 0; p < block.Paths; p++) _marked[p] = _book.AccruedPnl[p] - _owed[p];
        return true;
    }

    private void AddMarkedSquares(EpisodeBlock block, int step, Span<double> squares)
    {
        // The marks of before are needed beside the new ones; the new ones replace them as they are read.
        _marked.AsSpan(0, block.Paths).CopyTo(_book.Target[0]);
        Mark(block, step);
        for (int p = 0; p < block.Paths; p++)
        {
            double change = _marked[p] - _book.Target[0][p];
            squares[p] += change * change;
        }
    }

    private readonly ref struct Outcome(BlockResult result, int offset, int count)
    {
        public readonly Span<double> Loss = result.Loss.AsSpan(offset, count), Costs = result.Costs.AsSpan(offset, count), Turnover = result.Turnover.AsSpan(offset, count), MarkedSquares = result.MarkedSquares.AsSpan(offset, count);
        public readonly Span<int> Rebalances = result.Rebalances.AsSpan(offset, count);

        public void Clear()
        {
            Costs.Clear();
            Turnover.Clear();
            Rebalances.Clear();
            MarkedSquares.Clear();
        }
    }
}
