using Appliance.Contract;

namespace Appliance.Venue.Paper;

/// <summary>One trade as the paper venue's queues need it.</summary>
internal readonly record struct SeenTrade(ushort Instrument, long PriceUnits, long QuantityUnits, Side Aggressor, bool Counts);

/// <summary>
/// The depth of all instruments as the ring's events tell it, order by order or level by level, with the diffs that wait for their snapshot.
/// It is the paper venue's own: the decision thread's books live elsewhere and are never read here.
/// </summary>
internal sealed class MarketMirror
{
    private readonly DepthMirror[] _depth;
    private readonly RestingReferences _orders;
    private readonly RingEvent[] _held;
    private int _heldCount;

    public MarketMirror(int instruments, PaperOptions options)
    {
        _depth = new DepthMirror[instruments];
        for (int i = 0; i < instruments; i++)
            _depth[i] = new DepthMirror(options.LevelsMax);
        _orders = new RestingReferences(options.BookOrdersMax);
        _held = TouchedArray.Of<RingEvent>(options.HeldEventsMax);
    }

    public DepthMirror this[int instrument] => _depth[instrument];
    /// <summary>Changes of orders that were never shown, or for which there was no room.</summary>
    public long UnknownReferences { get; private set; }
    /// <summary>Times at which more diffs came before a snapshot than can be held; all held were dropped.</summary>
    public long HeldOverflows { get; private set; }
    /// <summary>Levels far from the market that made room for nearer ones: they fill nothing until the feed states them anew.</summary>
    public long LevelsForgotten => _depth.Sum(d => d.Bids.Forgotten + d.Asks.Forgotten);
    /// <summary>Shown orders without a reference, or for which there was no room: what becomes of them later is unknown here.</summary>
    public long OrdersRefused => _orders.Refused;

    /// <summary>Applies one event. A trade is given out, before its effect on the depth, so that queues see what stood when it happened.</summary>
    public bool TradeOf(ref RingEvent e, out SeenTrade trade)
    {
        trade = default;
        switch (e.Kind)
        {
            case EventKind.Trade:
                {
                    ref Tick tick = ref RingEvent.AsTick(ref e);
                    // A print outside the last sale (odd lot, cross, out of sequence) or of hidden interest proves nothing about the displayed queue.
                    bool counts = (tick.Flags & (EventFlags.NotLastSale | EventFlags.NonDisplayed)) == 0 && tick.QuantityUnits > 0;
                    trade = new(tick.Instrument, tick.PriceUnits, tick.QuantityUnits, tick.Side, counts);
                    return counts && tick.Instrument < _depth.Length;
                }
            case EventKind.OrderExecuted:
            case EventKind.OrderExecutedAtPrice:
                {
                    ref Tick tick = ref RingEvent.AsTick(ref e);
                    int at = _orders.Find(tick.Reference);
                    if (at < 0) return false;
                    ref ShownOrder order = ref _orders[at];
                    long price = e.Kind == EventKind.OrderExecuted ? order.PriceUnits : tick.PriceUnits;
                    bool counts = (tick.Flags & EventFlags.NotLastSale) == 0;
                    trade = new(order.Instrument, price, tick.QuantityUnits, order.Side == Side.Buy ? Side.Sell : Side.Buy, counts);
                    return counts;
                }
            default:
                return false;
        }
    }

