using System.Runtime.InteropServices;

namespace Appliance.Fix;

/// <summary>The socket calls of Linux on 64 bits. Signatures are blittable.</summary>
internal static unsafe class Libc
{
    public const int AfUnix = 1, AfInet = 2, AfInet6 = 10, SockStream = 1, SockNonBlock = 0x800, SockCloseOnExec = 0x80000, SolSocket = 1, SoReuseAddress = 2, SoKeepAlive = 9,
        SoSendBuffer = 7, SoReceiveBuffer = 8, SoReceiveTimeout = 20, SoSendTimeout = 21, ProtocolTcp = 6, TcpNoDelay = 1, TcpKeepIdle = 4, TcpKeepInterval = 5, TcpKeepCount = 6,
        TcpQuickAck = 12, ShutdownBoth = 2, MsgDontWait = 0x40, MsgNoSignal = 0x4000, ErrorInterrupted = 4, ErrorAgain = 11, ErrorAddressInUse = 98, ErrorInProgress = 115;

    [StructLayout(LayoutKind.Sequential)]
    public struct TimeValue { public long Seconds, Microseconds; }

    /// <summary>
    /// Without the collector's transition: a non-blocking recv that finds nothing takes some hundred nanoseconds, one that copies a message not much more, and the
    /// transition would be a tenth of it. Its error is read by <see cref="Marshal.GetLastSystemError"/> in the next instruction.
    /// </summary>
    [DllImport("libc")]
    [SuppressGCTransition]
    public static extern nint recv(int fd, byte* buffer, nuint length, int flags);

    /// <summary>
    /// With the transition: sending runs the kernel's whole transmit path, and on loopback the peer's receive path too, which is 5 to 20 microseconds; a thread that
    /// another wants stopped for a collection must not be unreachable for so long. The ten nanoseconds are lost in that.
    /// </summary>
    [DllImport("libc", SetLastError = true)]
    public static extern nint send(int fd, byte* buffer, nuint length, int flags);

    [DllImport("libc", SetLastError = true)] public static extern int socket(int family, int type, int protocol);
    [DllImport("libc", SetLastError = true)] public static extern int connect(int fd, byte* address, uint length);
    [DllImport("libc", SetLastError = true)] public static extern int bind(int fd, byte* address, uint length);
    [DllImport("libc", SetLastError = true)] public static extern int listen(int fd, int backlog);
    [DllImport("libc", SetLastError = true)] public static extern int accept4(int fd, byte* address, uint* length, int flags);
    [DllImport("libc", SetLastError = true)] public static extern int getsockname(int fd, byte* address, uint* length);
    [DllImport("libc", SetLastError = true)] public static extern int setsockopt(int fd, int level, int option, void* value, uint length);
    [DllImport("libc", SetLastError = true)] public static extern int shutdown(int fd, int how);
    [DllImport("libc", SetLastError = true)] public static extern int close(int fd);
}
