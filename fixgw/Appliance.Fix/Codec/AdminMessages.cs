namespace Appliance.Fix;

/// <summary>What a Logon of ours says beyond the header. Extra fields stand as on the wire, each with its separator.</summary>
public ref struct LogonFields
{
    public uint HeartbeatSeconds;
    public bool ResetSequenceNumbers, TestSession;
    /// <summary>NextExpectedMsgSeqNum (789); 0 leaves it out.</summary>
    public uint NextExpectedSequence;
    public ReadOnlySpan<byte> Extra;
    /// <summary>Writes further fields out of those before them; null when there are none.</summary>
    internal LogonSigner? Signer;
}

/// <summary>The session's own messages. Each writes into the buffer and returns the length. Body fields ascend by tag.</summary>
public static class AdminMessages
{
    public static int Logon(Span<byte> buffer, FixHeaderTemplate header, uint sequence, long utcNs, scoped in LogonFields fields)
    {
        var w = new FixMessageWriter(buffer, header, (byte)'A', sequence, utcNs);
        if (fields.Signer is not null) w.TakeZerosOffSequence();
        w.Raw("98=0\u0001"u8);
        w.Number("108="u8, fields.HeartbeatSeconds);
        if (fields.ResetSequenceNumbers) w.Raw("141=Y\u0001"u8);
        if (fields.TestSession) w.Raw("464=Y\u0001"u8);
        if (fields.NextExpectedSequence > 0) w.Number("789="u8, fields.NextExpectedSequence);
        if (header.Version.IsFixt) w.Text("1137="u8, header.Version.DefaultApplVerIdBytes);
        w.Raw(fields.Extra);
        fields.Signer?.Append(ref w, utcNs);
        return w.Finish();
    }

    public static int Heartbeat(Span<byte> buffer, FixHeaderTemplate header, uint sequence, long utcNs, ReadOnlySpan<byte> testRequestId)
    {
        var w = new FixMessageWriter(buffer, header, (byte)'0', sequence, utcNs);
        w.FreeText("112="u8, testRequestId);
        return w.Finish();
    }

    public static int TestRequest(Span<byte> buffer, FixHeaderTemplate header, uint sequence, long utcNs, ReadOnlySpan<byte> id)
    {
        var w = new FixMessageWriter(buffer, header, (byte)'1', sequence, utcNs);
        w.Text("112="u8, id);
        return w.Finish();
    }

    /// <param name="end">What asks for everything from <paramref name="begin"/> on depends on the version: <see cref="FixVersion.ResendToInfinity"/>.</param>
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
        }
        w.Number("36="u8, newSequence);
        if (gapFill) w.Raw("123=Y\u0001"u8);
        return w.Finish();
    }

    /// <param name="refTag">The tag at fault, 0 to leave it out (an invalid tag number is written whatever it is).</param>
    /// <param name="refused">The message refused, whose routing fields the Reject turns round; empty when it is not at hand.</param>
    public static int Reject(Span<byte> buffer, FixHeaderTemplate header, uint sequence, long utcNs, uint refSequence, int refTag, uint refMsgType, int reason,
        scoped ReadOnlySpan<byte> text, scoped ReadOnlySpan<byte> refused)
    {
        var w = new FixMessageWriter(buffer, header, (byte)'3', sequence, utcNs);
        ReverseRoute(ref w, refused);
        w.Number("45="u8, refSequence);
        if (!header.Version.IsAtLeast(FixVersion.Fix42))
        {
            // Before 4.2 a Reject had no field for the tag: the text names it.
            w.TextAndNumber("58="u8, text, refTag);
            return w.Finish();
        }
        w.FreeText("58="u8, text);
        if (reason == SessionRejectReason.InvalidTag) w.Signed("371="u8, refTag);
        else if (refTag > 0) w.Number("371="u8, (ulong)refTag);
        WriteType(ref w, refMsgType);
        if (reason <= header.Version.SessionRejectReasonMax) w.Number("373="u8, (ulong)reason);
        return w.Finish();
    }

    public static int BusinessMessageReject(Span<byte> buffer, FixHeaderTemplate header, uint sequence, long utcNs, uint refSequence, uint refMsgType,
        ReadOnlySpan<byte> businessRefId, int reason, ReadOnlySpan<byte> text)
    {
        var w = new FixMessageWriter(buffer, header, (byte)'j', sequence, utcNs);
        w.Number("45="u8, refSequence);
        w.FreeText("58="u8, text);
        WriteType(ref w, refMsgType);
        w.FreeText("379="u8, businessRefId);
        w.Number("380="u8, (ulong)reason);
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
        if (type == 0)
            return;
        Span<byte> characters = stackalloc byte[4];
        w.Text("372="u8, characters[..FixMsgType.Unpack(type, characters)]);
    }

    /// <summary>Who the message was on behalf of is whom the answer is to be delivered to, and the other way round. Empty fields turn nothing.</summary>
    private static void ReverseRoute(ref FixMessageWriter w, scoped ReadOnlySpan<byte> refused)
    {
        if (refused.IsEmpty)
            return;
        var fields = new FixFieldReader(refused);
        while (fields.Read(out int tag, out var value) && FixHeader.IsHeaderTag(tag))
        {
            var turned = tag switch
            {
                FixTag.OnBehalfOfCompID => "128="u8,
                FixTag.OnBehalfOfSubID => "129="u8,
                FixTag.OnBehalfOfLocationID => "145="u8,
                FixTag.DeliverToCompID => "115="u8,
                FixTag.DeliverToSubID => "116="u8,
                FixTag.DeliverToLocationID => "144="u8,
                _ => default,
            };
            if (!turned.IsEmpty) w.FreeText(turned, value);
        }
    }

    /// <summary>
    /// A stored message as it is sent again: everything unchanged but the sending time, and PossDupFlag and OrigSendingTime behind it. Returns 0 when it does not
    /// fit or is no message.
    /// </summary>
    public static int Resend(Span<byte> buffer, FixHeaderTemplate header, ReadOnlySpan<byte> stored, long utcNs)
    {
        const int trailer = 7, inserted = 5 + 5 + FixTimestamp.MaxLength;
        var old = FixHeader.Read(stored);
        int from = BehindSendingTime(stored), rest = stored.Length - trailer - from;
        if (old.MsgType is 0 or > 0xFFFF || !old.HasSequence || old.SendingTimeUtcNs < 0 || rest < 0 || header.Length + rest + inserted + trailer > buffer.Length)
            return 0;
        var w = FixMessageWriter.Begin(buffer, header, old.MsgType, old.Sequence, utcNs);
        w.CutBehindSendingTime();
        w.Raw("43=Y\u0001"u8);
        w.Time("122="u8, old.SendingTimeUtcNs);
        w.Raw(stored.Slice(from, rest));
        return w.Finish();
    }

    /// <summary>Where the field after SendingTime begins: what a session writes before it is the same for every message.</summary>
    private static int BehindSendingTime(ReadOnlySpan<byte> message)
    {
        var fields = new FixFieldReader(message);
        while (fields.Read(out int tag, out _))
            if (tag == FixTag.SendingTime) return fields.Position;
        return message.Length;
    }
}
