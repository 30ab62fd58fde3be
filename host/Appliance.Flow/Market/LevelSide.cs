using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Appliance.Contract;

namespace Appliance.Flow.Market;

/// <summary>A price with what rests there.</summary>
public readonly record struct PriceLevel(long PriceUnits, long QuantityUnits);

/// <summary>One level as stored: 16 bytes. The key is the price for bids and its negative for asks, so that on either side a greater key is a better price.</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
internal struct StoredLevel
{
    [FieldOffset(0)] public long Key;
    [FieldOffset(8)] public long QuantityUnits;
}

/// <summary>
/// One side of one book: price levels sorted with the best at the end, in pages of 64 (a B+ tree of one inner node, all pages from a pool made at start).
/// Chosen over one flat array because real books are deep and busy in their depth: on the recorded Binance perpetual a side holds 5,170 levels and
/// the average insertion is 583 levels from the top (one in a hundred beyond 3,850), which in a flat array moves 9 kB, while here none moves more than
/// a page (1 kB). Chosen over a window indexed by price because a day's prices at a fine tick would need far more memory than the levels that exist.
/// Near the top the cost is the flat array's: the last page is looked at first, from its end.
/// </summary>
internal sealed class LevelSide
{
    public const int PageLevels = 64;
    private const int MergeBelow = 16, MergeTogether = 48, LinearSteps = 6;

    private readonly StoredLevel[] _levels;
    /// <summary>The directory, sorted as the levels are: the key of each page's first level, its page in the pool, and how many levels it holds.</summary>
    private readonly long[] _firstKeys;
    private readonly int[] _pages;
    private readonly int[] _counts;
    private readonly int[] _freePages;
    private readonly long _sign;
    private readonly bool _dropDeepest;
    private int _pageCount, _freeCount, _levelCount;
    /// <summary>Levels whose key is at or below this were forgotten; long.MinValue when none was.</summary>
    private long _floorKey = long.MinValue;

    public LevelSide(Side side, int levels, LevelsFullPolicy policy)
    {
        _sign = side == Side.Buy ? 1 : -1;
        _dropDeepest = policy == LevelsFullPolicy.DropDeepest;
        int pages = PagesFor(levels);
        _levels = new StoredLevel[pages * PageLevels];
        _firstKeys = new long[pages];
        _pages = new int[pages];
        _counts = new int[pages];
        _freePages = new int[pages];
        // Written once, so that no page of memory is first touched on the hot path.
        _levels.AsSpan().Clear();
        Clear();
    }

    /// <summary>Pages that a side of so many levels takes: twice what full pages would need, for pages split in the middle are half full.</summary>
    public static int PagesFor(int levels) => Math.Max(2, (levels + PageLevels / 2 - 1) / (PageLevels / 2));

    public int Count => _levelCount;
    public bool IsEmpty => _levelCount == 0;
    /// <summary>Levels forgotten or refused for want of room since the side was made.</summary>
    public long Dropped { get; private set; }
    /// <summary>True when levels were forgotten and nothing that is known is left: the best is no longer known.</summary>
    public bool IsExhausted => _levelCount == 0 && _floorKey != long.MinValue;
    /// <summary>True once a level was refused under <see cref="LevelsFullPolicy.MarkIncomplete"/>.</summary>
    public bool HasOverflowed { get; private set; }

    public void Clear()
    {
        _pageCount = 0;
        _levelCount = 0;
        _floorKey = long.MinValue;
        HasOverflowed = false;
        _freeCount = _freePages.Length;
        for (int i = 0; i < _freePages.Length; i++)
            _freePages[i] = _freePages.Length - 1 - i;
    }

    /// <summary>The best price and its quantity; zeroes when the side is empty.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Best(out long priceUnits, out long quantityUnits)
    {
        int last = _pageCount - 1;
        if (last < 0)
        {
            priceUnits = quantityUnits = 0;
            return;
        }
        ref StoredLevel best = ref _levels[_pages[last] * PageLevels + _counts[last] - 1];
        priceUnits = best.Key * _sign;
        quantityUnits = best.QuantityUnits;
    }

