using Appliance.Ingest.Pcap;

namespace Appliance.Tests.Ingest;

/// <summary>The way from a captured frame to its UDP payload.</summary>
public class UdpFrameTests
{
    private static readonly byte[] s_payload = [10, 20, 30, 40];

    private static byte[]? PayloadOf(byte[] frame, int linkType = 1) =>
        UdpFrame.TryParse(frame, linkType, out UdpFrame udp) ? udp.Payload.ToArray() : null;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Ethernet_with_vlan_tags(int tags)
    {
        Assert.True(UdpFrame.TryParse(WireBytes.Frame(s_payload, tags), 1, out UdpFrame udp));
        Assert.Equal(s_payload, udp.Payload.ToArray());
        Assert.Equal((26_477, 40_000, 0xEF010101u, false), ((int)udp.DestinationPort, (int)udp.SourcePort, udp.DestinationIPv4, udp.IsCut));
    }

    [Fact]
    public void A_third_tag_is_not_ours() => Assert.Null(PayloadOf(WireBytes.Frame(s_payload, 3)));

    [Fact]
    public void Linux_cooked_raw_and_loopback_links()
    {
        byte[] ip = WireBytes.IPv4(s_payload, 1);
        Assert.Equal(s_payload, PayloadOf(WireBytes.Big.Raw(new byte[14]).N(2, 0x0800).Raw(ip).Done(), 113));
        Assert.Equal(s_payload, PayloadOf(WireBytes.Big.N(2, 0x0800).Raw(new byte[18]).Raw(ip).Done(), 276));
        Assert.Equal(s_payload, PayloadOf(ip, 101));
        Assert.Equal(s_payload, PayloadOf([2, 0, 0, 0, .. ip], 0));
        Assert.Null(PayloadOf(ip, 147));
    }

    [Fact]
    public void Ipv6_and_ipv4_with_options()
    {
        byte[] ethernet = new byte[12];
        Assert.Equal(s_payload, PayloadOf(WireBytes.Big.Raw(ethernet).N(2, 0x86DD).Raw(WireBytes.IPv6(s_payload, 1)).Done()));
        Assert.Equal(s_payload, PayloadOf(WireBytes.Big.Raw(ethernet).N(2, 0x0800).Raw(WireBytes.IPv4(s_payload, 1, optionBytes: 8)).Done()));
    }

    [Fact]
    public void A_later_fragment_and_other_protocols_are_not_udp()
    {
        Assert.Null(PayloadOf(WireBytes.IPv4(s_payload, 1, fragment: 185), 101));
        Assert.Equal(s_payload, PayloadOf(WireBytes.IPv4(s_payload, 1, fragment: 0x2000), 101));
        byte[] tcp = WireBytes.IPv4(s_payload, 1);
        tcp[9] = 6;
        Assert.Null(PayloadOf(tcp, 101));
        byte[] arp = WireBytes.Frame(s_payload);
        arp[13] = 6;
        Assert.Null(PayloadOf(arp));
    }

    [Fact]
    public void Ethernet_padding_is_not_payload() => Assert.Equal(s_payload, PayloadOf([.. WireBytes.Frame(s_payload), 0, 0, 0, 0]));

    [Fact]
    public void A_frame_cut_at_any_byte_gives_at_most_what_is_there()
    {
        byte[] frame = WireBytes.Frame(s_payload, 1);
        for (int bytes = 0; bytes < frame.Length; bytes++)
        {
            bool isUdp = UdpFrame.TryParse(frame.AsSpan(0, bytes), 1, out UdpFrame udp);
            Assert.Equal(bytes >= frame.Length - s_payload.Length, isUdp);
            if (isUdp)
                Assert.True(udp.IsCut && udp.Payload.SequenceEqual(s_payload.AsSpan(0, udp.Payload.Length)));
        }
    }
}
