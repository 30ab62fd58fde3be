using System.Buffers.Binary;
using Appliance.Contract;
using Appliance.Ingest;
using Appliance.Ingest.Mold;
using Appliance.TestKit;
using Xunit.Abstractions;

namespace Appliance.Tests.Ingest;

/// <summary>
/// Lost, late, overtaken and repeated packets of one or two lines, with a re-request server that itself loses: in simulated time, behind the real decoder. Each message of the tape is an order whose
/// reference is its sequence number, so that what the books would have seen can be read off the events.
/// </summary>
public class MoldRecoveryTests(ITestOutputHelper output)
{
    private const int Microsecond = 1_000, Millisecond = 1_000_000;

    private static byte[] Add(ulong reference) => WireBytes.Itch('A').N(8, reference).A("B").N(4, 100).A("AAPL", 8).N(4, 1_000_000).Done();

    private static byte[] Packet(ulong first, int count) => WireBytes.Mold(first, [.. Enumerable.Range(0, count).Select(i => Add(first + (ulong)i))]);

    /// <summary>The recovery and the decoder behind it, as the source has them; questions are kept.</summary>
    private sealed class Rig
    {
        private readonly Decoding<MoldItchDecoder> _decoding;
        private readonly MoldItchDecoder _decoder = new(Desk.Symbols("AAPL"), new FeedOptions());
        private readonly byte[] _request = new byte[MoldHeader.Length];
        public readonly MoldRecovery Recovery;

        public Rig(MoldRecoveryOptions options)
        {
            _decoding = new Decoding<MoldItchDecoder>(_decoder);
            Recovery = new MoldRecovery(options, _decoder.Statistics, new FeedOptions().DuplicateWindowMessages);
        }

        public SourceStatistics Statistics => _decoder.Statistics;
        public List<RingEvent> Events => _decoding.Events;
        public IEnumerable<ulong> Orders => Events.Where(e => e.Kind == EventKind.OrderAdded).Select(e => e.AsTick().Reference);
        public ulong Expected => _decoder.ExpectedSequence;

        public void Take(byte[] datagram, long nowNs, MoldOrigin origin = MoldOrigin.Line)
        {
            if (Recovery.Accept(datagram, origin, _decoder.ExpectedSequence, nowNs)) _decoding.Take(datagram);
            Drain();
        }

        /// <summary>One turn while time passes; the question that is put, if one is.</summary>
        public MoldHeader? Turn(long nowNs)
        {
            Drain();
            if (!Recovery.TryRequest(_decoder.ExpectedSequence, nowNs, _request))
            {
                Drain();
                return null;
            }
            Assert.True(MoldHeader.TryRead(_request, out MoldHeader asked));
            return asked;
        }

        private void Drain()
        {
            while (Recovery.TryTakeHeld(_decoder.ExpectedSequence, out ReadOnlySpan<byte> held, out _)) _decoding.Take(held);
        }
    }

    private static IEnumerable<ulong> To(ulong last) => Enumerable.Range(1, (int)last).Select(i => (ulong)i);

    [Fact]
    public void A_hole_is_asked_for_after_the_wait_and_closed_in_order()
    {
        var rig = new Rig(new MoldRecoveryOptions { HasServer = true });
        rig.Take(Packet(1, 2), 0);
        rig.Take(Packet(6, 2), 0);
        Assert.Equal([1, 2], rig.Orders);
        Assert.Null(rig.Turn(99 * Microsecond));
        MoldHeader asked = rig.Turn(100 * Microsecond)!.Value;
        Assert.Equal((3ul, 3, "SESSION001"), (asked.Sequence, asked.MessageCount, asked.Session.ToString()));
        // The answer holds what fits; the rest is asked for at once.
        rig.Take(Packet(3, 2), 200 * Microsecond, MoldOrigin.Server);
        Assert.Equal((5ul, 1), (rig.Turn(200 * Microsecond)!.Value.Sequence, 1));
        rig.Take(Packet(5, 1), 300 * Microsecond, MoldOrigin.Server);
        Assert.Null(rig.Turn(300 * Microsecond));
        rig.Take(Packet(8, 1), 300 * Microsecond);
        Assert.Equal(To(8), rig.Orders);
        Assert.False(rig.Recovery.IsOpen);
        Assert.Equal((0L, 1L, 3L, 2L), (rig.Statistics.Gaps, rig.Statistics.GapsFilled, rig.Statistics.MessagesRecovered, rig.Statistics.RecoveryRequests));
    }

