using Appliance.Contract;
using Appliance.Ingest;
using Appliance.Ingest.Itch;
using Appliance.Ingest.Mold;

namespace Appliance.Tests.Ingest;

/// <summary>What each ITCH message means to the market, and where the decide mark stands.</summary>
public class ItchNormaliserTests
{
    private readonly Decoding<MoldItchDecoder> _decoding = new(new MoldItchDecoder(Desk.Symbols("MSFT", "AAPL"), new FeedOptions()));
    private readonly Symbol8 _aapl = Symbol8.Parse("AAPL");
    private readonly byte[] _room = new byte[64];
    private ulong _next = 1;

    private RingEvent[] Take(params ReadOnlySpan<byte[]> messages)
    {
        byte[] packet = WireBytes.Mold(_next, messages);
        _next += (ulong)messages.Length;
        return [.. _decoding.Take(packet).Where(e => e.Kind != EventKind.BookCleared)];
    }

    private byte[] Written(int length) => _room[..length].ToArray();
    private byte[] Directory(ushort locate, string stock) => Written(ItchEncoder.StockDirectory(_room, locate, 0, 1, Symbol8.Parse(stock), 100));
    private byte[] Add(ushort locate, string stock, ulong reference, char side = 'B') =>
        Written(ItchEncoder.AddOrder(_room, locate, 0, 1, reference, side, 300, Symbol8.Parse(stock), 1_500_000));
    private byte[] Delete(ushort locate, ulong reference) => Written(ItchEncoder.OrderDelete(_room, locate, 0, 1, reference));
    private byte[] Trading(char state) => Written(ItchEncoder.StockTradingAction(_room, 2, 0, 1, _aapl, state));

    [Fact]
    public void Orders_become_events_of_the_same_numbers()
    {
        Take(Directory(2, "AAPL"));
        RingEvent[] events = Take(
            Add(2, "AAPL", 10), Add(2, "AAPL", 11, 'S'),
            Written(ItchEncoder.OrderExecuted(_room, 2, 0, 1, 10, 50, 900)),
            Written(ItchEncoder.OrderExecutedWithPrice(_room, 2, 0, 1, 11, 60, 901, 'N', 1_490_000)),
            Written(ItchEncoder.OrderExecutedWithPrice(_room, 2, 0, 1, 11, 61, 902, 'Y', 1_490_001)),
            Written(ItchEncoder.OrderCancel(_room, 2, 0, 1, 10, 20)),
            Written(ItchEncoder.OrderReplace(_room, 2, 0, 1, 10, 12, 400, 1_480_000)),
            Delete(2, 12),
            Written(ItchEncoder.NonCrossTrade(_room, 2, 0, 1, 'B', 5, _aapl, 1_495_050, 903)),
            Written(ItchEncoder.CrossTrade(_room, 2, 0, 1, 7_000_000_000, _aapl, 1_495_000, 904, 'O')),
            Written(ItchEncoder.CrossTrade(_room, 2, 0, 1, 0, _aapl, 0, 905, 'C')),
            Written(ItchEncoder.BrokenTrade(_room, 2, 0, 1, 903)));
        (EventKind, Side, EventFlags, long, long, ulong, ulong)[] expected =
        [
            (EventKind.OrderAdded, Side.Buy, EventFlags.None, 1_500_000, 300, 10, 0),
            (EventKind.OrderAdded, Side.Sell, EventFlags.None, 1_500_000, 300, 11, 0),
            (EventKind.OrderExecuted, Side.None, EventFlags.None, 0, 50, 10, 900),
            (EventKind.OrderExecutedAtPrice, Side.None, EventFlags.NotLastSale, 1_490_000, 60, 11, 901),
            (EventKind.OrderExecutedAtPrice, Side.None, EventFlags.None, 1_490_001, 61, 11, 902),
            (EventKind.OrderReduced, Side.None, EventFlags.None, 0, 20, 10, 0),
            (EventKind.OrderReplaced, Side.None, EventFlags.None, 1_480_000, 400, 10, 12),
            (EventKind.OrderDeleted, Side.None, EventFlags.None, 0, 0, 12, 0),
            (EventKind.Trade, Side.None, EventFlags.NonDisplayed, 1_495_050, 5, 0, 903),
            (EventKind.Trade, Side.None, EventFlags.NotLastSale, 1_495_000, 7_000_000_000, 0, 904),
            (EventKind.TradeBroken, Side.None, EventFlags.DecideMark, 0, 0, 0, 903),
        ];
        Assert.Equal(expected, events.Select(e => e.AsTick())
            .Select(t => (t.Kind, t.Side, t.Flags, t.PriceUnits, t.QuantityUnits, t.Reference, t.Reference2)));
        Assert.All(events, e => Assert.Equal((1, 3, Decoding<MoldItchDecoder>.ReceivedUtcNs), (e.Instrument, e.Source, e.TimeUtcNs)));
        Assert.Equal(12 + 1, _decoding.Statistics.Messages);
        Assert.Equal(12, _decoding.Statistics.Ticks);
        Assert.Equal(2, _decoding.Statistics.MessageTypeCounts['A']);
        Assert.Equal("AddOrder", _decoding.Statistics.MessageTypeNames['A']);
    }

    [Fact]
    public void The_last_event_of_a_packet_is_marked_although_the_last_message_is_anothers()
    {
        RingEvent[] events = Take(Add(2, "AAPL", 1), Add(2, "AAPL", 2), Add(9, "TSLA", 3));
        Assert.Equal([false, true], events.Select(e => e.IsDecideMark));
        Assert.Equal(1, _decoding.Statistics.IgnoredMessages);
    }

