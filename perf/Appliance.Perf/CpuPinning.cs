using System.Runtime.InteropServices;

namespace Appliance.Perf;

/// <summary>Puts the calling thread on one core. Benchmarks of threads against each other mean nothing while the scheduler moves them.</summary>
public static partial class CpuPinning
{
    private const int MaskWords = 16;

    /// <param name="cpu">The core's number; below zero: leave the thread where it is.</param>
    public static unsafe void PinThisThread(int cpu)
    {
        if (cpu < 0) return;
        ulong* mask = stackalloc ulong[MaskWords];
        new Span<ulong>(mask, MaskWords).Clear();
        mask[cpu / 64] = 1UL << (cpu % 64);
        if (sched_setaffinity(0, MaskWords * sizeof(ulong), mask) != 0)
            throw new ArgumentException($"this thread cannot be put on core {cpu}");
    }

    [DllImport("libc", SetLastError = true)]
    private static extern unsafe int sched_setaffinity(int thread, nuint bytes, ulong* mask);
}
