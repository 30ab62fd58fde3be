using System.Runtime.InteropServices;

namespace Appliance.Host.Native;

/// <summary>The kernel calls that the runtime does not offer: where a thread runs, what stays in memory, whether a file is there.</summary>
internal static unsafe class Linux
{
    private const int CurrentThread = 0;
    private const int SchedulingFifo = 1;
    private const int LockCurrentAndFuture = 1 | 2;

    /// <summary>Pins the calling thread. Returns errno, 0 for success.</summary>
    public static int PinThisThread(int core)
    {
        const int maskBytes = 128;
        byte* mask = stackalloc byte[maskBytes];
        new Span<byte>(mask, maskBytes).Clear();
        mask[core >> 3] = (byte)(1 << (core & 7));
        return sched_setaffinity(CurrentThread, maskBytes, mask) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    /// <summary>Keeps the calling thread, and those that it starts from now on, off these cores; does nothing when no other core would be left. Returns errno, 0 for success.</summary>
    public static int KeepThisThreadOff(IEnumerable<int> cores)
    {
        const int maskBytes = 128;
        byte* mask = stackalloc byte[maskBytes];
        new Span<byte>(mask, maskBytes).Clear();
        if (sched_getaffinity(CurrentThread, maskBytes, mask) < 0) return Marshal.GetLastPInvokeError();
        foreach (int core in cores) mask[core >> 3] &= (byte)~(1 << (core & 7));
        if (!new Span<byte>(mask, maskBytes).ContainsAnyExcept((byte)0)) return 0;
        return sched_setaffinity(CurrentThread, maskBytes, mask) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    /// <summary>The processors that the calling thread may run on, rising; empty when the kernel does not say.</summary>
    public static int[] AllowedCores()
    {
        const int maskBytes = 128;
        byte* mask = stackalloc byte[maskBytes];
        new Span<byte>(mask, maskBytes).Clear();
        if (sched_getaffinity(CurrentThread, maskBytes, mask) < 0) return [];
        var cores = new List<int>();
        for (int core = 0; core < maskBytes * 8; core++)
            if ((mask[core >> 3] >> (core & 7) & 1) != 0) cores.Add(core);
        return [.. cores];
    }

    /// <summary>Puts the calling thread into SCHED_FIFO. Returns errno.</summary>
    public static int MakeThisThreadFifo(int priority)
    {
        int parameter = priority;
        return sched_setscheduler(CurrentThread, SchedulingFifo, &parameter) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    /// <summary>Keeps every page in memory, now and later. Returns errno.</summary>
    public static int LockAllMemory() => mlockall(LockCurrentAndFuture) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>Lets pages go again: the runtime cannot flush a mapped file whose pages are locked.</summary>
    public static void UnlockAllMemory() => munlockall();

    /// <summary>Whether a path exists; the path is zero-terminated and prepared once, so that asking allocates nothing.</summary>
    public static bool Exists(byte[] zeroTerminatedPath)
    {
        fixed (byte* path = zeroTerminatedPath)
            return access(path, 0) == 0;
    }

    /// <summary>Whether the path is there and is neither a regular file nor a folder: a device, a pipe or a socket.</summary>
    public static bool IsSpecialFile(string path)
    {
        const int currentFolder = -100, modeOffset = 28, typeMask = 0xf000, regular = 0x8000, folder = 0x4000;
        const uint askForType = 1;
        byte* answer = stackalloc byte[256];
        if (statx(currentFolder, path, 0, askForType, answer) != 0) return false;
        int type = *(ushort*)(answer + modeOffset) & typeMask;
        return type is not (regular or folder);
    }

    /// <summary>Whether nobody reads what is printed any more (the runtime drops it without a word): a watcher then has nothing left to do.</summary>
    public static bool IsStandardOutputClosed()
    {
        const short error = 8; // POLLERR
        PollDescriptor output = new() { File = 1 };
        return poll(&output, 1, 0) > 0 && (output.Returned & error) != 0;
    }

    public static void SleepMicroseconds(int microseconds)
    {
        TimeSpec time = new() { Seconds = microseconds / 1_000_000, Nanoseconds = microseconds % 1_000_000 * 1000L };
        nanosleep(&time, null);
    }

    /// <summary>Nanoseconds that the calling thread has run, to this moment.</summary>
    public static long ThisThreadRanNs()
    {
        const int threadCpuClock = 3;
        TimeSpec time;
        return clock_gettime(threadCpuClock, &time) == 0 ? time.Seconds * 1_000_000_000 + time.Nanoseconds : 0;
    }

    /// <summary>A file that grows past the process's limit (ulimit -f) is then a failed write (EFBIG) instead of the end of the process.</summary>
    public static void IgnoreFileSizeSignal() => signal(FileSizeSignal, IgnoreSignal);

    private const int FileSizeSignal = 25; // SIGXFSZ
    private const nint IgnoreSignal = 1; // SIG_IGN

    public static string Message(int errno) => Marshal.GetPInvokeErrorMessage(errno);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor { public int File; public short Asked, Returned; }

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec { public long Seconds, Nanoseconds; }

    [DllImport("libc", SetLastError = true)] private static extern int sched_setaffinity(int pid, nint bytes, byte* mask);
    [DllImport("libc", SetLastError = true)] private static extern int sched_getaffinity(int pid, nint bytes, byte* mask);
    [DllImport("libc", SetLastError = true)] private static extern int sched_setscheduler(int pid, int policy, int* parameter);
    [DllImport("libc", SetLastError = true)] private static extern int mlockall(int flags);
    [DllImport("libc")] private static extern nint signal(int number, nint handler);
    [DllImport("libc")] private static extern int munlockall();
    [DllImport("libc")] private static extern int access(byte* path, int mode);
    [DllImport("libc")] private static extern int statx(int folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, byte* answer);
    [DllImport("libc")] private static extern int clock_gettime(int clock, TimeSpec* time);
    [DllImport("libc")] private static extern int nanosleep(TimeSpec* time, TimeSpec* left);
    [DllImport("libc")] private static extern int poll(PollDescriptor* files, nuint count, int milliseconds);
    [DllImport("libc", SetLastError = true)] public static extern int kill(int pid, int signal);
}
