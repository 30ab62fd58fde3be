using System.Runtime.CompilerServices;
using Appliance.Contract;

namespace Appliance.Fix;

/// <summary>What came of decoding an application message. Problem is −1 when it is sound, else a SessionRejectReason about ProblemTag.</summary>
public ref struct DecodedReport
{
    public ReadOnlySpan<byte> ClientOrderId, OriginalClientOrderId, Symbol, OrderId, ExecutionId, ExecutionReference;
    public ReadOnlySpan<byte> LastPrice, LastQuantity, CumulativeQuantity, Price, OrderQuantity;
    public Side Side;
    public ExecutionKind Kind;
    public OrderStatus Status;
    public uint Reason, RefSequence;
    public bool AddedLiquidity;
    public int Problem, ProblemTag;
}

/// <summary>Reads what a venue says: ExecutionReport, OrderCancelReject, BusinessMessageReject. Spans only; numbers in units need the instrument and come later.</summary>
public static class ReportDecoder
{
    /// <summary>Of a message that its session's reader has recognised the fields are taken from where they are known to be; anything wrong with one is said by the plain reading.</summary>
    /// <param name="report">Written in place: as a value returned it would be copied, and a wide copy waits for the narrow writes before it.</param>
    public static void ExecutionReport(ReadOnlySpan<byte> message, in FixHeader header, out DecodedReport report)
    {
        if (header.Fields is { } fields && TryTake(message, fields, out report)) return;
        report = ExecutionReport(message, header.BodyStart);
    }

    private static bool TryTake(ReadOnlySpan<byte> message, FixMessageReader fields, out DecodedReport report)
    {
        Unsafe.SkipInit(out report);
        (report.Problem, report.ProblemTag) = (-1, 0);
        report.Reason = report.RefSequence = 0;
        report.ClientOrderId = fields.Value(message, KnownField.ClOrdID);
        report.OriginalClientOrderId = fields.Value(message, KnownField.OrigClOrdID);
        report.OrderId = fields.Value(message, KnownField.OrderID);
        report.ExecutionId = fields.Value(message, KnownField.ExecID);
        report.ExecutionReference = fields.Value(message, KnownField.ExecRefID);
        report.Symbol = fields.Value(message, KnownField.Symbol);
        report.Price = fields.Value(message, KnownField.Price);
        report.OrderQuantity = fields.Value(message, KnownField.OrderQty);
        report.LastPrice = fields.Value(message, KnownField.LastPx);
        report.LastQuantity = fields.Value(message, KnownField.LastQty);
        report.CumulativeQuantity = fields.Value(message, KnownField.CumQty);
        report.AddedLiquidity = fields.Value(message, KnownField.LastLiquidityInd) is [(byte)'1'];
        if (!fields.TryCode(message, KnownField.Side, out byte side) || !fields.TryCode(message, KnownField.ExecTransType, out byte transaction) || !fields.TryCode(message, KnownField.ExecType, out byte execType)
            || !fields.TryCode(message, KnownField.OrdStatus, out byte status))
            return false;
        int reasonAt = fields.Find(KnownField.OrdRejReason, out int reasonLength);
        if (reasonAt != 0 && !FixNumber.TryParseUnsigned(message.Slice(reasonAt, reasonLength), out report.Reason)) return false;
        report.Side = FixEnums.SideOf(side);
        report.Kind = FixEnums.Transaction(transaction, FixEnums.ExecutionKindOf(execType));
        report.Status = FixEnums.StatusOf(status);
        return report.Kind != ExecutionKind.None && report.Status != OrderStatus.Unknown && report.Side != Side.None && !report.OrderId.IsEmpty && !report.ExecutionId.IsEmpty && !report.CumulativeQuantity.IsEmpty
            && !report.Symbol.IsEmpty && (report.Kind != ExecutionKind.Trade || !report.LastQuantity.IsEmpty && !report.LastPrice.IsEmpty);
    }