    /// <summary>Sets the quantity that rests at a price; zero or less removes the level.</summary>
    public void Set(long priceUnits, long quantityUnits)
    {
        long key = priceUnits * _sign;
        if (Find(key, out int entry, out int index))
        {
            if (quantityUnits > 0)
                _levels[_pages[entry] * PageLevels + index].QuantityUnits = quantityUnits;
            else
                RemoveAt(entry, index);
        }
        else if (quantityUnits > 0)
        {
            InsertAt(entry, index, key, quantityUnits);
        }
    }

    /// <summary>Adds a signed quantity to a price. A level that falls to zero is removed.</summary>
    /// <returns>False when more was to be taken away than rests there, which the caller's bookkeeping should make impossible.</returns>
    public bool Add(long priceUnits, long quantityUnits)
    {
        long key = priceUnits * _sign;
        if (Find(key, out int entry, out int index))
        {
            ref StoredLevel level = ref _levels[_pages[entry] * PageLevels + index];
            long left = level.QuantityUnits + quantityUnits;
            level.QuantityUnits = left;
            if (left > 0)
                return true;
            RemoveAt(entry, index);
            return left == 0;
        }
        if (quantityUnits <= 0)
            return key <= _floorKey || HasOverflowed;
        InsertAt(entry, index, key, quantityUnits);
        return true;
    }

    /// <summary>What rests at a price; 0 when no level is there.</summary>
    public long QuantityAt(long priceUnits) =>
        Find(priceUnits * _sign, out int entry, out int index) ? _levels[_pages[entry] * PageLevels + index].QuantityUnits : 0;

    /// <summary>Copies levels from the best on; with <paramref name="worseThan"/> only those strictly worse than that price.</summary>
    /// <returns>Levels copied.</returns>
    public int CopyTo(Span<PriceLevel> into, long? worseThan = null)
    {
        long belowKey = worseThan is { } price ? price * _sign : long.MaxValue;
        int copied = 0;
        for (int entry = _pageCount - 1; entry >= 0; entry--)
        {
            ReadOnlySpan<StoredLevel> page = _levels.AsSpan(_pages[entry] * PageLevels, _counts[entry]);
            for (int i = page.Length - 1; i >= 0; i--)
            {
                if (copied == into.Length)
                    return copied;
                if (page[i].Key < belowKey)
                    into[copied++] = new PriceLevel(page[i].Key * _sign, page[i].QuantityUnits);
            }
        }
        return copied;
    }

