using Appliance.Contract;

namespace Appliance.Fix;

/// <summary>FIX 4.4's one-character codes against the contract's enumerations. 0 and the None values stand for codes that we do not know.</summary>
public static class FixEnums
{
    public static byte TimeInForceCode(TimeInForce value) => value switch
    {
        TimeInForce.ImmediateOrCancel => (byte)'3',
        TimeInForce.FillOrKill => (byte)'4',
        TimeInForce.GoodTillCancel => (byte)'1',
        _ => (byte)'0',
    };

    public static bool TryTimeInForce(byte code, out TimeInForce value)
    {
        value = code switch
        {
            (byte)'1' => TimeInForce.GoodTillCancel,
            (byte)'3' => TimeInForce.ImmediateOrCancel,
            (byte)'4' => TimeInForce.FillOrKill,
            _ => TimeInForce.Day,
        };
        return code is (byte)'0' or (byte)'1' or (byte)'3' or (byte)'4';
    }

    public static Side SideOf(byte code) => code switch { (byte)'1' => Side.Buy, (byte)'2' => Side.Sell, _ => Side.None };

    /// <summary>ExecType (150).</summary>
    public static ExecutionKind ExecutionKindOf(byte code) => code switch
    {
        (byte)'0' => ExecutionKind.New,
        // 1 and 2 are FIX 4.2's fills; some venues still send them under 4.4.
        (byte)'F' or (byte)'1' or (byte)'2' => ExecutionKind.Trade,
        (byte)'3' => ExecutionKind.DoneForDay,
        (byte)'4' => ExecutionKind.Cancelled,
        (byte)'5' => ExecutionKind.Replaced,
        (byte)'6' => ExecutionKind.PendingCancel,
        (byte)'7' => ExecutionKind.Stopped,
        (byte)'8' => ExecutionKind.Rejected,
        (byte)'9' => ExecutionKind.Suspended,
        (byte)'A' => ExecutionKind.PendingNew,
        (byte)'B' => ExecutionKind.Calculated,
        (byte)'C' => ExecutionKind.Expired,
        (byte)'D' => ExecutionKind.Restated,
        (byte)'E' => ExecutionKind.PendingReplace,
        (byte)'G' => ExecutionKind.TradeCorrected,
        (byte)'H' => ExecutionKind.TradeCancelled,
        (byte)'I' => ExecutionKind.Status,
        // 5.0 and after.
        (byte)'J' => ExecutionKind.TradeHeld,
        (byte)'K' => ExecutionKind.TradeReleased,
        (byte)'L' => ExecutionKind.Triggered,
        // Of 5.0SP2's extension packs.
        (byte)'M' => ExecutionKind.Locked,
        (byte)'N' => ExecutionKind.Released,
        _ => ExecutionKind.None,
    };

    public static byte ExecTypeCode(ExecutionKind kind) => kind switch
    {
        ExecutionKind.New => (byte)'0',
        ExecutionKind.Trade => (byte)'F',
        ExecutionKind.DoneForDay => (byte)'3',
        ExecutionKind.Cancelled => (byte)'4',
        ExecutionKind.Replaced => (byte)'5',
        ExecutionKind.PendingCancel => (byte)'6',
        ExecutionKind.Stopped => (byte)'7',
        ExecutionKind.Rejected => (byte)'8',
        ExecutionKind.Suspended => (byte)'9',
        ExecutionKind.PendingNew => (byte)'A',
        ExecutionKind.Expired => (byte)'C',
        ExecutionKind.Restated => (byte)'D',
        ExecutionKind.PendingReplace => (byte)'E',
        ExecutionKind.TradeCorrected => (byte)'G',
        ExecutionKind.TradeCancelled => (byte)'H',
        ExecutionKind.Status => (byte)'I',
        ExecutionKind.Calculated => (byte)'B',
        ExecutionKind.TradeHeld => (byte)'J',
        ExecutionKind.TradeReleased => (byte)'K',
        ExecutionKind.Triggered => (byte)'L',
        ExecutionKind.Locked => (byte)'M',
        ExecutionKind.Released => (byte)'N',
        _ => 0,
    };

    /// <summary>ExecTransType (20) of FIX 4.2 and before: whether a report is new, takes an execution back, corrects one, or only answers a question.</summary>
    public static byte ExecTransTypeCode(ExecutionKind kind) => kind switch
    {
        ExecutionKind.TradeCancelled => (byte)'1',
        ExecutionKind.TradeCorrected => (byte)'2',
        ExecutionKind.Status => (byte)'3',
        _ => (byte)'0',
    };

    /// <summary>ExecType (150) of FIX 4.2: executions, their corrections and answers bear the order's status instead.</summary>
    public static byte EarlyExecTypeCode(ExecutionKind kind, OrderStatus status) => kind switch
    {
        ExecutionKind.Trade => status == OrderStatus.Filled ? (byte)'2' : (byte)'1',
        ExecutionKind.TradeCancelled or ExecutionKind.TradeCorrected or ExecutionKind.Status => StatusCode(status),
        _ => ExecTypeCode(kind),
    };

    /// <summary>What ExecTransType (20) makes of a report; 0 when the field is absent.</summary>
    public static ExecutionKind Transaction(byte execTransType, ExecutionKind kind) => execTransType switch
    {
        (byte)'1' => ExecutionKind.TradeCancelled,
        (byte)'2' => ExecutionKind.TradeCorrected,
        (byte)'3' => ExecutionKind.Status,
        _ => kind,
    };

    /// <summary>OrdStatus (39).</summary>
    public static OrderStatus StatusOf(byte code) => code switch
    {
        >= (byte)'0' and <= (byte)'9' => (OrderStatus)(code - '0' + 1),
        (byte)'A' => OrderStatus.PendingNew,
        (byte)'B' => OrderStatus.Calculated,
        (byte)'C' => OrderStatus.Expired,
        (byte)'D' => OrderStatus.AcceptedForBidding,
        (byte)'E' => OrderStatus.PendingReplace,
        _ => OrderStatus.Unknown,
    };

    public static byte StatusCode(OrderStatus status) => status switch
    {
        >= OrderStatus.New and <= OrderStatus.Suspended => (byte)('0' + (int)status - 1),
        OrderStatus.PendingNew => (byte)'A',
        OrderStatus.Calculated => (byte)'B',
        OrderStatus.Expired => (byte)'C',
        OrderStatus.AcceptedForBidding => (byte)'D',
        OrderStatus.PendingReplace => (byte)'E',
        _ => 0,
    };
}
