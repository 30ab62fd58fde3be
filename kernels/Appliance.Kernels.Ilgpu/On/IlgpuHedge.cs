using Appliance.Kernels.Hedging;
using ILGPU;
using ILGPU.Runtime;

namespace Appliance.Kernels.Ilgpu;

/// <summary>Training's hedge on a device: paths and weights go up, losses come down, their weights go up, the gradient's sums come down. All on one stream; memory for the largest batch is taken at once, a place's paths when they first come.</summary>
internal sealed class IlgpuHedge : IHedgeDevice
{
    private const int Tile = HedgeKernels.Tile, GroupThreads = 128;
    private readonly DeviceHedgeProblem _problem;
    private readonly Card _card;
    private readonly AcceleratorStream _stream;
    private readonly int _pathsPerBlock;
    private readonly MemoryBuffer1D<int, Stride1D.Dense> _table, _columns;
    private readonly MemoryBuffer1D<float, Stride1D.Dense> _numbers, _weights, _tape, _holdings, _screenHoldings, _pnl, _losses, _lossWeights, _pnlGradient, _holdingGradient, _sums, _gathered;
    private readonly MemoryBuffer1D<float, Stride1D.Dense>?[] _places = new MemoryBuffer1D<float, Stride1D.Dense>?[2];
    private readonly MemoryBuffer1D<double, Stride1D.Dense> _total;
    private readonly HedgeLaunch _launch;
    private readonly Action<AcceleratorStream, KernelConfig, HedgeLaunch, ArrayView<int>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>> _forward;
    private readonly Action<AcceleratorStream, KernelConfig, HedgeLaunch, int, ArrayView<int>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>,
        ArrayView<float>, ArrayView<float>> _backward;
    private readonly Action<AcceleratorStream, Index1D, int, int, int, ArrayView<float>, ArrayView<double>> _fold;
    private readonly Action<AcceleratorStream, Index1D, int, int, int, int, ArrayView<int>, ArrayView<float>, ArrayView<float>> _gather;
    private HedgeLaunch _recorded;
    private ArrayView<float> _recordedPool;

    public IlgpuHedge(IlgpuOptions options, DeviceHedgeProblem problem, int pathsPerBlock, int blocksRecorded, int blocksMax)
    {
        if (pathsPerBlock <= 0 || pathsPerBlock % Tile != 0) throw new ArgumentException($"A block holds a multiple of {Tile} paths, not {pathsPerBlock}.", nameof(pathsPerBlock));
        (_problem, _pathsPerBlock) = (problem, pathsPerBlock);
        var (table, numbers, launch, units) = Tables(problem);
        _launch = launch with { PathsPerBlock = pathsPerBlock };
        _card = Card.Open(options);
        Accelerator accelerator = _card.Accelerator;
        int shared = 3 * _launch.Widest * HedgeKernels.Stride * sizeof(float);
        if (shared > accelerator.MaxSharedMemoryPerGroup)
        {
            int room = accelerator.MaxSharedMemoryPerGroup;
            _card.Dispose();
            throw new IlgpuDeviceException($"a layer of {_launch.Widest} units needs {shared} bytes of shared memory; the device has {room}");
        }
        long recorded = (long)blocksRecorded * pathsPerBlock, most = Math.Max((long)blocksMax * pathsPerBlock, recorded);
        _stream = accelerator.CreateStream();
        MemoryBuffer1D<float, Stride1D.Dense> Floats(long length)
        {
            Bytes += sizeof(float) * length;
            return accelerator.Allocate1D<float>(length);
        }
        BytesAvailable = accelerator.MemorySize;
        _table = accelerator.Allocate1D(table);
        _numbers = accelerator.Allocate1D(numbers);
        _weights = Floats(problem.PackedLength);
        _tape = Floats(problem.Decisions * (long)units * recorded);
        _holdings = Floats((problem.Steps + 1L) * problem.Hedges * recorded);
        _screenHoldings = Floats(2L * problem.Hedges * most);
        (_pnl, _losses) = (Floats(most), Floats(most));
        (_lossWeights, _pnlGradient, _holdingGradient) = (Floats(recorded), Floats(recorded), Floats(problem.Hedges * recorded));
        _sums = Floats(recorded / Tile * problem.SumsLength);
        _gathered = Floats(problem.BlockRows * recorded);
        _columns = accelerator.Allocate1D<int>(recorded);
        _total = accelerator.Allocate1D<double>(problem.SumsLength);
        _forward = accelerator.LoadKernel<HedgeLaunch, ArrayView<int>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>>(HedgeKernels.Forward);
        _backward = accelerator.LoadKernel<HedgeLaunch, int, ArrayView<int>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>>(
            HedgeKernels.Backward);
        _fold = accelerator.LoadAutoGroupedKernel<Index1D, int, int, int, ArrayView<float>, ArrayView<double>>(HedgeKernels.Fold);
        _gather = accelerator.LoadAutoGroupedKernel<Index1D, int, int, int, int, ArrayView<int>, ArrayView<float>, ArrayView<float>>(HedgeKernels.Gather);
        accelerator.Synchronize();
    }

