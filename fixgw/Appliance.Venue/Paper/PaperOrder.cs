using Appliance.Contract;

namespace Appliance.Venue.Paper;

/// <summary>An order that rests on paper, or is being worked on arrival.</summary>
internal struct PaperOrder
{
    /// <summary>The newest accepted ClOrdID: an amend renames the order.</summary>
    public ulong ClientOrderId;
    public long PriceUnits;
    public long TotalUnits;
    public long CumulativeUnits;
    /// <summary>Displayed quantity that must trade before we do.</summary>
    public long QueueAheadUnits;
    public ushort Instrument;
    public Side Side;
    public TimeInForce TimeInForce;

    public readonly long LeavesUnits => TotalUnits - CumulativeUnits;
}

/// <summary>A request under way to the venue.</summary>
internal struct InFlight
{
    public long DueUtcNs;
    public ulong ClientOrderId;
    public ulong OriginalClientOrderId;
    public long PriceUnits;
    public long QuantityUnits;
    public ushort Instrument;
    public OrderRequestKind Kind;
    public Side Side;
    public TimeInForce TimeInForce;
}

/// <summary>Requests in the order sent, one writing and one reading thread: the deciding thread sends, the ingest thread lets them arrive.</summary>
internal sealed class InFlightQueue(int capacity)
{
    private readonly InFlight[] _items = TouchedArray.Of<InFlight>(capacity);
    private readonly int _mask = capacity - 1;
    private long _written;
    private long _read;

    public bool TryAdd(in InFlight item)
    {
        long written = _written;
        if (written - Volatile.Read(ref _read) == _items.Length) return false;
        _items[written & _mask] = item;
        Volatile.Write(ref _written, written + 1);
        return true;
    }

    public bool TryPeek(out InFlight item)
    {
        item = default;
        if (Volatile.Read(ref _written) == _read) return false;
        item = _items[_read & _mask];
        return true;
    }

    public void Drop() => Volatile.Write(ref _read, _read + 1);
}

/// <summary>Reports in the order made, each with the sequenced time at which it reaches us. One thread.</summary>
internal sealed class ReportQueue(int capacity)
{
    private readonly Execution[] _items = TouchedArray.Of<Execution>(capacity);
    private readonly int _mask = capacity - 1;
    private long _written;
    private long _read;

    public int Room => _items.Length - (int)(_written - _read);
    public bool IsEmpty => _written == _read;
    public void Add(in Execution report) => _items[_written++ & _mask] = report;
    public ref Execution Peek() => ref _items[_read & _mask];
    public void Drop() => _read++;
}
