using Appliance.Ingest.Deep;

namespace Appliance.Ingest.Dump;

/// <summary>Every field of every DEEP 1.0 message, through the same views that the normaliser reads.</summary>
internal static class DeepDump
{
    public static void Write(ReadOnlySpan<byte> message, DumpLine line)
    {
        byte type = message[0];
        line.Begin(type);
        switch (type)
        {
            case SystemEvent.Type: Put(new SystemEvent(message), line); break;
            case SecurityDirectory.Type: Put(new SecurityDirectory(message), line); break;
            case TradingStatusMessage.Type: Put(new TradingStatusMessage(message), line); break;
            case RetailLiquidityIndicator.Type: Put(new RetailLiquidityIndicator(message), line); break;
            case OperationalHaltStatus.Type: Put(new OperationalHaltStatus(message), line); break;
            case ShortSalePriceTestStatus.Type: Put(new ShortSalePriceTestStatus(message), line); break;
            case SecurityEvent.Type: Put(new SecurityEvent(message), line); break;
            case PriceLevelUpdate.BuyType or PriceLevelUpdate.SellType: Put(new PriceLevelUpdate(message), line); break;
            case TradeReport.Type or TradeReport.BreakType: Put(new TradeReport(message), line); break;
            case OfficialPrice.Type: Put(new OfficialPrice(message), line); break;
            case AuctionInformation.Type: Put(new AuctionInformation(message), line); break;
        }
        line.End();
    }

    private static void Put(SystemEvent m, DumpLine line) => line
        .Alpha("systemEvent"u8, m.SystemEventCode)
        .Signed("timestamp"u8, m.Timestamp);

    private static void Put(SecurityDirectory m, DumpLine line) => line
        .Unsigned("flags"u8, m.Flags)
        .Signed("timestamp"u8, m.Timestamp)
        .Alpha("symbol"u8, m.Symbol)
        .Unsigned("roundLotSize"u8, m.RoundLotSize)
        .Signed("adjustedPocPrice"u8, m.AdjustedPocPrice)
        .Unsigned("luldTier"u8, m.LuldTier);

    private static void Put(TradingStatusMessage m, DumpLine line) => line
        .Alpha("tradingStatus"u8, m.TradingStatus)
        .Signed("timestamp"u8, m.Timestamp)
        .Alpha("symbol"u8, m.Symbol)
        .Alpha("reason"u8, m.Reason);

    private static void Put(RetailLiquidityIndicator m, DumpLine line) => line
        .Alpha("retailLiquidityIndicator"u8, m.Indicator)
        .Signed("timestamp"u8, m.Timestamp)
        .Alpha("symbol"u8, m.Symbol);

    private static void Put(OperationalHaltStatus m, DumpLine line) => line
        .Alpha("operationalHaltStatus"u8, m.Status)
        .Signed("timestamp"u8, m.Timestamp)
        .Alpha("symbol"u8, m.Symbol);

    private static void Put(ShortSalePriceTestStatus m, DumpLine line) => line
        .Unsigned("shortSalePriceTestStatus"u8, m.Status)
        .Signed("timestamp"u8, m.Timestamp)
        .Alpha("symbol"u8, m.Symbol)
        .Alpha("detail"u8, m.Detail);

    private static void Put(SecurityEvent m, DumpLine line) => line
        .Alpha("securityEvent"u8, m.SecurityEventCode)
        .Signed("timestamp"u8, m.Timestamp)
        .Alpha("symbol"u8, m.Symbol);

    private static void Put(PriceLevelUpdate m, DumpLine line) => line
        .Unsigned("eventFlags"u8, m.EventFlags)
        .Signed("timestamp"u8, m.Timestamp)
        .Alpha("symbol"u8, m.Symbol)
        .Unsigned("size"u8, m.Size)
        .Signed("price"u8, m.Price);

    private static void Put(TradeReport m, DumpLine line) => line
        .Unsigned("saleConditionFlags"u8, m.SaleConditionFlags)
        .Signed("timestamp"u8, m.Timestamp)
        .Alpha("symbol"u8, m.Symbol)
        .Unsigned("size"u8, m.Size)
        .Signed("price"u8, m.Price)
        .Signed("tradeId"u8, m.TradeId);

    private static void Put(OfficialPrice m, DumpLine line) => line
        .Alpha("priceType"u8, m.PriceType)
        .Signed("timestamp"u8, m.Timestamp)
        .Alpha("symbol"u8, m.Symbol)
        .Signed("officialPrice"u8, m.Price);

    private static void Put(AuctionInformation m, DumpLine line) => line
        .Alpha("auctionType"u8, m.AuctionType)
        .Signed("timestamp"u8, m.Timestamp)
        .Alpha("symbol"u8, m.Symbol)
        .Unsigned("pairedShares"u8, m.PairedShares)
        .Signed("referencePrice"u8, m.ReferencePrice)
        .Signed("indicativeClearingPrice"u8, m.IndicativeClearingPrice)
        .Unsigned("imbalanceShares"u8, m.ImbalanceShares)
        .Alpha("imbalanceSide"u8, m.ImbalanceSide)
        .Unsigned("extensionNumber"u8, m.ExtensionNumber)
        .Unsigned("scheduledAuctionTime"u8, m.ScheduledAuctionTime)
        .Signed("auctionBookClearingPrice"u8, m.AuctionBookClearingPrice)
        .Signed("collarReferencePrice"u8, m.CollarReferencePrice)
        .Signed("lowerAuctionCollar"u8, m.LowerAuctionCollar)
        .Signed("upperAuctionCollar"u8, m.UpperAuctionCollar);
}
