using Appliance.Contract;

namespace Appliance.Risk;

/// <summary>What the gate allows. Plain and frozen: the host reads it from the desk file, and <see cref="Problems"/> says what is wrong with it, all at once.</summary>
public sealed record GateLimits
{
    /// <summary>One entry for each tradable instrument; an instrument without one is not on the allow-list.</summary>
    public required IReadOnlyList<InstrumentLimits> Instruments { get; init; }
    /// <summary>Portfolios without an entry have the defaults of <see cref="PortfolioLimits"/>.</summary>
    public IReadOnlyList<PortfolioLimits> Portfolios { get; init; } = [];
    /// <summary>Portfolios are numbered from 0 to one below this; an intent of any other is held back. At least the number of entries. 1 to 65,535.</summary>
    public int PortfolioCapacity { get; init; } = 16;

    /// <summary>Requests of every kind in one rolling window, the venue's own limit; those that the venue then rejects count. 1 to 1,000,000.</summary>
    public int MaxMessagesPerWindow { get; init; } = 50;
    /// <summary>The rolling window in sequenced time: a message counts from its own time up to, not including, that plus the window.</summary>
    public long MessageWindowNs { get; init; } = 1_000_000_000;
    /// <summary>Messages of the window kept for cancels: new orders and amends stop this much earlier. 0 to MaxMessagesPerWindow.</summary>
    public int CancelReserveMessages { get; init; } = 10;
    /// <summary>The same over a longer window; 0 is off. At most 1,000,000.</summary>
    public int MaxMessagesPerLongWindow { get; init; }
    /// <summary>The longer window, of messages and of rejects.</summary>
    public long LongWindowNs { get; init; } = 60_000_000_000;
    /// <summary>Requests that the venue rejected within the longer window at which new orders and amends stop until some have left it; 0 is off.</summary>
    public int MaxRejectsPerLongWindow { get; init; }
    /// <summary>Orders not yet done, over all instruments. 1 to 65,536.</summary>
    public int MaxLiveOrders { get; init; } = 16;
    /// <summary>A new order equal in portfolio, instrument, side, price and quantity to one approved less than this ago is held back; 0 switches the control off. At most ten minutes.</summary>
    public long DuplicateWindowNs { get; init; } = 50_000_000;
    /// <summary>Holds back an order that could trade with a live one of ours on the other side, whichever portfolio's it is.</summary>
    public bool PreventsSelfMatch { get; init; } = true;
    /// <summary>Net position over all instruments at their last good mids, every working order on the order's side filled. Quote currency, above 0.</summary>
    public double MaxAccountPosition { get; init; } = double.PositiveInfinity;
    /// <summary>Credit or capital: the sum over instruments of the worst position on either side, every working order filled, at the last good mids. Quote currency, above 0.</summary>
    public double MaxExposure { get; init; } = double.PositiveInfinity;
    /// <summary>The reference of the collar over time is the mid of one to two of these ago.</summary>
    public long DriftWindowNs { get; init; } = 60_000_000_000;
    /// <summary>No order of a portfolio whose Greeks were last priced in full longer ago; 0 is off.</summary>
    public long StaleGreeksAfterNs { get; init; }
    /// <summary>How far the wall clock may have stepped since the start, all steps added. Above 0.</summary>
    public long MaxClockSkewNs { get; init; } = long.MaxValue;
    /// <summary>Over what time a portfolio's orders are counted by <see cref="PortfolioLimits.RepeatedExecutionsMax"/>.</summary>
    public long RepeatWindowNs { get; init; } = 60_000_000_000;
    /// <summary>New orders stop for the rest of the run when profit and loss falls to minus this or below. Quote currency, above 0.</summary>
    public double MaxDailyLoss { get; init; } = double.PositiveInfinity;
    /// <summary>A request unanswered for longer freezes its instrument. Sequenced time.</summary>
    public long AcknowledgeWithinNs { get; init; } = 500_000_000;
    /// <summary>Client order ids are this times 10^9 plus a count from 1: different for every run of a day. At most 9,000,000,000.</summary>
    public ulong OrderIdEpoch { get; init; } = 1;
    /// <summary>Client order ids that this run may give; the next epoch's begin behind them.</summary>
    public ulong OrderIdsMax { get; init; } = 1_000_000_000;
    /// <summary>Order records kept, live and done; done ones are reused oldest first, so late fills find their order. A power of two, at least twice MaxLiveOrders.</summary>
    public int OrderTableCapacity { get; init; } = 1024;

