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
    private readonly float* _bias, _candidateBias, _noStart;
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
        _noStart = memory.TakeFloats(_hidden.PaddedOutputs);
        // Both biases of a gate are one number, except where the reset gate multiplies the hidden one.
        int joined = _kind == RecurrentKind.GruResetAfter ? 2 * n : rows;
        for (int o = 0; o < rows; o++) _bias[o] = (o < joined ? layer.InputBias[o] + layer.HiddenBias[o] : layer.InputBias[o]) + 0f;
        if (_kind == RecurrentKind.GruResetAfter) layer.HiddenBias.AsSpan(2 * n).CopyTo(new Span<float>(_candidateBias, n));
    }

    public int Inputs { get; }
    public int Units { get; }
    public int StateLength { get; }
    /// <summary>Floats that <see cref="Prepare"/> writes for a stream.</summary>
    public int PreparedLength => _hidden.PaddedOutputs;
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

    /// <summary>
    /// The product of the hidden weights with h alone, which does not wait for the next input. Added to the gates' input part it has the bits of the product that begins there, because sums start at zero
    /// and no gate's start is −0.
    /// </summary>
    /// <param name="prepared">[rows, PreparedLength] with this stride.</param>
    public void Prepare(int rows, float* hidden, nint stride, float* prepared, nint preparedStride) => _hidden.Multiply(hidden, stride, rows, _noStart, 0, prepared, preparedStride);

    /// <summary>From the gates' input part to the new h and c, for rows of streams. <paramref name="scratch"/> is as large as the gates.</summary>
    /// <param name="prepared">What <see cref="Prepare"/> wrote for this h; null to compute it here.</param>
    /// <param name="isBackward">Reads the hidden weights from their end: every other step of a window, so that it begins with those that the step before left in the nearest cache.</param>
    public void Advance(int rows, float* gates, nint gateStride, float* scratch, float* hidden, float* cell, nint stride, float* prepared = null, nint preparedStride = 0, bool isBackward = false)
    {
        int n = Units;
        float* sums = _kind == RecurrentKind.Lstm ? gates : scratch;
        if (_kind == RecurrentKind.GruResetAfter)
        {
            for (int r = 0; r < rows; r++)
            {
                new ReadOnlySpan<float>(gates + r * gateStride, 2 * n).CopyTo(new Span<float>(scratch + r * gateStride, 2 * n));
                new ReadOnlySpan<float>(_candidateBias, n).CopyTo(new Span<float>(scratch + r * gateStride + 2 * n, n));
            }
        }
        // Where the reset gate stands before, the padding of 2n outputs reaches into the third gate's sums, which are still needed: they are left where they are.
        float* start = _kind == RecurrentKind.GruResetBefore ? gates : sums;
        if (prepared == null) _hidden.Multiply(hidden, stride, rows, start, gateStride, sums, gateStride, isBackward);
        else
            for (int r = 0; r < rows; r++) Add(start + r * gateStride, prepared + r * preparedStride, sums + r * gateStride);
        for (int r = 0; r < rows; r++)
        {
            if (_width == KernelWidth.Simd512) Gate<FloatLanes16, Vector512<float>>(gates + r * gateStride, scratch + r * gateStride, hidden + r * stride, cell + r * stride);
            else if (_width == KernelWidth.Simd256) Gate<FloatLanes8, Vector256<float>>(gates + r * gateStride, scratch + r * gateStride, hidden + r * stride, cell + r * stride);
            else Gate<FloatLane, float>(gates + r * gateStride, scratch + r * gateStride, hidden + r * stride, cell + r * stride);
            // Lanes past the last unit hold what happened to stand behind a gate; the next product must find zeros.
            new Span<float>(hidden + r * stride + n, _paddedUnits - n).Clear();
        }
    }

    private void Add(float* start, float* sums, float* to)
    {
        if (_width == KernelWidth.Simd512) ActivationLanes<FloatLanes16, Vector512<float>>.Add(start, sums, to, PreparedLength);
        else if (_width == KernelWidth.Simd256) ActivationLanes<FloatLanes8, Vector256<float>>.Add(start, sums, to, PreparedLength);
        else ActivationLanes<FloatLane, float>.Add(start, sums, to, PreparedLength);
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
