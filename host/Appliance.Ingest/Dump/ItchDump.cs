using Appliance.Ingest.Itch;

namespace Appliance.Ingest.Dump;

/// <summary>Every field of every ITCH 5.0 message, through the same views that the normaliser reads.</summary>
internal static class ItchDump
{
    public static void Write(ReadOnlySpan<byte> message, DumpLine line)
    {
        byte type = message[0];
        line.Begin(type)
            .Unsigned("stockLocate"u8, BigEndian.U16(in message[0], 1))
            .Unsigned("trackingNumber"u8, BigEndian.U16(in message[0], 3))
            .Unsigned("timestamp"u8, BigEndian.U48(in message[0], 5));
        switch (type)
        {
            case SystemEvent.Type: Put(new SystemEvent(message), line); break;
            case StockDirectory.Type: Put(new StockDirectory(message), line); break;
            case StockTradingAction.Type: Put(new StockTradingAction(message), line); break;
            case RegShoRestriction.Type: Put(new RegShoRestriction(message), line); break;
            case MarketParticipantPosition.Type: Put(new MarketParticipantPosition(message), line); break;
            case MwcbDeclineLevel.Type: Put(new MwcbDeclineLevel(message), line); break;
            case MwcbStatus.Type: Put(new MwcbStatus(message), line); break;
            case IpoQuotingPeriodUpdate.Type: Put(new IpoQuotingPeriodUpdate(message), line); break;
            case LuldAuctionCollar.Type: Put(new LuldAuctionCollar(message), line); break;
            case OperationalHalt.Type: Put(new OperationalHalt(message), line); break;
            case AddOrder.Type: Put(new AddOrder(message), line); break;
            case AddOrderWithMpid.Type: Put(new AddOrderWithMpid(message), line); break;
            case OrderExecuted.Type: Put(new OrderExecuted(message), line); break;
            case OrderExecutedWithPrice.Type: Put(new OrderExecutedWithPrice(message), line); break;
            case OrderCancel.Type: Put(new OrderCancel(message), line); break;
            case OrderDelete.Type: Put(new OrderDelete(message), line); break;
            case OrderReplace.Type: Put(new OrderReplace(message), line); break;
            case NonCrossTrade.Type: Put(new NonCrossTrade(message), line); break;
            case CrossTrade.Type: Put(new CrossTrade(message), line); break;
            case BrokenTrade.Type: Put(new BrokenTrade(message), line); break;
            case NetOrderImbalance.Type: Put(new NetOrderImbalance(message), line); break;
            case RetailPriceImprovement.Type: Put(new RetailPriceImprovement(message), line); break;
            case DirectListingPriceDiscovery.Type: Put(new DirectListingPriceDiscovery(message), line); break;
        }
        line.End();
    }

    private static void Put(SystemEvent m, DumpLine line) => line
        .Alpha("eventCode"u8, m.EventCode);

    private static void Put(StockDirectory m, DumpLine line) => line
        .Alpha("stock"u8, m.Stock)
        .Alpha("marketCategory"u8, m.MarketCategory)
        .Alpha("financialStatusIndicator"u8, m.FinancialStatusIndicator)
        .Unsigned("roundLotSize"u8, m.RoundLotSize)
        .Alpha("roundLotsOnly"u8, m.RoundLotsOnly)
        .Alpha("issueClassification"u8, m.IssueClassification)
        .Alpha("issueSubType"u8, m.IssueSubType)
        .Alpha("authenticity"u8, m.Authenticity)
        .Alpha("shortSaleThresholdIndicator"u8, m.ShortSaleThresholdIndicator)
        .Alpha("ipoFlag"u8, m.IpoFlag)
        .Alpha("luldReferencePriceTier"u8, m.LuldReferencePriceTier)
        .Alpha("etpFlag"u8, m.EtpFlag)
        .Unsigned("etpLeverageFactor"u8, m.EtpLeverageFactor)
        .Alpha("inverseIndicator"u8, m.InverseIndicator);

    private static void Put(StockTradingAction m, DumpLine line) => line
        .Alpha("stock"u8, m.Stock)
        .Alpha("tradingState"u8, m.TradingState)
        .Alpha("reserved"u8, m.Reserved)
        .Alpha("reason"u8, m.Reason);

    private static void Put(RegShoRestriction m, DumpLine line) => line
        .Alpha("stock"u8, m.Stock)
        .Alpha("regShoAction"u8, m.RegShoAction);

    private static void Put(MarketParticipantPosition m, DumpLine line) => line
        .Alpha("mpid"u8, m.Mpid)
        .Alpha("stock"u8, m.Stock)
        .Alpha("primaryMarketMaker"u8, m.PrimaryMarketMaker)
        .Alpha("marketMakerMode"u8, m.MarketMakerMode)
        .Alpha("marketParticipantState"u8, m.MarketParticipantState);

    private static void Put(MwcbDeclineLevel m, DumpLine line) => line
        .Unsigned("level1"u8, m.Level1)
        .Unsigned("level2"u8, m.Level2)
        .Unsigned("level3"u8, m.Level3);

    private static void Put(MwcbStatus m, DumpLine line) => line
        .Alpha("breachedLevel"u8, m.BreachedLevel);

    private static void Put(IpoQuotingPeriodUpdate m, DumpLine line) => line
        .Alpha("stock"u8, m.Stock)
        .Unsigned("ipoQuotationReleaseTime"u8, m.IpoQuotationReleaseTime)
        .Alpha("ipoQuotationReleaseQualifier"u8, m.IpoQuotationReleaseQualifier)
        .Unsigned("ipoPrice"u8, m.IpoPrice);

