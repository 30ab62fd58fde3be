using System.Runtime.InteropServices;

namespace Appliance.Contract;

/// <summary>What the kernel counted for the calling thread: getrusage(RUSAGE_THREAD).</summary>
public readonly record struct ThreadUsage(long MinorFaults, long MajorFaults, long VoluntarySwitches, long InvoluntarySwitches)
{
    public long PageFaults => MinorFaults + MajorFaults;

    public static ThreadUsage operator -(ThreadUsage a, ThreadUsage b) => new(
        a.MinorFaults - b.MinorFaults, a.MajorFaults - b.MajorFaults, a.VoluntarySwitches - b.VoluntarySwitches, a.InvoluntarySwitches - b.InvoluntarySwitches);

    /// <summary>Reads the counters; allocates nothing.</summary>
    public static ThreadUsage OfThisThread()
    {
        const int RusageThread = 1;
        if (getrusage(RusageThread, out Rusage usage) != 0)
            throw new InvalidOperationException($"getrusage(RUSAGE_THREAD) failed with errno {Marshal.GetLastPInvokeError()}");
        return new(usage.MinorFaults, usage.MajorFaults, usage.VoluntarySwitches, usage.InvoluntarySwitches);
    }

    /// <summary>struct rusage of the Linux kernel on 64-bit machines.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Rusage
    {
        public long UserSeconds, UserMicros, SystemSeconds, SystemMicros;
        public long MaxResident, SharedText, UnsharedData, UnsharedStack;
        public long MinorFaults, MajorFaults, Swaps, BlocksIn, BlocksOut, MessagesSent, MessagesReceived, Signals;
        public long VoluntarySwitches, InvoluntarySwitches;
    }

    [DllImport("libc", SetLastError = true)]
    private static extern int getrusage(int who, out Rusage usage);
}
