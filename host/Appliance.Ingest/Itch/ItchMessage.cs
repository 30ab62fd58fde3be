using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Appliance.Ingest.Itch;

/// <summary>
/// What every ITCH 5.0 message shares: type, stock locate, tracking number and a 6-byte timestamp in nanoseconds since midnight of the exchange.
/// Source: Nasdaq TotalView-ITCH 5.0. The views beside this are one struct a message type, with the specification's field names.
/// </summary>
public static class ItchMessage
{
    public const int HeaderLength = 11;
    /// <summary>The length of the longest message of this version.</summary>
    public const int MaxLength = NetOrderImbalance.Length;
    public const int PriceUnitsPerOne = 10_000;

    private static readonly byte[] s_lengths = MakeLengths();
    private static readonly string?[] s_names = MakeNames();

    /// <summary>Length of a message of this type, 0 when the type is unknown.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int LengthOf(byte type) => s_lengths[type];

    public static string? NameOf(byte type) => s_names[type];

    /// <summary>The stock locate of any message of at least five bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort StockLocate(ReadOnlySpan<byte> message) => System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(message[1..]);

    /// <summary>Nanoseconds since the exchange's midnight, of any message of at least eleven bytes.</summary>
    public static ulong Timestamp(ReadOnlySpan<byte> message) => BigEndian.U48(in Check(message, HeaderLength), 5);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ref byte Check(ReadOnlySpan<byte> message, int length)
    {
        if (message.Length < length)
            ThrowShort(message.Length, length);
        return ref MemoryMarshal.GetReference(message);
    }

    [DoesNotReturn, MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowShort(int got, int need) =>
        throw new ArgumentException($"an ITCH message view of {need} bytes was made over {got}; compare with LengthOf first");

    private static byte[] MakeLengths()
    {
        var lengths = new byte[256];
        lengths[SystemEvent.Type] = SystemEvent.Length;
        lengths[StockDirectory.Type] = StockDirectory.Length;
        lengths[StockTradingAction.Type] = StockTradingAction.Length;
        lengths[RegShoRestriction.Type] = RegShoRestriction.Length;
        lengths[MarketParticipantPosition.Type] = MarketParticipantPosition.Length;
        lengths[MwcbDeclineLevel.Type] = MwcbDeclineLevel.Length;
        lengths[MwcbStatus.Type] = MwcbStatus.Length;
        lengths[IpoQuotingPeriodUpdate.Type] = IpoQuotingPeriodUpdate.Length;
        lengths[LuldAuctionCollar.Type] = LuldAuctionCollar.Length;
        lengths[OperationalHalt.Type] = OperationalHalt.Length;
        lengths[AddOrder.Type] = AddOrder.Length;
        lengths[AddOrderWithMpid.Type] = AddOrderWithMpid.Length;
        lengths[OrderExecuted.Type] = OrderExecuted.Length;
        lengths[OrderExecutedWithPrice.Type] = OrderExecutedWithPrice.Length;
        lengths[OrderCancel.Type] = OrderCancel.Length;
        lengths[OrderDelete.Type] = OrderDelete.Length;
        lengths[OrderReplace.Type] = OrderReplace.Length;
        lengths[NonCrossTrade.Type] = NonCrossTrade.Length;
        lengths[CrossTrade.Type] = CrossTrade.Length;
        lengths[BrokenTrade.Type] = BrokenTrade.Length;
        lengths[NetOrderImbalance.Type] = NetOrderImbalance.Length;
        lengths[RetailPriceImprovement.Type] = RetailPriceImprovement.Length;
        lengths[DirectListingPriceDiscovery.Type] = DirectListingPriceDiscovery.Length;
        return lengths;
    }

    private static string?[] MakeNames()
    {
        var names = new string?[256];
        names[SystemEvent.Type] = nameof(SystemEvent);
        names[StockDirectory.Type] = nameof(StockDirectory);
        names[StockTradingAction.Type] = nameof(StockTradingAction);
        names[RegShoRestriction.Type] = nameof(RegShoRestriction);
        names[MarketParticipantPosition.Type] = nameof(MarketParticipantPosition);
        names[MwcbDeclineLevel.Type] = nameof(MwcbDeclineLevel);
        names[MwcbStatus.Type] = nameof(MwcbStatus);
        names[IpoQuotingPeriodUpdate.Type] = nameof(IpoQuotingPeriodUpdate);
        names[LuldAuctionCollar.Type] = nameof(LuldAuctionCollar);
        names[OperationalHalt.Type] = nameof(OperationalHalt);
        names[AddOrder.Type] = nameof(AddOrder);
        names[AddOrderWithMpid.Type] = nameof(AddOrderWithMpid);
        names[OrderExecuted.Type] = nameof(OrderExecuted);
        names[OrderExecutedWithPrice.Type] = nameof(OrderExecutedWithPrice);
        names[OrderCancel.Type] = nameof(OrderCancel);
        names[OrderDelete.Type] = nameof(OrderDelete);
        names[OrderReplace.Type] = nameof(OrderReplace);
        names[NonCrossTrade.Type] = nameof(NonCrossTrade);
        names[CrossTrade.Type] = nameof(CrossTrade);
        names[BrokenTrade.Type] = nameof(BrokenTrade);
        names[NetOrderImbalance.Type] = nameof(NetOrderImbalance);
        names[RetailPriceImprovement.Type] = nameof(RetailPriceImprovement);
        names[DirectListingPriceDiscovery.Type] = nameof(DirectListingPriceDiscovery);
        return names;
    }
}
