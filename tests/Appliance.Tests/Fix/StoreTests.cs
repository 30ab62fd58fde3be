using Appliance.Contract;
using Appliance.Fix;
using Xunit.Abstractions;

namespace Appliance.Tests.Fix;

public sealed class StoreTests(ITestOutputHelper output) : IDisposable
{
    private const int SegmentBytes = StoreOptions.SegmentBytesMin;
    private static readonly StoreOptions Small = new() { SegmentBytes = SegmentBytes, Segments = 3 };
    private readonly string _folder = Directory.CreateTempSubdirectory("fixstore").FullName;
    private string At(string name) => Path.Combine(_folder, name);
    public void Dispose() => Directory.Delete(_folder, true);

    private static byte[] Text(uint sequence) => FixSamples.Message($"35=8|49=A|56=B|34={sequence}|52=20231114-22:13:20.000|58={new string('x', (int)(sequence * 7 % 300))}|");

    private static byte[] TextIn(uint sequence) => FixSamples.Message($"35=D|49=B|56=A|34={sequence}|52=20231114-22:13:20.000|58={new string('y', (int)(sequence * 13 % 900))}|");

    private static void Write(SequenceStore store)
    {
        byte[] text = Text(store.NextOutgoing);
        text.CopyTo(store.NextBuffer());
        store.Commit(text.Length, FixMsgType.ExecutionReport, new StoredOrder { ClientOrderId = store.NextOutgoing * 10, Instrument = 3, Side = Side.Buy, Kind = OrderRequestKind.New }, 1_000 + store.NextOutgoing);
    }

    private static void Take(SequenceStore store)
    {
        store.AppendIncoming(TextIn(store.NextIncoming), store.NextIncoming, FixMsgType.NewOrderSingle, 5);
        store.NextIncoming++;
    }

    private static void AssertHolds(SequenceStore store, uint from, uint to)
    {
        for (uint n = from; n <= to; n++)
        {
            Assert.True(store.TryGet(n, out var message, out uint type, out var order), $"{n} of {from} to {to}");
            Assert.Equal(Text(n), message.ToArray());
            Assert.Equal((FixMsgType.ExecutionReport, n * 10ul, OrderRequestKind.New), (type, order.ClientOrderId, order.Kind));
        }
    }

    [Fact]
    public void Numbers_and_messages_are_there_after_reopening()
    {
        using (var store = new SequenceStore(At("s"), Small))
        {
            Assert.True(store.WasNew);
            for (int i = 0; i < 100; i++)
            {
                Write(store);
                if (i % 3 == 0) Take(store);
            }
        }
        using var again = new SequenceStore(At("s"), Small);
        Assert.Equal((false, 101u, 35u, 0), (again.WasNew, again.NextOutgoing, again.NextIncoming, again.DamagedPlaces));
        AssertHolds(again, 1, 100);
        Assert.False(again.TryGet(0, out _, out _, out _));
        Assert.False(again.TryGet(101, out _, out _, out _));
    }

    /// <summary>In memory and in files: the newest messages are kept, as many as the segments hold; those before are known to be gone, and none is wrong.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_store_that_has_its_size_takes_its_oldest_segment_again(bool file)
    {
        string? path = file ? At("r") : null;
        uint oldest = 0;
        using (var store = new SequenceStore(path, Small))
        {
            for (int i = 0; i < 10_000; i++)
            {
                Write(store);
                if (i % 2 == 0) Take(store);
                // The keeper has had its turn before the third segment is needed: this run shows the wrap, not the hurry.
                if (file && i == 600) Assert.True(SpinWait.SpinUntil(() => store.SegmentCount == 3, 60_000));
            }
            while (oldest <= 10_000 && !store.TryGet(++oldest, out _, out _, out _)) { }
            Assert.InRange(oldest, 2u, 10_000u - 2 * SegmentBytes / 1200);
            AssertHolds(store, oldest, 10_000);
            Assert.Equal((3, 0L), (store.SegmentCount, store.RecycledEarly));
        }
        if (!file)
            return;
        using var again = new SequenceStore(path, Small);
        Assert.Equal((10_001u, 5_001u, 0), (again.NextOutgoing, again.NextIncoming, again.DamagedPlaces));
        Assert.False(again.TryGet(oldest - 1, out _, out _, out _));
        AssertHolds(again, oldest, 10_000);
        Assert.Equal(4, Directory.GetFiles(_folder).Length);
    }

