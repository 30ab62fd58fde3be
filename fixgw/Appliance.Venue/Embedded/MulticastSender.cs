using System.Net;
using System.Net.Sockets;

namespace Appliance.Venue.Embedded;

/// <summary>Datagrams to a multicast group by one interface. Multicast loops back to listeners on this machine; with a time to live of 0 it goes nowhere else.</summary>
public sealed class MulticastSender : IDatagramSink, IDisposable
{
    private readonly Socket _socket;

    public MulticastSender(string group, int port, string interfaceAddress)
    {
        IPAddress address = IPAddress.Parse(interfaceAddress);
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        _socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastInterface, address.GetAddressBytes());
        _socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastLoopback, true);
        _socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastTimeToLive, IPAddress.IsLoopback(address) ? 0 : 1);
        _socket.SendBufferSize = 4 << 20;
        _socket.Connect(IPAddress.Parse(group), port);
    }

    /// <summary>Datagrams that the kernel refused: a receiver sees them as a gap.</summary>
    public long Refused { get; private set; }

    public void Send(ReadOnlySpan<byte> datagram)
    {
        if (_socket.Send(datagram, SocketFlags.None, out SocketError error) != datagram.Length || error != SocketError.Success) Refused++;
    }

    public void Dispose() => _socket.Dispose();
}
