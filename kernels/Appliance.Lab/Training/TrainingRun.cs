using System.Diagnostics;
using System.Security.Cryptography;
using Appliance.Lab.Differentiation;
using Appliance.Lab.Hedging;
using Appliance.Lab.Risk;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Training;

/// <summary>
/// Trains the policy of a specification. Each epoch draws fresh paths (so nothing can be learned by heart), goes over them in batches, and ends with the risk on held-back paths of another
/// seed. The weights that had the least held-back risk are kept; where weights are averaged, the average is what is judged.
/// </summary>
public sealed class TrainingRun : IDisposable
{
    /// <summary>What separates the held-back paths' seed from the training's.</summary>
    private const ulong HeldBackSeed = 0x5851f42d4c957f2d;
    private const double CheckpointEverySeconds = 15;
    private readonly SpecifiedProblem _specified;
    private readonly TrainingPlan _plan;
    private readonly TrainingObjective _objective;
    private readonly IBatchGradient _batch;
    private readonly PathPool _pool, _heldBack;
    private readonly int[] _heldBackOrder;
    private readonly double[] _lastGood;
    private readonly bool _imitates;

    /// <param name="device">Makes the device that computes; null computes on the processor's threads.</param>
    public TrainingRun(SpecifiedProblem specified, int threads, HedgeDeviceMaker? device = null)
    {
        _specified = specified;
        _plan = new TrainingPlan(specified);
        threads = Math.Max(1, threads);
        _lastGood = new double[specified.Shape.Parameters];
        Bytes = _plan.Bytes(specified, threads);
        _imitates = specified.Problem.TeacherRow.Length > 0;
        // A pupil's loss is its mean square distance to the teacher: the mean of it is what is made small.
        _objective = _imitates ? new MeanVarianceObjective(0) : TrainingObjective.Make(specified.Specification.Objective, specified.Problem.MoneyScale);
        int blocksMax = Math.Max(_plan.BlocksPerBatch, _plan.HeldBackBlocks);
        _batch = device is null
            ? new BatchGradient(specified.Problem, specified.Shape, _objective, _plan.PathsPerBlock, blocksMax, threads)
            : new DeviceBatchGradient(specified.Problem, specified.Shape, _objective, _plan.PathsPerBlock, _plan.BlocksPerBatch, blocksMax, threads, device);
        _pool = new PathPool(_plan.BlocksPerEpoch, specified.Problem.BlockRows, _plan.PathsPerBlock);
        _heldBack = new PathPool(_plan.HeldBackBlocks, specified.Problem.BlockRows, _plan.PathsPerBlock);
        _heldBackOrder = [.. Enumerable.Range(0, _plan.HeldBackBlocks)];
    }

    public TrainingPlan Plan => _plan;
    /// <summary>The device's kind and name; empty on the processor.</summary>
    public string Device => (_batch as DeviceBatchGradient)?.Device ?? "";
    public long Bytes { get; }