    private static void Put(LuldAuctionCollar m, DumpLine line) => line
        .Alpha("stock"u8, m.Stock)
        .Unsigned("auctionCollarReferencePrice"u8, m.AuctionCollarReferencePrice)
        .Unsigned("upperAuctionCollarPrice"u8, m.UpperAuctionCollarPrice)
        .Unsigned("lowerAuctionCollarPrice"u8, m.LowerAuctionCollarPrice)
        .Unsigned("auctionCollarExtension"u8, m.AuctionCollarExtension);

    private static void Put(OperationalHalt m, DumpLine line) => line
        .Alpha("stock"u8, m.Stock)
        .Alpha("marketCode"u8, m.MarketCode)
        .Alpha("operationalHaltAction"u8, m.OperationalHaltAction);

    private static void Put(AddOrder m, DumpLine line) => line
        .Unsigned("orderReferenceNumber"u8, m.OrderReferenceNumber)
        .Alpha("buySellIndicator"u8, m.BuySellIndicator)
        .Unsigned("shares"u8, m.Shares)
        .Alpha("stock"u8, m.Stock)
        .Unsigned("price"u8, m.Price);

    private static void Put(AddOrderWithMpid m, DumpLine line) => line
        .Unsigned("orderReferenceNumber"u8, m.OrderReferenceNumber)
        .Alpha("buySellIndicator"u8, m.BuySellIndicator)
        .Unsigned("shares"u8, m.Shares)
        .Alpha("stock"u8, m.Stock)
        .Unsigned("price"u8, m.Price)
        .Alpha("attribution"u8, m.Attribution);

    private static void Put(OrderExecuted m, DumpLine line) => line
        .Unsigned("orderReferenceNumber"u8, m.OrderReferenceNumber)
        .Unsigned("executedShares"u8, m.ExecutedShares)
        .Unsigned("matchNumber"u8, m.MatchNumber);

    private static void Put(OrderExecutedWithPrice m, DumpLine line) => line
        .Unsigned("orderReferenceNumber"u8, m.OrderReferenceNumber)
        .Unsigned("executedShares"u8, m.ExecutedShares)
        .Unsigned("matchNumber"u8, m.MatchNumber)
        .Alpha("printable"u8, m.Printable)
        .Unsigned("executionPrice"u8, m.ExecutionPrice);

    private static void Put(OrderCancel m, DumpLine line) => line
        .Unsigned("orderReferenceNumber"u8, m.OrderReferenceNumber)
        .Unsigned("canceledShares"u8, m.CanceledShares);

    private static void Put(OrderDelete m, DumpLine line) => line
        .Unsigned("orderReferenceNumber"u8, m.OrderReferenceNumber);

    private static void Put(OrderReplace m, DumpLine line) => line
        .Unsigned("originalOrderReferenceNumber"u8, m.OriginalOrderReferenceNumber)
        .Unsigned("newOrderReferenceNumber"u8, m.NewOrderReferenceNumber)
        .Unsigned("shares"u8, m.Shares)
        .Unsigned("price"u8, m.Price);

    private static void Put(NonCrossTrade m, DumpLine line) => line
        .Unsigned("orderReferenceNumber"u8, m.OrderReferenceNumber)
        .Alpha("buySellIndicator"u8, m.BuySellIndicator)
        .Unsigned("shares"u8, m.Shares)
        .Alpha("stock"u8, m.Stock)
        .Unsigned("price"u8, m.Price)
        .Unsigned("matchNumber"u8, m.MatchNumber);

    private static void Put(CrossTrade m, DumpLine line) => line
        .Unsigned("shares"u8, m.Shares)
        .Alpha("stock"u8, m.Stock)
        .Unsigned("crossPrice"u8, m.CrossPrice)
        .Unsigned("matchNumber"u8, m.MatchNumber)
        .Alpha("crossType"u8, m.CrossType);

    private static void Put(BrokenTrade m, DumpLine line) => line
        .Unsigned("matchNumber"u8, m.MatchNumber);

    private static void Put(NetOrderImbalance m, DumpLine line) => line
        .Unsigned("pairedShares"u8, m.PairedShares)
        .Unsigned("imbalanceShares"u8, m.ImbalanceShares)
        .Alpha("imbalanceDirection"u8, m.ImbalanceDirection)
        .Alpha("stock"u8, m.Stock)
        .Unsigned("farPrice"u8, m.FarPrice)
        .Unsigned("nearPrice"u8, m.NearPrice)
        .Unsigned("currentReferencePrice"u8, m.CurrentReferencePrice)
        .Alpha("crossType"u8, m.CrossType)
        .Alpha("priceVariationIndicator"u8, m.PriceVariationIndicator);

    private static void Put(RetailPriceImprovement m, DumpLine line) => line
        .Alpha("stock"u8, m.Stock)
        .Alpha("interestFlag"u8, m.InterestFlag);

    private static void Put(DirectListingPriceDiscovery m, DumpLine line) => line
        .Alpha("stock"u8, m.Stock)
        .Alpha("openEligibilityStatus"u8, m.OpenEligibilityStatus)
        .Unsigned("minimumAllowablePrice"u8, m.MinimumAllowablePrice)
        .Unsigned("maximumAllowablePrice"u8, m.MaximumAllowablePrice)
        .Unsigned("nearExecutionPrice"u8, m.NearExecutionPrice)
        .Unsigned("nearExecutionTime"u8, m.NearExecutionTime)
        .Unsigned("lowerPriceRangeCollar"u8, m.LowerPriceRangeCollar)
        .Unsigned("upperPriceRangeCollar"u8, m.UpperPriceRangeCollar);
}
