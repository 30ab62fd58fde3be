namespace Appliance.Flow.Market;

/// <summary>What the market stage saw and could not use, for the report. Written by the decision thread; plain words, read racily by watchers.</summary>
public sealed class MarketCounters
{
    /// <summary>Decide marks that settled at least one instrument.</summary>
    public long SettledMarks;
    /// <summary>Times a settled book was found crossed or locked.</summary>
    public long Crossed;

    // Orders.
    /// <summary>Orders that were refused because their reference already rests.</summary>
    public long DuplicateOrders;
    /// <summary>Executions, reductions, deletions and replacements of orders that are not known.</summary>
    public long UnknownOrders;
    /// <summary>Executions and reductions of more than the order still had.</summary>
    public long Overfills;
    /// <summary>Orders for which the table had no room.</summary>
    public long OrdersFull;
    /// <summary>The most orders that rested at once.</summary>
    public long OrdersMax;

    // Levels.
    /// <summary>Levels forgotten or refused because their side had no room.</summary>
    public long LevelsDropped;
    /// <summary>Times a side was used up down to what had been dropped, so that its book became incomplete.</summary>
    public long LevelsExhausted;
    /// <summary>The most levels that one side held.</summary>
    public long LevelsMax;

    // Bridges.
    /// <summary>Snapshots to which the diffs were bridged: the book became whole.</summary>
    public long Bridged;
    /// <summary>Snapshots that could not be bridged to the diffs at hand, and breaks in the chain of identifiers afterwards.</summary>
    public long BridgeBreaks;
    /// <summary>Snapshots ignored because the book was bridged already and the diffs are ahead.</summary>
    public long SnapshotsIgnored;
    /// <summary>Updates dropped because they are older than the book.</summary>
    public long StaleUpdates;
    /// <summary>Updates dropped because no more could be held before the snapshot.</summary>
    public long HeldUpdatesDropped;
    /// <summary>Quotes older than the depth that had been applied.</summary>
    public long StaleQuotes;

    // Feeds.
    public long FeedGaps;
    public long FeedResets;
    public long BooksCleared;
    public long StatusChanges;
    public long PriceBandChanges;
    /// <summary>Events that no book could take: an instrument out of range, a negative price band, a level event outside any update of a bridged feed.</summary>
    public long RejectedEvents;
}
