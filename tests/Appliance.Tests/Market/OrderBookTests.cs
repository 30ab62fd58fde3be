using Appliance.Contract;
using Appliance.Flow.Market;

namespace Appliance.Tests.Market;

/// <summary>Order-by-order books: every transition, and seeded streams against a book that is nothing but a dictionary of orders.</summary>
public class OrderBookTests
{
    private static MarketFeed Feed(Func<MarketOptions, MarketOptions>? change = null, int instruments = 1) => MarketFeed.Of(BookFeed.Orders, instruments, change);

    private static (long, long, long, long) Four(in TopOfBook top) => (top.BidPriceUnits, top.BidQuantityUnits, top.AskPriceUnits, top.AskQuantityUnits);

    [Fact]
    public void Orders_rest_execute_shrink_move_and_leave()
    {
        MarketFeed feed = Feed();
        feed.Add(1, Side.Buy, 100, 10);
        Assert.Equal(BookState.OneSided, feed.Top.State);
        feed.Add(2, Side.Sell, 102, 20);
        Assert.Equal((100, 10, 102, 20), Four(feed.Top));
        Assert.True(feed.Top.IsTradable);
        feed.Add(3, Side.Buy, 100, 5);
        feed.Add(4, Side.Buy, 101, 1);
        Assert.Equal((101, 1, 102, 20), Four(feed.Top));
        feed.Execute(4, 1);
        Assert.Equal((100, 15, 102, 20), Four(feed.Top));
        feed.Reduce(1, 4);
        Assert.Equal((100, 11, 102, 20), Four(feed.Top));
        feed.ExecuteAt(3, 99, 2);
        Assert.Equal((100, 9, 102, 20), Four(feed.Top));
        feed.Replace(2, 5, 103, 7);
        Assert.Equal((100, 9, 103, 7), Four(feed.Top));
        feed.Delete(1);
        Assert.Equal((100, 3, 103, 7), Four(feed.Top));
        feed.Delete(3);
        Assert.Equal(BookState.OneSided, feed.Top.State);
        Assert.Equal((0, 0, 103, 7), Four(feed.Top));
        Assert.Equal(1, feed.Market.OrderCount);
        Assert.Equal(0, feed.Market.Counters.UnknownOrders);
    }

    [Fact]
    public void The_replaced_order_is_known_by_its_new_reference_only()
    {
        MarketFeed feed = Feed();
        feed.Add(1, Side.Buy, 100, 10);
        feed.Replace(1, 2, 99, 4);
        feed.Execute(2, 1);
        Assert.Equal((99, 3), (feed.Top.BidPriceUnits, feed.Top.BidQuantityUnits));
        feed.Execute(1, 1);
        Assert.Equal(1, feed.Market.Counters.UnknownOrders);
    }

    [Fact]
    public void A_book_crossed_within_a_transaction_is_seen_by_nobody()
    {
        MarketFeed feed = Feed();
        feed.Add(1, Side.Buy, 100, 10);
        feed.Add(2, Side.Sell, 102, 10);
        feed.Add(3, Side.Buy, 103, 10, mark: false);
        Assert.Equal((100, 10, 102, 10), Four(feed.Top));
        Assert.Equal(BookState.Ready, feed.Top.State);
        feed.Execute(2, 10, mark: false);
        feed.Add(4, Side.Sell, 104, 1, mark: false);
        feed.Mark();
        Assert.Equal((103, 10, 104, 1), Four(feed.Top));
        Assert.Equal(BookState.Ready, feed.Top.State);
        Assert.Equal(0, feed.Market.Counters.Crossed);
    }

    [Theory]
    [InlineData(102)]
    [InlineData(103)]
    public void A_book_left_locked_or_crossed_at_a_mark_is_crossed(long bid)
    {
        MarketFeed feed = Feed();
        feed.Add(1, Side.Sell, 102, 10);
        feed.Add(2, Side.Buy, bid, 10);
        Assert.Equal(BookState.Crossed, feed.Top.State);
        Assert.False(feed.Top.IsTradable);
        Assert.Equal(1, feed.Market.Counters.Crossed);
        feed.Delete(2);
        feed.Add(3, Side.Buy, 101, 1);
        Assert.Equal(BookState.Ready, feed.Top.State);
    }

