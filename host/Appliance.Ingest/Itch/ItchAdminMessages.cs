using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Appliance.Ingest.Itch;

// System, stock-related and market-wide messages of Nasdaq TotalView-ITCH 5.0. A view reads its fields in place; prices have four decimals unless said.

/// <summary>System Event, type 'S', 12 bytes.</summary>
public readonly ref struct SystemEvent
{
    public const byte Type = (byte)'S';
    public const int Length = 12;
    private readonly ref byte _first;
    public SystemEvent(ReadOnlySpan<byte> message) => _first = ref ItchMessage.Check(message, Length);
    public ushort StockLocate => BigEndian.U16(in _first, 1);
    public ushort TrackingNumber => BigEndian.U16(in _first, 3);
    public ulong Timestamp => BigEndian.U48(in _first, 5);
    public byte EventCode => BigEndian.U8(in _first, 11);
}

/// <summary>Stock Directory, type 'R', 39 bytes.</summary>
public readonly ref struct StockDirectory
{
    public const byte Type = (byte)'R';
    public const int Length = 39;
    private readonly ref byte _first;
    public StockDirectory(ReadOnlySpan<byte> message) => _first = ref ItchMessage.Check(message, Length);
    public ushort StockLocate => BigEndian.U16(in _first, 1);
    public ushort TrackingNumber => BigEndian.U16(in _first, 3);
    public ulong Timestamp => BigEndian.U48(in _first, 5);
    public Symbol8 Stock => Symbol8.FromWire(in Unsafe.Add(ref _first, 11));
    public byte MarketCategory => BigEndian.U8(in _first, 19);
    public byte FinancialStatusIndicator => BigEndian.U8(in _first, 20);
    public uint RoundLotSize => BigEndian.U32(in _first, 21);
    public byte RoundLotsOnly => BigEndian.U8(in _first, 25);
    public byte IssueClassification => BigEndian.U8(in _first, 26);
    public ReadOnlySpan<byte> IssueSubType => MemoryMarshal.CreateReadOnlySpan(in Unsafe.Add(ref _first, 27), 2);
    public byte Authenticity => BigEndian.U8(in _first, 29);
    public byte ShortSaleThresholdIndicator => BigEndian.U8(in _first, 30);
    public byte IpoFlag => BigEndian.U8(in _first, 31);
    public byte LuldReferencePriceTier => BigEndian.U8(in _first, 32);
    public byte EtpFlag => BigEndian.U8(in _first, 33);
    public uint EtpLeverageFactor => BigEndian.U32(in _first, 34);
    public byte InverseIndicator => BigEndian.U8(in _first, 38);
}

/// <summary>Stock Trading Action, type 'H', 25 bytes.</summary>
public readonly ref struct StockTradingAction
{
    public const byte Type = (byte)'H';
    public const int Length = 25;
    private readonly ref byte _first;
    public StockTradingAction(ReadOnlySpan<byte> message) => _first = ref ItchMessage.Check(message, Length);
    public ushort StockLocate => BigEndian.U16(in _first, 1);
    public ushort TrackingNumber => BigEndian.U16(in _first, 3);
    public ulong Timestamp => BigEndian.U48(in _first, 5);
    public Symbol8 Stock => Symbol8.FromWire(in Unsafe.Add(ref _first, 11));
    public byte TradingState => BigEndian.U8(in _first, 19);
    public byte Reserved => BigEndian.U8(in _first, 20);
    public ReadOnlySpan<byte> Reason => MemoryMarshal.CreateReadOnlySpan(in Unsafe.Add(ref _first, 21), 4);
}

/// <summary>Reg SHO Short Sale Price Test Restricted Indicator, type 'Y', 20 bytes.</summary>
public readonly ref struct RegShoRestriction
{
    public const byte Type = (byte)'Y';
    public const int Length = 20;
    private readonly ref byte _first;
    public RegShoRestriction(ReadOnlySpan<byte> message) => _first = ref ItchMessage.Check(message, Length);
    public ushort StockLocate => BigEndian.U16(in _first, 1);
    public ushort TrackingNumber => BigEndian.U16(in _first, 3);
    public ulong Timestamp => BigEndian.U48(in _first, 5);
    public Symbol8 Stock => Symbol8.FromWire(in Unsafe.Add(ref _first, 11));
    public byte RegShoAction => BigEndian.U8(in _first, 19);
}

