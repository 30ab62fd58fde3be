using Appliance.Contract;
using Appliance.Ingest;
using Appliance.Ingest.Mold;

namespace Appliance.Tests.Ingest;

/// <summary>Gaps, repetitions, resets, heartbeats and the end of a MoldUDP64 session: counted, told, survived.</summary>
public class MoldSequenceTests
{
    private readonly Decoding<MoldItchDecoder> _decoding;
    private readonly MoldItchDecoder _decoder;

    public MoldSequenceTests()
    {
        _decoder = new MoldItchDecoder(Desk.Symbols("AAPL"), new FeedOptions { DuplicateWindowMessages = 100 });
        _decoding = new Decoding<MoldItchDecoder>(_decoder);
    }

    private static byte[] Add(ulong reference) => WireBytes.Itch('A').N(8, reference).A("B").N(4, 100).A("AAPL", 8).N(4, 1_000_000).Done();

    [Fact]
    public void A_session_from_its_first_message_has_complete_books()
    {
        RingEvent[] events = _decoding.Take(WireBytes.Mold(1, Add(1)));
        Assert.Equal([EventKind.BookCleared, EventKind.OrderAdded], events.Select(e => e.Kind));
        Assert.Equal(1u, events[0].AsTick().Detail);
        Assert.Equal(RingEvent.AllInstruments, events[0].Instrument);
    }

    [Theory]
    [InlineData(17ul, BookStart.BySequence, 0u)]
    [InlineData(17ul, BookStart.Complete, 1u)]
    [InlineData(1ul, BookStart.Incomplete, 0u)]
    public void A_session_entered_later_is_complete_only_when_the_options_say_so(ulong first, BookStart start, uint complete)
    {
        var decoding = new Decoding<MoldItchDecoder>(new MoldItchDecoder(Desk.Symbols("AAPL"), new FeedOptions { BookStart = start }));
        Assert.Equal(complete, decoding.Take(WireBytes.Mold(first, Add(1)))[0].AsTick().Detail);
        Assert.Equal(0, decoding.Statistics.Gaps);
    }

    [Fact]
    public void A_gap_is_told_before_the_packet_that_shows_it()
    {
        _decoding.Take(WireBytes.Mold(1, Add(1), Add(2)));
        RingEvent[] events = _decoding.Take(WireBytes.Mold(8, Add(8)));
        Assert.Equal([EventKind.FeedGap, EventKind.OrderAdded], events.Select(e => e.Kind));
        Assert.Equal((3ul, 5L), (events[0].AsTick().Reference, events[0].AsTick().QuantityUnits));
        Assert.Equal((1L, 5L), (_decoding.Statistics.Gaps, _decoding.Statistics.MissingMessages));
        Assert.Equal(9ul, _decoder.ExpectedSequence);
    }

    [Fact]
    public void A_heartbeat_shows_a_gap_at_the_end_and_marks_it()
    {
        _decoding.Take(WireBytes.Mold(1, Add(1)));
        Assert.Empty(_decoding.Take(WireBytes.Mold(2)));
        RingEvent gap = Assert.Single(_decoding.Take(WireBytes.Mold(5)));
        Assert.Equal((EventKind.FeedGap, true), (gap.Kind, gap.IsDecideMark));
    }

    [Fact]
    public void A_repeated_packet_changes_nothing_and_an_overlapping_one_only_its_new_part()
    {
        _decoding.Take(WireBytes.Mold(1, Add(1), Add(2)));
        Assert.Empty(_decoding.Take(WireBytes.Mold(1, Add(1), Add(2))));
        Assert.Equal(2, _decoding.Statistics.Duplicates);
        RingEvent added = Assert.Single(_decoding.Take(WireBytes.Mold(2, Add(2), Add(3))));
        Assert.Equal(3ul, added.AsTick().Reference);
        Assert.Equal((3L, 3L, 0L), (_decoding.Statistics.Duplicates, _decoding.Statistics.Messages, _decoding.Statistics.Gaps));
    }

    [Fact]
    public void Another_session_voids_the_books()
    {
        _decoding.Take(WireBytes.Mold("MONDAY", 1, Add(1)));
        RingEvent[] events = _decoding.Take(WireBytes.Mold("TUESDAY", 1, Add(1)));
        Assert.Equal([EventKind.FeedReset, EventKind.BookCleared, EventKind.OrderAdded], events.Select(e => e.Kind));
        Assert.Equal((1ul, 1u), (events[0].AsTick().Reference, events[1].AsTick().Detail));
        Assert.Equal(1, _decoding.Statistics.SequenceResets);
    }

