using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Appliance.Fix;

/// <summary>
/// A TCP socket's descriptor. The SafeHandle's count keeps it from being closed, and its number from being given to another file, while a watchdog on another
/// thread shuts it down.
/// </summary>
internal sealed unsafe class SocketHandle : SafeHandleMinusOneIsInvalid
{
    private SocketHandle(int fd) : base(true) => SetHandle(fd);

    public int Fd => (int)handle;

    /// <summary>Connects; blocks up to the time-out. For the connector's thread.</summary>
    /// <returns>Null and an errno when it failed.</returns>
    public static SocketHandle? Connect(IPAddress address, int port, int timeoutMs, out int errno)
    {
        Span<byte> name = stackalloc byte[28];
        int length = WriteAddress(name, address, port);
        int fd = Libc.socket(address.AddressFamily == AddressFamily.InterNetworkV6 ? Libc.AfInet6 : Libc.AfInet, Libc.SockStream | Libc.SockCloseOnExec, 0);
        errno = Marshal.GetLastPInvokeError();
        if (fd < 0)
            return null;
        var socket = new SocketHandle(fd);
        // SO_SNDTIMEO bounds connect(2) on Linux (socket(7)).
        socket.SetTimeouts(timeoutMs);
        int result;
        fixed (byte* at = name) result = Libc.connect(fd, at, (uint)length);
        errno = Marshal.GetLastPInvokeError();
        if (result != 0)
        {
            socket.Dispose();
            return null;
        }
        socket.SetOptions();
        return socket;
    }

    /// <summary>Connects to a socket of this machine that has a path. At once or not at all, for the connector's thread.</summary>
    /// <returns>Null and an errno when it failed.</returns>
    public static SocketHandle? ConnectLocal(string path, out int errno)
    {
        Span<byte> name = stackalloc byte[2 + LocalPathBytesMax + 1];
        name.Clear();
        name[0] = Libc.AfUnix;
        int length = 2 + System.Text.Encoding.UTF8.GetBytes(path, name[2..^1]) + 1;
        int fd = Libc.socket(Libc.AfUnix, Libc.SockStream | Libc.SockCloseOnExec, 0);
        errno = Marshal.GetLastPInvokeError();
        if (fd < 0)
            return null;
        var socket = new SocketHandle(fd);
        int result;
        fixed (byte* at = name) result = Libc.connect(fd, at, (uint)length);
        errno = Marshal.GetLastPInvokeError();
        if (result == 0)
            return socket;
        socket.Dispose();
        return null;
    }

    /// <summary>sun_path has 108 bytes (unix(7)), one of them for the end.</summary>
    public const int LocalPathBytesMax = 107;

    public static SocketHandle Listen(IPAddress address, int port, out int boundPort)
    {
        Span<byte> name = stackalloc byte[28];
        int length = WriteAddress(name, address, port);
        int fd = Libc.socket(address.AddressFamily == AddressFamily.InterNetworkV6 ? Libc.AfInet6 : Libc.AfInet, Libc.SockStream | Libc.SockCloseOnExec | Libc.SockNonBlock, 0);
        if (fd < 0)
            throw new IOException($"socket: errno {Marshal.GetLastPInvokeError()}");
        var socket = new SocketHandle(fd);
        socket.SetOption(Libc.SolSocket, Libc.SoReuseAddress, 1);
        fixed (byte* at = name)
        {
            uint size = (uint)name.Length;
            if (Libc.bind(fd, at, (uint)length) != 0 || Libc.listen(fd, 64) != 0 || Libc.getsockname(fd, at, &size) != 0)
            {
                int errno = Marshal.GetLastPInvokeError();
                socket.Dispose();
                throw new IOException($"cannot listen on {address}:{port}: {Marshal.GetPInvokeErrorMessage(errno)}{(errno == Libc.ErrorAddressInUse ? "; another program has the port: name another, or 0 for any" : "")}");
            }
        }
        boundPort = name[2] << 8 | name[3];
        return socket;
    }

    /// <summary>A connection that waits, or null. Never blocks.</summary>
    public SocketHandle? Accept()
    {
        int fd = Libc.accept4(Fd, null, null, Libc.SockCloseOnExec);
        if (fd < 0)
            return null;
        var socket = new SocketHandle(fd);
        socket.SetOptions();
        return socket;
    }

    /// <summary>shutdown(2), both ways. The descriptor stays until its owner closes it.</summary>
    public void Shutdown()
    {
        bool held = false;
        try
        {
            DangerousAddRef(ref held);
            _ = Libc.shutdown(Fd, Libc.ShutdownBoth);
        }
        catch (ObjectDisposedException)
        {
            // Closed already: nothing is left to shut down.
        }
        finally
        {
            if (held) DangerousRelease();
        }
    }

    /// <summary>Bounds each blocking read and write; 0 takes the bound away. What does not block is not touched by it.</summary>
    public void SetTimeouts(int timeoutMs)
    {
        var timeout = new Libc.TimeValue { Seconds = timeoutMs / 1000, Microseconds = timeoutMs % 1000 * 1000 };
        Libc.setsockopt(Fd, Libc.SolSocket, Libc.SoSendTimeout, &timeout, (uint)sizeof(Libc.TimeValue));
        Libc.setsockopt(Fd, Libc.SolSocket, Libc.SoReceiveTimeout, &timeout, (uint)sizeof(Libc.TimeValue));
    }

    /// <summary>Hands the descriptor over to a socket of the runtime, for the companion, where allocating is no matter.</summary>
    public Socket ToSocket()
    {
        SetTimeouts(0);
        var socket = new Socket(new SafeSocketHandle(handle, ownsHandle: true));
        SetHandleAsInvalid();
        return socket;
    }

    public void SetOption(int level, int option, int value) => Libc.setsockopt(Fd, level, option, &value, sizeof(int));

    private void SetOptions()
    {
        SetOption(Libc.ProtocolTcp, Libc.TcpNoDelay, 1);
        // Not sticky: Linux leaves quick-ack mode by itself once the exchange looks interactive. It helps the peer's first messages; re-arming it would cost a system call a read.
        SetOption(Libc.ProtocolTcp, Libc.TcpQuickAck, 1);
        SetOption(Libc.SolSocket, Libc.SoKeepAlive, 1);
        SetOption(Libc.ProtocolTcp, Libc.TcpKeepIdle, 5);
        SetOption(Libc.ProtocolTcp, Libc.TcpKeepInterval, 2);
        SetOption(Libc.ProtocolTcp, Libc.TcpKeepCount, 3);
    }

    /// <summary>struct sockaddr_in or sockaddr_in6, in network order.</summary>
    private static int WriteAddress(Span<byte> name, IPAddress address, int port)
    {
        name.Clear();
        name[2] = (byte)(port >> 8);
        name[3] = (byte)port;
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            name[0] = Libc.AfInet6;
            address.TryWriteBytes(name[8..], out _);
            return 28;
        }
        name[0] = Libc.AfInet;
        address.TryWriteBytes(name[4..], out _);
        return 16;
    }

    protected override bool ReleaseHandle() => Libc.close((int)handle) == 0;
}
