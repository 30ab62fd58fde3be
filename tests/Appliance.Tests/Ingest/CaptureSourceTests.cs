using Appliance.Contract;
using Appliance.Ingest;
using Appliance.Ingest.Itch;
using Appliance.Ingest.Mold;
using Appliance.Ingest.Pcap;
using Appliance.TestKit;

namespace Appliance.Tests.Ingest;

/// <summary>Playing captures into a ring: timers, pace, back-pressure, times that go backwards, filters, opening by content.</summary>
public class CaptureSourceTests
{
    private const long StartNs = 1_700_000_000_004_000_000;
    private const long Ms = 1_000_000;

    /// <summary>A clock that the test sets; a class behind a struct, so that the source's copy sees the changes.</summary>
    private readonly struct SetClock(long[] now) : IMonotonicClock
    {
        public long NowNs() => now[0];
    }

    private readonly EventCollector _collector = new();
    private readonly long[] _now = [1];

    private static byte[] Add(ulong reference, int vlanTags = 0, ushort port = 26_477) => WireBytes.Frame(
        WireBytes.Mold(reference, WireBytes.Itch('A', timestamp: reference).N(8, reference).A("B").N(4, 100).A("AAPL", 8).N(4, 1).Done()), vlanTags, port);

    private PcapSource<EventCollector.Sink, SetClock, MoldItchDecoder> Source(CaptureOptions options, params ReadOnlySpan<(long, byte[])> packets)
    {
        var reader = new CaptureReader(new StreamWindow(new MemoryStream(CaptureBytes.Pcap(false, true, 1, packets))), "test");
        return new(options, reader, new MoldItchDecoder(Desk.Symbols("AAPL"), options.Feed), _collector.AsSink(), new SetClock(_now));
    }

    private static CaptureOptions Options(double speed = 0, int timerPeriodMs = 0) => new() { Path = "test", Speed = speed, TimerPeriodMs = timerPeriodMs, Source = 5 };

    private IEnumerable<(EventKind, long)> Seen => _collector.Events.Select(e => (e.Kind, (e.TimeUtcNs - StartNs) / Ms));

    [Fact]
    public void A_timer_goes_before_the_packet_that_crosses_each_boundary()
    {
        using var source = Source(Options(timerPeriodMs: 10), (StartNs, Add(1)), (StartNs + 6 * Ms, Add(2)), (StartNs + 30 * Ms, Add(3)));
        while (!source.Ended)
            source.Poll(1);
        Assert.Equal(
            [
                (EventKind.BookCleared, 0), (EventKind.OrderAdded, 0), (EventKind.Timer, 6), (EventKind.OrderAdded, 6), (EventKind.Timer, 16), (EventKind.Timer, 26),
                (EventKind.OrderAdded, 30),
            ],
            Seen);
        RingEvent timer = _collector.Events[2];
        Assert.Equal((10, RingEvent.AllInstruments, 5), (RingEvent.AsControl(ref timer).Code, timer.Instrument, timer.Source));
        Assert.Equal(("pcap-itch", 3L, 3L), (source.Statistics.Kind, source.Statistics.Packets, source.Statistics.Messages));
    }

    [Fact]
    public void A_silence_of_a_day_gets_the_timers_of_its_last_hour()
    {
        const long dayNs = 86_400_000_000_000;
        using var source = Source(Options(timerPeriodMs: 1_000), (StartNs, Add(1)), (StartNs + dayNs, Add(2)));
        while (!source.Ended)
            source.Poll(1_000);
        Assert.InRange(_collector.Events.Count(e => e.Kind == EventKind.Timer), 3_600, 3_601);
    }

    [Fact]
    public void Time_never_goes_backwards()
    {
        using var source = Source(Options(), (StartNs + 5 * Ms, Add(1)), (StartNs, Add(2)), (StartNs + 7 * Ms, Add(3)));
        source.Poll(10);
        Assert.Equal([5L, 5, 5, 7], Seen.Select(e => e.Item2));
        Assert.Equal(1, source.Statistics.BackwardTimes);
    }

