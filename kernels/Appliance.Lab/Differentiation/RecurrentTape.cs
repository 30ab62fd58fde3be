using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Appliance.Kernels.Networks;

namespace Appliance.Lab.Differentiation;

/// <summary>
/// The tape of LSTM or GRU layers with dense layers above them; the recurrences are those of <see cref="RecurrentKind"/>. Per step and recurrent layer: what came in from below, the
/// state before, the gates' values, and what the derivative wants besides.
/// </summary>
public sealed unsafe class RecurrentTape : NetworkTape
{
    private const int Lanes = 16;

    /// <summary>Places of one recurrent layer's rows inside a step's stretch of the tape.</summary>
    private struct Layer
    {
        /// <summary>Gates: LSTM i, f, g, o; GRU r, z, n. Values, not arguments.</summary>
        public long Gates;
        /// <summary>LSTM: tanh of the new cell; GRU: the third gate's product with the state, which the reset gate multiplies.</summary>
        public long Extra;
        public long StateBefore, CellBefore, State;
        public int Units;
    }

    private readonly LaneMemory _tape, _carry, _carryGradient, _gates, _otherGates, _gradient, _otherGradient;
    private readonly Layer[] _layers;
    private readonly long[] _carryAt;
    private readonly long[] _values, _arguments;
    private readonly long _stepLength;
    private readonly bool _isLstm;

    public RecurrentTape(PackedWeights weights, int steps, int paths, bool records) : base(weights, steps, paths, records)
    {
        _isLstm = Shape.Recurrence == RecurrentKind.Lstm;
        long stepLength = 0;
        Take(DenseKernels.Padded(Shape.Inputs));
        _layers = new Layer[Shape.RecurrentUnits.Length];
        _carryAt = new long[_layers.Length];
        long carry = 0;
        int widest = DenseKernels.Padded(Shape.Inputs), widestGates = 0;
        for (int l = 0; l < _layers.Length; l++)
        {
            int units = Shape.RecurrentUnits[l];
            if (units % DenseKernels.UnitTile != 0) throw new ArgumentException($"Recurrent layer {l} has {units} units; a multiple of {DenseKernels.UnitTile} is needed.", nameof(weights));
            int gates = RecurrentLayer.GatesOf(Shape.Recurrence) * units;
            _layers[l] = new Layer { Gates = Take(gates), Extra = Take(units), StateBefore = Take(units), CellBefore = _isLstm ? Take(units) : 0, State = Take(units), Units = units };
            _carryAt[l] = carry;
            carry += 2L * units * paths;
            widest = Math.Max(widest, units);
            widestGates = Math.Max(widestGates, gates);
        }
        _values = new long[Shape.DenseLayers + 1];
        _arguments = new long[Shape.DenseLayers + 1];
        _values[0] = _layers[^1].State;
        for (int d = 1; d <= Shape.DenseLayers; d++)
        {
            int units = DenseKernels.Padded(Shape.Dense(0, d - 1).Outputs);
            widest = Math.Max(widest, units);
            _values[d] = Take(units);
            _arguments[d] = PathActivations.KeepsArgument(Shape.Activation) && d < Shape.DenseLayers ? Take(units) : _values[d];
        }
        _stepLength = stepLength;
        _tape = new LaneMemory(_stepLength * (records ? steps : 1));
        _carry = new LaneMemory(carry);
        _carryGradient = new LaneMemory(carry);
        _gates = new LaneMemory((long)widestGates * paths);
        _otherGates = new LaneMemory((long)widestGates * paths);
        _gradient = new LaneMemory((long)widest * paths);
        _otherGradient = new LaneMemory((long)widest * paths);

        long Take(int units)
        {
            long at = stepLength;
            stepLength += (long)units * paths;
            return at;
        }
    }

    /// <summary>Bytes that a tape takes, to be stated before it is made.</summary>
    public static long Bytes(NetworkShape shape, int steps, int paths)
    {
        int factor = PathActivations.KeepsArgument(shape.Activation) ? 2 : 1;
        bool isLstm = shape.Recurrence == RecurrentKind.Lstm;
        long units = DenseKernels.Padded(shape.Inputs) + DenseKernels.Padded(shape.Outputs) + factor * shape.Hidden.Sum(h => (long)DenseKernels.Padded(h))
            + shape.RecurrentUnits.Sum(u => (long)u * (isLstm ? 8 : 6));
        return units * paths * sizeof(float) * steps;
    }

    public override float* Input(int step) => _tape.At + SlotOf(step) * _stepLength;
    public override float* Output(int step) => _tape.At + SlotOf(step) * _stepLength + _values[^1];

    public override void Begin() => _carry.Clear();
    public override void BeginBackward() => _carryGradient.Clear();

