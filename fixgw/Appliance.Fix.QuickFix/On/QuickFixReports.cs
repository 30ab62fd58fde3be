using System.Globalization;
using Appliance.Contract;
using global::QuickFix;
using MsgType = global::QuickFix.Fields.MsgType;
using Tags = global::QuickFix.Fields.Tags;

namespace Appliance.Fix.QuickFix;

/// <summary>The venue's messages as execution events, field for field what the embedded session makes of them. On the library's thread.</summary>
internal sealed class QuickFixReports(ushort index, InstrumentDefinition[] instruments, SentRequests sent)
{
    private readonly Dictionary<string, InstrumentDefinition> _bySymbol = instruments.ToDictionary(i => i.Symbol);
    private long _count;

    public long Count => Interlocked.Read(ref _count);

    private static string? Text(Message m, int tag) => m.IsSetField(tag) ? m.GetString(tag) : null;
    private static char Code(Message m, int tag) => Text(m, tag) is [var one, ..] ? one : '\0';
    private static ushort Number(Message m, int tag) => int.TryParse(Text(m, tag), NumberStyles.None, CultureInfo.InvariantCulture, out int n) ? (ushort)Math.Min(n, ushort.MaxValue) : (ushort)0;

    public bool TryRead(Message message, out RingEvent e)
    {
        e = default;
        switch (message.Header.GetString(Tags.MsgType))
        {
            case MsgType.EXECUTION_REPORT: return TryReport(message, out e);
            case MsgType.ORDER_CANCEL_REJECT:
                return TryRefusal(message, Text(message, Tags.ClOrdID), Code(message, Tags.CxlRejResponseTo) == '2' ? ExecutionKind.AmendRejected : ExecutionKind.CancelRejected,
                    FixWords.Status(Code(message, Tags.OrdStatus)), Number(message, Tags.CxlRejReason), out e);
            case MsgType.BUSINESS_MESSAGE_REJECT:
                string? id = Text(message, Tags.BusinessRejectRefID);
                if (string.IsNullOrEmpty(id) && uint.TryParse(Text(message, Tags.RefSeqNum), CultureInfo.InvariantCulture, out uint sequence) && sent.TryFindBySequence(sequence, out var named))
                    id = named.ClientOrderId.ToString(CultureInfo.InvariantCulture);
                return TryRefusal(message, id, ExecutionKind.BusinessRejected, OrderStatus.Rejected, Number(message, Tags.BusinessRejectReason), out e);
            default: throw new UnsupportedMessageType();
        }
    }

    private bool TryReport(Message message, out RingEvent e)
    {
        e = default;
        // Not one of ours: our identifiers are numbers. The desk's other systems may share the session's account.
        if (!ulong.TryParse(Text(message, Tags.ClOrdID), NumberStyles.None, CultureInfo.InvariantCulture, out ulong id)) return false;
        sent.MarkAnswered(id);
        if (Text(message, Tags.Symbol) is not { } symbol || !_bySymbol.TryGetValue(symbol, out var instrument)) return false;
        ExecutionKind kind = FixWords.Kind(Code(message, Tags.ExecType), Code(message, Tags.ExecTransType));
        if (kind == ExecutionKind.None) throw new IncorrectTagValue(Tags.ExecType);
        // A restatement says the order's terms as they are now, and no execution's.
        string? price = Text(message, Tags.LastPx) ?? (kind == ExecutionKind.Restated ? Text(message, Tags.Price) : null);
        string? quantity = Text(message, Tags.LastQty) ?? (kind == ExecutionKind.Restated ? Text(message, Tags.OrderQty) : null);
        ref Execution x = ref Begin(message, ref e, EventKind.ExecutionReported, instrument.Index, FixWords.Side(Code(message, Tags.Side)));
        if (!FixWords.TryUnits(price, instrument.PriceUnitsPerOne, out x.LastPriceUnits)) throw new IncorrectDataFormat(Tags.LastPx, new FormatException("no decimal, or one beyond the instrument's units"));
        if (!FixWords.TryUnits(quantity, instrument.QuantityUnitsPerOne, out x.LastQuantityUnits)) throw new IncorrectDataFormat(Tags.LastQty, new FormatException("no decimal, or one beyond the instrument's units"));
        if (!FixWords.TryUnits(Text(message, Tags.CumQty), instrument.QuantityUnitsPerOne, out x.CumulativeQuantityUnits)) throw new IncorrectDataFormat(Tags.CumQty, new FormatException("no decimal, or one beyond the instrument's units"));
        if (Text(message, Tags.LastLiquidityInd) == "1") x.Flags |= EventFlags.AddedLiquidity;
        (x.ClientOrderId, x.ExecutionKind, x.OrderStatus, x.Reason) = (id, kind, FixWords.Status(Code(message, Tags.OrdStatus)), Number(message, Tags.OrdRejReason));
        Interlocked.Increment(ref _count);
        return true;
    }

    private bool TryRefusal(Message message, string? text, ExecutionKind kind, OrderStatus status, ushort reason, out RingEvent e)
    {
        e = default;
        if (!ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong id)) return false;
        sent.MarkAnswered(id);
        var (instrument, side) = sent.TryFind(id, out var request) ? (request.Instrument, request.Side) : (RingEvent.AllInstruments, Contract.Side.None);
        ref Execution x = ref Begin(message, ref e, EventKind.ExecutionReported, instrument, side);
        (x.ClientOrderId, x.ExecutionKind, x.OrderStatus, x.Reason) = (id, kind, status, reason);
        Interlocked.Increment(ref _count);
        return true;
    }

    /// <summary>A reject at session level: of which order, the sequence number says. One of a message of the session's own is the library's affair.</summary>
    public bool TrySessionReject(Message message, out RingEvent e)
    {
        e = default;
        return uint.TryParse(Text(message, Tags.RefSeqNum), CultureInfo.InvariantCulture, out uint sequence) && sent.TryFindBySequence(sequence, out var request)
            && TryRefusal(message, request.ClientOrderId.ToString(CultureInfo.InvariantCulture), ExecutionKind.SessionRejected, OrderStatus.Rejected, Number(message, Tags.SessionRejectReason), out e);
    }

    /// <summary>An order that the venue asked for again and will be gap-filled. One that it had answered is no unsent one.</summary>
    public bool TryUnsent(uint sequence, out RingEvent e)
    {
        e = default;
        if (!sent.TryFindBySequence(sequence, out var request) || request.IsAnswered || request.Kind == OrderRequestKind.Status) return false;
        RingEvent.Begin(ref e, EventKind.OrderUnsent, request.Instrument, index, 0, 0);
        e.Side = request.Side;
        ref Execution x = ref RingEvent.AsExecution(ref e);
        (x.ClientOrderId, x.Reason, x.SessionSequence) = (request.ClientOrderId, (ushort)SendResult.GapFilled, sequence);
        return true;
    }

    private ref Execution Begin(Message message, ref RingEvent e, EventKind kind, ushort instrument, Side side)
    {
        RingEvent.Begin(ref e, kind, instrument, index, 0, 0);
        e.Side = side;
        if (message.Header.IsSetField(Tags.PossDupFlag) && message.Header.GetBoolean(Tags.PossDupFlag)) e.Flags |= EventFlags.PossibleDuplicate;
        ref Execution x = ref RingEvent.AsExecution(ref e);
        x.SessionSequence = (uint)message.Header.GetULong(Tags.MsgSeqNum);
        return ref x;
    }
}
