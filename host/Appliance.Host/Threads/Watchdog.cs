namespace Appliance.Host.Threads;

/// <summary>
/// Whether a hot thread stands still. Pure: the supervisor brings clock and heartbeats. It counts only the time that it could itself observe: a turn that came late, because the
/// process or the machine stood still, adds no more than two periods, for then nobody could beat.
/// </summary>
internal sealed class Watchdog(int threads, long boundNs, long periodNs, long startNs)
{
    private readonly long[] _beats = new long[threads];
    private readonly long[] _stillNs = new long[threads];
    private long _lastLookNs = startNs;

    /// <summary>Call once a turn with <see cref="Observe"/> for each thread after it.</summary>
    /// <returns>The time that counts since the turn before.</returns>
    public long Turn(long nowNs)
    {
        long passedNs = Math.Clamp(nowNs - _lastLookNs, 0, 2 * periodNs);
        _lastLookNs = nowNs;
        return passedNs;
    }

    /// <returns>True when this thread's heartbeat has stood still for longer than the bound.</returns>
    public bool Observe(int thread, long beat, long passedNs)
    {
        if (beat != _beats[thread])
        {
            _beats[thread] = beat;
            _stillNs[thread] = 0;
            return false;
        }
        _stillNs[thread] += passedNs;
        return _stillNs[thread] > boundNs;
    }
}
