using Appliance.Contract;
using Appliance.Strategy.Features;

namespace Appliance.Flow.Market;

/// <summary>How an instrument's book is fed: this decides when the book counts as whole.</summary>
public enum BookFeed : byte
{
    /// <summary>Order-by-order (ITCH): L3, levels are sums of orders.</summary>
    Orders = 0,
    /// <summary>Absolute level quantities in sequence (DEEP): L2, whole from the first message.</summary>
    Levels = 1,
    /// <summary>Level diffs that must be bridged to a snapshot by update identifiers (Binance): L2, incomplete until bridged.</summary>
    BridgedLevels = 2,
    /// <summary>Best bid and ask only: each quote is the whole book.</summary>
    Quotes = 3,
}

/// <summary>What becomes of a price level for which its side of the book has no room.</summary>
public enum LevelsFullPolicy : byte
{
    /// <summary>
    /// The worst level is forgotten and counted, and what is worse than it is ignored from then on. The top stays exact; should the side ever be
    /// used up down to what was forgotten, the book becomes incomplete.
    /// </summary>
    DropDeepest = 0,
    /// <summary>The book becomes incomplete at once.</summary>
    MarkIncomplete = 1,
}

/// <summary>How one instrument's market data comes.</summary>
/// <param name="Feed">How the book is fed.</param>
/// <param name="InitialStatus">Trading status until the feed says otherwise: Unknown (no trading) for feeds that publish one, Trading for feeds that have none (Binance streams).</param>
/// <param name="StartsComplete">Whether the empty book counts as whole at the start: true for feeds joined at their first message. Without meaning for bridged feeds and quotes.</param>
public readonly record struct InstrumentFeed(BookFeed Feed, TradingStatus InitialStatus = TradingStatus.Unknown, bool StartsComplete = true);

/// <summary>Sizes and policies of <see cref="MarketState"/>, all fixed at start. What is full is counted in <see cref="MarketCounters"/>; nothing grows.</summary>
public sealed record MarketOptions
{
    /// <summary>How instruments are fed that <see cref="FeedByInstrument"/> does not name.</summary>
    public InstrumentFeed DefaultFeed { get; init; } = new(BookFeed.Orders);

    /// <summary>By instrument index; null: all as <see cref="DefaultFeed"/>.</summary>
    public IReadOnlyList<InstrumentFeed>? FeedByInstrument { get; init; }

    /// <summary>Orders that can rest at once over all instruments of order-by-order feeds; an order beyond makes its book incomplete. 64 bytes each at most. Range: 16 to 2^26.</summary>
    public int MaxOrders { get; init; } = 1 << 17;

    /// <summary>Price levels a side and instrument, 16 bytes each. Binance publishes books of several thousand levels. Range: 4 to 2^20.</summary>
    public int LevelsPerSide { get; init; } = 8192;

    public LevelsFullPolicy LevelsFull { get; init; } = LevelsFullPolicy.DropDeepest;

    /// <summary>
    /// Level events and headers held for each bridged instrument until its snapshot comes, 32 bytes each; when full, the oldest update is dropped
    /// and counted (a snapshot recent enough can still be bridged). Range: 16 to 2^22.
    /// </summary>
    public int HeldEventsPerInstrument { get; init; } = 1 << 15;

    public FeatureOptions Features { get; init; } = new();

    public InstrumentFeed FeedOf(int instrument) =>
        FeedByInstrument is { } feeds && instrument < feeds.Count ? feeds[instrument] : DefaultFeed;
}
