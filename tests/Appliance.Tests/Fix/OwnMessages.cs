using Appliance.Contract;
using Appliance.Fix;

namespace Appliance.Tests.Fix;

/// <summary>One of every message that the engine itself writes, in a given version.</summary>
internal static class OwnMessages
{
    public static IEnumerable<(string Name, byte[] Message)> Of(FixVersion version)
    {
        var header = new FixHeaderTemplate("DESK", "VENUE", true, version);
        var symbols = FixSamples.Symbols();
        byte[] buffer = new byte[1024];
        long utc = FixSamples.StartUtcNs;
        byte[] Taken(int length) => buffer[..length];
        yield return ("logon", Taken(AdminMessages.Logon(buffer, header, 1, utc, new LogonFields { HeartbeatSeconds = 30, ResetSequenceNumbers = true })));
        yield return ("heartbeat", Taken(AdminMessages.Heartbeat(buffer, header, 2, utc, "T"u8)));
        yield return ("test request", Taken(AdminMessages.TestRequest(buffer, header, 3, utc, "T"u8)));
        yield return ("resend request", Taken(AdminMessages.ResendRequest(buffer, header, 4, utc, 1, 0)));
        yield return ("gap fill", Taken(AdminMessages.SequenceReset(buffer, header, 5, utc, 9, true)));
        yield return ("reset", Taken(AdminMessages.SequenceReset(buffer, header, 6, utc, 9, false)));
        yield return ("reject", Taken(AdminMessages.Reject(buffer, header, 7, utc, 3, 44, FixMsgType.NewOrderSingle, 5, "no"u8, default)));
        yield return ("reject of a later reason", Taken(AdminMessages.Reject(buffer, header, 7, utc, 3, 44, FixMsgType.NewOrderSingle, 14, "no"u8, default)));
        yield return ("business reject", Taken(AdminMessages.BusinessMessageReject(buffer, header, 8, utc, 3, FixMsgType.NewOrderSingle, "77"u8, 3, "no"u8)));
        yield return ("logout", Taken(AdminMessages.Logout(buffer, header, 9, utc, "bye"u8)));
        var encoder = new OrderEncoder(header, symbols, "ACC");
        foreach (var kind in new[] { OrderRequestKind.New, OrderRequestKind.Amend, OrderRequestKind.Cancel })
        {
            var order = new OrderIntent { Kind = kind, Side = Side.Buy, TimeInForce = TimeInForce.ImmediateOrCancel, PriceUnits = 1_000_000, QuantityUnits = 100, ClientOrderId = 11, OriginalClientOrderId = 10 };
            yield return ($"{kind}", Taken(encoder.Encode(buffer, in order, 10, utc)));
        }
        if (version.IsAtLeast(FixVersion.Fix44))
        {
            var list = new OrderIntent { Kind = OrderRequestKind.MassStatus, ClientOrderId = 12 };
            yield return ("order mass status request", Taken(encoder.Encode(buffer, in list, 10, utc)));
            yield return ("no orders", Taken(ReportEncoder.NoOrders(buffer, header, FixText.FromNumber(12), 10, utc)));
            var listed = new ExecutionReportMessage
            {
                OrderId = 1, ExecutionId = 2, Side = Side.Sell, Kind = ExecutionKind.Status, Status = OrderStatus.New, OrderQuantityUnits = 100, PriceUnits = 1_000_000, LeavesQuantityUnits = 100, TransactTimeUtcNs = utc,
                MassStatusId = FixText.FromNumber(12), TotalReports = 3, IsLastReport = true, Account = FixText.FromString("ACC"), IsCopy = true,
            };
            yield return ("listed order", Taken(ReportEncoder.ExecutionReport(buffer, header, symbols, in listed, 10, utc)));
        }
        foreach (var kind in Enum.GetValues<ExecutionKind>())
        {
            if (FixEnums.ExecTypeCode(kind) == 0) continue;
            // What clearing and triggers say came with 5.0.
            if ((version == FixVersion.Fix42 || version == FixVersion.Fix44) && kind is (ExecutionKind.TradeHeld or ExecutionKind.TradeReleased or ExecutionKind.Triggered)) continue;
            if (version != FixVersion.Fix50Sp2 && kind is (ExecutionKind.Locked or ExecutionKind.Released)) continue;
            var report = new ExecutionReportMessage
            {
                OrderId = 1, ExecutionId = 2, ClientOrderId = FixText.FromNumber(11), OriginalClientOrderId = FixText.FromNumber(10), Side = Side.Sell, Kind = kind, Status = OrderStatus.PartiallyFilled,
                OrderQuantityUnits = 100, PriceUnits = 1_000_000, LastQuantityUnits = 10, LastPriceUnits = 1_000_000, LeavesQuantityUnits = 90, CumulativeQuantityUnits = 10, AveragePriceUnits = 1_000_000,
                TransactTimeUtcNs = utc, RejectReason = 3,
            };
            yield return ($"report {kind}", Taken(ReportEncoder.ExecutionReport(buffer, header, symbols, in report, 11, utc)));
        }
        var reject = new CancelRejectMessage { ClientOrderId = FixText.FromNumber(11), OriginalClientOrderId = FixText.FromNumber(10), Status = OrderStatus.Filled, Reason = 1, TransactTimeUtcNs = utc };
        yield return ("cancel reject", Taken(ReportEncoder.OrderCancelReject(buffer, header, in reject, 12, utc)));
    }
}