    [Fact]
    public void A_message_taken_back_or_from_before_a_reset_is_never_given_out()
    {
        using var store = new SequenceStore(At("t"), Small);
        for (int i = 0; i < 5; i++) Write(store);
        store.TakeBack();
        Assert.Equal(5u, store.NextOutgoing);
        Assert.False(store.TryGet(5, out _, out _, out _));
        Assert.Throws<InvalidOperationException>(store.TakeBack);
        Write(store);
        Assert.True(store.TryGet(5, out _, out _, out _));
        store.Reset();
        store.MoveOutgoing(4);
        for (uint n = 0; n < 5; n++) Assert.False(store.TryGet(n, out _, out _, out _));
        Assert.Equal(1u, store.NextIncoming);
        Write(store);
        Assert.True(store.TryGet(4, out _, out _, out _));
        Assert.False(store.TryGet(1, out _, out _, out _));
        store.Dispose();
        using var again = new SequenceStore(At("t"), Small);
        Assert.Equal((5u, 1u), (again.NextOutgoing, again.NextIncoming));
        Assert.True(again.TryGet(4, out _, out _, out _));
        Assert.False(again.TryGet(3, out _, out _, out _));
    }

    [Fact]
    public void An_order_is_marked_as_reported_unsent_once_and_that_outlives_the_process()
    {
        using (var store = new SequenceStore(At("u"), Small))
        {
            Write(store);
            Assert.True(store.MarkUnsentReported(1));
            Assert.False(store.MarkUnsentReported(1));
            Assert.True(store.TryGet(1, out _, out _, out _));
        }
        using var again = new SequenceStore(At("u"), Small);
        Assert.False(again.MarkUnsentReported(1));
    }

    [Fact]
    public void The_longest_messages_are_kept_and_longer_ones_are_refused_by_name()
    {
        using var store = new SequenceStore(null, Small);
        byte[] incoming = new byte[SequenceStore.MaxIncomingBytes], outgoing = new byte[SequenceStore.MaxOutgoingBytes];
        Random.Shared.NextBytes(outgoing);
        for (int i = 0; i < 20; i++)
        {
            store.AppendIncoming(incoming, store.NextIncoming, FixMsgType.NewOrderSingle, 0);
            outgoing.CopyTo(store.NextBuffer());
            store.Commit(outgoing.Length, FixMsgType.ExecutionReport, default, 0);
            Assert.True(store.TryGet(store.NextOutgoing - 1, out var message, out _, out _));
            Assert.True(message.SequenceEqual(outgoing));
        }
        Assert.Contains("65536", Assert.Throws<ArgumentOutOfRangeException>(() => store.AppendIncoming(new byte[SequenceStore.MaxIncomingBytes + 1], 1, 1, 0)).Message, StringComparison.Ordinal);
        Assert.Equal(SequenceStore.MaxOutgoingBytes, store.NextBuffer().Length);
    }

    /// <summary>
    /// The files as a kill, a power cut or a bad disk can leave them: one of them cut at any byte, or with any bytes of it changed. The store opens or says that it is damaged; every message that it gives
    /// out is the right one; what the cut did not touch is all there; and it goes on.
    /// </summary>
    [Fact]
    public void A_store_cut_or_torn_anywhere_gives_right_messages_or_none()
    {
        int seed = SoakCounts.Seed(output, 1_000);
        var random = new Random(seed);
        const uint written = 1_500;
        using (var store = new SequenceStore(At("w"), Small))
        {
            for (int i = 0; i < written; i++)
            {
                Write(store);
                if (i % 3 == 0) Take(store);
                if (i == 800) Assert.True(SpinWait.SpinUntil(() => store.SegmentCount == 3, 60_000));
            }
        }
        byte[][] whole = [File.ReadAllBytes(At("w")), .. Enumerable.Range(0, 3).Select(i => File.ReadAllBytes(At($"w.000{i}")))];
        byte[][] texts = [.. Enumerable.Range(0, (int)written + 2).Select(n => Text((uint)n))];
        int cuts = 0, refused = 0, lost = 0;
        for (int round = 0; round < 1_500; round++)
        {
            int file = random.Next(10) == 0 ? 0 : random.Next(1, 4);
            byte[] image = whole[file];
            bool cut = round % 3 != 2;
            if (cut)
            {
                cuts++;
                image = image[..random.Next(image.Length)];
            }
            else
            {
                image = [.. image];
                int at = random.Next(image.Length - 64);
                random.NextBytes(image.AsSpan(at, random.Next(1, 64)));
            }
            for (int i = 0; i < 4; i++) File.WriteAllBytes(i == 0 ? At("d") : At($"d.000{i - 1}"), i == file ? image : whole[i]);
            string where = $"seed {seed}, round {round}, file {file}, {(cut ? $"cut at {image.Length}" : "torn")}";
            try
            {
                using var store = new SequenceStore(At("d"), Small);
                uint next = store.NextOutgoing;
                if (file > 0) Assert.Equal((where, written + 1, 501u), (where, next, store.NextIncoming));
                int gone = 0;
                for (uint n = 1; n < next; n++)
                {
                    if (store.TryGet(n, out var message, out _, out _)) Assert.True(message.SequenceEqual(texts[n]), $"{where}: message {n} is another");
                    else gone++;
                }
                // A tear of some bytes costs one message, or two, or the segment when it hit the head.
                if (file > 0 && !cut) Assert.True(gone is < 3 or > 100, $"{where}: {gone} gone");
                lost += gone;
                if (file > 0) Assert.True(gone < written, $"{where}: all gone");
                Write(store);
                Take(store);
                Assert.True(store.TryGet(next, out _, out _, out _), $"{where}: what was written then is not there");
            }
            catch (InvalidDataException)
            {
                Assert.True(file == 0, $"{where}: refused");
                refused++;
            }
        }
        Assert.True(cuts >= 1_000 && lost > 0 && refused > 0, $"cuts {cuts}, lost {lost}, refused {refused}");
    }