    /// <summary>Runs to the end, to an interrupt or to a failure. Nothing of what was earned is lost: the result holds the best parameters in every case.</summary>
    /// <param name="resume">A state to go on from; null begins.</param>
    /// <param name="checkpoint">Called with a state worth keeping: at ends of epochs, not too often, and on an interrupt.</param>
    public TrainingResult Execute(TrainingState? resume, Action<TrainingState>? checkpoint, Action<TrainingProgress>? progress, CancellationToken interrupt)
    {
        var watch = Stopwatch.StartNew();
        TrainingSpecification training = _specified.Specification.Training;
        double[] parameters = resume?.Parameters ?? _specified.Shape.Initialise(training.Seed);
        var adam = new AdamOptimiser(parameters, training.LearningRate, training.ClipNorm, _plan.Steps, training.AveragingShare);
        FillPool(_heldBack, new HedgingEnvironment(_specified.Specification, training.Seed ^ HeldBackSeed, training.Importance), 0);
        TrainingState state = resume ?? NewState(adam);
        Restore(adam, state, resume is not null);
        adam.Parameters.CopyTo(_lastGood, 0);
        double noHedge = RiskOf(NoHedgeLosses());
        double lastCheckpoint = 0;
        long pathsDone = 0;
        string reason = "";
        var outcome = TrainingOutcome.Done;
        try
        {
            while (state.Epoch < _plan.Epochs && outcome == TrainingOutcome.Done)
            {
                FillPool(_pool, _specified.TrainingEnvironment, state.Epoch * _plan.PathsPerEpoch);
                _batch.SetCoarseFactor(_plan.CoarseFactorOf(state.Epoch));
                if (_specified.Problem.Head.HasWidth) _batch.SetGate(GateKind.Surrogate);
                if (state is { Epoch: 0, Batch: 0 }) BeginObjective(adam.Parameters);
                while (state.Batch < _plan.BatchesPerEpoch && !interrupt.IsCancellationRequested)
                {
                    state.LossSum += Step(adam, state);
                    state.Batch++;
                    pathsDone += (long)_plan.BlocksPerBatch * _plan.PathsPerBlock;
                }
                if (state.Batch < _plan.BatchesPerEpoch) outcome = TrainingOutcome.Interrupted;
                else EndEpoch(adam, state, noHedge);
                double seconds = watch.Elapsed.TotalSeconds;
                if (outcome == TrainingOutcome.Done)
                {
                    double left = (_plan.Steps - adam.Step) * (double)_plan.BlocksPerBatch * _plan.PathsPerBlock / Math.Max(pathsDone, 1) * seconds;
                    progress?.Invoke(new TrainingProgress(state.Epoch, _plan.Epochs, state.History[^1].Loss, state.History[^1].HeldBack, pathsDone / seconds, TimeSpan.FromSeconds(left)));
                }
                if (outcome == TrainingOutcome.Interrupted || seconds - lastCheckpoint > CheckpointEverySeconds)
                {
                    lastCheckpoint = seconds;
                    checkpoint?.Invoke(Snapshot(adam, state));
                }
            }
        }
        catch (TrainingStoppedException e)
        {
            (outcome, reason) = (TrainingOutcome.Stopped, e.Message);
        }
        if (outcome == TrainingOutcome.Interrupted) reason = FormattableString.Invariant($"interrupted in epoch {state.Epoch + 1} of {_plan.Epochs}");
        // Before the first epoch's end nothing was judged: the last weights that gave a number are the best there is.
        double[] best = (double[])(state.Best.Length > 0 ? state.Best : _lastGood).Clone();
        double total = watch.Elapsed.TotalSeconds;
        return new TrainingResult
        {
            Outcome = outcome, Reason = reason, Parameters = best, HeldBackRisk = state.BestRisk, NoHedgeRisk = noHedge, EpochsDone = state.Epoch, Threads = _batch.Threads,
            Seconds = total, PathsPerSecond = pathsDone / total, Bytes = Bytes, History = state.History,
        };
    }

    private double Step(AdamOptimiser adam, TrainingState state)
    {
        _batch.SetParameters(adam.Parameters);
        Span<int> blocks = stackalloc int[_plan.BlocksPerBatch];
        for (int b = 0; b < blocks.Length; b++) blocks[b] = state.Batch * _plan.BlocksPerBatch + b;
        double risk = _batch.Compute(_pool, blocks);
        // Weights whose risk is a number are good; those after the step are not known to be.
        if (double.IsFinite(risk)) adam.Parameters.CopyTo(_lastGood, 0);
        double norm = double.IsFinite(risk) ? adam.Move(_batch.Gradient) : double.NaN;
        if (!double.IsFinite(norm))
            throw new TrainingStoppedException(FormattableString.Invariant(
                $"epoch {state.Epoch + 1}, batch {state.Batch + 1}: the batch's risk is {risk * _specified.Problem.MoneyScale:R} and the gradient's norm {norm:R} at learning rate {adam.RateAt(adam.Step):R}; lower training.learningRate"));
        return risk;
    }

    private void EndEpoch(AdamOptimiser adam, TrainingState state, double noHedge)
    {
        double money = _specified.Problem.MoneyScale;
        double[] judged = adam.Averaged > 0 ? adam.Average : adam.Parameters;
        _batch.SetCoarseFactor(1);
        _batch.SetGate(GateKind.Hard);
        _batch.SetParameters(judged);
        double risk = RiskOf(_batch.Losses(_heldBack, _heldBackOrder));
        double mean = state.LossSum / _plan.BatchesPerEpoch, loss = _imitates ? Math.Sqrt(mean) * HoldingScale : mean * money;
        state.History.Add((loss, risk));
        state.Epoch++;
        state.Batch = 0;
        state.LossSum = 0;
        // Once weights are averaged, only averages compete: an earlier raw set that was lucky on the held-back paths must not win.
        bool firstAverage = adam.Averaged > 0 && adam.Averaged <= _plan.BatchesPerEpoch;
        if (risk < state.BestRisk || firstAverage && double.IsFinite(risk))
        {
            state.BestRisk = risk;
            state.Best = (double[])judged.Clone();
        }
        double spread = Math.Abs(noHedge) + Math.Abs(state.History[0].HeldBack);
        if (!double.IsFinite(risk) || risk > noHedge + 100 * spread)
            throw new TrainingStoppedException(FormattableString.Invariant(
                $"epoch {state.Epoch}: training diverged: the held-back risk is {risk:R} where not hedging has {noHedge:R}; lower training.learningRate"));
    }

