using Appliance.Contract;

namespace Appliance.Fix;

/// <summary>FIX OrdType (40), as far as the venue side reads it.</summary>
public enum FixOrderType : byte { Market = 1, Limit = 2 }

/// <summary>A NewOrderSingle as an acceptor received it, in sequence and well-formed. The instrument is known; everything else is for the venue to judge.</summary>
public struct NewOrderRequest
{
    public FixText ClientOrderId;
    public FixText Account;
    public ushort Instrument;
    public Side Side;
    public TimeInForce TimeInForce;
    public FixOrderType OrderType;
    /// <summary>0 for market orders.</summary>
    public long PriceUnits;
    public long QuantityUnits;
    public long TransactTimeUtcNs;
    /// <summary>PossResend (97): the sender may have sent this order under another sequence number.</summary>
    public bool PossibleResend;
    public uint Sequence;
}

/// <summary>An OrderCancelRequest as an acceptor received it.</summary>
public struct CancelOrderRequest
{
    public FixText ClientOrderId;
    public FixText OriginalClientOrderId;
    public ushort Instrument;
    public Side Side;
    public long TransactTimeUtcNs;
    public uint Sequence;
}

/// <summary>An OrderMassStatusRequest as an acceptor received it: how do my orders stand?</summary>
public struct MassStatusRequest
{
    /// <summary>MassStatusReqID (584): every report of the answer bears it.</summary>
    public FixText Id;
    /// <summary>The orders of one instrument only; <see cref="RingEvent.AllInstruments"/> for all.</summary>
    public ushort Instrument;
    public uint Sequence;
}

/// <summary>An OrderCancelReplaceRequest as an acceptor received it. QuantityUnits is the order's new total, not what is left.</summary>
public struct ReplaceOrderRequest
{
    public FixText ClientOrderId;
    public FixText OriginalClientOrderId;
    public ushort Instrument;
    public Side Side;
    public TimeInForce TimeInForce;
    public FixOrderType OrderType;
    public long PriceUnits;
    public long QuantityUnits;
    public long TransactTimeUtcNs;
    public uint Sequence;
}

/// <summary>What an acceptor says in an ExecutionReport. Prices and quantities in the instrument's units.</summary>
public struct ExecutionReportMessage
{
    /// <summary>OrderID (37): the venue's own number of the order.</summary>
    public ulong OrderId;
    /// <summary>ExecID (17): unique within the venue's day.</summary>
    public ulong ExecutionId;
    /// <summary>ClOrdID (11): left out when empty, as of orders that came by no FIX session.</summary>
    public FixText ClientOrderId;
    /// <summary>OrigClOrdID (41): left out when empty.</summary>
    public FixText OriginalClientOrderId;
    public ushort Instrument;
    public Side Side;
    public TimeInForce TimeInForce;
    public ExecutionKind Kind;
    public OrderStatus Status;
    /// <summary>OrdRejReason (103): written for ExecutionKind.Rejected only.</summary>
    public ushort RejectReason;
    /// <summary>LastLiquidityInd (851): written for trades.</summary>
    public bool AddedLiquidity;
    public long OrderQuantityUnits;
    /// <summary>Left out when 0 (market orders).</summary>
    public long PriceUnits;
    public long LastQuantityUnits;
    public long LastPriceUnits;
    public long LeavesQuantityUnits;
    public long CumulativeQuantityUnits;
    /// <summary>AvgPx (6), rounded to the price unit by the caller.</summary>
    public long AveragePriceUnits;
    public long TransactTimeUtcNs;
    /// <summary>MassStatusReqID (584) of a report that answers an order mass status request, else empty; of FIX 4.3 and later.</summary>
    public FixText MassStatusId;
    /// <summary>TotNumReports (911) of that answer.</summary>
    public uint TotalReports;
    /// <summary>LastRptRequested (912): the answer ends here.</summary>
    public bool IsLastReport;
    /// <summary>Account (1), left out when empty.</summary>
    public FixText Account;
    /// <summary>CopyMsgIndicator (797): a copy of what another session was told; of FIX 4.4 and later.</summary>
    public bool IsCopy;
}

/// <summary>What an acceptor says in an OrderCancelReject.</summary>
public struct CancelRejectMessage
{
    /// <summary>OrderID (37): 0 is written as NONE, for an order the venue does not know.</summary>
    public ulong OrderId;
    public FixText ClientOrderId;
    public FixText OriginalClientOrderId;
    public OrderStatus Status;
    /// <summary>CxlRejResponseTo (434): true answers an OrderCancelReplaceRequest, false an OrderCancelRequest.</summary>
    public bool AnswersReplace;
    /// <summary>CxlRejReason (102): 0 too late, 1 unknown order, 3 already pending, 6 duplicate ClOrdID, 99 other.</summary>
    public ushort Reason;
    public long TransactTimeUtcNs;
}
