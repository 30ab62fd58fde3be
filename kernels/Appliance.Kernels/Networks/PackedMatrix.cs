using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Appliance.Kernels.Networks;

/// <summary>
/// A weight matrix laid out once for the registers and pre-faulted: y = start + W·x for one row of inputs or many.
/// <para>Order of each sum, whatever the register width and the number of rows: outputs are taken in blocks of 64, what is left in one of 32 and one of 16. In a block of 64 the inputs (padded with
/// zero weights) are split into 2 chains of equal length, of 32 into 4, of 16 into 8; each chain adds its products in rising order by fused multiply-adds from zero; chains are
/// folded pairwise as ((0+1)+(2+3))+((4+5)+(6+7)); the start is added last. So the bits do not depend on machine or batch.</para>
/// </summary>
internal sealed unsafe class PackedMatrix
{
    /// <summary>Inputs are read up to a multiple of this, the rest by zero weights; callers keep finite numbers there.</summary>
    public const int InputPadding = 8;
    /// <summary>Outputs are written up to a multiple of this; the rest are the starts found there.</summary>
    public const int OutputPadding = 16;

    /// <summary>
    /// Steps of a chain that are taken for all rows before the next, so that their weights stay in 32 KiB of cache beside inputs and sums. A step takes 256 of every 512 bytes, so a chain meets only half of the
    /// cache's sets: 16 KiB.
    /// </summary>
    private const int PanelSteps = 48;

    private readonly struct Block(int column, int width, int steps, long offset)
    {
        public readonly int Column = column, Width = width, Steps = steps;
        public readonly long Offset = offset;
    }

    private readonly Block[] _blocks;
    private readonly byte* _weights;
    private readonly float* _scale, _sums;
    private readonly object[] _pinned;
    private readonly KernelWidth _width;
    private readonly int _rowsMax;

    /// <param name="weight">[outputs, inputs], row by row.</param>
    /// <param name="rowsMax">The most rows that one call brings.</param>
    public PackedMatrix(int inputs, int outputs, ReadOnlySpan<float> weight, WeightFormat format, int rowsMax, KernelWidth width)
    {
        (Inputs, Outputs, Format, _rowsMax) = (inputs, outputs, format, rowsMax);
        _width = width;
        PaddedInputs = RoundUp(inputs, InputPadding);
        PaddedOutputs = RoundUp(outputs, OutputPadding);
        var blocks = new List<Block>();
        long steps = 0;
        for (int column = 0; column < PaddedOutputs;)
        {
            int rest = PaddedOutputs - column, wide = rest >= 64 ? 64 : rest >= 32 ? 32 : 16, chains = 128 / wide, length = (inputs + chains - 1) / chains;
            blocks.Add(new Block(column, wide, length, steps * 128 * BytesOf(format)));
            steps += length;
            column += wide;
        }
        _blocks = [.. blocks];
        Bytes = steps * 128 * BytesOf(format);
        var memory = new List<object>();
        _weights = (byte*)Aligned((nint)Bytes, memory);
        _scale = (float*)Aligned(PaddedOutputs * sizeof(float), memory);
        _sums = (float*)Aligned(2 * 64 * sizeof(float) * RoundUp(rowsMax, 4), memory);
        _pinned = [.. memory];
        Pack(weight);
    }

    public int Inputs { get; }
    public int Outputs { get; }
    public int PaddedInputs { get; }
    public int PaddedOutputs { get; }
    public WeightFormat Format { get; }
    /// <summary>Of the weights, as a decision reads them.</summary>
    public long Bytes { get; }

    /// <summary>A zeroed, aligned, touched array that the collector never moves; <paramref name="keep"/> keeps it alive.</summary>
    public static void* Aligned(nint bytes, List<object> keep)
    {
        byte[] array = GC.AllocateArray<byte>(checked((int)bytes + 64 + 64), pinned: true);
        keep.Add(array);
        array.AsSpan().Clear();
        nint address = (nint)Unsafe.AsPointer(ref array[0]);
        return (void*)((address + 63) & ~63);
    }

    /// <param name="x">[rows, PaddedInputs] with this stride; finite beyond the inputs.</param>
    /// <param name="start">[rows, PaddedOutputs] with this stride (0: one row for all).</param>
    /// <param name="y">[rows, PaddedOutputs] with this stride; may be <paramref name="start"/>.</param>
    public void Multiply(float* x, nint xStride, int rows, float* start, nint startStride, float* y, nint yStride)
    {
        if (_width == KernelWidth.Simd512) Multiply<FloatLanes16, Vector512<float>>(x, xStride, rows, start, startStride, y, yStride);
        else if (_width == KernelWidth.Simd256) Multiply<FloatLanes8, Vector256<float>>(x, xStride, rows, start, startStride, y, yStride);
        else Multiply<FloatLane, float>(x, xStride, rows, start, startStride, y, yStride);
    }

    private void Multiply<L, V>(float* x, nint xStride, int rows, float* start, nint startStride, float* y, nint yStride) where V : struct where L : struct, IFloatLanes<V>
    {
        if (Format == WeightFormat.Fp32) Multiply<L, V, Fp32Weights<L, V>>(x, xStride, rows, start, startStride, y, yStride);
        else if (Format == WeightFormat.Bf16) Multiply<L, V, Bf16Weights<L, V>>(x, xStride, rows, start, startStride, y, yStride);
        else Multiply<L, V, Int8Weights<L, V>>(x, xStride, rows, start, startStride, y, yStride);
    }

