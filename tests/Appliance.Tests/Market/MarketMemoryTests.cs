using Appliance.Contract;
using Appliance.Flow.Market;
using Appliance.TestKit;

namespace Appliance.Tests.Market;

/// <summary>After construction the market stage allocates nothing, whatever comes; and two runs over the same events agree to the last bit.</summary>
public class MarketMemoryTests
{
    [Fact]
    public void No_event_allocates_and_the_control_does()
    {
        MarketState market = Mixed();
        RingEvent[] events = MixedEvents(seed: 1, count: 50_000);
        Play(market, events, control: false);
        using var pause = new CollectorPause();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Play(market, events, control: false);
        long none = GC.GetAllocatedBytesForCurrentThread() - before;
        before = GC.GetAllocatedBytesForCurrentThread();
        Play(market, events, control: true);
        long some = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(0, none);
        Assert.True(some >= 24L * events.Length, $"the control allocated only {some} bytes: the measurement sees nothing");
        // The rare paths were among what was measured.
        MarketCounters counters = market.Counters;
        Assert.All([counters.UnknownOrders, counters.OrdersFull, counters.DuplicateOrders, counters.BridgeBreaks, counters.HeldUpdatesDropped, counters.FeedResets, counters.Crossed], c => Assert.True(c > 0));
    }

    [Fact]
    public void The_same_events_give_the_same_bits()
    {
        RingEvent[] events = MixedEvents(seed: 2, count: 50_000);
        MarketState one = Mixed(), two = Mixed();
        for (int i = 0; i < events.Length; i++)
        {
            RingEvent copy = events[i];
            // Received stamps differ between a run and its replay; nothing may depend on them.
            copy.ReceivedNs = i;
            one.Apply(ref events[i]);
            two.Apply(ref copy);
            for (int instrument = 0; instrument < 4; instrument++)
            {
                Assert.True(one.Top(instrument).Equals(two.Top(instrument)));
                Assert.True(one.Features(instrument).Equals(two.Features(instrument)));
            }
        }
    }

    private static MarketState Mixed() => new(MarketFeed.Instruments(4), new MarketOptions
    {
        FeedByInstrument = [new(BookFeed.Orders, TradingStatus.Trading), new(BookFeed.Levels, TradingStatus.Trading), new(BookFeed.BridgedLevels, TradingStatus.Trading), new(BookFeed.Quotes, TradingStatus.Trading)],
        MaxOrders = 32, LevelsPerSide = 128, HeldEventsPerInstrument = 16,
    });

    /// <summary>Every kind of market event, sensible or not, for every instrument.</summary>
    private static RingEvent[] MixedEvents(int seed, int count)
    {
        var random = new Random(seed);
        var events = new RingEvent[count];
        long now = 1_700_000_000_000_000_000, update = 1_000;
        for (int i = 0; i < count; i++)
        {
            now += random.Next(3_000_000);
            bool rare = random.Next(400) == 0;
            EventKind[] kinds = rare
                ? [EventKind.FeedGap, EventKind.FeedReset, EventKind.BookCleared, EventKind.StatusChanged, EventKind.PriceBandSet, EventKind.Timer, EventKind.AuctionIndicated]
                : [EventKind.OrderAdded, EventKind.OrderAdded, EventKind.OrderAdded, EventKind.OrderExecuted, EventKind.OrderReduced, EventKind.OrderDeleted, EventKind.OrderReplaced, EventKind.LevelSet,
                    EventKind.LevelSet, EventKind.LevelSet, EventKind.QuoteSet, EventKind.Trade, EventKind.DepthUpdate, EventKind.DepthSnapshot, EventKind.DepthSnapshotEnd, EventKind.TransactionEnd];
            EventKind kind = kinds[random.Next(kinds.Length)];
            ushort instrument = rare && random.Next(2) == 0 ? RingEvent.AllInstruments : (ushort)random.Next(4);
            RingEvent.Begin(ref events[i], kind, instrument, 0, 0, now);
            if (random.Next(3) == 0) events[i].Flags |= EventFlags.DecideMark;
            if (kind == EventKind.QuoteSet)
            {
                ref Quote quote = ref RingEvent.AsQuote(ref events[i]);
                (quote.BidPriceUnits, quote.BidQuantityUnits, quote.AskPriceUnits, quote.AskQuantityUnits) = (random.Next(990, 1_000), random.Next(9), random.Next(1_000, 1_010), random.Next(9));
                quote.UpdateIdLow = (uint)update;
            }
            else if (kind is EventKind.DepthUpdate or EventKind.DepthSnapshot)
            {
                ref UpdateRange range = ref RingEvent.AsUpdateRange(ref events[i]);
                (range.FirstUpdateId, range.LastUpdateId, range.PreviousUpdateId) = (update - 3, update, update - random.Next(4, 6));
                update++;
            }
            else if (kind is not (EventKind.Timer or EventKind.TransactionEnd or EventKind.DepthSnapshotEnd))
            {
                ref Tick tick = ref RingEvent.AsTick(ref events[i]);
                tick.Side = (Side)random.Next(3);
                tick.PriceUnits = kind == EventKind.PriceBandSet ? 900 : random.Next(900, 1_100);
                tick.QuantityUnits = kind == EventKind.PriceBandSet ? 1_100 : random.Next(0, 50);
                tick.Reference = (ulong)random.Next(1, 2_000);
                tick.Reference2 = (ulong)random.Next(1, 2_000);
                tick.Detail = (uint)random.Next(3);
            }
        }
        return events;
    }

    private static void Play(MarketState market, RingEvent[] events, bool control)
    {
        Span<PriceLevel> levels = stackalloc PriceLevel[5];
        for (int i = 0; i < events.Length; i++)
        {
            market.Apply(ref events[i]);
            market.CopyLevels(i & 3, Side.Buy, levels);
            if (events[i].IsDecideMark) market.ClearDirty();
            if (control) GC.KeepAlive(new object());
        }
    }
}
