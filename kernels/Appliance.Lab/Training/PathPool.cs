using Appliance.Lab.Differentiation;

namespace Appliance.Lab.Training;

/// <summary>Blocks of paths in memory, [blocks, rows, paths]: an epoch's worth, single precision.</summary>
public sealed unsafe class PathPool : IDisposable
{
    private readonly LaneMemory _memory;

    public PathPool(int blocks, int rows, int paths)
    {
        (Blocks, Rows, PathsPerBlock) = (blocks, rows, paths);
        _memory = new LaneMemory((long)blocks * rows * paths);
    }

    public int Blocks { get; }
    public int Rows { get; }
    public int PathsPerBlock { get; }

    public static long Bytes(int blocks, int rows, int paths) => sizeof(float) * (long)blocks * rows * paths;

    public float* Block(int index) => _memory.At + (long)index * Rows * PathsPerBlock;
    /// <summary>[blocks, rows, paths], as a device takes it.</summary>
    public ReadOnlySpan<float> All => _memory.Span(0, checked((int)_memory.Length));
    public Span<float> Row(int block, int row) => new(Block(block) + (long)row * PathsPerBlock, PathsPerBlock);

    public void Dispose() => _memory.Dispose();
}