    [Fact]
    public void What_cannot_be_true_of_a_whole_book_makes_it_incomplete_and_is_counted()
    {
        void Is(Action<MarketFeed> act, Func<MarketCounters, long> counter)
        {
            MarketFeed feed = Feed();
            feed.Add(1, Side.Buy, 100, 10);
            feed.Add(2, Side.Sell, 102, 10);
            act(feed);
            Assert.Equal(BookState.Incomplete, feed.Top.State);
            Assert.Equal(1, counter(feed.Market.Counters));
            feed.Cleared(complete: true);
            feed.Add(1, Side.Buy, 100, 10);
            feed.Add(2, Side.Sell, 102, 10);
            Assert.Equal(BookState.Ready, feed.Top.State);
        }
        Is(f => f.Execute(9, 1), c => c.UnknownOrders);
        Is(f => f.ExecuteAt(9, 100, 1), c => c.UnknownOrders);
        Is(f => f.Reduce(9, 1), c => c.UnknownOrders);
        Is(f => f.Delete(9), c => c.UnknownOrders);
        Is(f => f.Replace(9, 10, 100, 1), c => c.UnknownOrders);
        Is(f => f.Execute(1, 11), c => c.Overfills);
        Is(f => f.Reduce(2, 11), c => c.Overfills);
        Is(f => f.Add(1, Side.Buy, 99, 1), c => c.DuplicateOrders);
        Is(f => f.Replace(1, 2, 99, 1), c => c.DuplicateOrders);
    }

    [Fact]
    public void A_full_table_refuses_counts_and_makes_that_book_incomplete()
    {
        MarketFeed feed = Feed(o => o with { MaxOrders = 16 }, instruments: 2);
        for (ulong i = 0; i < 15; i++) feed.Add(i + 1, Side.Buy, 100 - (long)i, 1);
        feed.Add(16, Side.Sell, 200, 1);
        Assert.Equal(BookState.Ready, feed.Top.State);
        feed.Add(17, Side.Sell, 150, 1);
        Assert.Equal(BookState.Incomplete, feed.Top.State);
        Assert.Equal(200, feed.Top.AskPriceUnits);
        Assert.Equal((1, 16), (feed.Market.Counters.OrdersFull, feed.Market.Counters.OrdersMax));
        feed.Delete(1);
        feed.Instrument = 1;
        feed.Add(1, Side.Buy, 100, 1);
        Assert.Equal(BookState.OneSided, feed.Top.State);
    }

    [Fact]
    public void Events_that_make_no_sense_are_counted_and_change_nothing()
    {
        MarketFeed feed = Feed();
        feed.Add(1, Side.None, 100, 10);
        feed.Add(2, Side.Buy, 100, 0);
        feed.Level(Side.Buy, 100, 5);
        feed.Quote(1, 1, 2, 1);
        feed.Range(EventKind.DepthUpdate, 1, 2, 0, 0, mark: true);
        feed.Range(EventKind.DepthSnapshot, 1, 2, 0, 0, mark: true);
        feed.Instrument = 1;
        feed.Add(3, Side.Buy, 100, 10);
        feed.Instrument = 0;
        Assert.Equal(7, feed.Market.Counters.RejectedEvents);
        Assert.Equal(0, feed.Market.OrderCount);
        Assert.Equal(0, feed.Top.BidQuantityUnits);
    }

