using Appliance.Contract;

namespace Appliance.Venue.Matching;

/// <summary>One resting order, in the engine's pool. Links are pool slots; −1 ends a list.</summary>
public struct BookOrder
{
    /// <summary>The venue's number of the order, as on the tape; 0 in a free slot.</summary>
    public ulong Reference;
    /// <summary>The owner's own number for the order; the engine only carries it.</summary>
    public ulong OwnerTag;
    public long PriceUnits;
    /// <summary>What is still to be executed.</summary>
    public long QuantityUnits;
    /// <summary>Index of the participant.</summary>
    public int Owner;
    public ushort Instrument;
    public Side Side;
    internal int Next;
    internal int Previous;
}

/// <summary>A resting order met an incoming one, at the resting order's price.</summary>
public readonly struct MatchedTrade
{
    /// <summary>Number of the match, unique over the engine's life.</summary>
    public required ulong MatchNumber { get; init; }
    public required ushort Instrument { get; init; }
    public required long PriceUnits { get; init; }
    public required long QuantityUnits { get; init; }
    public required ulong MakerReference { get; init; }
    public required ulong MakerTag { get; init; }
    public required int MakerOwner { get; init; }
    /// <summary>The resting order's side; the aggressor's is the other.</summary>
    public required Side MakerSide { get; init; }
    /// <summary>What the resting order still has; 0 means that it left the book.</summary>
    public required long MakerRemainingUnits { get; init; }
    public required int TakerOwner { get; init; }
    public required ulong TakerTag { get; init; }
}

/// <summary>A trade that touches no displayed order.</summary>
public readonly struct PrintedTrade
{
    public required ulong MatchNumber { get; init; }
    public required ushort Instrument { get; init; }
    public required long PriceUnits { get; init; }
    public required long QuantityUnits { get; init; }
    public required int Buyer { get; init; }
    public required int Seller { get; init; }
}

/// <summary>What became of a new order or a replacement.</summary>
public enum SubmitStatus : byte
{
    /// <summary>It rests, perhaps after partial executions.</summary>
    Resting = 0,
    Filled = 1,
    /// <summary>Immediate-or-cancel: executed in part or not at all, the rest is gone.</summary>
    Cancelled = 2,
    /// <summary>Fill-or-kill that could not be filled whole: nothing happened.</summary>
    Killed = 3,
    /// <summary>No slot for another order or price level: nothing happened.</summary>
    BookFull = 4,
    /// <summary>Replace only: no such order.</summary>
    Unknown = 5,
}

/// <param name="Reference">The resting order's number, or 0 when nothing rests.</param>
public readonly record struct SubmitOutcome(SubmitStatus Status, ulong Reference, long FilledUnits, long RestingUnits);

/// <summary>
/// Where the engine tells what happened, in the order in which it happened. A struct type parameter, so that the calls are direct.
/// A handler must not call back into the engine: the book is in the middle of its change.
/// </summary>
public interface IMatchHandler
{
    void OnAdded(in BookOrder order);
    void OnExecuted(in MatchedTrade trade);
    /// <summary>The order, already reduced, kept its place in the queue.</summary>
    void OnReduced(in BookOrder order, long byUnits);
    void OnDeleted(in BookOrder order);
    /// <summary><paramref name="old"/> left the book and <paramref name="replacement"/> stands at the end of its price's queue; no execution took place.</summary>
    void OnReplaced(in BookOrder old, in BookOrder replacement);
    void OnPrinted(in PrintedTrade trade);
}
