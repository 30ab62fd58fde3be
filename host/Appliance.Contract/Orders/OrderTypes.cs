namespace Appliance.Contract;

public enum OrderRequestKind : byte
{
    None = 0, New = 1, Amend = 2, Cancel = 3,
    /// <summary>How does this order stand? Bears the order's own id, changes nothing, and is never reported unsent.</summary>
    Status = 4,
    /// <summary>Which of our orders stand at the venue at all? Bears an id of its own, changes nothing, and is never reported unsent.</summary>
    MassStatus = 5,
}

/// <summary>
/// Identifiers of orders that stand at the venue under a name that is no number of ours: the gateway keeps the name and gives out a number with the highest bit set, which no
/// epoch reaches. Such a number lasts as long as the run.
/// </summary>
public static class FoundOrderId
{
    public const ulong First = 1UL << 63;

    public static bool Is(ulong id) => id >= First;
}

/// <summary>FIX TimeInForce (59) in our numbering.</summary>
public enum TimeInForce : byte { Day = 0, ImmediateOrCancel = 1, FillOrKill = 2, GoodTillCancel = 3 }

/// <summary>What an execution event reports. FIX ExecType (150) with the rejects of amend and cancel drawn in.</summary>
public enum ExecutionKind : byte
{
    None = 0, New = 1, Trade = 2, Cancelled = 3, Replaced = 4, Rejected = 5, Expired = 6, PendingNew = 7, PendingCancel = 8, PendingReplace = 9,
    Restated = 10, DoneForDay = 11, Stopped = 12, Suspended = 13, Status = 14,
    /// <summary>OrderCancelReject answering a cancel.</summary>
    CancelRejected = 15,
    /// <summary>OrderCancelReject answering an amend.</summary>
    AmendRejected = 16,
    /// <summary>BusinessMessageReject of one of our requests.</summary>
    BusinessRejected = 17,
    /// <summary>Session-level Reject of one of our requests.</summary>
    SessionRejected = 18,
    TradeCancelled = 19,
    /// <summary>An execution has other terms than was said: a TradeCancelled with MoreFollows takes the old ones back before it, where they are known.</summary>
    TradeCorrected = 20,
    /// <summary>Commission or settlement was worked out for an order that is through for the day.</summary>
    Calculated = 21,
    /// <summary>5.0: a trade waits at the clearing house.</summary>
    TradeHeld = 22,
    /// <summary>5.0: it waits no longer.</summary>
    TradeReleased = 23,
    /// <summary>5.0: a stop or another dormant order was triggered.</summary>
    Triggered = 24,
    /// <summary>5.0SP2: the venue holds the order fast for a while (an auction's call, a pending match); it works on when it is released.</summary>
    Locked = 25,
    /// <summary>5.0SP2: it is held fast no longer.</summary>
    Released = 26,
}

/// <summary>FIX OrdStatus (39).</summary>
public enum OrderStatus : byte
{
    Unknown = 0, New = 1, PartiallyFilled = 2, Filled = 3, DoneForDay = 4, Cancelled = 5, Replaced = 6, PendingCancel = 7, Stopped = 8, Rejected = 9,
    Suspended = 10, PendingNew = 11, Calculated = 12, Expired = 13, PendingReplace = 14, AcceptedForBidding = 15,
}

/// <summary>What became of a send. Anything but Sent re-enters the ring as <see cref="EventKind.OrderUnsent"/>.</summary>
public enum SendResult : byte
{
    Sent = 0,
    /// <summary>The session is not logged on, or its socket is gone.</summary>
    Disconnected = 1,
    /// <summary>The socket's buffer is full and an earlier message is still partly unsent.</summary>
    BackPressure = 2,
    /// <summary>The kill flag was set and the request was not a cancel.</summary>
    Killed = 3,
    /// <summary>The order log is full.</summary>
    LogFull = 4,
    /// <summary>The gateway was asked to gap-fill instead of resending: the venue never received it.</summary>
    GapFilled = 5,
}

/// <summary>What a policy wants done, before the gate. Prices and quantities in the instrument's units; quantity is the order's total.</summary>
public struct OrderIntent
{
    public OrderRequestKind Kind;
    public Side Side;
    public TimeInForce TimeInForce;
    public ushort Instrument;
    public ushort Portfolio;
    public long PriceUnits;
    public long QuantityUnits;
    /// <summary>The new request's id: the epoch times 10^9 plus a count; never repeated.</summary>
    public ulong ClientOrderId;
    /// <summary>Of amends and cancels: the id of the request that stands at the venue.</summary>
    public ulong OriginalClientOrderId;
    /// <summary>The ring sequence of the event that caused it.</summary>
    public long RingSequence;
    /// <summary>Received stamp of the tick that caused it, 0 when none did (an answer, a timer, a command); for latency only.</summary>
    public long ReceivedNs;
    /// <summary>Sequenced time of the event that caused it.</summary>
    public long TimeUtcNs;
}
