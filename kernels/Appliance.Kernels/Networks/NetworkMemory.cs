using System.Runtime.InteropServices;

namespace Appliance.Kernels.Networks;

/// <summary>
/// The memory of one network: weights and scratch space one behind another, zeroed, touched, aligned to 64 bytes, never moved. A network that outgrows the first-level cache asks for pages of
/// 2 MiB: the weights of a decision then lie next to one another in physical memory, too, so that they share a cache without two of them wanting the same place, and the
/// processor's prefetcher does not stop at every 4 KiB. Where the system has no such pages it is ordinary memory. It lives as long as the network that made it:
/// methods that work on it end with <see cref="GC.KeepAlive"/> of themselves.
/// </summary>
internal sealed unsafe class NetworkMemory
{
    /// <summary>Chunks of memory are multiples of one of these; weights of less than <see cref="HugeFromBytes"/> take the small ones.</summary>
    private const nint HugeBytes = 2 << 20, SmallBytes = 16 << 10, HugeFromBytes = 64 << 10;
    /// <summary>MADV_HUGEPAGE of Linux.</summary>
    private const int AdviceHuge = 14;

    private readonly List<nint> _chunks = [];
    private readonly nint _chunkBytes;
    private byte* _next;
    private nint _left;

    /// <param name="weights">How many weights will stand here, by which the page is chosen.</param>
    public NetworkMemory(long weights, WeightFormat format) => _chunkBytes = weights * PackedMatrix.BytesOf(format) >= HugeFromBytes ? HugeBytes : SmallBytes;

    ~NetworkMemory()
    {
        foreach (nint chunk in _chunks) NativeMemory.AlignedFree((void*)chunk);
    }

    /// <summary>Zeroed, touched memory at a multiple of 64.</summary>
    public void* Take(nint bytes)
    {
        nint wanted = (bytes + 63) & ~63;
        if (wanted > _left) AddChunk(wanted);
        void* taken = _next;
        _next += wanted;
        _left -= wanted;
        return taken;
    }

    public float* TakeFloats(nint count) => (float*)Take(count * sizeof(float));

    private void AddChunk(nint atLeast)
    {
        nint bytes = (atLeast + _chunkBytes - 1) / _chunkBytes * _chunkBytes;
        byte* chunk = (byte*)NativeMemory.AlignedAlloc((nuint)bytes, (nuint)(_chunkBytes == HugeBytes ? HugeBytes : 4096));
        _chunks.Add((nint)chunk);
        // Advice only: where it is refused the memory is as good, with small pages.
        if (_chunkBytes == HugeBytes && OperatingSystem.IsLinux()) _ = madvise(chunk, (nuint)bytes, AdviceHuge);
        NativeMemory.Clear(chunk, (nuint)bytes);
        _next = chunk;
        _left = bytes;
    }

    [DllImport("libc")] private static extern int madvise(void* address, nuint length, int advice);
}
