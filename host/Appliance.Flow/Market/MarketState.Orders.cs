using System.Runtime.CompilerServices;
using Appliance.Contract;

namespace Appliance.Flow.Market;

/// <summary>Order-by-order feeds: the order table is the book, and its levels are the sums of its orders.</summary>
public sealed partial class MarketState
{
    private void AddOrder(ref Tick tick)
    {
        InstrumentBook? book = Touch(tick.Instrument, tick.Source, tick.TimeUtcNs);
        if (book is not null && IsOrderFeed(book))
            Rest(book, tick.Instrument, tick.Reference, tick.Side, tick.PriceUnits, tick.QuantityUnits);
    }

    private void ExecuteOrder(ref Tick tick)
    {
        InstrumentBook? book = Touch(tick.Instrument, tick.Source, tick.TimeUtcNs);
        if (book is null || !IsOrderFeed(book) || !TryFind(book, ref tick, out int slot))
            return;
        ref RestingOrder order = ref _orders.At(slot);
        // The resting order's side is known, so the aggressor is: the other one. A print that is not for last-sale statistics repeats a cross.
        if (tick.Kind == EventKind.OrderExecuted)
            _features[tick.Instrument].OnTrade(tick.TimeUtcNs, Opposite(order.Side), order.PriceUnits, tick.QuantityUnits);
        else if ((tick.Flags & EventFlags.NotLastSale) == 0)
            _features[tick.Instrument].OnTrade(tick.TimeUtcNs, Opposite(order.Side), tick.PriceUnits, tick.QuantityUnits);
        TakeFrom(book, slot, ref order, tick.QuantityUnits);
    }

    private void ReduceOrder(ref Tick tick)
    {
        InstrumentBook? book = Touch(tick.Instrument, tick.Source, tick.TimeUtcNs);
        if (book is not null && IsOrderFeed(book) && TryFind(book, ref tick, out int slot))
            TakeFrom(book, slot, ref _orders.At(slot), tick.QuantityUnits);
    }

    private void DeleteOrder(ref Tick tick)
    {
        InstrumentBook? book = Touch(tick.Instrument, tick.Source, tick.TimeUtcNs);
        if (book is null || !IsOrderFeed(book) || !TryFind(book, ref tick, out int slot))
            return;
        ref RestingOrder order = ref _orders.At(slot);
        TakeLevel(book, order.Side, order.PriceUnits, order.QuantityUnits);
        _orders.RemoveAt(slot);
    }

    private void ReplaceOrder(ref Tick tick)
    {
        InstrumentBook? book = Touch(tick.Instrument, tick.Source, tick.TimeUtcNs);
        if (book is null || !IsOrderFeed(book) || !TryFind(book, ref tick, out int slot))
            return;
        ref RestingOrder order = ref _orders.At(slot);
        Side side = order.Side;
        TakeLevel(book, side, order.PriceUnits, order.QuantityUnits);
        _orders.RemoveAt(slot);
        Rest(book, tick.Instrument, tick.Reference2, side, tick.PriceUnits, tick.QuantityUnits);
    }

    private void Rest(InstrumentBook book, ushort instrument, ulong reference, Side side, long priceUnits, long quantityUnits)
    {
        if (quantityUnits <= 0 || side is not (Side.Buy or Side.Sell))
        {
            Counters.RejectedEvents++;
            return;
        }
        if (_orders.IsFull)
        {
            Counters.OrdersFull++;
            book.Complete = false;
            return;
        }
        if (_orders.Find(instrument, reference) >= 0)
        {
            Counters.DuplicateOrders++;
            book.Complete = false;
            return;
        }
        _orders.Add(instrument, reference, side, priceUnits, quantityUnits);
        if (_orders.Count > Counters.OrdersMax)
            Counters.OrdersMax = _orders.Count;
        LevelSide levels = book.SideOf(side);
        long dropped = levels.Dropped;
        levels.Add(priceUnits, quantityUnits);
        NoteLevels(levels, dropped);
    }

    private void TakeFrom(InstrumentBook book, int slot, ref RestingOrder order, long quantityUnits)
    {
        if (quantityUnits <= 0)
        {
            Counters.RejectedEvents++;
            return;
        }
        if (quantityUnits > order.QuantityUnits)
        {
            Counters.Overfills++;
            book.Complete = false;
            quantityUnits = order.QuantityUnits;
        }
        TakeLevel(book, order.Side, order.PriceUnits, quantityUnits);
        order.QuantityUnits -= quantityUnits;
        if (order.QuantityUnits == 0)
            _orders.RemoveAt(slot);
    }

    private static void TakeLevel(InstrumentBook book, Side side, long priceUnits, long quantityUnits)
    {
        if (!book.SideOf(side).Add(priceUnits, -quantityUnits))
            ThrowLevelsDisagree(priceUnits);
    }

    private bool TryFind(InstrumentBook book, ref Tick tick, out int slot)
    {
        slot = _orders.Find(tick.Instrument, tick.Reference);
        if (slot >= 0)
            return true;
        // An order that we never saw has been resting in the venue's book: ours is not whole.
        Counters.UnknownOrders++;
        book.Complete = false;
        return false;
    }

    private bool IsOrderFeed(InstrumentBook book)
    {
        if (book.Feed == BookFeed.Orders)
            return true;
        Counters.RejectedEvents++;
        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Side Opposite(Side side) => side == Side.Buy ? Side.Sell : Side.Buy;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowLevelsDisagree(long priceUnits) =>
        throw new InvalidOperationException($"The level at {priceUnits} holds less than its orders: the book's own bookkeeping is broken.");
}