    /// <summary>Three books, their events interleaved, transactions of one to five events; at every mark the tops, and now and then the levels, are compared.</summary>
    [Theory]
    [InlineData(101)]
    [InlineData(102)]
    [InlineData(103)]
    [InlineData(104)]
    public void Random_streams_leave_what_a_dictionary_of_orders_has(int seed)
    {
        var random = new Random(seed);
        MarketFeed feed = Feed(instruments: 3);
        var orders = new Dictionary<ulong, (ushort Instrument, Side Side, long Price, long Quantity)>();
        var settled = new (long, long, long, long)[3];
        var touched = new HashSet<ushort>();
        ulong next = 1;
        for (int step = 0; step < 30_000; step++)
        {
            bool mark = random.Next(3) == 0;
            int what = random.Next(10);
            feed.NowNs += random.Next(1_000_000);
            if (what < 5 && orders.Count < 2_000 || orders.Count == 0)
            {
                Side side = random.Next(2) == 0 ? Side.Buy : Side.Sell;
                long price = side == Side.Buy ? 10_000 - (long)(Math.Pow(random.NextDouble(), 3) * 500) : 10_001 + (long)(Math.Pow(random.NextDouble(), 3) * 500);
                feed.Instrument = (ushort)random.Next(3);
                long quantity = random.Next(1, 500);
                feed.Add(next, side, price, quantity, mark);
                orders.Add(next++, (feed.Instrument, side, price, quantity));
            }
            else
            {
                ulong reference = orders.Keys.ElementAt(random.Next(orders.Count));
                var order = orders[reference];
                feed.Instrument = order.Instrument;
                long part = random.NextInt64(1, order.Quantity + 1);
                if (what == 9)
                {
                    feed.Delete(reference, mark);
                    orders.Remove(reference);
                }
                else if (what == 8)
                {
                    long price = order.Price + random.Next(-3, 4);
                    orders.Remove(reference);
                    orders.Add(next, order with { Price = price, Quantity = part });
                    feed.Replace(reference, next++, price, part, mark);
                }
                else
                {
                    if (what == 7) feed.Reduce(reference, part, mark);
                    else if (what == 6) feed.ExecuteAt(reference, order.Price, part, mark: mark);
                    else feed.Execute(reference, part, mark);
                    orders.Remove(reference);
                    if (order.Quantity > part) orders.Add(reference, order with { Quantity = order.Quantity - part });
                }
            }
            touched.Add(feed.Instrument);
            if (mark)
            {
                Assert.Equal(touched.Order(), feed.Market.Dirty.ToArray().Order());
                foreach (ushort i in touched)
                {
                    long Sum(Side side, long price) => orders.Values.Where(o => o.Instrument == i && o.Side == side && o.Price == price).Sum(o => o.Quantity);
                    long bid = orders.Values.Where(o => o.Instrument == i && o.Side == Side.Buy).Select(o => o.Price).DefaultIfEmpty().Max();
                    long ask = orders.Values.Where(o => o.Instrument == i && o.Side == Side.Sell).Select(o => o.Price).DefaultIfEmpty().Min();
                    settled[i] = (bid, Sum(Side.Buy, bid), ask, Sum(Side.Sell, ask));
                }
                touched.Clear();
                feed.Market.ClearDirty();
                Assert.True(feed.Market.Dirty.IsEmpty);
            }
            for (ushort i = 0; i < 3; i++) Assert.Equal(settled[i], Four(feed.Market.Top(i)));
            if (step % 1_009 != 0) continue;
            foreach (Side side in new[] { Side.Buy, Side.Sell })
            {
                var expected = orders.Values.Where(o => o.Instrument == 1 && o.Side == side).GroupBy(o => o.Price).Select(g => new PriceLevel(g.Key, g.Sum(o => o.Quantity)))
                    .OrderBy(l => side == Side.Buy ? -l.PriceUnits : l.PriceUnits).ToArray();
                var got = new PriceLevel[expected.Length + 1];
                Assert.Equal(expected.Length, feed.Market.CopyLevels(1, side, got));
                Assert.Equal(expected, got[..^1]);
            }
        }
        Assert.Equal(orders.Count, feed.Market.OrderCount);
        Assert.Equal(0, feed.Market.Counters.UnknownOrders + feed.Market.Counters.Overfills + feed.Market.Counters.RejectedEvents);
    }
}
