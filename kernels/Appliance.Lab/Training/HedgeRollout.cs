using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Appliance.Kernels.Hedging;
using Appliance.Lab.Differentiation;

namespace Appliance.Lab.Training;

/// <summary>
/// The whole hedge of a block of paths, forwards to the losses and backwards to the gradient: through the P&amp;L, the costs, the head and the network of every step, and through the
/// holding and the accrued P&amp;L that the network is shown. One thread's; sized at construction.
/// </summary>
public sealed unsafe partial class HedgeRollout : IDisposable
{
    private const int Lanes = 16;
    private readonly HedgeProblem _problem;
    private readonly NetworkTape _tape;
    private readonly int _paths, _hedges;
    private readonly bool _records;
    private readonly LaneMemory _holdings, _pnl, _holdingGradient, _pnlGradient, _distance;
    private readonly bool _hasTeacher;

    /// <param name="records">False: losses only, and hardly any memory.</param>
    public HedgeRollout(HedgeProblem problem, PackedWeights weights, int paths, bool records)
    {
        if (paths <= 0 || paths % DenseKernels.PathTile != 0) throw new ArgumentException($"A block holds a multiple of {DenseKernels.PathTile} paths, not {paths}.", nameof(paths));
        if (weights.Shape.Inputs != problem.Inputs.Length || weights.Shape.Outputs != problem.Outputs)
            throw new ArgumentException($"The network has {weights.Shape.Inputs} inputs and {weights.Shape.Outputs} outputs; the problem has {problem.Inputs.Length} and {problem.Outputs}.", nameof(weights));
        (_problem, _paths, _hedges, _records) = (problem, paths, problem.Hedges, records);
        _tape = NetworkTape.Make(weights, problem.Decisions, paths, records);
        _holdings = new LaneMemory((records ? problem.Steps + 1L : 2L) * problem.Hedges * paths);
        _pnl = new LaneMemory(paths);
        _holdingGradient = new LaneMemory((long)problem.Hedges * paths);
        _pnlGradient = new LaneMemory(paths);
        _hasTeacher = problem.TeacherRow.Length > 0;
        _distance = new LaneMemory(paths);
    }

    /// <summary>Of the problem's decisions only every so many-th is taken: above 1 in coarse rounds.</summary>
    public int CoarseFactor { get; set; } = 1;

    /// <summary>How trades are let through where the policy has a width.</summary>
    public GateKind Gate { get; set; }

    private bool Decides(int step) => step % (_problem.DecideEvery * CoarseFactor) == 0;

    /// <summary>Bytes that one takes, to be stated before it is made.</summary>
    public static long Bytes(HedgeProblem problem, NetworkShape shape, int paths, bool records)
    {
        int steps = records ? problem.Steps : 1, decisions = records ? problem.Decisions : 1;
        long tape = shape.RecurrentUnits.Length > 0 ? RecurrentTape.Bytes(shape, decisions, paths) : PerceptronTape.Bytes(shape, decisions, paths);
        return tape + sizeof(float) * (steps + 5L) * problem.Hedges * paths;
    }

    /// <summary>Holding after decision <paramref name="step"/>, [paths]; all steps with a recording rollout, else the last two only.</summary>
    public ReadOnlySpan<float> Holding(int step, int hedge) => new(HoldingAt(step + 1) + (long)hedge * _paths, _paths);

