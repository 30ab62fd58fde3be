using Appliance.Contract;

namespace Appliance.Risk;

/// <summary>An instrument as the gate sees it: what is fixed, and the market's last word. Two cache lines.</summary>
internal struct GateInstrument
{
    public long TickSizeUnits;
    public long LotSizeUnits;
    public long MaxQuantityUnits;
    public long MaxPositionUnits;
    public long StaleAfterNs;
    public int CollarBasisPoints;
    public bool IsKnown;
    public bool IsAllowed;
    public BookState State;
    public TradingStatus Status;
    /// <summary>Price units times quantity units that an order may be worth.</summary>
    public Int128 MaxNotionalRaw;
    public long LastEventUtcNs;
    /// <summary>Twice the mid of the last book that was ready; 0 before the first.</summary>
    public long LastGoodTwiceMidUnits;
    public long LowerBandUnits;
    public long UpperBandUnits;

    public GateInstrument(InstrumentDefinition definition, InstrumentLimits? limits)
    {
        if (definition.TickSizeUnits <= 0 || definition.LotSizeUnits <= 0 || definition.PriceUnitsPerOne <= 0 || definition.QuantityUnitsPerOne <= 0)
            throw new ArgumentException($"Instrument {definition.Symbol}: tick, lot and units must be above 0.");
        IsKnown = true;
        TickSizeUnits = definition.TickSizeUnits;
        LotSizeUnits = definition.LotSizeUnits;
        UpperBandUnits = long.MaxValue;
        if (limits is null) return;
        IsAllowed = limits.IsAllowed;
        MaxQuantityUnits = limits.MaxQuantityUnits;
        MaxPositionUnits = limits.MaxPositionUnits;
        StaleAfterNs = limits.StaleAfterNs;
        CollarBasisPoints = limits.CollarBasisPoints;
        MaxNotionalRaw = ToRaw(limits.MaxNotional, definition);
    }

    /// <summary>Rounded down: an order just above the limit must not pass by rounding.</summary>
    private static Int128 ToRaw(decimal maxNotional, InstrumentDefinition definition)
    {
        decimal perContract = maxNotional / (decimal)definition.ContractSize;
        Int128 unitsPerOne = (Int128)definition.PriceUnitsPerOne * definition.QuantityUnitsPerOne;
        decimal whole = decimal.Floor(perContract);
        // Split so that neither part leaves decimal's 28 digits: the units alone may be 10^16.
        return checked((Int128)whole * unitsPerOne + (Int128)decimal.Floor((perContract - whole) * (decimal)unitsPerOne));
    }
}
