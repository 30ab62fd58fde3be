using System.Text;
using Appliance.Ingest.Deep;
using Appliance.Ingest.Dump;
using Appliance.Ingest.Pcap;

namespace Appliance.Tests.Ingest;

/// <summary>Each message type of DEEP 1.0, built by the specification's field table, must come out field by field.</summary>
public class DeepWireTests
{
    private const string Time = "|timestamp=1493132859081085852";

    public static TheoryData<byte[], string> Messages => new()
    {
        { WireBytes.Deep('S', (byte)'O').Done(), $"S|systemEvent=O{Time}" },
        { WireBytes.Deep('D', 0x80).A("ZIEXT", 8).N(4, 100).N(8, 990_500).N(1, 1).Done(), $"D|flags=128{Time}|symbol=ZIEXT|roundLotSize=100|adjustedPocPrice=990500|luldTier=1" },
        { WireBytes.Deep('H', (byte)'H').A("ZIEXT", 8).A("T1", 4).Done(), $"H|tradingStatus=H{Time}|symbol=ZIEXT|reason=T1" },
        { WireBytes.Deep('I', (byte)'A').A("ZIEXT", 8).Done(), $"I|retailLiquidityIndicator=A{Time}|symbol=ZIEXT" },
        { WireBytes.Deep('O', (byte)'O').A("ZIEXT", 8).Done(), $"O|operationalHaltStatus=O{Time}|symbol=ZIEXT" },
        { WireBytes.Deep('P', 1).A("ZIEXT", 8).A("A").Done(), $"P|shortSalePriceTestStatus=1{Time}|symbol=ZIEXT|detail=A" },
        { WireBytes.Deep('E', (byte)'C').A("ZIEXT", 8).Done(), $"E|securityEvent=C{Time}|symbol=ZIEXT" },
        { WireBytes.Deep('8', 1).A("ZIEXT", 8).N(4, 9_700).N(8, 990_500).Done(), $"8|eventFlags=1{Time}|symbol=ZIEXT|size=9700|price=990500" },
        { WireBytes.Deep('5', 0).A("ZIEXT", 8).N(4, 0).N(8, unchecked((ulong)-1L)).Done(), $"5|eventFlags=0{Time}|symbol=ZIEXT|size=0|price=-1" },
        {
            WireBytes.Deep('T', 0xA0).A("ZIEXT", 8).N(4, 100).N(8, 990_550).N(8, 429_974).Done(),
            $"T|saleConditionFlags=160{Time}|symbol=ZIEXT|size=100|price=990550|tradeId=429974"
        },
        {
            WireBytes.Deep('B', 0).A("ZIEXT", 8).N(4, 100).N(8, 990_550).N(8, 429_974).Done(),
            $"B|saleConditionFlags=0{Time}|symbol=ZIEXT|size=100|price=990550|tradeId=429974"
        },
        { WireBytes.Deep('X', (byte)'Q').A("ZIEXT", 8).N(8, 990_500).Done(), $"X|priceType=Q{Time}|symbol=ZIEXT|officialPrice=990500" },
        {
            WireBytes.Deep('A', (byte)'C').A("ZIEXT", 8).N(4, 1).N(8, 2).N(8, 3).N(4, 4).A("B").N(1, 5).N(4, 6).N(8, 7).N(8, 8).N(8, 9).N(8, 10).Done(),
            $"A|auctionType=C{Time}|symbol=ZIEXT|pairedShares=1|referencePrice=2|indicativeClearingPrice=3|imbalanceShares=4|imbalanceSide=B|extensionNumber=5"
            + "|scheduledAuctionTime=6|auctionBookClearingPrice=7|collarReferencePrice=8|lowerAuctionCollar=9|upperAuctionCollar=10"
        },
        { WireBytes.Deep('z', 0).Done(), "unknown|type=122|length=10" },
        { WireBytes.Deep('O', (byte)'O').A("ZIEXT", 7).Done(), "short|type=79|length=17" },
    };

    [Theory, MemberData(nameof(Messages))]
    public void Every_field_of_every_type_is_read(byte[] message, string expected)
    {
        byte[] segment = WireBytes.IexTp(1_132_527_616, 7, 1_493_132_859_000_000_000, message);
        using var file = new TemporaryFile(CaptureBytes.Pcap(false, false, 1, (0, WireBytes.Frame(segment))));
        using var dump = new MemoryStream();
        FieldDump.Write(file.Path, dump, CaptureKind.PcapDeep);
        string header = $"iextp|version=1|protocol=32772|channel=1|session=1132527616|length={message.Length + 2}|count=1|offset=0|sequence=7|sendTime=1493132859000000000\n";
        Assert.Equal(header + expected + "\n", Encoding.ASCII.GetString(dump.ToArray()));
    }

    [Fact]
    public void The_table_covers_all_13_types()
    {
        int known = Enumerable.Range(0, 256).Count(type => DeepMessage.LengthOf((byte)type) > 0);
        Assert.Equal(13, known);
        Assert.Equal(known, Messages.Select(row => ((byte[])row[0])[0]).Where(type => DeepMessage.LengthOf(type) > 0).Distinct().Count());
    }

    [Fact]
    public void A_header_is_written_as_it_is_read()
    {
        byte[] segment = WireBytes.IexTp(77, 12, 34);
        Assert.True(IexTpHeader.TryRead(segment, out IexTpHeader header));
        var copy = new byte[IexTpHeader.Length];
        header.WriteTo(copy);
        Assert.Equal(segment, copy);
        Assert.False(IexTpHeader.TryRead(segment.AsSpan(1), out _));
    }
}
