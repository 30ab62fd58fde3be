using System.IO.Compression;
using System.Text;
using Appliance.Contract;
using Appliance.Ingest.Pcap;
using Appliance.TestKit;

namespace Appliance.Tests.Ingest;

/// <summary>After construction a packet costs no byte of the managed heap, from the file to the ring.</summary>
public class IngestAllocationTests
{
    private const int PacketsWarm = 2_000, PacketsMeasured = 50_000;

    /// <summary>A ring of one slot that only counts.</summary>
    private struct CountingSink(long[] published) : IEventSink
    {
        private static RingEvent s_slot;
        private readonly long[] _published = published;
        public readonly long RemainingCapacity => long.MaxValue;
        public readonly ref RingEvent Claim() => ref s_slot;
        public readonly void Publish() => _published[0]++;
    }

    private static long AllocatedBy(ITickSource source, int packets, Action? perPoll = null)
    {
        using var pause = new CollectorPause();
        long before = GC.GetAllocatedBytesForCurrentThread();
        int taken = 0;
        while (taken < packets && !source.Ended)
        {
            taken += source.Poll(16);
            perPoll?.Invoke();
        }
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.InRange(taken, packets, packets + 16);
        return allocated;
    }

    private static byte[] ItchCapture()
    {
        var packets = new (long, byte[])[PacketsWarm + PacketsMeasured + 100];
        for (int i = 0; i < packets.Length; i++)
        {
            ushort locate = (ushort)(i % 3 == 0 ? 9 : 2);
            byte[] add = WireBytes.Itch('A', locate).N(8, (ulong)i).A(i % 2 == 0 ? "B" : "S").N(4, 100).A(i % 3 == 0 ? "TSLA" : "AAPL", 8).N(4, 1_000_000).Done();
            byte[] delete = WireBytes.Itch('D', locate).N(8, (ulong)i).Done();
            packets[i] = (i * 10_000L, WireBytes.Frame(WireBytes.Mold((ulong)(2 * i + 1), add, delete), i % 3));
        }
        return CaptureBytes.Pcap(false, true, 1, packets);
    }

    [Fact]
    public void An_itch_capture_is_played_without_allocation()
    {
        using var file = new TemporaryFile(ItchCapture());
        var published = new long[1];
        using ITickSource source = CaptureOpener.Open(new CaptureOptions { Path = file.Path }, Desk.Symbols("AAPL"), new CountingSink(published), new HostMonotonicClock());
        AllocatedBy(source, PacketsWarm);
        Assert.Equal(0, AllocatedBy(source, PacketsMeasured));
        Assert.InRange(published[0], PacketsMeasured / 2, long.MaxValue);
        Assert.Equal(0, source.Statistics.DecodeErrors);
    }

    [Fact]
    public void The_measurement_sees_an_allocation()
    {
        using var file = new TemporaryFile(ItchCapture());
        using ITickSource source = CaptureOpener.Open(new CaptureOptions { Path = file.Path }, Desk.Symbols("AAPL"), new CountingSink(new long[1]), new HostMonotonicClock());
        AllocatedBy(source, PacketsWarm);
        object? kept = null;
        Assert.InRange(AllocatedBy(source, 3_000, () => kept = new object()), 3_000 / 16 * 24, long.MaxValue);
        Assert.NotNull(kept);
    }

    [SharedDataFact("pcap/iex/DEEP10.pcap.gz")]
    public void The_recorded_deep_capture_is_played_from_gzip_without_allocation()
    {
        var options = new CaptureOptions { Path = SharedData.Find("pcap/iex/DEEP10.pcap.gz") };
        using ITickSource source = CaptureOpener.Open(options, Desk.Symbols("MSFT", "ZEXIT", "PZZA"), new CountingSink(new long[1]), new HostMonotonicClock());
        AllocatedBy(source, PacketsWarm);
        Assert.Equal(0, AllocatedBy(source, 1_000_000));
    }

    /// <summary>A decompressing stream makes its buffer at its first read: that must be before the run.</summary>
    [Fact]
    public void Lines_from_gzip_are_played_without_allocation_from_the_first()
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write("1723161255030314667 {\"stream\":\"aapl@depth@0ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":1723161256299,\"T\":1723161256298,\"s\":\"AAPL\",\"U\":5,\"u\":9,\"pu\":4,\"b\":[[\"61496.50\",\"0.010\"]],\"a\":[]}}\n"u8);
            for (int i = 0; i < PacketsMeasured; i++)
                gzip.Write(Encoding.ASCII.GetBytes($"{1723161255030314667 + i * 1_000L} {{\"stream\":\"aapl@bookTicker\",\"data\":{{\"e\":\"bookTicker\",\"u\":{8589934599 + i},\"s\":\"AAPL\",\"b\":\"61800.20\",\"B\":\"2.507\",\"a\":\"61800.30\",\"A\":\"2.{i % 1000:D3}\",\"T\":1723161256313,\"E\":1723161256313}}}}\n"));
        }
        using var file = new TemporaryFile(packed.ToArray());
        // The first run warms the code, the second is measured from its first poll on.
        for (int run = 0; run < 2; run++)
        {
            using ITickSource source = CaptureOpener.Open(new CaptureOptions { Path = file.Path }, Desk.Symbols("AAPL"), new CountingSink(new long[1]), new HostMonotonicClock());
            long allocated = AllocatedBy(source, PacketsMeasured);
            if (run == 1) Assert.Equal(0, allocated);
            Assert.Equal((0L, PacketsMeasured - 16L <= source.Statistics.Messages), (source.Statistics.DecodeErrors, true));
        }
    }
}
