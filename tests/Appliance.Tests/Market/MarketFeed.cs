using Appliance.Contract;
using Appliance.Flow.Market;

namespace Appliance.Tests.Market;

/// <summary>Writes market events into a <see cref="MarketState"/>, one method a kind; the last argument <c>mark</c> ends the venue's transaction.</summary>
internal sealed class MarketFeed(MarketState market)
{
    public const long Second = 1_000_000_000;

    public MarketState Market { get; } = market;
    public long NowNs { get; set; } = 1_700_000_000 * Second;
    public ushort Instrument { get; set; }
    public ushort Source { get; set; }

    public static InstrumentDefinition[] Instruments(int count, long priceUnitsPerOne = 100, long quantityUnitsPerOne = 1) =>
        [.. Enumerable.Range(0, count).Select(i => new InstrumentDefinition((ushort)i, $"I{i}", priceUnitsPerOne, quantityUnitsPerOne, 1, 1, 1))];

    public static MarketFeed Of(BookFeed feed, int instruments = 1, Func<MarketOptions, MarketOptions>? change = null)
    {
        var options = new MarketOptions { DefaultFeed = new(feed, TradingStatus.Trading), MaxOrders = 4096, LevelsPerSide = 1024, HeldEventsPerInstrument = 1024 };
        return new(new MarketState(Instruments(instruments), change?.Invoke(options) ?? options));
    }

    public ref readonly TopOfBook Top => ref Market.Top(Instrument);

    public void Add(ulong reference, Side side, long price, long quantity, bool mark = true) => Send(EventKind.OrderAdded, side, price, quantity, reference, 0, 0, mark);
    public void Execute(ulong reference, long quantity, bool mark = true) => Send(EventKind.OrderExecuted, Side.None, 0, quantity, reference, 1, 0, mark);
    public void ExecuteAt(ulong reference, long price, long quantity, EventFlags flags = 0, bool mark = true) =>
        Send(EventKind.OrderExecutedAtPrice, Side.None, price, quantity, reference, 1, 0, mark, flags);
    public void Reduce(ulong reference, long quantity, bool mark = true) => Send(EventKind.OrderReduced, Side.None, 0, quantity, reference, 0, 0, mark);
    public void Delete(ulong reference, bool mark = true) => Send(EventKind.OrderDeleted, Side.None, 0, 0, reference, 0, 0, mark);
    public void Replace(ulong reference, ulong by, long price, long quantity, bool mark = true) => Send(EventKind.OrderReplaced, Side.None, price, quantity, reference, by, 0, mark);
    public void Level(Side side, long price, long quantity, bool mark = true) => Send(EventKind.LevelSet, side, price, quantity, 0, 0, 0, mark);
    public void Trade(Side aggressor, long price, long quantity, EventFlags flags = 0, bool mark = true) => Send(EventKind.Trade, aggressor, price, quantity, 0, 0, 0, mark, flags);
    public void Status(TradingStatus status, bool mark = true) => Send(EventKind.StatusChanged, Side.None, 0, 0, 0, 0, (uint)status, mark);
    public void Band(long lower, long upper, bool mark = true) => Send(EventKind.PriceBandSet, Side.None, lower, upper, 0, 0, 0, mark);
    public void Cleared(bool complete, bool mark = true) => Send(EventKind.BookCleared, Side.None, 0, 0, 0, 0, complete ? 1u : 0u, mark);
    public void Gap(bool mark = true) => Send(EventKind.FeedGap, Side.None, 0, 3, 7, 0, 0, mark);
    public void Reset(ulong sequence, bool mark = true) => Send(EventKind.FeedReset, Side.None, 0, 0, sequence, 0, 0, mark);

    public void Mark()
    {
        var e = default(RingEvent);
        RingEvent.Begin(ref e, EventKind.TransactionEnd, Instrument, Source, 0, NowNs);
        Send(ref e, true);
    }

    public void Quote(long bid, long bidQuantity, long ask, long askQuantity, long updateId = 0, bool mark = true)
    {
        var e = default(RingEvent);
        RingEvent.Begin(ref e, EventKind.QuoteSet, Instrument, Source, 0, NowNs);
        ref Quote quote = ref RingEvent.AsQuote(ref e);
        (quote.BidPriceUnits, quote.BidQuantityUnits, quote.AskPriceUnits, quote.AskQuantityUnits) = (bid, bidQuantity, ask, askQuantity);
        quote.UpdateIdLow = (uint)updateId;
        Send(ref e, mark);
    }

    /// <summary>A whole diff: header, levels, mark.</summary>
    public void Update(long first, long last, long previous, params ReadOnlySpan<(Side Side, long Price, long Quantity)> levels)
    {
        Range(EventKind.DepthUpdate, first, last, previous, levels.Length, mark: levels.IsEmpty);
        for (int i = 0; i < levels.Length; i++)
            Level(levels[i].Side, levels[i].Price, levels[i].Quantity, mark: i == levels.Length - 1);
    }

    /// <summary>A whole snapshot.</summary>
    public void Snapshot(long last, params ReadOnlySpan<(Side Side, long Price, long Quantity)> levels)
    {
        Range(EventKind.DepthSnapshot, 0, last, 0, levels.Length, mark: false);
        foreach ((Side side, long price, long quantity) in levels)
            Level(side, price, quantity, mark: false);
        var e = default(RingEvent);
        RingEvent.Begin(ref e, EventKind.DepthSnapshotEnd, Instrument, Source, 0, NowNs);
        Send(ref e, true);
    }

    public void Range(EventKind kind, long first, long last, long previous, int levels, bool mark)
    {
        var e = default(RingEvent);
        RingEvent.Begin(ref e, kind, Instrument, Source, 0, NowNs);
        ref UpdateRange range = ref RingEvent.AsUpdateRange(ref e);
        (range.FirstUpdateId, range.LastUpdateId, range.PreviousUpdateId, range.Levels) = (first, last, previous, levels);
        Send(ref e, mark);
    }

    private void Send(EventKind kind, Side side, long price, long quantity, ulong reference, ulong reference2, uint detail, bool mark, EventFlags flags = 0)
    {
        var e = default(RingEvent);
        RingEvent.Begin(ref e, kind, Instrument, Source, 0, NowNs);
        ref Tick tick = ref RingEvent.AsTick(ref e);
        (tick.Side, tick.PriceUnits, tick.QuantityUnits, tick.Reference, tick.Reference2, tick.Detail, tick.Flags) = (side, price, quantity, reference, reference2, detail, flags);
        Send(ref e, mark);
    }

    public void Send(ref RingEvent e, bool mark)
    {
        if (mark) e.Flags |= EventFlags.DecideMark;
        Market.Apply(ref e);
    }
}
