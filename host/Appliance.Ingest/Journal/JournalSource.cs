using Appliance.Contract;
using System.Runtime.CompilerServices;

namespace Appliance.Ingest.Journal;

/// <param name="Speed">0: as fast as the ring takes them; 1: at the recorded pace of sequenced time; 10: ten times that.</param>
/// <param name="KeepReceivedStamps">False: ReceivedNs is stamped anew, so that the replay's own latencies can be measured. Decisions read neither.</param>
/// <param name="SkipFooter">True: the recorded run's RunFooter is not published; it stays readable in <see cref="JournalReader.Footer"/>.</param>
public sealed record JournalSourceOptions(double Speed = 0, bool KeepReceivedStamps = false, bool SkipFooter = true);

/// <summary>
/// A journal as tick source: the recorded events into the ring again, in order, with their sequenced time. A record is a packet. Market data, execution reports,
/// timers, operator commands: all of it comes from the journal, so a replay polls nothing else.
/// </summary>
public sealed class JournalSource<TSink> : ITickSource where TSink : struct, IEventSink
{
    private readonly JournalReader _reader;
    private readonly JournalSourceOptions _options;
    private readonly HostMonotonicClock _clock = new();
    private TSink _sink;
    private RingEvent _pending;
    private bool _isPending;
    private long _firstTimeUtcNs;
    private long _startedNs = -1;

    public JournalSource(JournalReader reader, JournalSourceOptions options, TSink sink)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(options.Speed);
        _reader = reader;
        _options = options;
        _sink = sink;
    }

    public SourceStatistics Statistics { get; } = new() { Kind = "journal" };
    public int MaxEventsPerPacket => 1;
    public bool Ended { get; private set; }
    public JournalReader Reader => _reader;
    /// <summary>True when the journal is damaged in its middle: the replay is not the whole run, and its orders prove nothing.</summary>
    public bool Failed => Statistics.DecodeErrors != 0;

    public int Poll(int maxPackets)
    {
        int taken = 0;
        while (taken < maxPackets && _sink.RemainingCapacity > 0)
        {
            if (!_isPending && !ReadNext()) break;
            if (_options.Speed > 0 && !IsDue()) break;
            ref RingEvent slot = ref _sink.Claim();
            slot = _pending;
            if (!_options.KeepReceivedStamps) slot.ReceivedNs = _clock.NowNs();
            _sink.Publish();
            _isPending = false;
            taken++;
            Statistics.Packets++;
            Statistics.Messages++;
            if (_pending.Kind < EventKind.ExecutionReported) Statistics.Ticks++;
        }
        return taken;
    }

    public void Dispose() => _reader.Dispose();

    private bool ReadNext()
    {
        if (Ended) return false;
        JournalRead read = _reader.Read(ref _pending);
        if (read == JournalRead.Event && _pending.Kind == EventKind.RunFooter && _options.SkipFooter) read = _reader.Read(ref _pending);
        if (read != JournalRead.Event) return Stop(read);
        Statistics.Bytes += JournalFormat.RecordBytes;
        _isPending = true;
        return true;
    }

    private bool IsDue()
    {
        long now = _clock.NowNs();
        if (_startedNs < 0)
        {
            _startedNs = now;
            _firstTimeUtcNs = _pending.TimeUtcNs;
        }
        return (now - _startedNs) * _options.Speed >= _pending.TimeUtcNs - _firstTimeUtcNs;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool Stop(JournalRead read)
    {
        Ended = true;
        Statistics.TornTail = _reader.TornTailBytes > 0;
        if (read == JournalRead.Damaged)
        {
            Statistics.DecodeErrors++;
            Statistics.FirstError = _reader.Error;
        }
        else if (Statistics.TornTail)
        {
            Statistics.FirstError = $"torn tail: {_reader.TornTailBytes} bytes behind the last whole event (sequence {_reader.NextSequence - 1}) were dropped";
        }
        return false;
    }
}
