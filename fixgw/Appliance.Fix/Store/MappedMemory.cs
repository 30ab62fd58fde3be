using System.IO.MemoryMappedFiles;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Appliance.Fix;

/// <summary>
/// A file mapped whole and shared, or plain memory when there is no path. Every page is written once before use, so that a hot thread meets no first-touch fault,
/// and the file is filled with real zeros, so that a full disk is an exception at start and not a SIGBUS later.
/// What is written survives the process (the page cache keeps it), not the power. On a disk file system the kernel makes pages read-only again when it has
/// written them back, and the next store faults; put hot files on a memory file system such as /dev/shm.
/// </summary>
internal sealed unsafe class MappedMemory : IDisposable
{
    private readonly MemoryMappedFile? _file;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly void* _own;

    public byte* Base { get; }
    public long Length { get; }

    public MappedMemory(string? path, long length)
    {
        Length = length;
        if (path is null)
        {
            _own = NativeMemory.AllocZeroed((nuint)length);
            Base = (byte*)_own;
        }
        else
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            // One process owns a store; a second one would hand out the same sequence numbers.
            var stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
            try
            {
                if (stream.Length > length)
                    throw new InvalidDataException($"{path} has {stream.Length} bytes, more than the {length} that its options ask for; restore the option or move the file away");
                Extend(stream, length);
                _file = MemoryMappedFile.CreateFromFile(stream, null, length, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, false);
            }
            catch
            {
                stream.Dispose();
                throw;
            }
            _view = _file.CreateViewAccessor(0, length);
            byte* view = null;
            _view.SafeMemoryMappedViewHandle.AcquirePointer(ref view);
            Base = view + _view.PointerOffset;
        }
        for (long at = 0; at < length; at += 4096)
            Volatile.Write(ref Base[at], Volatile.Read(ref Base[at]));
    }

    private static void Extend(FileStream stream, long length)
    {
        stream.Position = stream.Length;
        byte[] zeros = new byte[1 << 16];
        while (stream.Position < length)
            stream.Write(zeros, 0, (int)Math.Min(zeros.Length, length - stream.Position));
        stream.Flush();
    }

    public void Dispose()
    {
        if (_own != null)
        {
            NativeMemory.Free(_own);
            return;
        }
        _view!.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file!.Dispose();
    }
}

/// <summary>CRC-32C (Castagnoli), eight bytes an instruction where the processor has it.</summary>
internal static class Crc32C
{
    public static uint Of(ReadOnlySpan<byte> bytes, uint seed = 0)
    {
        uint crc = ~seed;
        ref byte first = ref MemoryMarshal.GetReference(bytes);
        int at = 0;
        for (; at <= bytes.Length - 8; at += 8)
            crc = BitOperations.Crc32C(crc, Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref first, at)));
        for (; at < bytes.Length; at++)
            crc = BitOperations.Crc32C(crc, Unsafe.Add(ref first, at));
        return ~crc;
    }
}

/// <summary>A 48-bit number with a 16-bit check in one aligned word: one store writes it, so a killed process leaves the old or the new value, and damage shows.</summary>
internal static class SealedWord
{
    public static ulong Seal(ulong value) => value << 16 | Check(value);

    public static bool TryOpen(ulong word, out ulong value)
    {
        value = word >> 16;
        return (word & 0xFFFF) == Check(value);
    }

    private static ulong Check(ulong value) => BitOperations.Crc32C(0x5EA1, value) & 0xFFFF;
}
