namespace Appliance.Contract;

/// <summary>
/// What is fixed about an instrument for the run. Prices and quantities travel as integers: value = units / UnitsPerOne.
/// The feed's unit is finer than what may be traded; <see cref="TickSizeUnits"/> and <see cref="LotSizeUnits"/> are the venue's steps for orders.
/// </summary>
/// <param name="Index">Position in the desk's table, and <see cref="RingEvent.Instrument"/>.</param>
/// <param name="Symbol">The venue's symbol, as on the wire, without padding.</param>
/// <param name="PriceUnitsPerOne">Price units in 1.0 of quote currency, e.g. 10,000 for ITCH and DEEP, 100,000,000 for Binance.</param>
/// <param name="QuantityUnitsPerOne">Quantity units in 1.0 of the instrument, e.g. 1 for shares, 100,000,000 for Binance.</param>
/// <param name="TickSizeUnits">The price step of orders, in price units.</param>
/// <param name="LotSizeUnits">The quantity step of orders, in quantity units.</param>
/// <param name="ContractSize">Underlying per 1.0 of quantity (1 for shares and linear perpetuals).</param>
public sealed record InstrumentDefinition(
    ushort Index, string Symbol, long PriceUnitsPerOne, long QuantityUnitsPerOne, long TickSizeUnits, long LotSizeUnits, double ContractSize)
{
    public double ToQuantity(long quantityUnits) => (double)quantityUnits / QuantityUnitsPerOne;
}