    private void BeginObjective(double[] parameters)
    {
        _batch.SetParameters(parameters);
        int[] blocks = [.. Enumerable.Range(0, _plan.BlocksPerBatch)];
        if (_specified.Problem.HasRatios) _objective.Begin(_batch.Losses(_pool, blocks), _batch.Ratios(_pool, blocks));
        else _objective.Begin(_batch.Losses(_pool, blocks));
    }

    /// <summary>Units of the hedge in one unit of the problem's holdings.</summary>
    private double HoldingScale => _specified.Problem.MoneyScale / _specified.Problem.PriceScale[0];

    /// <summary>The objective of the losses; for a pupil the root of the mean square distance to the teacher's holding, in units of the hedge.</summary>
    private double RiskOf(ReadOnlySpan<float> losses)
    {
        if (_imitates)
        {
            double sum = 0;
            foreach (float square in losses) sum += square;
            return Math.Sqrt(sum / losses.Length) * HoldingScale;
        }
        var money = new double[losses.Length];
        for (int p = 0; p < money.Length; p++)
        {
            money[p] = losses[p] * _specified.Problem.MoneyScale;
            if (!double.IsFinite(money[p])) return double.NaN;
        }
        ObjectiveSpecification objective = _specified.Specification.Objective;
        return _specified.Problem.HasRatios ? WeightedRisk.Of(objective, money, HeldBackRatios()).Value : RiskMeasure.Of(objective, money).Value;
    }

    private double[] HeldBackRatios()
    {
        var ratios = new double[_heldBack.Blocks * _heldBack.PathsPerBlock];
        for (int p = 0; p < ratios.Length; p++) ratios[p] = _heldBack.Row(p / _heldBack.PathsPerBlock, _specified.Problem.RatioRow)[p % _heldBack.PathsPerBlock];
        return ratios;
    }

    private float[] NoHedgeLosses()
    {
        var losses = new float[_heldBack.Blocks * _heldBack.PathsPerBlock];
        if (_imitates)
        {
            HedgeProblem problem = _specified.Problem;
            for (int b = 0; b < _heldBack.Blocks; b++)
                for (int step = 0; step < problem.Steps; step += problem.DecideEvery)
                {
                    ReadOnlySpan<float> teacher = _heldBack.Row(b, problem.PathRow(step, problem.TeacherRow[0]));
                    for (int p = 0; p < teacher.Length; p++) losses[b * _heldBack.PathsPerBlock + p] += teacher[p] * teacher[p] / problem.Decisions;
                }
            return losses;
        }
        for (int b = 0; b < _heldBack.Blocks; b++) _heldBack.Row(b, _specified.Problem.OwedRow).CopyTo(losses.AsSpan(b * _heldBack.PathsPerBlock));
        return losses;
    }

    private void FillPool(PathPool pool, HedgingEnvironment environment, long firstPath)
    {
        int next = -1;
        _batch.Team.Run(_ =>
        {
            EpisodeBlock scratch = environment.NewBlock(pool.PathsPerBlock);
            while (Interlocked.Increment(ref next) is int b && b < pool.Blocks) _specified.Fill(pool, b, scratch, environment, firstPath + (long)b * pool.PathsPerBlock);
        });
        _batch.Filled(pool);
    }

    private TrainingState NewState(AdamOptimiser adam) => new()
    {
        SpecificationSha256 = SHA256.HashData(_specified.Specification.Bytes), Parameters = adam.Parameters, First = adam.First, Second = adam.Second, Average = adam.Average,
        ObjectiveState = _objective.State,
    };

    private void Restore(AdamOptimiser adam, TrainingState state, bool resumed)
    {
        if (!resumed) return;
        state.First.CopyTo(adam.First, 0);
        state.Second.CopyTo(adam.Second, 0);
        state.Average.CopyTo(adam.Average, 0);
        state.ObjectiveState.CopyTo(_objective.State, 0);
        (adam.Step, adam.Averaged) = (state.AdamStep, state.Averaged);
    }

    /// <summary>The state with the optimiser's vectors as they stand.</summary>
    private TrainingState Snapshot(AdamOptimiser adam, TrainingState state) => new()
    {
        SpecificationSha256 = state.SpecificationSha256, Epoch = state.Epoch, Batch = state.Batch, LossSum = state.LossSum, AdamStep = adam.Step, Averaged = adam.Averaged,
        Parameters = adam.Parameters, First = adam.First, Second = adam.Second, Average = adam.Average, ObjectiveState = _objective.State, Best = state.Best, BestRisk = state.BestRisk,
        History = state.History,
    };

    public void Dispose()
    {
        _batch.Dispose();
        _pool.Dispose();
        _heldBack.Dispose();
    }
}
