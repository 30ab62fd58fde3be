using Appliance.Lab.Export;
using Appliance.Lab.Hedging;
using Appliance.Lab.Random;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Costs;

/// <summary>
/// What stands between a wanted and a made trade of one instrument beyond its simple costs: latency, minimum and lot, partial fills, slippage, a spread from a file, and impact on the price.
/// <para>Impact: after trades n_j at steps j the price of step k is P_k·(1 + Σ_j (permanent + transient·e^(−decay·(t_k − t_j)))·n_j): our own trades move every later price, that of the holding too, by a share
/// of the undisturbed one (the propagator of Bouchaud, Gefen, Potters and Wyart, "Fluctuations and response in financial markets", Quantitative Finance 4 (2004) 176–190, with an exponential kernel). A trade
/// is made at the average of the price before and after it; the liability settles on the undisturbed price.</para>
/// </summary>
internal sealed class ExecutionModel
{
    private const int FillStream = 1000, SlippageStream = 1100;
    private readonly CostSpecification _costs;
    private readonly RandomField _field;
    private readonly int _instrument;
    private readonly double[][] _queue;
    private readonly double[] _permanent, _transient;
    private readonly NpyArray? _spread;
    private readonly double _fade;

    public ExecutionModel(CostSpecification costs, int instrument, LabSpecification s, int paths)
    {
        _costs = costs;
        _instrument = instrument;
        _field = new RandomField(s.Evaluation.Seed ^ 0x9E3779B97F4A7C15UL);
        _queue = [.. Enumerable.Range(0, costs.LatencySteps).Select(_ => new double[paths])];
        (_permanent, _transient) = (new double[paths], new double[paths]);
        _fade = Math.Exp(-costs.Decay * s.Time.StepYears);
        if (costs.SpreadFile == "") return;
        _spread = SpreadFile.Read(costs.SpreadFile, s.Time.Steps);
    }

    public bool MovesPrice => _costs.Permanent != 0 || _costs.Transient != 0;

    public void Begin(double initialHolding)
    {
        foreach (double[] late in _queue) late.AsSpan().Fill(initialHolding);
        _permanent.AsSpan().Clear();
        _transient.AsSpan().Clear();
    }

    /// <summary>Turns wanted holdings into those that are reached at this step.</summary>
    public void Execute(long firstPath, int step, double[] target, ReadOnlySpan<double> holding)
    {
        if (_queue.Length > 0)
        {
            // What was wanted LatencySteps ago is done now, and today's wish waits in its place.
            double[] late = _queue[step % _queue.Length];
            for (int p = 0; p < holding.Length; p++) (late[p], target[p]) = (target[p], late[p]);
        }
        for (int p = 0; p < holding.Length; p++)
        {
            double wanted = _costs.Lot > 0 ? Math.Round(target[p] / _costs.Lot) * _costs.Lot : target[p], units = wanted - holding[p];
            if (units != 0 && Math.Abs(units) < _costs.MinimumTrade) units = 0;
            else if (units != 0 && _costs.FillShare < 1)
            {
                units *= 2 * _costs.FillShare - 1 + (2 - 2 * _costs.FillShare) * _field.Uniform(firstPath + p, FillStream + _instrument, step);
                if (_costs.Lot > 0) units = Math.Truncate(units / _costs.Lot) * _costs.Lot;
            }
            target[p] = units == 0 ? holding[p] : holding[p] + units;
        }
    }

    /// <summary>Cost of a trade beyond its simple part: spread of the file and slippage.</summary>
    public double Extra(long path, int step, double units, double price)
    {
        double value = Math.Abs(units * price), cost = _spread is null ? 0 : value * SpreadAt(path, step);
        return _costs.SlippageStdDev > 0 ? cost + value * _costs.SlippageStdDev * _field.Normal(path, SlippageStream + _instrument, step) : cost;
    }

    public void Traded(int path, double units)
    {
        _permanent[path] += _costs.Permanent * units;
        _transient[path] += _costs.Transient * units;
    }

    /// <summary>Factor of the price at a step, from the trades before it.</summary>
    public double Factor(int path) => 1 + _permanent[path] + _transient[path];

    public void NextStep(int path) => _transient[path] *= _fade;

    private double SpreadAt(long path, int step)
    {
        int width = _spread!.Shape[^1];
        return _spread.Shape.Length == 1 ? _spread.Values[step] : _spread.Values[path % _spread.Shape[0] * width + step];
    }
}
