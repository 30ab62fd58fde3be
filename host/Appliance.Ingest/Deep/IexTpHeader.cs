using System.Buffers.Binary;

namespace Appliance.Ingest.Deep;

/// <summary>
/// The outbound header of the IEX Transport Protocol 1.25: 40 bytes, little-endian. The payload is Count messages, each after its 2-byte length. A segment
/// without messages is a heartbeat; its sequence is the next message's.
/// </summary>
public readonly record struct IexTpHeader(
    byte Version, ushort ProtocolId, uint ChannelId, uint SessionId, ushort PayloadLength, ushort MessageCount, long StreamOffset, long FirstSequence, long SendTimeNs)
{
    public const int Length = 40;
    public const byte CurrentVersion = 1;
    public const ushort DeepProtocol = 0x8004;

    public bool IsHeartbeat => MessageCount == 0;

    public static bool TryRead(ReadOnlySpan<byte> segment, out IexTpHeader header)
    {
        if (segment.Length < Length)
        {
            header = default;
            return false;
        }
        header = new IexTpHeader(
            segment[0],
            BinaryPrimitives.ReadUInt16LittleEndian(segment[2..]),
            BinaryPrimitives.ReadUInt32LittleEndian(segment[4..]),
            BinaryPrimitives.ReadUInt32LittleEndian(segment[8..]),
            BinaryPrimitives.ReadUInt16LittleEndian(segment[12..]),
            BinaryPrimitives.ReadUInt16LittleEndian(segment[14..]),
            BinaryPrimitives.ReadInt64LittleEndian(segment[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(segment[24..]),
            BinaryPrimitives.ReadInt64LittleEndian(segment[32..]));
        return true;
    }

    public void WriteTo(Span<byte> to)
    {
        to[0] = Version;
        to[1] = 0;
        BinaryPrimitives.WriteUInt16LittleEndian(to[2..], ProtocolId);
        BinaryPrimitives.WriteUInt32LittleEndian(to[4..], ChannelId);
        BinaryPrimitives.WriteUInt32LittleEndian(to[8..], SessionId);
        BinaryPrimitives.WriteUInt16LittleEndian(to[12..], PayloadLength);
        BinaryPrimitives.WriteUInt16LittleEndian(to[14..], MessageCount);
        BinaryPrimitives.WriteInt64LittleEndian(to[16..], StreamOffset);
        BinaryPrimitives.WriteInt64LittleEndian(to[24..], FirstSequence);
        BinaryPrimitives.WriteInt64LittleEndian(to[32..], SendTimeNs);
    }
}