    /// <summary>What a launch over so many paths is given; for those who run the assembly themselves.</summary>
    public static HedgeLaunchData LaunchData(DeviceHedgeProblem problem, int pathsPerBlock, int firstBlock, int every, bool records, int paths)
    {
        var (table, numbers, launch, units) = Tables(problem);
        HedgeLaunch[] one = [launch with { PathsPerBlock = pathsPerBlock, FirstBlock = firstBlock, Every = every, Records = records ? 1 : 0, Paths = paths }];
        return new HedgeLaunchData(table, numbers, System.Runtime.InteropServices.MemoryMarshal.AsBytes<HedgeLaunch>(one).ToArray(), launch.Widest, units);
    }

    public string Device => _card.Name;
    public long Bytes { get; private set; }
    public long BytesAvailable { get; }

    public void SetWeights(ReadOnlySpan<float> packed) => _weights.View.BaseView.CopyFromCPU(_stream, packed);

    public void Load(int place, ReadOnlySpan<float> blocks)
    {
        if (blocks.Length % (_problem.BlockRows * _pathsPerBlock) != 0) throw new ArgumentException($"{blocks.Length} numbers are no whole blocks of [{_problem.BlockRows}, {_pathsPerBlock}].", nameof(blocks));
        if (_places[place] is not { } buffer || buffer.Length != blocks.Length)
        {
            Bytes -= sizeof(float) * (_places[place]?.Length ?? 0);
            _places[place]?.Dispose();
            _places[place] = buffer = _card.Accelerator.Allocate1D<float>(blocks.Length);
            Bytes += sizeof(float) * (long)blocks.Length;
        }
        buffer.View.BaseView.CopyFromCPU(_stream, blocks);
        _stream.Synchronize();
    }

    public void Forward(int place, int firstBlock, int every, bool records, Span<float> losses)
    {
        ArrayView<float> pool = (_places[place] ?? throw new InvalidOperationException("No paths were loaded.")).View.BaseView;
        Check(losses.Length, records);
        if (firstBlock < 0 || ((long)firstBlock * _pathsPerBlock + losses.Length) * _problem.BlockRows > pool.Length) throw new ArgumentException($"The place holds no {losses.Length} paths from block {firstBlock} on.", nameof(firstBlock));
        Launch(pool, firstBlock, every, records, losses.Length);
        _losses.View.BaseView.SubView(0, losses.Length).CopyToCPU(_stream, losses);
        _stream.Synchronize();
    }

    public void ForwardGathered(int place, ReadOnlySpan<int> columns, int every)
    {
        Check(columns.Length, records: true);
        _columns.View.BaseView.SubView(0, columns.Length).CopyFromCPU(_stream, columns);
        int items = _card.Items(columns.Length);
        _gather(_stream, items, items, columns.Length, _problem.BlockRows, _pathsPerBlock, _columns.View.BaseView, _places[place]!.View.BaseView, _gathered.View.BaseView);
        Launch(_gathered.View.BaseView, 0, every, records: true, columns.Length);
        _stream.Synchronize();
    }

    public void Backward(ReadOnlySpan<float> weights, Span<double> sums)
    {
        if (_recorded.Paths != weights.Length || sums.Length != _problem.SumsLength) throw new ArgumentException($"The last way forward recorded {_recorded.Paths} paths for {_problem.SumsLength} sums, not {weights.Length} for {sums.Length}.", nameof(weights));
        int groups = weights.Length / Tile, length = _problem.SumsLength;
        _lossWeights.View.BaseView.SubView(0, weights.Length).CopyFromCPU(_stream, weights);
        _sums.View.BaseView.SubView(0, (long)groups * length).MemSetToZero(_stream);
        _backward(_stream, Config(groups, 3), _recorded, length, _table.View.BaseView, _numbers.View.BaseView, _weights.View.BaseView, _recordedPool, _tape.View.BaseView, _holdings.View.BaseView, _lossWeights.View.BaseView,
            _pnlGradient.View.BaseView, _holdingGradient.View.BaseView, _sums.View.BaseView);
        int items = _card.Items(length);
        _fold(_stream, items, items, groups, length, _sums.View.BaseView, _total.View.BaseView);
        _total.View.BaseView.CopyToCPU(_stream, sums);
        _stream.Synchronize();
    }

