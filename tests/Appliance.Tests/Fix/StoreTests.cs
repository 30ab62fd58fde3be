using Appliance.Contract;
using Appliance.Fix;
using Appliance.TestKit;

namespace Appliance.Tests.Fix;

public sealed class StoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fixstore").FullName;
    private string At(string name) => Path.Combine(_folder, name);
    public void Dispose() => Directory.Delete(_folder, true);

    private static byte[] Text(uint sequence) => FixSamples.Message($"35=8|49=A|56=B|34={sequence}|52=20231114-22:13:20.000|58={new string('x', (int)(sequence * 7 % 300))}|");

    private static void Write(SequenceStore store)
    {
        byte[] text = Text(store.NextOutgoing);
        text.CopyTo(store.NextBuffer());
        store.Commit(text.Length, FixMsgType.ExecutionReport, new StoredOrder { ClientOrderId = store.NextOutgoing * 10, Instrument = 3, Side = Side.Buy, Kind = OrderRequestKind.New });
    }

    [Fact]
    public void Numbers_and_messages_are_there_after_reopening_and_older_ones_are_known_to_be_gone()
    {
        using (var store = new SequenceStore(At("s"), 64))
        {
            Assert.True(store.WasNew);
            for (int i = 0; i < 100; i++) Write(store);
            store.NextIncoming = 55;
        }
        using var again = new SequenceStore(At("s"), 64);
        Assert.False(again.WasNew);
        Assert.Equal((101u, 55u), (again.NextOutgoing, again.NextIncoming));
        for (uint n = 1; n <= 100; n++)
        {
            bool there = again.TryGet(n, out var message, out uint type, out var order);
            Assert.Equal(n > 36, there);
            if (!there) continue;
            Assert.Equal(Text(n), message.ToArray());
            Assert.Equal((FixMsgType.ExecutionReport, n * 10ul, OrderRequestKind.New), (type, order.ClientOrderId, order.Kind));
        }
        Assert.False(again.TryGet(0, out _, out _, out _));
        Assert.False(again.TryGet(101, out _, out _, out _));
    }

    [Fact]
    public void A_message_taken_back_or_from_before_a_reset_is_never_given_out()
    {
        using var store = new SequenceStore(null, 64);
        for (int i = 0; i < 5; i++) Write(store);
        store.TakeBack();
        Assert.Equal(5u, store.NextOutgoing);
        Assert.False(store.TryGet(5, out _, out _, out _));
        store.Reset();
        store.MoveOutgoing(4);
        for (uint n = 0; n < 5; n++) Assert.False(store.TryGet(n, out _, out _, out _));
        Assert.Equal(1u, store.NextIncoming);
    }

    [Fact]
    public void An_order_is_marked_as_reported_unsent_once()
    {
        using var store = new SequenceStore(null, 64);
        Write(store);
        Assert.True(store.MarkUnsentReported(1));
        Assert.False(store.MarkUnsentReported(1));
        Assert.True(store.TryGet(1, out _, out _, out _));
    }

    /// <summary>
    /// The file as a kill or a cut can leave it: copied while it is written, cut short, or with a torn slot. It opens; the numbers are those of the moment
    /// or the file says that it is damaged; every message given out is the right one.
    /// </summary>
    [Theory]
    [InlineData(6)]
    public void A_store_cut_or_torn_anywhere_gives_right_messages_or_none(int seed)
    {
        var random = new Random(seed);
        byte[] whole;
        using (var store = new SequenceStore(At("w"), 64))
            for (int i = 0; i < 90; i++) Write(store);
        whole = File.ReadAllBytes(At("w"));
        int refused = 0, lost = 0;
        for (int round = 0; round < 300; round++)
        {
            byte[] image = [.. whole];
            if (round % 2 == 0)
            {
                image = image[..random.Next(image.Length)];
            }
            else
            {
                int at = random.Next(4096, image.Length - 64);
                random.NextBytes(image.AsSpan(at, random.Next(1, 64)));
            }
            File.WriteAllBytes(At("d"), image);
            try
            {
                using var store = new SequenceStore(At("d"), 64);
                if (store.WasNew)
                {
                    Assert.True(image.Length < 200);
                    continue;
                }
                Assert.Equal(91u, store.NextOutgoing);
                for (uint n = 1; n <= 90; n++)
                {
                    if (store.TryGet(n, out var message, out _, out _)) Assert.Equal(Text(n), message.ToArray());
                    else if (n > 26) lost++;
                }
                Write(store);
                Assert.True(store.TryGet(91, out _, out _, out _));
            }
            catch (InvalidDataException)
            {
                Assert.True(image.Length < 200);
                refused++;
            }
        }
        Assert.True(lost > 0);
        Assert.InRange(refused, 0, 10);
    }

    [Fact]
    public void A_damaged_header_and_another_geometry_are_named()
    {
        using (var store = new SequenceStore(At("g"), 64)) Write(store);
        Assert.Contains("64", Assert.Throws<InvalidDataException>(() => new SequenceStore(At("g"), 128)).Message, StringComparison.Ordinal);
        // The second file would be extended by the failed opening; take a fresh one.
        using (var store = new SequenceStore(At("h"), 64)) Write(store);
        byte[] bytes = File.ReadAllBytes(At("h"));
        bytes[129] ^= 1;
        File.WriteAllBytes(At("h"), bytes);
        Assert.Contains("damaged", Assert.Throws<InvalidDataException>(() => new SequenceStore(At("h"), 64)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_owners_of_one_store_are_refused()
    {
        using var store = new SequenceStore(At("o"), 64);
        Assert.ThrowsAny<IOException>(() => new SequenceStore(At("o"), 64));
    }

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
