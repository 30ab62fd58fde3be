using System.Buffers.Binary;
using Appliance.Ingest.Binance;
using Appliance.Ingest.Deep;
using Appliance.Ingest.Itch;
using Appliance.Ingest.Mold;

namespace Appliance.Ingest.Pcap;

/// <summary>What a capture file holds, as far as its bytes tell.</summary>
public enum CaptureKind : byte
{
    Unknown = 0,
    /// <summary>pcap or pcapng of ITCH 5.0 in MoldUDP64.</summary>
    PcapItch = 1,
    /// <summary>pcap or pcapng of DEEP 1.0 in IEX-TP.</summary>
    PcapDeep = 2,
    /// <summary>Raw ITCH 5.0, each message after its length.</summary>
    ItchFile = 3,
    /// <summary>Text lines of a receive time and a JSON message.</summary>
    JsonLines = 4,
}

/// <summary>Looks at the first packets or bytes of a file and says what it is.</summary>
public static class CaptureSniffer
{
    /// <summary>Packets looked at before a capture is given up as of an unknown protocol: a shared port mirror may begin with other traffic.</summary>
    private const int PacketsLookedAt = 1_000;
    private const int MessagesLookedAt = 16;

    public static string NameOf(CaptureKind kind) => kind switch
    {
        CaptureKind.PcapItch => "pcap-itch",
        CaptureKind.PcapDeep => "pcap-deep",
        CaptureKind.ItchFile => "itch-file",
        CaptureKind.JsonLines => "binance-json",
        _ => "unknown",
    };

    public static bool TryParse(string name, out CaptureKind kind)
    {
        kind = name switch
        {
            "pcap-itch" => CaptureKind.PcapItch,
            "pcap-deep" => CaptureKind.PcapDeep,
            "itch-file" => CaptureKind.ItchFile,
            "binance-json" => CaptureKind.JsonLines,
            _ => CaptureKind.Unknown,
        };
        return kind != CaptureKind.Unknown;
    }

    /// <param name="seen">What was seen, in words, for an error message.</param>
    public static CaptureKind Sniff(string path, out string seen)
    {
        using (StreamWindow window = StreamWindow.OpenFile(path))
        {
            window.Ensure(4_096);
            string compressed = window.IsGzip ? "gzip of " : "";
            if (!CaptureReader.IsCapture(window.Span))
            {
                CaptureKind kind = SniffPlain(window.Span, out seen);
                seen = compressed + seen;
                return kind;
            }
        }
        using CaptureReader reader = CaptureReader.OpenFile(path);
        return SniffPackets(reader, out seen);
    }

    private static CaptureKind SniffPackets(CaptureReader reader, out string seen)
    {
        long udpPackets = 0;
        while (reader.Packets < PacketsLookedAt && reader.Read())
        {
            if (!UdpFrame.TryParse(reader.Data, reader.LinkType, out UdpFrame frame))
                continue;
            udpPackets++;
            CaptureKind kind = ProtocolOf(frame.Payload);
            if (kind != CaptureKind.Unknown)
            {
                seen = $"a capture of {NameOf(kind)}";
                return kind;
            }
        }
        seen = $"a capture (link type {reader.LinkType}) whose first {reader.Packets} packets, {udpPackets} of them UDP, are neither ITCH 5.0 in MoldUDP64 nor DEEP in IEX-TP";
        return CaptureKind.Unknown;
    }

    /// <summary>The protocol of one UDP payload; Unknown when it could be anything.</summary>
    public static CaptureKind ProtocolOf(ReadOnlySpan<byte> payload)
    {
        if (IexTpHeader.TryRead(payload, out IexTpHeader segment) && segment.Version == IexTpHeader.CurrentVersion && payload[1] == 0
            && segment.ProtocolId == IexTpHeader.DeepProtocol && segment.PayloadLength <= payload.Length - IexTpHeader.Length)
            return CaptureKind.PcapDeep;
        if (!MoldHeader.TryRead(payload, out MoldHeader header) || header.MessageCount == 0)
            return CaptureKind.Unknown;
        return LooksLikeItch(payload[MoldHeader.Length..], header.MessageCount, mustEnd: true) ? CaptureKind.PcapItch : CaptureKind.Unknown;
    }

    private static CaptureKind SniffPlain(ReadOnlySpan<byte> head, out string seen)
    {
        if (LooksLikeItch(head, MessagesLookedAt, mustEnd: false))
        {
            seen = "raw ITCH 5.0";
            return CaptureKind.ItchFile;
        }
        int lineBytes = head.IndexOf((byte)'\n');
        if (BinanceCapture.LooksLike(lineBytes < 0 ? head : head[..lineBytes]))
        {
            seen = "lines of a time and a JSON message";
            return CaptureKind.JsonLines;
        }
        seen = head.IsEmpty ? "an empty file" : $"{Convert.ToHexString(head[..Math.Min(16, head.Length)])} at its beginning";
        return CaptureKind.Unknown;
    }

    /// <summary>Length prefixes that each name a known message's own length.</summary>
    private static bool LooksLikeItch(ReadOnlySpan<byte> messages, int count, bool mustEnd)
    {
        int known = 0;
        for (int i = 0; i < count; i++)
        {
            if (messages.Length < 3)
                return !mustEnd && known > 0;
            int length = BinaryPrimitives.ReadUInt16BigEndian(messages);
            if (length == 0 || ItchMessage.LengthOf(messages[2]) != length)
                return false;
            known++;
            if (messages.Length < 2 + length)
                return !mustEnd;
            messages = messages[(2 + length)..];
        }
        return known > 0;
    }
}