    /// <summary>Hedges the block and writes each path's loss.</summary>
    /// <param name="block">[<see cref="HedgeProblem.BlockRows"/>, paths].</param>
    /// <param name="loss">[paths].</param>
    public void Forward(float* block, float* loss)
    {
        _pnl.Clear();
        _distance.Clear();
        for (int h = 0; h < _hedges; h++) new Span<float>(HoldingAt(0) + (long)h * _paths, _paths).Fill(_problem.InitialHolding[h]);
        _tape.Begin();
        for (int step = 0; step < _problem.Steps; step++)
        {
            float* before = HoldingAt(step), after = HoldingAt(step + 1);
            if (Decides(step))
            {
                FillInputs(block, step, before);
                _tape.Forward(step / _problem.DecideEvery);
                for (int h = 0; h < _hedges; h++) Decide(block, step, h, before + (long)h * _paths, after + (long)h * _paths);
                if (_hasTeacher) Compare(block, step, after);
            }
            else Buffer.MemoryCopy(before, after, (long)_hedges * _paths * sizeof(float), (long)_hedges * _paths * sizeof(float));
            for (int h = 0; h < _hedges; h++) Book(block, step, h, before + (long)h * _paths, after + (long)h * _paths);
        }
        float* last = HoldingAt(_problem.Steps);
        if (_problem.LiquidateAtEnd)
            for (int h = 0; h < _hedges; h++) Liquidate(block, h, last + (long)h * _paths);
        if (_hasTeacher)
        {
            for (int p = 0; p < _paths; p += Lanes) Vector512.Load(_distance.At + p).Store(loss + p);
            return;
        }
        float* owed = block + (long)_problem.OwedRow * _paths;
        for (int p = 0; p < _paths; p += Lanes) (Vector512.Load(owed + p) - Vector512.Load(_pnl.At + p)).Store(loss + p);
    }

    /// <summary>After a recording <see cref="Forward"/> of the same block: adds Σ_p lossGradient[p]·∂loss[p]/∂parameters to the lanes.</summary>
    public void Backward(float* block, float* lossGradient, GradientLanes lanes)
    {
        if (!_records) throw new InvalidOperationException("This rollout keeps no tape.");
        float* dPnl = _pnlGradient.At;
        // To a teacher's pupil gains matter only as far as it reads them.
        if (_hasTeacher) _pnlGradient.Clear();
        else for (int p = 0; p < _paths; p += Lanes) (-Vector512.Load(lossGradient + p)).Store(dPnl + p);
        _holdingGradient.Clear();
        if (_problem.LiquidateAtEnd)
            for (int h = 0; h < _hedges; h++) LiquidateBackward(block, h, HoldingAt(_problem.Steps) + (long)h * _paths, _holdingGradient.At + (long)h * _paths);
        _tape.BeginBackward();
        for (int step = _problem.Steps - 1; step >= 0; step--)
        {
            bool decides = Decides(step);
            for (int h = 0; h < _hedges; h++)
            {
                float* dHolding = _holdingGradient.At + (long)h * _paths;
                long row = (long)h * _paths;
                if (_hasTeacher && decides) CompareBackward(block, step, h, HoldingAt(step + 1) + row, lossGradient, dHolding);
                BookBackward(block, step, h, HoldingAt(step) + row, HoldingAt(step + 1) + row, dHolding, decides);
            }
            if (!decides) continue;
            _tape.Backward(step / _problem.DecideEvery, lanes);
            TakeInputGradients(step);
        }
    }

    private float* HoldingAt(int index) => _holdings.At + (_records ? index : index & 1) * (long)_hedges * _paths;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void FillInputs(float* block, int step, float* before)
    {
        float* to = _tape.Input(step / _problem.DecideEvery);
        foreach (NetworkInput input in _problem.Inputs)
        {
            switch (input.Kind)
            {
                case InputKind.PathRow:
                    Buffer.MemoryCopy(block + (long)_problem.PathRow(step, input.Index) * _paths, to, _paths * sizeof(float), _paths * sizeof(float));
                    break;
                case InputKind.StepConstant:
                    new Span<float>(to, _paths).Fill(input.StepValues![step]);
                    break;
                default:
                    float* from = input.Kind == InputKind.Holding ? before + (long)input.Index * _paths : _pnl.At;
                    Vector512<float> mean = Vector512.Create(input.Mean * OneOfToday(input, step)), scale = Vector512.Create(input.InverseScale / OneOfToday(input, step));
                    for (int p = 0; p < _paths; p += Lanes) ((Vector512.Load(from + p) - mean) * scale).Store(to + p);
                    break;
            }
            to += _paths;
        }
    }

    /// <summary>Of P&amp;L a policy is shown the money of today, as the live account has it; the books run in money at maturity.</summary>
    private float OneOfToday(NetworkInput input, int step) => input.Kind == InputKind.AccruedPnl ? _problem.Growth[step] : 1;

