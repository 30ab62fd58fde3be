using System.Runtime.InteropServices;

namespace Appliance.Fix;

/// <summary>The file and memory calls of Linux that make a segment: the thread that makes them allocates nothing, since it may run beside a hot one.</summary>
internal static unsafe class FileCalls
{
    private const int ReadWriteCreate = 0x2 | 0x40 | 0x80000, ErrorNotSupported = 95, ProtectReadWrite = 3, MapShared = 1, AdviceHuge = 14, AdviceNeeded = 3, AdviceNotNeeded = 4, AdvicePopulateWrite = 23,
        Synchronous = 4;

    /// <summary>Opens the file, makes it that long with blocks of its own (a full disk is an error here and not a signal later), maps it and touches every page.</summary>
    /// <returns>Null and an errno when it failed.</returns>
    public static byte* Map(ReadOnlySpan<byte> path, int bytes, bool huge, out int errno)
    {
        int fd;
        fixed (byte* name = path) fd = open(name, ReadWriteCreate, 0x180 /* rw------- */);
        errno = Marshal.GetLastPInvokeError();
        if (fd < 0)
            return null;
        byte* at = null;
        if (Reserve(fd, bytes, out errno))
        {
            at = mmap(null, (nuint)bytes, ProtectReadWrite, MapShared, fd, 0);
            errno = Marshal.GetLastPInvokeError();
            if (at == (byte*)-1) at = null;
        }
        _ = close(fd);
        if (at is null)
            return null;
        if (huge) _ = madvise(at, (nuint)bytes, AdviceHuge);
        if (!Populate(at, bytes))
        {
            // An older kernel: nobody else looks at the segment yet, so each page can be written with what it holds.
            for (long page = 0; page < bytes; page += 4096) Volatile.Write(ref at[page], Volatile.Read(ref at[page]));
        }
        return at;
    }

    private static bool Reserve(int fd, int bytes, out int errno)
    {
        errno = 0;
        if (fallocate(fd, 0, 0, bytes) == 0)
            return true;
        errno = Marshal.GetLastPInvokeError();
        if (errno != ErrorNotSupported)
            return false;
        long length = lseek(fd, 0, 2);
        byte* zeros = stackalloc byte[4096];
        new Span<byte>(zeros, 4096).Clear();
        for (; length < bytes; length += 4096 - length % 4096)
        {
            nint written = pwrite(fd, zeros, (nuint)(4096 - length % 4096), length);
            errno = Marshal.GetLastPInvokeError();
            if (written <= 0)
                return false;
        }
        return true;
    }

    /// <summary>Makes every page present and writable, contents unchanged (Linux 5.14); false where the kernel cannot.</summary>
    public static bool Populate(byte* at, int bytes) => madvise(at, (nuint)bytes, AdvicePopulateWrite) == 0;

    /// <summary>Begins to read pages that are not in memory.</summary>
    public static void WillNeed(byte* at, int bytes) => _ = madvise(at, (nuint)bytes, AdviceNeeded);

    /// <summary>Takes whole pages of a shared file out of this process's memory; the file keeps them. Locked pages stay.</summary>
    public static void LetGo(byte* at, int bytes) => _ = madvise(at, (nuint)bytes, AdviceNotNeeded);

    /// <summary>Waits until the pages are on the disk.</summary>
    public static bool Flush(byte* from, byte* to)
    {
        byte* page = (byte*)((nuint)from & ~(nuint)4095);
        return msync(page, (nuint)(to - page), Synchronous) == 0;
    }

    public static void Unmap(byte* at, int bytes) => _ = munmap(at, (nuint)bytes);

    /// <summary>
    /// A file's first bytes, whoever holds it: the runtime's own files respect the lock that keeps a second owner out, and a reader needs none.
    /// </summary>
    public static byte[] Read(string path, long bytes = long.MaxValue)
    {
        int fd;
        fixed (byte* name = System.Text.Encoding.UTF8.GetBytes(path + "\0")) fd = open(name, 0x80000 /* O_RDONLY | O_CLOEXEC */, 0);
        if (fd < 0) throw new IOException($"{path}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
        try
        {
            byte[] content = new byte[Math.Min(bytes, lseek(fd, 0, 2))];
            int have = 0;
            fixed (byte* to = content)
            {
                while (have < content.Length && pread(fd, to + have, (nuint)(content.Length - have), have) is var got and > 0) have += (int)got;
            }
            return content[..have];
        }
        finally
        {
            _ = close(fd);
        }
    }

    [DllImport("libc", SetLastError = true)] private static extern int open(byte* path, int flags, int mode);
    [DllImport("libc", SetLastError = true)] private static extern int fallocate(int fd, int mode, long offset, long length);
    [DllImport("libc", SetLastError = true)] private static extern nint pwrite(int fd, byte* from, nuint bytes, long offset);
    [DllImport("libc", SetLastError = true)] private static extern nint pread(int fd, byte* to, nuint bytes, long offset);
    [DllImport("libc", SetLastError = true)] private static extern long lseek(int fd, long offset, int whence);
    [DllImport("libc", SetLastError = true)] private static extern byte* mmap(byte* address, nuint length, int protection, int flags, int fd, long offset);
    [DllImport("libc")] private static extern int munmap(byte* address, nuint length);
    [DllImport("libc")] private static extern int madvise(byte* address, nuint length, int advice);
    [DllImport("libc", SetLastError = true)] private static extern int msync(byte* address, nuint length, int flags);
    [DllImport("libc")] private static extern int close(int fd);
}
