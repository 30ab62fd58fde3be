namespace Appliance.Contract;

/// <summary>Whether a book may be traded on.</summary>
public enum BookState : byte
{
    /// <summary>Not yet, or no longer, known to be whole: before a snapshot, after a gap.</summary>
    Incomplete = 0,
    Ready = 1,
    /// <summary>Best bid at or above best ask.</summary>
    Crossed = 2,
    /// <summary>One side is empty.</summary>
    OneSided = 3,
}

/// <summary>The best of an instrument's book with its condition. Quantity 0 means that side is empty.</summary>
public struct TopOfBook
{
    public long BidPriceUnits;
    public long BidQuantityUnits;
    public long AskPriceUnits;
    public long AskQuantityUnits;
    /// <summary>Sequenced time of the last event of this instrument.</summary>
    public long TimeUtcNs;
    /// <summary>Lower and upper price band in price units; 0 and long.MaxValue where the venue sets none.</summary>
    public long LowerBandUnits;
    public long UpperBandUnits;
    public BookState State;
    public TradingStatus Status;

    /// <summary>Twice the mid price in price units: an integer, so that no half is lost.</summary>
    public readonly long TwiceMidUnits => BidPriceUnits + AskPriceUnits;
    public readonly bool IsTradable => State == BookState.Ready && Status == TradingStatus.Trading;
}
