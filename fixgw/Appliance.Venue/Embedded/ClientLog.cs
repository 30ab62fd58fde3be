using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Appliance.Contract;
using Appliance.Fix;
using Microsoft.Win32.SafeHandles;

namespace Appliance.Venue.Embedded;

internal enum ClientRecordKind : byte
{
    None = 0,
    /// <summary>The venue started; OrderId is the run's number.</summary>
    RunStarted = 1,
    /// <summary>A client was first seen: its index and, in ClientOrderId, its name.</summary>
    ClientNamed = 2,
    /// <summary>An execution report, logged before it goes to the session.</summary>
    Report = 3,
    /// <summary>The report with this ExecutionId stands in the session's own store.</summary>
    HandedOver = 4,
    /// <summary>The copy of the report with this ExecutionId stands in the drop-copy session's own store.</summary>
    Copied = 5,
}

/// <summary>One record of the client log: 192 bytes, checksummed, so that a torn tail is told from a whole record.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ClientRecord
{
    public const int SizeBytes = 192;

    public uint Checksum;
    public ClientRecordKind Kind;
    public Side Side;
    public TimeInForce TimeInForce;
    public ExecutionKind ExecutionKind;
    public OrderStatus Status;
    public byte Maker;
    public ushort Instrument;
    public ushort Client;
    public ushort RejectReason;
    public ulong OrderId;
    public ulong ExecutionId;
    public long PriceUnits;
    public long TotalUnits;
    public long LastPriceUnits;
    public long LastUnits;
    public long CumulativeUnits;
    public long LeavesUnits;
    public long AveragePriceUnits;
    public long TimeUtcNs;
    public FixText ClientOrderId;
    public FixText OriginalClientOrderId;
    private Spare _spare;

    [InlineArray(32)]
    private struct Spare { private byte _first; }
}

/// <summary>
/// What clients were told, appended record by record before they are told it. The write goes to the kernel, so it survives the process, not the power.
/// At start the log is read back: a torn last record is dropped, a damaged one before it is an error.
/// </summary>
internal sealed class ClientLog : IDisposable
{
    private readonly SafeFileHandle? _file;
    private long _length;

    /// <param name="path">The file, made when absent; null keeps no log.</param>
    /// <param name="records">What it held.</param>
    public ClientLog(string? path, out ClientRecord[] records)
    {
        if (Unsafe.SizeOf<ClientRecord>() != ClientRecord.SizeBytes)
            throw new InvalidOperationException($"A client record has {Unsafe.SizeOf<ClientRecord>()} bytes, not {ClientRecord.SizeBytes}.");
        records = [];
        if (path is null) return;
        _file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        long bytes = RandomAccess.GetLength(_file);
        records = new ClientRecord[bytes / ClientRecord.SizeBytes];
        Span<byte> into = MemoryMarshal.AsBytes(records.AsSpan());
        for (int read = 0; read < into.Length;)
        {
            int got = RandomAccess.Read(_file, into[read..], read);
            if (got == 0) throw new EndOfStreamException($"{path} became shorter while it was read.");
            read += got;
        }
        int whole = 0;
        while (whole < records.Length && ChecksumOf(ref records[whole]) == records[whole].Checksum) whole++;
        if (whole < records.Length - 1)
            throw new InvalidDataException($"{path}: the record at byte {(long)whole * ClientRecord.SizeBytes} is damaged, and others follow it.");
        Array.Resize(ref records, whole);
        _length = (long)whole * ClientRecord.SizeBytes;
        RandomAccess.SetLength(_file, _length);
    }

    public void Append(ref ClientRecord record)
    {
        if (_file is null) return;
        record.Checksum = ChecksumOf(ref record);
        RandomAccess.Write(_file, MemoryMarshal.AsBytes(MemoryMarshal.CreateReadOnlySpan(in record, 1)), _length);
        _length += ClientRecord.SizeBytes;
    }

    public void Dispose() => _file?.Dispose();

    /// <summary>CRC-32C of everything after the checksum.</summary>
    private static uint ChecksumOf(ref ClientRecord record)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in MemoryMarshal.AsBytes(MemoryMarshal.CreateReadOnlySpan(in record, 1))[sizeof(uint)..])
            crc = BitOperations.Crc32C(crc, b);
        return ~crc;
    }
}
