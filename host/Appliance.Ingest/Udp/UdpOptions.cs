namespace Appliance.Ingest.Udp;

/// <summary>Which datagrams to receive, and with which buffers.</summary>
public sealed record UdpOptions
{
    /// <summary>IPv4 multicast group (224.0.0.0 to 239.255.255.255), or the local unicast address to bind.</summary>
    public required string Group { get; init; }

    /// <summary>UDP port, 0 to 65,535; 0 lets the kernel choose (unicast tests).</summary>
    public required int Port { get; init; }

    /// <summary>IPv4 address of the interface to join on; 127.0.0.1 is the loopback.</summary>
    public string Interface { get; init; } = "127.0.0.1";

    /// <summary>Kernel receive buffer in bytes; asked for beyond the system's limit when the process may, else cut to it (see <c>ReceiveBufferBytes</c> of the source). 8 MiB holds some 40 ms of a full 10 Gb/s link's small packets.</summary>
    public int ReceiveBufferBytes { get; init; } = 8 << 20;

    /// <summary>Datagrams a system call takes at most, 1 to 1,024.</summary>
    public int BatchPackets { get; init; } = 16;

    /// <summary>Bytes of the longest datagram, 64 to 65,507. Longer ones are cut by the kernel and counted as decode errors.</summary>
    public int MaxDatagramBytes { get; init; } = 2_048;

    /// <summary>SO_BUSY_POLL in microseconds, 0 for off: lets the receive call poll the network card's queue itself. Best effort: drivers without it ignore it.</summary>
    public int BusyPollMicroseconds { get; init; }

    /// <summary>Index of this source, for the events' Source field.</summary>
    public ushort Source { get; init; }
}