    public void Dispose()
    {
        _stream.Synchronize();
        foreach (MemoryBuffer? buffer in (MemoryBuffer?[])
            [_table, _columns, _numbers, _weights, _tape, _holdings, _screenHoldings, _pnl, _losses, _lossWeights, _pnlGradient, _holdingGradient, _sums, _gathered, _places[0], _places[1], _total])
            buffer?.Dispose();
        _stream.Dispose();
        _card.Dispose();
    }

    private void Launch(ArrayView<float> pool, int firstBlock, int every, bool records, int paths)
    {
        HedgeLaunch launch = _launch with { FirstBlock = firstBlock, Every = every, Records = records ? 1 : 0, Paths = paths };
        if (records) (_recorded, _recordedPool) = (launch, pool);
        _forward(_stream, Config(paths / Tile, 2), launch, _table.View.BaseView, _numbers.View.BaseView, _weights.View.BaseView, pool, _tape.View.BaseView, (records ? _holdings : _screenHoldings).View.BaseView, _pnl.View.BaseView,
            _losses.View.BaseView);
    }

    private KernelConfig Config(int groups, int buffers) => new(groups, _card.GroupSize(GroupThreads), SharedMemoryConfig.RequestDynamic<float>(buffers * _launch.Widest * HedgeKernels.Stride));

    private void Check(int paths, bool records)
    {
        long most = records ? _lossWeights.Length : _losses.Length;
        if (paths <= 0 || paths % _pathsPerBlock != 0 || paths > most) throw new ArgumentException($"{paths} paths; whole blocks of {_pathsPerBlock} are taken, {most} at most.", nameof(paths));
    }

    /// <summary>The problem's arrays in two, and where each begins.</summary>
    private static (int[] Table, float[] Numbers, HedgeLaunch Launch, int Units) Tables(DeviceHedgeProblem p)
    {
        int[] neutral = p.NeutralRows.Length > 0 ? p.NeutralRows : new int[p.Hedges], tape = new int[2 * (p.Layers + 1)];
        int units = 0, widest = 0;
        for (int l = 0; l <= p.Layers; l++)
        {
            int width = l == 0 ? p.Layer[0] : p.Layer[(l - 1) * DeviceHedgeProblem.LayerColumns + 1];
            widest = Math.Max(widest, width);
            tape[2 * l] = tape[2 * l + 1] = units;
            units += width;
            // SiLU's derivative wants its argument, which stands behind its values.
            if (l == 0 || l == p.Layers || p.Activation != Networks.Activation.Silu) continue;
            tape[2 * l + 1] = units;
            units += width;
        }
        int[] table = [.. p.Inputs, .. neutral, .. p.Layer, .. tape];
        float[] numbers = [.. p.InputScales, .. p.StepValues, .. p.Maps, .. p.Growth, .. p.Hedge, .. p.HoldingGrowth];
        int layerAt = p.Inputs.Length + neutral.Length, mapAt = p.InputScales.Length + p.StepValues.Length, growthAt = mapAt + p.Maps.Length;
        var launch = new HedgeLaunch
        {
            Steps = p.Steps, Hedges = p.Hedges, PathRows = p.PathRows, BlockRows = p.BlockRows, DecideEvery = p.DecideEvery, HasBand = p.HasBand ? 1 : 0, Liquidates = p.LiquidateAtEnd ? 1 : 0, Squash = (int)p.Squash,
            Meaning = (int)p.Meaning, Inputs = p.InputCount, Activation = (int)p.Activation, Networks = p.Networks, Layers = p.Layers, Widest = widest, StepUnits = units,
            NeutralAt = p.Inputs.Length, LayerAt = layerAt, TapeAt = layerAt + p.Layer.Length, StepValueAt = p.InputScales.Length, MapAt = mapAt, GrowthAt = growthAt, HedgeAt = growthAt + p.Growth.Length, HoldingGrowthAt = growthAt + p.Growth.Length + p.Hedge.Length,
        };
        return (table, numbers, launch, units);
    }
}