    public override void Forward(int step)
    {
        float* tape = _tape.At + SlotOf(step) * _stepLength;
        float* below = tape;
        for (int l = 0; l < _layers.Length; l++)
        {
            ref readonly Layer layer = ref _layers[l];
            DenseSlot input = Shape.Slots[2 * l], hidden = Shape.Slots[2 * l + 1];
            long length = (long)layer.Units * Paths;
            float* state = _carry.At + _carryAt[l], cell = state + length;
            Copy(state, tape + layer.StateBefore, length);
            float* gates = tape + layer.Gates;
            DenseKernels.Apply(Weights.At + input.PackedWeight, Weights.At + input.PackedBias, input.PaddedInputs, input.PaddedOutputs, below, gates, Paths);
            DenseKernels.Apply(Weights.At + hidden.PackedWeight, Weights.At + hidden.PackedBias, hidden.PaddedInputs, hidden.PaddedOutputs, state, _gates.At, Paths);
            if (_isLstm)
            {
                Copy(cell, tape + layer.CellBefore, length);
                LstmForward(gates, _gates.At, cell, tape + layer.Extra, tape + layer.State, length);
            }
            else GruForward(gates, _gates.At, tape + layer.StateBefore, tape + layer.Extra, tape + layer.State, length);
            Copy(tape + layer.State, state, length);
            below = tape + layer.State;
        }
        for (int d = 0; d < Shape.DenseLayers; d++)
        {
            DenseSlot slot = Shape.Dense(0, d);
            float* z = tape + _arguments[d + 1];
            DenseKernels.Apply(Weights.At + slot.PackedWeight, Weights.At + slot.PackedBias, slot.PaddedInputs, slot.PaddedOutputs, tape + _values[d], z, Paths);
            if (d < Shape.DenseLayers - 1) PathActivations.Forward(Shape.Activation, z, tape + _values[d + 1], (long)slot.PaddedOutputs * Paths);
        }
    }

