using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Appliance.Ingest.Itch;

/// <summary>
/// Writes ITCH 5.0 messages, for the venue and for tests. Each method fills the front of <paramref name="to"/> of its message's length and returns that
/// length; a shorter span is a programmer's error and throws. Timestamps are nanoseconds since midnight, prices have four decimals.
/// </summary>
public static class ItchEncoder
{
    public static int SystemEvent(Span<byte> to, ushort tracking, ulong timestampNs, char eventCode)
    {
        ref byte b = ref Begin(to, Itch.SystemEvent.Type, Itch.SystemEvent.Length, 0, tracking, timestampNs);
        Put(ref b, 11, eventCode);
        return Itch.SystemEvent.Length;
    }

    /// <summary>A common stock of a Nasdaq tier, with the fields that a simulated venue leaves at "not applicable".</summary>
    public static int StockDirectory(Span<byte> to, ushort locate, ushort tracking, ulong timestampNs, Symbol8 stock, uint roundLotSize,
        char marketCategory = 'Q', char financialStatusIndicator = 'N', char roundLotsOnly = 'N', char issueClassification = 'C', string issueSubType = "Z ",
        char authenticity = 'P', char shortSaleThresholdIndicator = 'N', char ipoFlag = 'N', char luldReferencePriceTier = '1', char etpFlag = 'N',
        uint etpLeverageFactor = 0, char inverseIndicator = 'N')
    {
        ref byte b = ref Begin(to, Itch.StockDirectory.Type, Itch.StockDirectory.Length, locate, tracking, timestampNs);
        stock.WriteTo(ref Unsafe.Add(ref b, 11));
        Put(ref b, 19, marketCategory);
        Put(ref b, 20, financialStatusIndicator);
        BigEndian.Put32(ref b, 21, roundLotSize);
        Put(ref b, 25, roundLotsOnly);
        Put(ref b, 26, issueClassification);
        PutAlpha(ref b, 27, issueSubType, 2);
        Put(ref b, 29, authenticity);
        Put(ref b, 30, shortSaleThresholdIndicator);
        Put(ref b, 31, ipoFlag);
        Put(ref b, 32, luldReferencePriceTier);
        Put(ref b, 33, etpFlag);
        BigEndian.Put32(ref b, 34, etpLeverageFactor);
        Put(ref b, 38, inverseIndicator);
        return Itch.StockDirectory.Length;
    }

    /// <param name="tradingState">H halted, P paused, Q quotation only, T trading.</param>
    public static int StockTradingAction(Span<byte> to, ushort locate, ushort tracking, ulong timestampNs, Symbol8 stock, char tradingState, string reason = "")
    {
        ref byte b = ref Begin(to, Itch.StockTradingAction.Type, Itch.StockTradingAction.Length, locate, tracking, timestampNs);
        stock.WriteTo(ref Unsafe.Add(ref b, 11));
        Put(ref b, 19, tradingState);
        Put(ref b, 20, ' ');
        PutAlpha(ref b, 21, reason, 4);
        return Itch.StockTradingAction.Length;
    }

    public static int RegShoRestriction(Span<byte> to, ushort locate, ushort tracking, ulong timestampNs, Symbol8 stock, char regShoAction)
    {
        ref byte b = ref Begin(to, Itch.RegShoRestriction.Type, Itch.RegShoRestriction.Length, locate, tracking, timestampNs);
        stock.WriteTo(ref Unsafe.Add(ref b, 11));
        Put(ref b, 19, regShoAction);
        return Itch.RegShoRestriction.Length;
    }

    public static int MarketParticipantPosition(Span<byte> to, ushort locate, ushort tracking, ulong timestampNs, string mpid, Symbol8 stock,
        char primaryMarketMaker, char marketMakerMode, char marketParticipantState)
    {
        ref byte b = ref Begin(to, Itch.MarketParticipantPosition.Type, Itch.MarketParticipantPosition.Length, locate, tracking, timestampNs);
        PutAlpha(ref b, 11, mpid, 4);
        stock.WriteTo(ref Unsafe.Add(ref b, 15));
        Put(ref b, 23, primaryMarketMaker);
        Put(ref b, 24, marketMakerMode);
        Put(ref b, 25, marketParticipantState);
        return Itch.MarketParticipantPosition.Length;
    }

