using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Appliance.Ingest.Soup;

/// <summary>
/// SoupBinTCP 3.00 packets: a 2-byte big-endian length (of type and payload), a type character, the payload. Both sides are here: the client's for the
/// source, the server's for venues and tests. Text fields are padded with spaces, names on the right, sequence numbers on the left.
/// </summary>
public static class SoupPacket
{
    public const int HeaderLength = 3;
    public const int SessionLength = 10;
    public const int SequenceLength = 20;
    public const int LoginRequestLength = HeaderLength + 6 + 10 + SessionLength + SequenceLength;
    public const int LoginAcceptedLength = HeaderLength + SessionLength + SequenceLength;

    public const byte Debug = (byte)'+';
    public const byte LoginAccepted = (byte)'A';
    public const byte LoginRejected = (byte)'J';
    public const byte Sequenced = (byte)'S';
    public const byte Unsequenced = (byte)'U';
    public const byte ServerHeartbeat = (byte)'H';
    public const byte EndOfSession = (byte)'Z';
    public const byte LoginRequest = (byte)'L';
    public const byte ClientHeartbeat = (byte)'R';
    public const byte LogoutRequest = (byte)'O';

    /// <summary>Writes a packet of any type; returns its length with the header.</summary>
    public static int Write(Span<byte> to, byte type, ReadOnlySpan<byte> payload)
    {
        BinaryPrimitives.WriteUInt16BigEndian(to, checked((ushort)(payload.Length + 1)));
        to[2] = type;
        payload.CopyTo(to[HeaderLength..]);
        return HeaderLength + payload.Length;
    }

    public static int WriteLoginRequest(Span<byte> to, string username, string password, string session, ulong sequence)
    {
        Span<byte> payload = to[HeaderLength..LoginRequestLength];
        PutLeft(payload[..6], username);
        PutLeft(payload[6..16], password);
        PutRight(payload[16..26], session);
        PutRight(payload[26..46], sequence.ToString(CultureInfo.InvariantCulture));
        BinaryPrimitives.WriteUInt16BigEndian(to, LoginRequestLength - 2);
        to[2] = LoginRequest;
        return LoginRequestLength;
    }

    public static int WriteLoginAccepted(Span<byte> to, string session, ulong nextSequence)
    {
        Span<byte> payload = to[HeaderLength..LoginAcceptedLength];
        PutRight(payload[..SessionLength], session);
        PutRight(payload[SessionLength..], nextSequence.ToString(CultureInfo.InvariantCulture));
        BinaryPrimitives.WriteUInt16BigEndian(to, LoginAcceptedLength - 2);
        to[2] = LoginAccepted;
        return LoginAcceptedLength;
    }

    /// <summary>The number in a field of digits padded on the left with spaces (or zeros).</summary>
    public static bool TryReadNumber(ReadOnlySpan<byte> field, out ulong number) =>
        ulong.TryParse(field.Trim((byte)' '), NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static void PutLeft(Span<byte> field, string text)
    {
        field.Fill((byte)' ');
        if (text.Length > field.Length)
            throw new ArgumentException($"'{text}' is longer than the field's {field.Length} characters");
        Encoding.ASCII.GetBytes(text, field);
    }

    private static void PutRight(Span<byte> field, string text)
    {
        field.Fill((byte)' ');
        if (text.Length > field.Length)
            throw new ArgumentException($"'{text}' is longer than the field's {field.Length} characters");
        Encoding.ASCII.GetBytes(text, field[(field.Length - text.Length)..]);
    }
}