    private void Multiply<L, V, W>(float* x, nint xStride, int rows, float* start, nint startStride, float* y, nint yStride)
        where V : struct where L : struct, IFloatLanes<V> where W : struct, IWeights<L, V>
    {
        if (rows > _rowsMax) ThrowTooManyRows(rows);
        foreach (ref readonly Block block in _blocks.AsSpan())
        {
            byte* weights = _weights + block.Offset;
            float* scale = _scale + block.Column, from = start + block.Column, to = y + block.Column;
            if (block.Width == 64 && rows > 1)
            {
                Tiles<L, V, W>(weights, block.Steps, x, xStride, rows, from, startStride, to, yStride, scale);
                continue;
            }
            for (int r = 0; r < rows; r++)
            {
                float* row = x + r * xStride, rowStart = from + r * startStride, rowTo = to + r * yStride;
                if (block.Width == 64) MatrixKernels<L, V, W>.Row64(weights, block.Steps, row, rowStart, rowTo, scale);
                else if (block.Width == 32) MatrixKernels<L, V, W>.Row32(weights, block.Steps, row, rowStart, rowTo, scale);
                else MatrixKernels<L, V, W>.Row16(weights, block.Steps, row, rowStart, rowTo, scale);
            }
        }
    }

    /// <summary>Chain by chain and panel by panel over all rows, so that weights come from the nearest cache for all but the first rows. Sums wait in memory between panels, which loses no bit.</summary>
    private void Tiles<L, V, W>(byte* weights, int steps, float* x, nint xStride, int rows, float* start, nint startStride, float* y, nint yStride, float* scale)
        where V : struct where L : struct, IFloatLanes<V> where W : struct, IWeights<L, V>
    {
        int tiled = rows & ~1;
        float* second = _sums + 64 * (nint)_rowsMax;
        new Span<float>(_sums, 64 * tiled).Clear();
        new Span<float>(second, 64 * tiled).Clear();
        for (int chain = 0; chain < 2; chain++)
        {
            float* sums = chain == 0 ? _sums : second;
            for (int panel = 0; panel < steps; panel += PanelSteps)
            {
                int count = Math.Min(PanelSteps, steps - panel);
                float* from = x + chain * steps + panel;
                int r = 0;
                if (L.Width == 16)
                    for (; r + 4 <= tiled; r += 4) MatrixKernels<L, V, W>.Tile4(weights, 4 * panel + 2 * chain, count, from + r * xStride, xStride, sums + 64 * r);
                for (; r < tiled; r += 2) MatrixKernels<L, V, W>.Tile2(weights, 4 * panel + 2 * chain, count, from + r * xStride, xStride, sums + 64 * r);
            }
        }
        for (int r = 0; r < tiled; r++) MatrixKernels<L, V, W>.Join(_sums + 64 * r, second + 64 * r, start + r * startStride, y + r * yStride, scale);
        if (tiled < rows) MatrixKernels<L, V, W>.Row64(weights, steps, x + tiled * xStride, start + tiled * startStride, y + tiled * yStride, scale);
    }

    private void Pack(ReadOnlySpan<float> weight)
    {
        for (int o = 0; o < Outputs && Format == WeightFormat.Int8; o++)
        {
            float largest = 0;
            foreach (float w in weight.Slice(o * Inputs, Inputs)) largest = Math.Max(largest, Math.Abs(w));
            _scale[o] = largest / 127;
        }
        foreach (Block block in _blocks)
        {
            int chains = 128 / block.Width, groups = block.Width / 16;
            for (int step = 0; step < block.Steps; step++)
            {
                for (int k = 0; k < 128; k++)
                {
                    int chain = k / 16 / groups, input = chain * block.Steps + step, output = block.Column + k / 16 % groups * 16 + k % 16;
                    if (input < Inputs && output < Outputs) Put(_weights + block.Offset, step, k, weight[output * Inputs + input], _scale[output]);
                }
            }
        }
    }

    private void Put(byte* block, long step, int k, float value, float scale)
    {
        switch (Format)
        {
            case WeightFormat.Fp32:
                ((float*)block)[step * 128 + k] = value;
                break;
            case WeightFormat.Bf16:
                // Column k % 16 of an even group in the lower half of its word, of the odd group after it in the upper.
                ((ushort*)block)[step * 128 + k / 32 * 32 + k % 16 * 2 + k / 16 % 2] = RoundToBf16(value);
                break;
            default:
                ((sbyte*)block)[step * 128 + k] = scale > 0 ? (sbyte)Math.Clamp(MathF.Round(value / scale), -127, 127) : (sbyte)0;
                break;
        }
    }

    /// <summary>To the nearest, ties to even.</summary>
    private static ushort RoundToBf16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }

    public static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;

    private static int BytesOf(WeightFormat format) => format switch { WeightFormat.Fp32 => 4, WeightFormat.Bf16 => 2, _ => 1 };

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ThrowTooManyRows(int rows) => throw new ArgumentException($"{rows} rows at once; this network was made for {_rowsMax}.");
}