    /// <summary>Levels have eight decimals.</summary>
    public static int MwcbDeclineLevel(Span<byte> to, ushort tracking, ulong timestampNs, ulong level1, ulong level2, ulong level3)
    {
        ref byte b = ref Begin(to, Itch.MwcbDeclineLevel.Type, Itch.MwcbDeclineLevel.Length, 0, tracking, timestampNs);
        BigEndian.Put64(ref b, 11, level1);
        BigEndian.Put64(ref b, 19, level2);
        BigEndian.Put64(ref b, 27, level3);
        return Itch.MwcbDeclineLevel.Length;
    }

    public static int MwcbStatus(Span<byte> to, ushort tracking, ulong timestampNs, char breachedLevel)
    {
        ref byte b = ref Begin(to, Itch.MwcbStatus.Type, Itch.MwcbStatus.Length, 0, tracking, timestampNs);
        Put(ref b, 11, breachedLevel);
        return Itch.MwcbStatus.Length;
    }

    public static int LuldAuctionCollar(Span<byte> to, ushort locate, ushort tracking, ulong timestampNs, Symbol8 stock, uint referencePrice, uint upperPrice,
        uint lowerPrice, uint extension)
    {
        ref byte b = ref Begin(to, Itch.LuldAuctionCollar.Type, Itch.LuldAuctionCollar.Length, locate, tracking, timestampNs);
        stock.WriteTo(ref Unsafe.Add(ref b, 11));
        BigEndian.Put32(ref b, 19, referencePrice);
        BigEndian.Put32(ref b, 23, upperPrice);
        BigEndian.Put32(ref b, 27, lowerPrice);
        BigEndian.Put32(ref b, 31, extension);
        return Itch.LuldAuctionCollar.Length;
    }

    public static int OperationalHalt(Span<byte> to, ushort locate, ushort tracking, ulong timestampNs, Symbol8 stock, char marketCode, char action)
    {
        ref byte b = ref Begin(to, Itch.OperationalHalt.Type, Itch.OperationalHalt.Length, locate, tracking, timestampNs);
        stock.WriteTo(ref Unsafe.Add(ref b, 11));
        Put(ref b, 19, marketCode);
        Put(ref b, 20, action);
        return Itch.OperationalHalt.Length;
    }

    /// <param name="buySell">B or S.</param>
    public static int AddOrder(Span<byte> to, ushort locate, ushort tracking, ulong timestampNs, ulong reference, char buySell, uint shares, Symbol8 stock, uint price)
    {
        ref byte b = ref Begin(to, Itch.AddOrder.Type, Itch.AddOrder.Length, locate, tracking, timestampNs);
        PutAdd(ref b, reference, buySell, shares, stock, price);
        return Itch.AddOrder.Length;
    }

    public static int AddOrderWithMpid(Span<byte> to, ushort locate, ushort tracking, ulong timestampNs, ulong reference, char buySell, uint shares, Symbol8 stock,
        uint price, string attribution)
    {
        ref byte b = ref Begin(to, Itch.AddOrderWithMpid.Type, Itch.AddOrderWithMpid.Length, locate, tracking, timestampNs);
        PutAdd(ref b, reference, buySell, shares, stock, price);
        PutAlpha(ref b, 36, attribution, 4);
        return Itch.AddOrderWithMpid.Length;
    }

    public static int OrderExecuted(Span<byte> to, ushort locate, ushort tracking, ulong timestampNs, ulong reference, uint shares, ulong matchNumber)
    {
        ref byte b = ref Begin(to, Itch.OrderExecuted.Type, Itch.OrderExecuted.Length, locate, tracking, timestampNs);
        BigEndian.Put64(ref b, 11, reference);
        BigEndian.Put32(ref b, 19, shares);
        BigEndian.Put64(ref b, 23, matchNumber);
        return Itch.OrderExecuted.Length;
    }

    /// <param name="printable">N when the shares are part of a later bulk print; Y otherwise.</param>
    public static int OrderExecutedWithPrice(Span<byte> to, ushort locate, ushort tracking, ulong timestampNs, ulong reference, uint shares, ulong matchNumber,
        char printable, uint executionPrice)
    {
        ref byte b = ref Begin(to, Itch.OrderExecutedWithPrice.Type, Itch.OrderExecutedWithPrice.Length, locate, tracking, timestampNs);
        BigEndian.Put64(ref b, 11, reference);
        BigEndian.Put32(ref b, 19, shares);
        BigEndian.Put64(ref b, 23, matchNumber);
        Put(ref b, 31, printable);
        BigEndian.Put32(ref b, 32, executionPrice);
        return Itch.OrderExecutedWithPrice.Length;
    }

