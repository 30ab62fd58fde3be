namespace Appliance.Contract;

/// <summary>
/// Which limit of the gate a change addresses. The numbers are the journal's: never reuse or renumber one. 1-15 belong to an instrument (or all),
/// 16-31 to the desk, 32-47 to a portfolio (or all). Values travel in the desk file's units: quote currency, 1.0 of the instrument, basis points, milliseconds, counts, 0 or 1.
/// </summary>
public enum LimitKey : byte
{
    None = 0,

    MaxOrderQuantity = 1, MaxOrderNotional = 2, CollarBps = 3, DriftCollarBps = 4, MaxPosition = 5, StaleMilliseconds = 6,
    /// <summary>1 takes the instrument out of trading, 0 lets it back.</summary>
    Restricted = 7,

    MaxAccountPosition = 16, MaxExposure = 17, MessagesPerSecond = 18, MessagesPerMinute = 19, CancelReserve = 20, RejectsPerMinute = 21, MaxLiveOrders = 22,
    DuplicateWindowMilliseconds = 23, MaxDailyLoss = 24, MaxClockSkewMilliseconds = 25, SelfMatchPrevention = 26, StaleGreeksMilliseconds = 27,

    MaxHedge = 32, MaxHedgeAttempts = 33, RepeatedExecutions = 34, ProtectionQuantity = 35, ProtectionDelta = 36, ProtectionVega = 37, ProtectionIntervalMilliseconds = 38,
    ProtectionFreezeMilliseconds = 39,
    /// <summary>1 bars the portfolio's user from trading, 0 lets him back.</summary>
    UserRestricted = 40,
}