    /// <summary>Every rule that the values break, in words; empty when the limits can be used.</summary>
    public IReadOnlyList<string> Problems()
    {
        const long hour = 3_600_000_000_000;
        var problems = new List<string>();
        void Need(bool holds, string sentence) { if (!holds) problems.Add(sentence); }
        Need(MaxMessagesPerWindow is >= 1 and <= 1_000_000, $"MaxMessagesPerWindow is {MaxMessagesPerWindow}; allowed are 1 to 1,000,000.");
        Need(MessageWindowNs is >= 1 and <= hour, $"MessageWindowNs is {MessageWindowNs}; allowed are 1 to 3,600,000,000,000 (one hour).");
        Need(CancelReserveMessages >= 0 && CancelReserveMessages <= MaxMessagesPerWindow,
            $"CancelReserveMessages is {CancelReserveMessages}; allowed are 0 to MaxMessagesPerWindow.");
        Need(MaxMessagesPerLongWindow is >= 0 and <= 1_000_000, $"MaxMessagesPerLongWindow is {MaxMessagesPerLongWindow}; allowed are 0 to 1,000,000.");
        Need(MaxRejectsPerLongWindow is >= 0 and <= 1_000_000, $"MaxRejectsPerLongWindow is {MaxRejectsPerLongWindow}; allowed are 0 to 1,000,000.");
        Need(LongWindowNs is >= 1 and <= hour, $"LongWindowNs is {LongWindowNs}; allowed are 1 to 3,600,000,000,000 (one hour).");
        Need(MaxLiveOrders is >= 1 and <= 65_536, $"MaxLiveOrders is {MaxLiveOrders}; allowed are 1 to 65,536.");
        Need(DuplicateWindowNs is >= 0 and <= 600_000_000_000, $"DuplicateWindowNs is {DuplicateWindowNs}; allowed are 0 to 600,000,000,000 (ten minutes).");
        if (problems.Count == 0)
            Need(DuplicateWindow.CapacityFor(this) <= DuplicateWindow.CapacityMax, $"The duplicate window of {DuplicateWindowNs / 1_000_000} ms may see {DuplicateWindow.CapacityFor(this):N0} orders at the message rate; allowed are {DuplicateWindow.CapacityMax:N0}: make the window shorter or the rate lower.");
        Need(MaxAccountPosition > 0, $"MaxAccountPosition is {MaxAccountPosition}; it must be above 0.");
        Need(MaxExposure > 0, $"MaxExposure is {MaxExposure}; it must be above 0.");
        Need(DriftWindowNs > 0, $"DriftWindowNs is {DriftWindowNs}; it must be above 0.");
        Need(StaleGreeksAfterNs >= 0, $"StaleGreeksAfterNs is {StaleGreeksAfterNs}; it must be 0 or above.");
        Need(MaxClockSkewNs > 0, $"MaxClockSkewNs is {MaxClockSkewNs}; it must be above 0.");
        Need(RepeatWindowNs is >= 1 and <= 24 * hour, $"RepeatWindowNs is {RepeatWindowNs}; allowed are 1 to 24 hours.");
        Need(MaxDailyLoss > 0, $"MaxDailyLoss is {MaxDailyLoss}; it must be above 0.");
        Need(AcknowledgeWithinNs > 0, $"AcknowledgeWithinNs is {AcknowledgeWithinNs}; it must be above 0.");
        Need(OrderIdEpoch <= 9_000_000_000, $"OrderIdEpoch is {OrderIdEpoch}; allowed are 0 to 9,000,000,000.");
        Need(int.IsPow2(OrderTableCapacity) && OrderTableCapacity <= 1 << 20 && OrderTableCapacity >= 2L * MaxLiveOrders,
            $"OrderTableCapacity is {OrderTableCapacity}; it must be a power of two, at least twice MaxLiveOrders and at most 1,048,576.");
        Need(PortfolioCapacity is >= 1 and <= 65_535 && Portfolios.All(p => p.Portfolio < PortfolioCapacity),
            $"PortfolioCapacity is {PortfolioCapacity}; allowed are 1 to 65,535, above every portfolio's number.");
        Need(Instruments.Select(i => i.Instrument).Distinct().Count() == Instruments.Count, "An instrument has two entries of limits.");
        Need(Portfolios.Select(p => p.Portfolio).Distinct().Count() == Portfolios.Count, "A portfolio has two entries of limits.");
        Need(Portfolios.All(p => p.ProtectionVega == 0) || Instruments.Any(i => i.VegaPerUnit != 0), $"ProtectionVega is above 0, but {PortfolioLimits.NoVega}.");
        foreach (InstrumentLimits limits in Instruments) problems.AddRange(limits.Problems());
        foreach (PortfolioLimits limits in Portfolios) problems.AddRange(limits.Problems());
        return problems;
    }
}

