using Appliance.Contract;
using Appliance.Flow.Market;
using BenchmarkDotNet.Attributes;

namespace Appliance.Perf;

/// <summary>
/// The cost of one event in the market stage, its top and features included (every event is a decide mark): an order feed whose orders come and go near the top,
/// quotes, level updates near the top, and level updates at the depths that a recorded perpetual shows. Each method applies <see cref="Events"/> events.
/// </summary>
public class BookBenchmark
{
    public const int Events = 4_096;

    private readonly RingEvent[] _orders = new RingEvent[Events], _quotes = new RingEvent[Events], _near = new RingEvent[Events], _deep = new RingEvent[Events];
    private MarketState _orderBook = null!, _quoteBook = null!, _nearBook = null!, _deepBook = null!;

    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(7);
        _orderBook = Book(BookFeed.Orders);
        _quoteBook = Book(BookFeed.Quotes);
        _nearBook = Book(BookFeed.Levels);
        _deepBook = Book(BookFeed.Levels);
        long now = 1_700_000_000_000_000_000;
        // A book of 5,000 resting orders a side behind those that come and go: each event pair adds and deletes one within ten ticks of the top.
        for (uint i = 0; i < 10_000; i++)
            Apply(_orderBook, Order(EventKind.OrderAdded, 1_000_000 + i, i % 2 == 0 ? Side.Buy : Side.Sell, i % 2 == 0 ? 99_980 - i / 10 : 100_020 + i / 10, 100, now));
        for (int i = 0; i < Events; i++)
        {
            now += 20_000;
            bool buy = (i / 2 & 1) == 0;
            long away = random.Next(1, 10);
            _orders[i] = i % 2 == 0
                ? Order(EventKind.OrderAdded, (ulong)i, buy ? Side.Buy : Side.Sell, buy ? 100_000 - away : 100_000 + away, random.Next(1, 500), now)
                : Order(EventKind.OrderDeleted, (ulong)(i - 1), Side.None, 0, 0, now);
            RingEvent.Begin(ref _quotes[i], EventKind.QuoteSet, 0, 0, 0, now);
            ref Quote quote = ref RingEvent.AsQuote(ref _quotes[i]);
            (quote.BidPriceUnits, quote.BidQuantityUnits, quote.AskPriceUnits, quote.AskQuantityUnits) = (100_000 - away, random.Next(1, 99), 100_000 + away, random.Next(1, 99));
            _quotes[i].Flags = EventFlags.DecideMark;
            _near[i] = Level(buy, 1 + (long)(Math.Pow(random.NextDouble(), 3) * 40), random, now);
            _deep[i] = Level(buy, 1 + (long)(Math.Pow(random.NextDouble(), 3) * 5_000), random, now);
        }
        foreach (MarketState book in new[] { _nearBook, _deepBook })
            for (int away = 1; away <= 5_000; away++)
            {
                Apply(book, Level(true, away, random, now - 1));
                Apply(book, Level(false, away, random, now - 1));
            }
        // The answer before the time: a near level's set is what the book then has.
        Apply(_nearBook, Order(EventKind.LevelSet, 0, Side.Buy, 99_999, 777, now));
        if (_nearBook.Top(0).BidQuantityUnits != 777 || _nearBook.Top(0).State != BookState.Ready)
            throw new InvalidOperationException("The book does not show what was set.");
    }

    [Benchmark(OperationsPerInvoke = Events)]
    public double OrderAddedOrDeleted() => Run(_orderBook, _orders);

    [Benchmark(OperationsPerInvoke = Events)]
    public double QuoteSet() => Run(_quoteBook, _quotes);

    [Benchmark(OperationsPerInvoke = Events)]
    public double LevelSetNearTheTop() => Run(_nearBook, _near);

    [Benchmark(OperationsPerInvoke = Events)]
    public double LevelSetAtAnyDepth() => Run(_deepBook, _deep);

    private static double Run(MarketState market, RingEvent[] events)
    {
        for (int i = 0; i < events.Length; i++)
        {
            market.Apply(ref events[i]);
            market.ClearDirty();
        }
        return market.Features(0).Microprice;
    }

    private static void Apply(MarketState market, RingEvent e)
    {
        market.Apply(ref e);
        market.ClearDirty();
    }

    private static MarketState Book(BookFeed feed) =>
        new([new InstrumentDefinition(0, "X", 100, 1, 1, 1, 1)], new MarketOptions { DefaultFeed = new(feed, TradingStatus.Trading) });

    private static RingEvent Level(bool buy, long away, Random random, long now) =>
        Order(EventKind.LevelSet, 0, buy ? Side.Buy : Side.Sell, buy ? 100_000 - away : 100_000 + away, random.Next(4) == 0 ? 0 : random.Next(1, 500), now);

    private static RingEvent Order(EventKind kind, ulong reference, Side side, long price, long quantity, long now)
    {
        var e = default(RingEvent);
        RingEvent.Begin(ref e, kind, 0, 0, 0, now);
        ref Tick tick = ref RingEvent.AsTick(ref e);
        (tick.Side, tick.PriceUnits, tick.QuantityUnits, tick.Reference) = (side, price, quantity, reference);
        tick.Flags = EventFlags.DecideMark;
        return e;
    }
}
