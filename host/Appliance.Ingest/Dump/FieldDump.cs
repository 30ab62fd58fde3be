using System.Buffers.Binary;
using System.Security.Cryptography;
using Appliance.Ingest.Deep;
using Appliance.Ingest.Itch;
using Appliance.Ingest.Mold;
using Appliance.Ingest.Pcap;

namespace Appliance.Ingest.Dump;

/// <summary>
/// Writes every field of every message of a capture as text, in the form that tests/reference/FIELDS.md states. An independent decoder in another language writes the same;
/// equal hashes say that both read the specification alike.
/// </summary>
public sealed class FieldDump
{
    private readonly DumpLine _line;

    private FieldDump(Stream to) => _line = new DumpLine(to);

    /// <param name="kind">PcapItch, PcapDeep or ItchFile; null: found from the file.</param>
    public static void Write(string path, Stream to, CaptureKind? kind = null)
    {
        var dump = new FieldDump(to);
        switch (kind ?? CaptureOpener.KindOf(new CaptureOptions { Path = path }))
        {
            case CaptureKind.ItchFile: dump.WriteItchFile(path); break;
            case CaptureKind.PcapItch: dump.WritePackets(path, isDeep: false); break;
            case CaptureKind.PcapDeep: dump.WritePackets(path, isDeep: true); break;
            default: throw new CaptureFormatException(path, "a capture without a field dump", CaptureOpener.Allowed);
        }
        dump._line.Flush();
    }

    /// <summary>SHA-256 of the whole dump, lower-case hexadecimal.</summary>
    public static string Sha256(string path, CaptureKind? kind = null)
    {
        using var hash = SHA256.Create();
        using (var to = new CryptoStream(Stream.Null, hash, CryptoStreamMode.Write))
            Write(path, to, kind);
        return Convert.ToHexStringLower(hash.Hash!);
    }

    private void WriteItchFile(string path)
    {
        using StreamWindow window = StreamWindow.OpenFile(path);
        while (window.Ensure(2))
        {
            int length = BinaryPrimitives.ReadUInt16BigEndian(window.Span);
            if (!window.Ensure(2 + length))
                break;
            WriteMessage(window.Span.Slice(2, length), isDeep: false);
            window.Advance(2 + length);
        }
        if (window.Available > 0 || window.WasCut)
            _line.Begin("torn"u8).End();
    }

    private void WritePackets(string path, bool isDeep)
    {
        using CaptureReader reader = CaptureReader.OpenFile(path);
        while (reader.Read())
        {
            if (!UdpFrame.TryParse(reader.Data, reader.LinkType, out UdpFrame frame) || !TryWriteHeader(frame.Payload, isDeep, out int at, out int count))
            {
                _line.Begin("foreign"u8).Unsigned("length"u8, (ulong)reader.Data.Length).End();
                continue;
            }
            WriteMessages(frame.Payload[at..], count, isDeep);
        }
        if (reader.TornTail)
            _line.Begin("torn"u8).End();
    }

    private bool TryWriteHeader(ReadOnlySpan<byte> payload, bool isDeep, out int messagesAt, out int count)
    {
        if (isDeep)
        {
            messagesAt = IexTpHeader.Length;
            bool isSegment = IexTpHeader.TryRead(payload, out IexTpHeader segment);
            count = segment.MessageCount;
            if (isSegment)
                WriteHeader(segment);
            return isSegment;
        }
        messagesAt = MoldHeader.Length;
        bool isPacket = MoldHeader.TryRead(payload, out MoldHeader header);
        count = header.MessageCount;
        if (isPacket)
            WriteHeader(header);
        return isPacket;
    }

    private void WriteHeader(in MoldHeader header)
    {
        Span<byte> session = stackalloc byte[MoldSession.Length];
        header.Session.WriteTo(session);
        _line.Begin("mold"u8).Alpha("session"u8, session).Unsigned("sequence"u8, header.Sequence).Unsigned("count"u8, header.Count).End();
    }

    private void WriteHeader(in IexTpHeader header) => _line.Begin("iextp"u8)
        .Unsigned("version"u8, header.Version)
        .Unsigned("protocol"u8, header.ProtocolId)
        .Unsigned("channel"u8, header.ChannelId)
        .Unsigned("session"u8, header.SessionId)
        .Unsigned("length"u8, header.PayloadLength)
        .Unsigned("count"u8, header.MessageCount)
        .Signed("offset"u8, header.StreamOffset)
        .Signed("sequence"u8, header.FirstSequence)
        .Signed("sendTime"u8, header.SendTimeNs)
        .End();

    private void WriteMessages(ReadOnlySpan<byte> left, int count, bool isDeep)
    {
        for (int i = 0; i < count; i++)
        {
            int length = left.Length < 2 ? int.MaxValue
                : isDeep ? BinaryPrimitives.ReadUInt16LittleEndian(left) : BinaryPrimitives.ReadUInt16BigEndian(left);
            if (left.Length - 2 < length)
            {
                _line.Begin("truncated"u8).Unsigned("left"u8, (ulong)left.Length).End();
                return;
            }
            WriteMessage(left.Slice(2, length), isDeep);
            left = left[(2 + length)..];
        }
    }

    private void WriteMessage(ReadOnlySpan<byte> message, bool isDeep)
    {
        if (message.IsEmpty)
        {
            _line.Begin("empty"u8).End();
            return;
        }
        byte type = message[0];
        int length = isDeep ? DeepMessage.LengthOf(type) : ItchMessage.LengthOf(type);
        if (length == 0 || message.Length < length)
            _line.Begin(length == 0 ? "unknown"u8 : "short"u8).Unsigned("type"u8, type).Unsigned("length"u8, (ulong)message.Length).End();
        else if (isDeep)
            DeepDump.Write(message, _line);
        else
            ItchDump.Write(message, _line);
    }
}
