using Appliance.Contract;

namespace Appliance.Ingest.Binance;

public enum BinanceMessageKind : byte { Other = 0, DepthUpdate = 1, Snapshot = 2, Trade = 3, AggregateTrade = 4, BookTicker = 5 }

/// <summary>Why a message cannot be used.</summary>
public enum BinanceFault : byte
{
    None = 0,
    MalformedJson = 1,
    /// <summary>A price or quantity that is no decimal number, has too many decimals, or does not fit.</summary>
    BadNumber = 2,
    BadIdentifier = 3,
    /// <summary>A list of levels that is not a list of [price, quantity].</summary>
    BadLevels = 4,
    TooManyLevels = 5,
    MissingField = 6,
    ZeroPrice = 7,
    BadReceiveTime = 8,
    LineTooLong = 9,
    SnapshotOfUnknownSymbol = 10,
}

public struct BinanceLevel
{
    public long PriceUnits;
    public long QuantityUnits;
    public Side Side;
}

/// <summary>What one message said. One instance is reused for every line: the level array is as long as it will ever be.</summary>
public sealed class BinanceMessage(int levelsMax)
{
    public readonly BinanceLevel[] Levels = new BinanceLevel[levelsMax];
    public int LevelCount;
    public BinanceMessageKind Kind;
    /// <summary>U, u and pu; of a snapshot LastUpdateId alone; of a bookTicker u.</summary>
    public long FirstUpdateId, LastUpdateId, PreviousUpdateId;
    /// <summary>E, milliseconds since 1970; 0 where the message has none.</summary>
    public long EventTimeMs;
    public long PriceUnits, QuantityUnits, TradeId;
    public long BidPriceUnits, BidQuantityUnits, AskPriceUnits, AskQuantityUnits;
    public bool BuyerIsMaker;
    /// <summary>Where symbol and event name stand in the decoded bytes; length 0 when there is none.</summary>
    public int SymbolStart, SymbolLength, EventNameStart, EventNameLength;
    /// <summary>The message came inside a {"stream", "data"} wrapper of a partial-depth stream.</summary>
    public bool IsPartialDepth;

    internal void Clear()
    {
        LevelCount = 0;
        Kind = BinanceMessageKind.Other;
        FirstUpdateId = LastUpdateId = PreviousUpdateId = EventTimeMs = 0;
        PriceUnits = QuantityUnits = TradeId = 0;
        BidPriceUnits = BidQuantityUnits = AskPriceUnits = AskQuantityUnits = 0;
        BuyerIsMaker = IsPartialDepth = false;
        SymbolStart = SymbolLength = EventNameStart = EventNameLength = 0;
    }
}
