using System.Buffers.Binary;
using System.Diagnostics;
using Appliance.Contract;
using Appliance.Fix;

namespace Appliance.Interop;

/// <summary>A fact that needs tshark and is skipped, saying so, without it.</summary>
public sealed class TsharkFactAttribute : FactAttribute
{
    public const string Program = "/usr/bin/tshark";

    public TsharkFactAttribute()
    {
        if (!File.Exists(Program)) Skip = $"{Program} is absent: install tshark";
    }
}

/// <summary>Wireshark's FIX dissector reads a capture of our messages: it finds every one, their checksums right, and nothing malformed.</summary>
public sealed class TsharkTests
{
    [TsharkFact]
    public void Every_message_that_we_write_is_decoded_without_a_complaint()
    {
        var messages = new[] { FixVersion.Fix42, FixVersion.Fix44, FixVersion.Fix50, FixVersion.Fix50Sp1, FixVersion.Fix50Sp2 }.SelectMany(Traffic).ToList();
        string capture = Path.Combine(Path.GetTempPath(), $"fix-{Guid.NewGuid():N}.pcap");
        WriteCapture(capture, messages);
        try
        {
            string types = Run(capture, "-Y", "fix", "-T", "fields", "-e", "fix.MsgType");
            Assert.Equal(messages.Select(TypeOf), types.Split('\n', StringSplitOptions.RemoveEmptyEntries));
            string whole = Run(capture, "-V");
            Assert.DoesNotContain("Malformed", whole, StringComparison.Ordinal);
            Assert.DoesNotContain("[incorrect", whole, StringComparison.Ordinal);
            Assert.DoesNotContain("Expert Info (Error", whole, StringComparison.Ordinal);
            Assert.Equal(messages.Count, whole.Split("[Good Checksum: True]").Length - 1);
        }
        finally
        {
            File.Delete(capture);
        }
    }

    private static string TypeOf(byte[] message)
    {
        string text = System.Text.Encoding.ASCII.GetString(message);
        int at = text.IndexOf("\u000135=", StringComparison.Ordinal) + 4;
        return text[at..text.IndexOf('\u0001', at)];
    }

    private static IEnumerable<byte[]> Traffic(FixVersion version)
    {
        var header = new FixHeaderTemplate("DESK", "VENUE", true, version);
        var symbols = new SymbolTable([new InstrumentDefinition(0, "ACME", 100, 1, 1, 1, 1.0)]);
        byte[] buffer = new byte[1024];
        long utc = default(HostUtcClock).NowUtcNs();
        byte[] Taken(int length) => buffer[..length];
        yield return Taken(AdminMessages.Logon(buffer, header, 1, utc, new LogonFields { HeartbeatSeconds = 10, ResetSequenceNumbers = true }));
        yield return Taken(AdminMessages.Heartbeat(buffer, header, 2, utc, "1"u8));
        yield return Taken(AdminMessages.TestRequest(buffer, header, 3, utc, "1"u8));
        yield return Taken(AdminMessages.ResendRequest(buffer, header, 4, utc, 1, 0));
        yield return Taken(AdminMessages.SequenceReset(buffer, header, 5, utc, 9, true));
        yield return Taken(AdminMessages.Reject(buffer, header, 6, utc, 3, 44, FixMsgType.NewOrderSingle, 5, "no"u8, default));
        yield return Taken(AdminMessages.BusinessMessageReject(buffer, header, 7, utc, 3, FixMsgType.NewOrderSingle, "77"u8, 3, "no"u8));
        var encoder = new OrderEncoder(header, symbols, "ACC");
        foreach (var kind in new[] { OrderRequestKind.New, OrderRequestKind.Amend, OrderRequestKind.Cancel })
        {
            var order = new OrderIntent { Kind = kind, Side = Side.Buy, TimeInForce = TimeInForce.ImmediateOrCancel, PriceUnits = 1_000, QuantityUnits = 100, ClientOrderId = 11, OriginalClientOrderId = 10 };
            yield return Taken(encoder.Encode(buffer, in order, 8, utc));
        }
        var report = new ExecutionReportMessage { OrderId = 1, ExecutionId = 2, ClientOrderId = FixText.FromNumber(11), Side = Side.Buy, Kind = ExecutionKind.Trade, Status = OrderStatus.Filled, LastQuantityUnits = 1, LastPriceUnits = 1, TransactTimeUtcNs = utc };
        int length = ReportEncoder.ExecutionReport(buffer, header, symbols, in report, 9, utc);
        yield return Taken(length);
        byte[] stored = Taken(length);
        yield return Taken(AdminMessages.Resend(buffer, header, stored, utc + 1_000_000));
        yield return Taken(AdminMessages.Logout(buffer, header, 10, utc, "bye"u8));
    }

    /// <summary>A capture of raw IPv4 packets, one TCP segment a message.</summary>
    private static void WriteCapture(string path, List<byte[]> messages)
    {
        using var file = File.Create(path);
        Span<byte> head = stackalloc byte[24];
        head.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(head, 0xA1B2C3D4);
        BinaryPrimitives.WriteUInt16LittleEndian(head[4..], 2);
        BinaryPrimitives.WriteUInt16LittleEndian(head[6..], 4);
        BinaryPrimitives.WriteUInt32LittleEndian(head[16..], 65_535);
        BinaryPrimitives.WriteUInt32LittleEndian(head[20..], 101);
        file.Write(head);
        uint sequence = 1;
        foreach (byte[] message in messages)
        {
            byte[] packet = new byte[40 + message.Length];
            packet[0] = 0x45;
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
            packet[8] = 64;
            packet[9] = 6;
            new byte[] { 127, 0, 0, 1, 127, 0, 0, 1 }.CopyTo(packet, 12);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(20), 40_000);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(22), 9_878);
            BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(24), sequence);
            BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(28), 1);
            packet[32] = 0x50;
            packet[33] = 0x18;
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(34), 65_535);
            message.CopyTo(packet, 40);
            sequence += (uint)message.Length;
            byte[] record = new byte[16];
            BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(8), (uint)packet.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(12), (uint)packet.Length);
            file.Write(record);
            file.Write(packet);
        }
    }

    private static string Run(string capture, params string[] arguments)
    {
        var start = new ProcessStartInfo(TsharkFactAttribute.Program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])["-r", capture, "-d", "tcp.port==9878,fix", .. arguments]) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output;
    }
}
