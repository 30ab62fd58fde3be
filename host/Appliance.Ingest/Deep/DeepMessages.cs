using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Appliance.Ingest.Deep;

// The messages of IEX DEEP 1.0 (specification 1.08). A view reads its fields in place: little-endian, prices with four decimals, timestamps in
// nanoseconds since 1970.

/// <summary>System Event; type 'S', 10 bytes.</summary>
public readonly ref struct SystemEvent
{
    public const byte Type = (byte)'S';
    public const int Length = 10;
    private readonly ref byte _first;
    public SystemEvent(ReadOnlySpan<byte> message) => _first = ref DeepMessage.Check(message, Length);
    public byte SystemEventCode => LittleEndian.U8(in _first, 1);
    public long Timestamp => LittleEndian.I64(in _first, 2);
}

/// <summary>Security Directory; type 'D', 31 bytes.</summary>
public readonly ref struct SecurityDirectory
{
    public const byte Type = (byte)'D';
    public const int Length = 31;
    private readonly ref byte _first;
    public SecurityDirectory(ReadOnlySpan<byte> message) => _first = ref DeepMessage.Check(message, Length);
    public byte Flags => LittleEndian.U8(in _first, 1);
    public long Timestamp => LittleEndian.I64(in _first, 2);
    public Symbol8 Symbol => Symbol8.FromWire(in Unsafe.Add(ref _first, 10));
    public uint RoundLotSize => LittleEndian.U32(in _first, 18);
    public long AdjustedPocPrice => LittleEndian.I64(in _first, 22);
    public byte LuldTier => LittleEndian.U8(in _first, 30);
}

/// <summary>Trading Status: H halted, O order acceptance period, P paused and order acceptance period, T trading; type 'H', 22 bytes.</summary>
public readonly ref struct TradingStatusMessage
{
    public const byte Type = (byte)'H';
    public const int Length = 22;
    private readonly ref byte _first;
    public TradingStatusMessage(ReadOnlySpan<byte> message) => _first = ref DeepMessage.Check(message, Length);
    public byte TradingStatus => LittleEndian.U8(in _first, 1);
    public long Timestamp => LittleEndian.I64(in _first, 2);
    public Symbol8 Symbol => Symbol8.FromWire(in Unsafe.Add(ref _first, 10));
    public ReadOnlySpan<byte> Reason => MemoryMarshal.CreateReadOnlySpan(in Unsafe.Add(ref _first, 18), 4);
}

/// <summary>Retail Liquidity Indicator; type 'I', 18 bytes.</summary>
public readonly ref struct RetailLiquidityIndicator
{
    public const byte Type = (byte)'I';
    public const int Length = 18;
    private readonly ref byte _first;
    public RetailLiquidityIndicator(ReadOnlySpan<byte> message) => _first = ref DeepMessage.Check(message, Length);
    public byte Indicator => LittleEndian.U8(in _first, 1);
    public long Timestamp => LittleEndian.I64(in _first, 2);
    public Symbol8 Symbol => Symbol8.FromWire(in Unsafe.Add(ref _first, 10));
}

/// <summary>Operational Halt Status: O halted on IEX, N not halted; type 'O', 18 bytes.</summary>
public readonly ref struct OperationalHaltStatus
{
    public const byte Type = (byte)'O';
    public const int Length = 18;
    private readonly ref byte _first;
    public OperationalHaltStatus(ReadOnlySpan<byte> message) => _first = ref DeepMessage.Check(message, Length);
    public byte Status => LittleEndian.U8(in _first, 1);
    public long Timestamp => LittleEndian.I64(in _first, 2);
    public Symbol8 Symbol => Symbol8.FromWire(in Unsafe.Add(ref _first, 10));
}

/// <summary>Short Sale Price Test Status; type 'P', 19 bytes.</summary>
public readonly ref struct ShortSalePriceTestStatus
{
    public const byte Type = (byte)'P';
    public const int Length = 19;
    private readonly ref byte _first;
    public ShortSalePriceTestStatus(ReadOnlySpan<byte> message) => _first = ref DeepMessage.Check(message, Length);
    public byte Status => LittleEndian.U8(in _first, 1);
    public long Timestamp => LittleEndian.I64(in _first, 2);
    public Symbol8 Symbol => Symbol8.FromWire(in Unsafe.Add(ref _first, 10));
    public byte Detail => LittleEndian.U8(in _first, 18);
}

