using Appliance.Contract;
using System.Runtime.InteropServices;

namespace Appliance.Ingest.Journal;

/// <summary>The real file: plain system calls from a caller's buffer, so that appending allocates nothing and a partial write is seen as what it is.</summary>
public sealed unsafe partial class PosixJournalFile : IJournalFile
{
    private const int OpenWriteOnly = 1, OpenCreate = 0x40, OpenTruncate = 0x200, OpenCloseOnExec = 0x80000;
    private const int FallocateKeepSize = 1;
    private const int ErrnoInterrupted = 4, ErrnoInvalid = 22, ErrnoNotSupported = 95;

    private int _descriptor;

    private PosixJournalFile(int descriptor, string name)
    {
        _descriptor = descriptor;
        Name = name;
    }

    public string Name { get; }
    /// <summary>For who must know the file beyond this class, as a test that fills it.</summary>
    public int Descriptor => _descriptor;

    /// <summary>Creates or replaces the file.</summary>
    /// <returns>Null with <paramref name="error"/> in words when the file cannot be made.</returns>
    public static PosixJournalFile? TryCreate(string path, out string? error)
    {
        int descriptor = Native.Open(path, OpenWriteOnly | OpenCreate | OpenTruncate | OpenCloseOnExec, 0b110_100_100);
        if (descriptor < 0)
        {
            error = $"{path}: cannot be created: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}";
            return null;
        }
        error = null;
        return new PosixJournalFile(descriptor, path);
    }

    public int Append(ReadOnlySpan<byte> bytes, out int errno)
    {
        int done = 0;
        errno = 0;
        fixed (byte* start = bytes)
        {
            while (done < bytes.Length)
            {
                nint written = Native.Write(_descriptor, start + done, bytes.Length - done);
                if (written > 0)
                {
                    done += (int)written;
                    continue;
                }
                errno = written == 0 ? ErrnoInvalid : Marshal.GetLastPInvokeError();
                if (errno != ErrnoInterrupted) return done;
                errno = 0;
            }
        }
        return done;
    }

    public int Sync() => Native.Fdatasync(_descriptor) == 0 ? 0 : Marshal.GetLastPInvokeError();

    public int Reserve(long offset, long bytes)
    {
        if (Native.Fallocate(_descriptor, FallocateKeepSize, offset, bytes) == 0) return 0;
        int errno = Marshal.GetLastPInvokeError();
        // A file system that cannot reserve is no reason to stop: the write itself will say when the disk is full.
        return errno == ErrnoNotSupported ? 0 : errno;
    }

    public int Truncate(long length) => Native.Ftruncate(_descriptor, length) == 0 ? 0 : Marshal.GetLastPInvokeError();

    public void Dispose()
    {
        int descriptor = Interlocked.Exchange(ref _descriptor, -1);
        if (descriptor >= 0) _ = Native.Close(descriptor);
    }

    private static partial class Native
    {
        [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        internal static partial int Open(string path, int flags, int mode);
        [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
        internal static partial nint Write(int descriptor, byte* bytes, nint count);
        [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
        internal static partial int Fdatasync(int descriptor);
        [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
        internal static partial int Fallocate(int descriptor, int mode, long offset, long bytes);
        [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
        internal static partial int Ftruncate(int descriptor, long length);
        [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
        internal static partial int Close(int descriptor);
    }
}
