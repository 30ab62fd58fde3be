using System.IO.Compression;
using Appliance.Ingest.Pcap;

namespace Appliance.Tests.Ingest;

/// <summary>Capture files of every form, whole, torn at every byte, and damaged.</summary>
public class CaptureReaderTests
{
    private const long TimeNs = 1_692_711_000_123_456_789;
    private const string First = "0102030405", Second = "060708";
    private static readonly byte[] s_first = [1, 2, 3, 4, 5];
    private static readonly byte[] s_second = [6, 7, 8];

    private static List<(long TimeNs, string Data)> Read(byte[] file, out CaptureReader reader)
    {
        var packets = new List<(long, string)>();
        reader = new CaptureReader(new StreamWindow(new MemoryStream(file)), "test");
        while (reader.Read())
            packets.Add((reader.TimeUtcNs, Convert.ToHexString(reader.Data)));
        return packets;
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Pcap_in_both_byte_orders_and_resolutions(bool bigEndian, bool nanoseconds)
    {
        byte[] file = CaptureBytes.Pcap(bigEndian, nanoseconds, 113, (TimeNs, s_first), (TimeNs + 1_000_000_000, s_second));
        var packets = Read(file, out CaptureReader reader);
        long expected = nanoseconds ? TimeNs : TimeNs / 1_000 * 1_000;
        Assert.Equal([(expected, First), (expected + 1_000_000_000, Second)], packets);
        Assert.Equal((113, false, null, 2L), (reader.LinkType, reader.TornTail, reader.Damage, reader.Packets));
    }

    [Theory]
    [InlineData(false, -1, 1_000)]
    [InlineData(true, -1, 1_000)]
    [InlineData(false, 6, 1_000)]
    [InlineData(true, 9, 1)]
    [InlineData(false, 3, 1_000_000)]
    public void Pcapng_in_both_byte_orders_and_decimal_resolutions(bool bigEndian, int resolution, long unitNs)
    {
        byte[] file = CaptureBytes.Pcapng(bigEndian, resolution, ns => (ulong)(ns / unitNs), (TimeNs, s_first), (TimeNs, s_second));
        var packets = Read(file, out CaptureReader reader);
        long expected = TimeNs / unitNs * unitNs;
        Assert.Equal([(expected, First), (expected, Second)], packets);
        Assert.Equal((1, false), (reader.LinkType, reader.TornTail));
    }

    [Fact]
    public void Pcapng_of_binary_and_of_finer_resolution()
    {
        byte[] binary = CaptureBytes.Pcapng(false, 0x80 | 20, ns => (ulong)(((UInt128)ns << 20) / 1_000_000_000), (TimeNs, s_first));
        Assert.InRange(Read(binary, out _)[0].TimeNs, TimeNs - 1_000, TimeNs);
        byte[] picoseconds = CaptureBytes.Pcapng(false, 10, ns => (ulong)ns * 10 + 7, (TimeNs, s_first));
        Assert.Equal(TimeNs, Read(picoseconds, out _)[0].TimeNs);
    }

    [Fact]
    public void Unknown_blocks_further_sections_and_simple_packets_are_read_on()
    {
        byte[] little = CaptureBytes.Pcapng(false, 6, ns => (ulong)(ns / 1_000), (TimeNs, s_first));
        byte[] unknown = WireBytes.Little.N(4, 0x0BAD).N(4, 16).N(4, 1).N(4, 16).Done();
        byte[] simple = WireBytes.Little.N(4, 3).N(4, 20).N(4, 3).Raw(s_second).N(1, 0).N(4, 20).Done();
        byte[] big = CaptureBytes.Pcapng(true, 9, ns => (ulong)ns, (TimeNs, s_second));
        var packets = Read([.. little, .. unknown, .. simple, .. big], out CaptureReader reader);
        Assert.Equal([First, Second, Second], packets.Select(p => p.Data));
        Assert.Null(reader.Damage);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_torn_at_any_byte_gives_its_whole_packets_and_says_so(bool isPcapng)
    {
        byte[] file = isPcapng
            ? CaptureBytes.Pcapng(false, 6, ns => (ulong)(ns / 1_000), (TimeNs, s_first), (TimeNs, s_second))
            : CaptureBytes.Pcap(false, false, 1, (TimeNs, s_first), (TimeNs, s_second));
        int header = isPcapng ? 28 + 32 : 24;
        int firstEnd = header + (isPcapng ? 40 : 21);
        for (int bytes = header; bytes < file.Length; bytes++)
        {
            int whole = Read(file[..bytes], out CaptureReader reader).Count;
            Assert.Equal(bytes >= firstEnd ? 1 : 0, whole);
            Assert.Equal(bytes != header && bytes != firstEnd, reader.TornTail);
            Assert.Null(reader.Damage);
        }
    }

    [Fact]
    public void A_gzip_file_cut_anywhere_ends_without_an_exception()
    {
        byte[] file = CaptureBytes.Pcap(false, false, 1, (TimeNs, s_first), (TimeNs, s_second));
        byte[] whole = GzipOf(file);
        using (var complete = new TemporaryFile(whole))
        using (CaptureReader reader = CaptureReader.OpenFile(complete.Path))
        {
            Assert.True(reader.Read() && reader.Read() && !reader.Read());
            Assert.False(reader.TornTail);
        }
        byte[] twoMembers = [.. GzipOf(file[..30]), .. GzipOf(file[30..])];
        using (var complete = new TemporaryFile(twoMembers))
        using (CaptureReader reader = CaptureReader.OpenFile(complete.Path))
        {
            Assert.True(reader.Read() && reader.Read() && !reader.Read());
            Assert.False(reader.TornTail);
        }
        for (int bytes = 2; bytes < whole.Length; bytes++)
        {
            using var cut = new TemporaryFile(whole[..bytes]);
            try
            {
                using CaptureReader reader = CaptureReader.OpenFile(cut.Path);
                while (reader.Read()) { }
                Assert.InRange(reader.Packets, 0, 2);
                Assert.True(reader.TornTail);
            }
            catch (CaptureFormatException e)
            {
                // So little came out that not even the header is there: that is said, with the file's name.
                Assert.Contains(cut.Path, e.Message);
            }
        }
    }

    private static byte[] GzipOf(ReadOnlySpan<byte> bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(bytes);
        return packed.ToArray();
    }

    [Fact]
    public void Lengths_that_cannot_be_true_end_the_file_with_the_place_named()
    {
        byte[] file = CaptureBytes.Pcap(false, false, 1, (TimeNs, s_first), (TimeNs, s_second));
        file[24 + 21 + 8 + 3] = 0x7F;
        Assert.Single(Read(file, out CaptureReader reader));
        Assert.Contains("at byte 45", reader.Damage);

        byte[] next = CaptureBytes.Pcapng(false, 6, ns => (ulong)(ns / 1_000), (TimeNs, s_first));
        next[28 + 4] = 33;
        Assert.Empty(Read(next, out reader));
        Assert.Contains("at byte 28", reader.Damage);
    }

    [Theory]
    [InlineData("hello, this is not a capture at all")]
    [InlineData("short")]
    public void What_is_no_capture_is_refused_by_name(string text)
    {
        using var file = new TemporaryFile(System.Text.Encoding.ASCII.GetBytes(text));
        var e = Assert.Throws<CaptureFormatException>(() => CaptureReader.OpenFile(file.Path));
        Assert.Contains(file.Path, e.Message);
        Assert.Contains("pcapng", e.Message);
    }
}
