using System.Buffers.Binary;
using Appliance.Contract;
using Appliance.Ingest.Pcap;

namespace Appliance.Ingest.Itch;

/// <summary>
/// A raw ITCH file: each message after its 2-byte big-endian length, plain or gzip, without packets. Messages of one timestamp are one transaction (the venue stamps
/// all that one order causes alike), so the decide mark stands on the last of them; such a group is also what <see cref="Poll"/> and the statistics count as a packet.
/// Sequenced time is the feed's midnight (<see cref="FeedOptions.MidnightUtcNs"/>; 1970 when not given) plus the message's own time.
/// </summary>
public sealed class ItchFileSource<TSink, TClock> : ITickSource
    where TSink : struct, IEventSink
    where TClock : struct, IMonotonicClock
{
    /// <summary>A longer group is taken in pieces; only the last piece is marked.</summary>
    private const int MaxMessagesPerGroup = 64;

    private readonly StreamWindow _window;
    private readonly FeedContinuity _continuity;
    private readonly ItchNormaliser _normaliser;
    private readonly SourceStatistics _statistics;
    private readonly TClock _clock;
    private readonly ushort _source;
    private readonly long _midnightUtcNs;
    private TSink _sink;
    private BatchState _batchState;
    private CaptureClock _time;
    private bool _hasBegun;

    public ItchFileSource(CaptureOptions options, SymbolMap symbols, TSink sink, TClock clock)
        : this(options, StreamWindow.OpenFile(options.Path), symbols, sink, clock)
    {
    }

    public ItchFileSource(CaptureOptions options, StreamWindow window, SymbolMap symbols, TSink sink, TClock clock)
    {
        if (options.Speed > 0 && typeof(TClock) == typeof(NoClock))
            throw new ArgumentException("a paced capture needs a clock", nameof(clock));
        _window = window;
        _statistics = new SourceStatistics { Kind = "itch-file" };
        _continuity = new FeedContinuity(symbols, options.Feed, _statistics);
        _normaliser = new ItchNormaliser(_continuity);
        _sink = sink;
        _clock = clock;
        _source = options.Source;
        _midnightUtcNs = Math.Max(0, options.Feed.MidnightUtcNs);
        _time = new CaptureClock(options.Speed, options.TimerPeriodMs);
        MaxEventsPerPacket = ItchNormaliser.MaxEvents(MaxMessagesPerGroup * (ItchMessage.MaxLength + 2)) + _continuity.MaxEvents + symbols.Count + 1;
    }

    public bool Ended { get; private set; }
    public SourceStatistics Statistics => _statistics;
    public int MaxEventsPerPacket { get; }

    public int Poll(int maxPackets)
    {
        int taken = 0;
        while (taken < maxPackets)
        {
            if (!HasMessage(out int length))
            {
                End();
                return taken;
            }
            long utcNs = TimeOf(_window.Span.Slice(2, length));
            long nowNs = _clock.NowNs();
            _time.Start(utcNs, nowNs);
            _time.SkipSilence(utcNs);
            bool isTimer = _time.TimerPrecedes(utcNs);
            if (!_time.IsDue(isTimer ? _time.NextTimerUtcNs : utcNs, nowNs) || _sink.RemainingCapacity < (isTimer ? 1 : MaxEventsPerPacket))
                return taken;
            if (isTimer)
                _time.PublishTimer(ref _sink, _source, nowNs);
            else
                TakeGroup(utcNs, nowNs);
            taken++;
        }
        return taken;
    }

    private void TakeGroup(long utcNs, long nowNs)
    {
        if (utcNs < _time.NowUtcNs)
            _statistics.BackwardTimes++;
        long sequencedNs = Math.Max(utcNs, _time.NowUtcNs);
        _time.Take(sequencedNs);
        var batch = new TickBatch<TSink, TClock>(ref _sink, ref _batchState, _clock, _statistics, _source, nowNs, sequencedNs);
        bool transactionEnds = true;
        for (int i = 0; HasMessage(out int length); i++)
        {
            ReadOnlySpan<byte> message = _window.Span.Slice(2, length);
            if (i > 0 && TimeOf(message) != utcNs)
                break;
            if (i == MaxMessagesPerGroup)
            {
                transactionEnds = false;
                break;
            }
            BeginOnce(message, ref batch);
            _normaliser.Apply(message, ref batch);
            _statistics.Bytes += 2 + length;
            _window.Advance(2 + length);
        }
        _statistics.Packets++;
        if (transactionEnds)
            batch.Mark();
        else
            batch.Flush();
    }

    // A file is the whole day when its first message says that messages start.
    private void BeginOnce(ReadOnlySpan<byte> message, ref TickBatch<TSink, TClock> batch)
    {
        if (_hasBegun)
            return;
        _hasBegun = true;
        bool isStartOfMessages = message.Length >= SystemEvent.Length && message[0] == SystemEvent.Type && new SystemEvent(message).EventCode == 'O';
        _continuity.Begin(isStartOfMessages, ref batch);
    }

    private bool HasMessage(out int length)
    {
        length = 0;
        if (!_window.Ensure(2))
            return false;
        length = BinaryPrimitives.ReadUInt16BigEndian(_window.Span);
        return _window.Ensure(2 + length);
    }

    private long TimeOf(ReadOnlySpan<byte> message) =>
        message.Length >= ItchMessage.HeaderLength ? _midnightUtcNs + (long)ItchMessage.Timestamp(message) : _time.NowUtcNs;

    private void End()
    {
        Ended = true;
        _statistics.TornTail = _window.Available > 0 || _window.WasCut;
    }

    public void Dispose() => _window.Dispose();
}
