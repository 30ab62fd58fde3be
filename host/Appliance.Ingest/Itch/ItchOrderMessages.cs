using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Appliance.Ingest.Itch;

// Messages that build and change the displayed book of Nasdaq TotalView-ITCH 5.0. A view reads its fields in place; prices have four decimals unless said.

/// <summary>Add Order without MPID attribution; AddOrderWithMpid begins with the same fields, type 'A', 36 bytes.</summary>
public readonly ref struct AddOrder
{
    public const byte Type = (byte)'A';
    public const int Length = 36;
    private readonly ref byte _first;
    public AddOrder(ReadOnlySpan<byte> message) => _first = ref ItchMessage.Check(message, Length);
    public ushort StockLocate => BigEndian.U16(in _first, 1);
    public ushort TrackingNumber => BigEndian.U16(in _first, 3);
    public ulong Timestamp => BigEndian.U48(in _first, 5);
    public ulong OrderReferenceNumber => BigEndian.U64(in _first, 11);
    public byte BuySellIndicator => BigEndian.U8(in _first, 19);
    public uint Shares => BigEndian.U32(in _first, 20);
    public Symbol8 Stock => Symbol8.FromWire(in Unsafe.Add(ref _first, 24));
    public uint Price => BigEndian.U32(in _first, 32);
}

/// <summary>Add Order with MPID attribution, type 'F', 40 bytes.</summary>
public readonly ref struct AddOrderWithMpid
{
    public const byte Type = (byte)'F';
    public const int Length = 40;
    private readonly ref byte _first;
    public AddOrderWithMpid(ReadOnlySpan<byte> message) => _first = ref ItchMessage.Check(message, Length);
    public ushort StockLocate => BigEndian.U16(in _first, 1);
    public ushort TrackingNumber => BigEndian.U16(in _first, 3);
    public ulong Timestamp => BigEndian.U48(in _first, 5);
    public ulong OrderReferenceNumber => BigEndian.U64(in _first, 11);
    public byte BuySellIndicator => BigEndian.U8(in _first, 19);
    public uint Shares => BigEndian.U32(in _first, 20);
    public Symbol8 Stock => Symbol8.FromWire(in Unsafe.Add(ref _first, 24));
    public uint Price => BigEndian.U32(in _first, 32);
    public ReadOnlySpan<byte> Attribution => MemoryMarshal.CreateReadOnlySpan(in Unsafe.Add(ref _first, 36), 4);
}

/// <summary>Order Executed, type 'E', 31 bytes.</summary>
public readonly ref struct OrderExecuted
{
    public const byte Type = (byte)'E';
    public const int Length = 31;
    private readonly ref byte _first;
    public OrderExecuted(ReadOnlySpan<byte> message) => _first = ref ItchMessage.Check(message, Length);
    public ushort StockLocate => BigEndian.U16(in _first, 1);
    public ushort TrackingNumber => BigEndian.U16(in _first, 3);
    public ulong Timestamp => BigEndian.U48(in _first, 5);
    public ulong OrderReferenceNumber => BigEndian.U64(in _first, 11);
    public uint ExecutedShares => BigEndian.U32(in _first, 19);
    public ulong MatchNumber => BigEndian.U64(in _first, 23);
}

/// <summary>Order Executed With Price, type 'C', 36 bytes.</summary>
public readonly ref struct OrderExecutedWithPrice
{
    public const byte Type = (byte)'C';
    public const int Length = 36;
    private readonly ref byte _first;
    public OrderExecutedWithPrice(ReadOnlySpan<byte> message) => _first = ref ItchMessage.Check(message, Length);
    public ushort StockLocate => BigEndian.U16(in _first, 1);
    public ushort TrackingNumber => BigEndian.U16(in _first, 3);
    public ulong Timestamp => BigEndian.U48(in _first, 5);
    public ulong OrderReferenceNumber => BigEndian.U64(in _first, 11);
    public uint ExecutedShares => BigEndian.U32(in _first, 19);
    public ulong MatchNumber => BigEndian.U64(in _first, 23);
    public byte Printable => BigEndian.U8(in _first, 31);
    public uint ExecutionPrice => BigEndian.U32(in _first, 32);
}

/// <summary>Order Cancel (part of an order), type 'X', 23 bytes.</summary>
public readonly ref struct OrderCancel
{
    public const byte Type = (byte)'X';
    public const int Length = 23;
    private readonly ref byte _first;
    public OrderCancel(ReadOnlySpan<byte> message) => _first = ref ItchMessage.Check(message, Length);
    public ushort StockLocate => BigEndian.U16(in _first, 1);
    public ushort TrackingNumber => BigEndian.U16(in _first, 3);
    public ulong Timestamp => BigEndian.U48(in _first, 5);
    public ulong OrderReferenceNumber => BigEndian.U64(in _first, 11);
    public uint CanceledShares => BigEndian.U32(in _first, 19);
}

/// <summary>Order Delete, type 'D', 19 bytes.</summary>
public readonly ref struct OrderDelete
{
    public const byte Type = (byte)'D';
    public const int Length = 19;
    private readonly ref byte _first;
    public OrderDelete(ReadOnlySpan<byte> message) => _first = ref ItchMessage.Check(message, Length);
    public ushort StockLocate => BigEndian.U16(in _first, 1);
    public ushort TrackingNumber => BigEndian.U16(in _first, 3);
    public ulong Timestamp => BigEndian.U48(in _first, 5);
    public ulong OrderReferenceNumber => BigEndian.U64(in _first, 11);
}

/// <summary>Order Replace, type 'U', 35 bytes.</summary>
public readonly ref struct OrderReplace
{
    public const byte Type = (byte)'U';
    public const int Length = 35;
    private readonly ref byte _first;
    public OrderReplace(ReadOnlySpan<byte> message) => _first = ref ItchMessage.Check(message, Length);
    public ushort StockLocate => BigEndian.U16(in _first, 1);
    public ushort TrackingNumber => BigEndian.U16(in _first, 3);
    public ulong Timestamp => BigEndian.U48(in _first, 5);
    public ulong OriginalOrderReferenceNumber => BigEndian.U64(in _first, 11);
    public ulong NewOrderReferenceNumber => BigEndian.U64(in _first, 19);
    public uint Shares => BigEndian.U32(in _first, 27);
    public uint Price => BigEndian.U32(in _first, 31);
}