    [Fact]
    public void Silence_is_asked_again_so_often_and_then_is_a_gap_by_name()
    {
        var rig = new Rig(new MoldRecoveryOptions { HasServer = true, Attempts = 3 });
        rig.Take(Packet(1, 1), 0);
        rig.Take(Packet(4, 1), 0);
        int asked = 0;
        for (long now = 0; now < 1_000 * Millisecond && rig.Recovery.IsOpen; now += Millisecond)
            if (rig.Turn(now) is { } question)
            {
                asked++;
                Assert.Equal(2ul, question.Sequence);
            }
        Assert.Equal(3, asked);
        Assert.Equal([1, 4], rig.Orders);
        Tick gap = rig.Events.Single(e => e.Kind == EventKind.FeedGap).AsTick();
        Assert.Equal((2ul, 2L), (gap.Reference, gap.QuantityUnits));
        Assert.Equal((1L, 0L), (rig.Statistics.Gaps, rig.Statistics.GapsFilled));
        // For a second the silent server is not asked, and nothing waits for it; then holes are asked for as ever.
        rig.Take(Packet(6, 1), 500 * Millisecond);
        Assert.Null(rig.Turn(501 * Millisecond));
        Assert.Equal([1, 4, 6], rig.Orders);
        rig.Take(Packet(8, 1), 2_000 * Millisecond);
        Assert.Equal(7ul, rig.Turn(2_001 * Millisecond)!.Value.Sequence);
    }

    [Fact]
    public void A_heartbeat_shows_that_the_last_packets_are_missing()
    {
        var rig = new Rig(new MoldRecoveryOptions { HasServer = true });
        rig.Take(Packet(1, 1), 0);
        rig.Take(WireBytes.Mold(4), 0);
        MoldHeader asked = rig.Turn(Millisecond)!.Value;
        Assert.Equal((2ul, 2), (asked.Sequence, asked.MessageCount));
        rig.Take(Packet(2, 2), 2 * Millisecond, MoldOrigin.Server);
        rig.Turn(2 * Millisecond);
        Assert.Equal(To(3), rig.Orders);
        Assert.False(rig.Recovery.IsOpen);
    }

    [Theory]
    [InlineData(1_000_000, true)]
    [InlineData(10, false)]
    public void A_feed_joined_late_is_fetched_from_its_beginning_if_that_is_not_too_far(long most, bool fetched)
    {
        var rig = new Rig(new MoldRecoveryOptions { HasServer = true, MessagesMax = most });
        rig.Take(Packet(101, 1), 0);
        MoldHeader? asked = rig.Turn(Millisecond);
        if (fetched)
        {
            Assert.Equal((1ul, 100), (asked!.Value.Sequence, asked.Value.MessageCount));
            rig.Take(Packet(1, 60), 2 * Millisecond, MoldOrigin.Server);
            rig.Take(Packet(102, 1), 2 * Millisecond);
            rig.Take(Packet(61, 40), 3 * Millisecond, MoldOrigin.Server);
            Assert.Equal(To(102), rig.Orders);
        }
        else
        {
            Assert.Null(asked);
            Assert.Equal([101], rig.Orders);
        }
        Assert.Equal(fetched ? 1u : 0u, rig.Events.First(e => e.Kind == EventKind.BookCleared).AsTick().Detail);
        Assert.Equal(0, rig.Statistics.Gaps);
    }