    private void TakeInputGradients(int step)
    {
        float* from = _tape.InputGradient;
        foreach (NetworkInput input in _problem.Inputs)
        {
            if (input.Kind is InputKind.Holding or InputKind.AccruedPnl)
            {
                float* to = input.Kind == InputKind.Holding ? _holdingGradient.At + (long)input.Index * _paths : _pnlGradient.At;
                Vector512<float> scale = Vector512.Create(input.InverseScale / OneOfToday(input, step));
                for (int p = 0; p < _paths; p += Lanes) Vector512.FusedMultiplyAdd(Vector512.Load(from + p), scale, Vector512.Load(to + p)).Store(to + p);
            }
            from += _paths;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Decide(float* block, int step, int hedge, float* before, float* after)
    {
        HedgeHead head = _problem.Head;
        float* output = _tape.Output(step / _problem.DecideEvery) + (long)(head.OutputsPerHedge * hedge) * _paths;
        float* neutral = head.Meaning == OutputMeaning.Position ? null : block + (long)_problem.PathRow(step, _problem.NeutralRow[hedge]) * _paths;
        if (head.HasWidth)
        {
            DecideWithWidth(step, hedge, output, neutral, before, after);
            return;
        }
        if (!head.HasBand)
        {
            var edge = new HeadEdge(head, head.Maps[hedge]);
            for (int p = 0; p < _paths; p += Lanes) edge.Value(output, neutral, p).Store(after + p);
            return;
        }
        var lowerEdge = new HeadEdge(head, head.Maps[2 * hedge]);
        var upperEdge = new HeadEdge(head, head.Maps[2 * hedge + 1]);
        for (int p = 0; p < _paths; p += Lanes)
        {
            Vector512<float> lower = lowerEdge.Value(output, neutral, p), upper = upperEdge.Value(output + _paths, neutral, p);
            HeadEdge.Uncross(ref lower, ref upper);
            Vector512.Min(Vector512.Max(Vector512.Load(before + p), lower), upper).Store(after + p);
        }
    }

    private void Compare(float* block, int step, float* after)
    {
        Vector512<float> share = Vector512.Create(1f / _problem.Decisions);
        for (int h = 0; h < _hedges; h++)
        {
            float* teacher = block + (long)_problem.PathRow(step, _problem.TeacherRow[h]) * _paths, held = after + (long)h * _paths;
            for (int p = 0; p < _paths; p += Lanes)
            {
                Vector512<float> off = Vector512.Load(held + p) - Vector512.Load(teacher + p);
                Vector512.FusedMultiplyAdd(off * off, share, Vector512.Load(_distance.At + p)).Store(_distance.At + p);
            }
        }
    }

    private void CompareBackward(float* block, int step, int hedge, float* held, float* lossGradient, float* dHolding)
    {
        Vector512<float> twice = Vector512.Create(2f / _problem.Decisions);
        float* teacher = block + (long)_problem.PathRow(step, _problem.TeacherRow[hedge]) * _paths;
        for (int p = 0; p < _paths; p += Lanes)
        {
            Vector512<float> off = Vector512.Load(held + p) - Vector512.Load(teacher + p);
            Vector512.FusedMultiplyAdd(twice * off, Vector512.Load(lossGradient + p), Vector512.Load(dHolding + p)).Store(dHolding + p);
        }
    }

    /// <summary>Gains of the step and the cost of its trade.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Book(float* block, int step, int hedge, float* before, float* after)
    {
        float* price = block + (long)_problem.PriceRow(step, hedge) * _paths, next = block + (long)_problem.PriceRow(step + 1, hedge) * _paths, pnl = _pnl.At;
        Vector512<float> growth = Vector512.Create(_problem.HoldingGrowth(step, hedge)), nextGrowth = Vector512.Create(_problem.Growth[step + 1]);
        Vector512<float> proportional = Vector512.Create(_problem.Proportional[hedge] * _problem.Growth[step]), quadratic = Vector512.Create(_problem.Quadratic[hedge] * _problem.Growth[step]);
        // What a gate lets through by degrees is charged by degrees, where the gate is.
        Vector512<float> perTrade = Vector512.Create(Gate == GateKind.Soft && _problem.Head.HasWidth ? 0 : _problem.Fixed[hedge] * _problem.Growth[step]);
        for (int p = 0; p < _paths; p += Lanes)
        {
            Vector512<float> held = Vector512.Load(after + p), s = Vector512.Load(price + p);
            Vector512<float> size = Vector512.Abs(held - Vector512.Load(before + p));
            Vector512<float> value = Vector512.Abs(s) * size;
            Vector512<float> cost = value * Vector512.FusedMultiplyAdd(quadratic, size, proportional);
            cost += Vector512.ConditionalSelect(Vector512.GreaterThan(size, Vector512<float>.Zero), perTrade, Vector512<float>.Zero);
            Vector512<float> move = nextGrowth * Vector512.Load(next + p) - growth * s;
            (Vector512.FusedMultiplyAdd(held, move, Vector512.Load(pnl + p)) - cost).Store(pnl + p);
        }
    }

    /// <summary>
    /// Through gain, cost and head of one step. On entry dHolding is the derivative to the holding after the decision as later steps see it, on return that to the holding before it, by cost and
    /// band; what the network's inputs add comes after. Without a decision there is no trade, and the holding's derivative only gathers the gain.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void BookBackward(float* block, int step, int hedge, float* before, float* after, float* dHolding, bool decides)
    {
        float* price = block + (long)_problem.PriceRow(step, hedge) * _paths, next = block + (long)_problem.PriceRow(step + 1, hedge) * _paths, dPnl = _pnlGradient.At;
        Vector512<float> growth = Vector512.Create(_problem.HoldingGrowth(step, hedge)), nextGrowth = Vector512.Create(_problem.Growth[step + 1]);
        if (!decides)
        {
            for (int p = 0; p < _paths; p += Lanes)
            {
                Vector512<float> move = nextGrowth * Vector512.Load(next + p) - growth * Vector512.Load(price + p);
                Vector512.FusedMultiplyAdd(Vector512.Load(dPnl + p), move, Vector512.Load(dHolding + p)).Store(dHolding + p);
            }
            return;
        }
        HedgeHead head = _problem.Head;
        Vector512<float> proportional = Vector512.Create(_problem.Proportional[hedge] * _problem.Growth[step]);
        Vector512<float> twiceQuadratic = Vector512.Create(2 * _problem.Quadratic[hedge] * _problem.Growth[step]);
        float* neutral = head.Meaning == OutputMeaning.Position ? null : block + (long)_problem.PathRow(step, _problem.NeutralRow[hedge]) * _paths;
        long row = (long)(head.OutputsPerHedge * hedge) * _paths;
        float* output = _tape.Output(step / _problem.DecideEvery) + row, dOutput = _tape.OutputGradient + row;
        if (head.HasWidth)
        {
            BackwardWithWidth(step, hedge, new WidthRows(price, next, before, after, output, dOutput, neutral, dHolding));
            return;
        }
        var first = new HeadEdge(head, head.Maps[head.HasBand ? 2 * hedge : hedge]);
        var second = new HeadEdge(head, head.Maps[head.HasBand ? 2 * hedge + 1 : hedge]);
        Vector512<float> zero = Vector512<float>.Zero;
        for (int p = 0; p < _paths; p += Lanes)
        {
            Vector512<float> a = Vector512.Load(dPnl + p), s = Vector512.Load(price + p), held = Vector512.Load(after + p), prior = Vector512.Load(before + p);
            Vector512<float> trade = held - prior;
            Vector512<float> slope = Vector512.Abs(s) * Vector512.FusedMultiplyAdd(twiceQuadratic, Vector512.Abs(trade), proportional) * SignOf(trade);
            Vector512<float> move = nextGrowth * Vector512.Load(next + p) - growth * s;
            Vector512<float> byCost = a * slope;
            Vector512<float> dHeld = Vector512.FusedMultiplyAdd(a, move, Vector512.Load(dHolding + p)) - byCost;
            if (!head.HasBand)
            {
                (dHeld * first.Slope(output, neutral, p)).Store(dOutput + p);
                byCost.Store(dHolding + p);
                continue;
            }
            Vector512<float> lower = first.Value(output, neutral, p), upper = second.Value(output + _paths, neutral, p);
            // Crossed edges move their common middle by half each.
            Vector512<float> crossed = HeadEdge.Uncross(ref lower, ref upper);
            Vector512<float> half = Vector512.ConditionalSelect(crossed, dHeld * Vector512.Create(0.5f), zero);
            // min(max(prior, lower), upper): the upper edge where it binds, else the lower edge where it does, else what was held.
            Vector512<float> raised = Vector512.Max(prior, lower);
            Vector512<float> atUpper = Vector512.GreaterThan(raised, upper);
            Vector512<float> atLower = Vector512.AndNot(Vector512.GreaterThan(lower, prior), atUpper);
            Vector512<float> bySecond = Vector512.ConditionalSelect(crossed, half, Vector512.ConditionalSelect(atUpper, dHeld, zero));
            Vector512<float> byFirst = Vector512.ConditionalSelect(crossed, half, Vector512.ConditionalSelect(atLower, dHeld, zero));
            Vector512<float> inside = Vector512.Equals(atUpper.AsInt32() | atLower.AsInt32() | crossed.AsInt32(), Vector512<int>.Zero).AsSingle();
            (byFirst * first.Slope(output, neutral, p)).Store(dOutput + p);
            (bySecond * second.Slope(output + _paths, neutral, p)).Store(dOutput + _paths + p);
            (byCost + Vector512.ConditionalSelect(inside, dHeld, zero)).Store(dHolding + p);
        }
    }

    private void Liquidate(float* block, int hedge, float* holding)
    {
        float* price = block + (long)_problem.PriceRow(_problem.Steps, hedge) * _paths;
        float growth = _problem.Growth[_problem.Steps];
        Vector512<float> proportional = Vector512.Create(_problem.Proportional[hedge] * growth), quadratic = Vector512.Create(_problem.Quadratic[hedge] * growth);
        Vector512<float> perTrade = Vector512.Create(_problem.Fixed[hedge] * growth);
        for (int p = 0; p < _paths; p += Lanes)
        {
            Vector512<float> size = Vector512.Abs(Vector512.Load(holding + p)), value = Vector512.Abs(Vector512.Load(price + p)) * size;
            Vector512<float> cost = value * Vector512.FusedMultiplyAdd(quadratic, size, proportional);
            cost += Vector512.ConditionalSelect(Vector512.GreaterThan(size, Vector512<float>.Zero), perTrade, Vector512<float>.Zero);
            (Vector512.Load(_pnl.At + p) - cost).Store(_pnl.At + p);
        }
    }

    private void LiquidateBackward(float* block, int hedge, float* holding, float* dHolding)
    {
        float* price = block + (long)_problem.PriceRow(_problem.Steps, hedge) * _paths;
        float growth = _problem.Growth[_problem.Steps];
        Vector512<float> proportional = Vector512.Create(_problem.Proportional[hedge] * growth), twiceQuadratic = Vector512.Create(2 * _problem.Quadratic[hedge] * growth);
        for (int p = 0; p < _paths; p += Lanes)
        {
            Vector512<float> held = Vector512.Load(holding + p);
            Vector512<float> slope = Vector512.Abs(Vector512.Load(price + p)) * Vector512.FusedMultiplyAdd(twiceQuadratic, Vector512.Abs(held), proportional) * SignOf(held);
            (Vector512.Load(dHolding + p) - Vector512.Load(_pnlGradient.At + p) * slope).Store(dHolding + p);
        }
    }

    /// <summary>−1, 0 or 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> SignOf(Vector512<float> x)
    {
        Vector512<float> zero = Vector512<float>.Zero, one = Vector512<float>.One;
        return Vector512.ConditionalSelect(Vector512.GreaterThan(x, zero), one, zero) - Vector512.ConditionalSelect(Vector512.LessThan(x, zero), one, zero);
    }

    public void Dispose()
    {
        _tape.Dispose();
        _holdings.Dispose();
        _pnl.Dispose();
        _holdingGradient.Dispose();
        _pnlGradient.Dispose();
        _distance.Dispose();
    }
}
