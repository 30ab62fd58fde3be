namespace Appliance.Contract;

/// <summary>
/// What a ring event says. Everything that can change a decision is one of these: the decision thread is a function of the ring.
/// 1–31 market data, 32–47 the order session, 48–63 control. The numbers are the journal's: never reuse or renumber one.
/// </summary>
public enum EventKind : byte
{
    None = 0,

    // Order-by-order feeds (Tick).
    OrderAdded = 1,
    /// <summary>Executed at the order's own price. Quantity is the executed part; Reference2 the match number.</summary>
    OrderExecuted = 2,
    /// <summary>Executed at a price that differs from the order's. Price is the execution's.</summary>
    OrderExecutedAtPrice = 3,
    /// <summary>Reduced by Quantity (a partial cancel); the order keeps its place in the queue.</summary>
    OrderReduced = 4,
    OrderDeleted = 5,
    /// <summary>Reference is replaced by Reference2 with a new Price and Quantity; it loses its place in the queue.</summary>
    OrderReplaced = 6,
    /// <summary>A print that touches no displayed order of the book (hidden, cross, off-book), or the trade of a level feed.</summary>
    Trade = 7,
    TradeBroken = 8,

    // Level feeds.
    /// <summary>Tick: the quantity now resting at Price on Side; zero removes the level.</summary>
    LevelSet = 9,
    /// <summary>Quote: best bid and ask with quantities, of a top-of-book stream.</summary>
    QuoteSet = 10,
    /// <summary>UpdateRange: opens a batch of LevelSet events and carries its identifiers (Binance U, u, pu); the batch ends with DecideMark.</summary>
    DepthUpdate = 11,
    /// <summary>UpdateRange: opens a full snapshot (LastUpdateId is the snapshot's); LevelSet events follow up to DepthSnapshotEnd.</summary>
    DepthSnapshot = 12,
    DepthSnapshotEnd = 13,

    // Either.
    /// <summary>Tick: Detail holds a TradingStatus.</summary>
    StatusChanged = 14,
    /// <summary>Tick: Price is the lower band, Quantity the upper (both in price units), Reference the reference price.</summary>
    PriceBandSet = 15,
    /// <summary>Tick: the book of Instrument (or of all, when Instrument is AllInstruments) is void: start empty and incomplete or empty and complete by Detail (1 = complete).</summary>
    BookCleared = 16,
    /// <summary>Tick: Reference is the first missing sequence number, Quantity how many are missing. Books of that source are no longer complete.</summary>
    FeedGap = 17,
    /// <summary>Tick: the source's sequence started again (Reference is the new number).</summary>
    FeedReset = 18,
    /// <summary>Tick: an indicative auction price. Price, Quantity as published.</summary>
    AuctionIndicated = 19,
    /// <summary>Header only: closes a venue transaction whose last message made no event of its own.</summary>
    TransactionEnd = 20,

    // The order session (Execution).
    ExecutionReported = 32,
    /// <summary>The session is logged on and in sequence; orders may go.</summary>
    SessionUp = 33,
    SessionDown = 34,
    /// <summary>An approved order did not leave: Detail is a SendResult.</summary>
    OrderUnsent = 35,
    /// <summary>At start: the order log holds orders of an earlier run (Value1 of them) that may stand at the venue. No new orders until resolved.</summary>
    OrdersUnresolved = 37,
    /// <summary>
    /// At start: an order of an earlier run that may work at the venue, as it stood when that run ended. ExecutionKind New: acknowledged; PendingNew: perhaps never received; LastPrice and LastQuantity
    /// are its price and total, Reason its portfolio, SessionSequence its TimeInForce. PendingReplace and PendingCancel follow it for a request that was unanswered: its id, and an amend's new terms.
    /// </summary>
    OrderRestored = 38,
    /// <summary>
    /// The venue's answer to an order mass status request is complete: ClientOrderId is the request's, LastQuantity the orders that it listed, CumulativeQuantity those that it said it would. ExecutionKind BusinessRejected
    /// or SessionRejected: it does not answer such requests, Reason says why.
    /// </summary>
    MassStatusEnded = 39,