    /// <summary>A message that is sealed, but whose number had not moved when the process was killed or the power went, is used up all the same.</summary>
    [Fact]
    public void A_sealed_message_counts_though_its_number_was_lost()
    {
        byte[] before;
        using (var store = new SequenceStore(At("k"), Small)) for (int i = 0; i < 5; i++) Write(store);
        before = File.ReadAllBytes(At("k"));
        using (var store = new SequenceStore(At("k"), Small)) Write(store);
        File.WriteAllBytes(At("k"), before);
        using var again = new SequenceStore(At("k"), Small);
        Assert.Equal(7u, again.NextOutgoing);
        AssertHolds(again, 1, 6);
    }

    [Fact]
    public void A_reset_that_a_kill_cut_short_counts_as_one()
    {
        byte[] before, after;
        using (var store = new SequenceStore(At("g"), Small))
        {
            for (int i = 0; i < 5; i++) Write(store);
            Take(store);
        }
        before = File.ReadAllBytes(At("g"));
        using (var store = new SequenceStore(At("g"), Small)) store.Reset();
        after = File.ReadAllBytes(At("g"));
        // The generation's word is the new one, both numbers' words are the old ones.
        after.AsSpan(64, 8).CopyTo(before.AsSpan(64));
        File.WriteAllBytes(At("g"), before);
        using var again = new SequenceStore(At("g"), Small);
        Assert.Equal((1u, 1u), (again.NextOutgoing, again.NextIncoming));
        for (uint n = 1; n < 6; n++) Assert.False(again.TryGet(n, out _, out _, out _));
    }

