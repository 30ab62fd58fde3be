using System.Runtime.Intrinsics;

namespace Appliance.Kernels.Networks;

/// <summary>
/// A weight matrix laid out once for the registers and pre-faulted: y = start + W·x for one row of inputs or many.
/// <para>Order of each sum, whatever the register width and the number of rows: outputs are taken in blocks of 64, what is left in one of 32 and one of 16. In a block of 64 the inputs (padded with
/// zero weights) are split into 2 chains of equal length, of 32 into 4, of 16 into 8; each chain adds its products in rising order by fused multiply-adds from zero; chains are
/// folded pairwise as ((0+1)+(2+3))+((4+5)+(6+7)); the start is added last. So the bits do not depend on machine or batch.</para>
/// <para>A product with an input of zero changes no sum, as weights are finite and no start is −0; so one row of inputs of which many are zero (<see cref="MultiplyRectified"/>) skips the weights of those,
/// and the bits stay.</para>
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
    private readonly float* _scale, _sums, _present;
    private readonly int* _presentAt;
    private readonly int _chainSteps;
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
        _sums = memory.TakeFloats(64 * TileRows);
        _chainSteps = PaddedOutputs >= 64 ? (inputs + 1) / 2 : 0;
        // One more in each chain, for what is written before it is known to be wanted.
        _present = memory.TakeFloats(2 * (_chainSteps + 1));
        _presentAt = (int*)memory.Take(2 * (_chainSteps + 1) * sizeof(int));
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
    /// <param name="isBackward">Takes the blocks of outputs from the last to the first.</param>
    public void Multiply(float* x, nint xStride, int rows, float* start, nint startStride, float* y, nint yStride, bool isBackward = false)
    {
        if (_width == KernelWidth.Simd512) Multiply<FloatLanes16, Vector512<float>>(x, xStride, rows, start, startStride, y, yStride, isBackward);
        else if (_width == KernelWidth.Simd256) Multiply<FloatLanes8, Vector256<float>>(x, xStride, rows, start, startStride, y, yStride, isBackward);
        else Multiply<FloatLane, float>(x, xStride, rows, start, startStride, y, yStride, isBackward);
    }

    /// <summary>One row of inputs that a ReLU gave: the weights of those that are zero are not even read. Else as <see cref="Multiply"/>, with the same bits.</summary>
    public void MultiplyRectified(float* x, float* start, float* y)
    {
        int steps = _chainSteps > 0 ? Present(x) : 0;
        // Lists cost an eighth more a step, and reading on is what the prefetcher does best.
        if (steps * 8 >= _chainSteps * 7) Multiply(x, 0, 1, start, 0, y, 0);
        else if (_width == KernelWidth.Simd512) MultiplyPresent<FloatLanes16, Vector512<float>>(x, steps, start, y);
        else if (_width == KernelWidth.Simd256) MultiplyPresent<FloatLanes8, Vector256<float>>(x, steps, start, y);
        else MultiplyPresent<FloatLane, float>(x, steps, start, y);
    }

    private void MultiplyPresent<L, V>(float* x, int steps, float* start, float* y) where V : struct where L : struct, IFloatLanes<V>
    {
        if (Format == WeightFormat.Fp32) MultiplyPresent<L, V, Fp32Weights<L, V>>(x, steps, start, y);
        else if (Format == WeightFormat.Bf16) MultiplyPresent<L, V, Bf16Weights<L, V>>(x, steps, start, y);
        else MultiplyPresent<L, V, Int8Weights<L, V>>(x, steps, start, y);
    }

    private void MultiplyPresent<L, V, W>(float* x, int steps, float* start, float* y) where V : struct where L : struct, IFloatLanes<V> where W : struct, IWeights<L, V>
    {
        foreach (ref readonly Block block in _blocks.AsSpan())
        {
            if (block.Width == 64) MatrixKernels<L, V, W>.RowPresent64(_weights + block.Offset, _chainSteps, steps, _presentAt, _present, start + block.Column, y + block.Column, _scale + block.Column);
            else Row<L, V, W>(in block, x, start, y);
        }
    }

    /// <summary>Lists the inputs that are not zero, chain by chain; the shorter list is filled up with zeros. Their common length.</summary>
    private int Present(float* x)
    {
        int first = List(x, _presentAt, _present), second = List(x + _chainSteps, _presentAt + _chainSteps + 1, _present + _chainSteps + 1), steps = Math.Max(first, second);
        for (; first < steps; first++) (_presentAt[first], _present[first]) = (0, 0);
        for (second += _chainSteps + 1; second < steps + _chainSteps + 1; second++) (_presentAt[second], _present[second]) = (0, 0);
        return steps;
    }

    /// <summary>Without a branch on what is found, which could not be predicted.</summary>
    private int List(float* x, int* at, float* values)
    {
        int count = 0;
        for (int i = 0; i < _chainSteps; i++)
        {
            float value = x[i];
            at[count] = i;
            values[count] = value;
            count += value != 0 ? 1 : 0;
        }
        return count;
    }

    private void Multiply<L, V>(float* x, nint xStride, int rows, float* start, nint startStride, float* y, nint yStride, bool isBackward) where V : struct where L : struct, IFloatLanes<V>
    {
        if (Format == WeightFormat.Fp32) Multiply<L, V, Fp32Weights<L, V>>(x, xStride, rows, start, startStride, y, yStride, isBackward);
        else if (Format == WeightFormat.Bf16) Multiply<L, V, Bf16Weights<L, V>>(x, xStride, rows, start, startStride, y, yStride, isBackward);
        else Multiply<L, V, Int8Weights<L, V>>(x, xStride, rows, start, startStride, y, yStride, isBackward);
    }

    private void Multiply<L, V, W>(float* x, nint xStride, int rows, float* start, nint startStride, float* y, nint yStride, bool isBackward)
        where V : struct where L : struct, IFloatLanes<V> where W : struct, IWeights<L, V>
    {
        for (int b = 0; b < _blocks.Length; b++)
        {
            ref readonly Block block = ref _blocks[isBackward ? _blocks.Length - 1 - b : b];
            if (block.Width == 64 && rows > 1)
                Tiles<L, V, W>(_weights + block.Offset, block.Steps, x, xStride, rows, start + block.Column, startStride, y + block.Column, yStride, _scale + block.Column);
            else
                for (int r = 0; r < rows; r++) Row<L, V, W>(in block, x + r * xStride, start + r * startStride, y + r * yStride);
        }
    }

    private void Row<L, V, W>(in Block block, float* x, float* start, float* y) where V : struct where L : struct, IFloatLanes<V> where W : struct, IWeights<L, V>
    {
        byte* weights = _weights + block.Offset;
        int column = block.Column;
        if (block.Width == 64) MatrixKernels<L, V, W>.Row64(weights, block.Steps, x, start + column, y + column, _scale + column);
        else if (block.Width == 32) MatrixKernels<L, V, W>.Row32(weights, block.Steps, x, start + column, y + column, _scale + column);
        else MatrixKernels<L, V, W>.Row16(weights, block.Steps, x, start + column, y + column, _scale + column);
    }

    /// <summary>
    /// A block of 64 for many rows, a tile of six (at 256 bits two) at a time: the sums of a chain stay in registers from its first step to its last, and each register of weights that is brought
    /// meets all rows of the tile. Weights stream from the second-level cache, a third of what that gives.
    /// </summary>
    private void Tiles<L, V, W>(byte* weights, int steps, float* x, nint xStride, int rows, float* start, nint startStride, float* y, nint yStride, float* scale)
        where V : struct where L : struct, IFloatLanes<V> where W : struct, IWeights<L, V>
    {
        for (int r = 0; r < rows;)
        {
            float* from = x + r * xStride;
            int left = rows - r, tile = L.Width != 16 ? Math.Min(2, left) : left >= 6 ? 6 : left >= 4 ? 4 : Math.Min(2, left);
            if (tile == 1)
            {
                MatrixKernels<L, V, W>.Row64(weights, steps, from, start + r * startStride, y + r * yStride, scale);
                return;
            }
            TileEnd end = new(start + r * startStride, startStride, y + r * yStride, yStride, scale), wait = default;
            byte* second = W.At(weights, 2 * steps);
            if (tile == 6)
            {
                MatrixKernels<L, V, W>.Tile6(weights, steps, from, xStride, _sums, in wait);
                MatrixKernels<L, V, W>.Tile6(second, steps, from + steps, xStride, _sums, in end);
            }
            else if (tile == 4)
            {
                MatrixKernels<L, V, W>.Tile4(weights, steps, from, xStride, _sums, in wait);
                MatrixKernels<L, V, W>.Tile4(second, steps, from + steps, xStride, _sums, in end);
            }
            else
            {
                MatrixKernels<L, V, W>.Tile2(weights, steps, from, xStride, _sums, in wait);
                MatrixKernels<L, V, W>.Tile2(second, steps, from + steps, xStride, _sums, in end);
            }
            r += tile;
        }
    }

    private void Pack(ReadOnlySpan<float> weight)
    {
        foreach (float w in weight)
            if (!float.IsFinite(w)) throw new ArgumentException($"A weight of a layer with {Inputs} inputs and {Outputs} outputs is {w}.");
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
        // What would round to infinity stays the largest number: weights are finite.
        return (ushort)Math.Min((bits + 0x7fff + ((bits >> 16) & 1)) >> 16, (bits >> 31 << 15) + 0x7f7f);
    }

    public static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;

    /// <summary>Floats from one row to the next: an odd count of cache lines, so that rows one behind another do not meet in few sets of a cache.</summary>
    public static int RowStride(int width) => (RoundUp(width, OutputPadding) / OutputPadding | 1) * OutputPadding;

    public static int BytesOf(WeightFormat format) => format switch { WeightFormat.Fp32 => 4, WeightFormat.Bf16 => 2, _ => 1 };
}