    public override void Backward(int step, GradientLanes lanes)
    {
        float* tape = _tape.At + SlotOf(step) * _stepLength;
        float* dy = OutputGradient, dx = _gradient.At;
        for (int d = Shape.DenseLayers - 1; d >= 0; d--)
        {
            DenseSlot slot = Shape.Dense(0, d);
            if (d < Shape.DenseLayers - 1) PathActivations.Backward(Shape.Activation, tape + _arguments[d + 1], tape + _values[d + 1], dy, (long)slot.PaddedOutputs * Paths);
            DenseKernels.AccumulateWeights(dy, tape + _values[d], slot.PaddedInputs, slot.PaddedOutputs, lanes.At + slot.LaneWeight, lanes.At + slot.LaneBias, Paths);
            DenseKernels.Apply(Weights.At + slot.PackedTranspose, null, slot.PaddedOutputs, slot.PaddedInputs, dy, dx, Paths);
            dy = dx;
            dx = dx == _gradient.At ? _otherGradient.At : _gradient.At;
        }
        for (int l = _layers.Length - 1; l >= 0; l--)
        {
            ref readonly Layer layer = ref _layers[l];
            DenseSlot input = Shape.Slots[2 * l], hidden = Shape.Slots[2 * l + 1];
            long length = (long)layer.Units * Paths;
            float* stateGradient = _carryGradient.At + _carryAt[l], cellGradient = stateGradient + length;
            Add(stateGradient, dy, length);
            float* inputGates = _gates.At, hiddenGates = inputGates;
            if (_isLstm) LstmBackward(tape + layer.Gates, tape + layer.Extra, tape + layer.CellBefore, stateGradient, cellGradient, inputGates, length);
            else
            {
                hiddenGates = _otherGates.At;
                GruBackward(tape + layer.Gates, tape + layer.Extra, tape + layer.StateBefore, stateGradient, cellGradient, inputGates, hiddenGates, length);
            }
            float* below = l == 0 ? tape : tape + _layers[l - 1].State;
            DenseKernels.AccumulateWeights(inputGates, below, input.PaddedInputs, input.PaddedOutputs, lanes.At + input.LaneWeight, lanes.At + input.LaneBias, Paths);
            DenseKernels.AccumulateWeights(hiddenGates, tape + layer.StateBefore, hidden.PaddedInputs, hidden.PaddedOutputs, lanes.At + hidden.LaneWeight, lanes.At + hidden.LaneBias, Paths);
            DenseKernels.Apply(Weights.At + hidden.PackedTranspose, null, hidden.PaddedOutputs, hidden.PaddedInputs, hiddenGates, stateGradient, Paths);
            if (!_isLstm) Add(stateGradient, cellGradient, length);
            float* to = l == 0 ? InputGradient : dx;
            DenseKernels.Apply(Weights.At + input.PackedTranspose, null, input.PaddedOutputs, input.PaddedInputs, inputGates, to, Paths);
            dy = to;
            dx = dx == _gradient.At ? _otherGradient.At : _gradient.At;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void LstmForward(float* gates, float* fromState, float* cell, float* tanhCell, float* state, long length)
    {
        for (long i = 0; i < length; i += Lanes)
        {
            Vector512<float> input = PathActivations.Sigmoid(Vector512.Load(gates + i) + Vector512.Load(fromState + i));
            Vector512<float> forget = PathActivations.Sigmoid(Vector512.Load(gates + length + i) + Vector512.Load(fromState + length + i));
            Vector512<float> candidate = PathActivations.Tanh(Vector512.Load(gates + 2 * length + i) + Vector512.Load(fromState + 2 * length + i));
            Vector512<float> output = PathActivations.Sigmoid(Vector512.Load(gates + 3 * length + i) + Vector512.Load(fromState + 3 * length + i));
            Vector512<float> next = Vector512.FusedMultiplyAdd(forget, Vector512.Load(cell + i), input * candidate);
            Vector512<float> squashed = PathActivations.Tanh(next);
            input.Store(gates + i);
            forget.Store(gates + length + i);
            candidate.Store(gates + 2 * length + i);
            output.Store(gates + 3 * length + i);
            next.Store(cell + i);
            squashed.Store(tanhCell + i);
            (output * squashed).Store(state + i);
        }
    }

    /// <summary>From the derivatives to the new state and cell, those to the gates' arguments; the cell's becomes that to the old cell.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void LstmBackward(float* gates, float* tanhCell, float* cellBefore, float* stateGradient, float* cellGradient, float* gateGradient, long length)
    {
        Vector512<float> one = Vector512<float>.One;
        for (long i = 0; i < length; i += Lanes)
        {
            Vector512<float> input = Vector512.Load(gates + i), forget = Vector512.Load(gates + length + i);
            Vector512<float> candidate = Vector512.Load(gates + 2 * length + i), output = Vector512.Load(gates + 3 * length + i);
            Vector512<float> squashed = Vector512.Load(tanhCell + i), dh = Vector512.Load(stateGradient + i);
            Vector512<float> dc = Vector512.FusedMultiplyAdd(dh * output, one - squashed * squashed, Vector512.Load(cellGradient + i));
            (dc * candidate * input * (one - input)).Store(gateGradient + i);
            (dc * Vector512.Load(cellBefore + i) * forget * (one - forget)).Store(gateGradient + length + i);
            (dc * input * (one - candidate * candidate)).Store(gateGradient + 2 * length + i);
            (dh * squashed * output * (one - output)).Store(gateGradient + 3 * length + i);
            (dc * forget).Store(cellGradient + i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void GruForward(float* gates, float* fromState, float* stateBefore, float* product, float* state, long length)
    {
        for (long i = 0; i < length; i += Lanes)
        {
            Vector512<float> reset = PathActivations.Sigmoid(Vector512.Load(gates + i) + Vector512.Load(fromState + i));
            Vector512<float> update = PathActivations.Sigmoid(Vector512.Load(gates + length + i) + Vector512.Load(fromState + length + i));
            Vector512<float> hidden = Vector512.Load(fromState + 2 * length + i);
            Vector512<float> candidate = PathActivations.Tanh(Vector512.FusedMultiplyAdd(reset, hidden, Vector512.Load(gates + 2 * length + i)));
            reset.Store(gates + i);
            update.Store(gates + length + i);
            candidate.Store(gates + 2 * length + i);
            hidden.Store(product + i);
            Vector512.FusedMultiplyAdd(update, Vector512.Load(stateBefore + i) - candidate, candidate).Store(state + i);
        }
    }

    /// <summary>From the derivative to the new state, those to the gates' arguments from the input and from the state, and that to the old state by the direct way.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void GruBackward(float* gates, float* product, float* stateBefore, float* stateGradient, float* direct, float* inputGates, float* hiddenGates, long length)
    {
        Vector512<float> one = Vector512<float>.One;
        for (long i = 0; i < length; i += Lanes)
        {
            Vector512<float> reset = Vector512.Load(gates + i), update = Vector512.Load(gates + length + i), candidate = Vector512.Load(gates + 2 * length + i);
            Vector512<float> dh = Vector512.Load(stateGradient + i);
            Vector512<float> dn = dh * (one - update) * (one - candidate * candidate);
            Vector512<float> dr = dn * Vector512.Load(product + i) * reset * (one - reset);
            Vector512<float> dz = dh * (Vector512.Load(stateBefore + i) - candidate) * update * (one - update);
            dr.Store(inputGates + i);
            dr.Store(hiddenGates + i);
            dz.Store(inputGates + length + i);
            dz.Store(hiddenGates + length + i);
            dn.Store(inputGates + 2 * length + i);
            (dn * reset).Store(hiddenGates + 2 * length + i);
            (dh * update).Store(direct + i);
        }
    }

    private static void Copy(float* from, float* to, long length) => Buffer.MemoryCopy(from, to, length * sizeof(float), length * sizeof(float));

    private static void Add(float* to, float* what, long length)
    {
        for (long i = 0; i < length; i += Lanes) (Vector512.Load(to + i) + Vector512.Load(what + i)).Store(to + i);
    }

    public override void Dispose()
    {
        foreach (LaneMemory memory in (ReadOnlySpan<LaneMemory>)[_tape, _carry, _carryGradient, _gates, _otherGates, _gradient, _otherGradient]) memory.Dispose();
        base.Dispose();
    }
}
