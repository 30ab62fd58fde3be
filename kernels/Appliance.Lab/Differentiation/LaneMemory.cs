using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Appliance.Lab.Differentiation;

/// <summary>Single-precision numbers on a cache line's border, zero at first. Training's tapes are made of it: no collection moves or scans them.</summary>
public sealed unsafe class LaneMemory : IDisposable
{
    private const nuint LineBytes = 64;
    private float* _at;

    public LaneMemory(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Length = length;
        nuint bytes = ((nuint)Math.Max(length, 1) * sizeof(float) + LineBytes - 1) / LineBytes * LineBytes;
        _at = (float*)NativeMemory.AlignedAlloc(bytes, LineBytes);
        NativeMemory.Clear(_at, bytes);
        GC.AddMemoryPressure((long)bytes);
    }

    ~LaneMemory() => Free();

    public long Length { get; }

    public float* At
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _at;
    }

    public Span<float> Span(long from, int count)
    {
        if (from < 0 || count < 0 || from + count > Length) throw new ArgumentOutOfRangeException(nameof(count), $"[{from}, {from + count}) lies outside [0, {Length}).");
        return new Span<float>(_at + from, count);
    }

    public void Clear() => NativeMemory.Clear(_at, (nuint)Length * sizeof(float));

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (_at is null) return;
        NativeMemory.AlignedFree(_at);
        _at = null;
        GC.RemoveMemoryPressure(((Math.Max(Length, 1) * sizeof(float) + 63) / 64) * 64);
    }
}
