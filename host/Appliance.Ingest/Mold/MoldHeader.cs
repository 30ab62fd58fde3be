using System.Buffers.Binary;
using System.Text;

namespace Appliance.Ingest.Mold;

/// <summary>The ten bytes that name a MoldUDP64 session: ASCII digits or letters, padded on the right with spaces.</summary>
public readonly record struct MoldSession(ulong First, ushort Last)
{
    public const int Length = 10;

    public static MoldSession Read(ReadOnlySpan<byte> from) =>
        new(BinaryPrimitives.ReadUInt64LittleEndian(from), BinaryPrimitives.ReadUInt16LittleEndian(from[8..]));

    public void WriteTo(Span<byte> to)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(to, First);
        BinaryPrimitives.WriteUInt16LittleEndian(to[8..], Last);
    }

    public static MoldSession Parse(string text)
    {
        if (text.Length is 0 or > Length || text.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            throw new ArgumentException($"'{text}' is not a MoldUDP64 session: one to ten ASCII characters are allowed.", nameof(text));
        Span<byte> bytes = stackalloc byte[Length];
        bytes.Fill((byte)' ');
        Encoding.ASCII.GetBytes(text, bytes);
        return Read(bytes);
    }

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Length];
        WriteTo(bytes);
        return Encoding.Latin1.GetString(bytes).TrimEnd(' ');
    }
}

/// <summary>
/// The downstream header of MoldUDP64 1.00: session, the sequence number of the packet's first message (from 1), message count; 20 bytes, big-endian.
/// A request packet, from receiver to re-request server, has the same form. Count 0 is a heartbeat whose sequence is the next one
/// to be sent; 0xFFFF ends the session.
/// </summary>
public readonly record struct MoldHeader(MoldSession Session, ulong Sequence, ushort Count)
{
    public const int Length = 20;
    public const ushort HeartbeatCount = 0;
    public const ushort EndOfSessionCount = 0xFFFF;

    public bool IsHeartbeat => Count == HeartbeatCount;
    public bool IsEndOfSession => Count == EndOfSessionCount;

    /// <summary>How many messages follow: none after a heartbeat or an end of session.</summary>
    public int MessageCount => Count == EndOfSessionCount ? 0 : Count;

    public static bool TryRead(ReadOnlySpan<byte> packet, out MoldHeader header)
    {
        if (packet.Length < Length)
        {
            header = default;
            return false;
        }
        header = new MoldHeader(MoldSession.Read(packet), BinaryPrimitives.ReadUInt64BigEndian(packet[10..]), BinaryPrimitives.ReadUInt16BigEndian(packet[18..]));
        return true;
    }

    public void WriteTo(Span<byte> to)
    {
        Session.WriteTo(to);
        BinaryPrimitives.WriteUInt64BigEndian(to[10..], Sequence);
        BinaryPrimitives.WriteUInt16BigEndian(to[18..], Count);
    }
}
