using System.Buffers.Binary;
using System.Text;

namespace Appliance.Tests.Ingest;

/// <summary>Builds wire bytes field by field as the specifications' tables list them: independent of the encoders under test.</summary>
internal sealed class WireBytes(bool bigEndian)
{
    private readonly List<byte> _bytes = [];

    public static WireBytes Big => new(true);
    public static WireBytes Little => new(false);

    public int Length => _bytes.Count;

    public WireBytes A(string text, int width = 0)
    {
        _bytes.AddRange(Encoding.Latin1.GetBytes(text.PadRight(width)));
        return this;
    }

    public WireBytes N(int width, ulong value)
    {
        Span<byte> eight = stackalloc byte[8];
        if (bigEndian)
        {
            BinaryPrimitives.WriteUInt64BigEndian(eight, value);
            _bytes.AddRange(eight[(8 - width)..]);
        }
        else
        {
            BinaryPrimitives.WriteUInt64LittleEndian(eight, value);
            _bytes.AddRange(eight[..width]);
        }
        return this;
    }

    public WireBytes Raw(ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public byte[] Done() => [.. _bytes];

    /// <summary>Type, locate, tracking number and timestamp of an ITCH message.</summary>
    public static WireBytes Itch(char type, ushort locate = 0x1234, ushort tracking = 7, ulong timestamp = 34_200_000_000_001) =>
        Big.A(type.ToString()).N(2, locate).N(2, tracking).N(6, timestamp);

    public static WireBytes Deep(char type, byte own, long timestamp = 1_493_132_859_081_085_852) =>
        Little.A(type.ToString()).N(1, own).N(8, (ulong)timestamp);

    public static byte[] Mold(ulong sequence, params ReadOnlySpan<byte[]> messages) => Mold("SESSION001", sequence, messages);

    public static byte[] Mold(string session, ulong sequence, params ReadOnlySpan<byte[]> messages)
    {
        WireBytes packet = Big.A(session, 10).N(8, sequence).N(2, (ulong)messages.Length);
        foreach (byte[] message in messages)
            packet.N(2, (ulong)message.Length).Raw(message);
        return packet.Done();
    }

    public static byte[] IexTp(long sequence, long sendTime, params ReadOnlySpan<byte[]> messages) => IexTp(1, sequence, sendTime, messages);

    public static byte[] IexTp(uint session, long sequence, long sendTime, params ReadOnlySpan<byte[]> messages)
    {
        WireBytes payload = Little;
        foreach (byte[] message in messages)
            payload.N(2, (ulong)message.Length).Raw(message);
        return Little.N(1, 1).N(1, 0).N(2, 0x8004).N(4, 1).N(4, session).N(2, (ulong)payload.Length).N(2, (ulong)messages.Length)
            .N(8, 0).N(8, (ulong)sequence).N(8, (ulong)sendTime).Raw(payload.Done()).Done();
    }

    /// <summary>An Ethernet frame with VLAN tags, IPv4 and UDP around a payload.</summary>
    public static byte[] Frame(byte[] payload, int vlanTags = 0, ushort port = 26_477)
    {
        WireBytes frame = Big.N(6, 0x01005E360C6F).N(6, 0x0011223344);
        for (int i = 0; i < vlanTags; i++)
            frame.N(2, i == 0 && vlanTags == 2 ? 0x88A8u : 0x8100u).N(2, (ulong)(100 + i));
        return frame.N(2, 0x0800).Raw(IPv4(payload, port)).Done();
    }

    public static byte[] IPv4(byte[] payload, ushort port, int optionBytes = 0, ushort fragment = 0) => Big
        .N(1, (ulong)(0x45 + optionBytes / 4)).N(1, 0).N(2, (ulong)(28 + optionBytes + payload.Length)).N(2, 1).N(2, fragment).N(1, 16).N(1, 17).N(2, 0)
        .N(4, 0xC0A80001).N(4, 0xEF010101).Raw(new byte[optionBytes])
        .N(2, 40_000).N(2, port).N(2, (ulong)(8 + payload.Length)).N(2, 0).Raw(payload).Done();

    public static byte[] IPv6(byte[] payload, ushort port) => Big
        .N(4, 0x60000000).N(2, (ulong)(8 + payload.Length)).N(1, 17).N(1, 16).Raw(new byte[32])
        .N(2, 40_000).N(2, port).N(2, (ulong)(8 + payload.Length)).N(2, 0).Raw(payload).Done();
}