/// <summary>Security Event: O opening process complete, C closing process complete; type 'E', 18 bytes.</summary>
public readonly ref struct SecurityEvent
{
    public const byte Type = (byte)'E';
    public const int Length = 18;
    private readonly ref byte _first;
    public SecurityEvent(ReadOnlySpan<byte> message) => _first = ref DeepMessage.Check(message, Length);
    public byte SecurityEventCode => LittleEndian.U8(in _first, 1);
    public long Timestamp => LittleEndian.I64(in _first, 2);
    public Symbol8 Symbol => Symbol8.FromWire(in Unsafe.Add(ref _first, 10));
}

/// <summary>Price Level Update of the buy side; the sell side's (type '5') has the same form. Bit 0 of the event flags: the event is complete; type '8', 30 bytes.</summary>
public readonly ref struct PriceLevelUpdate
{
    public const byte BuyType = (byte)'8';
    public const byte SellType = (byte)'5';
    public const byte EventComplete = 1;
    public const int Length = 30;
    private readonly ref byte _first;
    public PriceLevelUpdate(ReadOnlySpan<byte> message) => _first = ref DeepMessage.Check(message, Length);
    public byte EventFlags => LittleEndian.U8(in _first, 1);
    public long Timestamp => LittleEndian.I64(in _first, 2);
    public Symbol8 Symbol => Symbol8.FromWire(in Unsafe.Add(ref _first, 10));
    public uint Size => LittleEndian.U32(in _first, 18);
    public long Price => LittleEndian.I64(in _first, 22);
}

/// <summary>Trade Report; a Trade Break (type 'B') has the same form; type 'T', 38 bytes.</summary>
public readonly ref struct TradeReport
{
    public const byte Type = (byte)'T';
    public const byte BreakType = (byte)'B';
    public const int Length = 38;
    private readonly ref byte _first;
    public TradeReport(ReadOnlySpan<byte> message) => _first = ref DeepMessage.Check(message, Length);
    public byte SaleConditionFlags => LittleEndian.U8(in _first, 1);
    public long Timestamp => LittleEndian.I64(in _first, 2);
    public Symbol8 Symbol => Symbol8.FromWire(in Unsafe.Add(ref _first, 10));
    public uint Size => LittleEndian.U32(in _first, 18);
    public long Price => LittleEndian.I64(in _first, 22);
    public long TradeId => LittleEndian.I64(in _first, 30);
}

/// <summary>Official Price: Q opening, M closing; type 'X', 26 bytes.</summary>
public readonly ref struct OfficialPrice
{
    public const byte Type = (byte)'X';
    public const int Length = 26;
    private readonly ref byte _first;
    public OfficialPrice(ReadOnlySpan<byte> message) => _first = ref DeepMessage.Check(message, Length);
    public byte PriceType => LittleEndian.U8(in _first, 1);
    public long Timestamp => LittleEndian.I64(in _first, 2);
    public Symbol8 Symbol => Symbol8.FromWire(in Unsafe.Add(ref _first, 10));
    public long Price => LittleEndian.I64(in _first, 18);
}

/// <summary>Auction Information; type 'A', 80 bytes.</summary>
public readonly ref struct AuctionInformation
{
    public const byte Type = (byte)'A';
    public const int Length = 80;
    private readonly ref byte _first;
    public AuctionInformation(ReadOnlySpan<byte> message) => _first = ref DeepMessage.Check(message, Length);
    public byte AuctionType => LittleEndian.U8(in _first, 1);
    public long Timestamp => LittleEndian.I64(in _first, 2);
    public Symbol8 Symbol => Symbol8.FromWire(in Unsafe.Add(ref _first, 10));
    public uint PairedShares => LittleEndian.U32(in _first, 18);
    public long ReferencePrice => LittleEndian.I64(in _first, 22);
    public long IndicativeClearingPrice => LittleEndian.I64(in _first, 30);
    public uint ImbalanceShares => LittleEndian.U32(in _first, 38);
    public byte ImbalanceSide => LittleEndian.U8(in _first, 42);
    public byte ExtensionNumber => LittleEndian.U8(in _first, 43);
    public uint ScheduledAuctionTime => LittleEndian.U32(in _first, 44);
    public long AuctionBookClearingPrice => LittleEndian.I64(in _first, 48);
    public long CollarReferencePrice => LittleEndian.I64(in _first, 56);
    public long LowerAuctionCollar => LittleEndian.I64(in _first, 64);
    public long UpperAuctionCollar => LittleEndian.I64(in _first, 72);
}
