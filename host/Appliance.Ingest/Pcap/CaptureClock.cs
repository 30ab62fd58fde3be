using Appliance.Contract;

namespace Appliance.Ingest.Pcap;

/// <summary>
/// Sequenced time of a source that is played from a file: never backwards; a timer before the packet that crosses each boundary; and, when
/// the capture is paced, whether something of that time is due yet.
/// </summary>
public struct CaptureClock
{
    /// <summary>Of a longer silence only this much gets timers: a recorder that was off for a night must not flood the ring.</summary>
    private const long SilenceNsMax = 3_600_000_000_000;

    private readonly double _speed;
    private readonly long _timerPeriodNs;
    private readonly int _timerPeriodMs;
    private long _firstUtcNs;
    private long _startedNs;
    private long _nextTimerUtcNs;
    private bool _started;

    public CaptureClock(double speed, int timerPeriodMs)
    {
        if (!double.IsFinite(speed) || speed < 0)
            throw new ArgumentOutOfRangeException(nameof(speed), speed, "the speed of a capture is 0 (as fast as possible) or above");
        ArgumentOutOfRangeException.ThrowIfNegative(timerPeriodMs);
        _speed = speed;
        _timerPeriodMs = timerPeriodMs;
        _timerPeriodNs = timerPeriodMs * 1_000_000L;
    }

    /// <summary>Time of the newest packet or timer.</summary>
    public long NowUtcNs { get; private set; }

    /// <summary>Takes the next packet's time; what lies before an earlier packet is lifted to that one's time and counted.</summary>
    public long Clamp(long packetUtcNs, SourceStatistics statistics)
    {
        if (!_started)
            return packetUtcNs;
        if (packetUtcNs >= NowUtcNs)
            return packetUtcNs;
        statistics.BackwardTimes++;
        return NowUtcNs;
    }

    /// <summary>Begins with the first packet: timers fall on whole multiples of the period.</summary>
    public void Start(long firstUtcNs, long nowNs)
    {
        if (_started)
            return;
        _started = true;
        NowUtcNs = _firstUtcNs = firstUtcNs;
        _startedNs = nowNs;
        if (_timerPeriodNs > 0)
            _nextTimerUtcNs = (firstUtcNs / _timerPeriodNs + 1) * _timerPeriodNs;
    }

    /// <summary>Whether a timer must go out before anything of this time.</summary>
    public readonly bool TimerPrecedes(long packetUtcNs) => _timerPeriodNs > 0 && _nextTimerUtcNs <= packetUtcNs;

    public readonly long NextTimerUtcNs => _nextTimerUtcNs;

    public readonly bool IsDue(long utcNs, long nowNs) => _speed <= 0 || (nowNs - _startedNs) * _speed >= utcNs - _firstUtcNs;

    /// <summary>Lets the timers of a very long silence go, all but its last hour's.</summary>
    public void SkipSilence(long packetUtcNs)
    {
        if (_timerPeriodNs > 0 && packetUtcNs - _nextTimerUtcNs > SilenceNsMax)
            _nextTimerUtcNs = (packetUtcNs - SilenceNsMax) / _timerPeriodNs * _timerPeriodNs;
    }

    public void PublishTimer<TSink>(ref TSink sink, ushort source, long nowNs) where TSink : struct, IEventSink
    {
        ref RingEvent e = ref sink.Claim();
        RingEvent.Begin(ref e, EventKind.Timer, RingEvent.AllInstruments, source, nowNs, _nextTimerUtcNs);
        RingEvent.AsControl(ref e).Code = _timerPeriodMs;
        sink.Publish();
        NowUtcNs = _nextTimerUtcNs;
        _nextTimerUtcNs += _timerPeriodNs;
    }

    public void Take(long packetUtcNs) => NowUtcNs = packetUtcNs;
}
