using System.Numerics;
using Appliance.Contract;

namespace Appliance.Venue.Matching;

/// <summary>
/// Continuous price-time matching over several instruments: integer prices and quantities, one thread, no allocation after construction,
/// and no clock or chance: the same calls give the same events. An incoming order trades at the resting order's price, best price first, oldest first.
/// A replacement keeps its place only when it reduces the quantity at the same price.
/// </summary>
public sealed class MatchingEngine<THandler> where THandler : struct, IMatchHandler
{
    private readonly BookOrder[] _orders;
    private readonly LevelLadder[] _ladders;
    private readonly int _slotBits;
    private readonly ulong _slotMask;
    private THandler _handler;
    private int _firstFree;
    private ulong _lastNumber;
    private ulong _lastMatch;

    /// <param name="instruments">Instruments are 0 up to this count.</param>
    /// <param name="ordersMax">Resting orders over all instruments; beyond it new orders are refused.</param>
    /// <param name="levelsMax">Price levels a side and instrument; beyond it orders at new prices are refused.</param>
    /// <param name="handler">Hears every change of a book.</param>
    public MatchingEngine(int instruments, int ordersMax, int levelsMax, THandler handler)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(instruments);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(ordersMax);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(levelsMax);
        Instruments = instruments;
        _handler = handler;
        _orders = new BookOrder[ordersMax];
        for (int slot = 0; slot < ordersMax; slot++)
            _orders[slot].Next = slot + 1 < ordersMax ? slot + 1 : -1;
        // A reference is a running number over its slot: unique for ever, increasing, and found again without a hash table.
        _slotBits = Math.Max(1, 32 - BitOperations.LeadingZeroCount((uint)(ordersMax - 1)));
        _slotMask = (1UL << _slotBits) - 1;
        _ladders = new LevelLadder[instruments * 2];
        for (int i = 0; i < instruments; i++)
        {
            _ladders[2 * i] = new LevelLadder(Side.Buy, levelsMax);
            _ladders[2 * i + 1] = new LevelLadder(Side.Sell, levelsMax);
        }
    }

    public int Instruments { get; }
    public int RestingOrders { get; private set; }

    private LevelLadder Ladder(int instrument, Side side) => _ladders[2 * instrument + (side == Side.Buy ? 0 : 1)];
    private static Side Other(Side side) => side == Side.Buy ? Side.Sell : Side.Buy;

    /// <summary>Number of price levels on a side.</summary>
    public int LevelCount(int instrument, Side side) => Ladder(instrument, side).Count;

    /// <summary>Displayed quantity of a whole side.</summary>
    public long TotalUnits(int instrument, Side side) => Ladder(instrument, side).TotalUnits;

    /// <summary>Price and quantity at <paramref name="depth"/> levels from the best (0 is the best).</summary>
    public (long PriceUnits, long QuantityUnits) Level(int instrument, Side side, int depth)
    {
        ref PriceLevel level = ref Ladder(instrument, side).FromBest(depth);
        return (level.PriceUnits, level.QuantityUnits);
    }

    /// <summary>The best price of a side; false when the side is empty.</summary>
    public bool TryBest(int instrument, Side side, out long priceUnits, out long quantityUnits)
    {
        LevelLadder ladder = Ladder(instrument, side);
        if (ladder.Count == 0) { priceUnits = 0; quantityUnits = 0; return false; }
        ref PriceLevel level = ref ladder.FromBest(0);
        priceUnits = level.PriceUnits;
        quantityUnits = level.QuantityUnits;
        return true;
    }

    /// <summary>A copy of a resting order; false when the reference is not (or no longer) in a book.</summary>
    public bool TryGet(ulong reference, out BookOrder order)
    {
        int slot = SlotOf(reference);
        order = slot < 0 ? default : _orders[slot];
        return slot >= 0;
    }

    /// <summary>The orders of one price in their order of priority, copied into <paramref name="into"/>; returns how many. For checks and tests.</summary>
    public int CopyQueue(int instrument, Side side, int depth, Span<BookOrder> into)
    {
        int count = 0;
        for (int slot = Ladder(instrument, side).FromBest(depth).Head; slot >= 0 && count < into.Length; slot = _orders[slot].Next)
            into[count++] = _orders[slot];
        return count;
    }

    public SubmitOutcome Submit(ushort instrument, Side side, long priceUnits, long quantityUnits, TimeInForce timeInForce, int owner, ulong ownerTag)
    {
        if (instrument >= Instruments || side is not (Side.Buy or Side.Sell) || quantityUnits <= 0 || priceUnits <= 0)
            ThrowBadOrder(instrument, side, priceUnits, quantityUnits);
        bool mayRest = timeInForce is TimeInForce.Day or TimeInForce.GoodTillCancel;
        if (mayRest && !HasRoom(instrument, side, priceUnits))
            return new(SubmitStatus.BookFull, 0, 0, 0);
        if (timeInForce == TimeInForce.FillOrKill && Reachable(instrument, side, priceUnits, quantityUnits) < quantityUnits)
            return new(SubmitStatus.Killed, 0, 0, 0);

        long left = Match(instrument, side, priceUnits, quantityUnits, owner, ownerTag);
        long filled = quantityUnits - left;
        if (left == 0) return new(SubmitStatus.Filled, 0, filled, 0);
        if (!mayRest) return new(SubmitStatus.Cancelled, 0, filled, 0);
        int slot = Rest(instrument, side, priceUnits, left, owner, ownerTag);
        _handler.OnAdded(in _orders[slot]);
        return new(SubmitStatus.Resting, _orders[slot].Reference, filled, left);
    }

    public bool Cancel(ulong reference)
    {
        int slot = SlotOf(reference);
        if (slot < 0) return false;
        BookOrder gone = Take(slot);
        _handler.OnDeleted(in gone);
        return true;
    }

    /// <summary>Takes <paramref name="byUnits"/> off an order; an order reduced to nothing is deleted.</summary>
    public bool Reduce(ulong reference, long byUnits)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(byUnits);
        int slot = SlotOf(reference);
        if (slot < 0) return false;
        ref BookOrder order = ref _orders[slot];
        if (byUnits >= order.QuantityUnits) return Cancel(reference);
        LevelLadder ladder = Ladder(order.Instrument, order.Side);
        order.QuantityUnits -= byUnits;
        ladder[ladder.Find(order.PriceUnits)].QuantityUnits -= byUnits;
        ladder.TotalUnits -= byUnits;
        _handler.OnReduced(in order, byUnits);
        return true;
    }

    /// <summary>
    /// Changes price and remaining quantity. At the same price with less, the order is reduced in place and keeps its reference; otherwise it leaves and comes
    /// again under a new reference, and trades first if its new price reaches the other side.
    /// </summary>
    public SubmitOutcome Replace(ulong reference, long priceUnits, long remainingUnits, ulong ownerTag)
    {
        if (remainingUnits <= 0 || priceUnits <= 0) ThrowBadOrder(0, Side.None, priceUnits, remainingUnits);
        int slot = SlotOf(reference);
        if (slot < 0) return new(SubmitStatus.Unknown, 0, 0, 0);
        ref BookOrder order = ref _orders[slot];
        if (priceUnits == order.PriceUnits && remainingUnits <= order.QuantityUnits)
        {
            order.OwnerTag = ownerTag;
            if (remainingUnits < order.QuantityUnits) Reduce(reference, order.QuantityUnits - remainingUnits);
            return new(SubmitStatus.Resting, reference, 0, remainingUnits);
        }

        LevelLadder ladder = Ladder(order.Instrument, order.Side);
        if (ladder.IsFull && ladder.Find(priceUnits) < 0) return new(SubmitStatus.BookFull, 0, 0, 0);
        BookOrder old = Take(slot);
        if (Reachable(old.Instrument, old.Side, priceUnits, 1) == 0)
        {
            int moved = Rest(old.Instrument, old.Side, priceUnits, remainingUnits, old.Owner, ownerTag);
            _handler.OnReplaced(in old, in _orders[moved]);
            return new(SubmitStatus.Resting, _orders[moved].Reference, 0, remainingUnits);
        }
        // The tape has no word for a replacement that trades: the old order is deleted, the new one takes, and what is left is added.
        _handler.OnDeleted(in old);
        return Submit(old.Instrument, old.Side, priceUnits, remainingUnits, TimeInForce.Day, old.Owner, ownerTag);
    }

    /// <summary>Reports a trade between two participants that touches no displayed order.</summary>
    public void Print(ushort instrument, long priceUnits, long quantityUnits, int buyer, int seller)
    {
        if (quantityUnits <= 0 || priceUnits <= 0) ThrowBadOrder(instrument, Side.None, priceUnits, quantityUnits);
        _handler.OnPrinted(new PrintedTrade
        {
            MatchNumber = ++_lastMatch, Instrument = instrument, PriceUnits = priceUnits, QuantityUnits = quantityUnits, Buyer = buyer, Seller = seller,
        });
    }

    /// <summary>What an order could execute now, counted up to <paramref name="wantedUnits"/>.</summary>
    public long Reachable(int instrument, Side side, long priceUnits, long wantedUnits)
    {
        LevelLadder opposite = Ladder(instrument, Other(side));
        long sum = 0;
        for (int depth = 0; depth < opposite.Count && sum < wantedUnits; depth++)
        {
            ref PriceLevel level = ref opposite.FromBest(depth);
            if (!opposite.Reaches(level.PriceUnits, priceUnits)) break;
            sum += level.QuantityUnits;
        }
        return Math.Min(sum, wantedUnits);
    }

    private bool HasRoom(int instrument, Side side, long priceUnits)
    {
        LevelLadder ladder = Ladder(instrument, side);
        return _firstFree >= 0 && (!ladder.IsFull || ladder.Find(priceUnits) >= 0);
    }

    private long Match(ushort instrument, Side side, long priceUnits, long quantityUnits, int owner, ulong ownerTag)
    {
        LevelLadder opposite = Ladder(instrument, Other(side));
        long left = quantityUnits;
        while (left > 0 && opposite.Count > 0)
        {
            ref PriceLevel level = ref opposite.FromBest(0);
            if (!opposite.Reaches(level.PriceUnits, priceUnits)) break;
            int slot = level.Head;
            ref BookOrder maker = ref _orders[slot];
            long traded = Math.Min(left, maker.QuantityUnits);
            left -= traded;
            maker.QuantityUnits -= traded;
            level.QuantityUnits -= traded;
            opposite.TotalUnits -= traded;
            var trade = new MatchedTrade
            {
                MatchNumber = ++_lastMatch, Instrument = instrument, PriceUnits = maker.PriceUnits, QuantityUnits = traded,
                MakerReference = maker.Reference, MakerTag = maker.OwnerTag, MakerOwner = maker.Owner, MakerSide = maker.Side,
                MakerRemainingUnits = maker.QuantityUnits, TakerOwner = owner, TakerTag = ownerTag,
            };
            if (maker.QuantityUnits == 0) Take(slot);
            _handler.OnExecuted(in trade);
        }
        return left;
    }

    /// <summary>Puts an order at the end of its price's queue; room was checked before.</summary>
    private int Rest(ushort instrument, Side side, long priceUnits, long quantityUnits, int owner, ulong ownerTag)
    {
        int slot = _firstFree;
        ref BookOrder order = ref _orders[slot];
        _firstFree = order.Next;
        LevelLadder ladder = Ladder(instrument, side);
        int index = ladder.Find(priceUnits);
        ref PriceLevel level = ref index >= 0 ? ref ladder[index] : ref ladder.Insert(~index, priceUnits);
        order = new BookOrder
        {
            Reference = (++_lastNumber << _slotBits) | (uint)slot, OwnerTag = ownerTag, PriceUnits = priceUnits, QuantityUnits = quantityUnits,
            Owner = owner, Instrument = instrument, Side = side, Next = -1, Previous = level.Tail,
        };
        if (level.Tail >= 0) _orders[level.Tail].Next = slot;
        else level.Head = slot;
        level.Tail = slot;
        level.Orders++;
        level.QuantityUnits += quantityUnits;
        ladder.TotalUnits += quantityUnits;
        RestingOrders++;
        return slot;
    }

    /// <summary>Unlinks an order, gives its slot back, and removes its level when that is empty.</summary>
    private BookOrder Take(int slot)
    {
        BookOrder order = _orders[slot];
        LevelLadder ladder = Ladder(order.Instrument, order.Side);
        int index = ladder.Find(order.PriceUnits);
        ref PriceLevel level = ref ladder[index];
        if (order.Previous >= 0) _orders[order.Previous].Next = order.Next;
        else level.Head = order.Next;
        if (order.Next >= 0) _orders[order.Next].Previous = order.Previous;
        else level.Tail = order.Previous;
        level.QuantityUnits -= order.QuantityUnits;
        ladder.TotalUnits -= order.QuantityUnits;
        if (--level.Orders == 0) ladder.Remove(index);
        _orders[slot] = new BookOrder { Next = _firstFree };
        _firstFree = slot;
        RestingOrders--;
        return order;
    }

    private int SlotOf(ulong reference)
    {
        int slot = (int)(reference & _slotMask);
        return reference != 0 && slot < _orders.Length && _orders[slot].Reference == reference ? slot : -1;
    }

    private static void ThrowBadOrder(int instrument, Side side, long priceUnits, long quantityUnits) =>
        throw new ArgumentException($"No such order is possible: instrument {instrument}, side {side}, price {priceUnits}, quantity {quantityUnits}.");
}
