using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Appliance.Ingest.Deep;

/// <summary>
/// What every DEEP message shares: its type, one byte of its own, and an 8-byte timestamp. Source: IEX DEEP specification 1.08 (1.06 differs in having no
/// retail liquidity indicator). The views beside this are one struct a message type.
/// </summary>
public static class DeepMessage
{
    public const int HeaderLength = 10;
    public const int MaxLength = AuctionInformation.Length;
    public const int PriceUnitsPerOne = 10_000;

    private static readonly byte[] s_lengths = new byte[256];
    private static readonly string?[] s_names = new string?[256];

    static DeepMessage()
    {
        Add(SystemEvent.Type, SystemEvent.Length, nameof(SystemEvent));
        Add(SecurityDirectory.Type, SecurityDirectory.Length, nameof(SecurityDirectory));
        Add(TradingStatusMessage.Type, TradingStatusMessage.Length, "TradingStatus");
        Add(RetailLiquidityIndicator.Type, RetailLiquidityIndicator.Length, nameof(RetailLiquidityIndicator));
        Add(OperationalHaltStatus.Type, OperationalHaltStatus.Length, nameof(OperationalHaltStatus));
        Add(ShortSalePriceTestStatus.Type, ShortSalePriceTestStatus.Length, nameof(ShortSalePriceTestStatus));
        Add(SecurityEvent.Type, SecurityEvent.Length, nameof(SecurityEvent));
        Add(PriceLevelUpdate.BuyType, PriceLevelUpdate.Length, "PriceLevelUpdateBuy");
        Add(PriceLevelUpdate.SellType, PriceLevelUpdate.Length, "PriceLevelUpdateSell");
        Add(TradeReport.Type, TradeReport.Length, nameof(TradeReport));
        Add(TradeReport.BreakType, TradeReport.Length, "TradeBreak");
        Add(OfficialPrice.Type, OfficialPrice.Length, nameof(OfficialPrice));
        Add(AuctionInformation.Type, AuctionInformation.Length, nameof(AuctionInformation));
    }

    /// <summary>Length of a message of this type, 0 when the type is unknown.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int LengthOf(byte type) => s_lengths[type];

    public static string? NameOf(byte type) => s_names[type];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ref byte Check(ReadOnlySpan<byte> message, int length)
    {
        if (message.Length < length)
            ThrowShort(message.Length, length);
        return ref MemoryMarshal.GetReference(message);
    }

    [DoesNotReturn, MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowShort(int got, int need) =>
        throw new ArgumentException($"a DEEP message view of {need} bytes was made over {got}; compare with LengthOf first");

    private static void Add(byte type, int length, string name)
    {
        s_lengths[type] = (byte)length;
        s_names[type] = name;
    }
}
