using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Appliance.Contract;

namespace Appliance.Fix;

/// <summary>One order request as the log holds it: a cache line.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
public struct OrderLogRecord
{
    /// <summary>MsgSeqNum that the message bears.</summary>
    [FieldOffset(0)] public uint Sequence;
    /// <summary>CRC-32C over the record with this field and State zero.</summary>
    [FieldOffset(4)] public uint Crc;
    [FieldOffset(8)] public ulong ClientOrderId;
    [FieldOffset(16)] public ulong OriginalClientOrderId;
    [FieldOffset(24)] public long RingSequence;
    [FieldOffset(32)] public long TimeUtcNs;
    [FieldOffset(40)] public long PriceUnits;
    [FieldOffset(48)] public long QuantityUnits;
    [FieldOffset(56)] public OrderRequestKind Kind;
    [FieldOffset(57)] public Side Side;
    [FieldOffset(58)] public TimeInForce TimeInForce;
    [FieldOffset(59)] public OrderLogState State;
    [FieldOffset(60)] public ushort Instrument;
    [FieldOffset(62)] public ushort Portfolio;
}

public enum OrderLogState : byte
{
    /// <summary>The record was written; its bytes may have left.</summary>
    MaybeSent = 0,
    /// <summary>It is certain that not one byte of it left.</summary>
    Unsent = 1,
}

/// <summary>
/// The order log: before an order's bytes leave, it stands here, in a mapped file whose pages were touched at start. It survives the process, not the power.
/// A restart finds the orders of earlier runs; those that the journal does not know may have been sent, and trading stays off until the venue has resolved them.
/// The log also keeps the epoch of client order ids, which each start raises, so that an id is never given twice, and says whether any earlier run sent orders.
/// </summary>
public sealed unsafe class OrderLog : IDisposable
{
    public const ulong IdsPerEpoch = 1_000_000_000;
    private const int HeaderBytes = 4096, EpochAt = 64, ResolvedAt = 72, HadOrdersAt = 80;
    private const ulong Magic = 0x31474F_4C44524F; // "ORDLOG1"

    private readonly MappedMemory _memory;
    private readonly OrderLogRecord* _records;
    // Records before this one were settled with the venue by the operator.
    private int _resolved;

    /// <param name="path">The file; null keeps the log in memory, for tests and paper trading.</param>
    /// <param name="capacity">Orders it can hold, 64 bytes each; a full log refuses orders with SendResult.LogFull.</param>
    /// <param name="epochMin">The least epoch that this start may take. The host gives the seconds since 1970: a log that is lost, as after the machine stopped,
    /// then begins above every epoch that it had given, unless it was started more than once a second all its life.</param>
    public OrderLog(string? path, int capacity, uint epochMin = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        Capacity = capacity;
        _memory = new MappedMemory(path, HeaderBytes + (long)capacity * sizeof(OrderLogRecord));
        _records = (OrderLogRecord*)(_memory.Base + HeaderBytes);
        ref ulong magic = ref Word(0);
        ref ulong epochWord = ref Word(EpochAt);
        ulong epoch = 0;
        if (magic != 0 && (magic != Magic || !SealedWord.TryOpen(epochWord, out epoch)))
        {
            _memory.Dispose();
            throw new InvalidDataException($"{path}: the header of this order log is damaged; resolve open orders with the venue, then move the file away and raise the epoch");
        }
        Volatile.Write(ref epochWord, SealedWord.Seal(epoch = Math.Max(epoch + 1, epochMin)));
        Volatile.Write(ref magic, Magic);
        Epoch = (uint)epoch;
        while (Count < capacity && IsWhole(ref _records[Count])) Count++;
        CountOfEarlierRuns = Count;
        // A mark that cannot be read resolves nothing, which errs to the safe side.
        if (SealedWord.TryOpen(Word(ResolvedAt), out ulong resolved)) _resolved = (int)Math.Min(resolved, (ulong)Count);
        HadOrders = Count > 0 || Word(HadOrdersAt) != 0;
    }

    public int Capacity { get; }
    /// <summary>Records held, the earlier runs' first.</summary>
    public int Count { get; private set; }
    public int CountOfEarlierRuns { get; private set; }

    /// <summary>True when any earlier run logged an order, even if the log was emptied since: what it traded is in no desk file.</summary>
    public bool HadOrders { get; }

    /// <summary>Records that only cancels may use, so that a desk whose log is full can still take its orders back.</summary>
    public int CancelReserve => Math.Min(4096, Capacity / 16);

