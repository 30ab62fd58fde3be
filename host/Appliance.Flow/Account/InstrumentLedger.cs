using Appliance.Contract;

namespace Appliance.Flow.Accounts;

/// <summary>
/// Position, cash and fees of one instrument in whole numbers, so that they equal the venue's statement and not merely come near it. Money is kept raw:
/// price units times quantity units, worth 1 / (PriceUnitsPerOne × QuantityUnitsPerOne) times the contract size in quote currency.
/// At all times: cash = realised − cost of the open position + cost of the opening position.
/// </summary>
public struct InstrumentLedger
{
    /// <summary>Signed.</summary>
    public long PositionUnits;
    /// <summary>Received less paid, without fees.</summary>
    public Int128 CashRaw;
    /// <summary>10^-8 of quote currency, by <see cref="FeeSchedule"/>.</summary>
    public Int128 FeesMoneyUnits;
    /// <summary>What the open position cost (negative for a short one), by average cost.</summary>
    public Int128 OpenCostRaw;
    public Int128 RealisedRaw;
    public long Trades;
    /// <summary>Bought plus sold.</summary>
    public Int128 VolumeUnits;

    /// <param name="signedUnits">Above zero bought, below zero sold.</param>
    public void Fill(long signedUnits, long priceUnits, long feeMoneyUnits)
    {
        Int128 paid = (Int128)signedUnits * priceUnits;
        CashRaw -= paid;
        FeesMoneyUnits += feeMoneyUnits;
        Trades++;
        VolumeUnits += Math.Abs(signedUnits);
        bool isOpening = PositionUnits == 0 || (PositionUnits > 0) == (signedUnits > 0);
        if (isOpening) OpenCostRaw += paid;
        else Close(signedUnits, priceUnits);
        PositionUnits += signedUnits;
    }

    private void Close(long signedUnits, long priceUnits)
    {
        long open = Math.Abs(PositionUnits);
        long closed = Math.Min(open, Math.Abs(signedUnits));
        // The closed share of the cost, quotient and remainder apart: cost × closed alone may leave 128 bits. What rounding leaves stays with the open part.
        (Int128 perUnit, Int128 remainder) = Int128.DivRem(OpenCostRaw, open);
        Int128 cost = perUnit * closed + remainder * closed / open;
        long closedSigned = signedUnits > 0 ? closed : -closed;
        RealisedRaw += -(Int128)closedSigned * priceUnits - cost;
        OpenCostRaw += -cost + (Int128)(signedUnits - closedSigned) * priceUnits;
    }
}
