using Appliance.Lab.Differentiation;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Training;

/// <summary>Sizes of a training run, all from the specification, none from the machine: threads change the speed and not a bit of the result.</summary>
public sealed class TrainingPlan
{
    public TrainingPlan(SpecifiedProblem specified)
    {
        TrainingSpecification training = specified.Specification.Training;
        // A block's rows should be long enough to feed the weight sums, and a batch should have blocks enough for the threads.
        PathsPerBlock = training.Batch >= 16 * 256 ? 256 : training.Batch >= 16 * 128 ? 128 : 64;
        BlocksPerBatch = (training.Batch + PathsPerBlock - 1) / PathsPerBlock;
        BatchesPerEpoch = Math.Max(1, (int)Math.Round((double)training.Paths / (BlocksPerBatch * PathsPerBlock)));
        Epochs = training.Epochs;
        HeldBackBlocks = Math.Clamp(training.Paths / 2, 4096, 32768) / PathsPerBlock;
        CoarseFactor = Math.Max(1, training.CoarseStepFactor);
    }

    public int PathsPerBlock { get; }
    public int BlocksPerBatch { get; }
    public int BatchesPerEpoch { get; }
    public int Epochs { get; }
    public int HeldBackBlocks { get; }
    public int CoarseFactor { get; }
    public int BlocksPerEpoch => BlocksPerBatch * BatchesPerEpoch;
    public long PathsPerEpoch => (long)BlocksPerEpoch * PathsPerBlock;
    public long Steps => (long)Epochs * BatchesPerEpoch;

    /// <summary>Coarse rounds: the first half of the epochs takes every CoarseFactor-th decision, the next quarter about every √CoarseFactor-th, the rest all.</summary>
    public int CoarseFactorOf(int epoch)
    {
        if (CoarseFactor == 1) return 1;
        if (epoch < Epochs / 2) return CoarseFactor;
        return epoch < Epochs * 3 / 4 ? Math.Max(1, (int)Math.Round(Math.Sqrt(CoarseFactor))) : 1;
    }

    /// <summary>Bytes that the run will hold: the paths of an epoch and those held back, [paths, steps, rows], and each thread's tape, [steps, units, paths].</summary>
    public long Bytes(SpecifiedProblem specified, int threads)
    {
        bool tail = specified.Problem.TeacherRow.Length == 0 && specified.Specification.Objective.Kind is ObjectiveKind.Cvar or ObjectiveKind.MeanCvar;
        long scratch = 8L * PathsPerBlock * (specified.Problem.Steps + 1) * (specified.Environment.Simulator.Series.Count + specified.Problem.Hedges + 2);
        return PathPool.Bytes(BlocksPerEpoch + HeldBackBlocks, specified.Problem.BlockRows, PathsPerBlock)
            + BatchGradient.Bytes(specified.Problem, specified.Shape, tail, PathsPerBlock, threads) + threads * scratch + 8L * 8 * specified.Shape.Parameters;
    }
}
