using System.Buffers.Binary;
using Appliance.Ingest.Pcap;

namespace Appliance.Tests.Ingest;

/// <summary>Random captures, mostly right and often wrong: tags, options, fragments, cut frames, lengths that lie, unknown and short messages, a torn end.</summary>
internal sealed class CaptureMaker(int seed, CaptureKind kind)
{
    // Type and specified length, after the tables of the specifications.
    private const string ItchTypes = "S12 R39 H25 Y20 L26 V35 W12 K28 J35 h21 A36 F40 E31 C36 X23 D19 U35 P44 Q40 B19 I50 N20 O48";
    private const string DeepTypes = "S10 D31 H22 I18 O18 P19 E18 830 530 T38 X26 B38 A80";

    private readonly Random _random = new(seed);
    private readonly (byte Type, int Length)[] _types =
        [.. (kind == CaptureKind.PcapDeep ? DeepTypes : ItchTypes).Split(' ').Select(t => ((byte)t[0], int.Parse(t[1..])))];
    private readonly MemoryStream _out = new();
    private bool _bigEndian;
    private ushort _link;

    private bool OneIn(int n) => _random.Next(n) == 0;

    /// <param name="variant">0: pcap, little-endian, Ethernet; 1: pcap, big-endian, another link type; 2: pcapng.</param>
    public byte[] Make(int packets, int variant)
    {
        _bigEndian = variant == 1;
        _link = variant == 1 ? (OneIn(2) ? (ushort)113 : (ushort)101) : (ushort)1;
        if (kind == CaptureKind.ItchFile)
        {
            for (int i = 0; i < packets; i++)
            {
                byte[] message = Message();
                _out.Write([(byte)(message.Length >> 8), (byte)message.Length]);
                _out.Write(message);
            }
        }
        else
        {
            WriteFileHeader(variant);
            for (int i = 0; i < packets; i++) WriteRecord(Frame(), variant);
        }
        byte[] bytes = _out.ToArray();
        return OneIn(3) ? bytes : bytes[..^_random.Next(1, 40)];
    }

    private void WriteFileHeader(int variant)
    {
        if (variant == 2)
        {
            Word(0x0A0D0D0A); Word(28); Word(0x1A2B3C4D); Half(1); Half(0); Word(uint.MaxValue); Word(uint.MaxValue); Word(28);
            WriteInterface(1);
            WriteInterface(101);
            return;
        }
        Word(OneIn(2) ? 0xA1B2C3D4 : 0xA1B23C4D); Half(2); Half(4); Word(0); Word(0); Word(262_144); Word(_link);
    }

    private void WriteInterface(ushort link)
    {
        Word(1); Word(20); Half(link); Half(0); Word(262_144); Word(20);
    }

    private void WriteRecord(byte[] frame, int variant)
    {
        int captured = OneIn(20) ? _random.Next(frame.Length + 1) : frame.Length;
        if (variant != 2)
        {
            Word(1_700_000_000); Word((uint)_random.Next(1_000_000)); Word((uint)captured); Word((uint)frame.Length);
            _out.Write(frame.AsSpan(0, captured));
            return;
        }
        // Blocks of another kind stand between the packets.
        if (OneIn(30))
        {
            Word(5); Word(16); Word(0); Word(16);
        }
        int padded = (captured + 3) & ~3;
        Word(6); Word((uint)(32 + padded)); Word(_link == 1 ? 0u : 1u); Word(0x0005_0000); Word((uint)_random.Next()); Word((uint)captured); Word((uint)frame.Length);
        _out.Write(frame.AsSpan(0, captured));
        _out.Write(new byte[padded - captured]);
        Word((uint)(32 + padded));
        // The next packet may come from the other interface.
        _link = OneIn(2) ? (ushort)1 : (ushort)101;
    }

    private byte[] Frame()
    {
        var frame = new List<byte>();
        bool isVersion6 = OneIn(5);
        int ethertype = OneIn(40) ? 0x0806 : isVersion6 ? 0x86DD : 0x0800;
        if (_link == 113)
        {
            frame.AddRange(RandomBytes(14));
            Add16(frame, ethertype);
        }
        else if (_link == 1)
        {
            frame.AddRange(RandomBytes(12));
            for (int tags = OneIn(3) ? _random.Next(4) : 0; tags > 0; tags--)
            {
                Add16(frame, OneIn(2) ? 0x8100 : 0x88A8);
                Add16(frame, _random.Next(65_536));
            }
            Add16(frame, ethertype);
        }
        byte[] payload = Payload();
        int udpLength = OneIn(25) ? _random.Next(65_536) : 8 + payload.Length;
        AddNetworkHeader(frame, isVersion6, 8 + payload.Length);
        frame.AddRange(RandomBytes(4));
        Add16(frame, udpLength);
        Add16(frame, 0);
        frame.AddRange(payload);
        // Ethernet's padding to its least frame, or a trailer.
        if (OneIn(4)) frame.AddRange(RandomBytes(_random.Next(1, 20)));
        return [.. frame];
    }