    public static int OrderCancel(Span<byte> to, ushort locate, ushort tracking, ulong timestampNs, ulong reference, uint canceledShares)
    {
        ref byte b = ref Begin(to, Itch.OrderCancel.Type, Itch.OrderCancel.Length, locate, tracking, timestampNs);
        BigEndian.Put64(ref b, 11, reference);
        BigEndian.Put32(ref b, 19, canceledShares);
        return Itch.OrderCancel.Length;
    }

    public static int OrderDelete(Span<byte> to, ushort locate, ushort tracking, ulong timestampNs, ulong reference)
    {
        ref byte b = ref Begin(to, Itch.OrderDelete.Type, Itch.OrderDelete.Length, locate, tracking, timestampNs);
        BigEndian.Put64(ref b, 11, reference);
        return Itch.OrderDelete.Length;
    }

    public static int OrderReplace(Span<byte> to, ushort locate, ushort tracking, ulong timestampNs, ulong originalReference, ulong newReference, uint shares, uint price)
    {
        ref byte b = ref Begin(to, Itch.OrderReplace.Type, Itch.OrderReplace.Length, locate, tracking, timestampNs);
        BigEndian.Put64(ref b, 11, originalReference);
        BigEndian.Put64(ref b, 19, newReference);
        BigEndian.Put32(ref b, 27, shares);
        BigEndian.Put32(ref b, 31, price);
        return Itch.OrderReplace.Length;
    }

    public static int NonCrossTrade(Span<byte> to, ushort locate, ushort tracking, ulong timestampNs, char buySell, uint shares, Symbol8 stock, uint price,
        ulong matchNumber, ulong reference = 0)
    {
        ref byte b = ref Begin(to, Itch.NonCrossTrade.Type, Itch.NonCrossTrade.Length, locate, tracking, timestampNs);
        PutAdd(ref b, reference, buySell, shares, stock, price);
        BigEndian.Put64(ref b, 36, matchNumber);
        return Itch.NonCrossTrade.Length;
    }

    public static int CrossTrade(Span<byte> to, ushort locate, ushort tracking, ulong timestampNs, ulong shares, Symbol8 stock, uint crossPrice, ulong matchNumber,
        char crossType)
    {
        ref byte b = ref Begin(to, Itch.CrossTrade.Type, Itch.CrossTrade.Length, locate, tracking, timestampNs);
        BigEndian.Put64(ref b, 11, shares);
        stock.WriteTo(ref Unsafe.Add(ref b, 19));
        BigEndian.Put32(ref b, 27, crossPrice);
        BigEndian.Put64(ref b, 31, matchNumber);
        Put(ref b, 39, crossType);
        return Itch.CrossTrade.Length;
    }

    public static int BrokenTrade(Span<byte> to, ushort locate, ushort tracking, ulong timestampNs, ulong matchNumber)
    {
        ref byte b = ref Begin(to, Itch.BrokenTrade.Type, Itch.BrokenTrade.Length, locate, tracking, timestampNs);
        BigEndian.Put64(ref b, 11, matchNumber);
        return Itch.BrokenTrade.Length;
    }

    private static void PutAdd(ref byte b, ulong reference, char buySell, uint shares, Symbol8 stock, uint price)
    {
        BigEndian.Put64(ref b, 11, reference);
        Put(ref b, 19, buySell);
        BigEndian.Put32(ref b, 20, shares);
        stock.WriteTo(ref Unsafe.Add(ref b, 24));
        BigEndian.Put32(ref b, 32, price);
    }

    private static ref byte Begin(Span<byte> to, byte type, int length, ushort locate, ushort tracking, ulong timestampNs)
    {
        ref byte b = ref MemoryMarshal.GetReference(to[..length]);
        b = type;
        BigEndian.Put16(ref b, 1, locate);
        BigEndian.Put16(ref b, 3, tracking);
        BigEndian.Put48(ref b, 5, timestampNs);
        return ref b;
    }

    private static void Put(ref byte b, int offset, char value) => Unsafe.Add(ref b, offset) = (byte)value;

    private static void PutAlpha(ref byte b, int offset, string text, int width)
    {
        for (int i = 0; i < width; i++)
            Unsafe.Add(ref b, offset + i) = i < text.Length ? (byte)text[i] : (byte)' ';
    }
}
