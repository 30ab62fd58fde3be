using Appliance.Ingest;
using Appliance.Ingest.Itch;

namespace Appliance.Tests.Ingest;

/// <summary>What the encoder writes equals bytes built by the specification's tables.</summary>
public class EncoderTests
{
    private const ushort Locate = 0x1234, Tracking = 7;
    private const ulong Time = 34_200_000_000_001;
    private static readonly Symbol8 s_aapl = Symbol8.Parse("AAPL");

    private delegate int Encode(Span<byte> to);

    private static void AssertBytes(byte[] expected, Encode encode)
    {
        var room = new byte[64];
        int length = encode(room);
        Assert.Equal(expected, room[..length]);
        Assert.Equal(ItchMessage.LengthOf(expected[0]), length);
        Assert.Throws<ArgumentOutOfRangeException>(() => encode(new byte[length - 1]));
    }

    [Fact]
    public void Every_message_it_knows()
    {
        AssertBytes(WireBytes.Itch('S', 0).A("Q").Done(), to => ItchEncoder.SystemEvent(to, Tracking, Time, 'Q'));
        AssertBytes(
            WireBytes.Itch('R').A("AAPL", 8).A("QN").N(4, 100).A("NCZ PN 1N").N(4, 0).A("N").Done(),
            to => ItchEncoder.StockDirectory(to, Locate, Tracking, Time, s_aapl, 100, ipoFlag: ' '));
        AssertBytes(WireBytes.Itch('H').A("AAPL", 8).A("P LUDP").Done(), to => ItchEncoder.StockTradingAction(to, Locate, Tracking, Time, s_aapl, 'P', "LUDP"));
        AssertBytes(WireBytes.Itch('Y').A("AAPL", 8).A("1").Done(), to => ItchEncoder.RegShoRestriction(to, Locate, Tracking, Time, s_aapl, '1'));
        AssertBytes(
            WireBytes.Itch('L').A("FMAX").A("AAPL", 8).A("YNA").Done(),
            to => ItchEncoder.MarketParticipantPosition(to, Locate, Tracking, Time, "FMAX", s_aapl, 'Y', 'N', 'A'));
        AssertBytes(WireBytes.Itch('V', 0).N(8, 1).N(8, 2).N(8, 3).Done(), to => ItchEncoder.MwcbDeclineLevel(to, Tracking, Time, 1, 2, 3));
        AssertBytes(WireBytes.Itch('W', 0).A("2").Done(), to => ItchEncoder.MwcbStatus(to, Tracking, Time, '2'));
        AssertBytes(
            WireBytes.Itch('J').A("AAPL", 8).N(4, 1).N(4, 2).N(4, 3).N(4, 4).Done(), to => ItchEncoder.LuldAuctionCollar(to, Locate, Tracking, Time, s_aapl, 1, 2, 3, 4));
        AssertBytes(WireBytes.Itch('h').A("AAPL", 8).A("QH").Done(), to => ItchEncoder.OperationalHalt(to, Locate, Tracking, Time, s_aapl, 'Q', 'H'));
        AssertBytes(
            WireBytes.Itch('A').N(8, 5).A("B").N(4, 6).A("AAPL", 8).N(4, 7).Done(), to => ItchEncoder.AddOrder(to, Locate, Tracking, Time, 5, 'B', 6, s_aapl, 7));
        AssertBytes(
            WireBytes.Itch('F').N(8, 5).A("S").N(4, 6).A("AAPL", 8).N(4, 7).A("AB  ").Done(),
            to => ItchEncoder.AddOrderWithMpid(to, Locate, Tracking, Time, 5, 'S', 6, s_aapl, 7, "AB"));
        AssertBytes(WireBytes.Itch('E').N(8, 5).N(4, 6).N(8, 7).Done(), to => ItchEncoder.OrderExecuted(to, Locate, Tracking, Time, 5, 6, 7));
        AssertBytes(
            WireBytes.Itch('C').N(8, 5).N(4, 6).N(8, 7).A("N").N(4, 8).Done(), to => ItchEncoder.OrderExecutedWithPrice(to, Locate, Tracking, Time, 5, 6, 7, 'N', 8));
        AssertBytes(WireBytes.Itch('X').N(8, 5).N(4, 6).Done(), to => ItchEncoder.OrderCancel(to, Locate, Tracking, Time, 5, 6));
        AssertBytes(WireBytes.Itch('D').N(8, 5).Done(), to => ItchEncoder.OrderDelete(to, Locate, Tracking, Time, 5));
        AssertBytes(WireBytes.Itch('U').N(8, 5).N(8, 6).N(4, 7).N(4, 8).Done(), to => ItchEncoder.OrderReplace(to, Locate, Tracking, Time, 5, 6, 7, 8));
        AssertBytes(
            WireBytes.Itch('P').N(8, 9).A("B").N(4, 6).A("AAPL", 8).N(4, 7).N(8, 8).Done(),
            to => ItchEncoder.NonCrossTrade(to, Locate, Tracking, Time, 'B', 6, s_aapl, 7, 8, 9));
        AssertBytes(
            WireBytes.Itch('Q').N(8, 5).A("AAPL", 8).N(4, 6).N(8, 7).A("O").Done(), to => ItchEncoder.CrossTrade(to, Locate, Tracking, Time, 5, s_aapl, 6, 7, 'O'));
        AssertBytes(WireBytes.Itch('B').N(8, 5).Done(), to => ItchEncoder.BrokenTrade(to, Locate, Tracking, Time, 5));
    }
}
