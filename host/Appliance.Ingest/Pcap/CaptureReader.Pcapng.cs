using System.Buffers.Binary;

namespace Appliance.Ingest.Pcap;

// The pcapng half: sections, each with its byte order and interfaces, each interface with its link type and clock resolution.
public sealed partial class CaptureReader
{
    private const uint SectionHeaderBlock = 0x0A0D0D0A;
    private const uint InterfaceBlock = 1;
    private const uint ObsoletePacketBlock = 2;
    private const uint SimplePacketBlock = 3;
    private const uint EnhancedPacketBlock = 6;
    private const int MaxInterfaces = 256;
    private const int BlockFrameBytes = 12;

    private readonly Interface[] _interfaces = new Interface[MaxInterfaces];
    private int _interfaceCount;

    private struct Interface
    {
        public int LinkType;
        public uint SnapBytes;
        /// <summary>if_tsresol: a power of ten, or of two when the high bit is set.</summary>
        public byte Resolution;
        public long OffsetSeconds;
    }

    private bool ReadPcapng()
    {
        while (true)
        {
            if (!_window.Ensure(BlockFrameBytes))
                return EndOrTear();
            // A section header reads the same in both byte orders, and says which one holds from there on.
            if (BinaryPrimitives.ReadUInt32LittleEndian(_window.Span) == SectionHeaderBlock && !BeginSection())
                return false;
            uint type = U32(_window.Span);
            uint length = U32(_window.Span[4..]);
            if (length < BlockFrameBytes || length % 4 != 0 || length > MaxRecordBytes + 1024)
                return Damaged($"a pcapng block of {length} bytes");
            if (!_window.Ensure((int)length))
                return EndOrTear();
            ReadOnlySpan<byte> body = _window.Span[8..((int)length - 4)];
            if (U32(_window.Span[((int)length - 4)..]) != length)
                return Damaged("a pcapng block whose two lengths differ");

            bool isPacket = type is EnhancedPacketBlock or SimplePacketBlock or ObsoletePacketBlock;
            if (isPacket)
                return OnPacket(type, body, (int)length);
            if (type == InterfaceBlock && !OnInterface(body))
                return false;
            _window.Advance((int)length);
        }
    }

    private bool BeginSection()
    {
        uint order = BinaryPrimitives.ReadUInt32LittleEndian(_window.Span[8..]);
        if (order is not (0x1A2B3C4D or 0x4D3C2B1A))
            return Damaged($"a pcapng section with byte-order magic 0x{order:X8}");
        _isBigEndian = order == 0x4D3C2B1A;
        _interfaceCount = 0;
        return true;
    }

    private bool OnInterface(ReadOnlySpan<byte> body)
    {
        if (body.Length < 8)
            return Damaged("a pcapng interface block of fewer than 8 bytes");
        if (_interfaceCount == MaxInterfaces)
            return Damaged($"more than {MaxInterfaces} interfaces in one section");
        ref Interface described = ref _interfaces[_interfaceCount++];
        described = new Interface { LinkType = U16(body), SnapBytes = U32(body[4..]), Resolution = 6 };
        ReadOnlySpan<byte> options = body[8..];
        while (options.Length >= 4)
        {
            int code = U16(options);
            int bytes = U16(options[2..]);
            if (code == 0 || options.Length - 4 < bytes)
                break;
            if (code == 9 && bytes >= 1)
                described.Resolution = options[4];
            if (code == 14 && bytes >= 8)
                described.OffsetSeconds = _isBigEndian ? BinaryPrimitives.ReadInt64BigEndian(options[4..]) : BinaryPrimitives.ReadInt64LittleEndian(options[4..]);
            options = options[Math.Min(options.Length, 4 + (bytes + 3) / 4 * 4)..];
        }
        return true;
    }

    private bool OnPacket(uint type, ReadOnlySpan<byte> body, int blockBytes)
    {
        int fixedBytes = type == SimplePacketBlock ? 4 : 20;
        if (body.Length < fixedBytes)
            return Damaged("a pcapng packet block too short for its fields");
        int index = type switch { EnhancedPacketBlock => (int)Math.Min(U32(body), int.MaxValue), ObsoletePacketBlock => U16(body), _ => 0 };
        if (index >= _interfaceCount)
            return Damaged($"a packet of interface {index}, of which the section has described {_interfaceCount}");
        ref readonly Interface source = ref _interfaces[index];
        uint captured;
        if (type == SimplePacketBlock)
        {
            // It has no time of its own: the time of the packet before stands.
            uint wire = U32(body);
            captured = Math.Min(wire, source.SnapBytes == 0 ? uint.MaxValue : source.SnapBytes);
            captured = Math.Min(captured, (uint)(body.Length - 4));
            WireBytes = (int)Math.Min(wire, int.MaxValue);
        }
        else
        {
            TimeUtcNs = ToNs(((ulong)U32(body[4..]) << 32) | U32(body[8..]), source);
            captured = U32(body[12..]);
            WireBytes = (int)Math.Min(U32(body[16..]), int.MaxValue);
        }
        if (captured > body.Length - fixedBytes)
            return Damaged($"a packet of {captured} bytes in a block of {blockBytes}");
        LinkType = source.LinkType;
        return Found(8 + fixedBytes, (int)captured, blockBytes);
    }

    private static long ToNs(ulong units, in Interface source)
    {
        int exponent = source.Resolution & 0x7F;
        UInt128 ns;
        if ((source.Resolution & 0x80) != 0)
            ns = ((UInt128)units * 1_000_000_000) >> exponent;
        else if (exponent <= 9)
            ns = (UInt128)units * PowerOfTen(9 - exponent);
        else
            ns = exponent <= 28 ? units / PowerOfTen(exponent - 9) : 0;
        return unchecked((long)(ulong)ns + source.OffsetSeconds * 1_000_000_000);
    }

    private static ulong PowerOfTen(int exponent)
    {
        ulong power = 1;
        for (int i = 0; i < exponent; i++)
            power *= 10;
        return power;
    }
}
