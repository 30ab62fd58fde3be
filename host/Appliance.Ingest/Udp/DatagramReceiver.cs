using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Appliance.Contract;
using static Appliance.Ingest.Udp.LinuxSocket;

namespace Appliance.Ingest.Udp;

/// <summary>
/// One UDP socket and the buffers that its datagrams come into: outside the collector's heap, touched at start. One non-blocking recvmmsg a call, no allocation. What the kernel drops is
/// counted in the statistics, and so is what it cut.
/// </summary>
internal sealed unsafe class DatagramReceiver : IDisposable
{
    private const int CacheLineBytes = 64;

    private readonly Socket _socket;
    private readonly int _handle;
    private readonly int _bufferBytes;
    private readonly SourceStatistics _statistics;
    private readonly byte* _buffers;
    private readonly MultiMessageHeader* _messages;
    private readonly IoVector* _vectors;
    private readonly ControlMessage* _controls;
    private long _dropsSeen;
    private bool _disposed;

    /// <param name="server">Set for a socket that talks to one server: bound to any port, connected, so that it hears nobody else.</param>
    public DatagramReceiver(UdpOptions options, SourceStatistics statistics, IPEndPoint? server = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchPackets, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.BatchPackets, 1_024);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxDatagramBytes, 64);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxDatagramBytes, 65_507);
        _statistics = statistics;
        BatchPackets = options.BatchPackets;
        _bufferBytes = (options.MaxDatagramBytes + CacheLineBytes - 1) / CacheLineBytes * CacheLineBytes;
        _socket = Open(options, server);
        _handle = (int)_socket.SafeHandle.DangerousGetHandle();
        _buffers = Allocate<byte>(_bufferBytes * BatchPackets);
        _messages = Allocate<MultiMessageHeader>(BatchPackets);
        _vectors = Allocate<IoVector>(BatchPackets);
        _controls = Allocate<ControlMessage>(BatchPackets);
        for (int i = 0; i < BatchPackets; i++)
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

    /// <summary>The most datagrams of one call.</summary>
    public int BatchPackets { get; }

    /// <summary>What the kernel granted (it reports twice the payload, for its own bookkeeping).</summary>
    public int ReceiveBufferBytes => _socket.ReceiveBufferSize;

    public IPEndPoint LocalEndPoint => (IPEndPoint)_socket.LocalEndPoint!;

    /// <summary>Takes what is there, at most <paramref name="wanted"/> and the batch. Never waits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Receive(int wanted)
    {
        int got = ReceiveMany(_handle, _messages, (uint)wanted, MsgDontWait, null);
        return got > 0 ? got : OnNothing(got);
    }

    /// <summary>Datagram <paramref name="i"/> of the last call, counted; valid until the next.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> Take(int i)
    {
        ref MultiMessageHeader message = ref _messages[i];
        _statistics.Packets++;
        _statistics.Bytes += message.Length;
        if (((message.Header.Flags & MsgTrunc) != 0) | (message.Header.ControlLength != 0))
            ReadUnusual(ref message, _controls + i);
        // The kernel has written back how much control data it gave; it must be told the room again.
        message.Header.ControlLength = (nuint)sizeof(ControlMessage);
        return new ReadOnlySpan<byte>(_buffers + i * _bufferBytes, (int)message.Length);
    }

    /// <summary>Sends to the server that the socket is connected to; false when the kernel did not take it now.</summary>
    public bool TrySend(ReadOnlySpan<byte> datagram)
    {
        fixed (byte* bytes = datagram)
            return SendOne(_handle, bytes, (nuint)datagram.Length, MsgDontWait) == datagram.Length;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ReadUnusual(ref MultiMessageHeader message, ControlMessage* control)
    {
        if ((message.Header.Flags & MsgTrunc) != 0)
        {
            _statistics.DecodeErrors++;
            _statistics.FirstError ??= $"a datagram longer than the buffer of {_vectors[0].Length} bytes was cut (packet {_statistics.Packets})";
        }
        // The count is this socket's total so far, and comes only once it is above zero.
        if (message.Header.ControlLength == 0 || control->Level != SolSocket || control->Type != SoRxqOvfl) return;
        _statistics.KernelDrops += control->Value - _dropsSeen;
        _dropsSeen = control->Value;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int OnNothing(int got)
    {
        int error = got == 0 ? EAgain : *ErrorNumber();
        // A server that does not listen answers what was sent to it so: that is silence.
        if (error is not (EAgain or EIntr or EConnRefused))
        {
            _statistics.DecodeErrors++;
            _statistics.FirstError ??= $"recvmmsg failed with errno {error}";
        }
        return 0;
    }

    private static Socket Open(UdpOptions options, IPEndPoint? server)
    {
        IPAddress group = server is null ? IPAddress.Parse(options.Group) : IPAddress.Any;
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
            socket.Bind(new IPEndPoint(group, server is null ? options.Port : 0));
            if (server is not null) socket.Connect(server);
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
