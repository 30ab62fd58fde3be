using Appliance.Kernels.Hedging;
using Appliance.Lab.Differentiation;

namespace Appliance.Lab.Training;

/// <summary>Makes a device for a problem in blocks of so many paths: the blocks that are gone back through at once, and the most whose losses alone are asked for.</summary>
public delegate IHedgeDevice HedgeDeviceMaker(DeviceHedgeProblem problem, int pathsPerBlock, int blocksRecorded, int blocksMax);

/// <summary>
/// Risk and gradient on a device. Paths are drawn by the processor and go up once an epoch; each batch's losses come down, the objective weighs them here, in the order of <see cref="BatchGradient"/>, and the weights go up. Losses and so risk
/// have the processor's bits; the gradient's sums over paths have an order of their own and differ in the last ones.
/// </summary>
public sealed class DeviceBatchGradient : IBatchGradient
{
    /// <summary>Groups in which <see cref="BatchGradient"/> sums a batch.</summary>
    private const int Groups = 16;
    private readonly HedgeProblem _problem;
    private readonly NetworkShape _shape;
    private readonly TrainingObjective _objective;
    private readonly int _paths;
    private readonly PackedWeights _packed;
    private readonly IHedgeDevice _device;
    private readonly PathPool?[] _places = new PathPool?[2];
    private readonly float[] _losses, _weights, _ratios, _chosenWeight;
    private readonly int[] _columns;
    private readonly double[] _sums;
    private int _every = 1;

    public DeviceBatchGradient(HedgeProblem problem, NetworkShape shape, TrainingObjective objective, int pathsPerBlock, int blocksPerBatch, int blocksMax, int threads, HedgeDeviceMaker make)
    {
        if (WhyNot(problem, shape) is { } why) throw new ArgumentException(why, nameof(problem));
        (_problem, _shape, _objective, _paths) = (problem, shape, objective, pathsPerBlock);
        _packed = new PackedWeights(shape);
        DeviceHedgeProblem plain = DeviceProblem.Of(problem, shape);
        _device = make(plain, pathsPerBlock, blocksPerBatch, blocksMax);
        Threads = Math.Max(1, threads);
        Team = new ThreadTeam(Threads);
        int most = Math.Max(blocksPerBatch, blocksMax) * pathsPerBlock, batch = blocksPerBatch * pathsPerBlock;
        (_losses, _ratios, _weights, _columns, _chosenWeight) = (new float[most], new float[problem.HasRatios ? most : 0], new float[batch], new int[batch], new float[batch]);
        _sums = new double[plain.SumsLength];
        Gradient = new double[shape.Parameters];
    }

    public int Threads { get; }
    public ThreadTeam Team { get; }
    public double[] Gradient { get; }
    public string Device => _device.Device;

    /// <summary>Why a device does not train this; null where it does.</summary>
    public static string? WhyNot(HedgeProblem problem, NetworkShape shape)
    {
        if (shape.RecurrentUnits.Length > 0) return "a device trains mlp and ntb; lstm and gru are the processor's";
        if (problem.Head.HasWidth) return "a fixed cost a trade is learned by a width, which is the processor's; leave out --backend, or remove hedges.costs.fixed";
        return problem.TeacherRow.Length > 0 ? "a device trains on the objective; a teacher's pupil is the processor's" : null;
    }

    public void SetParameters(ReadOnlySpan<double> parameters)
    {
        _packed.Pack(parameters);
        _device.SetWeights(_packed.All);
    }

    public void SetCoarseFactor(int factor) => _every = factor;

    public void SetGate(GateKind gate)
    {
        if (gate != GateKind.Hard) throw new NotSupportedException("A device knows no widths.");
    }

    public void Filled(PathPool pool)
    {
        int place = Array.IndexOf(_places, pool);
        if (place < 0) place = Array.IndexOf(_places, null);
        if (place < 0) throw new InvalidOperationException("A device holds two pools of paths.");
        _places[place] = pool;
        _device.Load(place, pool.All);
    }

    public ReadOnlySpan<float> Losses(PathPool pool, ReadOnlySpan<int> blocks)
    {
        Span<float> losses = _losses.AsSpan(0, blocks.Length * _paths);
        _device.Forward(Place(pool), First(blocks), _every, records: false, losses);
        return losses;
    }

    public ReadOnlySpan<float> Ratios(PathPool pool, ReadOnlySpan<int> blocks)
    {
        if (!_problem.HasRatios) return default;
        for (int b = 0; b < blocks.Length; b++) pool.Row(blocks[b], _problem.RatioRow).CopyTo(_ratios.AsSpan(b * _paths));
        return _ratios.AsSpan(0, blocks.Length * _paths);
    }

    public double Compute(PathPool pool, ReadOnlySpan<int> blocks) => _objective.LooksAtTail ? ComputeTail(pool, blocks) : ComputeAll(pool, blocks);

    private double ComputeAll(PathPool pool, ReadOnlySpan<int> blocks)
    {
        int count = blocks.Length * _paths, groups = Math.Min(Groups, blocks.Length);
        Span<float> losses = _losses.AsSpan(0, count), weights = _weights.AsSpan(0, count);
        _device.Forward(Place(pool), First(blocks), _every, records: true, losses);
        var total = new BatchSums();
        for (int g = 0; g < groups; g++)
        {
            var sums = new BatchSums();
            for (int b = (int)((long)blocks.Length * g / groups); b < (int)((long)blocks.Length * (g + 1) / groups); b++)
            {
                Span<float> own = losses.Slice(b * _paths, _paths), weight = weights.Slice(b * _paths, _paths);
                if (_problem.HasRatios) _objective.Weigh(own, pool.Row(blocks[b], _problem.RatioRow), weight, ref sums);
                else _objective.Weigh(own, weight, ref sums);
            }
            total.Add(in sums);
        }
        double risk = _objective.Finish(in total, out double scale);
        _device.Backward(weights, _sums);
        DeviceProblem.Unpack(_shape, _sums, scale, Gradient);
        return risk;
    }

    private double ComputeTail(PathPool pool, ReadOnlySpan<int> blocks)
    {
        ReadOnlySpan<float> losses = Losses(pool, blocks);
        double risk = _objective.WeighSample(losses, Ratios(pool, blocks), _weights.AsSpan(0, losses.Length));
        int chosen = 0;
        for (int p = 0; p < losses.Length; p++)
        {
            if (_weights[p] == 0) continue;
            _columns[chosen] = blocks[0] * _paths + p;
            _chosenWeight[chosen++] = _weights[p];
        }
        // The last block is filled up with a path of no weight.
        int gathered = (chosen + _paths - 1) / _paths * _paths;
        for (int p = chosen; p < gathered; p++) (_columns[p], _chosenWeight[p]) = (blocks[0] * _paths, 0);
        _device.ForwardGathered(Place(pool), _columns.AsSpan(0, gathered), _every);
        _device.Backward(_chosenWeight.AsSpan(0, gathered), _sums);
        DeviceProblem.Unpack(_shape, _sums, 1, Gradient);
        return risk;
    }

    private int Place(PathPool pool) => Array.IndexOf(_places, pool) is >= 0 and int place ? place : throw new InvalidOperationException("These paths were not brought to the device.");

    private static int First(ReadOnlySpan<int> blocks)
    {
        for (int b = 1; b < blocks.Length; b++)
            if (blocks[b] != blocks[0] + b) throw new ArgumentException("A device takes blocks that follow one another.", nameof(blocks));
        return blocks[0];
    }

    public void Dispose()
    {
        Team.Dispose();
        _device.Dispose();
        _packed.Dispose();
    }
}
