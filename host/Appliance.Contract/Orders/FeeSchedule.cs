namespace Appliance.Contract;

/// <summary>
/// What a venue charges on a fill's notional, by whether our order added or took liquidity. Basis points (1/10,000) of quote currency; negative is a rebate.
/// The venue's statement and the desk's account both call <see cref="FeeOf"/>, fill by fill, so that they agree to the last bit.
/// </summary>
/// <param name="MakerBps">Charged when our order rested.</param>
/// <param name="TakerBps">Charged when our order took what rested.</param>
public readonly record struct FeeSchedule(double MakerBps, double TakerBps)
{
    public static FeeSchedule None => default;

    /// <summary>The fee of one fill in quote currency.</summary>
    public double FeeOf(InstrumentDefinition instrument, long priceUnits, long quantityUnits, bool addedLiquidity) =>
        instrument.ToPrice(priceUnits) * instrument.ToQuantity(quantityUnits) * instrument.ContractSize * ((addedLiquidity ? MakerBps : TakerBps) / 10_000.0);
}
