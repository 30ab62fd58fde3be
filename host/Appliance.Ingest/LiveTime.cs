using System.Runtime.CompilerServices;
using Appliance.Contract;

namespace Appliance.Ingest;

/// <summary>
/// Sequenced time of a live source: the wall clock at receipt, never backwards. When the wall clock moves against the monotonic one by more than a
/// threshold between two receipts, that is a step and becomes an event; slewing by a time daemon moves far less and passes.
/// </summary>
public struct LiveTime<TClock, TUtc>
    where TClock : struct, IMonotonicClock
    where TUtc : struct, IUtcClock
{
    /// <summary>A daemon slews at most 500 parts in a million: 1 ms takes it two seconds. Over a longer silence the threshold grows with it.</summary>
    private const long StepNs = 1_000_000;

    private readonly TClock _clock;
    private readonly TUtc _utc;
    private long _offsetNs;
    private long _newestUtcNs;
    private long _checkedNs;
    private bool _started;

    public LiveTime(TClock clock, TUtc utc)
    {
        _clock = clock;
        _utc = utc;
    }

    public readonly long NowNs() => _clock.NowNs();

    /// <summary>The sequenced time of something received at <paramref name="nowNs"/>; <paramref name="stepNs"/> is not zero when the wall clock stepped.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long Observe(long nowNs, SourceStatistics statistics, out long stepNs)
    {
        long utcNs = _utc.NowUtcNs();
        long drift = utcNs - nowNs - _offsetNs;
        stepNs = 0;
        if (drift is > StepNs or < -StepNs)
            utcNs = ObserveDrift(utcNs, out stepNs);
        else
        {
            _offsetNs += drift;
            _checkedNs = nowNs;
        }
        if (utcNs >= _newestUtcNs)
            return _newestUtcNs = utcNs;
        statistics.BackwardTimes++;
        return _newestUtcNs;
    }

    // The thread may have been put aside between the two readings, which looks the same; so they are read again, close together.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private long ObserveDrift(long utcNs, out long stepNs)
    {
        long beforeNs = _clock.NowNs();
        for (int attempt = 0; attempt < 8; attempt++)
        {
            utcNs = _utc.NowUtcNs();
            long afterNs = _clock.NowNs();
            bool isClose = afterNs - beforeNs < StepNs / 10;
            beforeNs = afterNs;
            if (isClose)
                break;
        }
        long drift = utcNs - beforeNs - _offsetNs;
        // A long silence may have been slewed through: 500 parts in a million of it is no step.
        long slewNs = StepNs + (beforeNs - _checkedNs) / 2_000;
        stepNs = _started && (drift > slewNs || drift < -slewNs) ? drift : 0;
        _checkedNs = beforeNs;
        _offsetNs += drift;
        _started = true;
        return utcNs;
    }
}