/// <summary>Market Participant Position, type 'L', 26 bytes.</summary>
public readonly ref struct MarketParticipantPosition
{
    public const byte Type = (byte)'L';
    public const int Length = 26;
    private readonly ref byte _first;
    public MarketParticipantPosition(ReadOnlySpan<byte> message) => _first = ref ItchMessage.Check(message, Length);
    public ushort StockLocate => BigEndian.U16(in _first, 1);
    public ushort TrackingNumber => BigEndian.U16(in _first, 3);
    public ulong Timestamp => BigEndian.U48(in _first, 5);
    public ReadOnlySpan<byte> Mpid => MemoryMarshal.CreateReadOnlySpan(in Unsafe.Add(ref _first, 11), 4);
    public Symbol8 Stock => Symbol8.FromWire(in Unsafe.Add(ref _first, 15));
    public byte PrimaryMarketMaker => BigEndian.U8(in _first, 23);
    public byte MarketMakerMode => BigEndian.U8(in _first, 24);
    public byte MarketParticipantState => BigEndian.U8(in _first, 25);
}

/// <summary>Market-Wide Circuit Breaker Decline Level; prices have eight decimals, type 'V', 35 bytes.</summary>
public readonly ref struct MwcbDeclineLevel
{
    public const byte Type = (byte)'V';
    public const int Length = 35;
    private readonly ref byte _first;
    public MwcbDeclineLevel(ReadOnlySpan<byte> message) => _first = ref ItchMessage.Check(message, Length);
    public ushort StockLocate => BigEndian.U16(in _first, 1);
    public ushort TrackingNumber => BigEndian.U16(in _first, 3);
    public ulong Timestamp => BigEndian.U48(in _first, 5);
    public ulong Level1 => BigEndian.U64(in _first, 11);
    public ulong Level2 => BigEndian.U64(in _first, 19);
    public ulong Level3 => BigEndian.U64(in _first, 27);
}

/// <summary>Market-Wide Circuit Breaker Status, type 'W', 12 bytes.</summary>
public readonly ref struct MwcbStatus
{
    public const byte Type = (byte)'W';
    public const int Length = 12;
    private readonly ref byte _first;
    public MwcbStatus(ReadOnlySpan<byte> message) => _first = ref ItchMessage.Check(message, Length);
    public ushort StockLocate => BigEndian.U16(in _first, 1);
    public ushort TrackingNumber => BigEndian.U16(in _first, 3);
    public ulong Timestamp => BigEndian.U48(in _first, 5);
    public byte BreachedLevel => BigEndian.U8(in _first, 11);
}

/// <summary>IPO Quoting Period Update, type 'K', 28 bytes.</summary>
public readonly ref struct IpoQuotingPeriodUpdate
{
    public const byte Type = (byte)'K';
    public const int Length = 28;
    private readonly ref byte _first;
    public IpoQuotingPeriodUpdate(ReadOnlySpan<byte> message) => _first = ref ItchMessage.Check(message, Length);
    public ushort StockLocate => BigEndian.U16(in _first, 1);
    public ushort TrackingNumber => BigEndian.U16(in _first, 3);
    public ulong Timestamp => BigEndian.U48(in _first, 5);
    public Symbol8 Stock => Symbol8.FromWire(in Unsafe.Add(ref _first, 11));
    public uint IpoQuotationReleaseTime => BigEndian.U32(in _first, 19);
    public byte IpoQuotationReleaseQualifier => BigEndian.U8(in _first, 23);
    public uint IpoPrice => BigEndian.U32(in _first, 24);
}

/// <summary>LULD Auction Collar, type 'J', 35 bytes.</summary>
public readonly ref struct LuldAuctionCollar
{
    public const byte Type = (byte)'J';
    public const int Length = 35;
    private readonly ref byte _first;
    public LuldAuctionCollar(ReadOnlySpan<byte> message) => _first = ref ItchMessage.Check(message, Length);
    public ushort StockLocate => BigEndian.U16(in _first, 1);
    public ushort TrackingNumber => BigEndian.U16(in _first, 3);
    public ulong Timestamp => BigEndian.U48(in _first, 5);
    public Symbol8 Stock => Symbol8.FromWire(in Unsafe.Add(ref _first, 11));
    public uint AuctionCollarReferencePrice => BigEndian.U32(in _first, 19);
    public uint UpperAuctionCollarPrice => BigEndian.U32(in _first, 23);
    public uint LowerAuctionCollarPrice => BigEndian.U32(in _first, 27);
    public uint AuctionCollarExtension => BigEndian.U32(in _first, 31);
}

/// <summary>Operational Halt, type 'h', 21 bytes.</summary>
public readonly ref struct OperationalHalt
{
    public const byte Type = (byte)'h';
    public const int Length = 21;
    private readonly ref byte _first;
    public OperationalHalt(ReadOnlySpan<byte> message) => _first = ref ItchMessage.Check(message, Length);
    public ushort StockLocate => BigEndian.U16(in _first, 1);
    public ushort TrackingNumber => BigEndian.U16(in _first, 3);
    public ulong Timestamp => BigEndian.U48(in _first, 5);
    public Symbol8 Stock => Symbol8.FromWire(in Unsafe.Add(ref _first, 11));
    public byte MarketCode => BigEndian.U8(in _first, 19);
    public byte OperationalHaltAction => BigEndian.U8(in _first, 20);
}
