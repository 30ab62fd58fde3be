using System.Runtime.InteropServices;

namespace Appliance.Fix;

/// <summary>An execution as it stands after all that was said of it: price and quantity in the instrument's units.</summary>
internal readonly record struct KnownExecution(long PriceUnits, long QuantityUnits, bool AddedLiquidity);

/// <summary>
/// What the venue's last executions were, by ExecID (17). A TradeCorrect names the execution that it corrects and says its new terms; what the old ones were only the receiver knows, and without
/// them a correction of the price cannot be booked. Of fixed size: the newest stay, an older one in the same place is forgotten.
/// </summary>
internal sealed class RecentExecutions
{
    [StructLayout(LayoutKind.Sequential)]
    private struct Entry
    {
        public ulong Key;
        /// <summary>The order that it was reported of: a venue may give both sides of one trade the same ExecID.</summary>
        public ulong ClientOrderId;
        public long PriceUnits;
        public long QuantityUnits;
        public bool AddedLiquidity;
    }

    private readonly Entry[] _entries;
    private readonly uint _mask;

    /// <param name="capacity">A power of two.</param>
    public RecentExecutions(int capacity)
    {
        _entries = new Entry[capacity];
        _mask = (uint)capacity - 1;
        // Touches the pages before the first execution does.
        for (int i = 0; i < capacity; i++) _entries[i] = new Entry { PriceUnits = -1 };
    }

    /// <param name="isRepetition">A message that the venue sent again says what was, not what a later correction made of it: what is known already stays.</param>
    public void Add(ReadOnlySpan<byte> executionId, ulong clientOrderId, in KnownExecution execution, bool isRepetition)
    {
        ulong key = KeyOf(executionId);
        ref Entry entry = ref _entries[(uint)key & _mask];
        if (isRepetition && entry.Key == key) return;
        entry = new Entry { Key = key, ClientOrderId = clientOrderId, PriceUnits = execution.PriceUnits, QuantityUnits = execution.QuantityUnits, AddedLiquidity = execution.AddedLiquidity };
    }

    /// <summary>Whether the order's execution was reported before, as far as is remembered.</summary>
    public bool Has(ReadOnlySpan<byte> executionId, ulong clientOrderId)
    {
        ulong key = KeyOf(executionId);
        ref readonly Entry entry = ref _entries[(uint)key & _mask];
        return !executionId.IsEmpty && entry.Key == key && entry.ClientOrderId == clientOrderId;
    }

    public bool TryFind(ReadOnlySpan<byte> executionId, out KnownExecution execution)
    {
        ulong key = KeyOf(executionId);
        ref readonly Entry entry = ref _entries[(uint)key & _mask];
        execution = new KnownExecution(entry.PriceUnits, entry.QuantityUnits, entry.AddedLiquidity);
        return !executionId.IsEmpty && entry.Key == key;
    }

    /// <summary>FNV-1a of 64 bits, its halves folded for the table's index: two identifiers of a day share all 64 bits once in some hundred thousand years of a million executions a day.</summary>
    private static ulong KeyOf(ReadOnlySpan<byte> id)
    {
        ulong hash = 14695981039346656037;
        foreach (byte b in id) hash = (hash ^ b) * 1099511628211;
        hash ^= hash >> 32;
        return hash | 1UL << 63;
    }
}
