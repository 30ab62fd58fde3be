using Appliance.Contract;
using Appliance.Ingest.Pcap;
using Appliance.TestKit;

namespace Appliance.Tests.Ingest;

/// <summary>The real recordings: every packet and message accounted for.</summary>
public class RecordedCaptureTests
{
    private const string Iex = "pcap/iex/DEEP10.pcap.gz";
    private const string Itch = "itch/12302019_SNIPPET.NASDAQ_ITCH50";
    private const string Omi = "pcap/omi";

    private static (SourceStatistics Statistics, List<RingEvent> Events) Play(string path, params ReadOnlySpan<string> symbols)
    {
        var collector = new EventCollector();
        using ITickSource source = CaptureOpener.Open(new CaptureOptions { Path = path, TimerPeriodMs = 0 }, Desk.Symbols(symbols), collector.AsSink(), new NoClock());
        while (!source.Ended)
            source.Poll(1_000);
        return (source.Statistics, collector.Events);
    }

    [SharedDataFact(Iex)]
    public void Iex_every_packet_reset_and_halt()
    {
        (SourceStatistics statistics, List<RingEvent> events) = Play(SharedData.Find(Iex), "MSFT", "ZEXIT", "BF.B");
        Assert.Equal((121_314L, true, 11L, 0L, 0L), (statistics.Packets, statistics.TornTail, statistics.SequenceResets, statistics.Gaps, statistics.Duplicates));
        Assert.Equal((0L, 0L, 0L, "pcap-deep"), (statistics.DecodeErrors, statistics.UnknownMessages, statistics.ForeignPackets, statistics.Kind));
        (char Type, long Count)[] expected = [('H', 93_638), ('O', 93_638), ('P', 93_636), ('T', 83_343), ('5', 14_627), ('8', 12_941), ('B', 73), ('E', 59), ('S', 44)];
        Assert.All(expected, e => Assert.Equal(e.Count, statistics.MessageTypeCounts[e.Type]));
        Assert.Equal(expected.Sum(e => e.Count), statistics.Messages);

        (int, long)[] halts = [.. events.Where(e => e.Kind == EventKind.StatusChanged && e.AsTick().Detail == (uint)TradingStatus.Halted).Select(e => ((int)e.Instrument, e.TimeUtcNs / 1_000_000_000))];
        Assert.Contains((1, 1_493_132_859), halts);
        Assert.Contains((0, 1_493_133_008), halts);
        Assert.Equal(11, events.Count(e => e.Kind == EventKind.FeedReset));
        Assert.Equal(12, events.Count(e => e is { Kind: EventKind.BookCleared } && e.AsTick().Detail == 1));
        Assert.True(events.Zip(events.Skip(1)).All(pair => pair.First.TimeUtcNs <= pair.Second.TimeUtcNs));
        Assert.True(events[^1].IsDecideMark);
        Assert.Contains(events, e => e is { Kind: EventKind.Trade, Instrument: 2 } && e.AsTick().PriceUnits == 100_000_500);
    }

    [SharedDataFact(Iex)]
    public void Iex_levels_trades_and_marks()
    {
        // Counts by symbol were taken from the file by a script of a few lines, apart from this decoder.
        (SourceStatistics statistics, List<RingEvent> events) = Play(SharedData.Find(Iex), "MSFT", "PZZA", "ZIEXT");
        Assert.Equal(events.Count, statistics.Ticks);
        Assert.Equal([2_650, 2_051, 1_329], Enumerable.Range(0, 3).Select(i => events.Count(e => e.Kind == EventKind.LevelSet && e.Instrument == i)));
        Assert.Equal([9_427, 4_784, 4_284], Enumerable.Range(0, 3).Select(i => events.Count(e => e.Kind == EventKind.Trade && e.Instrument == i)));

        // A mark of its own ends only such transactions as were left open.
        Assert.All(events.Where(e => e.Kind == EventKind.TransactionEnd), e => Assert.True(e.IsDecideMark));
        Assert.InRange(events.Count(e => e.Kind == EventKind.TransactionEnd), 1, 532);

        // Levels are removed that the recording never set: so few that they are the venue's, not a decoder's that lost updates.
        var levels = new HashSet<(int, Side, long)>();
        int neverSet = 0;
        foreach (RingEvent e in events)
        {
            if (e.Kind == EventKind.BookCleared)
                levels.Clear();
            if (e.Kind != EventKind.LevelSet)
                continue;
            (int, Side, long) key = (e.Instrument, e.Side, e.AsTick().PriceUnits);
            if (e.AsTick().QuantityUnits != 0)
                levels.Add(key);
            else if (!levels.Remove(key))
                neverSet++;
        }
        Assert.Equal(3, neverSet);
    }

