using System.Runtime.InteropServices;

namespace Appliance.Tests.Ingest;

/// <summary>
/// Bytes that end at an unmapped page: a read of one byte beyond them stops the process, so no fuzzing run can pass over it silently.
/// </summary>
internal sealed unsafe class GuardedBytes : IDisposable
{
    private const int PageBytes = 4_096;
    private const int ProtNone = 0, ProtReadWrite = 3, MapPrivateAnonymous = 0x22;
    private readonly byte* _memory;
    private readonly int _pages;

    public GuardedBytes(int capacity)
    {
        _pages = (capacity + PageBytes - 1) / PageBytes;
        _memory = (byte*)Map(null, (nuint)((_pages + 1) * PageBytes), ProtReadWrite, MapPrivateAnonymous, -1, 0);
        if ((nint)_memory == -1 || Protect(_memory + _pages * PageBytes, PageBytes, ProtNone) != 0)
            throw new InvalidOperationException("the guarded pages could not be mapped");
    }

    public ReadOnlySpan<byte> Place(ReadOnlySpan<byte> bytes)
    {
        var to = new Span<byte>(_memory + _pages * PageBytes - bytes.Length, bytes.Length);
        bytes.CopyTo(to);
        return to;
    }

    public void Dispose() => Unmap(_memory, (nuint)((_pages + 1) * PageBytes));

    [DllImport("libc", EntryPoint = "mmap")]
    private static extern void* Map(void* address, nuint length, int protection, int flags, int file, nint offset);
    [DllImport("libc", EntryPoint = "mprotect")]
    private static extern int Protect(void* address, nuint length, int protection);
    [DllImport("libc", EntryPoint = "munmap")]
    private static extern int Unmap(void* address, nuint length);
}
