using System.Globalization;
using Appliance.Contract;

namespace Appliance.Fix.QuickFix;

/// <summary>FIX's codes and numbers as the contract has them. Written here once more because the adapter stands beside the embedded session and not on it.</summary>
internal static class FixWords
{
    /// <summary>ExecType (150); ExecTransType (20) of FIX 4.2 stands above it.</summary>
    public static ExecutionKind Kind(char execType, char transaction) => transaction switch
    {
        '1' => ExecutionKind.TradeCancelled,
        '2' => ExecutionKind.TradeCorrected,
        '3' => ExecutionKind.Status,
        _ => execType switch
        {
            '0' => ExecutionKind.New, '1' or '2' or 'F' => ExecutionKind.Trade, '3' => ExecutionKind.DoneForDay, '4' => ExecutionKind.Cancelled, '5' => ExecutionKind.Replaced, '6' => ExecutionKind.PendingCancel,
            '7' => ExecutionKind.Stopped, '8' => ExecutionKind.Rejected, '9' => ExecutionKind.Suspended, 'A' => ExecutionKind.PendingNew, 'B' => ExecutionKind.Calculated, 'C' => ExecutionKind.Expired,
            'D' => ExecutionKind.Restated, 'E' => ExecutionKind.PendingReplace, 'G' => ExecutionKind.TradeCorrected, 'H' => ExecutionKind.TradeCancelled, 'I' => ExecutionKind.Status, 'J' => ExecutionKind.TradeHeld,
            'K' => ExecutionKind.TradeReleased, 'L' => ExecutionKind.Triggered, 'M' => ExecutionKind.Locked, 'N' => ExecutionKind.Released, _ => ExecutionKind.None,
        },
    };

    /// <summary>OrdStatus (39).</summary>
    public static OrderStatus Status(char code) => code switch
    {
        '0' => OrderStatus.New, '1' => OrderStatus.PartiallyFilled, '2' => OrderStatus.Filled, '3' => OrderStatus.DoneForDay, '4' => OrderStatus.Cancelled, '5' => OrderStatus.Replaced, '6' => OrderStatus.PendingCancel,
        '7' => OrderStatus.Stopped, '8' => OrderStatus.Rejected, '9' => OrderStatus.Suspended, 'A' => OrderStatus.PendingNew, 'B' => OrderStatus.Calculated, 'C' => OrderStatus.Expired, 'D' => OrderStatus.AcceptedForBidding,
        'E' => OrderStatus.PendingReplace, _ => OrderStatus.Unknown,
    };

    public static Side Side(char code) => code switch { '1' => Contract.Side.Buy, '2' or '5' or '6' => Contract.Side.Sell, _ => Contract.Side.None };

    public static string TimeInForce(TimeInForce value) => value switch { Contract.TimeInForce.ImmediateOrCancel => "3", Contract.TimeInForce.FillOrKill => "4", Contract.TimeInForce.GoodTillCancel => "1", _ => "0" };

    /// <summary>Units as decimal text, exact: the unit is a power of ten.</summary>
    public static string Text(long units, long unitsPerOne) => ((decimal)units / unitsPerOne).ToString(CultureInfo.InvariantCulture);

    /// <summary>Decimal text in units; what is finer rounds half away from zero, as the embedded session does. False when it is no number.</summary>
    public static bool TryUnits(string? text, long unitsPerOne, out long units)
    {
        units = 0;
        if (string.IsNullOrEmpty(text)) return true;
        if (!decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal value)) return false;
        decimal exact = Math.Round(value * unitsPerOne, MidpointRounding.AwayFromZero);
        if (Math.Abs(exact) > long.MaxValue / 2) return false;
        units = (long)exact;
        return true;
    }

    public static string Time(long utcNs, bool microseconds) => DateTime.UnixEpoch.AddTicks(utcNs / 100).ToString(microseconds ? "yyyyMMdd-HH:mm:ss.ffffff" : "yyyyMMdd-HH:mm:ss.fff", CultureInfo.InvariantCulture);
}
