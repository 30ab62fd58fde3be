using System.Runtime.CompilerServices;
using Appliance.Contract;

namespace Appliance.Ingest;

/// <summary>
/// Tells when the wall clock moves against the monotonic one by more than a threshold between two looks: that is a step. Slewing by a time daemon moves far less and passes.
/// Sequenced time does not follow the wall clock (<see cref="SequencedClock"/>), so a step is told only for the record.
/// </summary>
public struct WallClockWatch<TClock, TUtc>
    where TClock : struct, IMonotonicClock
    where TUtc : struct, IUtcClock
{
    /// <summary>A daemon slews at most 500 parts in a million: 1 ms takes it two seconds. Over a longer silence the threshold grows with it.</summary>
    private const long StepNs = 1_000_000;

    private readonly TClock _clock;
    private readonly TUtc _utc;
    private long _offsetNs;
    private long _checkedNs;
    private bool _started;

    public WallClockWatch(TClock clock, TUtc utc)
    {
        _clock = clock;
        _utc = utc;
    }

    /// <summary>How far the wall clock stepped since the last look; 0 when it did not.</summary>
    /// <param name="nowNs">The monotonic clock as the caller has just read it.</param>
    public long Look(long nowNs)
    {
        long drift = _utc.NowUtcNs() - nowNs - _offsetNs;
        if (!_started || drift is > StepNs or < -StepNs)
            return LookAgain();
        _offsetNs += drift;
        _checkedNs = nowNs;
        return 0;
    }

    // The thread may have been put aside between the two readings, which looks the same; so they are read again, close together.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private long LookAgain()
    {
        long beforeNs = _clock.NowNs();
        for (int attempt = 0; attempt < 8; attempt++)
        {
            long utcNs = _utc.NowUtcNs();
            long afterNs = _clock.NowNs();
            if (afterNs - beforeNs < StepNs / 10)
                return Settle(utcNs, beforeNs);
            beforeNs = afterNs;
        }
        // No two readings lay close enough together to tell; the next look will.
        return 0;
    }

    private long Settle(long utcNs, long nowNs)
    {
        long drift = utcNs - nowNs - _offsetNs;
        // A long silence may have been slewed through: 500 parts in a million of it is no step.
        long slewNs = StepNs + (nowNs - _checkedNs) / 2_000;
        long stepNs = _started && (drift > slewNs || drift < -slewNs) ? drift : 0;
        _checkedNs = nowNs;
        _offsetNs += drift;
        _started = true;
        return stepNs;
    }
}
