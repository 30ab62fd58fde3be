using System.Runtime.InteropServices;
using Appliance.Contract;

namespace Appliance.Fix;

/// <summary>
/// What the gateway remembers of its last requests, by client order id: the instrument, which an OrderCancelReject does not say, and whether the venue has answered,
/// so that a request that was answered is never reported unsent. Ids count upwards, so the low bits address the table and the newest ones stay.
/// </summary>
internal sealed class RecentOrders
{
    [StructLayout(LayoutKind.Sequential)]
    private struct Entry
    {
        public ulong ClientOrderId;
        public ushort Instrument;
        public Side Side;
        public bool Answered;
    }

    private readonly Entry[] _entries;
    private readonly uint _mask;

    public RecentOrders(int capacity)
    {
        _entries = new Entry[capacity];
        _mask = (uint)capacity - 1;
        // Touches the pages before the first order does.
        for (int i = 0; i < capacity; i++) _entries[i] = new Entry { Side = Side.None };
    }

    public void Add(ulong clientOrderId, ushort instrument, Side side)
    {
        ref var entry = ref _entries[(uint)clientOrderId & _mask];
        entry.ClientOrderId = clientOrderId;
        entry.Instrument = instrument;
        entry.Side = side;
        entry.Answered = false;
    }

    public void MarkAnswered(ulong clientOrderId)
    {
        ref var entry = ref _entries[(uint)clientOrderId & _mask];
        if (entry.ClientOrderId == clientOrderId) entry.Answered = true;
    }

    public bool WasAnswered(ulong clientOrderId)
    {
        ref var entry = ref _entries[(uint)clientOrderId & _mask];
        return entry.ClientOrderId == clientOrderId && entry.Answered;
    }

    public bool TryFind(ulong clientOrderId, out ushort instrument, out Side side)
    {
        ref var entry = ref _entries[(uint)clientOrderId & _mask];
        instrument = entry.Instrument;
        side = entry.Side;
        return clientOrderId != 0 && entry.ClientOrderId == clientOrderId;
    }
}