    [Theory]
    [InlineData(100ul, false)]
    [InlineData(102ul, true)]
    public void The_same_session_begins_again_when_it_falls_back_past_the_window(ulong messagesBefore, bool isReset)
    {
        _decoding.Take(WireBytes.Mold(messagesBefore, Add(1)));
        _decoding.Take(WireBytes.Mold(1, Add(1)));
        Assert.Equal(isReset ? 1 : 0, _decoding.Statistics.SequenceResets);
        Assert.Equal(isReset ? 0 : 1, _decoding.Statistics.Duplicates);
    }

    [Fact]
    public void A_reset_into_the_middle_leaves_the_books_incomplete()
    {
        _decoding.Take(WireBytes.Mold(1_000, Add(1)));
        RingEvent[] events = _decoding.Take(WireBytes.Mold(50, Add(2)));
        Assert.Equal(0u, events.Single(e => e.Kind == EventKind.BookCleared).AsTick().Detail);
    }

    [Fact]
    public void After_a_reset_locates_and_statuses_are_unknown_again()
    {
        byte[] trading = WireBytes.Itch('H').A("AAPL", 8).A("T").A(" ").A("", 4).Done();
        RingEvent[] first = _decoding.Take(WireBytes.Mold("A", 1, Add(1), trading));
        Assert.Equal((uint)TradingStatus.Trading, first[^1].AsTick().Detail);
        byte[] delete = WireBytes.Itch('D').N(8, 1).Done();
        RingEvent[] second = _decoding.Take(WireBytes.Mold("B", 1, delete));
        Assert.Equal([EventKind.FeedReset, EventKind.BookCleared, EventKind.StatusChanged], second.Select(e => e.Kind));
        Assert.Equal((uint)TradingStatus.Unknown, second[2].AsTick().Detail);
        Assert.Equal(1, _decoding.Statistics.IgnoredMessages);
    }

    [Fact]
    public void The_end_of_the_session_is_seen_and_what_comes_after_is_taken()
    {
        _decoding.Take(WireBytes.Mold(1, Add(1)));
        byte[] end = WireBytes.Big.A("SESSION001").N(8, 2).N(2, 0xFFFF).Done();
        Assert.Empty(_decoding.Take(end));
        Assert.True(_decoder.SessionEnded);
        Assert.NotEmpty(_decoding.Take(WireBytes.Mold("NEXT", 1, Add(1))));
        Assert.False(_decoder.SessionEnded);
    }

    [Fact]
    public void Packets_without_a_sequence_are_taken_as_they_come()
    {
        RingEvent[] first = _decoding.Take(WireBytes.Mold("\0\0\0\0\0\0\0\0\0\0", 0, Add(1)));
        Assert.Equal(0u, first[0].AsTick().Detail);
        Assert.Equal(EventKind.OrderAdded, Assert.Single(_decoding.Take(WireBytes.Mold("\0\0\0\0\0\0\0\0\0\0", 0, Add(2)))).Kind);
        Assert.Equal((0L, 0L, 0L), (_decoding.Statistics.Gaps, _decoding.Statistics.Duplicates, _decoding.Statistics.SequenceResets));
    }

    [Fact]
    public void A_packet_cut_at_any_byte_loses_only_what_is_cut()
    {
        byte[] whole = WireBytes.Mold(1, Add(1), Add(2));
        for (int bytes = 0; bytes < whole.Length; bytes++)
        {
            var decoding = new Decoding<MoldItchDecoder>(new MoldItchDecoder(Desk.Symbols("AAPL"), new FeedOptions()));
            int added = decoding.Take(whole.AsSpan(0, bytes)).Count(e => e.Kind == EventKind.OrderAdded);
            int messagesWhole = bytes >= 20 + 38 ? 1 : 0;
            Assert.Equal(messagesWhole, added);
            Assert.Equal(bytes < 20 ? 1 : 0, decoding.Statistics.ForeignPackets);
            Assert.Equal(bytes < 20 ? 0 : 1, decoding.Statistics.DecodeErrors);
            Assert.Equal(bytes >= 20, decoding.Statistics.FirstError is not null);
        }
    }

    [Fact]
    public void The_writer_makes_what_the_decoder_reads()
    {
        var writer = new MoldPacketWriter(MoldSession.Parse("VENUE"), maxDatagramBytes: 20 + 38 + 38);
        Assert.True(writer.TryAppend(Add(1)));
        Assert.True(writer.TryAppend(Add(2)));
        Assert.False(writer.TryAppend(Add(3)));
        Assert.Equal(WireBytes.Mold("VENUE", 1, Add(1), Add(2)), writer.Finish().ToArray());
        Assert.Equal(3ul, writer.NextSequence);
        Assert.Equal(WireBytes.Mold("VENUE", 3), writer.Finish().ToArray());
        Assert.Equal(WireBytes.Big.A("VENUE", 10).N(8, 3).N(2, 0xFFFF).Done(), writer.EndOfSession().ToArray());
        writer.TryAppend(Add(3));
        Assert.Throws<InvalidOperationException>(() => writer.EndOfSession());
    }
}
