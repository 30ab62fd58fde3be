using Appliance.Contract;
using Appliance.Ingest;
using Appliance.Ingest.Deep;

namespace Appliance.Tests.Ingest;

/// <summary>What each DEEP message means to the market, its transactions, and IEX-TP's sequence.</summary>
public class DeepNormaliserTests
{
    private readonly Decoding<IexDeepDecoder> _decoding = new(new IexDeepDecoder(Desk.Symbols("ZIEXT", "MSFT"), new FeedOptions()));
    private long _next = 1;
    private long _sendTime = 1_000;

    private RingEvent[] Take(params ReadOnlySpan<byte[]> messages)
    {
        byte[] segment = WireBytes.IexTp(_next, _sendTime++, messages);
        _next += messages.Length;
        return [.. _decoding.Take(segment).Where(e => e.Kind != EventKind.BookCleared)];
    }

    private static byte[] Level(char side, byte flags, uint size, long price, string symbol = "ZIEXT") =>
        WireBytes.Deep(side, flags).A(symbol, 8).N(4, size).N(8, (ulong)price).Done();

    private static byte[] Trade(char type, byte conditions, string symbol = "ZIEXT") =>
        WireBytes.Deep(type, conditions).A(symbol, 8).N(4, 100).N(8, 990_550).N(8, 42).Done();

    private static byte[] Status(char type, char status, string symbol = "ZIEXT") =>
        WireBytes.Deep(type, (byte)status).A(symbol, 8).A(type == 'H' ? "    " : "").Done();

    [Fact]
    public void Levels_are_set_and_marked_by_the_event_flag_alone()
    {
        RingEvent[] events = Take(Level('8', 0, 100, 990_000), Level('8', 1, 0, 980_000), Level('5', 1, 300, 1_000_000));
        Assert.Equal([(Side.Buy, 990_000L, 100L, false), (Side.Buy, 980_000L, 0L, true), (Side.Sell, 1_000_000L, 300L, true)],
            events.Select(e => (e.Side, e.AsTick().PriceUnits, e.AsTick().QuantityUnits, e.IsDecideMark)));
        Assert.All(events, e => Assert.Equal((EventKind.LevelSet, 0), (e.Kind, e.Instrument)));
    }

    [Fact]
    public void A_transaction_runs_on_into_the_next_packet()
    {
        RingEvent first = Assert.Single(Take(Level('8', 0, 100, 990_000)));
        Assert.False(first.IsDecideMark);
        RingEvent last = Assert.Single(Take(Level('8', 1, 100, 991_000)));
        Assert.True(last.IsDecideMark);
    }

    [Fact]
    public void A_transaction_that_another_symbols_update_completes_ends_in_an_event_of_its_own()
    {
        Take(Level('8', 0, 100, 990_000));
        RingEvent end = Assert.Single(Take(Level('8', 1, 100, 50, "OTHER")));
        Assert.Equal((EventKind.TransactionEnd, true), (end.Kind, end.IsDecideMark));
    }

    [Fact]
    public void A_transaction_that_is_never_completed_ends_at_the_next_time_or_heartbeat()
    {
        Take(Level('8', 0, 100, 990_000));
        byte[] later = Level('8', 1, 200, 990_000);
        later[2]++;
        Assert.Equal([EventKind.TransactionEnd, EventKind.LevelSet], Take(later).Select(e => e.Kind));
        Assert.False(Assert.Single(Take(Level('8', 0, 100, 980_000))).IsDecideMark);
        RingEvent end = Assert.Single(Take());
        Assert.Equal((EventKind.TransactionEnd, true), (end.Kind, end.IsDecideMark));
        Assert.Empty(Take());
    }

    [Fact]
    public void A_transaction_left_open_is_marked_in_place_when_its_segment_goes_on_to_another_symbol()
    {
        RingEvent[] events = Take(Level('8', 0, 100, 990_000), Level('8', 0, 0, 980_000), Trade('T', 0, "OTHER"), Level('5', 0, 1, 2, "MSFT"));
        Assert.Equal([false, true, false], events.Select(e => e.IsDecideMark));
    }

    [Fact]
    public void A_trade_of_hidden_shares_is_marked_at_its_packets_end()
    {
        RingEvent[] events = Take(Trade('T', 0), Trade('T', 0x80), Level('8', 1, 5, 5, "OTHER"));
        Assert.Equal([false, true], events.Select(e => e.IsDecideMark));
    }

    [Theory]
    [InlineData(0x00, false)]
    [InlineData(0x80, false)]
    [InlineData(0x10, false)]
    [InlineData(0x40, true)]
    [InlineData(0x20, true)]
    [InlineData(0x08, true)]
    [InlineData(0xA0, true)]
    public void Odd_lots_extended_hours_and_crosses_make_no_last_sale(byte conditions, bool isNotLastSale)
    {
        Tick trade = Assert.Single(Take(Trade('T', conditions))).AsTick();
        Assert.Equal(isNotLastSale, trade.Flags.HasFlag(EventFlags.NotLastSale));
        Assert.Equal((990_550L, 100L, 42ul), (trade.PriceUnits, trade.QuantityUnits, trade.Reference2));
        Assert.Equal(EventKind.TradeBroken, Assert.Single(Take(Trade('B', conditions))).Kind);
    }