    public static DecodedReport ExecutionReport(ReadOnlySpan<byte> message, int bodyStart)
    {
        var report = new DecodedReport { Problem = -1 };
        byte execType = 0, status = 0, transaction = 0;
        uint ordRejReason = 0;
        var fields = new FixFieldReader(message, bodyStart);
        while (fields.Read(out int tag, out var value))
        {
            switch (tag)
            {
                case FixTag.ClOrdID: report.ClientOrderId = value; break;
                case FixTag.OrigClOrdID: report.OriginalClientOrderId = value; break;
                case FixTag.OrderID: report.OrderId = value; break;
                case FixTag.ExecID: report.ExecutionId = value; break;
                case FixTag.ExecRefID: report.ExecutionReference = value; break;
                case FixTag.Symbol: report.Symbol = value; break;
                case FixTag.Price: report.Price = value; break;
                case FixTag.OrderQty: report.OrderQuantity = value; break;
                case FixTag.LastPx: report.LastPrice = value; break;
                case FixTag.LastQty: report.LastQuantity = value; break;
                case FixTag.CumQty: report.CumulativeQuantity = value; break;
                case FixTag.Side: report.Side = value.Length == 1 ? FixEnums.SideOf(value[0]) : Side.None; break;
                case FixTag.ExecTransType: transaction = Code(ref report, tag, value); break;
                case FixTag.ExecType: execType = Code(ref report, tag, value); break;
                case FixTag.OrdStatus: status = Code(ref report, tag, value); break;
                case FixTag.OrdRejReason: Number(ref report, tag, value, out ordRejReason); break;
                case FixTag.LastLiquidityInd: report.AddedLiquidity = value is [(byte)'1']; break;
            }
        }
        report.Reason = ordRejReason;
        report.Kind = FixEnums.Transaction(transaction, FixEnums.ExecutionKindOf(execType));
        report.Status = FixEnums.StatusOf(status);
        if (fields.Malformed) Fault(ref report, SessionRejectReason.InvalidTag, 0);
        else if (execType == 0) Fault(ref report, SessionRejectReason.RequiredTagMissing, FixTag.ExecType);
        else if (report.Kind == ExecutionKind.None) Fault(ref report, SessionRejectReason.ValueIncorrect, FixTag.ExecType);
        else if (status == 0) Fault(ref report, SessionRejectReason.RequiredTagMissing, FixTag.OrdStatus);
        else if (report.Status == OrderStatus.Unknown) Fault(ref report, SessionRejectReason.ValueIncorrect, FixTag.OrdStatus);
        else if (report.OrderId.IsEmpty) Fault(ref report, SessionRejectReason.RequiredTagMissing, FixTag.OrderID);
        else if (report.ExecutionId.IsEmpty) Fault(ref report, SessionRejectReason.RequiredTagMissing, FixTag.ExecID);
        else if (report.CumulativeQuantity.IsEmpty) Fault(ref report, SessionRejectReason.RequiredTagMissing, FixTag.CumQty);
        else if (report.Symbol.IsEmpty) Fault(ref report, SessionRejectReason.RequiredTagMissing, FixTag.Symbol);
        else if (report.Side == Side.None) Fault(ref report, SessionRejectReason.ValueIncorrect, FixTag.Side);
        else if (report.Kind == ExecutionKind.Trade && report.LastQuantity.IsEmpty) Fault(ref report, SessionRejectReason.RequiredTagMissing, FixTag.LastQty);
        else if (report.Kind == ExecutionKind.Trade && report.LastPrice.IsEmpty) Fault(ref report, SessionRejectReason.RequiredTagMissing, FixTag.LastPx);
        return report;
    }

    public static DecodedReport OrderCancelReject(ReadOnlySpan<byte> message, int bodyStart)
    {
        var report = new DecodedReport { Problem = -1 };
        byte status = 0, responseTo = 0;
        var fields = new FixFieldReader(message, bodyStart);
        while (fields.Read(out int tag, out var value))
        {
            switch (tag)
            {
                case FixTag.ClOrdID: report.ClientOrderId = value; break;
                case FixTag.OrigClOrdID: report.OriginalClientOrderId = value; break;
                case FixTag.OrderID: report.OrderId = value; break;
                case FixTag.OrdStatus: status = Code(ref report, tag, value); break;
                case FixTag.CxlRejResponseTo: responseTo = Code(ref report, tag, value); break;
                case FixTag.CxlRejReason: Number(ref report, tag, value, out report.Reason); break;
            }
        }
        report.Kind = responseTo == (byte)'2' ? ExecutionKind.AmendRejected : ExecutionKind.CancelRejected;
        report.Status = FixEnums.StatusOf(status);
        if (fields.Malformed) Fault(ref report, SessionRejectReason.InvalidTag, 0);
        else if (report.ClientOrderId.IsEmpty) Fault(ref report, SessionRejectReason.RequiredTagMissing, FixTag.ClOrdID);
        else if (status == 0) Fault(ref report, SessionRejectReason.RequiredTagMissing, FixTag.OrdStatus);
        else if (responseTo == 0) Fault(ref report, SessionRejectReason.RequiredTagMissing, FixTag.CxlRejResponseTo);
        else if (responseTo is not ((byte)'1' or (byte)'2')) Fault(ref report, SessionRejectReason.ValueIncorrect, FixTag.CxlRejResponseTo);
        return report;
    }

    public static DecodedReport BusinessMessageReject(ReadOnlySpan<byte> message, int bodyStart)
    {
        var report = new DecodedReport { Problem = -1, Kind = ExecutionKind.BusinessRejected };
        bool hasReason = false;
        var fields = new FixFieldReader(message, bodyStart);
        while (fields.Read(out int tag, out var value))
        {
            switch (tag)
            {
                case FixTag.RefSeqNum: Number(ref report, tag, value, out report.RefSequence); break;
                case FixTag.BusinessRejectRefID: report.ClientOrderId = value; break;
                case FixTag.BusinessRejectReason:
                    hasReason = true;
                    Number(ref report, tag, value, out report.Reason);
                    break;
            }
        }
        if (fields.Malformed) Fault(ref report, SessionRejectReason.InvalidTag, 0);
        else if (!hasReason) Fault(ref report, SessionRejectReason.RequiredTagMissing, FixTag.BusinessRejectReason);
        return report;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte Code(ref DecodedReport report, int tag, scoped ReadOnlySpan<byte> value)
    {
        if (value.Length == 1)
            return value[0];
        Fault(ref report, SessionRejectReason.IncorrectDataFormat, tag);
        return 0;
    }

    private static void Number(ref DecodedReport report, int tag, scoped ReadOnlySpan<byte> value, out uint number)
    {
        if (!FixNumber.TryParseUnsigned(value, out number)) Fault(ref report, SessionRejectReason.IncorrectDataFormat, tag);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Fault(ref DecodedReport report, int reason, int tag)
    {
        if (report.Problem >= 0)
            return;
        report.Problem = reason;
        report.ProblemTag = tag;
    }
}
