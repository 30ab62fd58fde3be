using System.Numerics;
using Appliance.Contract;

namespace Appliance.Venue.Paper;

/// <summary>What an order-by-order feed shows of one resting order.</summary>
internal struct ShownOrder
{
    public long PriceUnits;
    public long QuantityUnits;
    public ushort Instrument;
    public Side Side;
}

/// <summary>Order reference to shown order: open addressing with linear probing, sized at start, deletions close their gap. Reference 0 is no order.</summary>
internal sealed class RestingReferences
{
    private readonly ulong[] _keys;
    private readonly ShownOrder[] _orders;
    private readonly int _shift;
    private readonly int _mask;

    public RestingReferences(int ordersMax)
    {
        // Twice the orders keeps probes short.
        int slots = (int)BitOperations.RoundUpToPowerOf2((uint)ordersMax * 2);
        _keys = TouchedArray.Of<ulong>(slots);
        _orders = TouchedArray.Of<ShownOrder>(slots);
        _mask = slots - 1;
        _shift = 64 - BitOperations.Log2((uint)slots);
        OrdersMax = ordersMax;
    }

    public int OrdersMax { get; }
    public int Count { get; private set; }
    /// <summary>Orders for which there was no room.</summary>
    public long Refused { get; private set; }

    // Fibonacci hashing: D. Knuth, The Art of Computer Programming, vol. 3, 6.4.
    private int Home(ulong key) => (int)((key * 0x9E3779B97F4A7C15UL) >> _shift);

    public void Add(ulong reference, in ShownOrder order)
    {
        if (reference == 0 || Count >= OrdersMax)
        {
            Refused++;
            return;
        }
        int at = Home(reference);
        while (_keys[at] != 0 && _keys[at] != reference)
            at = (at + 1) & _mask;
        if (_keys[at] == 0) Count++;
        _keys[at] = reference;
        _orders[at] = order;
    }

    /// <summary>Index for <see cref="this"/> and <see cref="RemoveAt"/>, −1 when unknown.</summary>
    public int Find(ulong reference)
    {
        if (reference == 0) return -1;
        int at = Home(reference);
        while (_keys[at] != 0)
        {
            if (_keys[at] == reference) return at;
            at = (at + 1) & _mask;
        }
        return -1;
    }

    public ref ShownOrder this[int index] => ref _orders[index];

    public void RemoveAt(int index)
    {
        Count--;
        int gap = index;
        for (int at = (index + 1) & _mask; _keys[at] != 0; at = (at + 1) & _mask)
        {
            // The entry may move into the gap only if its home does not lie between the gap and itself.
            if (((at - Home(_keys[at])) & _mask) < ((at - gap) & _mask)) continue;
            _keys[gap] = _keys[at];
            _orders[gap] = _orders[at];
            gap = at;
        }
        _keys[gap] = 0;
    }

    /// <summary>Forgets every order of one instrument; rare (a book was voided), so it may walk the whole table.</summary>
    public void RemoveInstrument(ushort instrument)
    {
        for (int at = 0; at < _keys.Length; at++)
            while (_keys[at] != 0 && (instrument == RingEvent.AllInstruments || _orders[at].Instrument == instrument))
                RemoveAt(at);
    }
}