    [Fact]
    public void Two_lines_without_a_server_close_each_others_holes_or_give_up()
    {
        var rig = new Rig(new MoldRecoveryOptions { HasServer = false });
        rig.Take(Packet(1, 1), 0);
        rig.Take(Packet(3, 1), 0);
        Assert.Null(rig.Turn(10 * Millisecond));
        rig.Take(Packet(1, 1), 11 * Millisecond);
        rig.Take(Packet(2, 1), 11 * Millisecond);
        rig.Take(Packet(3, 1), 11 * Millisecond);
        Assert.Equal(To(3), rig.Orders);
        Assert.Null(rig.Turn(11 * Millisecond));
        Assert.Equal((2L, 1L), (rig.Statistics.LineDuplicates, rig.Statistics.GapsFilled));
        rig.Take(Packet(5, 1), 20 * Millisecond);
        for (long now = 20; now < 50; now++) Assert.Null(rig.Turn(now * Millisecond));
        Assert.Equal([1, 2, 3, 5], rig.Orders);
        Assert.Equal(1, rig.Statistics.Gaps);
    }

    [Fact]
    public void A_new_session_leaves_the_old_ones_hole_behind_and_an_old_answer_is_no_reset()
    {
        var rig = new Rig(new MoldRecoveryOptions { HasServer = true });
        rig.Take(Packet(1, 1), 0);
        rig.Take(Packet(3, 1), 0);
        rig.Take(WireBytes.Mold("SESSION002", 1, Add(1)), Millisecond);
        Assert.False(rig.Recovery.IsOpen);
        Assert.Equal(1, rig.Statistics.SequenceResets);
        rig.Take(Packet(2, 1), 2 * Millisecond, MoldOrigin.Server);
        Assert.Equal([1, 1], rig.Orders);
        Assert.Equal((1L, 0L), (rig.Statistics.SequenceResets, rig.Statistics.Gaps));
    }

    [Fact]
    public void Held_packets_beyond_the_room_are_asked_for_later()
    {
        var rig = new Rig(new MoldRecoveryOptions { HasServer = true, HeldPackets = 2 });
        rig.Take(Packet(1, 1), 0);
        for (ulong i = 3; i <= 9; i++) rig.Take(Packet(i, 1), 0);
        for (long now = 0; now < 100 && rig.Recovery.IsOpen; now++)
            if (rig.Turn(now * Millisecond) is { } asked) rig.Take(Packet(asked.Sequence, asked.MessageCount), now * Millisecond, MoldOrigin.Server);
        Assert.Equal(To(9), rig.Orders);
        Assert.Equal(0, rig.Statistics.Gaps);
    }

