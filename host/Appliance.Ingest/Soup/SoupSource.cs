using System.Runtime.CompilerServices;
using Appliance.Contract;
using Appliance.Ingest.Itch;

namespace Appliance.Ingest.Soup;

/// <summary>
/// ITCH 5.0 over SoupBinTCP: a TCP client that logs on, stays alive and reconnects at the next message, with its reading on the thread pool. The polling thread takes
/// finished messages out of a buffer and never waits. Soup knows no packets of several messages, so each message is marked as a transaction of its own.
/// The source has ended when the server says end of session, or refuses the log-on (<see cref="SourceStatistics.FirstError"/> then says why).
/// </summary>
public sealed class SoupSource<TSink, TClock, TUtc> : ITickSource
    where TSink : struct, IEventSink
    where TClock : struct, IMonotonicClock
    where TUtc : struct, IUtcClock
{
    private readonly SoupConnection<TClock> _connection;
    private readonly ByteHandover _handover;
    private readonly FeedContinuity _continuity;
    private readonly ItchNormaliser _normaliser;
    private readonly SourceStatistics _statistics;
    private readonly TClock _clock;
    private readonly ushort _source;
    private readonly byte[] _session = new byte[SoupPacket.SessionLength];
    private TSink _sink;
    private BatchState _batchState;
    private readonly SequencedClock _time;
    private SequenceTracker _sequence;
    private ulong _nextSequence;
    private bool _hasSession;

    /// <param name="time">The run's sequenced time; null starts one of its own.</param>
    public SoupSource(SoupOptions options, SymbolMap symbols, TSink sink, TClock clock, TUtc utc, SequencedClock? time = null)
    {
        _statistics = new SourceStatistics { Kind = "soupbintcp" };
        _continuity = new FeedContinuity(symbols, options.Feed, _statistics);
        _normaliser = new ItchNormaliser(_continuity);
        _sink = sink;
        _clock = clock;
        _time = time ?? SequencedClock.Start(clock, utc);
        _source = options.Source;
        MaxEventsPerPacket = _continuity.MaxEvents + symbols.Count + 4;
        _handover = new ByteHandover(options.HandoverBytes);
        _connection = new SoupConnection<TClock>(options, _handover, clock);
        _connection.Start();
    }

    public bool Ended { get; private set; }
    public SourceStatistics Statistics => _statistics;
    public int MaxEventsPerPacket { get; }

    /// <summary>Logged on, as far as the polling thread has read.</summary>
    public bool IsUp { get; private set; }

    /// <summary>Connections lost so far.</summary>
    public long Disconnects { get; private set; }

    public int Poll(int maxPackets)
    {
        int taken = 0;
        while (taken < maxPackets && _sink.RemainingCapacity >= MaxEventsPerPacket
            && _handover.TryPeek(out int kind, out long receivedNs, out ReadOnlySpan<byte> payload))
        {
            long utcNs = _time.At(_clock.NowNs());
            var batch = new TickBatch<TSink, TClock>(ref _sink, ref _batchState, _clock, _statistics, _source, receivedNs, utcNs);
            if (kind == (int)SoupRecord.Message)
                OnMessage(payload, ref batch);
            else
                OnSession((SoupRecord)kind, payload, ref batch);
            batch.Mark();
            _handover.Release(payload.Length);
            taken++;
        }
        return taken;
    }

    private void OnMessage(ReadOnlySpan<byte> message, ref TickBatch<TSink, TClock> batch)
    {
        _statistics.Packets++;
        _statistics.Bytes += message.Length;
        // After a reconnect the server may go back further than asked.
        SequenceVerdict verdict = _sequence.Observe(_nextSequence++, 1, startsAgain: false);
        if (verdict == SequenceVerdict.Duplicate)
            _statistics.Duplicates++;
        else
            _normaliser.Apply(message, ref batch);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void OnSession(SoupRecord kind, ReadOnlySpan<byte> payload, ref TickBatch<TSink, TClock> batch)
    {
        switch (kind)
        {
            case SoupRecord.LoggedIn:
                OnLoggedIn(payload, ref batch);
                break;
            case SoupRecord.Disconnected:
                IsUp = false;
                Disconnects++;
                break;
            case SoupRecord.EndOfSession:
                IsUp = false;
                Ended = true;
                break;
            case SoupRecord.Rejected:
                Ended = true;
                _continuity.Error("the SoupBinTCP server rejected the log-on, reason", payload.IsEmpty ? 0 : payload[0]);
                break;
            default:
                _continuity.Error("a malformed SoupBinTCP packet", 0);
                break;
        }
    }

    private void OnLoggedIn(ReadOnlySpan<byte> payload, ref TickBatch<TSink, TClock> batch)
    {
        IsUp = true;
        ReadOnlySpan<byte> session = payload[..SoupPacket.SessionLength];
        SoupPacket.TryReadNumber(payload.Slice(SoupPacket.SessionLength, SoupPacket.SequenceLength), out ulong sequence);
        bool startsAgain = _hasSession && !session.SequenceEqual(_session);
        session.CopyTo(_session);
        _hasSession = true;
        _nextSequence = sequence;
        switch (_sequence.Observe(sequence, 0, startsAgain))
        {
            case SequenceVerdict.First:
                _continuity.Begin(sequence == 1, ref batch);
                break;
            case SequenceVerdict.Gap:
                _continuity.Gap(_sequence.FirstMissing, _sequence.Missing, ref batch);
                break;
            case SequenceVerdict.Reset:
                _normaliser.ForgetLocates();
                _continuity.Reset(sequence, ref batch);
                break;
        }
    }

    public void Dispose() => _connection.Dispose();
}