/// <summary>Limits of one instrument. Quantities in its quantity units, prices in its price units.</summary>
public sealed record InstrumentLimits
{
    /// <summary>Quantities, positions and prices stay below this, so that no sum of a few of them leaves 64 bits.</summary>
    public const long UnitsMax = 1L << 58;

    public required ushort Instrument { get; init; }
    public required long MaxQuantityUnits { get; init; }
    /// <summary>Price times quantity times contract size of one order, in quote currency.</summary>
    public required decimal MaxNotional { get; init; }
    /// <summary>The worst position on either side if every working order filled.</summary>
    public required long MaxPositionUnits { get; init; }
    /// <summary>How far a price may lie from the last good mid, in basis points of it.</summary>
    public required int CollarBasisPoints { get; init; }
    /// <summary>How far a price may lie from the mid of one to two <see cref="GateLimits.DriftWindowNs"/> ago, in basis points of it; 0 is off.</summary>
    public int DriftCollarBasisPoints { get; init; }
    /// <summary>No order when the instrument's last book event is older than this.</summary>
    public long StaleAfterNs { get; init; } = 2_000_000_000;
    /// <summary>False takes the instrument off the allow-list.</summary>
    public bool IsAllowed { get; init; } = true;
    /// <summary>True bars the instrument for now; a command may lift it.</summary>
    public bool IsRestricted { get; init; }
    /// <summary>What a fill of one quantity unit adds to the delta that the market-maker protection counts, in 1.0 of the underlying; null where the instrument is the underlying: its contract size.</summary>
    public double? DeltaPerUnit { get; init; }
    /// <summary>The same for vega, in quote currency per 1.00 of volatility. An underlying, a future or a perpetual has none.</summary>
    public double VegaPerUnit { get; init; }

    internal IEnumerable<string> Problems()
    {
        if (MaxQuantityUnits is < 1 or > UnitsMax) yield return $"Instrument {Instrument}: MaxQuantityUnits is {MaxQuantityUnits}; allowed are 1 to 2^58.";
        if (MaxPositionUnits is < 0 or > UnitsMax) yield return $"Instrument {Instrument}: MaxPositionUnits is {MaxPositionUnits}; allowed are 0 to 2^58.";
        if (MaxNotional <= 0) yield return $"Instrument {Instrument}: MaxNotional is {MaxNotional}; it must be above 0.";
        if (CollarBasisPoints is < 0 or > 1_000_000) yield return $"Instrument {Instrument}: CollarBasisPoints is {CollarBasisPoints}; allowed are 0 to 1,000,000.";
        if (DriftCollarBasisPoints is < 0 or > 1_000_000) yield return $"Instrument {Instrument}: DriftCollarBasisPoints is {DriftCollarBasisPoints}; allowed are 0 to 1,000,000.";
        if (!double.IsFinite(DeltaPerUnit ?? 0) || !double.IsFinite(VegaPerUnit)) yield return $"Instrument {Instrument}: DeltaPerUnit and VegaPerUnit are {DeltaPerUnit} and {VegaPerUnit}; they must be finite.";
        if (StaleAfterNs <= 0) yield return $"Instrument {Instrument}: StaleAfterNs is {StaleAfterNs}; it must be above 0.";
    }