    /// <summary>Where the key stands, or would be inserted: the directory entry and the index in its page. On an empty side entry is −1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Find(long key, out int entry, out int index)
    {
        entry = _pageCount - 1;
        if (entry < 0)
        {
            index = 0;
            return false;
        }
        if (key < _firstKeys[entry])
            entry = FindPage(key);
        ReadOnlySpan<StoredLevel> page = _levels.AsSpan(_pages[entry] * PageLevels, _counts[entry]);
        int low = 0, high = page.Length;
        // Most updates are near the best, so a few steps from the end come before halving what is left.
        int stop = Math.Max(0, high - LinearSteps);
        while (high > stop)
        {
            long at = page[high - 1].Key;
            if (at <= key)
            {
                index = at == key ? high - 1 : high;
                return at == key;
            }
            high--;
        }
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (page[middle].Key < key)
                low = middle + 1;
            else
                high = middle;
        }
        index = low;
        return low < page.Length && page[low].Key == key;
    }

    /// <summary>The last directory entry whose first key is at or below the key, or the first entry.</summary>
    private int FindPage(long key)
    {
        ReadOnlySpan<long> firstKeys = _firstKeys.AsSpan(0, _pageCount);
        int low = 0, high = firstKeys.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (firstKeys[middle] <= key)
                low = middle + 1;
            else
                high = middle;
        }
        return Math.Max(0, low - 1);
    }

    private void InsertAt(int entry, int index, long key, long quantityUnits)
    {
        if (key <= _floorKey || HasOverflowed)
        {
            Dropped++;
            return;
        }
        if (entry < 0 || _counts[entry] == PageLevels)
        {
            if (!TryMakeRoom(key, ref entry, ref index))
                return;
        }
        int count = _counts[entry];
        Span<StoredLevel> page = _levels.AsSpan(_pages[entry] * PageLevels, count + 1);
        page[index..count].CopyTo(page[(index + 1)..]);
        page[index].Key = key;
        page[index].QuantityUnits = quantityUnits;
        _counts[entry] = count + 1;
        if (index == 0)
            _firstKeys[entry] = key;
        _levelCount++;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryMakeRoom(long key, ref int entry, ref int index)
    {
        if (_freeCount == 0)
        {
            if (!_dropDeepest)
            {
                HasOverflowed = true;
                Dropped++;
                return false;
            }
            DropWorstPage();
            if (key <= _floorKey)
            {
                Dropped++;
                return false;
            }
            entry--;
        }
        int newPage = _freePages[--_freeCount];
        if (entry < 0)
        {
            OpenEntry(0, newPage, 0, key);
            entry = 0;
            index = 0;
            return true;
        }
        // Levels that come in order (a snapshot, a trending price) go past the border of a full page: a page of their own leaves the full one full.
        if (index == PageLevels && entry == _pageCount - 1)
        {
            OpenEntry(++entry, newPage, 0, key);
            index = 0;
            return true;
        }
        if (index == 0 && entry == 0)
        {
            OpenEntry(0, newPage, 0, key);
            return true;
        }
        const int half = PageLevels / 2;
        Span<StoredLevel> full = _levels.AsSpan(_pages[entry] * PageLevels, PageLevels);
        full[half..].CopyTo(_levels.AsSpan(newPage * PageLevels, half));
        _counts[entry] = half;
        OpenEntry(entry + 1, newPage, half, full[half].Key);
        if (index > half)
        {
            entry++;
            index -= half;
        }
        return true;
    }

    private void DropWorstPage()
    {
        Dropped += _counts[0];
        _levelCount -= _counts[0];
        _floorKey = _levels[_pages[0] * PageLevels + _counts[0] - 1].Key;
        CloseEntry(0);
    }

    private void RemoveAt(int entry, int index)
    {
        int count = _counts[entry] - 1;
        Span<StoredLevel> page = _levels.AsSpan(_pages[entry] * PageLevels, count + 1);
        page[(index + 1)..].CopyTo(page[index..]);
        _counts[entry] = count;
        _levelCount--;
        if (count < MergeBelow)
            Shrink(entry);
        else if (index == 0)
            _firstKeys[entry] = page[0].Key;
    }

    /// <summary>Puts a thin page together with a neighbour where both fit well, so that pages stay well filled; frees an empty one.</summary>
    private void Shrink(int entry)
    {
        int count = _counts[entry];
        if (count == 0)
        {
            CloseEntry(entry);
            return;
        }
        _firstKeys[entry] = _levels[_pages[entry] * PageLevels].Key;
        if (entry > 0 && _counts[entry - 1] + count <= MergeTogether)
            MergeWithNext(entry - 1);
        else if (entry + 1 < _pageCount && _counts[entry + 1] + count <= MergeTogether)
            MergeWithNext(entry);
    }

    private void MergeWithNext(int entry)
    {
        int count = _counts[entry], moved = _counts[entry + 1];
        _levels.AsSpan(_pages[entry + 1] * PageLevels, moved).CopyTo(_levels.AsSpan(_pages[entry] * PageLevels + count, moved));
        _counts[entry] = count + moved;
        CloseEntry(entry + 1);
    }

    private void OpenEntry(int entry, int page, int count, long firstKey)
    {
        int tail = _pageCount - entry;
        _firstKeys.AsSpan(entry, tail).CopyTo(_firstKeys.AsSpan(entry + 1));
        _pages.AsSpan(entry, tail).CopyTo(_pages.AsSpan(entry + 1));
        _counts.AsSpan(entry, tail).CopyTo(_counts.AsSpan(entry + 1));
        _firstKeys[entry] = firstKey;
        _pages[entry] = page;
        _counts[entry] = count;
        _pageCount++;
    }

    private void CloseEntry(int entry)
    {
        _freePages[_freeCount++] = _pages[entry];
        int tail = _pageCount - entry - 1;
        _firstKeys.AsSpan(entry + 1, tail).CopyTo(_firstKeys.AsSpan(entry));
        _pages.AsSpan(entry + 1, tail).CopyTo(_pages.AsSpan(entry));
        _counts.AsSpan(entry + 1, tail).CopyTo(_counts.AsSpan(entry));
        _pageCount--;
    }
}