    /// <summary>True while this kind of request may be logged.</summary>
    public bool HasRoomFor(OrderRequestKind kind) => Count < (kind == OrderRequestKind.Cancel ? Capacity : Capacity - CancelReserve);

    /// <summary>At least 1, and above that of every earlier start with this log.</summary>
    public uint Epoch { get; }

    /// <summary>Client order ids of this run are above this number and at most <see cref="IdsPerEpoch"/> − 1 above it.</summary>
    public ulong ClientOrderIdBase => Epoch * IdsPerEpoch;

    public ref readonly OrderLogRecord this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
            return ref _records[index];
        }
    }

    /// <summary>Writes the order; false when the log is full. The record is whole when this returns.</summary>
    public bool TryAppend(in ApprovedOrder order, uint sequence)
    {
        if (Count >= Capacity)
            return false;
        ref var record = ref _records[Count];
        // Until the CRC is written the record is not whole; a kill in between leaves a log that ends before it.
        Volatile.Write(ref record.Crc, 0);
        record.Sequence = sequence;
        record.ClientOrderId = order.ClientOrderId;
        record.OriginalClientOrderId = order.OriginalClientOrderId;
        record.RingSequence = order.RingSequence;
        record.TimeUtcNs = order.TimeUtcNs;
        record.PriceUnits = order.PriceUnits;
        record.QuantityUnits = order.QuantityUnits;
        record.Kind = order.Kind;
        record.Side = order.Side;
        record.TimeInForce = order.TimeInForce;
        record.State = OrderLogState.MaybeSent;
        record.Instrument = order.Instrument;
        record.Portfolio = order.Portfolio;
        Volatile.Write(ref record.Crc, CrcOf(in record));
        Count++;
        return true;
    }

    /// <summary>Brings the next record's place near.</summary>
    public void Approach()
    {
        if (Sse.IsSupported && Count < Capacity) Sse.Prefetch0(_records + Count);
    }

    /// <summary>The last records' bytes are known not to have left.</summary>
    public void MarkLastUnsent(int count = 1)
    {
        for (int i = 1; i <= count; i++) _records[Count - i].State = OrderLogState.Unsent;
    }

    /// <summary>Orders of earlier runs that may have been sent and that the journal does not know. At start only: it allocates.</summary>
    public IReadOnlyList<OrderLogRecord> MaybeSent(Func<ulong, bool> journalKnows)
    {
        var found = new List<OrderLogRecord>();
        for (int i = _resolved; i < CountOfEarlierRuns; i++)
            if (_records[i].State == OrderLogState.MaybeSent && !journalKnows(_records[i].ClientOrderId))
                found.Add(_records[i]);
        return found;
    }

    /// <summary>The operator has settled the earlier runs' orders with the venue: the next start need not ask about them again. What this run logged stays.</summary>
    public void MarkEarlierResolved()
    {
        _resolved = CountOfEarlierRuns;
        Volatile.Write(ref Word(ResolvedAt), SealedWord.Seal((ulong)_resolved));
    }

    /// <summary>Empties the log, once the venue has resolved what it held. Before trading only.</summary>
    public void Forget()
    {
        if (Count > 0) Volatile.Write(ref Word(HadOrdersAt), 1);
        // From the end, so that a kill in the middle leaves a log that still begins at its first record.
        for (int i = Count - 1; i >= 0; i--) _records[i] = default;
        Count = CountOfEarlierRuns = _resolved = 0;
        Volatile.Write(ref Word(ResolvedAt), SealedWord.Seal(0));
    }

    private ref ulong Word(int at) => ref *(ulong*)(_memory.Base + at);

    private static bool IsWhole(ref OrderLogRecord record) => record.Kind != OrderRequestKind.None && record.Crc == CrcOf(in record);

    private static uint CrcOf(in OrderLogRecord record)
    {
        ref ulong words = ref Unsafe.As<OrderLogRecord, ulong>(ref Unsafe.AsRef(in record));
        uint crc = BitOperations.Crc32C(~0u, record.Sequence);
        for (int i = 1; i < 7; i++) crc = BitOperations.Crc32C(crc, Unsafe.Add(ref words, i));
        // State may change after the record was sealed: its byte stays outside, and so does the CRC's own word.
        return ~BitOperations.Crc32C(crc, Unsafe.Add(ref words, 7) & ~0xFF00_0000UL);
    }

    public void Dispose() => _memory.Dispose();
}