    /// <summary>
    /// A limit in 1.0 of the instrument, zero or above, as whole units, at most <see cref="UnitsMax"/>. Rounded down, as a decimal of fifteen digits: what is just above a limit must not pass by
    /// rounding, and 0.29 of an instrument of 100 units is 29 of them.
    /// </summary>
    public static long ToUnits(double value, long unitsPerOne) => value * unitsPerOne >= UnitsMax ? UnitsMax : (long)decimal.Floor((decimal)value * unitsPerOne);

    /// <summary>The same for a bound that 0 switches off: what is above 0 stays on.</summary>
    public static long ToUnitsOrOff(double value, long unitsPerOne) => value > 0 ? Math.Max(1, ToUnits(value, unitsPerOne)) : 0;
}

/// <summary>Limits of one portfolio. Quantities in the quantity units of the instrument that it hedges with.</summary>
public sealed record PortfolioLimits
{
    public required ushort Portfolio { get; init; }
    /// <summary>The instrument that it hedges with; −1 when the limits need not know.</summary>
    public int Instrument { get; init; } = -1;
    /// <summary>Who trades it is barred for now; a command may lift it.</summary>
    public bool IsUserRestricted { get; init; }
    /// <summary>The largest hedge on either side, its working orders filled.</summary>
    public long MaxHedgeUnits { get; init; } = InstrumentLimits.UnitsMax;
    /// <summary>New orders in a row that may go without a fill; the next waits for a fill or a named person. 0 is off.</summary>
    public int HedgeAttemptsMax { get; init; }
    /// <summary>New orders within <see cref="GateLimits.RepeatWindowNs"/>; the next waits for a named person. 0 is off. At most 1,000,000.</summary>
    public int RepeatedExecutionsMax { get; init; }
    /// <summary>Market-maker protection: bounds on what fills within the interval come to. Quantity gross, in units; delta and vega net, in 1.0 of the underlying and quote currency per 1.00 of volatility. 0 is off, each.</summary>
    public long ProtectionQuantityUnits { get; init; }
    public double ProtectionDelta { get; init; }
    public double ProtectionVega { get; init; }
    public long ProtectionIntervalNs { get; init; } = 1_000_000_000;
    /// <summary>How long a tripped protection freezes; 0 until a named person resets it.</summary>
    public long ProtectionFreezeNs { get; init; }

    /// <summary>Why a bound on vega is refused: one that can never act would look like a protection.</summary>
    public const string NoVega = "no tradable instrument has a vega, so that bound would never act: bound what fills by protectionDelta and protectionQuantity";

    internal IEnumerable<string> Problems()
    {
        if (MaxHedgeUnits is < 0 or > InstrumentLimits.UnitsMax) yield return $"Portfolio {Portfolio}: MaxHedgeUnits is {MaxHedgeUnits}; allowed are 0 to 2^58.";
        if (HedgeAttemptsMax < 0) yield return $"Portfolio {Portfolio}: HedgeAttemptsMax is {HedgeAttemptsMax}; it must be 0 or above.";
        if (RepeatedExecutionsMax is < 0 or > 1_000_000) yield return $"Portfolio {Portfolio}: RepeatedExecutionsMax is {RepeatedExecutionsMax}; allowed are 0 to 1,000,000.";
        if (ProtectionQuantityUnits < 0 || !(ProtectionDelta >= 0) || !(ProtectionVega >= 0)) yield return $"Portfolio {Portfolio}: a bound of the protection is below 0.";
        if (ProtectionIntervalNs <= 0) yield return $"Portfolio {Portfolio}: ProtectionIntervalNs is {ProtectionIntervalNs}; it must be above 0.";
        if (ProtectionFreezeNs < 0) yield return $"Portfolio {Portfolio}: ProtectionFreezeNs is {ProtectionFreezeNs}; it must be 0 or above.";
    }
}
