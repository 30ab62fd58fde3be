namespace Appliance.Fix;

/// <summary>The standard header of one framed message, read in one pass; the body begins at <see cref="BodyStart"/>.</summary>
public struct FixHeader
{
    /// <summary>Packed as <see cref="FixMsgType"/> says; 0 when it is longer than two characters.</summary>
    public uint MsgType;
    public uint Sequence;
    public bool HasSequence, PossDup, PossResend, BeginStringIs44;
    /// <summary>UTC nanoseconds; −1 when absent.</summary>
    public long SendingTimeUtcNs, OrigSendingTimeUtcNs;
    public int BodyStart;
    /// <summary>A SessionRejectReason, or −1 when the header is sound; RejectTag is the tag concerned.</summary>
    public int RejectReason, RejectTag;
    private int _senderAt, _senderLength, _targetAt, _targetLength;

    public readonly ReadOnlySpan<byte> Sender(ReadOnlySpan<byte> message) => message.Slice(_senderAt, _senderLength);
    public readonly ReadOnlySpan<byte> Target(ReadOnlySpan<byte> message) => message.Slice(_targetAt, _targetLength);

    /// <summary>Reads the header of a message that the framer found complete. Never fails: what is wrong is in the fields.</summary>
    public static FixHeader Read(ReadOnlySpan<byte> message)
    {
        var header = new FixHeader { SendingTimeUtcNs = -1, OrigSendingTimeUtcNs = -1, RejectReason = -1, BodyStart = message.Length };
        var fields = new FixFieldReader(message);
        int seen = 0;
        while (true)
        {
            int at = fields.Position;
            if (!fields.Read(out int tag, out var value))
            {
                if (fields.Malformed)
                    header.Fault(SessionRejectReason.InvalidTag, 0);
                break;
            }
            int bit = BitOf(tag);
            if (bit < 0)
            {
                header.BodyStart = at;
                break;
            }
            if (value.IsEmpty)
                header.Fault(SessionRejectReason.TagWithoutValue, tag);
            if (bit < 31)
            {
                if ((seen & (1 << bit)) != 0)
                    header.Fault(SessionRejectReason.TagAppearsMoreThanOnce, tag);
                seen |= 1 << bit;
            }
            header.Take(tag, value, at + ValueOffset(tag));
        }
        if (header.RejectReason < 0)
        {
            if ((seen & 1 << 2) == 0) header.Fault(SessionRejectReason.RequiredTagMissing, FixTag.MsgType);
            else if ((seen & 1 << 4) == 0) header.Fault(SessionRejectReason.RequiredTagMissing, FixTag.SenderCompID);
            else if ((seen & 1 << 5) == 0) header.Fault(SessionRejectReason.RequiredTagMissing, FixTag.TargetCompID);
            else if ((seen & 1 << 6) == 0) header.Fault(SessionRejectReason.RequiredTagMissing, FixTag.SendingTime);
        }
        return header;
    }

    private static int ValueOffset(int tag) => tag < 10 ? 2 : tag < 100 ? 3 : 4;

    /// <summary>−1: not a header tag; 31: a header tag that we do not look at.</summary>
    private static int BitOf(int tag) => tag switch
    {
        FixTag.BeginString => 0,
        FixTag.BodyLength => 1,
        FixTag.MsgType => 2,
        FixTag.MsgSeqNum => 3,
        FixTag.SenderCompID => 4,
        FixTag.TargetCompID => 5,
        FixTag.SendingTime => 6,
        FixTag.PossDupFlag => 7,
        FixTag.PossResend => 8,
        FixTag.OrigSendingTime => 9,
        FixTag.SenderSubID or FixTag.TargetSubID or FixTag.SenderLocationID or FixTag.TargetLocationID or FixTag.OnBehalfOfCompID or FixTag.OnBehalfOfSubID
            or FixTag.OnBehalfOfLocationID or FixTag.DeliverToCompID or FixTag.DeliverToSubID or FixTag.DeliverToLocationID or FixTag.SecureDataLen
            or FixTag.SecureData or FixTag.XmlDataLen or FixTag.XmlData or FixTag.MessageEncoding or FixTag.LastMsgSeqNumProcessed => 31,
        _ => -1,
    };

    private void Take(int tag, ReadOnlySpan<byte> value, int valueAt)
    {
        switch (tag)
        {
            case FixTag.BeginString:
                BeginStringIs44 = value.SequenceEqual("FIX.4.4"u8);
                break;
            case FixTag.MsgType:
                MsgType = value.Length switch { 1 => value[0], 2 => (uint)(value[0] | value[1] << 8), _ => 0 };
                break;
            case FixTag.MsgSeqNum:
                HasSequence = FixNumber.TryParseUnsigned(value, out Sequence) && Sequence > 0;
                break;
            case FixTag.SenderCompID:
                (_senderAt, _senderLength) = (valueAt, value.Length);
                break;
            case FixTag.TargetCompID:
                (_targetAt, _targetLength) = (valueAt, value.Length);
                break;
            case FixTag.SendingTime:
                if (!FixTimestamp.TryParse(value, out SendingTimeUtcNs))
                    Fault(SessionRejectReason.IncorrectDataFormat, tag);
                break;
            case FixTag.OrigSendingTime:
                if (!FixTimestamp.TryParse(value, out OrigSendingTimeUtcNs))
                    Fault(SessionRejectReason.IncorrectDataFormat, tag);
                break;
            case FixTag.PossDupFlag:
                PossDup = Flag(tag, value);
                break;
            case FixTag.PossResend:
                PossResend = Flag(tag, value);
                break;
        }
    }

    private bool Flag(int tag, ReadOnlySpan<byte> value)
    {
        if (value is [(byte)'Y' or (byte)'N'])
            return value[0] == (byte)'Y';
        Fault(SessionRejectReason.IncorrectDataFormat, tag);
        return false;
    }

    private void Fault(int reason, int tag)
    {
        if (RejectReason >= 0)
            return;
        RejectReason = reason;
        RejectTag = tag;
    }
}
