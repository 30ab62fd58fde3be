using Appliance.Contract;

namespace Appliance.Risk;

/// <summary>Where an order stands, as a reader of the table wants it: the most pressing condition first.</summary>
public enum OrderState : byte { None = 0, PendingNew = 1, Live = 2, PendingAmend = 3, PendingCancel = 4, Done = 5 }

/// <summary>How an order ended.</summary>
public enum OrderEnd : byte
{
    None = 0,
    Filled = 1,
    Cancelled = 2,
    Expired = 3,
    Rejected = 4,
    DoneForDay = 5,
    /// <summary>It never left: see <see cref="SendResult"/>.</summary>
    Unsent = 6,
    /// <summary>The venue answered that it does not know the order.</summary>
    UnknownToVenue = 7,
}

/// <summary>
/// One order from its approval to its end and beyond, until its record is reused. An order may have three ids that count at a time: the one that
/// stands at the venue, the amend's and the cancel's; answers come under any of them.
/// </summary>
public struct OrderRecord
{
    /// <summary>The id of the first request: names the order for good.</summary>
    public ulong FirstId;
    /// <summary>The id that stands at the venue: the last request that was not refused.</summary>
    public ulong CurrentId;
    /// <summary>0 when no amend is unanswered.</summary>
    public ulong PendingAmendId;
    /// <summary>0 when no cancel is unanswered.</summary>
    public ulong PendingCancelId;
    /// <summary>Which of the order's ids the unanswered cancel names.</summary>
    internal ulong CancelNamesId;
    public long PriceUnits;
    public long QuantityUnits;
    public long PendingPriceUnits;
    public long PendingQuantityUnits;
    public long CumulativeQuantityUnits;
    /// <summary>What may still fill in the worst case: it counts against the position limit. The larger of old and new while an amend is pending; 0 when done.</summary>
    public long ExposureUnits;
    /// <summary>Twice the last good mid when the newest request was approved: what the costs of its fills are measured from.</summary>
    public long DecisionTwiceMidUnits;
    /// <summary>Sequenced time of the first request.</summary>
    public long OpenedUtcNs;
    internal long AmendSentUtcNs;
    internal long CancelSentUtcNs;
    public int RefusedRequests;
    /// <summary>Which order of its record this is, counted from 1: tells it from those that had the record before.</summary>
    internal uint Use;
    public ushort Instrument;
    public ushort Portfolio;
    public Side Side;
    public TimeInForce TimeInForce;
    public OrderEnd End;
    /// <summary>The venue has answered the new order.</summary>
    public bool IsAcknowledged;
    /// <summary>A request is unanswered past the bound, and the instrument is frozen for it.</summary>
    public bool IsOverdue;
    /// <summary>Of an earlier run: how it stands has to be heard from the venue.</summary>
    public bool IsUnconfirmed;
    /// <summary>The venue listed it, and no request of ours made it: no portfolio trades with it, it counts against the limits, and somebody decides whether it is withdrawn.</summary>
    public bool IsFound;
    /// <summary>The venue was asked which orders stand and has not spoken of this one since.</summary>
    internal bool AwaitsListing;
    internal bool InReuseQueue;
    internal int LiveIndex;
    /// <summary>The instrument's other live orders, slots; −1 at the end.</summary>
    internal int NextLive, PreviousLive;

    public readonly bool IsDone => End != OrderEnd.None;
    public readonly bool HasFill => CumulativeQuantityUnits != 0;

    public readonly OrderState State =>
        FirstId == 0 ? OrderState.None
        : IsDone ? OrderState.Done
        : PendingCancelId != 0 ? OrderState.PendingCancel
        : PendingAmendId != 0 ? OrderState.PendingAmend
        : IsAcknowledged ? OrderState.Live
        : OrderState.PendingNew;

    /// <summary>Quantity still working under the terms that stand at the venue.</summary>
    public readonly long LeavesUnits => IsDone ? 0 : Math.Max(0, QuantityUnits - CumulativeQuantityUnits);

