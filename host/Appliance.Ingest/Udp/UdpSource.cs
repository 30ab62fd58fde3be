using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Appliance.Contract;
using static Appliance.Ingest.Udp.LinuxSocket;

namespace Appliance.Ingest.Udp;

/// <summary>
/// UDP datagrams, multicast or unicast, into the ring: one non-blocking recvmmsg a poll, into buffers outside the collector's heap that are touched at start. It takes only
/// as many datagrams as the ring has room for, so nothing is lost between the socket and the ring; what the kernel drops before is counted (KernelDrops).
/// All datagrams of one call share its receive stamp: that is when the host could first act on them.
/// </summary>
public sealed unsafe class UdpSource<TSink, TClock, TUtc, TDecoder> : ITickSource
    where TSink : struct, IEventSink
    where TClock : struct, IMonotonicClock
    where TUtc : struct, IUtcClock
    where TDecoder : struct, IDatagramDecoder
{
    private const int CacheLineBytes = 64;

    private readonly Socket _socket;
    private readonly int _handle;
    private readonly int _batchPackets;
    private readonly int _bufferBytes;
    private readonly int _maxEventsPerPacket;
    private readonly SourceStatistics _statistics;
    private readonly ushort _source;
    private readonly TDecoder _decoder;
    private readonly TClock _clock;
    private readonly byte* _buffers;
    private readonly MultiMessageHeader* _messages;
    private readonly IoVector* _vectors;
    private readonly ControlMessage* _controls;
    private TSink _sink;
    private BatchState _batchState;
    private readonly SequencedClock _time;
    private bool _disposed;

    /// <param name="time">The run's sequenced time; null starts one of its own.</param>
    public UdpSource(UdpOptions options, TDecoder decoder, TSink sink, TClock clock, TUtc utc, SequencedClock? time = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchPackets, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.BatchPackets, 1_024);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxDatagramBytes, 64);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxDatagramBytes, 65_507);
        _decoder = decoder;
        _sink = sink;
        _clock = clock;
        _time = time ?? SequencedClock.Start(clock, utc);
        _source = options.Source;
        _statistics = decoder.Statistics;
        _statistics.Kind = "udp-" + decoder.Protocol;
        _batchPackets = options.BatchPackets;
        _maxEventsPerPacket = decoder.MaxEvents(options.MaxDatagramBytes) + 1;
        _bufferBytes = (options.MaxDatagramBytes + CacheLineBytes - 1) / CacheLineBytes * CacheLineBytes;

        _socket = Open(options);
        _handle = (int)_socket.SafeHandle.DangerousGetHandle();
        _buffers = Allocate<byte>(_bufferBytes * _batchPackets);
        _messages = Allocate<MultiMessageHeader>(_batchPackets);
        _vectors = Allocate<IoVector>(_batchPackets);
        _controls = Allocate<ControlMessage>(_batchPackets);
        for (int i = 0; i < _batchPackets; i++)
        {
            _vectors[i] = new IoVector { Base = _buffers + i * _bufferBytes, Length = (nuint)options.MaxDatagramBytes };
            _messages[i].Header = new MessageHeader
            {
                Vectors = _vectors + i,
                VectorCount = 1,
                Control = _controls + i,
                ControlLength = (nuint)sizeof(ControlMessage),
            };
        }
    }

    public bool Ended => false;
    public SourceStatistics Statistics => _statistics;
    public int MaxEventsPerPacket => _maxEventsPerPacket;

    /// <summary>What the kernel granted (it reports twice the payload, for its own bookkeeping).</summary>
    public int ReceiveBufferBytes => _socket.ReceiveBufferSize;

    public IPEndPoint LocalEndPoint => (IPEndPoint)_socket.LocalEndPoint!;

    public int Poll(int maxPackets)
    {
        int wanted = Math.Min(maxPackets, _batchPackets);
        long room = _sink.RemainingCapacity;
        if (room < (long)wanted * _maxEventsPerPacket)
            wanted = (int)(room / _maxEventsPerPacket);
        if (wanted <= 0)
            return 0;
        int got = ReceiveMany(_handle, _messages, (uint)wanted, MsgDontWait, null);
        if (got <= 0)
            return OnNothing(got);

        long nowNs = _clock.NowNs();
        long utcNs = _time.At(nowNs);
        for (int i = 0; i < got; i++)
        {
            ref MultiMessageHeader message = ref _messages[i];
            var datagram = new ReadOnlySpan<byte>(_buffers + i * _bufferBytes, (int)message.Length);
            _statistics.Packets++;
            _statistics.Bytes += message.Length;
            if (((message.Header.Flags & MsgTrunc) != 0) | (message.Header.ControlLength != 0))
                ReadUnusual(ref message, _controls + i);
            // The kernel has written back how much control data it gave; it must be told the room again.
            message.Header.ControlLength = (nuint)sizeof(ControlMessage);
            var batch = new TickBatch<TSink, TClock>(ref _sink, ref _batchState, _clock, _statistics, _source, nowNs, utcNs);
            _decoder.Decode(datagram, ref batch);
            batch.Flush();
        }
        return got;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ReadUnusual(ref MultiMessageHeader message, ControlMessage* control)
    {
        if ((message.Header.Flags & MsgTrunc) != 0)
        {
            _statistics.DecodeErrors++;
            _statistics.FirstError ??= $"a datagram longer than the buffer of {_vectors[0].Length} bytes was cut (packet {_statistics.Packets})";
        }
        // The count is the socket's total so far, and comes only once it is above zero.
        if (message.Header.ControlLength != 0 && control->Level == SolSocket && control->Type == SoRxqOvfl)
            _statistics.KernelDrops = control->Value;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int OnNothing(int got)
    {
        int error = got == 0 ? EAgain : *ErrorNumber();
        if (error is not (EAgain or EIntr))
        {
            _statistics.DecodeErrors++;
            _statistics.FirstError ??= $"recvmmsg failed with errno {error}";
        }
        return 0;
    }

    private static Socket Open(UdpOptions options)
    {
        IPAddress group = IPAddress.Parse(options.Group);
        IPAddress local = IPAddress.Parse(options.Interface);
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            Set(socket, SolSocket, SoReuseAddr, 1);
            if (!TrySet(socket, SolSocket, SoRcvBufForce, options.ReceiveBufferBytes))
                Set(socket, SolSocket, SoRcvBuf, options.ReceiveBufferBytes);
            TrySet(socket, SolSocket, SoRxqOvfl, 1);
            if (options.BusyPollMicroseconds > 0)
            {
                TrySet(socket, SolSocket, SoBusyPoll, options.BusyPollMicroseconds);
                TrySet(socket, SolSocket, SoPreferBusyPoll, 1);
            }
            // Bound to the group's address, the socket hears no other group's datagrams on the same port.
            socket.Bind(new IPEndPoint(group, options.Port));
            if ((group.GetAddressBytes()[0] & 0xF0) == 0xE0)
            {
                TrySet(socket, IpProtoIp, IpMulticastAll, 0);
                socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.AddMembership, new MulticastOption(group, local));
            }
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static void Set(Socket socket, int level, int option, int value) =>
        socket.SetRawSocketOption(level, option, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in value)));

    private static bool TrySet(Socket socket, int level, int option, int value)
    {
        try
        {
            Set(socket, level, option, value);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static T* Allocate<T>(int count) where T : unmanaged
    {
        nuint bytes = (nuint)count * (nuint)sizeof(T);
        var memory = (T*)NativeMemory.AlignedAlloc(bytes, 4_096);
        // Writing the zeros touches every page, so that no receive faults.
        NativeMemory.Clear(memory, bytes);
        return memory;
    }

    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _socket.Dispose();
        NativeMemory.AlignedFree(_buffers);
        NativeMemory.AlignedFree(_messages);
        NativeMemory.AlignedFree(_vectors);
        NativeMemory.AlignedFree(_controls);
    }
}
