using System.Numerics;
using Appliance.Contract;

namespace Appliance.Risk;

/// <summary>
/// The new orders approved within the duplicate window. Exact: it has room for as many as the highest message rate of the run lets through in a window, and an order is
/// compared with every one that hashes alike, newest first, until the window's edge.
/// </summary>
internal sealed class DuplicateWindow
{
    /// <summary>More than this is refused at construction: a shorter window or a lower rate is meant.</summary>
    public const long CapacityMax = 1 << 20;

    private struct Entry
    {
        public long TimeUtcNs, PriceUnits, QuantityUnits, Previous;
        public ushort Instrument, Portfolio;
        public Side Side;
    }

    /// <summary>The newest entry of a hash, counted from 1, 0 for none; and its time, so that an old one is passed by without being read.</summary>
    private struct Newest
    {
        public long At, TimeUtcNs;
    }

    private readonly Entry[] _entries;
    private readonly Newest[] _newest;
    private readonly int _mask;
    private readonly int _hashShift;
    private long _windowNs;
    private long _count;

    public DuplicateWindow(long capacityAtLeast, long windowNs)
    {
        int capacity = (int)BitOperations.RoundUpToPowerOf2((ulong)Math.Max(16, capacityAtLeast));
        _entries = new Entry[capacity];
        _newest = new Newest[capacity];
        _mask = capacity - 1;
        // Written once, so that no page of memory is first touched on the hot path.
        _entries.AsSpan().Clear();
        _newest.AsSpan().Clear();
        _hashShift = 64 - BitOperations.Log2((uint)capacity);
        _windowNs = windowNs;
    }

    public int Capacity => _entries.Length;
    public long WindowNs => _windowNs;

    /// <summary>A window of another length from now on; the caller has seen to it that there is room for what may pass in it.</summary>
    public void SetWindow(long windowNs) => _windowNs = windowNs;

    /// <summary>How many new orders the message rate can let through in a duplicate window.</summary>
    public static long CapacityFor(GateLimits limits) => CapacityFor(limits.DuplicateWindowNs, limits.MessageWindowNs, limits.MaxMessagesPerWindow);

    public static long CapacityFor(long duplicateWindowNs, long messageWindowNs, long messagesPerWindow) =>
        duplicateWindowNs == 0 ? 0 : checked((duplicateWindowNs / messageWindowNs + 1) * messagesPerWindow);

    public bool Contains(in OrderIntent intent, long nowUtcNs)
    {
        if (_windowNs == 0) return false;
        ref Newest newest = ref _newest[Hash(intent.PriceUnits, intent.QuantityUnits, intent.Instrument, intent.Portfolio, intent.Side)];
        if (nowUtcNs - newest.TimeUtcNs >= _windowNs) return false;
        for (long at = newest.At; at > 0 && at > _count - _entries.Length;)
        {
            ref Entry entry = ref _entries[(int)at & _mask];
            if (nowUtcNs - entry.TimeUtcNs >= _windowNs) return false;
            if (entry.PriceUnits == intent.PriceUnits && entry.QuantityUnits == intent.QuantityUnits && entry.Side == intent.Side
                && entry.Instrument == intent.Instrument && entry.Portfolio == intent.Portfolio) return true;
            at = entry.Previous;
        }
        return false;
    }

    public void Add(in OrderRecord order, long nowUtcNs)
    {
        // Also while the control is off: it may be switched on for what is remembered here.
        long at = ++_count;
        ref Newest newest = ref _newest[Hash(order.PriceUnits, order.QuantityUnits, order.Instrument, order.Portfolio, order.Side)];
        // Field by field: a value made on the stack and copied would be read wider than it was just written.
        ref Entry entry = ref _entries[(int)at & _mask];
        entry.TimeUtcNs = nowUtcNs;
        entry.PriceUnits = order.PriceUnits;
        entry.QuantityUnits = order.QuantityUnits;
        entry.Previous = newest.At;
        entry.Instrument = order.Instrument;
        entry.Portfolio = order.Portfolio;
        entry.Side = order.Side;
        (newest.At, newest.TimeUtcNs) = (at, nowUtcNs);
    }

    /// <summary>Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4) of the folded fields.</summary>
    private int Hash(long priceUnits, long quantityUnits, ushort instrument, ushort portfolio, Side side)
    {
        ulong folded = (ulong)priceUnits * 0x9E3779B97F4A7C15 ^ (ulong)quantityUnits * 0xC2B2AE3D27D4EB4F ^ ((ulong)instrument << 24 | (ulong)portfolio << 8 | (byte)side);
        return (int)(folded * 0x9E3779B97F4A7C15 >> _hashShift);
    }
}
