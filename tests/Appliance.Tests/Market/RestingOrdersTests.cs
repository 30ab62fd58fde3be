using Appliance.Contract;
using Appliance.Flow.Market;

namespace Appliance.Tests.Market;

/// <summary>The order table against a dictionary: additions, removals in any order with their back-shifts, and whole books voided.</summary>
public class RestingOrdersTests
{
    [Theory]
    [InlineData(1, 16, true)]
    [InlineData(2, 100, false)]
    [InlineData(3, 1_000, true)]
    [InlineData(4, 1_000, false)]
    public void Random_traffic_leaves_what_a_dictionary_has(int seed, int maxOrders, bool consecutive)
    {
        var random = new Random(seed);
        var table = new RestingOrders(maxOrders);
        var reference = new Dictionary<(ushort Instrument, ulong Reference), (Side Side, long Price, long Quantity)>();
        ulong next = 1;
        for (int step = 0; step < 40_000; step++)
        {
            if (!table.IsFull && (reference.Count == 0 || random.Next(100) < 53))
            {
                ushort instrument = (ushort)random.Next(3);
                ulong number = consecutive ? next++ : (ulong)random.NextInt64();
                var order = (random.Next(2) == 0 ? Side.Buy : Side.Sell, random.NextInt64(1, 1_000), random.NextInt64(1, 1_000));
                table.Add(instrument, number, order.Item1, order.Item2, order.Item3);
                reference.Add((instrument, number), order);
            }
            else if (random.Next(4_000) == 0)
            {
                ushort instrument = (ushort)random.Next(3);
                table.RemoveAll(instrument);
                foreach (var key in reference.Keys.Where(k => k.Instrument == instrument).ToArray()) reference.Remove(key);
            }
            else if (reference.Count > 0)
            {
                var key = reference.Keys.ElementAt(random.Next(reference.Count));
                int slot = table.Find(key.Instrument, key.Reference);
                Assert.True(slot >= 0);
                table.RemoveAt(slot);
                reference.Remove(key);
                Assert.True(table.Find(key.Instrument, key.Reference) < 0);
            }
            Assert.Equal(reference.Count, table.Count);
            if (step % 199 != 0) continue;
            foreach (var (key, order) in reference)
            {
                int slot = table.Find(key.Instrument, key.Reference);
                Assert.True(slot >= 0, $"order {key} is lost at step {step}");
                ref RestingOrder found = ref table.At(slot);
                Assert.Equal(order, (found.Side, found.PriceUnits, found.QuantityUnits));
                Assert.Equal(key, (found.Instrument, found.Reference));
            }
        }
    }

    [Fact]
    public void Equal_references_of_two_instruments_are_two_orders()
    {
        var table = new RestingOrders(16);
        table.Add(0, 7, Side.Buy, 100, 1);
        table.Add(1, 7, Side.Sell, 200, 2);
        Assert.Equal(100, table.At(table.Find(0, 7)).PriceUnits);
        table.RemoveAt(table.Find(0, 7));
        Assert.True(table.Find(0, 7) < 0);
        Assert.Equal(200, table.At(table.Find(1, 7)).PriceUnits);
    }
}
