using System.Net;
using System.Net.Sockets;

namespace Appliance.TestKit;

/// <summary>Ports of the loopback that nobody listened on a moment ago, for programs that must be told theirs.</summary>
public static class LoopbackPorts
{
    public static int FreeTcp() => Free(SocketType.Stream, ProtocolType.Tcp);

    public static int FreeUdp() => Free(SocketType.Dgram, ProtocolType.Udp);

    private static int Free(SocketType type, ProtocolType protocol)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, type, protocol);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
