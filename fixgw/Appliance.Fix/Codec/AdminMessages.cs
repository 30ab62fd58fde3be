namespace Appliance.Fix;

/// <summary>The session's own messages. Each writes into the buffer and returns the length.</summary>
public static class AdminMessages
{
    /// <param name="extraFields">Further Logon fields as they stand on the wire, each with its separator; empty for none.</param>
    public static int Logon(Span<byte> buffer, FixHeaderTemplate header, uint sequence, long utcNs, uint heartbeatSeconds, bool resetSequenceNumbers, ReadOnlySpan<byte> extraFields)
    {
        var w = new FixMessageWriter(buffer, header, (byte)'A', sequence, utcNs);
        w.Raw("98=0\u0001"u8);
        w.Number("108="u8, heartbeatSeconds);
        if (resetSequenceNumbers) w.Raw("141=Y\u0001"u8);
        w.Raw(extraFields);
        return w.Finish();
    }

    public static int Heartbeat(Span<byte> buffer, FixHeaderTemplate header, uint sequence, long utcNs, ReadOnlySpan<byte> testRequestId)
    {
        var w = new FixMessageWriter(buffer, header, (byte)'0', sequence, utcNs);
        w.FreeText("112="u8, testRequestId);
        return w.Finish();
    }

    public static int TestRequest(Span<byte> buffer, FixHeaderTemplate header, uint sequence, long utcNs, ulong id)
    {
        var w = new FixMessageWriter(buffer, header, (byte)'1', sequence, utcNs);
        w.Number("112="u8, id);
        return w.Finish();
    }

    /// <param name="end">0 asks for everything from <paramref name="begin"/> on.</param>
    public static int ResendRequest(Span<byte> buffer, FixHeaderTemplate header, uint sequence, long utcNs, uint begin, uint end)
    {
        var w = new FixMessageWriter(buffer, header, (byte)'2', sequence, utcNs);
        w.Number("7="u8, begin);
        w.Number("16="u8, end);
        return w.Finish();
    }

    /// <summary>Gap fill: stands for the messages from its own number up to <paramref name="newSequence"/> − 1; a possible duplicate by definition. Reset: sets the number, whatever it was.</summary>
    public static int SequenceReset(Span<byte> buffer, FixHeaderTemplate header, uint sequence, long utcNs, uint newSequence, bool gapFill)
    {
        var w = new FixMessageWriter(buffer, header, (byte)'4', sequence, utcNs);
        if (gapFill)
        {
            w.Raw("43=Y\u0001"u8);
            w.Time("122="u8, utcNs);
            w.Raw("123=Y\u0001"u8);
        }
        w.Number("36="u8, newSequence);
        return w.Finish();
    }

    /// <param name="refTag">The tag at fault, 0 to leave it out.</param>
    public static int Reject(Span<byte> buffer, FixHeaderTemplate header, uint sequence, long utcNs, uint refSequence, int refTag, uint refMsgType, int reason, ReadOnlySpan<byte> text)
    {
        var w = new FixMessageWriter(buffer, header, (byte)'3', sequence, utcNs);
        w.Number("45="u8, refSequence);
        if (refTag > 0) w.Number("371="u8, (ulong)refTag);
        WriteType(ref w, refMsgType);
        w.Number("373="u8, (ulong)reason);
        w.FreeText("58="u8, text);
        return w.Finish();
    }

    public static int BusinessMessageReject(Span<byte> buffer, FixHeaderTemplate header, uint sequence, long utcNs, uint refSequence, uint refMsgType,
        ReadOnlySpan<byte> businessRefId, int reason, ReadOnlySpan<byte> text)
    {
        var w = new FixMessageWriter(buffer, header, (byte)'j', sequence, utcNs);
        w.Number("45="u8, refSequence);
        WriteType(ref w, refMsgType);
        w.FreeText("379="u8, businessRefId);
        w.Number("380="u8, (ulong)reason);
        w.FreeText("58="u8, text);
        return w.Finish();
    }

    public static int Logout(Span<byte> buffer, FixHeaderTemplate header, uint sequence, long utcNs, ReadOnlySpan<byte> text)
    {
        var w = new FixMessageWriter(buffer, header, (byte)'5', sequence, utcNs);
        w.FreeText("58="u8, text);
        return w.Finish();
    }

    private static void WriteType(ref FixMessageWriter w, uint type)
    {
        if (type is 0 or > 0xFFFF)
            return;
        w.Raw("372="u8);
        if (type > 0xFF) w.Byte((byte)type);
        w.Character(default, (byte)(type > 0xFF ? type >> 8 : type));
    }

    /// <summary>
    /// A stored message as it is sent again: its body unchanged, the header with PossDupFlag, the original sending time and a new one. Returns 0 when it
    /// does not fit or is no message.
    /// </summary>
    public static int Resend(Span<byte> buffer, FixHeaderTemplate header, ReadOnlySpan<byte> stored, long utcNs)
    {
        var old = FixHeader.Read(stored);
        const int trailer = 7;
        int bodyLength = stored.Length - trailer - old.BodyStart;
        if (bodyLength <= 0 || old.MsgType is 0 or > 0xFF || !old.HasSequence || header.Length + bodyLength + 48 > buffer.Length)
            return 0;
        var w = new FixMessageWriter(buffer, header, (byte)old.MsgType, old.Sequence, utcNs);
        w.Raw("43=Y\u0001"u8);
        w.Time("122="u8, old.SendingTimeUtcNs);
        w.Raw(stored.Slice(old.BodyStart, bodyLength));
        return w.Finish();
    }
}
