using System.Runtime.InteropServices;

namespace Appliance.Ingest.Udp;

/// <summary>
/// The few calls and structures of Linux that .NET's sockets do not offer: many datagrams by one system call, without allocation. Layouts are the
/// 64-bit ones of glibc and musl.
/// </summary>
internal static unsafe class LinuxSocket
{
    public const int MsgDontWait = 0x40;
    public const int MsgTrunc = 0x20;
    public const int SolSocket = 1;
    public const int SoReuseAddr = 2;
    public const int SoRcvBuf = 8;
    public const int SoRcvBufForce = 33;
    public const int SoRxqOvfl = 40;
    public const int SoBusyPoll = 46;
    public const int SoPreferBusyPoll = 69;
    public const int IpProtoIp = 0;
    public const int IpMulticastAll = 49;
    public const int EIntr = 4;
    public const int EAgain = 11;
    public const int EConnRefused = 111;

    [StructLayout(LayoutKind.Sequential)]
    public struct IoVector
    {
        public void* Base;
        public nuint Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct MessageHeader
    {
        public void* Name;
        public uint NameLength;
        public IoVector* Vectors;
        public nuint VectorCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct MultiMessageHeader
    {
        public MessageHeader Header;
        public uint Length;
    }

    /// <summary>struct cmsghdr with room for one 32-bit value.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct ControlMessage
    {
        public nuint Length;
        public int Level;
        public int Type;
        public uint Value;
        public uint Spare;
    }

    // Called only with MSG_DONTWAIT: it never sleeps, and copies at most a batch of packets. Without the transition the call saves some ten nanoseconds
    // a poll; a collector that wants to stop the thread waits for those few microseconds at worst.
    [DllImport("libc", EntryPoint = "recvmmsg"), SuppressGCTransition]
    public static extern int ReceiveMany(int socket, MultiMessageHeader* messages, uint count, int flags, void* timeout);

    [DllImport("libc", EntryPoint = "send"), SuppressGCTransition]
    public static extern nint SendOne(int socket, byte* bytes, nuint length, int flags);

    [DllImport("libc", EntryPoint = "__errno_location"), SuppressGCTransition]
    public static extern int* ErrorNumber();
}