    public void Apply(ref RingEvent e)
    {
        switch (e.Kind)
        {
            case EventKind.OrderAdded:
                Added(ref RingEvent.AsTick(ref e));
                return;
            case EventKind.OrderExecuted:
            case EventKind.OrderExecutedAtPrice:
            case EventKind.OrderReduced:
                Reduced(RingEvent.AsTick(ref e).Reference, RingEvent.AsTick(ref e).QuantityUnits);
                return;
            case EventKind.OrderDeleted:
                Reduced(RingEvent.AsTick(ref e).Reference, long.MaxValue);
                return;
            case EventKind.OrderReplaced:
                Replaced(ref RingEvent.AsTick(ref e));
                return;
            case EventKind.BookCleared:
                Cleared(e.Instrument, RingEvent.AsTick(ref e).Detail == 1);
                return;
            case EventKind.FeedGap:
                for (int i = 0; i < _depth.Length; i++)
                    if (e.Instrument == i || e.Instrument == RingEvent.AllInstruments) _depth[i].OnGap();
                return;
        }
        if (e.Instrument >= _depth.Length) return;
        DepthMirror mirror = _depth[e.Instrument];
        switch (e.Kind)
        {
            case EventKind.LevelSet:
                if (mirror.Holds) Hold(ref e);
                else mirror.OnLevel(in RingEvent.AsTick(ref e));
                break;
            case EventKind.QuoteSet:
                mirror.OnQuote(in RingEvent.AsQuote(ref e));
                break;
            case EventKind.DepthUpdate:
                mirror.OnDepthUpdate(in RingEvent.AsUpdateRange(ref e));
                if (mirror.Holds) Hold(ref e);
                break;
            case EventKind.DepthSnapshot:
                mirror.OnSnapshot(in RingEvent.AsUpdateRange(ref e));
                break;
            case EventKind.DepthSnapshotEnd:
                mirror.OnSnapshotEnd();
                Release(e.Instrument, mirror);
                break;
            case EventKind.StatusChanged:
                mirror.Status = (TradingStatus)RingEvent.AsTick(ref e).Detail;
                break;
        }
    }

    private void Added(ref Tick tick)
    {
        if (tick.Instrument >= _depth.Length) return;
        _orders.Add(tick.Reference, new ShownOrder { PriceUnits = tick.PriceUnits, QuantityUnits = tick.QuantityUnits, Instrument = tick.Instrument, Side = tick.Side });
        _depth[tick.Instrument].OnOrderChange(tick.Side, tick.PriceUnits, tick.QuantityUnits);
    }

    private void Reduced(ulong reference, long byUnits)
    {
        int at = _orders.Find(reference);
        if (at < 0) { UnknownReferences++; return; }
        ref ShownOrder order = ref _orders[at];
        long units = Math.Min(byUnits, order.QuantityUnits);
        _depth[order.Instrument].OnOrderChange(order.Side, order.PriceUnits, -units);
        order.QuantityUnits -= units;
        if (order.QuantityUnits == 0) _orders.RemoveAt(at);
    }

    private void Replaced(ref Tick tick)
    {
        int at = _orders.Find(tick.Reference);
        if (at < 0) { UnknownReferences++; return; }
        ShownOrder order = _orders[at];
        Reduced(tick.Reference, long.MaxValue);
        (order.PriceUnits, order.QuantityUnits) = (tick.PriceUnits, tick.QuantityUnits);
        _orders.Add(tick.Reference2, in order);
        _depth[order.Instrument].OnOrderChange(order.Side, order.PriceUnits, order.QuantityUnits);
    }

    private void Cleared(ushort instrument, bool complete)
    {
        _orders.RemoveInstrument(instrument);
        if (instrument < _depth.Length) _depth[instrument].OnCleared(complete);
        else if (instrument == RingEvent.AllInstruments)
            foreach (DepthMirror depth in _depth)
                depth.OnCleared(complete);
    }

    private void Hold(ref RingEvent e)
    {
        if (_heldCount == _held.Length)
        {
            HeldOverflows++;
            _heldCount = 0;
        }
        _held[_heldCount++] = e;
    }

    /// <summary>The snapshot is there: what was held for the instrument is applied by the ordinary rules, the rest stays held.</summary>
    private void Release(ushort instrument, DepthMirror mirror)
    {
        int count = _heldCount;
        _heldCount = 0;
        for (int i = 0; i < count; i++)
        {
            RingEvent e = _held[i];
            if (e.Instrument != instrument) _held[_heldCount++] = e;
            else if (e.Kind == EventKind.DepthUpdate) mirror.OnDepthUpdate(in RingEvent.AsUpdateRange(ref e));
            else mirror.OnLevel(in RingEvent.AsTick(ref e));
        }
    }
}
