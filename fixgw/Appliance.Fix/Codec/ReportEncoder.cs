using Appliance.Contract;

namespace Appliance.Fix;

/// <summary>The acceptor's application messages, in the version of the session's header.</summary>
public static class ReportEncoder
{
    public static int ExecutionReport(Span<byte> buffer, FixHeaderTemplate header, SymbolTable symbols, in ExecutionReportMessage report, uint sequence, long utcNs)
    {
        int priceDecimals = symbols.PriceDecimals[report.Instrument], quantityDecimals = symbols.QuantityDecimals[report.Instrument];
        var w = new FixMessageWriter(buffer, header, (byte)'8', sequence, utcNs);
        w.Number("37="u8, report.OrderId);
        w.Number("17="u8, report.ExecutionId);
        if (!report.ClientOrderId.IsEmpty) w.Text("11="u8, report.ClientOrderId.Span);
        if (!report.OriginalClientOrderId.IsEmpty) w.Text("41="u8, report.OriginalClientOrderId.Span);
        bool early = !header.Version.IsAtLeast(FixVersion.Fix43);
        if (early) w.Character("20="u8, FixEnums.ExecTransTypeCode(report.Kind));
        w.Character("150="u8, early ? FixEnums.EarlyExecTypeCode(report.Kind, report.Status) : FixEnums.ExecTypeCode(report.Kind));
        w.Character("39="u8, FixEnums.StatusCode(report.Status));
        if (report.Kind == ExecutionKind.Rejected) w.Number("103="u8, report.RejectReason);
        w.Text("55="u8, symbols.Symbol(report.Instrument));
        w.Character("54="u8, report.Side == Side.Buy ? (byte)'1' : (byte)'2');
        w.Character("59="u8, FixEnums.TimeInForceCode(report.TimeInForce));
        w.Decimal("38="u8, report.OrderQuantityUnits, quantityDecimals);
        if (report.PriceUnits != 0) w.Decimal("44="u8, report.PriceUnits, priceDecimals);
        if (report.Kind is ExecutionKind.Trade or ExecutionKind.TradeCancelled or ExecutionKind.TradeCorrected)
        {
            w.Decimal("32="u8, report.LastQuantityUnits, quantityDecimals);
            w.Decimal("31="u8, report.LastPriceUnits, priceDecimals);
            if (!early) w.Character("851="u8, report.AddedLiquidity ? (byte)'1' : (byte)'2');
        }
        w.Decimal("151="u8, report.LeavesQuantityUnits, quantityDecimals);
        w.Decimal("14="u8, report.CumulativeQuantityUnits, quantityDecimals);
        w.Decimal("6="u8, report.AveragePriceUnits, priceDecimals);
        w.Time("60="u8, report.TransactTimeUtcNs);
        if (!report.Account.IsEmpty) w.Text("1="u8, report.Account.Span);
        if (report.IsCopy && header.Version.IsAtLeast(FixVersion.Fix44)) w.Raw("797=Y\u0001"u8);
        if (!report.MassStatusId.IsEmpty) MassStatus(ref w, in report.MassStatusId, report.TotalReports, report.IsLastReport);
        return w.Finish();
    }

    private static void MassStatus(ref FixMessageWriter w, in FixText id, uint total, bool isLast)
    {
        w.Text("584="u8, id.Span);
        w.Number("911="u8, total);
        w.Character("912="u8, isLast ? (byte)'Y' : (byte)'N');
    }

    /// <summary>The answer to an order mass status request when no order stands: a report of none, whose required fields say so.</summary>
    public static int NoOrders(Span<byte> buffer, FixHeaderTemplate header, in FixText massStatusId, uint sequence, long utcNs)
    {
        var w = new FixMessageWriter(buffer, header, (byte)'8', sequence, utcNs);
        // Side 7 is "undisclosed", reason 5 "unknown order".
        w.Raw("37=NONE\u000117=0\u0001150=I\u000139=8\u0001103=5\u000155=[N/A]\u000154=7\u0001151=0\u000114=0\u00016=0\u0001"u8);
        MassStatus(ref w, in massStatusId, 0, isLast: true);
        w.Text("58="u8, "no orders stand"u8);
        return w.Finish();
    }

    public static int OrderCancelReject(Span<byte> buffer, FixHeaderTemplate header, in CancelRejectMessage reject, uint sequence, long utcNs)
    {
        var w = new FixMessageWriter(buffer, header, (byte)'9', sequence, utcNs);
        if (reject.OrderId == 0) w.Raw("37=NONE\u0001"u8);
        else w.Number("37="u8, reject.OrderId);
        w.Text("11="u8, reject.ClientOrderId.Span);
        w.Text("41="u8, reject.OriginalClientOrderId.Span);
        w.Character("39="u8, FixEnums.StatusCode(reject.Status));
        w.Character("434="u8, reject.AnswersReplace ? (byte)'2' : (byte)'1');
        w.Number("102="u8, reject.Reason);
        w.Time("60="u8, reject.TransactTimeUtcNs);
        return w.Finish();
    }
}