    [Theory]
    [InlineData(1.0)]
    [InlineData(4.0)]
    public void A_paced_capture_gives_each_packet_when_it_is_due(double speed)
    {
        using var source = Source(Options(speed), (StartNs, Add(1)), (StartNs + 100 * Ms, Add(2)));
        _now[0] = 1_000;
        Assert.Equal(1, source.Poll(10));
        _now[0] += (long)(100 * Ms / speed) - 1_000;
        Assert.Equal(0, source.Poll(10));
        _now[0] += 1_000;
        Assert.Equal(1, source.Poll(1));
        Assert.False(source.Ended);
        Assert.Equal(0, source.Poll(10));
        Assert.True(source.Ended);
    }

    [Fact]
    public void A_full_ring_loses_nothing()
    {
        (long, byte[])[] packets = [.. Enumerable.Range(1, 50).Select(i => (StartNs + i * Ms, Add((ulong)i)))];
        using var source = Source(Options(timerPeriodMs: 3), packets);
        var random = new Random(1);
        while (!source.Ended)
        {
            _collector.Room = random.Next(source.MaxEventsPerPacket / 4);
            source.Poll(random.Next(5));
            if (random.Next(4) == 0)
            {
                _collector.Room = source.MaxEventsPerPacket;
                source.Poll(2);
            }
        }
        Assert.Equal(Enumerable.Range(1, 50).Select(i => (ulong)i), _collector.Events.Where(e => e.Kind == EventKind.OrderAdded).Select(e => e.AsTick().Reference));
    }

    [Fact]
    public void Only_the_port_and_group_asked_for_are_taken()
    {
        CaptureOptions options = Options() with { DestinationPort = 26_477, DestinationAddress = "239.1.1.1" };
        using var source = Source(options, (StartNs, Add(1)), (StartNs, Add(9, port: 1)), (StartNs, Add(2, vlanTags: 2)), (StartNs, [1, 2, 3]));
        source.Poll(10);
        Assert.Equal([1ul, 2], _collector.Events.Where(e => e.Kind == EventKind.OrderAdded).Select(e => e.AsTick().Reference));
        Assert.Equal((4L, 2L, 0L), (source.Statistics.Packets, source.Statistics.ForeignPackets, source.Statistics.Gaps));
    }

    [Fact]
    public void A_datagram_longer_than_allowed_is_an_error_and_not_a_stall()
    {
        using var source = Source(Options() with { MaxDatagramBytes = 50 }, (StartNs, Add(1)));
        source.Poll(10);
        Assert.Equal((1L, 0), (source.Statistics.DecodeErrors, _collector.Events.Count));
        Assert.Contains("at most 50", source.Statistics.FirstError);
    }

    [Fact]
    public void A_raw_file_groups_messages_of_one_time_into_one_transaction()
    {
        byte[] file = Raw(StartOfMessages(5), AddAt(5, 1), AddAt(7, 2), AddAt(7, 3), AddAt(9, 4));
        using var source = ItchFile(file, Options());
        while (!source.Ended)
            source.Poll(1);
        Assert.Equal([false, true, false, true, true], _collector.Events.Select(e => e.IsDecideMark));
        Assert.Equal([5L, 5, 7, 7, 9], _collector.Events.Select(e => e.TimeUtcNs));
        Assert.Equal((1u, "itch-file", 3L, 5L), (_collector.Events[0].AsTick().Detail, source.Statistics.Kind, source.Statistics.Packets, source.Statistics.Messages));
    }

    [Fact]
    public void A_raw_file_that_starts_during_the_day_has_incomplete_books()
    {
        using var source = ItchFile(Raw(AddAt(5, 1)), Options());
        source.Poll(10);
        Assert.Equal(0u, _collector.Events[0].AsTick().Detail);
    }

    [Fact]
    public void A_raw_file_torn_at_any_byte_gives_its_whole_messages()
    {
        byte[] file = Raw(AddAt(5, 1), AddAt(7, 2));
        for (int bytes = 0; bytes < file.Length; bytes++)
        {
            _collector.Events.Clear();
            using var source = ItchFile(file[..bytes], Options());
            source.Poll(10);
            Assert.True(source.Ended);
            Assert.Equal(bytes / 38, source.Statistics.Messages);
            Assert.Equal(bytes % 38 != 0, source.Statistics.TornTail);
        }
    }

