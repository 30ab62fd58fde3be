using System.Buffers.Binary;
using Appliance.Contract;

namespace Appliance.Ingest.Deep;

/// <summary>DEEP 1.0 in IEX-TP segments.</summary>
public readonly struct IexDeepDecoder : IDatagramDecoder
{
    private readonly IexDeepFeed _feed;

    public IexDeepDecoder(SymbolMap symbols, FeedOptions options, SourceStatistics? statistics = null) =>
        _feed = new IexDeepFeed(symbols, options, statistics ?? new SourceStatistics());

    public string Protocol => "iextp";
    public string Feed => "deep";
    public SourceStatistics Statistics => _feed.Statistics;

    /// <summary>The sequence number of the next message.</summary>
    public ulong ExpectedSequence => _feed.ExpectedSequence;

    public int MaxEvents(int datagramBytes) => _feed.MaxEvents(datagramBytes);

    public void Decode<TSink, TClock>(ReadOnlySpan<byte> datagram, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock => _feed.Decode(datagram, ref batch);
}

/// <summary>
/// The state of one IEX-TP channel. IEX restarts a channel under the same session id: the sequence then falls back to 1 in a segment that
/// was sent later than all before. That is told from a repetition by the send time, which every segment carries.
/// </summary>
internal sealed class IexDeepFeed
{
    private readonly FeedContinuity _continuity;
    private readonly DeepNormaliser _normaliser;
    private SequenceTracker _sequence;
    private uint _session;
    private bool _hasSession;
    private long _lastSendTimeNs;

    public IexDeepFeed(SymbolMap symbols, FeedOptions options, SourceStatistics statistics)
    {
        Statistics = statistics;
        _continuity = new FeedContinuity(symbols, options, statistics);
        _normaliser = new DeepNormaliser(_continuity);
    }

    public SourceStatistics Statistics { get; }
    public ulong ExpectedSequence => _sequence.Expected;

    public int MaxEvents(int datagramBytes) => DeepNormaliser.MaxEvents(datagramBytes) + _continuity.MaxEvents + 2 * _continuity.Symbols.Count;

    public void Decode<TSink, TClock>(ReadOnlySpan<byte> datagram, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        if (!IexTpHeader.TryRead(datagram, out IexTpHeader header) || header.Version != IexTpHeader.CurrentVersion
            || header.ProtocolId != IexTpHeader.DeepProtocol || header.FirstSequence < 0)
        {
            Statistics.ForeignPackets++;
            return;
        }
        int skip = 0;
        if (_hasSession && header.SessionId == _session && (ulong)header.FirstSequence == _sequence.Expected && header.FirstSequence != 0)
            _sequence.Observe((ulong)header.FirstSequence, header.MessageCount, startsAgain: false);
        else if (!TryEnterOutOfOrder(header, ref batch, out skip))
            return;
        if (header.SendTimeNs > _lastSendTimeNs)
            _lastSendTimeNs = header.SendTimeNs;

        DecodeMessages(datagram, header.MessageCount, skip, ref batch);
        if (_normaliser.TransactionIsOpen && !header.IsHeartbeat)
            batch.Flush();
        else
            _normaliser.EndTransaction(ref batch);
        _continuity.ObserveVenueTime(header.SendTimeNs, batch.TimeUtcNs);
    }

    private void DecodeMessages<TSink, TClock>(ReadOnlySpan<byte> datagram, int count, int skip, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        int at = IexTpHeader.Length;
        for (int i = 0; i < count; i++)
        {
            int length;
            if (datagram.Length - at < 2 || datagram.Length - at - 2 < (length = BinaryPrimitives.ReadUInt16LittleEndian(datagram[at..])))
            {
                _normaliser.ForgetTransaction();
                _continuity.Error("an IEX-TP segment that ends inside a message; messages lost", count - i);
                return;
            }
            if (i >= skip)
                _normaliser.Apply(datagram.Slice(at + 2, length), ref batch);
            else
                Statistics.Duplicates++;
            at += 2 + length;
        }
    }

    private bool TryEnterOutOfOrder<TSink, TClock>(in IexTpHeader header, ref TickBatch<TSink, TClock> batch, out int skip)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        ulong sequence = (ulong)header.FirstSequence;
        bool startsAgain = _hasSession && header.SessionId != _session
            || _sequence.IsBehind(sequence) && header.SendTimeNs > _lastSendTimeNs;
        SequenceVerdict verdict = _sequence.Observe(sequence, header.MessageCount, startsAgain);
        skip = _sequence.Skip;
        bool isFirst = !_hasSession;
        _session = header.SessionId;
        _hasSession = true;
        switch (verdict)
        {
            case SequenceVerdict.First:
                _continuity.Begin(sequence == 1, ref batch);
                return true;
            case SequenceVerdict.Unsequenced:
                if (isFirst)
                    _continuity.Begin(false, ref batch);
                return true;
            case SequenceVerdict.Gap:
                _normaliser.ForgetTransaction();
                _continuity.Gap(_sequence.FirstMissing, _sequence.Missing, ref batch);
                return true;
            case SequenceVerdict.Reset:
                _normaliser.ForgetTransaction();
                _continuity.Reset(sequence, ref batch);
                return true;
            case SequenceVerdict.Duplicate:
                Statistics.Duplicates += Math.Max(1, (int)header.MessageCount);
                return false;
            default:
                return true;
        }
    }
}
