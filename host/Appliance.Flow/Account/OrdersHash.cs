using System.Buffers.Binary;
using System.Security.Cryptography;
using Appliance.Contract;

namespace Appliance.Flow.Accounts;

/// <summary>
/// ordersSha256: SHA-256 (FIPS 180-4) over one record for every approved new, amend and cancel, in the order of their approval. A record is 37 bytes,
/// little-endian, without padding:
/// <code>
/// offset size field
///      0    8 ring sequence of the event that caused it, signed
///      8    8 client order id, unsigned
///     16    1 kind (1 new, 2 amend, 3 cancel)
///     17    2 instrument index, unsigned
///     19    1 side (1 buy, 2 sell)
///     20    8 price in price units, signed
///     28    8 quantity in quantity units, signed: the order's total
///     36    1 time in force (0 day, 1 immediate or cancel, 2 fill or kill, 3 good till cancel)
/// </code>
/// A cancel carries side, price, quantity and time in force of the order it names. In Python: struct.pack("&lt;qQBHBqqB", ...).
/// Records gather in a block made at start and are hashed when it is full, so that most orders cost a copy of 37 bytes; nothing is allocated after construction.
/// </summary>
public sealed class OrdersHash : IDisposable
{
    public const int RecordBytes = 37;
    /// <summary>Small, so that the order on which the block fills waits about a microsecond, not many.</summary>
    private const int RecordsPerBlock = 32;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _block = new byte[RecordBytes * RecordsPerBlock];
    private int _used;

    public OrdersHash()
    {
        // The first bytes hashed make objects of the library's own: here, and not under way.
        _hash.AppendData(_block);
        Span<byte> forgotten = stackalloc byte[SHA256.HashSizeInBytes];
        _hash.GetHashAndReset(forgotten);
    }

    public long Orders { get; private set; }

    public void Add(in ApprovedOrder order)
    {
        Span<byte> record = _block.AsSpan(_used, RecordBytes);
        BinaryPrimitives.WriteInt64LittleEndian(record, order.RingSequence);
        BinaryPrimitives.WriteUInt64LittleEndian(record[8..], order.ClientOrderId);
        record[16] = (byte)order.Kind;
        BinaryPrimitives.WriteUInt16LittleEndian(record[17..], order.Instrument);
        record[19] = (byte)order.Side;
        BinaryPrimitives.WriteInt64LittleEndian(record[20..], order.PriceUnits);
        BinaryPrimitives.WriteInt64LittleEndian(record[28..], order.QuantityUnits);
        record[36] = (byte)order.TimeInForce;
        _used += RecordBytes;
        Orders++;
        if (_used == _block.Length) Flush();
    }

    /// <summary>The hash of the orders so far, 32 bytes; more may follow.</summary>
    public void Current(Span<byte> sha256)
    {
        Flush();
        _hash.GetCurrentHash(sha256);
    }

    /// <summary>The hash so far in lower-case hexadecimal, as reports print it. Allocates the string.</summary>
    public string CurrentHex()
    {
        Span<byte> sha256 = stackalloc byte[SHA256.HashSizeInBytes];
        Current(sha256);
        return Convert.ToHexStringLower(sha256);
    }

    private void Flush()
    {
        _hash.AppendData(_block.AsSpan(0, _used));
        _used = 0;
    }

    public void Dispose() => _hash.Dispose();
}
