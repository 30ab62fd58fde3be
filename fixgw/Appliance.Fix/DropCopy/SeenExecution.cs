using Appliance.Contract;

namespace Appliance.Fix;

/// <summary>One execution as a session was told of it: a fill, or one taken back or corrected. Prices and quantities in the instrument's units.</summary>
public struct SeenExecution
{
    /// <summary>From ExecID (17) and the side: what both sessions call the execution. A venue may give both sides of one trade the same ExecID.</summary>
    public ulong Key;
    /// <summary>From ClOrdID (11), of which <see cref="ClientOrderId"/> may be the beginning only.</summary>
    public ulong OrderKey;
    public long PriceUnits;
    public long QuantityUnits;
    public FixText ExecutionId;
    public FixText ClientOrderId;
    public ushort Instrument;
    public Side Side;
    public ExecutionKind Kind;

    /// <summary>The terms that both sessions must agree on.</summary>
    public readonly bool AgreesWith(in SeenExecution other) =>
        PriceUnits == other.PriceUnits && QuantityUnits == other.QuantityUnits && Instrument == other.Instrument && Side == other.Side && Kind == other.Kind && OrderKey == other.OrderKey;

    internal static bool IsOne(ExecutionKind kind) => kind is ExecutionKind.Trade or ExecutionKind.TradeCancelled or ExecutionKind.TradeCorrected;

    internal static SeenExecution Of(in DecodedReport report, ushort instrument, long priceUnits, long quantityUnits)
    {
        var seen = new SeenExecution
        {
            Key = Mix(Hash(report.ExecutionId), (byte)report.Side), OrderKey = Hash(report.ClientOrderId), PriceUnits = priceUnits, QuantityUnits = quantityUnits, Instrument = instrument, Side = report.Side, Kind = report.Kind,
        };
        FixText.TryCreate(Beginning(report.ExecutionId), out seen.ExecutionId);
        FixText.TryCreate(Beginning(report.ClientOrderId), out seen.ClientOrderId);
        return seen;
    }

    private static ReadOnlySpan<byte> Beginning(ReadOnlySpan<byte> text) => text.Length <= FixText.MaxLength ? text : text[..FixText.MaxLength];

    /// <summary>FNV-1a of 64 bits.</summary>
    private static ulong Hash(ReadOnlySpan<byte> text)
    {
        ulong hash = 14695981039346656037;
        foreach (byte b in text) hash = Mix(hash, b);
        return hash;
    }

    private static ulong Mix(ulong hash, byte b) => (hash ^ b) * 1099511628211;
}

/// <summary>
/// Our own record on its way from the order session's thread to the one that reads the drop copy: one writer, one reader, of fixed size. The writer never waits; what found no room is counted, and then the
/// two records cannot be compared any more.
/// </summary>
public sealed class ExecutionTap
{
    private readonly SeenExecution[] _slots;
    private readonly int _mask;
    private long _written, _read, _lost;

    /// <param name="capacity">A power of two.</param>
    public ExecutionTap(int capacity)
    {
        _slots = new SeenExecution[capacity];
        _mask = capacity - 1;
        // Touches the pages before the first execution does.
        for (int i = 0; i < capacity; i++) _slots[i].Side = Side.None;
    }

    public long Lost => Volatile.Read(ref _lost);

    public void Write(in SeenExecution execution)
    {
        long at = _written;
        if (at - Volatile.Read(ref _read) > _mask)
        {
            Volatile.Write(ref _lost, _lost + 1);
            return;
        }
        _slots[at & _mask] = execution;
        Volatile.Write(ref _written, at + 1);
    }

    public bool TryRead(out SeenExecution execution)
    {
        long at = _read;
        execution = default;
        if (at == Volatile.Read(ref _written)) return false;
        execution = _slots[at & _mask];
        Volatile.Write(ref _read, at + 1);
        return true;
    }
}
