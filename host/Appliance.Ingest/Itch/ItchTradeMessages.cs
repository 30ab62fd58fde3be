using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Appliance.Ingest.Itch;

// Trades, crosses and auction information of Nasdaq TotalView-ITCH 5.0. A view reads its fields in place; prices have four decimals unless said.

/// <summary>Trade Message (non-cross): an execution against a non-displayed order, type 'P', 44 bytes.</summary>
public readonly ref struct NonCrossTrade
{
    public const byte Type = (byte)'P';
    public const int Length = 44;
    private readonly ref byte _first;
    public NonCrossTrade(ReadOnlySpan<byte> message) => _first = ref ItchMessage.Check(message, Length);
    public ushort StockLocate => BigEndian.U16(in _first, 1);
    public ushort TrackingNumber => BigEndian.U16(in _first, 3);
    public ulong Timestamp => BigEndian.U48(in _first, 5);
    public ulong OrderReferenceNumber => BigEndian.U64(in _first, 11);
    public byte BuySellIndicator => BigEndian.U8(in _first, 19);
    public uint Shares => BigEndian.U32(in _first, 20);
    public Symbol8 Stock => Symbol8.FromWire(in Unsafe.Add(ref _first, 24));
    public uint Price => BigEndian.U32(in _first, 32);
    public ulong MatchNumber => BigEndian.U64(in _first, 36);
}

/// <summary>Cross Trade, type 'Q', 40 bytes.</summary>
public readonly ref struct CrossTrade
{
    public const byte Type = (byte)'Q';
    public const int Length = 40;
    private readonly ref byte _first;
    public CrossTrade(ReadOnlySpan<byte> message) => _first = ref ItchMessage.Check(message, Length);
    public ushort StockLocate => BigEndian.U16(in _first, 1);
    public ushort TrackingNumber => BigEndian.U16(in _first, 3);
    public ulong Timestamp => BigEndian.U48(in _first, 5);
    public ulong Shares => BigEndian.U64(in _first, 11);
    public Symbol8 Stock => Symbol8.FromWire(in Unsafe.Add(ref _first, 19));
    public uint CrossPrice => BigEndian.U32(in _first, 27);
    public ulong MatchNumber => BigEndian.U64(in _first, 31);
    public byte CrossType => BigEndian.U8(in _first, 39);
}

/// <summary>Broken Trade, type 'B', 19 bytes.</summary>
public readonly ref struct BrokenTrade
{
    public const byte Type = (byte)'B';
    public const int Length = 19;
    private readonly ref byte _first;
    public BrokenTrade(ReadOnlySpan<byte> message) => _first = ref ItchMessage.Check(message, Length);
    public ushort StockLocate => BigEndian.U16(in _first, 1);
    public ushort TrackingNumber => BigEndian.U16(in _first, 3);
    public ulong Timestamp => BigEndian.U48(in _first, 5);
    public ulong MatchNumber => BigEndian.U64(in _first, 11);
}

/// <summary>Net Order Imbalance Indicator, type 'I', 50 bytes.</summary>
public readonly ref struct NetOrderImbalance
{
    public const byte Type = (byte)'I';
    public const int Length = 50;
    private readonly ref byte _first;
    public NetOrderImbalance(ReadOnlySpan<byte> message) => _first = ref ItchMessage.Check(message, Length);
    public ushort StockLocate => BigEndian.U16(in _first, 1);
    public ushort TrackingNumber => BigEndian.U16(in _first, 3);
    public ulong Timestamp => BigEndian.U48(in _first, 5);
    public ulong PairedShares => BigEndian.U64(in _first, 11);
    public ulong ImbalanceShares => BigEndian.U64(in _first, 19);
    public byte ImbalanceDirection => BigEndian.U8(in _first, 27);
    public Symbol8 Stock => Symbol8.FromWire(in Unsafe.Add(ref _first, 28));
    public uint FarPrice => BigEndian.U32(in _first, 36);
    public uint NearPrice => BigEndian.U32(in _first, 40);
    public uint CurrentReferencePrice => BigEndian.U32(in _first, 44);
    public byte CrossType => BigEndian.U8(in _first, 48);
    public byte PriceVariationIndicator => BigEndian.U8(in _first, 49);
}

/// <summary>Retail Price Improvement Indicator, type 'N', 20 bytes.</summary>
public readonly ref struct RetailPriceImprovement
{
    public const byte Type = (byte)'N';
    public const int Length = 20;
    private readonly ref byte _first;
    public RetailPriceImprovement(ReadOnlySpan<byte> message) => _first = ref ItchMessage.Check(message, Length);
    public ushort StockLocate => BigEndian.U16(in _first, 1);
    public ushort TrackingNumber => BigEndian.U16(in _first, 3);
    public ulong Timestamp => BigEndian.U48(in _first, 5);
    public Symbol8 Stock => Symbol8.FromWire(in Unsafe.Add(ref _first, 11));
    public byte InterestFlag => BigEndian.U8(in _first, 19);
}

/// <summary>Direct Listing with Capital Raise Price Discovery, type 'O', 48 bytes.</summary>
public readonly ref struct DirectListingPriceDiscovery
{
    public const byte Type = (byte)'O';
    public const int Length = 48;
    private readonly ref byte _first;
    public DirectListingPriceDiscovery(ReadOnlySpan<byte> message) => _first = ref ItchMessage.Check(message, Length);
    public ushort StockLocate => BigEndian.U16(in _first, 1);
    public ushort TrackingNumber => BigEndian.U16(in _first, 3);
    public ulong Timestamp => BigEndian.U48(in _first, 5);
    public Symbol8 Stock => Symbol8.FromWire(in Unsafe.Add(ref _first, 11));
    public byte OpenEligibilityStatus => BigEndian.U8(in _first, 19);
    public uint MinimumAllowablePrice => BigEndian.U32(in _first, 20);
    public uint MaximumAllowablePrice => BigEndian.U32(in _first, 24);
    public uint NearExecutionPrice => BigEndian.U32(in _first, 28);
    public ulong NearExecutionTime => BigEndian.U64(in _first, 32);
    public uint LowerPriceRangeCollar => BigEndian.U32(in _first, 40);
    public uint UpperPriceRangeCollar => BigEndian.U32(in _first, 44);
}
