using System.Globalization;
using Appliance.Host.Native;

namespace Appliance.Host.Latency;

/// <summary>The kernel's account of one thread (the scheduler's <c>schedstat</c>): nanoseconds that it ran, and that it was ready to run while another had its core.</summary>
internal readonly record struct ThreadTimes(long RanNs, long WaitedNs)
{
    /// <summary>Of a thread that is stopped: a running one's account is up to a tick old.</summary>
    public static ThreadTimes OfStopped(int process, int thread) => Parse(File.ReadAllText($"/proc/{process}/task/{thread}/schedstat"));

    public static ThreadTimes OfThisThread() => Parse(File.ReadAllText("/proc/thread-self/schedstat")) with { RanNs = Linux.ThisThreadRanNs() };

    public static ThreadTimes operator -(ThreadTimes a, ThreadTimes b) => new(a.RanNs - b.RanNs, a.WaitedNs - b.WaitedNs);

    internal static ThreadTimes Parse(string schedstat)
    {
        string[] words = schedstat.Split(' ', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return new ThreadTimes(long.Parse(words[0], CultureInfo.InvariantCulture), long.Parse(words[1], CultureInfo.InvariantCulture));
    }
}

/// <summary>
/// Where the time of a slice went on a core whose thread never sleeps. What it neither ran nor waited for, the hypervisor took: the kernel keeps stolen time out of a thread's account where the
/// hypervisor says how much it took (CONFIG_PARAVIRT_TIME_ACCOUNTING); elsewhere it cannot be told from running, and none is seen.
/// </summary>
internal readonly record struct CoreTime(long WallNs, long WaitedNs, long StolenNs)
{
    public static CoreTime Of(long wallNs, ThreadTimes passed) => new(wallNs, passed.WaitedNs, Math.Max(0, wallNs - passed.RanNs - passed.WaitedNs));

    public static CoreTime operator +(CoreTime a, CoreTime b) => new(a.WallNs + b.WallNs, a.WaitedNs + b.WaitedNs, a.StolenNs + b.StolenNs);

    public double WaitedShare => WallNs > 0 ? (double)WaitedNs / WallNs : 0;
    public double StolenShare => WallNs > 0 ? (double)StolenNs / WallNs : 0;
}