    [Fact]
    public void A_packet_of_other_instruments_makes_no_event()
    {
        Take(Add(2, "AAPL", 1));
        Assert.Empty(Take(Add(9, "TSLA", 3), Delete(9, 3), Delete(77, 4)));
        Assert.Equal(3, _decoding.Statistics.IgnoredMessages);
    }

    [Fact]
    public void A_capture_without_a_directory_learns_locates_from_orders()
    {
        RingEvent[] events = Take(Delete(2, 1), Add(2, "AAPL", 2), Delete(2, 2));
        Assert.Equal([EventKind.OrderAdded, EventKind.OrderDeleted], events.Select(e => e.Kind));
        Assert.Equal(1, _decoding.Statistics.IgnoredMessages);
    }

    [Fact]
    public void Locate_zero_names_no_stock()
    {
        RingEvent[] events = Take(Add(0, "AAPL", 1), Add(0, "MSFT", 2), Delete(0, 2));
        Assert.Equal([1, 0], events.Select(e => (int)e.Instrument));
    }

    [Fact]
    public void Statuses_are_told_when_they_change()
    {
        RingEvent[] events = Take(Trading('T'), Trading('T'), Trading('H'), Trading('P'), Trading('Q'), Trading('T'));
        TradingStatus[] expected = [TradingStatus.Trading, TradingStatus.Halted, TradingStatus.Paused, TradingStatus.QuoteOnly, TradingStatus.Trading];
        Assert.Equal(expected, events.Select(e => (TradingStatus)e.AsTick().Detail));
        Assert.All(events, e => Assert.Equal((EventKind.StatusChanged, 1), (e.Kind, e.Instrument)));
    }

    [Fact]
    public void An_operational_halt_of_this_market_stands_above_the_trading_state()
    {
        byte[] Halt(char market, char action) => Written(ItchEncoder.OperationalHalt(_room, 2, 0, 1, _aapl, market, action));
        RingEvent[] events = Take(Trading('T'), Halt('B', 'H'), Halt('Q', 'H'), Trading('T'), Halt('Q', 'T'));
        Assert.Equal([TradingStatus.Trading, TradingStatus.Halted, TradingStatus.Trading], events.Select(e => (TradingStatus)e.AsTick().Detail));
    }

    [Fact]
    public void The_end_of_system_hours_closes_every_instrument_once()
    {
        byte[] Event(char code) => Written(ItchEncoder.SystemEvent(_room, 0, 1, code));
        RingEvent[] events = Take(Event('O'), Event('S'), Event('Q'), Event('M'), Event('E'), Event('C'));
        Assert.Equal([(0, (uint)TradingStatus.Closed), (1, (uint)TradingStatus.Closed)], events.Select(e => ((int)e.Instrument, e.AsTick().Detail)));
    }

    [Fact]
    public void A_collar_of_a_pause_ends_with_the_pause_and_one_of_trading_stays()
    {
        byte[] Collar() => Written(ItchEncoder.LuldAuctionCollar(_room, 2, 0, 1, _aapl, 1_000, 1_100, 900, 0));
        RingEvent[] events = Take(Trading('P'), Collar(), Trading('T'), Collar(), Trading('H'), Trading('T'));
        (long, long)[] bands = [.. events.Where(e => e.Kind == EventKind.PriceBandSet).Select(e => (e.AsTick().PriceUnits, e.AsTick().QuantityUnits))];
        Assert.Equal([(900, 1_100), (0, long.MaxValue), (900, 1_100)], bands);
        Assert.Equal(1_000ul, events[1].AsTick().Reference);
    }

    [Theory]
    [InlineData(1u, 2u, 3u, 2L)]
    [InlineData(1u, 0u, 3u, 3L)]
    public void An_imbalance_shows_the_indicative_price(uint far, uint near, uint reference, long expected)
    {
        byte[] imbalance = WireBytes.Itch('I', locate: 2).N(8, 10).N(8, 20).A("S").A("AAPL", 8).N(4, far).N(4, near).N(4, reference).A("O").A("L").Done();
        Tick tick = Assert.Single(Take(imbalance)).AsTick();
        Assert.Equal((EventKind.AuctionIndicated, Side.Sell, expected, 10L, 20ul), (tick.Kind, tick.Side, tick.PriceUnits, tick.QuantityUnits, tick.Reference));
    }

    [Fact]
    public void What_decides_nothing_is_counted_and_silent()
    {
        Assert.Empty(Take(
            WireBytes.Itch('L').A("FMAX", 4).A("AAPL", 8).A("Y").A("N").A("A").Done(),
            WireBytes.Itch('V').N(8, 1).N(8, 2).N(8, 3).Done(),
            WireBytes.Itch('z').Done(),
            WireBytes.Itch('D').Done(),
            []));
        SourceStatistics statistics = _decoding.Statistics;
        Assert.Equal((5L, 1L, 2L, 0L), (statistics.Messages, statistics.UnknownMessages, statistics.DecodeErrors, statistics.IgnoredMessages));
        Assert.Contains("shorter", statistics.FirstError);
    }

    [Fact]
    public void The_venues_clock_is_compared_when_its_midnight_is_known()
    {
        const long midnight = Decoding<MoldItchDecoder>.ReceivedUtcNs - 1_000;
        var decoding = new Decoding<MoldItchDecoder>(new MoldItchDecoder(Desk.Symbols("AAPL"), new FeedOptions { MidnightUtcNs = midnight }));
        decoding.Take(WireBytes.Mold(1, WireBytes.Itch('D', timestamp: 1_300).N(8, 1).Done()));
        decoding.Take(WireBytes.Mold(2, WireBytes.Itch('D', timestamp: 700).N(8, 1).Done()));
        Assert.Equal((-300L, 300L), (decoding.Statistics.VenueClockLeadNsMin, decoding.Statistics.VenueClockLeadNsMax));
    }
}
