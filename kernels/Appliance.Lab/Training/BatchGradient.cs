using Appliance.Lab.Differentiation;

namespace Appliance.Lab.Training;

/// <summary>
/// Risk and gradient over a batch of blocks, on any number of threads with the same bits: blocks are cut into groups by their number alone, a group is one thread's work in block order,
/// and groups are added in their order.
/// </summary>
public sealed unsafe class BatchGradient : IBatchGradient
{
    /// <summary>Groups of a batch: enough to keep many cores even, few enough that adding them costs nothing.</summary>
    private const int Groups = 16;
    private readonly HedgeProblem _problem;
    private readonly NetworkShape _shape;
    private readonly TrainingObjective _objective;
    private readonly int _paths;
    private readonly Worker[] _workers;
    private readonly double[][] _groupGradients;
    private readonly BatchSums[] _groupSums;
    private readonly int[] _chosenBlock, _chosenPath;
    private float[] _losses = [], _weights = [], _ratios = [], _chosenWeight = [];

    public BatchGradient(HedgeProblem problem, NetworkShape shape, TrainingObjective objective, int pathsPerBlock, int blocksMax, int threads)
    {
        (_problem, _shape, _objective, _paths) = (problem, shape, objective, pathsPerBlock);
        Threads = Math.Clamp(threads, 1, Groups);
        Team = new ThreadTeam(Threads);
        Packed = new PackedWeights(shape);
        _workers = [.. Enumerable.Range(0, Threads).Select(_ => new Worker(problem, Packed, pathsPerBlock, objective.LooksAtTail))];
        _groupGradients = [.. Enumerable.Range(0, Groups).Select(_ => new double[shape.Parameters])];
        _groupSums = new BatchSums[Groups];
        Gradient = new double[shape.Parameters];
        _losses = new float[blocksMax * pathsPerBlock];
        if (problem.HasRatios) _ratios = new float[_losses.Length];
        if (!objective.LooksAtTail) { _chosenBlock = _chosenPath = []; return; }
        _weights = new float[_losses.Length];
        int room = _losses.Length + pathsPerBlock;
        (_chosenBlock, _chosenPath, _chosenWeight) = (new int[room], new int[room], new float[room]);
    }

    public int Threads { get; }
    public ThreadTeam Team { get; }
    public PackedWeights Packed { get; }
    /// <summary>The last batch's gradient. [parameters]</summary>
    public double[] Gradient { get; }
    /// <summary>Paths of the last batch that were gone through backwards.</summary>
    public int PathsBackward { get; private set; }

    /// <summary>Bytes of everything here, to be stated before it is made.</summary>
    public static long Bytes(HedgeProblem problem, NetworkShape shape, bool looksAtTail, int pathsPerBlock, int threads)
    {
        long worker = HedgeRollout.Bytes(problem, shape, pathsPerBlock, records: true) + 4L * shape.LaneLength;
        if (looksAtTail) worker += HedgeRollout.Bytes(problem, shape, pathsPerBlock, records: false) + 4L * problem.BlockRows * pathsPerBlock;
        return threads * worker + 8L * shape.Parameters * (Groups + 8);
    }

    /// <summary>Sets the parameters that the next calls use.</summary>
    public void SetParameters(ReadOnlySpan<double> parameters) => Packed.Pack(parameters);

    /// <summary>Take every so many-th decision only: coarse rounds are that much cheaper.</summary>
    public void SetCoarseFactor(int factor)
    {
        foreach (Worker worker in _workers) worker.Rollout.CoarseFactor = worker.Screening.CoarseFactor = factor;
    }

    /// <summary>How trades are let through where the policy has a width.</summary>
    public void SetGate(GateKind gate)
    {
        foreach (Worker worker in _workers) worker.Rollout.Gate = worker.Screening.Gate = gate;
    }

    /// <summary>Blocks are read where they stand.</summary>
    public void Filled(PathPool pool) { }

    /// <summary>Losses only, in the order of the blocks.</summary>
    public ReadOnlySpan<float> Losses(PathPool pool, ReadOnlySpan<int> blocks)
    {
        int[] order = blocks.ToArray();
        EnsureRoom(order.Length);
        Run(order.Length, (worker, from, to, _) =>
        {
            fixed (float* losses = _losses)
                for (int b = from; b < to; b++) worker.Screening.Forward(pool.Block(order[b]), losses + (long)b * _paths);
        });
        return _losses.AsSpan(0, order.Length * _paths);
    }

    /// <summary>The batch's risk, in the problem's units; its gradient is in <see cref="Gradient"/>.</summary>
    public double Compute(PathPool pool, ReadOnlySpan<int> blocks)
    {
        Array.Clear(Gradient);
        foreach (double[] g in _groupGradients) Array.Clear(g);
        return _objective.LooksAtTail ? ComputeTail(pool, blocks) : ComputeAll(pool, blocks.ToArray());
    }

