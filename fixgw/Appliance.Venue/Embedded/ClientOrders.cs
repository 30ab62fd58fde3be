using Appliance.Contract;
using Appliance.Fix;

namespace Appliance.Venue.Embedded;

/// <summary>A client's order from acceptance on; it stays after its end, so that its ClOrdIDs stay taken.</summary>
internal struct ClientOrder
{
    /// <summary>The newest accepted ClOrdID.</summary>
    public FixText ClientOrderId;
    public ulong OrderId;
    /// <summary>The engine's reference while the order rests; 0 otherwise.</summary>
    public ulong Reference;
    public long PriceUnits;
    public long TotalUnits;
    public long CumulativeUnits;
    public Int128 PaidProductUnits;
    public int Client;
    public ushort Instrument;
    public Side Side;
    public TimeInForce TimeInForce;
    public bool IsOpen;

    public readonly long LeavesUnits => IsOpen ? TotalUnits - CumulativeUnits : 0;
    public readonly long AveragePriceUnits => CumulativeUnits == 0 ? 0 : (long)(PaidProductUnits / CumulativeUnits);
}

/// <summary>All client orders, found by client and ClOrdID (each that an order ever had) or by their slot.</summary>
internal sealed class ClientOrders(int capacity)
{
    private readonly ClientOrder[] _orders = new ClientOrder[capacity];
    private readonly Dictionary<(int Client, FixText Id), int> _slots = new(Math.Min(capacity, 1 << 14));
    private readonly Dictionary<ulong, int> _slotsByOrderId = new(Math.Min(capacity, 1 << 14));

    public int Count { get; private set; }
    public bool IsFull => Count == _orders.Length;
    public ref ClientOrder this[int slot] => ref _orders[slot];

    public int Find(int client, in FixText id) => _slots.TryGetValue((client, id), out int slot) ? slot : -1;
    public int Find(ulong orderId) => _slotsByOrderId.TryGetValue(orderId, out int slot) ? slot : -1;

    public int Add(in ClientOrder order)
    {
        int slot = Count++;
        _orders[slot] = order;
        _slots[(order.Client, order.ClientOrderId)] = slot;
        _slotsByOrderId[order.OrderId] = slot;
        return slot;
    }

    /// <summary>Another ClOrdID that means this order, or is spent on it.</summary>
    public void Name(int client, in FixText id, int slot) => _slots[(client, id)] = slot;
}
