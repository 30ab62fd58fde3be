using Appliance.Contract;

namespace Appliance.Risk;

/// <summary>An instrument as the gate sees it: its limits, and the market's last word. Three cache lines, what every order reads first.</summary>
internal struct GateInstrument
{
    public Divisor Tick;
    public Divisor Lot;
    public long MaxQuantityUnits;
    public long MaxPositionUnits;
    public long StaleAfterNs;
    public int CollarBasisPoints;
    public int DriftCollarBasisPoints;
    public bool IsKnown;
    public bool IsAllowed;
    public bool IsRestricted;
    public BookState State;
    public TradingStatus Status;
    /// <summary>Price units times quantity units that an order may be worth.</summary>
    public Int128 MaxNotionalRaw;
    public long LastEventUtcNs;
    /// <summary>Twice the mid of the last book that was ready; 0 before the first.</summary>
    public long LastGoodTwiceMidUnits;
    public long LowerBandUnits;
    public long UpperBandUnits;
    /// <summary>Twice the mid of one to two drift windows ago, and the one that follows it when the window has passed.</summary>
    public long DriftTwiceMidUnits, NextDriftTwiceMidUnits;
    public long DriftRolledUtcNs;
    /// <summary>Hundredths of the quote currency in one quantity unit at one unit of twice the mid.</summary>
    public double CentsPerRaw;
    /// <summary>What a fill of one quantity unit adds to delta and vega: as <see cref="InstrumentLimits.DeltaPerUnit"/> and <see cref="InstrumentLimits.VegaPerUnit"/> say.</summary>
    public double DeltaPerUnit, VegaPerUnit;

    public GateInstrument(InstrumentDefinition definition, InstrumentLimits? limits)
    {
        if (definition.TickSizeUnits <= 0 || definition.LotSizeUnits <= 0 || definition.PriceUnitsPerOne <= 0 || definition.QuantityUnitsPerOne <= 0)
            throw new ArgumentException($"Instrument {definition.Symbol}: tick, lot and units must be above 0.");
        IsKnown = true;
        Tick = new Divisor(definition.TickSizeUnits);
        Lot = new Divisor(definition.LotSizeUnits);
        UpperBandUnits = long.MaxValue;
        DriftRolledUtcNs = long.MinValue / 2;
        CentsPerRaw = 100 * definition.ContractSize / (2.0 * definition.PriceUnitsPerOne * definition.QuantityUnitsPerOne);
        DeltaPerUnit = definition.ContractSize / definition.QuantityUnitsPerOne;
        if (limits is null) return;
        IsAllowed = limits.IsAllowed;
        IsRestricted = limits.IsRestricted;
        MaxQuantityUnits = limits.MaxQuantityUnits;
        MaxPositionUnits = limits.MaxPositionUnits;
        StaleAfterNs = limits.StaleAfterNs;
        CollarBasisPoints = limits.CollarBasisPoints;
        DriftCollarBasisPoints = limits.DriftCollarBasisPoints;
        DeltaPerUnit = limits.DeltaPerUnit ?? DeltaPerUnit;
        VegaPerUnit = limits.VegaPerUnit;
        MaxNotionalRaw = ToRaw(limits.MaxNotional, definition);
    }

    /// <summary>Rounded down: an order just above the limit must not pass by rounding. A limit beyond 128 bits is beyond every order, whose price times quantity has 116.</summary>
    public static Int128 ToRaw(decimal maxNotional, InstrumentDefinition definition)
    {
        if ((double)maxNotional / definition.ContractSize * definition.PriceUnitsPerOne * definition.QuantityUnitsPerOne > 1e38) return Int128.MaxValue;
        decimal perContract = maxNotional / (decimal)definition.ContractSize;
        Int128 unitsPerOne = (Int128)definition.PriceUnitsPerOne * definition.QuantityUnitsPerOne;
        decimal whole = decimal.Floor(perContract);
        // Split so that neither part leaves decimal's 28 digits: the units alone may be 10^16.
        return checked((Int128)whole * unitsPerOne + (Int128)decimal.Floor((perContract - whole) * (decimal)unitsPerOne));
    }
}