    private void AddNetworkHeader(List<byte> frame, bool isVersion6, int udpBytes)
    {
        byte protocol = OneIn(40) ? (byte)6 : (byte)17;
        if (isVersion6)
        {
            frame.Add((byte)(OneIn(40) ? 0x50 : 0x60));
            frame.AddRange(RandomBytes(3));
            Add16(frame, udpBytes);
            frame.AddRange([protocol, 64]);
            frame.AddRange(RandomBytes(32));
            return;
        }
        int words = OneIn(40) ? _random.Next(5) : OneIn(5) ? _random.Next(5, 16) : 5;
        frame.Add((byte)((OneIn(40) ? 0x50 : 0x40) | words));
        frame.Add(0);
        Add16(frame, words * 4 + udpBytes);
        Add16(frame, _random.Next(65_536));
        Add16(frame, OneIn(20) ? _random.Next(65_536) : OneIn(3) ? 0x4000 : 0);
        frame.AddRange([64, protocol]);
        frame.AddRange(RandomBytes(10));
        frame.AddRange(RandomBytes(Math.Max(0, words - 5) * 4));
    }

    private byte[] Payload()
    {
        var payload = new List<byte>();
        bool isDeep = kind == CaptureKind.PcapDeep;
        int messages = OneIn(5) ? 0 : _random.Next(1, 6);
        int count = OneIn(15) ? _random.Next(65_536) : messages;
        if (OneIn(40)) return RandomBytes(_random.Next(isDeep ? 40 : 20));
        if (isDeep)
        {
            payload.AddRange(RandomBytes(14));
            payload.AddRange([(byte)count, (byte)(count >> 8)]);
            payload.AddRange(RandomBytes(24));
        }
        else
        {
            payload.AddRange(Text(10));
            payload.AddRange(RandomBytes(8));
            Add16(payload, OneIn(30) ? 65_535 : count);
        }
        for (int i = 0; i < messages; i++)
        {
            byte[] message = Message();
            int length = OneIn(60) ? _random.Next(65_536) : message.Length;
            payload.AddRange(isDeep ? [(byte)length, (byte)(length >> 8)] : [(byte)(length >> 8), (byte)length]);
            payload.AddRange(message);
        }
        if (OneIn(20)) payload.AddRange(RandomBytes(_random.Next(1, 8)));
        return [.. payload];
    }

    private byte[] Message()
    {
        if (OneIn(60)) return [];
        (byte type, int length) = _types[_random.Next(_types.Length)];
        if (OneIn(20)) length = Math.Max(1, length - _random.Next(1, 6));
        if (OneIn(20)) length += _random.Next(1, 6);
        // Text-like and random bytes by turns, so that names with blanks, bars and bytes above 127 all come.
        byte[] message = OneIn(3) ? RandomBytes(length) : Text(length);
        message[0] = OneIn(40) ? (byte)_random.Next(256) : type;
        return message;
    }

    private byte[] Text(int length)
    {
        var bytes = new byte[length];
        for (int i = 0; i < length; i++) bytes[i] = OneIn(3) ? (byte)' ' : OneIn(10) ? (byte)_random.Next(256) : (byte)_random.Next(0x20, 0x80);
        return bytes;
    }

    private byte[] RandomBytes(int length)
    {
        var bytes = new byte[length];
        _random.NextBytes(bytes);
        return bytes;
    }

    private static void Add16(List<byte> bytes, int value) => bytes.AddRange([(byte)(value >> 8), (byte)value]);

    private void Word(uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        if (_bigEndian) BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        else BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        _out.Write(bytes);
    }

    private void Half(ushort value)
    {
        Span<byte> bytes = stackalloc byte[2];
        if (_bigEndian) BinaryPrimitives.WriteUInt16BigEndian(bytes, value);
        else BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);
        _out.Write(bytes);
    }
}
