using System.Buffers.Binary;
using Appliance.Contract;
using Appliance.Ingest.Itch;

namespace Appliance.Ingest.Mold;

/// <summary>ITCH 5.0 in MoldUDP64: a packet is a transaction, so the decide mark stands on its last event.</summary>
public readonly struct MoldItchDecoder : IDatagramDecoder
{
    private readonly MoldItchFeed _feed;

    public MoldItchDecoder(SymbolMap symbols, FeedOptions options, SourceStatistics? statistics = null) =>
        _feed = new MoldItchFeed(symbols, options, statistics ?? new SourceStatistics());

    public string Protocol => "moldudp64";
    public string Feed => "itch";
    public SourceStatistics Statistics => _feed.Statistics;

    /// <summary>The venue has said that the session is over.</summary>
    public bool SessionEnded => _feed.SessionEnded;

    /// <summary>The sequence number of the next message.</summary>
    public ulong ExpectedSequence => _feed.ExpectedSequence;

    public int MaxEvents(int datagramBytes) => _feed.MaxEvents(datagramBytes);

    public void Decode<TSink, TClock>(ReadOnlySpan<byte> datagram, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock => _feed.Decode(datagram, ref batch);
}

/// <summary>The state of one MoldUDP64 channel: its session, its sequence, and the normaliser behind it.</summary>
internal sealed class MoldItchFeed
{
    private readonly FeedContinuity _continuity;
    private readonly ItchNormaliser _normaliser;
    private SequenceTracker _sequence;
    private MoldSession _session;
    private bool _hasSession;
    private bool _hasBegun;

    public MoldItchFeed(SymbolMap symbols, FeedOptions options, SourceStatistics statistics)
    {
        Statistics = statistics;
        _continuity = new FeedContinuity(symbols, options, statistics);
        _normaliser = new ItchNormaliser(_continuity);
    }

    public SourceStatistics Statistics { get; }
    public bool SessionEnded { get; private set; }
    public ulong ExpectedSequence => _sequence.Expected;

    public int MaxEvents(int datagramBytes) => ItchNormaliser.MaxEvents(datagramBytes) + _continuity.MaxEvents + _continuity.Symbols.Count;

    public void Decode<TSink, TClock>(ReadOnlySpan<byte> datagram, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        if (!MoldHeader.TryRead(datagram, out MoldHeader header))
        {
            Statistics.ForeignPackets++;
            return;
        }
        int skip = 0;
        // The common packet continues the session in order; everything else is told apart out of line.
        if (_hasSession && header.Session == _session && header.Sequence == _sequence.Expected && header.Sequence != 0)
            _sequence.Observe(header.Sequence, header.MessageCount, startsAgain: false);
        else if (!TryEnterOutOfOrder(header, ref batch, out skip))
            return;

        if (header.IsEndOfSession)
            SessionEnded = true;
        int end = DecodeMessages(datagram, header.MessageCount, skip, ref batch);
        batch.Mark();
        if (end >= 0 && _continuity.Options.MidnightUtcNs >= 0 && header.MessageCount > 0)
            ObserveVenueTime(datagram, batch.TimeUtcNs);
    }

    private int DecodeMessages<TSink, TClock>(ReadOnlySpan<byte> datagram, int count, int skip, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        int at = MoldHeader.Length;
        for (int i = 0; i < count; i++)
        {
            if (datagram.Length - at < 2)
                return Truncated(count - i);
            int length = BinaryPrimitives.ReadUInt16BigEndian(datagram[at..]);
            if (datagram.Length - at - 2 < length)
                return Truncated(count - i);
            if (i >= skip)
                _normaliser.Apply(datagram.Slice(at + 2, length), ref batch);
            else
                Statistics.Duplicates++;
            at += 2 + length;
        }
        return at;
    }

    private int Truncated(int messagesLeft)
    {
        _continuity.Error("a MoldUDP64 packet that ends inside a message; messages lost", messagesLeft);
        return -1;
    }

    private bool TryEnterOutOfOrder<TSink, TClock>(in MoldHeader header, ref TickBatch<TSink, TClock> batch, out int skip)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        bool startsAgain = _hasSession && header.Session != _session
            || _sequence.IsBehind(header.Sequence) && header.Sequence != 0
               && _sequence.Expected - header.Sequence > _continuity.Options.DuplicateWindowMessages;
        SequenceVerdict verdict = _sequence.Observe(header.Sequence, header.MessageCount, startsAgain);
        skip = _sequence.Skip;
        _session = header.Session;
        _hasSession = true;
        switch (verdict)
        {
            case SequenceVerdict.First:
                BeginOnce(header.Sequence == 1, ref batch);
                return true;
            case SequenceVerdict.Unsequenced:
                BeginOnce(false, ref batch);
                return true;
            case SequenceVerdict.Gap:
                _continuity.Gap(_sequence.FirstMissing, _sequence.Missing, ref batch);
                return true;
            case SequenceVerdict.Reset:
                SessionEnded = false;
                _normaliser.ForgetLocates();
                _continuity.Reset(header.Sequence, ref batch);
                return true;
            case SequenceVerdict.Duplicate:
                Statistics.Duplicates += Math.Max(1, header.MessageCount);
                return false;
            default:
                return true;
        }
    }

    private void BeginOnce<TSink, TClock>(bool fromFirstMessage, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        if (_hasBegun)
            return;
        _hasBegun = true;
        _continuity.Begin(fromFirstMessage, ref batch);
    }

    private void ObserveVenueTime(ReadOnlySpan<byte> datagram, long receivedUtcNs)
    {
        ReadOnlySpan<byte> first = datagram[(MoldHeader.Length + 2)..];
        if (first.Length >= ItchMessage.HeaderLength)
            _continuity.ObserveVenueTime(_continuity.Options.MidnightUtcNs + (long)ItchMessage.Timestamp(first), receivedUtcNs);
    }
}
