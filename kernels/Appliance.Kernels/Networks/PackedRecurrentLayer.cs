using System.Runtime.Intrinsics;

namespace Appliance.Kernels.Networks;

/// <summary>One recurrent layer, laid out for the registers: the product with the inputs, for many rows at once, and the step that needs h.</summary>
internal sealed unsafe class PackedRecurrentLayer
{
    private readonly RecurrentKind _kind;
    private readonly KernelWidth _width;
    private readonly PackedMatrix _input, _hidden;
    /// <summary>The GRU's third gate where the reset gate stands before its product.</summary>
    private readonly PackedMatrix? _candidate;
    private readonly float* _bias, _candidateBias;
    private readonly int _paddedUnits;

    public PackedRecurrentLayer(RecurrentLayer layer, WeightFormat format, KernelWidth width, NetworkMemory memory)
    {
        (_kind, _width, Inputs, Units, StateLength) = (layer.Kind, width, layer.Inputs, layer.Units, layer.StateLength);
        int n = Units, rows = layer.Gates * n;
        if (layer.InputWeight.Length != rows * Inputs || layer.HiddenWeight.Length != rows * n || layer.InputBias.Length != rows || layer.HiddenBias.Length != rows)
            throw new ArgumentException($"A {_kind} layer of {Inputs} inputs and {n} units has weights or biases of other lengths.", nameof(layer));
        _paddedUnits = PackedMatrix.RoundUp(n, PackedMatrix.OutputPadding);
        _input = new PackedMatrix(Inputs, rows, layer.InputWeight, format, width, memory);
        bool apart = _kind == RecurrentKind.GruResetBefore;
        _hidden = new PackedMatrix(n, apart ? 2 * n : rows, apart ? layer.HiddenWeight.AsSpan(0, 2 * n * n) : layer.HiddenWeight, format, width, memory);
        _candidate = apart ? new PackedMatrix(n, n, layer.HiddenWeight.AsSpan(2 * n * n), format, width, memory) : null;
        _bias = memory.TakeFloats(_input.PaddedOutputs);
        _candidateBias = memory.TakeFloats(_paddedUnits);
        // Both biases of a gate are one number, except where the reset gate multiplies the hidden one.
        int joined = _kind == RecurrentKind.GruResetAfter ? 2 * n : rows;
        for (int o = 0; o < rows; o++) _bias[o] = o < joined ? layer.InputBias[o] + layer.HiddenBias[o] : layer.InputBias[o];
        if (_kind == RecurrentKind.GruResetAfter) layer.HiddenBias.AsSpan(2 * n).CopyTo(new Span<float>(_candidateBias, n));
    }

    public int Inputs { get; }
    public int Units { get; }
    public int StateLength { get; }
    public long WeightBytes => _input.Bytes + _hidden.Bytes + (_candidate?.Bytes ?? 0);

    public void Load(ReadOnlySpan<float> state, float* hidden, float* cell)
    {
        state[..Units].CopyTo(new Span<float>(hidden, Units));
        new Span<float>(hidden + Units, _paddedUnits - Units).Clear();
        if (_kind == RecurrentKind.Lstm) state[Units..].CopyTo(new Span<float>(cell, Units));
    }

    public void Save(float* hidden, float* cell, Span<float> state)
    {
        new ReadOnlySpan<float>(hidden, Units).CopyTo(state);
        if (_kind == RecurrentKind.Lstm) new ReadOnlySpan<float>(cell, Units).CopyTo(state[Units..]);
    }

    public void CopyHidden(float* hidden, float* to) => new ReadOnlySpan<float>(hidden, _paddedUnits).CopyTo(new Span<float>(to, _paddedUnits));

    /// <summary>gates = biases + W·x.</summary>
    public void MultiplyInputs(float* x, nint xStride, int rows, float* gates, nint gateStride) => _input.Multiply(x, xStride, rows, _bias, 0, gates, gateStride);

    /// <summary>From the gates' input part to the new h and c, for rows of streams. <paramref name="scratch"/> is as large as the gates.</summary>
    public void Advance(int rows, float* gates, nint gateStride, float* scratch, float* hidden, float* cell, nint stride)
    {
        int n = Units;
        switch (_kind)
        {
            case RecurrentKind.Lstm:
                _hidden.Multiply(hidden, stride, rows, gates, gateStride, gates, gateStride);
                break;
            case RecurrentKind.GruResetAfter:
                for (int r = 0; r < rows; r++)
                {
                    new ReadOnlySpan<float>(gates + r * gateStride, 2 * n).CopyTo(new Span<float>(scratch + r * gateStride, 2 * n));
                    new ReadOnlySpan<float>(_candidateBias, n).CopyTo(new Span<float>(scratch + r * gateStride + 2 * n, n));
                }
                _hidden.Multiply(hidden, stride, rows, scratch, gateStride, scratch, gateStride);
                break;
            default:
                // The padding of 2n outputs reaches into the third gate's sums, which are still needed: they are left where they are.
                _hidden.Multiply(hidden, stride, rows, gates, gateStride, scratch, gateStride);
                break;
        }
        for (int r = 0; r < rows; r++)
        {
            if (_width == KernelWidth.Simd512) Gate<FloatLanes16, Vector512<float>>(gates + r * gateStride, scratch + r * gateStride, hidden + r * stride, cell + r * stride);
            else if (_width == KernelWidth.Simd256) Gate<FloatLanes8, Vector256<float>>(gates + r * gateStride, scratch + r * gateStride, hidden + r * stride, cell + r * stride);
            else Gate<FloatLane, float>(gates + r * gateStride, scratch + r * gateStride, hidden + r * stride, cell + r * stride);
            // Lanes past the last unit hold what happened to stand behind a gate; the next product must find zeros.
            new Span<float>(hidden + r * stride + n, _paddedUnits - n).Clear();
        }
    }

    private void Gate<L, V>(float* gates, float* scratch, float* hidden, float* cell) where V : struct where L : struct, IFloatLanes<V>
    {
        int n = Units;
        if (_kind == RecurrentKind.Lstm) ActivationLanes<L, V>.Lstm(gates, n, hidden, cell);
        else if (_kind == RecurrentKind.GruResetAfter) ActivationLanes<L, V>.GruResetAfter(scratch, gates + 2 * n, scratch + 2 * n, n, hidden);
        else
        {
            float* reset = stackalloc float[_paddedUnits];
            float* candidate = stackalloc float[_paddedUnits];
            ActivationLanes<L, V>.GruReset(scratch, n, hidden, reset);
            new Span<float>(reset + n, _paddedUnits - n).Clear();
            _candidate!.Multiply(reset, 0, 1, gates + 2 * n, 0, candidate, 0);
            ActivationLanes<L, V>.GruResetBefore(scratch, candidate, n, hidden);
        }
    }
}