    // Control (ControlEvent).
    /// <summary>Code is an OperatorCommand.</summary>
    Command = 48,
    /// <summary>Code is the timer's period in milliseconds.</summary>
    Timer = 49,
    /// <summary>The kill flag was seen set before a send, or by the ingest loop. Value1 is the client order id that was held back, or 0.</summary>
    KillObserved = 50,
    /// <summary>The journal's consumer lags by Value1 events: no new orders.</summary>
    JournalBehind = 51,
    JournalCaughtUp = 52,
    /// <summary>The journal cannot be written (disk full, input/output error; Code is errno): no new orders for the rest of the run.</summary>
    JournalLost = 53,
    /// <summary>Consumers lag by Value1 events: decide marks are skipped until OverloadEnded.</summary>
    OverloadBegan = 54,
    OverloadEnded = 55,
    /// <summary>The UTC clock stepped by Value1 nanoseconds.</summary>
    ClockStepped = 56,
    /// <summary>An asynchronous computation's result; Value1 is its ticket.</summary>
    ComputeCompleted = 57,
    ComputeDeadlineMissed = 58,
    /// <summary>The source has ended (capture played out, run time over). Always the last event of a complete journal.</summary>
    EndOfInput = 59,
    /// <summary>The recording host's own account of the run, for comparison only; a replay's flow ignores it.</summary>
    RunFooter = 60,
}

/// <summary>Which side of the book, or of a trade: the aggressor's where the feed says.</summary>
public enum Side : byte { None = 0, Buy = 1, Sell = 2 }

/// <summary>Bits that any event may carry.</summary>
[Flags]
public enum EventFlags : ushort
{
    None = 0,
    /// <summary>The venue's transaction ends with this event: decide now. Set by ingest, never by a consumer.</summary>
    DecideMark = 1,
    /// <summary>The event belongs to a snapshot.</summary>
    Snapshot = 2,
    /// <summary>A hidden or non-displayed execution.</summary>
    NonDisplayed = 4,
    /// <summary>Our order added liquidity in this fill.</summary>
    AddedLiquidity = 8,
    /// <summary>The venue repeated this message (PossDup); quantities are cumulative, so applying it twice is harmless.</summary>
    PossibleDuplicate = 16,
    /// <summary>Not eligible for last-sale statistics (odd lot, out of sequence, cross).</summary>
    NotLastSale = 32,
    /// <summary>The next event of the same source belongs to this one: nothing is decided, and nothing counted twice, between them.</summary>
    MoreFollows = 64,
    /// <summary>A report of an order mass status: LastPrice and LastQuantity are the order's price and total. One of an order that nobody knows is an order found.</summary>
    Listed = 128,
}

/// <summary>What the venue allows on an instrument now.</summary>
public enum TradingStatus : byte { Unknown = 0, PreOpen = 1, Trading = 2, Halted = 3, Paused = 4, QuoteOnly = 5, Auction = 6, Closed = 7 }

/// <summary>What an operator may command; the number is the journal's.</summary>
public enum OperatorCommand : int
{
    None = 0, Kill = 1, Pause = 2, Resume = 3, Stop = 4, Resolved = 5,
    /// <summary>A limit of the gate changes: see <see cref="ControlEvent"/> and <see cref="LimitKey"/>.</summary>
    SetLimit = 6,
    /// <summary>A portfolio that a throttle of the gate disabled may trade again; portfolio AllPortfolios: every one, and the daily loss stops no more once it is within its limit again.</summary>
    Enable = 7,
    /// <summary>The market-maker protection of a portfolio begins anew.</summary>
    ResetProtection = 8,
    /// <summary>The wall clock as it stands now is taken for right.</summary>
    AcceptClock = 9,
    /// <summary>Profit and loss that earlier runs of the day left, Value2 as a double: it counts towards the daily loss.</summary>
    CarryPnl = 10,
    /// <summary>Orders found at the venue that nobody here knows are withdrawn: the one whose id is Value1, or all of them for 0.</summary>
    CancelUnknown = 11,
}
