using System.Net;
using System.Net.Sockets;
using Appliance.Contract;
using Appliance.Ingest;
using Appliance.Ingest.Mold;
using Appliance.Ingest.Udp;
using Appliance.TestKit;

namespace Appliance.Tests.Ingest;

/// <summary>Real sockets on the loopback.</summary>
public class UdpSourceTests
{
    private readonly EventCollector _collector = new();

    private static byte[] Packet(ulong reference) =>
        WireBytes.Mold(reference, WireBytes.Itch('A').N(8, reference).A("B").N(4, 100).A("AAPL", 8).N(4, 1).Done());

    private UdpSource<EventCollector.Sink, HostMonotonicClock, HostUtcClock, MoldItchDecoder> Open(UdpOptions options) =>
        new(options, new MoldItchDecoder(Desk.Symbols("AAPL"), new FeedOptions()), _collector.AsSink(), default, default);

    private static void PollUntil(ITickSource source, Func<bool> done)
    {
        long deadline = Environment.TickCount64 + 10_000;
        while (!done() && Environment.TickCount64 < deadline)
        {
            if (source.Poll(64) == 0)
                Thread.Yield();
        }
        Assert.True(done(), "the datagrams did not arrive in ten seconds");
    }

    [Theory]
    [InlineData("239.255.77.1")]
    [InlineData("127.0.0.1")]
    public void Datagrams_become_events_in_order(string group)
    {
        using var source = Open(new UdpOptions { Group = group, Port = 0, BatchPackets = 4, Source = 2 });
        using var sender = new UdpClient(AddressFamily.InterNetwork);
        sender.Client.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastInterface, IPAddress.Loopback.GetAddressBytes());
        long before = new HostMonotonicClock().NowNs();
        for (ulong i = 1; i <= 100; i++)
            sender.Send(Packet(i), new IPEndPoint(IPAddress.Parse(group), source.LocalEndPoint.Port));
        PollUntil(source, () => source.Statistics.Packets >= 100);

