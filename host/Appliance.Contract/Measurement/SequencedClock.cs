using System.Runtime.CompilerServices;

namespace Appliance.Contract;

/// <summary>
/// Sequenced time of a live run: the wall clock at its start plus the monotonic time that has passed since. Made once for a run and shared by all that stamp events live, so
/// that their times agree and never decrease: a step of the wall clock moves no timer, no bound and no age that decisions look at. Such a step is an event
/// (<see cref="EventKind.ClockStepped"/>) and changes what the wire says, nothing else. Immutable, so any thread may ask.
/// </summary>
public sealed class SequencedClock(long monotonicNs, long utcNs)
{
    private readonly long _offsetNs = utcNs - monotonicNs;

    /// <summary>Reads both clocks now. The narrowest of a few readings counts, for the thread may be put aside between the two.</summary>
    public static SequencedClock Start<TClock, TUtc>(TClock clock, TUtc utc) where TClock : struct, IMonotonicClock where TUtc : struct, IUtcClock
    {
        long narrowestNs = long.MaxValue, atNs = 0, wallNs = 0;
        for (int attempt = 0; attempt < 8; attempt++)
        {
            long beforeNs = clock.NowNs();
            long utcNs = utc.NowUtcNs();
            long widthNs = clock.NowNs() - beforeNs;
            if (widthNs >= narrowestNs) continue;
            (narrowestNs, atNs, wallNs) = (widthNs, beforeNs, utcNs);
        }
        return new SequencedClock(atNs, wallNs);
    }

    /// <summary>The sequenced time of something that happened at this monotonic time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long At(long monotonicNs) => monotonicNs + _offsetNs;
}
