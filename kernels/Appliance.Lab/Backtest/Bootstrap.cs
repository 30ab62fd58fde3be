using Appliance.Lab.Costs;
using Appliance.Lab.Random;

namespace Appliance.Lab.Backtest;

/// <summary>
/// Figures of every strategy on the evaluation paths, with intervals by the Poisson bootstrap: in each resample a path counts a Poisson(1) number of times, the same for all strategies, so that differences
/// between strategies are resampled in pairs (Hanley and MacGibbon, "Creating non-parametric bootstrap samples using Poisson frequencies", Computer Methods and Programs in Biomedicine 83 (2006) 57–62).
/// Intervals are the 2.5 and 97.5 percentiles of the resamples.
/// </summary>
internal sealed class Bootstrap
{
    public static readonly string[] Keys = ["mean", "stdDev", "cvar95", "cvar99", "costs", "rebalances", "sharpe", "annualisedVolatility", "worst", "turnover"];
    private const int WeightStream = 2000;

    private readonly BlockResult[] _results;
    private readonly int[][] _worstFirst;
    private readonly double _premium, _years;
    private readonly int _paths, _tail, _together;
    private readonly double[] _level95, _level99;

    /// <param name="premium">Premium with its interest at maturity.</param>
    /// <param name="losses95">Losses on independent paths, by strategy, from which CVaR's thresholds come; null takes the sample's own.</param>
    /// <param name="together">So many paths that follow one another count together: they were not drawn independently.</param>
    public Bootstrap(BlockResult[] results, double premium, double years, double[][]? losses95, int together = 1)
    {
        (_results, _premium, _years, _together) = (results, premium, years, together);
        _paths = results[0].Loss.Length;
        // Enough of the worst paths that a resample's five per cent is among them.
        _tail = Math.Min(_paths, (int)(0.08 * _paths) + 200);
        _worstFirst = new int[results.Length][];
        Parallel.For(0, results.Length, s =>
        {
            int[] order = [.. Enumerable.Range(0, _paths)];
            double[] keys = [.. results[s].Loss.Select(l => -l)];
            Array.Sort(keys, order);
            _worstFirst[s] = order[.._tail];
        });
        _level95 = Thresholds(losses95, 0.95);
        _level99 = Thresholds(losses95, 0.99);
    }

    private double[] Thresholds(double[][]? losses, double level) => [.. _results.Select((r, s) => Risk.RiskMeasure.Quantile(losses is null ? r.Loss : losses[s], level))];

    /// <summary>[strategy][key] of the sample itself.</summary>
    public double[][] Estimates() => [.. Enumerable.Range(0, _results.Length).Select(s => Of(s, null))];

    /// <summary>[resample][strategy][key].</summary>
    public double[][][] Resamples(int count, ulong seed)
    {
        var table = new PoissonTable(1);
        var resamples = new double[count][][];
        Parallel.For(0, count, () => new byte[_paths], (b, _, weights) =>
        {
            int groups = (_paths + _together - 1) / _together;
            for (int p = 0; p < groups; p += 2)
            {
                Philox.Block((uint)p, (uint)b, WeightStream, 0, (uint)seed, (uint)(seed >> 32), out ulong first, out ulong second);
                weights[p] = (byte)table.Count(Philox.ToUniform(first));
                if (p + 1 < groups) weights[p + 1] = (byte)table.Count(Philox.ToUniform(second));
            }
            // From the last backwards, so that no group's weight is written over before it is read.
            if (_together > 1)
                for (int p = _paths - 1; p >= 0; p--) weights[p] = weights[p / _together];
            resamples[b] = [.. Enumerable.Range(0, _results.Length).Select(s => Of(s, weights))];
            return weights;
        }, _ => { });
        return resamples;
    }

    public static Interval IntervalOf(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Where(v => !double.IsNaN(v)).Order()];
        if (sorted.Length == 0) return new Interval(double.NaN, double.NaN);
        return new Interval(At(sorted, 0.025), At(sorted, 0.975));
    }

    private static double At(double[] sorted, double share)
    {
        double place = share * (sorted.Length - 1);
        int i = Math.Min((int)place, sorted.Length - 2);
        return sorted.Length == 1 ? sorted[0] : sorted[i] + (place - i) * (sorted[i + 1] - sorted[i]);
    }

    private double[] Of(int strategy, byte[]? weights)
    {
        var r = _results[strategy];
        double count = 0, sum = 0, costs = 0, trades = 0, turnover = 0, origin = r.Loss[0], square = 0;
        for (int p = 0; p < _paths; p++)
        {
            double w = weights is null ? 1 : weights[p];
            if (w == 0) continue;
            double x = r.Loss[p] - origin;
            (count, sum, square) = (count + w, sum + w * x, square + w * x * x);
            (costs, trades, turnover) = (costs + w * r.Costs[p], trades + w * r.Rebalances[p], turnover + w * r.Turnover[p]);
        }
        double centred = sum / count, sd = Math.Sqrt(Math.Max(0, square / count - centred * centred)), mean = _premium - origin - centred;
        double worst = double.NegativeInfinity;
        foreach (int p in _worstFirst[strategy])
            if (weights is null || weights[p] > 0)
            {
                worst = r.Loss[p] - _premium;
                break;
            }
        return
        [
            mean, sd, Cvar(strategy, weights, count, 0.95, _level95[strategy]), Cvar(strategy, weights, count, 0.99, _level99[strategy]), costs / count, trades / count,
            sd > 0 ? mean / sd / Math.Sqrt(_years) : double.NaN, sd / Math.Sqrt(_years), worst, turnover / count,
        ];
    }

    /// <summary>t + E(L − t)⁺/(1 − level) less the premium, at the threshold t of the independent sample.</summary>
    private double Cvar(int strategy, byte[]? weights, double count, double level, double threshold)
    {
        double[] loss = _results[strategy].Loss;
        double excess = 0;
        foreach (int p in _worstFirst[strategy])
        {
            if (loss[p] <= threshold) break;
            excess += (weights is null ? 1 : weights[p]) * (loss[p] - threshold);
        }
        return threshold + excess / count / (1 - level) - _premium;
    }
}
