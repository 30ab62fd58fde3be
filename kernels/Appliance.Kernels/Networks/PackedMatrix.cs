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

    /// <summary>Rows that one pass over a block of 64 takes at most: six of four registers each, with the weights and an input, are 29 of 32 registers.</summary>
    private const int TileRows = 6;

    private readonly struct Block(int column, int width, int steps, long offset)
    {
        public readonly int Column = column, Width = width, Steps = steps;
        public readonly long Offset = offset;
    }

    private readonly Block[] _blocks;
    private readonly byte* _weights;
    private readonly float* _scale, _sums;
    private readonly KernelWidth _width;

    /// <param name="weight">[outputs, inputs], row by row.</param>
    /// <param name="memory">Where the weights are put; who owns it keeps it alive.</param>
    public PackedMatrix(int inputs, int outputs, ReadOnlySpan<float> weight, WeightFormat format, KernelWidth width, NetworkMemory memory)
    {
        (Inputs, Outputs, Format) = (inputs, outputs, format);
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
        _weights = (byte*)memory.Take((nint)Bytes);
        _scale = memory.TakeFloats(PaddedOutputs);
        _sums = memory.TakeFloats(2 * 64 * TileRows);
        Pack(weight);
    }

    public int Inputs { get; }
    public int Outputs { get; }
    public int PaddedInputs { get; }
    public int PaddedOutputs { get; }
    public WeightFormat Format { get; }
    /// <summary>Of the weights, as a decision reads them.</summary>
    public long Bytes { get; }

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

    /// <summary>
    /// A block of 64 for many rows, a tile of six (at 256 bits two) at a time: the sums of a chain stay in registers from its first step to its last, and each register of weights that is brought
    /// meets all rows of the tile. Weights stream from the second-level cache, a third of what that gives.
    /// </summary>
    private void Tiles<L, V, W>(byte* weights, int steps, float* x, nint xStride, int rows, float* start, nint startStride, float* y, nint yStride, float* scale)
        where V : struct where L : struct, IFloatLanes<V> where W : struct, IWeights<L, V>
    {
        float* second = _sums + 64 * TileRows;
        for (int r = 0; r < rows;)
        {
            float* from = x + r * xStride;
            int left = rows - r, tile = L.Width != 16 ? Math.Min(2, left) : left >= 6 ? 6 : left >= 4 ? 4 : Math.Min(2, left);
            if (tile == 1)
            {
                MatrixKernels<L, V, W>.Row64(weights, steps, from, start + r * startStride, y + r * yStride, scale);
                return;
            }
            for (int chain = 0; chain < 2; chain++)
            {
                float* sums = chain == 0 ? _sums : second, chainX = from + chain * steps;
                if (tile == 6) MatrixKernels<L, V, W>.Tile6(weights, 2 * chain * steps, steps, chainX, xStride, sums);
                else if (tile == 4) MatrixKernels<L, V, W>.Tile4(weights, 2 * chain * steps, steps, chainX, xStride, sums);
                else MatrixKernels<L, V, W>.Tile2(weights, 2 * chain * steps, steps, chainX, xStride, sums);
            }
            for (int t = 0; t < tile; t++, r++) MatrixKernels<L, V, W>.Join(_sums + 64 * t, second + 64 * t, start + r * startStride, y + r * yStride, scale);
        }
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
            int groups = block.Width / 16;
            for (int step = 0; step < block.Steps; step++)
            {
                for (int k = 0; k < 128; k++)
                {
                    int chain = k / 16 / groups, input = chain * block.Steps + step, output = block.Column + k / 16 % groups * 16 + k % 16;
                    if (input >= Inputs || output >= Outputs) continue;
                    // Blocks of 64 hold one chain behind the other, in steps of four groups; narrower ones both halves of a step together.
                    long at = groups == 4 ? 64L * input + k % 64 : 128L * step + k;
                    Put(_weights + block.Offset, at, weight[output * Inputs + input], _scale[output]);
                }
            }
        }
    }

    private void Put(byte* block, long at, float value, float scale)
    {
        switch (Format)
        {
            case WeightFormat.Fp32:
                ((float*)block)[at] = value;
                break;
            case WeightFormat.Bf16:
                // Column k % 16 of an even group in the lower half of its word, of the odd group after it in the upper.
                ((ushort*)block)[at / 32 * 32 + at % 16 * 2 + at / 16 % 2] = RoundToBf16(value);
                break;
            default:
                ((sbyte*)block)[at] = scale > 0 ? (sbyte)Math.Clamp(MathF.Round(value / scale), -127, 127) : (sbyte)0;
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

    /// <summary>Floats from one row to the next: an odd count of cache lines, so that rows one behind another do not meet in few sets of a cache.</summary>
    public static int RowStride(int width) => (RoundUp(width, OutputPadding) / OutputPadding | 1) * OutputPadding;

    public static int BytesOf(WeightFormat format) => format switch { WeightFormat.Fp32 => 4, WeightFormat.Bf16 => 2, _ => 1 };
}
