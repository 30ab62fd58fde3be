using System.Text;
using Appliance.Ingest.Dump;
using Appliance.Ingest.Itch;
using Appliance.Ingest.Pcap;

namespace Appliance.Tests.Ingest;

/// <summary>Each message type of ITCH 5.0, built by the specification's field table, must come out field by field.</summary>
public class ItchWireTests
{
    private const string Head = "|stockLocate=4660|trackingNumber=7|timestamp=34200000000001";

    public static TheoryData<byte[], string> Messages => new()
    {
        { WireBytes.Itch('S').A("Q").Done(), $"S{Head}|eventCode=Q" },
        {
            WireBytes.Itch('R').A("AAPL", 8).A("Q").A("N").N(4, 100).A("N").A("C").A("Z", 2).A("P").A("N").A(" ").A("1").A("N").N(4, 0).A("N").Done(),
            $"R{Head}|stock=AAPL|marketCategory=Q|financialStatusIndicator=N|roundLotSize=100|roundLotsOnly=N|issueClassification=C|issueSubType=Z|authenticity=P"
            + "|shortSaleThresholdIndicator=N|ipoFlag=|luldReferencePriceTier=1|etpFlag=N|etpLeverageFactor=0|inverseIndicator=N"
        },
        { WireBytes.Itch('H').A("ZXZZT", 8).A("P").A(" ").A("LUDP").Done(), $"H{Head}|stock=ZXZZT|tradingState=P|reserved=|reason=LUDP" },
        { WireBytes.Itch('Y').A("SOPA", 8).A("1").Done(), $"Y{Head}|stock=SOPA|regShoAction=1" },
        { WireBytes.Itch('L').A("FMAX", 4).A("MFDL", 8).A("Y").A("N").A("A").Done(), $"L{Head}|mpid=FMAX|stock=MFDL|primaryMarketMaker=Y|marketMakerMode=N|marketParticipantState=A" },
        { WireBytes.Itch('V').N(8, 300_000_000_000).N(8, 2).N(8, ulong.MaxValue).Done(), $"V{Head}|level1=300000000000|level2=2|level3=18446744073709551615" },
        { WireBytes.Itch('W').A("1").Done(), $"W{Head}|breachedLevel=1" },
        { WireBytes.Itch('K').A("IPOX", 8).N(4, 36_000).A("A").N(4, 170_000).Done(), $"K{Head}|stock=IPOX|ipoQuotationReleaseTime=36000|ipoQuotationReleaseQualifier=A|ipoPrice=170000" },
        {
            WireBytes.Itch('J').A("LTRY", 8).N(4, 38_200).N(4, 40_100).N(4, 31_200).N(4, 1).Done(),
            $"J{Head}|stock=LTRY|auctionCollarReferencePrice=38200|upperAuctionCollarPrice=40100|lowerAuctionCollarPrice=31200|auctionCollarExtension=1"
        },
        { WireBytes.Itch('h').A("AAPL", 8).A("Q").A("H").Done(), $"h{Head}|stock=AAPL|marketCode=Q|operationalHaltAction=H" },
        {
            WireBytes.Itch('A').N(8, 0x0123456789ABCDEF).A("B").N(4, 100).A("IVOO", 8).N(4, 873_900).Done(),
            $"A{Head}|orderReferenceNumber=81985529216486895|buySellIndicator=B|shares=100|stock=IVOO|price=873900"
        },
        {
            WireBytes.Itch('F').N(8, 5).A("S").N(4, uint.MaxValue).A("BRK.A", 8).N(4, 2_000_000_000).A("FLTU").Done(),
            $"F{Head}|orderReferenceNumber=5|buySellIndicator=S|shares=4294967295|stock=BRK.A|price=2000000000|attribution=FLTU"
        },
        { WireBytes.Itch('E').N(8, 5).N(4, 25).N(8, 255_547).Done(), $"E{Head}|orderReferenceNumber=5|executedShares=25|matchNumber=255547" },
        {
            WireBytes.Itch('C').N(8, 5).N(4, 25).N(8, 9).A("N").N(4, 225_600).Done(),
            $"C{Head}|orderReferenceNumber=5|executedShares=25|matchNumber=9|printable=N|executionPrice=225600"
        },
        { WireBytes.Itch('X').N(8, 5).N(4, 10).Done(), $"X{Head}|orderReferenceNumber=5|canceledShares=10" },
        { WireBytes.Itch('D').N(8, 5).Done(), $"D{Head}|orderReferenceNumber=5" },
        {
            WireBytes.Itch('U').N(8, 5).N(8, 6).N(4, 300).N(4, 1_062_600).Done(),
            $"U{Head}|originalOrderReferenceNumber=5|newOrderReferenceNumber=6|shares=300|price=1062600"
        },
        {
            WireBytes.Itch('P').N(8, 0).A("B").N(4, 3).A("QCOM", 8).N(4, 1_115_300).N(8, 77).Done(),
            $"P{Head}|orderReferenceNumber=0|buySellIndicator=B|shares=3|stock=QCOM|price=1115300|matchNumber=77"
        },
        { WireBytes.Itch('Q').N(8, 5_577).A("TGX", 8).N(4, 195_600).N(8, 78).A("O").Done(), $"Q{Head}|shares=5577|stock=TGX|crossPrice=195600|matchNumber=78|crossType=O" },
        { WireBytes.Itch('B').N(8, 78).Done(), $"B{Head}|matchNumber=78" },
        {
            WireBytes.Itch('I').N(8, 10).N(8, 20).A("S").A("MMDC", 8).N(4, 1).N(4, 2).N(4, 3).A("O").A("L").Done(),
            $"I{Head}|pairedShares=10|imbalanceShares=20|imbalanceDirection=S|stock=MMDC|farPrice=1|nearPrice=2|currentReferencePrice=3|crossType=O|priceVariationIndicator=L"
        },
        { WireBytes.Itch('N').A("AAPL", 8).A("A").Done(), $"N{Head}|stock=AAPL|interestFlag=A" },
        {
            WireBytes.Itch('O').A("DLCR", 8).A("Y").N(4, 1).N(4, 2).N(4, 3).N(8, 4).N(4, 5).N(4, 6).Done(),
            $"O{Head}|stock=DLCR|openEligibilityStatus=Y|minimumAllowablePrice=1|maximumAllowablePrice=2|nearExecutionPrice=3|nearExecutionTime=4"
            + "|lowerPriceRangeCollar=5|upperPriceRangeCollar=6"
        },
        // What is not in the tables, and what text fields may hold.
        { WireBytes.Itch('z').Done(), "unknown|type=122|length=11" },
        { WireBytes.Itch('D').N(7, 5).Done(), "short|type=68|length=18" },
        { WireBytes.Itch('W').A("1").A("later field").Done(), $"W{Head}|breachedLevel=1" },
        { [], "empty" },
        { WireBytes.Itch('N').A("A|\\\u0000é B ", 8).A("A").Done(), $"N{Head}|stock=A\\x7c\\x5c\\x00\\xe9 B|interestFlag=A" },
    };

    [Theory, MemberData(nameof(Messages))]
    public void Every_field_of_every_type_is_read(byte[] message, string expected)
    {
        using var file = new TemporaryFile(WireBytes.Big.N(2, (ulong)message.Length).Raw(message).Done());
        using var dump = new MemoryStream();
        FieldDump.Write(file.Path, dump, CaptureKind.ItchFile);
        Assert.Equal(expected + "\n", Encoding.ASCII.GetString(dump.ToArray()));
    }

    [Fact]
    public void The_table_covers_all_23_types()
    {
        int known = Enumerable.Range(0, 256).Count(type => ItchMessage.LengthOf((byte)type) > 0);
        Assert.Equal(23, known);
        Assert.Equal(known, Messages.Select(row => ((byte[])row[0]).FirstOrDefault()).Where(type => ItchMessage.LengthOf(type) > 0).Distinct().Count());
    }

    [Fact]
    public void A_view_over_too_few_bytes_is_a_programmers_error()
    {
        byte[] message = WireBytes.Itch('D').N(7, 5).Done();
        Assert.Throws<ArgumentException>(() => new OrderDelete(message).OrderReferenceNumber);
    }
}
