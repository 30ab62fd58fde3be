using System.Buffers.Binary;

namespace Appliance.Ingest.Pcap;

/// <summary>
/// The UDP payload of a captured frame: Ethernet with up to two VLAN tags, Linux cooked (versions 1 and 2), raw IP or BSD loopback; IPv4 with options, or IPv6 without extension
/// headers. Fragments but the first are not UDP packets; a first fragment gives what it holds.
/// </summary>
public readonly ref struct UdpFrame
{
    private const int EthernetLink = 1;
    private const int RawIpLink = 101;
    private const int LinuxCookedLink = 113;
    private const int LinuxCooked2Link = 276;
    private const int NullLink = 0;

    public readonly ReadOnlySpan<byte> Payload;
    public readonly ushort SourcePort;
    public readonly ushort DestinationPort;
    /// <summary>The IPv4 destination as a number (239.0.0.1 is 0xEF000001); 0 for IPv6.</summary>
    public readonly uint DestinationIPv4;
    /// <summary>The capture holds less of the payload than was on the wire.</summary>
    public readonly bool IsCut;

    private UdpFrame(ReadOnlySpan<byte> payload, ushort sourcePort, ushort destinationPort, uint destination, bool isCut)
    {
        Payload = payload;
        SourcePort = sourcePort;
        DestinationPort = destinationPort;
        DestinationIPv4 = destination;
        IsCut = isCut;
    }

    public static bool TryParse(ReadOnlySpan<byte> frame, int linkType, out UdpFrame udp)
    {
        udp = default;
        switch (linkType)
        {
            case EthernetLink:
                return TryEthernet(frame, out udp);
            case LinuxCookedLink:
                return frame.Length >= 16 && TryIp(frame[16..], BinaryPrimitives.ReadUInt16BigEndian(frame[14..]), out udp);
            case LinuxCooked2Link:
                return frame.Length >= 20 && TryIp(frame[20..], BinaryPrimitives.ReadUInt16BigEndian(frame), out udp);
            case RawIpLink:
                return TryRawIp(frame, out udp);
            case NullLink:
                return frame.Length >= 4 && TryRawIp(frame[4..], out udp);
            default:
                return false;
        }
    }

    private static bool TryEthernet(ReadOnlySpan<byte> frame, out UdpFrame udp)
    {
        udp = default;
        int at = 12;
        for (int tags = 0; ; tags++)
        {
            if (frame.Length < at + 2)
                return false;
            ushort type = BinaryPrimitives.ReadUInt16BigEndian(frame[at..]);
            at += 2;
            if (type is not (0x8100 or 0x88A8) || tags == 2)
                return TryIp(frame[at..], type, out udp);
            at += 2;
        }
    }

    private static bool TryRawIp(ReadOnlySpan<byte> packet, out UdpFrame udp)
    {
        udp = default;
        return !packet.IsEmpty && TryIp(packet, (packet[0] >> 4) switch { 4 => 0x0800, 6 => 0x86DD, _ => 0 }, out udp);
    }

    private static bool TryIp(ReadOnlySpan<byte> packet, int etherType, out UdpFrame udp)
    {
        udp = default;
        if (etherType == 0x0800)
        {
            if (packet.Length < 20 || packet[0] >> 4 != 4)
                return false;
            int headerBytes = (packet[0] & 0x0F) * 4;
            bool isLaterFragment = (BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x1FFF) != 0;
            if (headerBytes < 20 || packet.Length < headerBytes || packet[9] != 17 || isLaterFragment)
                return false;
            return TryUdp(packet[headerBytes..], BinaryPrimitives.ReadUInt32BigEndian(packet[16..]), out udp);
        }
        const int ipv6HeaderBytes = 40;
        if (etherType != 0x86DD || packet.Length < ipv6HeaderBytes || packet[0] >> 4 != 6 || packet[6] != 17)
            return false;
        return TryUdp(packet[ipv6HeaderBytes..], 0, out udp);
    }

    private static bool TryUdp(ReadOnlySpan<byte> segment, uint destination, out UdpFrame udp)
    {
        udp = default;
        const int udpHeaderBytes = 8;
        if (segment.Length < udpHeaderBytes)
            return false;
        int length = BinaryPrimitives.ReadUInt16BigEndian(segment[4..]) - udpHeaderBytes;
        if (length < 0)
            return false;
        bool isCut = length > segment.Length - udpHeaderBytes;
        ReadOnlySpan<byte> payload = segment.Slice(udpHeaderBytes, isCut ? segment.Length - udpHeaderBytes : length);
        udp = new UdpFrame(payload, BinaryPrimitives.ReadUInt16BigEndian(segment), BinaryPrimitives.ReadUInt16BigEndian(segment[2..]), destination, isCut);
        return true;
    }
}