    internal readonly long WorstLeavesUnits
    {
        get
        {
            if (IsDone) return 0;
            long total = PendingAmendId != 0 ? Math.Max(QuantityUnits, PendingQuantityUnits) : QuantityUnits;
            return Math.Max(0, total - CumulativeQuantityUnits);
        }
    }

    /// <summary>When the oldest unanswered request was approved; long.MaxValue when everything is answered.</summary>
    internal readonly long OldestUnansweredUtcNs
    {
        get
        {
            long oldest = long.MaxValue;
            if (IsDone) return oldest;
            if (!IsAcknowledged) oldest = OpenedUtcNs;
            if (PendingAmendId != 0) oldest = Math.Min(oldest, AmendSentUtcNs);
            if (PendingCancelId != 0) oldest = Math.Min(oldest, CancelSentUtcNs);
            return oldest;
        }
    }
}

/// <summary>What an execution event did, for those behind the order table: the account and the executor.</summary>
public readonly struct ExecutionEffect
{
    /// <summary>Portfolio of fills whose order nobody knows.</summary>
    public const ushort NoPortfolio = ushort.MaxValue;

    /// <summary>False when no order has the event's id.</summary>
    public bool IsKnown { get; init; }
    public ushort Instrument { get; init; }
    public ushort Portfolio { get; init; }
    public Side Side { get; init; }
    public long TimeUtcNs { get; init; }
    /// <summary>Newly filled, by the cumulative quantity; 0 for a repetition, negative when the venue busted a trade.</summary>
    public long FilledUnits { get; init; }
    public long PriceUnits { get; init; }
    /// <summary>Twice the mid at which the filled request was decided; 0 when nobody knows.</summary>
    public long DecisionTwiceMidUnits { get; init; }
    public bool AddedLiquidity { get; init; }
    /// <summary>The venue refused a request of ours, for the first time that it says so.</summary>
    public bool IsReject { get; init; }
    /// <summary>The first fill of its order.</summary>
    public bool IsFirstFill { get; init; }
    /// <summary>The terms of an execution changed: quantity and cash move, but nothing was traded.</summary>
    public bool IsCorrection { get; init; }
}

/// <summary>What an instrument's position is and could become.</summary>
public struct InstrumentExposure
{
    /// <summary>Signed, over all portfolios.</summary>
    public long PositionUnits;
    public long WorkingBuyUnits;
    public long WorkingSellUnits;
    /// <summary>Orders with a request unanswered past the bound; above zero the instrument is frozen.</summary>
    public int OverdueOrders;
    public int LiveOrders;
    internal int LiveBuys, LiveSells;
    /// <summary>A live order of the instrument, the head of the list through <see cref="OrderRecord.NextLive"/>, by slot; −1 when none is.</summary>
    internal int FirstLive;
    /// <summary>Our best live prices, amends under way counted. When stale, the true best is no better than this.</summary>
    internal long BestBuyUnits, BestSellUnits;
    internal bool IsBestBuyStale, IsBestSellStale;
    /// <summary>What the gate counts for the instrument at the last good mid, in hundredths of the quote currency: the position with its buys filled, and with its sells filled.</summary>
    internal long BuyWorstCents, SellWorstCents;
    /// <summary>When the newest order of the instrument was approved: before that plus the duplicate window, nothing can be a duplicate.</summary>
    internal long LastNewUtcNs;

    /// <summary>The worse of both sides, without sign.</summary>
    internal readonly long WorstCents => Math.Max(Math.Abs(BuyWorstCents), Math.Abs(SellWorstCents));
}

/// <summary>What a portfolio's hedge is and could become, in quantity units of its instrument.</summary>
public struct PortfolioExposure
{
    public long PositionUnits;
    public long WorkingBuyUnits;
    public long WorkingSellUnits;
}
