using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Appliance.Contract;

/// <summary>CLOCK_MONOTONIC through the runtime; on Linux its unit is the nanosecond.</summary>
public readonly struct HostMonotonicClock : IMonotonicClock
{
    static HostMonotonicClock()
    {
        if (Stopwatch.Frequency != 1_000_000_000)
            throw new PlatformNotSupportedException("The monotonic clock does not count nanoseconds here; this program is for Linux.");
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long NowNs() => Stopwatch.GetTimestamp();
}

/// <summary>Wall clock through the runtime, 100 ns steps.</summary>
public readonly struct HostUtcClock : IUtcClock
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long NowUtcNs() => (DateTime.UtcNow.Ticks - DateTime.UnixEpoch.Ticks) * 100;
}

/// <summary>Always zero: a replay takes no stamps.</summary>
public readonly struct NoClock : IMonotonicClock, IUtcClock
{
    public long NowNs() => 0;
    public long NowUtcNs() => 0;
}