    private double ComputeAll(PathPool pool, int[] blocks)
    {
        Array.Clear(_groupSums);
        Run(blocks.Length, (worker, from, to, group) =>
        {
            worker.Lanes.Clear();
            // Summed here and stored once: neighbouring groups' sums share cache lines.
            var sums = new BatchSums();
            for (int b = from; b < to; b++)
            {
                float* block = pool.Block(blocks[b]);
                worker.Rollout.Forward(block, worker.Loss.At);
                if (_problem.HasRatios) _objective.Weigh(worker.Loss.Span(0, _paths), pool.Row(blocks[b], _problem.RatioRow), worker.Weight.Span(0, _paths), ref sums);
                else _objective.Weigh(worker.Loss.Span(0, _paths), worker.Weight.Span(0, _paths), ref sums);
                worker.Rollout.Backward(block, worker.Weight.At, worker.Lanes);
            }
            _groupSums[group] = sums;
            worker.Lanes.FoldInto(_groupGradients[group]);
        });
        var total = new BatchSums();
        foreach (ref readonly BatchSums s in _groupSums.AsSpan()) total.Add(in s);
        PathsBackward = (int)total.Paths;
        double risk = _objective.Finish(in total, out double scale);
        AddGroups(scale);
        return risk;
    }

    private double ComputeTail(PathPool pool, ReadOnlySpan<int> blocks)
    {
        int[] order = blocks.ToArray();
        int count = Losses(pool, blocks).Length;
        double risk = _objective.WeighSample(_losses.AsSpan(0, count), Ratios(pool, order), _weights.AsSpan(0, count));
        int chosen = 0;
        for (int p = 0; p < count; p++)
        {
            if (_weights[p] == 0) continue;
            _chosenBlock[chosen] = order[p / _paths];
            _chosenPath[chosen] = p % _paths;
            _chosenWeight[chosen++] = _weights[p];
        }
        PathsBackward = chosen;
        // The last block is filled up with a path of no weight.
        int gathered = (chosen + _paths - 1) / _paths;
        for (int p = chosen; p < gathered * _paths; p++) (_chosenBlock[p], _chosenPath[p], _chosenWeight[p]) = (order[0], 0, 0);
        Run(gathered, (worker, from, to, group) =>
        {
            worker.Lanes.Clear();
            for (int b = from; b < to; b++)
            {
                Gather(pool, b * _paths, worker.Gathered!.At);
                worker.Rollout.Forward(worker.Gathered.At, worker.Loss.At);
                fixed (float* weights = _chosenWeight)
                    Buffer.MemoryCopy(weights + (long)b * _paths, worker.Weight.At, _paths * sizeof(float), _paths * sizeof(float));
                worker.Rollout.Backward(worker.Gathered.At, worker.Weight.At, worker.Lanes);
            }
            worker.Lanes.FoldInto(_groupGradients[group]);
        });
        AddGroups(1);
        return risk;
    }

    /// <summary>The blocks' ratios in their order; empty where each path counts once.</summary>
    public ReadOnlySpan<float> Ratios(PathPool pool, ReadOnlySpan<int> order)
    {
        if (!_problem.HasRatios) return default;
        for (int b = 0; b < order.Length; b++) pool.Row(order[b], _problem.RatioRow).CopyTo(_ratios.AsSpan(b * _paths));
        return _ratios.AsSpan(0, order.Length * _paths);
    }

    private void Gather(PathPool pool, int first, float* to)
    {
        for (int p = 0; p < _paths; p++)
        {
            float* from = pool.Block(_chosenBlock[first + p]) + _chosenPath[first + p];
            for (int r = 0; r < pool.Rows; r++) to[(long)r * _paths + p] = from[(long)r * _paths];
        }
    }

    private void AddGroups(double scale)
    {
        foreach (double[] group in _groupGradients)
            for (int i = 0; i < Gradient.Length; i++) Gradient[i] += group[i] * scale;
    }

    /// <summary>Cuts items into groups by number alone and lets threads take the groups.</summary>
    private void Run(int items, Action<Worker, int, int, int> body)
    {
        int groups = Math.Min(Groups, items), next = -1;
        Team.Run(member =>
        {
            Worker worker = _workers[member];
            while (Interlocked.Increment(ref next) is int g && g < groups)
                body(worker, (int)((long)items * g / groups), (int)((long)items * (g + 1) / groups), g);
        });
    }

    private void EnsureRoom(int blocks)
    {
        if (_losses.Length < blocks * _paths) _losses = new float[blocks * _paths];
    }

    public void Dispose()
    {
        Team.Dispose();
        foreach (Worker worker in _workers) worker.Dispose();
        Packed.Dispose();
    }

    private sealed class Worker : IDisposable
    {
        public readonly HedgeRollout Rollout, Screening;
        public readonly GradientLanes Lanes;
        public readonly LaneMemory Loss, Weight;
        public readonly LaneMemory? Gathered;

        public Worker(HedgeProblem problem, PackedWeights weights, int paths, bool looksAtTail)
        {
            Rollout = new HedgeRollout(problem, weights, paths, records: true);
            Screening = new HedgeRollout(problem, weights, paths, records: false);
            Lanes = new GradientLanes(weights.Shape);
            Loss = new LaneMemory(paths);
            Weight = new LaneMemory(paths);
            Gathered = looksAtTail ? new LaneMemory((long)problem.BlockRows * paths) : null;
        }

        public void Dispose()
        {
            Rollout.Dispose();
            Screening.Dispose();
            Lanes.Dispose();
            Loss.Dispose();
            Weight.Dispose();
            Gathered?.Dispose();
        }
    }
}
