using System.Net;
using Appliance.Contract;

namespace Appliance.Ingest.Udp;

/// <summary>
/// UDP datagrams, multicast or unicast, into the ring: one non-blocking recvmmsg a poll. It takes only as many datagrams as the ring has room for, so nothing is lost between the socket and the
/// ring; what the kernel drops before is counted (KernelDrops). All datagrams of one call share its receive stamp: that is when the host could first act on them.
/// </summary>
public sealed class UdpSource<TSink, TClock, TUtc, TDecoder> : ITickSource
    where TSink : struct, IEventSink
    where TClock : struct, IMonotonicClock
    where TUtc : struct, IUtcClock
    where TDecoder : struct, IDatagramDecoder
{
    private readonly DatagramReceiver _receiver;
    private readonly int _batchPackets;
    private readonly int _maxEventsPerPacket;
    private readonly SourceStatistics _statistics;
    private readonly ushort _source;
    private readonly TDecoder _decoder;
    private readonly TClock _clock;
    private TSink _sink;
    private BatchState _batchState;
    private readonly SequencedClock _time;

    /// <param name="time">The run's sequenced time; null starts one of its own.</param>
    public UdpSource(UdpOptions options, TDecoder decoder, TSink sink, TClock clock, TUtc utc, SequencedClock? time = null)
    {
        _decoder = decoder;
        _sink = sink;
        _clock = clock;
        _time = time ?? SequencedClock.Start(clock, utc);
        _source = options.Source;
        _statistics = decoder.Statistics;
        _statistics.Kind = "udp-" + decoder.Protocol;
        _receiver = new DatagramReceiver(options, _statistics);
        _batchPackets = _receiver.BatchPackets;
        _maxEventsPerPacket = decoder.MaxEvents(options.MaxDatagramBytes) + 1;
    }

    public bool Ended => false;
    public SourceStatistics Statistics => _statistics;
    public int MaxEventsPerPacket => _maxEventsPerPacket;

    /// <summary>What the kernel granted (it reports twice the payload, for its own bookkeeping).</summary>
    public int ReceiveBufferBytes => _receiver.ReceiveBufferBytes;

    public IPEndPoint LocalEndPoint => _receiver.LocalEndPoint;

    public int Poll(int maxPackets)
    {
        int wanted = Math.Min(maxPackets, _batchPackets);
        long room = _sink.RemainingCapacity;
        if (room < (long)wanted * _maxEventsPerPacket)
            wanted = (int)(room / _maxEventsPerPacket);
        if (wanted <= 0)
            return 0;
        int got = _receiver.Receive(wanted);
        if (got == 0)
            return 0;

        long nowNs = _clock.NowNs();
        long utcNs = _time.At(nowNs);
        for (int i = 0; i < got; i++)
        {
            ReadOnlySpan<byte> datagram = _receiver.Take(i);
            var batch = new TickBatch<TSink, TClock>(ref _sink, ref _batchState, _clock, _statistics, _source, nowNs, utcNs);
            _decoder.Decode(datagram, ref batch);
            batch.Flush();
        }
        return got;
    }

    public void Dispose() => _receiver.Dispose();
}
