using Appliance.Contract;
using Appliance.TestKit;
using Appliance.Venue.Matching;
using FsCheck;
using FsCheck.Fluent;

namespace Appliance.Tests.Venue;

/// <summary>The matching engine against <see cref="NaiveBook"/>, and its rules one by one.</summary>
public sealed class MatchingEngineTests
{
    /// <summary>Writes what the engine reports in the reference's words; references become names by their order of appearance.</summary>
    private sealed class Journal
    {
        public readonly List<string> Log = [];
        public readonly Dictionary<ulong, int> Names = [];

        public int NameOf(ulong reference)
        {
            if (!Names.TryGetValue(reference, out int name)) Names[reference] = name = Names.Count;
            return name;
        }
    }

    private readonly struct Handler(Journal journal) : IMatchHandler
    {
        public void OnAdded(in BookOrder order) => journal.Log.Add($"A {journal.NameOf(order.Reference)} {order.Side} {order.QuantityUnits}@{order.PriceUnits}");
        public void OnExecuted(in MatchedTrade t) => journal.Log.Add($"X {journal.NameOf(t.MakerReference)} {t.QuantityUnits}@{t.PriceUnits} left {t.MakerRemainingUnits}");
        public void OnReduced(in BookOrder order, long byUnits) => journal.Log.Add($"R {journal.NameOf(order.Reference)} {byUnits}");
        public void OnDeleted(in BookOrder order) => journal.Log.Add($"D {journal.NameOf(order.Reference)}");
        public void OnReplaced(in BookOrder old, in BookOrder replacement) =>
            journal.Log.Add($"U {journal.NameOf(old.Reference)} {journal.NameOf(replacement.Reference)} {replacement.QuantityUnits}@{replacement.PriceUnits}");
        public void OnPrinted(in PrintedTrade trade) => journal.Log.Add($"P {trade.QuantityUnits}@{trade.PriceUnits}");
    }

    private const int Instruments = 2;

    private static List<string> Books(MatchingEngine<Handler> engine, Journal journal)
    {
        var lines = new List<string>();
        var queue = new BookOrder[256];
        for (int i = 0; i < engine.Instruments; i++)
            foreach (Side side in new[] { Side.Buy, Side.Sell })
                for (int depth = 0; depth < engine.LevelCount(i, side); depth++)
                {
                    int count = engine.CopyQueue(i, side, depth, queue);
                    (long price, long quantity) = engine.Level(i, side, depth);
                    Assert.Equal(quantity, queue.Take(count).Sum(o => o.QuantityUnits));
                    lines.Add($"{i} {side} {price}: {string.Join(' ', queue.Take(count).Select(o => $"{journal.NameOf(o.Reference)}x{o.QuantityUnits}"))}");
                }
        return lines;
    }

