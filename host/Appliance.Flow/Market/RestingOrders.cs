using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Appliance.Contract;

namespace Appliance.Flow.Market;

/// <summary>One resting order of an order-by-order feed: 32 bytes, two to a cache line.</summary>
[StructLayout(LayoutKind.Explicit, Size = 32)]
internal struct RestingOrder
{
    [FieldOffset(0)] public ulong Reference;
    [FieldOffset(8)] public long PriceUnits;
    /// <summary>Zero marks an empty slot: an order with nothing left does not rest.</summary>
    [FieldOffset(16)] public long QuantityUnits;
    [FieldOffset(24)] public ushort Instrument;
    [FieldOffset(26)] public Side Side;
    [FieldOffset(27)] public byte Spare0;
    [FieldOffset(28)] public int Spare1;
}

/// <summary>
/// Order reference to order, over all instruments: open addressing with linear probing at a load of at most one half, made at start. Deletion shifts later
/// entries back, so there are no tombstones and a day of order traffic leaves the table as fast as it was.
/// References are unique within an instrument; those of two venues may be equal.
/// </summary>
internal sealed class RestingOrders
{
    private const int GroupBits = 3;
    private const ulong GroupMask = (1 << GroupBits) - 1;
    private readonly RestingOrder[] _slots;
    private readonly int _mask, _shift, _maxOrders;

    public RestingOrders(int maxOrders)
    {
        _maxOrders = maxOrders;
        int slots = Math.Max(2 << GroupBits, (int)BitOperations.RoundUpToPowerOf2((uint)maxOrders * 2));
        _slots = new RestingOrder[slots];
        // Written once, so that no page of memory is first touched on the hot path.
        _slots.AsSpan().Clear();
        _mask = slots - 1;
        _shift = 64 - (BitOperations.Log2((uint)slots) - GroupBits);
    }

    public int Count { get; private set; }
    public bool IsFull => Count >= _maxOrders;

    /// <summary>
    /// Venues number orders upwards, so the order that comes next is the neighbour of the one that came last: eight consecutive references share a group of eight slots, four cache
    /// lines, which the first of them brings near. The groups are spread evenly over the table, by multiplication by 2^64 over the golden ratio (Knuth, "The Art of Computer
    /// Programming", volume 3, section 6.4), so that a long run of resting orders makes no long run of slots.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Home(ulong reference) => (int)(((reference >> GroupBits) * 0x9E3779B97F4A7C15UL) >> _shift << GroupBits) | (int)(reference & GroupMask);

    /// <returns>The slot, or −1 when no such order rests.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Find(ushort instrument, ulong reference)
    {
        RestingOrder[] slots = _slots;
        for (int i = Home(reference); ; i = (i + 1) & _mask)
        {
            ref RestingOrder slot = ref slots[i];
            if (slot.QuantityUnits == 0)
                return -1;
            if (slot.Reference == reference && slot.Instrument == instrument)
                return i;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref RestingOrder At(int slot) => ref _slots[slot];

    /// <summary>Adds an order of positive quantity. The caller has made sure that there is room and that the reference is not resting.</summary>
    public void Add(ushort instrument, ulong reference, Side side, long priceUnits, long quantityUnits)
    {
        RestingOrder[] slots = _slots;
        int i = Home(reference);
        while (slots[i].QuantityUnits != 0)
            i = (i + 1) & _mask;
        ref RestingOrder slot = ref slots[i];
        slot.Reference = reference;
        slot.PriceUnits = priceUnits;
        slot.QuantityUnits = quantityUnits;
        slot.Instrument = instrument;
        slot.Side = side;
        Count++;
    }

    /// <summary>Empties a slot and closes the hole: each later entry of the run moves into it unless its home lies behind the hole.</summary>
    public void RemoveAt(int slot)
    {
        RestingOrder[] slots = _slots;
        int hole = slot;
        for (int i = (slot + 1) & _mask; slots[i].QuantityUnits != 0; i = (i + 1) & _mask)
        {
            int home = Home(slots[i].Reference);
            if (((i - home) & _mask) >= ((i - hole) & _mask))
            {
                slots[hole] = slots[i];
                hole = i;
            }
        }
        slots[hole] = default;
        Count--;
    }

    /// <summary>Removes every order of an instrument: a pass over the whole table, for the rare events that void a book.</summary>
    public void RemoveAll(ushort instrument)
    {
        if (Count == 0)
            return;
        // Starting behind an empty slot, no entry can wrap around into the part already passed.
        int start = 0;
        while (_slots[start].QuantityUnits != 0)
            start++;
        for (int step = 1; step <= _mask; step++)
        {
            int i = (start + step) & _mask;
            while (_slots[i].QuantityUnits != 0 && _slots[i].Instrument == instrument)
                RemoveAt(i);
        }
    }
}
