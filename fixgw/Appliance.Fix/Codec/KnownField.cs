namespace Appliance.Fix;

/// <summary>The fields that a session and the decoders of requests and reports look for, as places in a <see cref="MessageShape"/>.</summary>
internal enum KnownField : byte
{
    None,
    // Of the header.
    MsgSeqNum, SenderCompID, TargetCompID, SendingTime,
    // Of the body.
    ClOrdID, OrigClOrdID, OrderID, ExecID, ExecRefID, Account, Symbol, Side, OrdType, TimeInForce, OrderQty, Price, LastPx, LastQty, CumQty, TransactTime, ExecTransType, ExecType, OrdStatus, OrdRejReason, LastLiquidityInd,
    Count,
}

internal static class KnownFields
{
    public static KnownField OfHeader(int tag) => tag switch
    {
        FixTag.MsgSeqNum => KnownField.MsgSeqNum,
        FixTag.SenderCompID => KnownField.SenderCompID,
        FixTag.TargetCompID => KnownField.TargetCompID,
        FixTag.SendingTime => KnownField.SendingTime,
        _ => KnownField.None,
    };

    public static KnownField OfBody(int tag) => tag switch
    {
        FixTag.ClOrdID => KnownField.ClOrdID,
        FixTag.OrigClOrdID => KnownField.OrigClOrdID,
        FixTag.OrderID => KnownField.OrderID,
        FixTag.ExecID => KnownField.ExecID,
        FixTag.ExecRefID => KnownField.ExecRefID,
        FixTag.Account => KnownField.Account,
        FixTag.Symbol => KnownField.Symbol,
        FixTag.Side => KnownField.Side,
        FixTag.OrdType => KnownField.OrdType,
        FixTag.TimeInForce => KnownField.TimeInForce,
        FixTag.OrderQty => KnownField.OrderQty,
        FixTag.Price => KnownField.Price,
        FixTag.LastPx => KnownField.LastPx,
        FixTag.LastQty => KnownField.LastQty,
        FixTag.CumQty => KnownField.CumQty,
        FixTag.TransactTime => KnownField.TransactTime,
        FixTag.ExecTransType => KnownField.ExecTransType,
        FixTag.ExecType => KnownField.ExecType,
        FixTag.OrdStatus => KnownField.OrdStatus,
        FixTag.OrdRejReason => KnownField.OrdRejReason,
        FixTag.LastLiquidityInd => KnownField.LastLiquidityInd,
        _ => KnownField.None,
    };
}
