using Appliance.Contract;
using Appliance.Flow.Market;

namespace Appliance.Tests.Market;

/// <summary>The paged side of a book against a plain sorted dictionary, over seeded streams of different shapes.</summary>
public class LevelSideTests
{
    /// <summary>Best first.</summary>
    private static PriceLevel[] Best(SortedDictionary<long, long> levels, Side side)
    {
        IEnumerable<KeyValuePair<long, long>> ordered = side == Side.Buy ? levels.Reverse() : levels;
        return [.. ordered.Select(l => new PriceLevel(l.Key, l.Value))];
    }

    private static PriceLevel[] All(LevelSide side)
    {
        var into = new PriceLevel[side.Count];
        Assert.Equal(into.Length, side.CopyTo(into));
        return into;
    }

    [Theory]
    [InlineData(1, Side.Buy, 40)]
    [InlineData(2, Side.Sell, 40)]
    [InlineData(3, Side.Buy, 5_000)]
    [InlineData(4, Side.Sell, 5_000)]
    [InlineData(5, Side.Buy, 100_000)]
    [InlineData(6, Side.Sell, 100_000)]
    public void Random_sets_leave_what_a_sorted_dictionary_has(int seed, Side side, int prices)
    {
        var random = new Random(seed);
        var levels = new LevelSide(side, 1 << 14, LevelsFullPolicy.DropDeepest);
        var reference = new SortedDictionary<long, long>();
        for (int step = 0; step < 60_000; step++)
        {
            // Squaring gathers the prices at one end; the shift lets them be negative too. Phases of growth and of shrinking alternate.
            double u = random.NextDouble();
            long price = (long)(u * u * prices) - prices / 3;
            bool growing = step / 7_000 % 2 == 0;
            long quantity = random.Next(10) < (growing ? 3 : 7) ? 0 : random.Next(1, 1_000);
            levels.Set(price, quantity);
            if (quantity == 0) reference.Remove(price);
            else reference[price] = quantity;
            Assert.Equal(reference.Count, levels.Count);
            levels.Best(out long best, out long bestQuantity);
            if (reference.Count == 0)
            {
                Assert.Equal((0, 0), (best, bestQuantity));
            }
            else if (step % 16 == 0)
            {
                long expected = side == Side.Buy ? reference.Keys.Last() : reference.Keys.First();
                Assert.Equal((expected, reference[expected]), (best, bestQuantity));
            }
            Assert.Equal(quantity, levels.QuantityAt(price));
            if (step % 997 == 0) Assert.Equal(Best(reference, side), All(levels));
        }
        Assert.Equal(Best(reference, side), All(levels));
        Assert.Equal(0, levels.Dropped);
        Assert.True(reference.Count > 8);
    }

    [Theory]
    [InlineData(Side.Buy, true)]
    [InlineData(Side.Buy, false)]
    [InlineData(Side.Sell, true)]
    [InlineData(Side.Sell, false)]
    public void Levels_that_come_in_order_fill_their_pages(Side side, bool ascending)
    {
        // Full pages: a snapshot in either order takes half the pages that random insertion may.
        var levels = new LevelSide(side, 1_000, LevelsFullPolicy.MarkIncomplete);
        int most = LevelSide.PagesFor(1_000) * LevelSide.PageLevels;
        for (int i = 0; i < most; i++)
            levels.Set(ascending ? i : -i, i + 1);
        Assert.Equal(most, levels.Count);
        Assert.False(levels.HasOverflowed);
        levels.Set(ascending ? most : -most, 1);
        Assert.True(levels.HasOverflowed);
    }

    [Theory]
    [InlineData(11, Side.Buy)]
    [InlineData(12, Side.Sell)]
    public void Signed_additions_leave_the_sums(int seed, Side side)
    {
        var random = new Random(seed);
        var levels = new LevelSide(side, 4_096, LevelsFullPolicy.DropDeepest);
        var reference = new SortedDictionary<long, long>();
        for (int step = 0; step < 30_000; step++)
        {
            long price = random.Next(400);
            long has = reference.GetValueOrDefault(price);
            long change = has > 0 && random.Next(2) == 0 ? -random.NextInt64(1, has + 1) : random.Next(1, 100);
            Assert.True(levels.Add(price, change));
            if (has + change == 0) reference.Remove(price);
            else reference[price] = has + change;
            if (step % 499 == 0) Assert.Equal(Best(reference, side), All(levels));
        }
        Assert.Equal(Best(reference, side), All(levels));
        Assert.False(levels.Add(10_000, -1), "taking from a level that is not there is told");
        levels.Add(10_000, 5);
        Assert.False(levels.Add(10_000, -6), "taking more than is there is told");
        Assert.Equal(0, levels.QuantityAt(10_000));
    }

    [Theory]
    [InlineData(21, Side.Buy)]
    [InlineData(22, Side.Sell)]
    public void A_full_side_keeps_its_best_levels_exact(int seed, Side side)
    {
        var random = new Random(seed);
        var levels = new LevelSide(side, 128, LevelsFullPolicy.DropDeepest);
        var reference = new SortedDictionary<long, long>();
        int compared = 0;
        for (int step = 0; step < 50_000; step++)
        {
            long price = random.Next(2_000);
            long quantity = random.Next(10) < 4 ? 0 : random.Next(1, 1_000);
            levels.Set(price, quantity);
            if (quantity == 0) reference.Remove(price);
            else reference[price] = quantity;
            if (step % 101 != 0) continue;
            PriceLevel[] kept = All(levels);
            Assert.Equal(Best(reference, side).Take(kept.Length), kept);
            compared += kept.Length;
        }
        Assert.True(levels.Dropped > 100, $"dropped {levels.Dropped}");
        Assert.True(compared > 1_000);
        Assert.False(levels.HasOverflowed);
    }

    [Fact]
    public void A_side_used_up_down_to_what_it_dropped_says_so()
    {
        var levels = new LevelSide(Side.Buy, 4, LevelsFullPolicy.DropDeepest);
        int room = LevelSide.PagesFor(4) * LevelSide.PageLevels;
        for (int price = 1; price <= room + 1; price++) levels.Set(price, 1);
        Assert.Equal(LevelSide.PageLevels, levels.Dropped);
        levels.Set(1, 9);
        Assert.Equal(LevelSide.PageLevels + 1, levels.Dropped);
        Assert.Equal(0, levels.QuantityAt(1));
        Assert.True(levels.Add(1, -9), "what was dropped may be taken from without complaint");
        for (int price = room + 1; price > LevelSide.PageLevels; price--)
        {
            Assert.False(levels.IsExhausted);
            levels.Set(price, 0);
        }
        Assert.True(levels.IsExhausted);
        levels.Clear();
        Assert.False(levels.IsExhausted);
        levels.Set(1, 9);
        Assert.Equal(9, levels.QuantityAt(1));
    }

    [Fact]
    public void Copies_stop_at_the_span_and_start_behind_a_price()
    {
        var asks = new LevelSide(Side.Sell, 1_024, LevelsFullPolicy.DropDeepest);
        for (int price = 300; price > 0; price--) asks.Set(price, price * 10);
        var into = new PriceLevel[3];
        Assert.Equal(3, asks.CopyTo(into));
        Assert.Equal([new(1, 10), new(2, 20), new(3, 30)], into);
        Assert.Equal(3, asks.CopyTo(into, worseThan: 100));
        Assert.Equal([new(101, 1010), new(102, 1020), new(103, 1030)], into);
        Assert.Equal(1, asks.CopyTo(into, worseThan: 299));
        Assert.Equal(0, asks.CopyTo([]));
    }
}
