using Appliance.Contract;
using Appliance.Fix;
using Appliance.TestKit;

namespace Appliance.Tests.Fix;

public sealed class OrderLogTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("orderlog").FullName;
    private string At(string name) => Path.Combine(_folder, name);
    public void Dispose() => Directory.Delete(_folder, true);

    [Fact]
    public void The_order_log_lists_what_the_journal_does_not_know_and_counts_epochs()
    {
        var gate = new WideGate(FixSamples.Instruments);
        var first = gate.New(0, Side.Buy, 1_000_000, 5);
        var second = gate.New(1, Side.Sell, 10_000_000_000, 100_000);
        var third = gate.New(0, Side.Sell, 1_000_000, 7);
        using (var log = new OrderLog(At("log"), 3))
        {
            Assert.Equal((1u, 1_000_000_000ul, 0), (log.Epoch, log.ClientOrderIdBase, log.CountOfEarlierRuns));
            Assert.True(log.TryAppend(in first, 2));
            Assert.True(log.TryAppend(in second, 3));
            Assert.True(log.TryAppend(in third, 4));
            log.MarkLastUnsent();
            Assert.False(log.TryAppend(in third, 5));
        }
        using (var log = new OrderLog(At("log"), 3))
        {
            Assert.Equal((2u, 3), (log.Epoch, log.CountOfEarlierRuns));
            var maybe = Assert.Single(log.MaybeSent(id => id == first.ClientOrderId));
            Assert.Equal((3u, second.ClientOrderId, second.RingSequence, second.PriceUnits, second.QuantityUnits, Side.Sell, (ushort)1),
                (maybe.Sequence, maybe.ClientOrderId, maybe.RingSequence, maybe.PriceUnits, maybe.QuantityUnits, maybe.Side, maybe.Instrument));
            log.Forget();
            Assert.True(log.TryAppend(in third, 9));
        }
        using (var log = new OrderLog(At("log"), 3))
        {
            Assert.Equal((3u, 1, 9u), (log.Epoch, log.Count, log[0].Sequence));
        }
    }

    [Fact]
    public void An_epoch_is_at_least_the_one_asked_for_and_above_the_last_even_when_the_clock_went_back()
    {
        using (var log = new OrderLog(At("log"), 3, epochMin: 1_800_000_000)) Assert.Equal((1_800_000_000u, 1_800_000_000_000_000_000ul), (log.Epoch, log.ClientOrderIdBase));
        using (var log = new OrderLog(At("log"), 3, epochMin: 1_700_000_000)) Assert.Equal(1_800_000_001u, log.Epoch);
    }

    [Fact]
    public void What_the_operator_resolved_is_not_asked_again_and_what_came_after_is()
    {
        var gate = new WideGate(FixSamples.Instruments);
        var first = gate.New(0, Side.Buy, 1_000_000, 5);
        var second = gate.New(0, Side.Sell, 1_000_000, 7);
        using (var log = new OrderLog(At("log"), 3))
        {
            Assert.False(log.HadOrders);
            Assert.True(log.TryAppend(in first, 2));
        }
        using (var log = new OrderLog(At("log"), 3))
        {
            Assert.Equal(first.ClientOrderId, Assert.Single(log.MaybeSent(_ => false)).ClientOrderId);
            log.MarkEarlierResolved();
            Assert.True(log.TryAppend(in second, 3));
        }
        using (var log = new OrderLog(At("log"), 3))
        {
            Assert.Equal(second.ClientOrderId, Assert.Single(log.MaybeSent(_ => false)).ClientOrderId);
            log.Forget();
        }
        // Emptied, it still knows that there was an earlier run; the mark went with the records.
        using (var log = new OrderLog(At("log"), 3))
        {
            Assert.True(log.HadOrders && log.Count == 0);
            Assert.True(log.TryAppend(in first, 4));
        }
        using (var log = new OrderLog(At("log"), 3)) Assert.Single(log.MaybeSent(_ => false));
    }

    [Fact]
    public void The_last_records_of_a_log_are_for_cancels()
    {
        var gate = new WideGate(FixSamples.Instruments);
        var order = gate.New(0, Side.Buy, 1_000_000, 5);
        using var log = new OrderLog(null, 32);
        Assert.Equal(2, log.CancelReserve);
        while (log.HasRoomFor(OrderRequestKind.New)) Assert.True(log.TryAppend(in order, 1));
        Assert.Equal(30, log.Count);
        Assert.False(log.HasRoomFor(OrderRequestKind.Amend));
        Assert.True(log.HasRoomFor(OrderRequestKind.Cancel) && log.TryAppend(in order, 1));
        Assert.True(log.HasRoomFor(OrderRequestKind.Cancel) && log.TryAppend(in order, 1));
        Assert.False(log.HasRoomFor(OrderRequestKind.Cancel));
    }

    [Fact]
    public void A_log_cut_anywhere_ends_before_the_cut_record()
    {
        var gate = new WideGate(FixSamples.Instruments);
        var orders = Enumerable.Range(0, 20).Select(i => gate.New(0, Side.Buy, 1_000_000 + i * 100, 5)).ToArray();
        using (var log = new OrderLog(At("l"), 32))
            for (int i = 0; i < orders.Length; i++) log.TryAppend(in orders[i], (uint)i + 1);
        byte[] whole = File.ReadAllBytes(At("l"));
        for (int length = 4096; length < 4096 + 20 * 64; length += 13)
        {
            File.WriteAllBytes(At("c"), whole[..length]);
            using var log = new OrderLog(At("c"), 32);
            // A cut inside trailing zero bytes of a record cannot be seen, and loses nothing.
            Assert.InRange(log.Count, (length - 4096) / 64, (length - 4096 + 63) / 64);
            for (int i = 0; i < log.Count; i++) Assert.Equal(orders[i].ClientOrderId, log[i].ClientOrderId);
        }
    }
}
