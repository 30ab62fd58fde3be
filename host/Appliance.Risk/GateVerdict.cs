namespace Appliance.Risk;

/// <summary>
/// What the gate says of an intent: approved, or the one reason it was held back. The checks run in the order of these numbers, the switches first,
/// so a held intent is counted under the first reason that applies. Reports print <see cref="GateVerdicts.Name"/>; docs/risk.md says which rule asks for which.
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
    /// <summary>The wall clock has stepped further than allowed since the start.</summary>
    ClockSkew = 8,

    // The intent itself, and who asks.
    /// <summary>No such kind, side or time in force: a programmer's error that the gate survives.</summary>
    InvalidIntent = 9,
    /// <summary>A client order id that does not rise.</summary>
    InvalidIdentifier = 10,
    UnknownInstrument = 11,
    UnknownPortfolio = 12,
    UserRestricted = 13,
    /// <summary>The portfolio sent as many orders within its window as it may, and waits for a named person to enable it.</summary>
    RepeatedExecution = 14,
    /// <summary>So many orders of the portfolio in a row found no fill.</summary>
    HedgeAttempts = 15,
    /// <summary>Fills of the portfolio within its interval reached a bound; frozen.</summary>
    MarketMakerProtection = 16,
    InstrumentNotAllowed = 17,
    InstrumentRestricted = 18,
    /// <summary>A request on this instrument was not acknowledged in time.</summary>
    InstrumentFrozen = 19,
    InvalidPrice = 20,
    PriceOffTick = 21,
    InvalidQuantity = 22,
    MaxQuantity = 23,
    QuantityOffLot = 24,
    MaxNotional = 25,

    // The market.
    BookNotReady = 26,
    NotTrading = 27,
    StaleData = 28,
    PriceBand = 29,
    PriceCollar = 30,
    /// <summary>Too far from where the market was one to two windows ago.</summary>
    PriceDrift = 31,
    StaleGreeks = 32,

    // What is held and works already.
    PositionLimit = 33,
    HedgeSize = 34,
    AccountPosition = 35,
    CreditThreshold = 36,
    MaxLiveOrders = 37,
    SelfMatch = 38,
    DuplicateOrder = 39,
    MessageRate = 40,
    MessageRateLong = 41,
    RejectRate = 42,
    /// <summary>Every record of the order table is live.</summary>
    OrderTableFull = 43,

    // Amends, cancels and status requests.
    UnknownOrder = 44,
    /// <summary>The order is filled, cancelled or rejected already.</summary>
    OrderDone = 45,
    /// <summary>The order has an unanswered request, and an amend has to wait for the answer.</summary>
    RequestOutstanding = 46,
    /// <summary>A cancel of this order is on its way already: nothing to do.</summary>
    CancelOutstanding = 47,
    /// <summary>An amend may change price and quantity only.</summary>
    AmendChangesOrder = 48,
    /// <summary>The amended total is not above what is filled.</summary>
    AmendBelowFilled = 49,
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
