using System.Net;
using Appliance.Contract;
using Appliance.Ingest.Mold;

namespace Appliance.Ingest.Udp;

/// <summary>
/// ITCH 5.0 over MoldUDP64 by one or two multicast lines, with a re-request server where there is one: each packet reaches the books once, in order, from whichever line is first; holes are
/// asked for (<see cref="MoldRecovery"/>). Without a hole it costs the second line's poll and two comparisons a packet. A held packet keeps its receive stamp, so that its wait is seen.
/// </summary>
public sealed class RecoveringUdpSource<TSink, TClock, TUtc> : ITickSource
    where TSink : struct, IEventSink
    where TClock : struct, IMonotonicClock
    where TUtc : struct, IUtcClock
{
    private readonly DatagramReceiver _first;
    private readonly DatagramReceiver? _second, _server;
    private readonly MoldRecovery _recovery;
    private readonly MoldItchDecoder _decoder;
    private readonly SourceStatistics _statistics;
    private readonly SequencedClock _time;
    private readonly TClock _clock;
    private readonly ushort _source;
    private readonly int _maxEventsPerPacket;
    private readonly byte[] _request = new byte[MoldHeader.Length];
    private TSink _sink;
    private BatchState _batchState;
    private bool _secondFirst;

    /// <param name="second">The other line; null where there is one only.</param>
    /// <param name="server">The re-request server; null where there is none.</param>
    public RecoveringUdpSource(UdpOptions first, UdpOptions? second, IPEndPoint? server, MoldRecoveryOptions recovery, SymbolMap symbols, FeedOptions feed, TSink sink, TClock clock, TUtc utc, SequencedClock? time = null)
    {
        _decoder = new MoldItchDecoder(symbols, feed);
        _statistics = _decoder.Statistics;
        _statistics.Kind = "udp-" + _decoder.Protocol;
        (_sink, _clock, _source) = (sink, clock, first.Source);
        _time = time ?? SequencedClock.Start(clock, utc);
        _recovery = new MoldRecovery(recovery with { HasServer = server is not null, MaxDatagramBytes = first.MaxDatagramBytes }, _statistics, feed.DuplicateWindowMessages);
        _maxEventsPerPacket = _decoder.MaxEvents(first.MaxDatagramBytes) + 1;
        _first = new DatagramReceiver(first, _statistics);
        try
        {
            if (second is not null) _second = new DatagramReceiver(second, _statistics);
            if (server is not null) _server = new DatagramReceiver(first, _statistics, server);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public bool Ended => false;
    public SourceStatistics Statistics => _statistics;
    public int MaxEventsPerPacket => _maxEventsPerPacket;
    public IPEndPoint LocalEndPoint => _first.LocalEndPoint;
    public IPEndPoint? SecondLocalEndPoint => _second?.LocalEndPoint;

    public int Poll(int maxPackets)
    {
        // Each line is first in its turn, so that a busy one does not leave the other's packets to the kernel.
        _secondFirst = !_secondFirst;
        int took = _second is not null && _secondFirst ? Take(_second, MoldOrigin.Line, maxPackets) : 0;
        took += Take(_first, MoldOrigin.Line, maxPackets - took);
        if (_second is not null && !_secondFirst) took += Take(_second, MoldOrigin.Line, maxPackets - took);
        return _recovery.IsOpen ? took + Recover(maxPackets - took) : took;
    }

    private int Take(DatagramReceiver from, MoldOrigin origin, int maxPackets)
    {
        int wanted = Math.Min(maxPackets, from.BatchPackets);
        long room = _sink.RemainingCapacity;
        if (room < (long)wanted * _maxEventsPerPacket) wanted = (int)(room / _maxEventsPerPacket);
        if (wanted <= 0) return 0;
        int got = from.Receive(wanted);
        if (got == 0) return 0;
        long nowNs = _clock.NowNs();
        long utcNs = _time.At(nowNs);
        for (int i = 0; i < got; i++)
        {
            ReadOnlySpan<byte> datagram = from.Take(i);
            if (_recovery.Accept(datagram, origin, _decoder.ExpectedSequence, nowNs)) Decode(datagram, nowNs, utcNs);
        }
        return got;
    }

    /// <summary>While a hole is open: the server's answers, what was held behind it, the next question.</summary>
    private int Recover(int maxPackets)
    {
        int took = _server is null ? 0 : Take(_server, MoldOrigin.Server, Math.Max(1, maxPackets));
        long nowNs = _clock.NowNs();
        long utcNs = _time.At(nowNs);
        while (took < Math.Max(1, maxPackets) && _sink.RemainingCapacity >= _maxEventsPerPacket && _recovery.TryTakeHeld(_decoder.ExpectedSequence, out ReadOnlySpan<byte> held, out long receivedNs))
        {
            Decode(held, receivedNs, utcNs);
            took++;
        }
        // A question that the kernel does not take now is put again when its time is over.
        if (_recovery.TryRequest(_decoder.ExpectedSequence, nowNs, _request)) _server!.TrySend(_request);
        return took;
    }

    private void Decode(ReadOnlySpan<byte> datagram, long receivedNs, long utcNs)
    {
        var batch = new TickBatch<TSink, TClock>(ref _sink, ref _batchState, _clock, _statistics, _source, receivedNs, utcNs);
        _decoder.Decode(datagram, ref batch);
        batch.Flush();
    }

    public void Dispose()
    {
        _first.Dispose();
        _second?.Dispose();
        _server?.Dispose();
    }
}