    [Fact]
    public void A_very_long_group_is_taken_in_pieces_and_marked_once()
    {
        using var source = ItchFile(Raw([.. Enumerable.Range(1, 200).Select(i => AddAt(5, (ulong)i))]), Options());
        while (!source.Ended)
            source.Poll(1);
        Assert.Equal(200, _collector.Events.Count(e => e.Kind == EventKind.OrderAdded));
        Assert.Equal(200ul, _collector.Events.Single(e => e.IsDecideMark).AsTick().Reference);
    }

    [Theory]
    [InlineData("pcap-itch")]
    [InlineData("itch-file")]
    [InlineData("pcap-deep")]
    public void A_file_is_opened_as_what_it_is(string kind)
    {
        byte[] bytes = kind switch
        {
            "itch-file" => Raw(AddAt(5, 1)),
            "pcap-deep" => CaptureBytes.Pcap(false, false, 1, (0, [1, 2]), (0, WireBytes.Frame(WireBytes.IexTp(1, 1)))),
            _ => CaptureBytes.Pcapng(false, 6, ns => (ulong)ns, (0, WireBytes.Frame(WireBytes.Mold(1))), (0, Add(1, 1))),
        };
        using var file = new TemporaryFile(bytes);
        using ITickSource source = CaptureOpener.Open(new CaptureOptions { Path = file.Path }, Desk.Symbols("AAPL"), _collector.AsSink(), new NoClock());
        while (!source.Ended)
            source.Poll(10);
        Assert.Equal((kind, 0L), (source.Statistics.Kind, source.Statistics.DecodeErrors));
    }

    [Theory]
    [InlineData("nonsense", null, "6E6F6E73656E7365")]
    [InlineData("", null, "empty")]
    [InlineData("nonsense", "pcap-xyz", "pcap-xyz")]
    public void What_cannot_be_opened_is_named(string content, string? kind, string seen)
    {
        using var file = new TemporaryFile(System.Text.Encoding.ASCII.GetBytes(content));
        var options = new CaptureOptions { Path = file.Path, Kind = kind };
        var e = Assert.Throws<CaptureFormatException>(() => CaptureOpener.Open(options, Desk.Symbols("AAPL"), _collector.AsSink(), new NoClock()));
        Assert.Contains(file.Path, e.Message);
        Assert.Contains(seen, e.Message);
        Assert.Contains("pcap-deep", e.Message);
    }

    [Fact]
    public void A_capture_of_another_protocol_is_named()
    {
        using var file = new TemporaryFile(CaptureBytes.Pcap(false, false, 1, (0, WireBytes.Frame([1, 2, 3, 4]))));
        var e = Assert.Throws<CaptureFormatException>(() => CaptureOpener.KindOf(new CaptureOptions { Path = file.Path }));
        Assert.Contains("1 of them UDP", e.Message);
        Assert.Throws<CaptureFormatException>(() => CaptureOpener.KindOf(new CaptureOptions { Path = file.Path + ".absent" }));
    }

    [Fact]
    public void Pace_needs_a_clock() => Assert.Throws<ArgumentException>(() =>
    {
        using var file = new TemporaryFile(CaptureBytes.Pcap(false, false, 1));
        CaptureOpener.Open(new CaptureOptions { Path = file.Path, Kind = "pcap-itch", Speed = 1 }, Desk.Symbols("AAPL"), _collector.AsSink(), new NoClock());
    });

    private ItchFileSource<EventCollector.Sink, SetClock> ItchFile(byte[] bytes, CaptureOptions options) =>
        new(options, new StreamWindow(new MemoryStream(bytes)), Desk.Symbols("AAPL"), _collector.AsSink(), new SetClock(_now));

    private static byte[] Raw(params ReadOnlySpan<byte[]> messages)
    {
        WireBytes file = WireBytes.Big;
        foreach (byte[] message in messages)
            file.N(2, (ulong)message.Length).Raw(message);
        return file.Done();
    }

    private static byte[] StartOfMessages(ulong at) => WireBytes.Itch('S', timestamp: at).A("O").Done();
    private static byte[] AddAt(ulong at, ulong reference) => WireBytes.Itch('A', timestamp: at).N(8, reference).A("B").N(4, 100).A("AAPL", 8).N(4, 1).Done();
}