        Tick[] added = [.. _collector.Events.Where(e => e.Kind == EventKind.OrderAdded).Select(e => e.AsTick())];
        Assert.Equal(Enumerable.Range(1, 100).Select(i => (ulong)i), added.Select(t => t.Reference));
        Assert.All(added, t => Assert.True(t.ReceivedNs >= before && t.Flags == EventFlags.DecideMark && t.Source == 2 && t.DecodeNs > 0));
        Assert.True(added.Zip(added.Skip(1)).All(p => p.First.TimeUtcNs <= p.Second.TimeUtcNs));
        Assert.Equal(DateTime.UtcNow, DateTime.UnixEpoch.AddTicks(added[^1].TimeUtcNs / 100), TimeSpan.FromMinutes(1));
        Assert.Equal(("udp-moldudp64", 0L, 0L, 0L), (source.Statistics.Kind, source.Statistics.Gaps, source.Statistics.DecodeErrors, source.Statistics.KernelDrops));
        Assert.Equal(0, source.Poll(16));
    }

    [Fact]
    public void A_full_ring_leaves_datagrams_in_the_socket()
    {
        using var source = Open(new UdpOptions { Group = "127.0.0.1", Port = 0 });
        using var sender = new UdpClient();
        for (ulong i = 1; i <= 10; i++)
            sender.Send(Packet(i), source.LocalEndPoint);
        _collector.Room = source.MaxEventsPerPacket - 1;
        Assert.Equal(0, source.Poll(16));
        _collector.Room = source.MaxEventsPerPacket * 3;
        PollUntil(source, () => source.Statistics.Packets > 0);
        Assert.InRange(source.Statistics.Packets, 1, 3);
        _collector.Room = long.MaxValue;
        PollUntil(source, () => source.Statistics.Packets >= 10);
        Assert.Equal(0, source.Statistics.Gaps);
    }

    [Fact]
    public void A_datagram_longer_than_the_buffer_is_an_error_and_what_fits_is_read()
    {
        using var source = Open(new UdpOptions { Group = "127.0.0.1", Port = 0, MaxDatagramBytes = 64 });
        using var sender = new UdpClient();
        byte[] two = WireBytes.Mold(1, WireBytes.Itch('D').N(8, 1).Done(), WireBytes.Itch('A').N(8, 1).A("B").N(4, 100).A("AAPL", 8).N(4, 1).Done());
        sender.Send(two, source.LocalEndPoint);
        PollUntil(source, () => source.Statistics.Packets == 1);
        Assert.Equal((2L, 1L), (source.Statistics.DecodeErrors, source.Statistics.Messages));
        Assert.Contains("longer than the buffer of 64", source.Statistics.FirstError);
    }

    [Fact]
    public void What_the_kernel_drops_is_counted()
    {
        using var source = Open(new UdpOptions { Group = "127.0.0.1", Port = 0, ReceiveBufferBytes = 4_096 });
        using var sender = new UdpClient();
        for (ulong i = 1; i <= 2_000; i++)
            sender.Send(Packet(i), source.LocalEndPoint);
        PollUntil(source, () => source.Poll(64) == 0 && source.Statistics.Packets > 0);
        // The count comes with the first datagram that was queued after the drops.
        sender.Send(Packet(2_001), source.LocalEndPoint);
        PollUntil(source, () => source.Statistics.KernelDrops > 0);
        Assert.Equal(2_001, source.Statistics.Packets + source.Statistics.KernelDrops);
        Assert.Equal(source.Statistics.KernelDrops, source.Statistics.MissingMessages);
    }

    [Fact]
    public void Polling_allocates_nothing()
    {
        using var source = Open(new UdpOptions { Group = "127.0.0.1", Port = 0 });
        // The least of several windows: the runtime may allocate once for itself while it compiles.
        long least = long.MaxValue;
        for (int window = 0; window < 5; window++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 1_000; i++)
                source.Poll(16);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        Assert.Equal(0, least);
    }

    private readonly struct PlayedClock(long[] now, int which) : IMonotonicClock, IUtcClock
    {
        public long NowNs() => now[which];
        public long NowUtcNs() => now[which];
    }

    [Fact]
    public void A_step_of_the_wall_clock_is_told_and_slewing_is_not()
    {
        long[] now = [1_000_000_000, 5_000_000_000];
        var watch = new WallClockWatch<PlayedClock, PlayedClock>(new PlayedClock(now, 0), new PlayedClock(now, 1));
        Assert.Equal(0, watch.Look(now[0]));
        now[0] += 1_000_000_000;
        now[1] += 1_000_500_000;
        Assert.Equal(0, watch.Look(now[0]));
        now[1] += 70_000_000;
        Assert.Equal(70_000_000, watch.Look(now[0]));
        now[1] -= 200_000_000;
        Assert.Equal(-200_000_000, watch.Look(now[0]));
        Assert.Equal(0, watch.Look(now[0]));
    }

    [Fact]
    public void Sequenced_time_passes_by_the_monotonic_clock()
    {
        long[] now = [1_000_000_000, 5_000_000_000];
        var time = SequencedClock.Start(new PlayedClock(now, 0), new PlayedClock(now, 1));
        Assert.Equal(5_000_000_000, time.At(now[0]));
        now[0] += 10;
        now[1] -= 3_600_000_000_000;
        Assert.Equal(5_000_000_010, time.At(now[0]));
    }

    private readonly struct PreemptedClock(long[] now) : IMonotonicClock, IUtcClock
    {
        public long NowNs() => now[0];

        /// <summary>Each reading comes after the thread was put aside for a while, as long as the list says.</summary>
        public long NowUtcNs()
        {
            now[0] += now[1];
            now[1] = 0;
            return now[0] + 7_000_000_000;
        }
    }

    [Fact]
    public void A_thread_put_aside_between_the_two_clocks_is_no_step()
    {
        long[] now = [1_000_000_000, 0];
        var watch = new WallClockWatch<PreemptedClock, PreemptedClock>(new PreemptedClock(now), new PreemptedClock(now));
        watch.Look(now[0]);
        now[1] = 40_000_000;
        Assert.Equal(0, watch.Look(now[0]));
        Assert.Equal(0, watch.Look(now[0]));
    }
}