    [Fact]
    public void Damaged_numbers_another_geometry_and_stores_of_the_first_format_are_named()
    {
        using (var store = new SequenceStore(At("g"), Small)) Write(store);
        Assert.Contains("262144", Assert.Throws<InvalidDataException>(() => new SequenceStore(At("g"), new StoreOptions())).Message, StringComparison.Ordinal);
        byte[] bytes = File.ReadAllBytes(At("g"));
        bytes[129] ^= 1;
        File.WriteAllBytes(At("g"), bytes);
        Assert.Contains("damaged", Assert.Throws<InvalidDataException>(() => new SequenceStore(At("g"), Small)).Message, StringComparison.Ordinal);
        File.Delete(At("g"));
        Assert.Contains("empty", Assert.Throws<InvalidDataException>(() => new SequenceStore(At("g"), Small)).Message, StringComparison.Ordinal);
        File.WriteAllBytes(At("h"), [.. "FSTORE1\0"u8, .. new byte[8192]]);
        Assert.Contains("earlier version", Assert.Throws<InvalidDataException>(() => new SequenceStore(At("h"), Small)).Message, StringComparison.Ordinal);
        Assert.Contains("Segments 1", Assert.Throws<ArgumentOutOfRangeException>(() => new SequenceStore(null, new StoreOptions { Segments = 1 })).Message, StringComparison.Ordinal);
        Assert.Contains("flush-per-message", Assert.Throws<ArgumentException>(() => StoreOptions.DurabilityOf("always")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_owners_of_one_store_are_refused()
    {
        using var store = new SequenceStore(At("o"), Small);
        Assert.ThrowsAny<IOException>(() => new SequenceStore(At("o"), Small));
    }

    [Theory]
    [InlineData("page-cache")]
    [InlineData("asynchronous-flush")]
    [InlineData("flush-per-message")]
    public void Every_durability_keeps_the_same_messages(string name)
    {
        var options = Small with { Durability = StoreOptions.DurabilityOf(name), FlushMilliseconds = 1 };
        using (var store = new SequenceStore(At("f"), options))
        {
            for (int i = 0; i < 60; i++)
            {
                Write(store);
                Assert.True(store.FlushOutgoing());
                Take(store);
            }
            Assert.Equal(0, store.FlushFailures);
        }
        using var again = new SequenceStore(At("f"), options);
        Assert.Equal((61u, 61u), (again.NextOutgoing, again.NextIncoming));
        AssertHolds(again, 1, 60);
    }

    [Fact]
    public void Storing_allocates_nothing_even_where_segments_change()
    {
        using var store = new SequenceStore(At("a"), Small);
        byte[] message = Text(1);
        long Run(int count)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < count; i++)
            {
                message.CopyTo(store.NextBuffer());
                store.Commit(message.Length, FixMsgType.ExecutionReport, default, i);
                store.AppendIncoming(message, 1, FixMsgType.NewOrderSingle, i);
                store.NextIncoming++;
                store.Settle();
                store.TryGet(store.NextOutgoing - 1, out _, out _, out _);
            }
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
        Run(1);
        Assert.Equal(0, Run(20_000));
        Assert.True(store.Records > 40_000);
    }

    /// <summary>A reader on another thread gets every message whole and in order; one that is overtaken knows how many it missed.</summary>
    [Fact]
    public void A_reader_behind_gets_everything_in_order_or_counts_what_it_lost()
    {
        using var store = new SequenceStore(At("b"), Small);
        const int count = 30_000;
        var tail = new StoreTail(store);
        using var done = new ManualResetEventSlim();
        long got = 0;
        uint last = 0;
        string? wrong = null;
        var reader = new Thread(() =>
        {
            byte[] buffer = new byte[SequenceStore.MaxIncomingBytes];
            while (true)
            {
                bool ended = done.IsSet;
                while (tail.TryRead(buffer, out var message))
                {
                    got++;
                    if (message.Sequence <= last || message.Direction != StoreDirection.Out || !buffer.AsSpan(0, message.Length).SequenceEqual(Text(message.Sequence))) wrong ??= $"{message.Sequence} behind {last}";
                    last = message.Sequence;
                }
                if (ended) return;
            }
        });
        reader.Start();
        for (int i = 0; i < count; i++) Write(store);
        store.Settle();
        done.Set();
        Assert.True(reader.Join(60_000));
        Assert.Null(wrong);
        Assert.Equal(((long)count, (uint)count), (got + tail.Lost, last));
    }

    [Fact]
    public void A_message_that_may_be_taken_back_is_not_read_yet()
    {
        using var store = new SequenceStore(null, Small);
        var tail = new StoreTail(store);
        byte[] buffer = new byte[SequenceStore.MaxIncomingBytes];
        Write(store);
        Write(store);
        Assert.True(tail.TryRead(buffer, out var first));
        Assert.Equal((1u, StoreDirection.Out, 1_001L), (first.Sequence, first.Direction, first.TimeUtcNs));
        Assert.False(tail.TryRead(buffer, out _));
        store.TakeBack();
        store.Settle();
        Assert.False(tail.TryRead(buffer, out _));
        Take(store);
        store.Settle();
        Assert.True(tail.TryRead(buffer, out var second));
        Assert.Equal((1u, StoreDirection.In), (second.Sequence, second.Direction));
    }

    [Fact]
    public void The_files_of_a_store_can_be_read_while_it_runs()
    {
        using var store = new SequenceStore(At("p"), Small);
        for (int i = 0; i < 50; i++)
        {
            Write(store);
            Take(store);
        }
        Assert.True(StoreFileReader.IsStore(At("p")));
        var all = StoreFileReader.Read(At("p")).ToList();
        Assert.Equal(100, all.Count);
        for (int i = 0; i < 100; i++)
        {
            uint number = (uint)(i / 2) + 1;
            Assert.Equal((i % 2 == 0 ? StoreDirection.Out : StoreDirection.In, number), (all[i].About.Direction, all[i].About.Sequence));
            Assert.Equal(i % 2 == 0 ? Text(number) : TextIn(number), all[i].Message);
        }
    }
}
