using Appliance.Contract;

namespace Appliance.Tests.Market;

/// <summary>
/// One instrument's book as plainly as it can be written: dictionaries, lists, and the rules word for word from the venues' documents. It knows no
/// room, no pages and no states between; recordings are played through it and through the market stage side by side.
/// </summary>
internal sealed class ReferenceBook
{
    public readonly SortedDictionary<long, long> Bids = [], Asks = [];
    public readonly Dictionary<ulong, (Side Side, long Price, long Quantity)> Orders = [];
    public (long Bid, long BidQuantity, long Ask, long AskQuantity, uint Id)? Quote;
    public (long Bid, long BidQuantity, long Ask, long AskQuantity)? LastQuote;
    public bool IsBridged;
    public int UnknownOrders, StaleQuotes, LevelsMax;

    private readonly List<(long First, long Last, long Previous, List<(Side Side, long Price, long Quantity)> Levels)> _held = [];
    private (long First, long Last, long Previous, List<(Side Side, long Price, long Quantity)> Levels)? _open;
    private bool _hasSnapshot, _isSnapshot;
    private long _last;

    public void Apply(RingEvent e)
    {
        ref Tick tick = ref RingEvent.AsTick(ref e);
        switch (e.Kind)
        {
            case EventKind.OrderAdded:
                Rest(tick.Reference, tick.Side, tick.PriceUnits, tick.QuantityUnits);
                break;
            case EventKind.OrderExecuted or EventKind.OrderExecutedAtPrice or EventKind.OrderReduced:
                Take(tick.Reference, tick.QuantityUnits);
                break;
            case EventKind.OrderDeleted:
                Take(tick.Reference, long.MaxValue);
                break;
            case EventKind.OrderReplaced:
                if (Take(tick.Reference, long.MaxValue) is { } side) Rest(tick.Reference2, side, tick.PriceUnits, tick.QuantityUnits);
                break;
            case EventKind.BookCleared:
                Bids.Clear();
                Asks.Clear();
                Orders.Clear();
                break;
            case EventKind.LevelSet when _open is { } open:
                open.Levels.Add((tick.Side, tick.PriceUnits, tick.QuantityUnits));
                break;
            case EventKind.LevelSet:
                Set(tick.Side, tick.PriceUnits, tick.QuantityUnits);
                break;
            case EventKind.DepthUpdate or EventKind.DepthSnapshot:
                ref UpdateRange range = ref RingEvent.AsUpdateRange(ref e);
                _open = (range.FirstUpdateId, range.LastUpdateId, range.PreviousUpdateId, []);
                _isSnapshot = e.Kind == EventKind.DepthSnapshot;
                break;
            case EventKind.QuoteSet:
                ref Quote quote = ref RingEvent.AsQuote(ref e);
                LastQuote = (quote.BidPriceUnits, quote.BidQuantityUnits, quote.AskPriceUnits, quote.AskQuantityUnits);
                if (_hasSnapshot && (int)(quote.UpdateIdLow - (uint)_last) <= 0) StaleQuotes++;
                else Quote = (quote.BidPriceUnits, quote.BidQuantityUnits, quote.AskPriceUnits, quote.AskQuantityUnits, quote.UpdateIdLow);
                break;
        }
        if (_open is { } batch && (_isSnapshot ? e.Kind == EventKind.DepthSnapshotEnd : e.IsDecideMark)) Close(batch);
    }

    public (long Bid, long BidQuantity, long Ask, long AskQuantity) Top
    {
        get
        {
            if (Quote is { } quote && (!_hasSnapshot || (int)(quote.Id - (uint)_last) > 0)) return (quote.Bid, quote.BidQuantity, quote.Ask, quote.AskQuantity);
            var bid = Bids.Count == 0 ? default : Bids.Last();
            var ask = Asks.Count == 0 ? default : Asks.First();
            return (bid.Key, bid.Value, ask.Key, ask.Value);
        }
    }

    private void Close((long First, long Last, long Previous, List<(Side Side, long Price, long Quantity)> Levels) batch)
    {
        _open = null;
        if (!_isSnapshot)
        {
            if (_hasSnapshot) TakeUpdate(batch);
            else _held.Add(batch);
            return;
        }
        foreach (var (side, price, quantity) in batch.Levels) Set(side, price, quantity);
        _hasSnapshot = true;
        _last = batch.Last;
        foreach (var held in _held) TakeUpdate(held);
        _held.Clear();
    }

    private void TakeUpdate((long First, long Last, long Previous, List<(Side Side, long Price, long Quantity)> Levels) update)
    {
        bool futures = update.Previous != 0;
        if (!IsBridged)
        {
            if (futures ? update.Last < _last : update.Last <= _last) return;
            Assert.True(futures ? update.First <= _last : update.First <= _last + 1, "the recording cannot be bridged");
            IsBridged = true;
        }
        else
        {
            Assert.True(futures ? update.Previous == _last : update.First == _last + 1, "the recording's chain is broken");
        }
        foreach (var (side, price, quantity) in update.Levels) Set(side, price, quantity);
        _last = update.Last;
    }

    private void Set(Side side, long price, long quantity)
    {
        SortedDictionary<long, long> levels = side == Side.Buy ? Bids : Asks;
        if (quantity == 0) levels.Remove(price);
        else levels[price] = quantity;
        LevelsMax = Math.Max(LevelsMax, levels.Count);
    }

    private void Rest(ulong reference, Side side, long price, long quantity)
    {
        Orders.Add(reference, (side, price, quantity));
        SortedDictionary<long, long> levels = side == Side.Buy ? Bids : Asks;
        levels[price] = levels.GetValueOrDefault(price) + quantity;
    }

    private Side? Take(ulong reference, long quantity)
    {
        if (!Orders.TryGetValue(reference, out var order))
        {
            UnknownOrders++;
            return null;
        }
        long taken = Math.Min(quantity, order.Quantity);
        SortedDictionary<long, long> levels = order.Side == Side.Buy ? Bids : Asks;
        Set(order.Side, order.Price, levels[order.Price] - taken);
        if (taken == order.Quantity) Orders.Remove(reference);
        else Orders[reference] = order with { Quantity = order.Quantity - taken };
        return order.Side;
    }
}