    /// <summary>
    /// A line that loses a fifth, repeats and reorders, a second one likewise or none, a server that loses half of what it is asked: the tape arrives whole, in order, each message once. With a dead
    /// server what came by some line arrives in order and never twice.
    /// </summary>
    [Fact]
    public void Whatever_the_lines_do_each_message_comes_once_and_in_order()
    {
        int cases = int.TryParse(Environment.GetEnvironmentVariable("APPLIANCE_RECOVERY_CASES"), out int asked) ? asked : 60;
        int seed = TestSeed.Rotating();
        output.WriteLine($"APPLIANCE_SEED={seed}");
        for (int n = 0; n < cases; n++)
        {
            var chance = new Random(seed + n);
            int lines = chance.Next(1, 3);
            bool serverLives = chance.Next(4) != 0;
            var rig = new Rig(new MoldRecoveryOptions { HasServer = serverLives || chance.Next(2) == 0, Attempts = serverLives ? 1_000 : 3, HeldPackets = chance.Next(1, 200), WaitMicroseconds = chance.Next(0, 300) });
            var packets = new List<(ulong First, int Count)>();
            ulong next = 1;
            for (int i = 0; i < 400; i++)
            {
                int count = chance.Next(1, 6);
                packets.Add((next, count));
                next += (ulong)count;
            }
            // Arrivals: a packet each 10 us and line, late by up to 50 us or, seldom, by a millisecond; every hundredth twice.
            var arrivals = new List<(long AtNs, byte[] Bytes, MoldOrigin Origin)>();
            var sent = new HashSet<int>();
            for (int line = 0; line < lines; line++)
                for (int i = 0; i < packets.Count; i++)
                {
                    if (i > 0 && chance.Next(5) == 0) continue;
                    sent.Add(i);
                    for (int twice = 0; twice < (chance.Next(100) == 0 ? 2 : 1); twice++)
                        arrivals.Add((i * 10L * Microsecond + chance.Next(50) * Microsecond + (chance.Next(50) == 0 ? Millisecond : 0), Packet(packets[i].First, packets[i].Count), MoldOrigin.Line));
                }
            // Heartbeats for as long as the slowest hole takes to be given up.
            for (int i = 0; i < 1_000; i++) arrivals.Add(((4_000 + i * 1_000L) * Microsecond, WireBytes.Mold(next), MoldOrigin.Line));
            var pending = new PriorityQueue<(byte[], MoldOrigin), long>(arrivals.Select(a => ((a.Bytes, a.Origin), a.AtNs)));
            int turns = 0;
            for (long now = 0; pending.Count > 0 || rig.Recovery.IsOpen; now += (now < 6 * Millisecond ? 10 : 500) * Microsecond)
            {
                Assert.True(++turns < 500_000, $"seed {seed + n}: no end");
                while (pending.TryPeek(out var arrival, out long at) && at <= now)
                {
                    pending.Dequeue();
                    rig.Take(arrival.Item1, now, arrival.Item2);
                }
                if (rig.Turn(now) is { } question && serverLives && chance.Next(2) == 0)
                {
                    int count = Math.Min(Math.Min(question.MessageCount, 40), (int)(next - question.Sequence));
                    if (count > 0) pending.Enqueue((Packet(question.Sequence, count), MoldOrigin.Server), now + chance.Next(30) * Millisecond);
                }
            }
            ulong[] orders = [.. rig.Orders];
            string which = $"seed {seed + n}, {lines} lines, server {serverLives}";
            if (serverLives) Assert.True(orders.SequenceEqual(To(next - 1)), $"{which}: {orders.Length} of {next - 1}");
            Assert.True(orders.Zip(orders.Skip(1)).All(p => p.First < p.Second), which);
            Assert.Equal(0, rig.Statistics.SequenceResets);
            // What was sent before the first packet that came is not known to be missing: the feed was joined there.
            Assert.True((long)(next - orders[0]) == orders.Length + rig.Statistics.MissingMessages, $"{which}: {orders.Length} came from {orders[0]} to {orders[^1]}, {rig.Statistics.MissingMessages} named missing of {next - 1}; expected {rig.Expected}");
        }
    }

    [Fact]
    public void Neither_a_hole_nor_its_closing_allocates()
    {
        var statistics = new SourceStatistics();
        var recovery = new MoldRecovery(new MoldRecoveryOptions { HasServer = true, HeldPackets = 64 }, statistics, 1_024);
        byte[] packet = Packet(1, 1), request = new byte[MoldHeader.Length];
        ulong Play(ulong expected, int rounds)
        {
            for (int i = 0; i < rounds; i++)
            {
                // The fourth packet of every four is lost, and answered after three more have come.
                for (ulong ahead = 1; ahead <= 3; ahead++) Deliver(expected + ahead, MoldOrigin.Line, ref expected, i * 1_000_000L);
                recovery.TryRequest(expected, i * 1_000_000L + 200_000, request);
                Deliver(expected, MoldOrigin.Server, ref expected, i * 1_000_000L + 300_000);
                recovery.TryRequest(expected, i * 1_000_000L + 300_000, request);
            }
            return expected;
        }
        void Deliver(ulong sequence, MoldOrigin origin, ref ulong expected, long now)
        {
            BinaryPrimitives.WriteUInt64BigEndian(packet.AsSpan(10), sequence);
            if (recovery.Accept(packet, origin, expected, now)) expected = Math.Max(expected, sequence + 1);
            while (recovery.TryTakeHeld(expected, out ReadOnlySpan<byte> held, out _)) expected = BinaryPrimitives.ReadUInt64BigEndian(held[10..]) + 1;
        }
        ulong expected = 1;
        Deliver(1, MoldOrigin.Line, ref expected, 0);
        expected = Play(expected, 10);
        using var pause = new CollectorPause();
        long before = GC.GetAllocatedBytesForCurrentThread();
        expected = Play(expected, 1_000);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(0, allocated);
        Assert.Equal((1_010L, 1_010L), (statistics.GapsFilled, statistics.MessagesRecovered));
        Assert.Equal(1u + 4 * 1_010u, expected - 1);
    }
}
