using Appliance.Contract;
using Appliance.Ingest;
using Appliance.Ingest.Itch;
using Appliance.Ingest.Mold;

namespace Appliance.Host.Latency;

/// <summary>
/// The market data of a measurement: ITCH packets of one instrument, the same for every program measured. Most add or delete an order far from the touch; every
/// K-th moves the best bid and ask together by a tick, in one packet of two messages, so that the hedge must trade. The move alternates, so the price stays.
/// </summary>
internal sealed class TickPattern
{
    public const string Symbol = "LTCY";
    private const uint BasePrice = 1_000_000, Tick = 100; // 100.00 and 0.01 in ITCH's four decimals.
    private const uint Shares = 100_000;
    private readonly MoldPacketWriter _writer = new(MoldSession.Parse("LATENCY"));
    private readonly int _orderEvery;
    private readonly Symbol8 _symbol = Symbol8.Parse(Symbol);
    private ulong _nextReference = 100, _bid = 1, _ask = 2, _far;
    private bool _high;
    private long _ticks;

    public TickPattern(int orderEvery) => _orderEvery = orderEvery;

    public long Ticks => _ticks;

    /// <summary>True when the packet made last moves the price.</summary>
    public bool IsTrigger { get; private set; }
    /// <summary>True when the last move went up.</summary>
    public bool IsUp => _high;

    /// <summary>The opening: directory, trading state, a book of five levels a side.</summary>
    public ReadOnlySpan<byte> Opening()
    {
        ItchEncoder.StockDirectory(Room(StockDirectory.Length), 1, 0, 0, _symbol, 1);
        ItchEncoder.StockTradingAction(Room(StockTradingAction.Length), 1, 0, 0, _symbol, 'T');
        Add(_bid, 'B', BasePrice);
        Add(_ask, 'S', BasePrice + Tick);
        for (uint level = 2; level <= 5; level++)
        {
            Add(_nextReference++, 'B', BasePrice - level * Tick);
            Add(_nextReference++, 'S', BasePrice + (level + 1) * Tick);
        }
        return _writer.Finish().Span;
    }

    public ReadOnlySpan<byte> Next()
    {
        _ticks++;
        IsTrigger = _ticks % _orderEvery == 0;
        if (IsTrigger) Move();
        else if (_far == 0) Add(_far = _nextReference++, 'B', BasePrice - 50 * Tick);
        else
        {
            ItchEncoder.OrderDelete(Room(OrderDelete.Length), 1, 0, 0, _far);
            _far = 0;
        }
        return _writer.Finish().Span;
    }

    /// <summary>Up: the ask first, down: the bid first, so that the book is never crossed between the two messages.</summary>
    private void Move()
    {
        uint bidTo = _high ? BasePrice : BasePrice + Tick;
        if (_high)
        {
            Replace(ref _bid, bidTo);
            Replace(ref _ask, bidTo + Tick);
        }
        else
        {
            Replace(ref _ask, bidTo + Tick);
            Replace(ref _bid, bidTo);
        }
        _high = !_high;
    }

    private void Add(ulong reference, char side, uint price) => ItchEncoder.AddOrder(Room(AddOrder.Length), 1, 0, 0, reference, side, Shares, _symbol, price);

    private void Replace(ref ulong reference, uint price)
    {
        ulong next = _nextReference++;
        ItchEncoder.OrderReplace(Room(OrderReplace.Length), 1, 0, 0, reference, next, Shares, price);
        reference = next;
    }

    private Span<byte> Room(int length) => _writer.TryAppend(length);
}
