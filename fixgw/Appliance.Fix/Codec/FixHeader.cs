using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Appliance.Fix;

/// <summary>The standard header of one framed message, read in one pass; the body begins at <see cref="BodyStart"/>.</summary>
public struct FixHeader
{
    /// <summary>Packed as <see cref="FixMsgType"/> says; 0 when it is longer than four characters.</summary>
    public uint MsgType;
    public uint Sequence;
    public bool HasSequence, PossDup, PossResend;
    /// <summary>UTC nanoseconds; −1 when absent.</summary>
    public long SendingTimeUtcNs, OrigSendingTimeUtcNs;
    public int BodyStart;
    /// <summary>A SessionRejectReason, or −1 when the header is sound; RejectTag is the tag concerned.</summary>
    public int RejectReason, RejectTag;
    /// <summary>Where the message's fields are, when the session's reader has recognised it; it holds until that reader goes on.</summary>
    internal FixMessageReader? Fields;
    private int _beginLength, _senderAt, _senderLength, _targetAt, _targetLength, _applVerAt, _applVerLength;

    private const int RequiredBits = 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6;

    public readonly ReadOnlySpan<byte> BeginString(ReadOnlySpan<byte> message) => message.Slice(2, _beginLength);
    public readonly ReadOnlySpan<byte> Sender(ReadOnlySpan<byte> message) => message.Slice(_senderAt, _senderLength);
    public readonly ReadOnlySpan<byte> Target(ReadOnlySpan<byte> message) => message.Slice(_targetAt, _targetLength);
    /// <summary>ApplVerID (1128), empty when the message has none.</summary>
    public readonly ReadOnlySpan<byte> ApplVerId(ReadOnlySpan<byte> message) => message.Slice(_applVerAt, _applVerLength);

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
                    header.Fault(SessionRejectReason.InvalidTag, fields.MalformedTag);
                break;
            }
            int bit, valueAt = fields.Position - 1 - value.Length;
            // The fields of nearly every header, each once, without a call; the others, and what is wrong with these, below.
            switch (tag)
            {
                case FixTag.BeginString: (bit, header._beginLength) = (0, value.Length); break;
                case FixTag.BodyLength: bit = 1; break;
                case FixTag.MsgType: (bit, header.MsgType) = (2, FixMsgType.Pack(value)); break;
                case FixTag.MsgSeqNum:
                    bit = 3;
                    header.HasSequence = FixNumber.TryParseUnsigned(value, out header.Sequence);
                    break;
                case FixTag.SenderCompID: (bit, header._senderAt, header._senderLength) = (4, valueAt, value.Length); break;
                case FixTag.TargetCompID: (bit, header._targetAt, header._targetLength) = (5, valueAt, value.Length); break;
                default:
                    bit = BitOf(tag);
                    if (bit >= 0)
                        break;
                    header.BodyStart = at;
                    goto Body;
            }
            if (value.IsEmpty)
                header.Fault(SessionRejectReason.TagWithoutValue, tag);
            if (bit < 31)
            {
                if ((seen & (1 << bit)) != 0)
                    header.Fault(SessionRejectReason.TagAppearsMoreThanOnce, tag);
                seen |= 1 << bit;
            }
            if (bit >= 6) header.Take(tag, value, valueAt);
        }
    Body:
        if ((seen & RequiredBits) != RequiredBits)
            header.Search(message, seen);
        return header;
    }

    /// <summary>The header of a message with the usual header fields and no others, each once, found by its reader; false when anything is wrong with one, and it is to be read plainly.</summary>
    internal static bool TryTake(ReadOnlySpan<byte> message, uint type, FixMessageReader fields, out FixHeader header)
    {
        header = default;
        header.OrigSendingTimeUtcNs = header.RejectReason = -1;
        (header.MsgType, header.BodyStart, header.Fields) = (type, fields.BodyStart, fields);
        header._beginLength = fields.FirstEnd - 2;
        header._senderAt = fields.Find(KnownField.SenderCompID, out header._senderLength);
        header._targetAt = fields.Find(KnownField.TargetCompID, out header._targetLength);
        int sequenceAt = fields.Find(KnownField.MsgSeqNum, out int sequenceLength);
        header.HasSequence = true;
        return header._senderLength > 0 && header._targetLength > 0
            && FixNumber.TryParseWithin(ref Unsafe.Add(ref MemoryMarshal.GetReference(message), sequenceAt + sequenceLength), sequenceLength, out header.Sequence)
            && fields.TryParseTime(fields.Value(message, KnownField.SendingTime), out header.SendingTimeUtcNs);
    }

    /// <summary>A field that the header must have is not among its fields: it stands out of order, behind the body's first, or nowhere.</summary>
    private void Search(ReadOnlySpan<byte> message, int seen)
    {
        var fields = new FixFieldReader(message, BodyStart);
        while (true)
        {
            if (!fields.Read(out int tag, out var value))
                break;
            int bit = BitOf(tag);
            if (bit is < 2 or > 6 || (seen & (1 << bit)) != 0)
                continue;
            seen |= 1 << bit;
            Fault(SessionRejectReason.TagOutOfOrder, tag);
            Take(tag, value, fields.Position - 1 - value.Length);
        }
        if ((seen & 1 << 2) == 0) Fault(SessionRejectReason.RequiredTagMissing, FixTag.MsgType);
        else if ((seen & 1 << 4) == 0) Fault(SessionRejectReason.RequiredTagMissing, FixTag.SenderCompID);
        else if ((seen & 1 << 5) == 0) Fault(SessionRejectReason.RequiredTagMissing, FixTag.TargetCompID);
        else if ((seen & 1 << 6) == 0) Fault(SessionRejectReason.RequiredTagMissing, FixTag.SendingTime);
    }

    /// <summary>True for the tags of the standard header, of every version.</summary>
    public static bool IsHeaderTag(int tag) => BitOf(tag) >= 0;

    /// <summary>True for the tags of the standard trailer.</summary>
    public static bool IsTrailerTag(int tag) => tag is FixTag.CheckSum or FixTag.Signature or FixTag.SignatureLength;

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
        FixTag.ApplVerID => 10,
        FixTag.SenderSubID or FixTag.TargetSubID or FixTag.SenderLocationID or FixTag.TargetLocationID or FixTag.OnBehalfOfCompID or FixTag.OnBehalfOfSubID
            or FixTag.OnBehalfOfLocationID or FixTag.DeliverToCompID or FixTag.DeliverToSubID or FixTag.DeliverToLocationID or FixTag.SecureDataLen
            or FixTag.SecureData or FixTag.XmlDataLen or FixTag.XmlData or FixTag.MessageEncoding or FixTag.LastMsgSeqNumProcessed or FixTag.OnBehalfOfSendingTime
            or FixTag.NoHops or FixTag.HopCompID or FixTag.HopSendingTime or FixTag.HopRefID or FixTag.CstmApplVerID or FixTag.ApplExtID => 31,
        _ => -1,
    };

    private void Take(int tag, ReadOnlySpan<byte> value, int valueAt)
    {
        switch (tag)
        {
            case FixTag.BeginString:
                _beginLength = value.Length;
                break;
            case FixTag.MsgType:
                MsgType = FixMsgType.Pack(value);
                break;
            case FixTag.MsgSeqNum:
                HasSequence = FixNumber.TryParseUnsigned(value, out Sequence);
                break;
            case FixTag.SenderCompID:
                (_senderAt, _senderLength) = (valueAt, value.Length);
                break;
            case FixTag.TargetCompID:
                (_targetAt, _targetLength) = (valueAt, value.Length);
                break;
            case FixTag.ApplVerID:
                (_applVerAt, _applVerLength) = (valueAt, value.Length);
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
