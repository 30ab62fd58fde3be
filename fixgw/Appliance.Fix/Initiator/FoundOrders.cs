using Appliance.Contract;

namespace Appliance.Fix;

/// <summary>How an order that was found at the venue is called there.</summary>
public readonly record struct FoundOrder(FixText ClientOrderId, FixText OrderId);

/// <summary>
/// Orders that a mass status listed under names that are no numbers of ours (another system's, an earlier program's, a trader's at the venue's own screen). Each name has a number for as long as
/// the run lasts, so that the ring and the gate can speak of it. One thread adds; any thread may read what was added.
/// </summary>
public sealed class FoundOrders
{
    private readonly FoundOrder[] _orders;
    private int _count;

    /// <param name="capacity">The most that are kept; the next is counted and has no number.</param>
    public FoundOrders(int capacity) => _orders = new FoundOrder[capacity];

    public int Count => Volatile.Read(ref _count);

    /// <summary>The number under that name, a new one if it has none yet; 0 when there is no room for it, or the name is empty or longer than 31 bytes.</summary>
    public ulong Take(ReadOnlySpan<byte> clientOrderId, ReadOnlySpan<byte> orderId)
    {
        ulong known = Find(clientOrderId);
        if (known != 0 || clientOrderId.IsEmpty || _count == _orders.Length || !FixText.TryCreate(clientOrderId, out var name)) return known;
        // A venue's own number that is too long to keep is left out of requests: the client's order id names the order by itself.
        FixText.TryCreate(orderId, out var venues);
        _orders[_count] = new FoundOrder(name, venues);
        Volatile.Write(ref _count, _count + 1);
        return FoundOrderId.First + (ulong)(_count - 1);
    }

    /// <summary>0 when no order was found under that name.</summary>
    public ulong Find(ReadOnlySpan<byte> clientOrderId)
    {
        for (int i = 0; i < _count; i++)
            if (_orders[i].ClientOrderId.Span.SequenceEqual(clientOrderId)) return FoundOrderId.First + (ulong)i;
        return 0;
    }

    public bool TryGet(ulong id, out FoundOrder order)
    {
        order = default;
        ulong at = id - FoundOrderId.First;
        if (!FoundOrderId.Is(id) || at >= (ulong)Count) return false;
        order = _orders[at];
        return true;
    }
}
