namespace Appliance.Risk;

/// <summary>
/// What the gate says of an intent: approved, or the one reason it was held back. The checks run in the order of these numbers, the switches first,
/// so a held intent is counted under the first reason that applies. Reports print <see cref="GateVerdicts.Name"/>.
/// </summary>
public enum GateVerdict : byte
{
    Approved = 0,

    // Switches: they stop new orders and amends altogether. Cancels pass.
    Killed = 1,
    Paused = 2,
    SessionDown = 3,
    /// <summary>Orders of an earlier run are not yet resolved with the venue.</summary>
    OrdersUnresolved = 4,
    JournalLost = 5,
    JournalBehind = 6,
    DailyLoss = 7,

    // The intent itself.
    /// <summary>No such kind, side or time in force: a programmer's error that the gate survives.</summary>
    InvalidIntent = 8,
    /// <summary>A client order id that does not rise.</summary>
    InvalidIdentifier = 9,
    UnknownInstrument = 10,
    InstrumentNotAllowed = 11,
    /// <summary>A request on this instrument was not acknowledged in time.</summary>
    InstrumentFrozen = 12,
    InvalidPrice = 13,
    PriceOffTick = 14,
    InvalidQuantity = 15,
    QuantityOffLot = 16,
    MaxQuantity = 17,
    MaxNotional = 18,

    // The market.
    BookNotReady = 19,
    NotTrading = 20,
    StaleData = 21,
    PriceBand = 22,
    PriceCollar = 23,

    // What already works.
    PositionLimit = 24,
    MaxLiveOrders = 25,
    /// <summary>Every record of the order table is live.</summary>
    OrderTableFull = 26,
    DuplicateOrder = 27,
    MessageRate = 28,

    // Amends and cancels.
    UnknownOrder = 29,
    /// <summary>The order is filled, cancelled or rejected already.</summary>
    OrderDone = 30,
    /// <summary>The order has an unanswered request, and an amend has to wait for the answer.</summary>
    RequestOutstanding = 31,
    /// <summary>A cancel of this order is on its way already: nothing to do.</summary>
    CancelOutstanding = 32,
    /// <summary>An amend may change price and quantity only.</summary>
    AmendChangesOrder = 33,
    /// <summary>The amended total is not above what is filled.</summary>
    AmendBelowFilled = 34,
}

/// <summary>Names of verdicts as reports print them.</summary>
public static class GateVerdicts
{
    private static readonly string[] Names = MakeNames();

    public static int Count => Names.Length;

    /// <summary>The stable camelCase name; other programs read it.</summary>
    public static string Name(GateVerdict verdict) => Names[(int)verdict];

    private static string[] MakeNames()
    {
        GateVerdict[] all = Enum.GetValues<GateVerdict>();
        var names = new string[all.Length];
        foreach (GateVerdict verdict in all)
        {
            string name = verdict.ToString();
            names[(int)verdict] = char.ToLowerInvariant(name[0]) + name[1..];
        }
        return names;
    }
}
