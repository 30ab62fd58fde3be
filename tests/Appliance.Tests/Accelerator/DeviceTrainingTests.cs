using Appliance.Contract;
using Appliance.Kernels.Hedging;
using Appliance.Kernels.Ilgpu;
using Appliance.Kernels.Networks;
using Appliance.Lab.Differentiation;
using Appliance.Lab.Specification;
using Appliance.Lab.Training;
using Appliance.Tests.Lab;

namespace Appliance.Tests.Accelerator;

/// <summary>Training on every device that is here, beside training on the processor: the same paths, the losses' bits, gradients to rounding, and whole runs.</summary>
public class DeviceTrainingTests
{
    private const int Paths = 64, Blocks = 3, Steps = 6;

    private static IEnumerable<IlgpuOptions> Devices() => IlgpuAdapter.Devices().Select(d => new IlgpuOptions { Device = d.Kind, DeviceIndex = d.Index });

    private static HedgeDeviceMaker On(IlgpuOptions device) => (problem, paths, recorded, most) => IlgpuAdapter.CreateHedge(device, problem, paths, recorded, most);

    public static TheoryData<int, bool, OutputMeaning, OutputSquash, Activation, string, int> Problems => new()
    {
        { 1, true, OutputMeaning.NeutralOffset, OutputSquash.Softplus, Activation.Relu, "mlp", 1 },
        { 1, true, OutputMeaning.Position, OutputSquash.Identity, Activation.Silu, "mlp", 1 },
        { 1, false, OutputMeaning.Position, OutputSquash.Identity, Activation.Tanh, "mlp", 1 },
        { 2, true, OutputMeaning.NeutralMultiple, OutputSquash.Tanh, Activation.Silu, "mlp", 2 },
        { 3, false, OutputMeaning.NeutralOffset, OutputSquash.Sigmoid, Activation.Relu, "mlp", 3 },
        { 1, false, OutputMeaning.NeutralMultiple, OutputSquash.Softplus, Activation.Tanh, "step", 1 },
    };

    [DeviceTheory]
    [MemberData(nameof(Problems))]
    public void Losses_have_the_processors_bits_and_gradients_its_digits(int hedges, bool band, OutputMeaning meaning, OutputSquash squash, Activation activation, string architecture, int every)
    {
        HedgeProblem problem = TrainSamples.Problem(Steps, hedges, band, meaning, squash);
        NetworkShape shape = TrainSamples.Shape(problem, architecture, activation);
        double[] parameters = TrainSamples.Parameters(shape, 11);
        using PathPool pool = TrainSamples.Pool(problem, Blocks + 1, Paths, 12);
        foreach (IlgpuOptions device in Devices())
            foreach (ObjectiveKind kind in (ObjectiveKind[])[ObjectiveKind.Entropic, ObjectiveKind.MeanCvar])
            {
                TrainingObjective Objective() => TrainingObjective.Make(new ObjectiveSpecification { Kind = kind, RiskAversion = 2, Level = 0.7, Weight = 0.6 }, 1);
                using var processor = new BatchGradient(problem, shape, Objective(), Paths, Blocks + 1, 1);
                using var other = new DeviceBatchGradient(problem, shape, Objective(), Paths, Blocks, Blocks + 1, 1, On(device));
                other.Filled(pool);
                foreach (IBatchGradient side in (IBatchGradient[])[processor, other])
                {
                    side.SetParameters(parameters);
                    side.SetCoarseFactor(every);
                }
                Assert.Equal(processor.Losses(pool, [0, 1, 2, 3]).ToArray(), other.Losses(pool, [0, 1, 2, 3]).ToArray());
                // Blocks that do not begin with the pool; twice, for what the first left behind must not show.
                for (int round = 0; round < 2; round++)
                {
                    Assert.Equal(processor.Compute(pool, [1, 2, 3]), other.Compute(pool, [1, 2, 3]));
                    double size = Math.Sqrt(processor.Gradient.Sum(g => g * g)), off = Math.Sqrt(processor.Gradient.Zip(other.Gradient, (a, b) => (a - b) * (a - b)).Sum());
                    Assert.True(size > 1e-3, $"{size}");
                    Assert.True(off < 3e-6 * size, $"{other.Device}: {off / size:G3} of {size:G4}");
                }
            }
    }

    private static LabSpecification Specification(ObjectiveKind kind, ImportanceSpecification? importance = null) => TrainRunTests.Entropic(
        new TrainingSpecification { Paths = 2048, Epochs = 2, Batch = 1024, LearningRate = 0.01, Seed = 3, CoarseStepFactor = 2, Importance = importance },
        new PolicySpecification { Architecture = PolicyArchitecture.Ntb, Hidden = [8], Activation = "relu" }, new ObjectiveSpecification { Kind = kind, RiskAversion = 10, Level = 0.9 }, steps: 6);

    [DeviceFact]
    public void A_run_learns_what_the_processor_learns_whatever_the_threads_and_interrupts()
    {
        foreach (IlgpuOptions device in Devices())
            foreach (LabSpecification s in (LabSpecification[])[Specification(ObjectiveKind.Entropic), Specification(ObjectiveKind.Cvar, new ImportanceSpecification { VolatilityFactor = 1.2 })])
            {
                var problem = new SpecifiedProblem(s);
                using var processor = new TrainingRun(problem, 2);
                TrainingResult ours = processor.Execute(null, null, null, default);
                using var one = new TrainingRun(problem, 1, On(device));
                TrainingResult whole = one.Execute(null, null, null, default);
                // Before the first step both have the same risk to the bit; rounding then parts them, and both end at the same held-back risk.
                Assert.Equal(ours.NoHedgeRisk, whole.NoHedgeRisk);
                Assert.Equal(1, whole.HeldBackRisk / ours.HeldBackRisk, 2e-3);
                using var cut = new CancellationTokenSource();
                byte[]? kept = null;
                using var first = new TrainingRun(problem, 2, On(device));
                Assert.Equal(TrainingOutcome.Interrupted, first.Execute(null, state => kept = state.ToBytes(), _ => cut.Cancel(), cut.Token).Outcome);
                using var second = new TrainingRun(problem, 2, On(device));
                TrainingState? state = TrainingState.TryRead(kept!, System.Security.Cryptography.SHA256.HashData([]), problem.Shape.Parameters, out _);
                Assert.Equal(whole.Parameters, second.Execute(state, null, null, default).Parameters);
            }
    }

    [Fact]
    public void What_a_device_does_not_train_is_said()
    {
        HedgeProblem problem = TrainSamples.Problem(Steps, 1, band: false, OutputMeaning.Position, OutputSquash.Identity);
        Assert.Contains("lstm and gru", DeviceBatchGradient.WhyNot(problem, TrainSamples.Shape(problem, "lstm")));
        Assert.Null(DeviceBatchGradient.WhyNot(problem, TrainSamples.Shape(problem, "mlp")));
        if (!IlgpuAdapter.Status.IsBuilt)
            Assert.Contains("make configure", Assert.Throws<AdapterNotBuiltException>(() => new DeviceBatchGradient(problem, TrainSamples.Shape(problem, "mlp"), new EntropicObjective(1), Paths, 1, 1, 1, On(new IlgpuOptions()))).Message);
    }
}
