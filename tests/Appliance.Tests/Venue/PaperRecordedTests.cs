using Appliance.Contract;
using Appliance.Flow.Market;
using Appliance.Ingest;
using Appliance.Ingest.Pcap;
using Appliance.TestKit;
using Appliance.Venue.Paper;

namespace Appliance.Tests.Venue;

/// <summary>Real recordings: the paper venue's own view of the depth agrees with the decision thread's books, two implementations that share nothing; and a paper run is the same at any speed.</summary>
public sealed class PaperRecordedTests
{
    private static readonly InstrumentDefinition Perpetual = new(0, "BTCUSDT", 100_000_000, 100_000_000, 10_000_000, 100_000, 1);

    private sealed class Compared(MarketState market, MarketMirror mirror)
    {
        public RingEvent Event;
        public long Marks, Ready;

        public void Take()
        {
            market.Apply(ref Event);
            mirror.Apply(ref Event);
            if (!Event.IsDecideMark) return;
            Marks++;
            ref readonly TopOfBook top = ref market.Top(0);
            Assert.Equal(top.State != BookState.Incomplete, mirror[0].IsKnown);
            if (top.State == BookState.Incomplete) return;
            Ready++;
            Assert.Equal((top.BidPriceUnits, top.BidQuantityUnits), Best(Side.Buy));
            Assert.Equal((top.AskPriceUnits, top.AskQuantityUnits), Best(Side.Sell));
        }

        private (long, long) Best(Side side)
        {
            int cursor = 0;
            return mirror[0].NextLevel(side, ref cursor, out long price, out long available) ? (price, available) : (0, 0);
        }
    }

    private readonly struct ComparedSink(Compared compared) : IEventSink
    {
        public long RemainingCapacity => 1 << 20;
        public ref RingEvent Claim() => ref compared.Event;
        public void Publish() => compared.Take();
    }

    [SharedDataTheory("l2_binance")]
    [InlineData("binance_usdm_btcusdt_20240808.gz", "BTCUSDT")]
    [InlineData("binance_coinm_btcusd_perp_20240808.gz", "BTCUSD_PERP")]
    [InlineData("binance_spot_btcusdt_20240808.gz", "BTCUSDT")]
    public void The_mirror_and_the_flow_s_book_agree_at_every_mark(string file, string symbol)
    {
        InstrumentDefinition[] instruments = [Perpetual with { Symbol = symbol }];
        var compared = new Compared(new MarketState(instruments, new MarketOptions { DefaultFeed = new(BookFeed.BridgedLevels, TradingStatus.Trading) }), new MarketMirror(1, new PaperOptions { LevelsMax = 8192, BookOrdersMax = 16 }));
        using ITickSource source = CaptureOpener.Open(new CaptureOptions { Path = SharedData.Find($"l2_binance/{file}") }, new SymbolMap(instruments), new ComparedSink(compared), default(NoClock));
        while (!source.Ended) source.Poll(64);
        Assert.True(compared.Ready > 30_000, $"{compared.Ready} of {compared.Marks} marks with a known book");
    }

    [SharedDataFact("l2_binance/binance_usdm_btcusdt_20240808.gz")]
    public void A_paper_run_of_a_recording_is_the_same_however_it_is_served()
    {
        (string fast, long fills, long position) = Run(eventsAStep: int.MaxValue, packetsAPoll: 1);
        Assert.True(fills > 100, $"{fills} fills");
        Assert.Equal((fast, fills, position), Run(eventsAStep: 7, packetsAPoll: 100));
    }

    /// <summary>A decider that takes at every thousandth mark and rests at every five hundredth, and the hash of the ring it got.</summary>
    private static (string Hash, long Fills, long Position) Run(int eventsAStep, int packetsAPoll)
    {
        var venue = new PaperVenue([Perpetual], new PaperOptions { OrderLatencyNs = 1_000_000, ReportLatencyNs = 1_000_000, BookOrdersMax = 16, TakesStamps = false });
        var staging = new EventStaging();
        var collector = new EventCollector();
        var market = new MarketState([Perpetual], new MarketOptions { DefaultFeed = new(BookFeed.BridgedLevels, TradingStatus.Trading) });
        var gate = new WideGate(Perpetual);
        using ITickSource inner = CaptureOpener.Open(new CaptureOptions { Path = SharedData.Find("l2_binance/binance_usdm_btcusdt_20240808.gz") }, new SymbolMap([Perpetual]), new StagingSink(staging), default(NoClock));
        int handled = 0;
        using var source = new PaperSource<EventCollector.Sink>(inner, staging, venue, collector.AsSink(), () => handled == collector.Events.Count);
        using var hash = System.Security.Cryptography.IncrementalHash.CreateHash(System.Security.Cryptography.HashAlgorithmName.SHA256);
        long marks = 0, fills = 0;
        while (!source.Ended || handled < collector.Events.Count)
        {
            source.Poll(packetsAPoll);
            for (int step = 0; step < eventsAStep && handled < collector.Events.Count; step++)
            {
                RingEvent e = collector.Events[handled++];
                hash.AppendData(e.AsBytes());
                market.Apply(ref e);
                if (e.Kind == EventKind.ExecutionReported && RingEvent.AsExecution(ref e).ExecutionKind == ExecutionKind.Trade) fills++;
                if (!e.IsDecideMark || market.Top(0).State != BookState.Ready) continue;
                marks++;
                if (marks % 500 != 0) continue;
                gate.NowUtcNs = e.TimeUtcNs;
                gate.SetMid(0, market.Top(0).AskPriceUnits);
                ref readonly TopOfBook top = ref market.Top(0);
                bool buys = marks % 2_000 < 1_000, takes = marks % 1_000 == 0;
                long price = buys == takes ? top.AskPriceUnits : top.BidPriceUnits;
                Assert.Equal(SendResult.Sent, venue.Send(gate.New(0, buys ? Side.Buy : Side.Sell, price, 5_000_000, takes ? TimeInForce.ImmediateOrCancel : TimeInForce.Day)));
            }
            if (handled == collector.Events.Count)
            {
                collector.Events.Clear();
                handled = 0;
            }
        }
        return (Convert.ToHexString(hash.GetHashAndReset()), fills, venue.Ledger[0, 0].PositionUnits);
    }
}