    [Fact]
    public void Trading_status_and_operational_halt_make_one_status()
    {
        RingEvent[] events = Take(Status('H', 'O'), Status('O', 'N'), Status('H', 'T'), Status('O', 'O'), Status('H', 'T'), Status('O', 'N'), Status('H', 'P'), Status('H', 'H'));
        TradingStatus[] expected = [TradingStatus.Auction, TradingStatus.Trading, TradingStatus.Halted, TradingStatus.Trading, TradingStatus.Paused, TradingStatus.Halted];
        Assert.Equal(expected, events.Select(e => (TradingStatus)e.AsTick().Detail));
    }

    [Fact]
    public void An_auction_shows_its_indicative_clearing_price()
    {
        byte[] auction = WireBytes.Deep('A', (byte)'C').A("MSFT", 8).N(4, 1).N(8, 2).N(8, 3).N(4, 4).A("B").N(1, 5).N(4, 6).N(8, 7).N(8, 8).N(8, 9).N(8, 10).Done();
        Tick tick = Assert.Single(Take(auction)).AsTick();
        Assert.Equal((EventKind.AuctionIndicated, Side.Buy, 3L, 1L, 4ul, 1), (tick.Kind, tick.Side, tick.PriceUnits, tick.QuantityUnits, tick.Reference, tick.Instrument));
    }

    [Fact]
    public void The_end_of_system_hours_closes()
    {
        RingEvent[] events = Take(WireBytes.Deep('S', (byte)'M').Done(), WireBytes.Deep('S', (byte)'E').Done(), WireBytes.Deep('S', (byte)'C').Done());
        Assert.Equal([TradingStatus.Closed, TradingStatus.Closed], events.Select(e => (TradingStatus)e.AsTick().Detail));
    }

    [Fact]
    public void A_gap_forgets_the_open_transaction()
    {
        Take(Level('8', 0, 100, 990_000));
        _next += 3;
        RingEvent[] events = Take(Trade('T', 0));
        Assert.Equal([EventKind.FeedGap, EventKind.Trade], events.Select(e => e.Kind));
        Assert.True(events[1].IsDecideMark);
    }

    [Fact]
    public void A_sequence_that_falls_back_in_a_later_segment_is_a_reset()
    {
        Take(Level('8', 1, 100, 990_000), Status('H', 'T'));
        RingEvent[] events = _decoding.Take(WireBytes.IexTp(1, _sendTime + 5));
        Assert.Equal([EventKind.FeedReset, EventKind.BookCleared, EventKind.StatusChanged], events.Select(e => e.Kind));
        Assert.Equal((1u, (uint)TradingStatus.Unknown, true), (events[1].AsTick().Detail, events[2].AsTick().Detail, events[2].IsDecideMark));
        Assert.Equal((1L, 0L, 0L), (_decoding.Statistics.SequenceResets, _decoding.Statistics.Gaps, _decoding.Statistics.Duplicates));
    }

    [Fact]
    public void A_sequence_that_falls_back_in_a_segment_sent_before_is_a_repetition()
    {
        byte[] segment = WireBytes.IexTp(1, 1_000, Level('8', 1, 100, 990_000));
        Assert.NotEmpty(_decoding.Take(segment));
        Assert.Empty(_decoding.Take(segment));
        Assert.Equal((0L, 1L), (_decoding.Statistics.SequenceResets, _decoding.Statistics.Duplicates));
    }

    [Fact]
    public void Other_protocols_on_the_same_group_are_foreign()
    {
        byte[] tops = WireBytes.IexTp(1, 1_000, Level('8', 1, 100, 990_000));
        tops[2] = 0x03;
        Assert.Empty(_decoding.Take(tops));
        byte[] nextVersion = WireBytes.IexTp(1, 1_000);
        nextVersion[0] = 2;
        Assert.Empty(_decoding.Take(nextVersion));
        Assert.Equal(2, _decoding.Statistics.ForeignPackets);
    }

    [Fact]
    public void A_segment_cut_at_any_byte_loses_only_what_is_cut()
    {
        byte[] whole = WireBytes.IexTp(1, 1, Level('8', 1, 1, 1), Level('5', 1, 1, 1));
        for (int bytes = 0; bytes < whole.Length; bytes++)
        {
            var decoding = new Decoding<IexDeepDecoder>(new IexDeepDecoder(Desk.Symbols("ZIEXT"), new FeedOptions()));
            Assert.Equal(bytes >= 40 + 32 ? 1 : 0, decoding.Take(whole.AsSpan(0, bytes)).Count(e => e.Kind == EventKind.LevelSet));
            Assert.Equal(bytes < 40 ? (1L, 0L) : (0L, 1L), (decoding.Statistics.ForeignPackets, decoding.Statistics.DecodeErrors));
        }
    }
}
