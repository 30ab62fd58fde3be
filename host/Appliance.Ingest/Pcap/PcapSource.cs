using System.Net;
using Appliance.Contract;

namespace Appliance.Ingest.Pcap;

/// <summary>
/// Plays a capture into the ring, paced or as fast as the ring takes it. Sequenced time is the capture's; the receive stamp is the moment the packet was
/// taken from the file. After construction nothing is allocated. The host publishes EndOfInput when <see cref="Ended"/> turns true.
/// </summary>
public sealed class PcapSource<TSink, TClock, TDecoder> : ITickSource
    where TSink : struct, IEventSink
    where TClock : struct, IMonotonicClock
    where TDecoder : struct, IDatagramDecoder
{
    private readonly CaptureReader _reader;
    private readonly CaptureOptions _options;
    private readonly SourceStatistics _statistics;
    private readonly uint _destination;
    private readonly TDecoder _decoder;
    private readonly TClock _clock;
    private TSink _sink;
    private BatchState _batchState;
    private CaptureClock _time;
    private bool _hasPacket;
    private long _packetUtcNs;

    public PcapSource(CaptureOptions options, TDecoder decoder, TSink sink, TClock clock)
        : this(options, CaptureReader.OpenFile(options.Path), decoder, sink, clock)
    {
    }

    public PcapSource(CaptureOptions options, CaptureReader reader, TDecoder decoder, TSink sink, TClock clock)
    {
        if (options.Speed > 0 && typeof(TClock) == typeof(NoClock))
            throw new ArgumentException("a paced capture needs a clock", nameof(clock));
        _options = options;
        _reader = reader;
        _decoder = decoder;
        _sink = sink;
        _clock = clock;
        _statistics = decoder.Statistics;
        _statistics.Kind = "pcap-" + decoder.Feed;
        _time = new CaptureClock(options.Speed, options.TimerPeriodMs);
        if (options.DestinationAddress is { } address)
            _destination = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(IPAddress.Parse(address).MapToIPv4().GetAddressBytes());
    }

    public bool Ended { get; private set; }
    public SourceStatistics Statistics => _statistics;
    public int MaxEventsPerPacket => _decoder.MaxEvents(_options.MaxDatagramBytes) + 1;

    public int Poll(int maxPackets)
    {
        int taken = 0;
        while (taken < maxPackets)
        {
            if (!_hasPacket && !ReadPacket())
                return taken;
            long nowNs = _clock.NowNs();
            _time.Start(_packetUtcNs, nowNs);
            if (_time.TimerPrecedes(_packetUtcNs))
            {
                if (!_time.IsDue(_time.NextTimerUtcNs, nowNs) || _sink.RemainingCapacity < 1)
                    return taken;
                _time.PublishTimer(ref _sink, _options.Source, nowNs);
                taken++;
                continue;
            }
            if (!_time.IsDue(_packetUtcNs, nowNs) || !TryDecode(nowNs))
                return taken;
            _hasPacket = false;
            taken++;
        }
        return taken;
    }

    private bool ReadPacket()
    {
        if (Ended)
            return false;
        if (!_reader.Read())
        {
            End();
            return false;
        }
        _hasPacket = true;
        _packetUtcNs = _time.Clamp(_reader.TimeUtcNs, _statistics);
        _time.SkipSilence(_packetUtcNs);
        return true;
    }

    /// <returns>False when the ring has no room for all that the packet can make: it stays for the next poll.</returns>
    private bool TryDecode(long nowNs)
    {
        ReadOnlySpan<byte> data = _reader.Data;
        bool isOurs = UdpFrame.TryParse(data, _reader.LinkType, out UdpFrame frame)
            && (_options.DestinationPort == 0 || frame.DestinationPort == _options.DestinationPort)
            && (_destination == 0 || frame.DestinationIPv4 == _destination);
        bool fits = frame.Payload.Length <= _options.MaxDatagramBytes;
        if (isOurs && fits && _sink.RemainingCapacity < _decoder.MaxEvents(frame.Payload.Length))
            return false;

        _statistics.Packets++;
        _statistics.Bytes += data.Length;
        _time.Take(_packetUtcNs);
        if (!isOurs)
        {
            _statistics.ForeignPackets++;
            return true;
        }
        if (!fits)
        {
            OnTooLong(frame.Payload.Length);
            return true;
        }
        var batch = new TickBatch<TSink, TClock>(ref _sink, ref _batchState, _clock, _statistics, _options.Source, nowNs, _packetUtcNs);
        _decoder.Decode(frame.Payload, ref batch);
        batch.Flush();
        return true;
    }

    private void OnTooLong(int bytes)
    {
        _statistics.DecodeErrors++;
        _statistics.FirstError ??= $"a datagram of {bytes} bytes; at most {_options.MaxDatagramBytes} are taken (packet {_statistics.Packets})";
    }

    private void End()
    {
        Ended = true;
        _statistics.TornTail = _reader.TornTail;
        if (_reader.Damage is { } damage)
        {
            _statistics.DecodeErrors++;
            _statistics.FirstError ??= damage;
        }
    }

    public void Dispose() => _reader.Dispose();
}