    [Fact]
    public void Random_streams_agree_with_the_naive_book_event_by_event()
    {
        Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed => Run(seed, 400)).Check(Config.QuickThrowOnFailure.WithMaxTest(60));
    }

    [Theory, InlineData(1), InlineData(20260101)]
    public void A_long_seeded_stream_agrees_with_the_naive_book(int seed) => Assert.True(Run(seed, 20_000));

    private static bool Run(int seed, int steps)
    {
        var random = new Random(seed);
        var journal = new Journal();
        var naive = new NaiveBook();
        var engine = new MatchingEngine<Handler>(Instruments, 4096, 512, new Handler(journal));
        var live = new List<(int Name, ulong Reference)>();
        for (int step = 0; step < steps; step++)
        {
            int action = random.Next(10);
            if (action < 6 || live.Count == 0)
            {
                ushort instrument = (ushort)random.Next(Instruments);
                Side side = random.Next(2) == 0 ? Side.Buy : Side.Sell;
                long price = 100 + random.Next(12), quantity = 1 + random.Next(20);
                TimeInForce tif = random.Next(6) switch { 0 => TimeInForce.ImmediateOrCancel, 1 => TimeInForce.FillOrKill, _ => TimeInForce.Day };
                int name = naive.Submit(instrument, side, price, quantity, tif);
                SubmitOutcome outcome = engine.Submit(instrument, side, price, quantity, tif, 0, 0);
                if (outcome.Status == SubmitStatus.Killed) journal.Log.Add("killed");
                Assert.Equal(name >= 0, outcome.Reference != 0);
                if (name >= 0) live.Add((name, outcome.Reference));
            }
            else
            {
                int at = random.Next(live.Count);
                (int name, ulong reference) = live[at];
                if (action < 8)
                {
                    Assert.Equal(naive.Cancel(name), engine.Cancel(reference));
                    live.RemoveAt(at);
                }
                else
                {
                    long price = 100 + random.Next(12), quantity = 1 + random.Next(20);
                    int moved = naive.Replace(name, price, quantity);
                    SubmitOutcome outcome = engine.Replace(reference, price, quantity, 0);
                    Assert.Equal(moved >= 0, outcome.Reference != 0);
                    if (moved >= 0) live[at] = (moved, outcome.Reference);
                    else live.RemoveAt(at);
                }
            }
            if (step % 50 == 0) Assert.Equal(naive.Books(Instruments), Books(engine, journal));
        }
        Assert.Equal(naive.Log, journal.Log);
        Assert.Equal(naive.Books(Instruments), Books(engine, journal));
        for (int i = 0; i < Instruments; i++)
            if (engine.TryBest(i, Side.Buy, out long bid, out _) && engine.TryBest(i, Side.Sell, out long ask, out _)) Assert.True(bid < ask);
        return true;
    }

    private static (MatchingEngine<Handler> Engine, Journal Journal) Make(int orders = 64, int levels = 16)
    {
        var journal = new Journal();
        return (new MatchingEngine<Handler>(1, orders, levels, new Handler(journal)), journal);
    }

    [Fact]
    public void Reducing_keeps_the_place_and_raising_loses_it()
    {
        var (engine, journal) = Make();
        ulong first = engine.Submit(0, Side.Buy, 100, 10, TimeInForce.Day, 1, 0).Reference;
        ulong second = engine.Submit(0, Side.Buy, 100, 10, TimeInForce.Day, 2, 0).Reference;
        Assert.Equal(first, engine.Replace(first, 100, 4, 0).Reference);
        engine.Submit(0, Side.Sell, 100, 4, TimeInForce.ImmediateOrCancel, 3, 0);
        Assert.False(engine.TryGet(first, out _));
        ulong raised = engine.Replace(second, 100, 20, 0).Reference;
        Assert.NotEqual(second, raised);
        Assert.Equal(["A 0 Buy 10@100", "A 1 Buy 10@100", "R 0 6", "X 0 4@100 left 0", "U 1 2 20@100"], journal.Log);
    }

    [Fact]
    public void A_full_pool_and_a_full_ladder_refuse_and_change_nothing()
    {
        var (engine, journal) = Make(orders: 2, levels: 2);
        engine.Submit(0, Side.Buy, 100, 1, TimeInForce.Day, 1, 0);
        engine.Submit(0, Side.Buy, 101, 1, TimeInForce.Day, 1, 0);
        int events = journal.Log.Count;
        Assert.Equal(SubmitStatus.BookFull, engine.Submit(0, Side.Buy, 101, 1, TimeInForce.Day, 1, 0).Status);
        Assert.Equal(SubmitStatus.BookFull, engine.Submit(0, Side.Sell, 100, 5, TimeInForce.Day, 1, 0).Status);
        Assert.Equal(events, journal.Log.Count);
        Assert.Equal(SubmitStatus.Cancelled, engine.Submit(0, Side.Sell, 100, 5, TimeInForce.ImmediateOrCancel, 1, 0).Status);
        Assert.Equal(0, engine.RestingOrders);
    }

    [Fact]
    public void A_reference_is_never_used_twice_and_an_old_one_finds_nothing()
    {
        var (engine, _) = Make(orders: 1);
        var seen = new HashSet<ulong>();
        ulong last = 0;
        for (int i = 0; i < 1_000; i++)
        {
            ulong reference = engine.Submit(0, Side.Buy, 100, 1, TimeInForce.Day, 1, 0).Reference;
            Assert.True(reference > last);
            Assert.True(seen.Add(reference));
            if (last != 0) Assert.False(engine.Cancel(last));
            Assert.True(engine.Cancel(reference));
            last = reference;
        }
    }

    [Fact]
    public void Orders_after_the_first_allocate_nothing()
    {
        var engine = new MatchingEngine<SilentHandler>(1, 1024, 64, default);
        Churn(engine, 2_000);
        using var pause = new CollectorPause();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Churn(engine, 20_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        // The control: the same measure sees an allocation.
        before = GC.GetAllocatedBytesForCurrentThread();
        GC.KeepAlive(new byte[16]);
        Assert.NotEqual(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void Churn(MatchingEngine<SilentHandler> engine, int orders)
    {
        ulong state = 12345;
        for (int i = 0; i < orders; i++)
        {
            state = state * 6364136223846793005 + 1442695040888963407;
            ulong draw = state >> 33;
            SubmitOutcome outcome = engine.Submit(0, (draw & 1) == 0 ? Side.Buy : Side.Sell, 100 + (long)(draw >> 1) % 10, 1 + (long)(draw >> 5) % 9, TimeInForce.Day, 0, 0);
            if (outcome.Reference != 0 && (draw & 64) != 0) engine.Replace(outcome.Reference, 100 + (long)(draw >> 9) % 10, 3, 0);
            if (engine.RestingOrders > 500 && engine.TryBest(0, Side.Buy, out long bid, out long quantity))
                engine.Submit(0, Side.Sell, bid, quantity, TimeInForce.ImmediateOrCancel, 0, 0);
            if (engine.RestingOrders > 500 && engine.TryBest(0, Side.Sell, out long ask, out quantity))
                engine.Submit(0, Side.Buy, ask, quantity, TimeInForce.ImmediateOrCancel, 0, 0);
        }
    }

    private readonly struct SilentHandler : IMatchHandler
    {
        public void OnAdded(in BookOrder order) { }
        public void OnExecuted(in MatchedTrade trade) { }
        public void OnReduced(in BookOrder order, long byUnits) { }
        public void OnDeleted(in BookOrder order) { }
        public void OnReplaced(in BookOrder old, in BookOrder replacement) { }
        public void OnPrinted(in PrintedTrade trade) { }
    }
}
