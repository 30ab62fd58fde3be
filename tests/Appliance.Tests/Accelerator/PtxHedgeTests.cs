using Appliance.Kernels.Hedging;
using Appliance.Kernels.Ilgpu;
using Appliance.Kernels.Networks;
using Appliance.Lab.Differentiation;
using Appliance.Lab.Specification;
using Appliance.Lab.Training;
using Appliance.Tests.Lab;

namespace Appliance.Tests.Accelerator;

/// <summary>Training's kernels as a card would run them, executed instruction by instruction behind the port that training computes through.</summary>
public class PtxHedgeTests
{
    /// <summary>Threads of a group: not as many as a tile has paths, so that loops stride.</summary>
    private const int Threads = 24, Paths = 64;

    private sealed class MachineDevice : IHedgeDevice
    {
        private readonly DeviceHedgeProblem _problem;
        private readonly PtxMachineTests.Memory _memory = new(1 << 21);
        private readonly (int, int) _table, _numbers, _weights, _pool, _gathered, _tape, _holdings, _pnl, _losses, _lossWeights, _pnlGradient, _holdingGradient, _sums, _total, _columns;
        private readonly int _shared;
        private byte[] _recorded = [];
        private (int, int) _recordedPool;

        public MachineDevice(DeviceHedgeProblem problem, int blocks)
        {
            _problem = problem;
            int paths = blocks * Paths;
            HedgeLaunchData data = IlgpuAdapter.HedgeLaunch(problem, Paths, 0, 1, true, paths);
            _shared = 3 * data.Widest * 33 * sizeof(float);
            (int, int) Floats(int length) => _memory.Put<float>([.. Enumerable.Repeat(float.NaN, length)]);
            (_table, _numbers) = (_memory.Put<int>(data.Table), _memory.Put<float>(data.Numbers));
            (_weights, _pool, _gathered, _tape) = (Floats(problem.PackedLength), Floats(problem.BlockRows * paths), Floats(problem.BlockRows * paths), Floats(problem.Decisions * data.StepUnits * paths));
            (_holdings, _pnl, _losses, _lossWeights) = (Floats((problem.Steps + 1) * problem.Hedges * paths), Floats(paths), Floats(paths), Floats(paths));
            (_pnlGradient, _holdingGradient, _sums) = (Floats(paths), Floats(problem.Hedges * paths), Floats(paths / 32 * problem.SumsLength));
            (_total, _columns) = (_memory.Put<double>(new double[problem.SumsLength]), _memory.Put<int>(new int[paths]));
        }

        public string Device => "assembly";
        public long Bytes => 0;
        public long BytesAvailable => 0;
        public void SetWeights(ReadOnlySpan<float> packed) => packed.CopyTo(_memory.At<float>(_weights));
        public void Load(int place, ReadOnlySpan<float> blocks) => blocks.CopyTo(_memory.At<float>(_pool));

        public void Forward(int place, int firstBlock, int every, bool records, Span<float> losses) => Hedge(_pool, firstBlock, every, records, losses);

        public void ForwardGathered(int place, ReadOnlySpan<int> columns, int every)
        {
            columns.CopyTo(_memory.At<int>(_columns));
            Machine("hedge-gather").Launch(3, 32, 90, 90, columns.Length, _problem.BlockRows, Paths, _columns, _pool, _gathered);
            Hedge(_gathered, 0, every, records: true, new float[columns.Length]);
        }

        public void Backward(ReadOnlySpan<float> weights, Span<double> sums)
        {
            int groups = weights.Length / 32, length = _problem.SumsLength;
            weights.CopyTo(_memory.At<float>(_lossWeights));
            _memory.At<float>(_sums).Clear();
            Machine("hedge-backward").Launch(groups, Threads, _recorded, length, _table, _numbers, _weights, _recordedPool, _tape, _holdings, _lossWeights, _pnlGradient, _holdingGradient, _sums);
            Machine("hedge-fold").Launch(2, 32, 50, 50, groups, length, _sums, _total);
            _memory.At<double>(_total).CopyTo(sums);
        }

        public void Dispose() { }

        private void Hedge((int, int) pool, int firstBlock, int every, bool records, Span<float> losses)
        {
            byte[] launch = IlgpuAdapter.HedgeLaunch(_problem, Paths, firstBlock, every, records, losses.Length).Launch;
            if (records) (_recorded, _recordedPool) = (launch, pool);
            Machine("hedge-forward").Launch(losses.Length / 32, Threads, launch, _table, _numbers, _weights, pool, _tape, _holdings, _pnl, _losses);
            _memory.At<float>(_losses)[..losses.Length].CopyTo(losses);
        }

        private PtxMachine Machine(string kernel) => new(IlgpuAdapter.AssemblyText(kernel), _memory.Bytes, _shared);
    }

    [DeviceTheory]
    [InlineData(1, true, OutputMeaning.NeutralOffset, OutputSquash.Softplus, Activation.Relu, ObjectiveKind.Entropic)]
    [InlineData(2, true, OutputMeaning.NeutralMultiple, OutputSquash.Tanh, Activation.Silu, ObjectiveKind.MeanCvar)]
    [InlineData(1, false, OutputMeaning.Position, OutputSquash.Sigmoid, Activation.Tanh, ObjectiveKind.Cvar)]
    public void Losses_have_the_processors_bits_and_gradients_its_digits(int hedges, bool band, OutputMeaning meaning, OutputSquash squash, Activation activation, ObjectiveKind kind)
    {
        HedgeProblem problem = TrainSamples.Problem(steps: 3, hedges, band, meaning, squash);
        NetworkShape shape = TrainSamples.Shape(problem, "mlp", activation);
        double[] parameters = TrainSamples.Parameters(shape, 21);
        using PathPool pool = TrainSamples.Pool(problem, 2, Paths, 22);
        TrainingObjective Objective() => TrainingObjective.Make(new ObjectiveSpecification { Kind = kind, RiskAversion = 2, Level = 0.6, Weight = 0.6 }, 1);
        using var processor = new BatchGradient(problem, shape, Objective(), Paths, 2, 1);
        using var assembly = new DeviceBatchGradient(problem, shape, Objective(), Paths, 2, 2, 1, (plain, _, _, most) => new MachineDevice(plain, most));
        assembly.Filled(pool);
        processor.SetParameters(parameters);
        assembly.SetParameters(parameters);
        Assert.Equal(processor.Losses(pool, [0, 1]).ToArray(), assembly.Losses(pool, [0, 1]).ToArray());
        Assert.Equal(processor.Compute(pool, [1]), assembly.Compute(pool, [1]));
        double size = Math.Sqrt(processor.Gradient.Sum(g => g * g)), off = Math.Sqrt(processor.Gradient.Zip(assembly.Gradient, (a, b) => (a - b) * (a - b)).Sum());
        Assert.True(size > 1e-3 && off < 3e-6 * size, $"{off / size:G3} of {size:G4}");
    }
}