    [SharedDataFact(Itch)]
    public void Itch_every_message()
    {
        (SourceStatistics statistics, List<RingEvent> events) = Play(SharedData.Find(Itch), "HDS", "VICI");
        (char Type, long Count)[] expected =
            [('A', 367), ('U', 225), ('F', 193), ('D', 167), ('E', 28), ('X', 6), ('I', 4), ('P', 4), ('Q', 4), ('S', 1), ('C', 1)];
        Assert.All(expected, e => Assert.Equal(e.Count, statistics.MessageTypeCounts[e.Type]));
        Assert.Equal((1_000L, 880L, false, 0L), (statistics.Messages, statistics.Packets, statistics.TornTail, statistics.DecodeErrors));
        Assert.Equal(85 + 38, events.Count(e => e.Kind == EventKind.OrderAdded));
        // 09:30 in New York on 30 December is 14:30 in UTC.
        Assert.Equal(new DateTime(2019, 12, 30, 14, 30, 0), DateTime.UnixEpoch.AddTicks(events[0].TimeUtcNs / 100), TimeSpan.FromSeconds(1));
        Assert.Equal(0u, events[0].AsTick().Detail);
    }

    [SharedDataFact(Omi)]
    public void Omi_every_capture_of_itch_and_deep()
    {
        int files = 0;
        foreach (string path in Directory.EnumerateFiles(SharedData.Find(Omi), "*.pcap", SearchOption.AllDirectories).Order())
        {
            bool isItch = path.Contains("TotalView.Itch.v5.0"), isDeep = path.Contains("Deep.IexTp.v1.0");
            if (!isItch && !isDeep)
                continue;
            bool isHeartbeatOnly = path.EndsWith("Heartbeat.pcap");
            (SourceStatistics statistics, List<RingEvent> events) = Play(path, "AMC", "META", "V");
            Assert.Equal((isItch ? "pcap-itch" : "pcap-deep", 0L, 0L, 0L), (statistics.Kind, statistics.DecodeErrors, statistics.UnknownMessages, statistics.ForeignPackets));
            Assert.True(isHeartbeatOnly || statistics.Messages > 0, path);
            Assert.Equal(statistics.Messages, statistics.MessageTypeCounts.Sum());
            Assert.Equal(EventKind.BookCleared, events[0].Kind);
            files++;
        }
        Assert.Equal(26, files);
    }

    [SharedDataFact(Omi)]
    public void Omi_captures_of_other_protocols_are_refused_by_name()
    {
        foreach (string path in Directory.EnumerateFiles(SharedData.Find(Omi), "*.pcap", SearchOption.AllDirectories))
        {
            if (path.Contains("/Cme/") || path.Contains("/Coinbase/") || path.Contains("Tops.IexTp") || path.Contains("DeepPlus") || path.Contains("Uqdf") || path.Contains("Ouch"))
                Assert.Contains(path, Assert.Throws<CaptureFormatException>(() => CaptureOpener.KindOf(new CaptureOptions { Path = path })).Message);
        }
    }
}
