using System.Runtime.CompilerServices;
using Appliance.Contract;

namespace Appliance.Venue.Matching;

/// <summary>A price's queue: first and last order (pool slots), and what they add up to.</summary>
internal struct PriceLevel
{
    public long PriceUnits;
    public long QuantityUnits;
    public int Head;
    public int Tail;
    public int Orders;
}

/// <summary>
/// One side of a book: price levels in a sorted array with the best at its end, so that what changes most (the touch) moves least.
/// </summary>
internal sealed class LevelLadder
{
    private readonly PriceLevel[] _levels;
    private readonly long _sign;

    public LevelLadder(Side side, int levelsMax)
    {
        _levels = new PriceLevel[levelsMax];
        _sign = side == Side.Buy ? 1 : -1;
    }

    public int Count { get; private set; }
    public bool IsFull => Count == _levels.Length;
    /// <summary>Quantity over all levels.</summary>
    public long TotalUnits { get; set; }

    /// <summary>Level <paramref name="depth"/> counted from the best (0).</summary>
    public ref PriceLevel FromBest(int depth)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)depth, (uint)Count);
        return ref _levels[Count - 1 - depth];
    }

    /// <summary>True when a trade at <paramref name="priceUnits"/> would suit an order resting at this side's <paramref name="levelPriceUnits"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Reaches(long levelPriceUnits, long priceUnits) => _sign * levelPriceUnits >= _sign * priceUnits;

    /// <summary>Index of the level with this price, or the complement of where it belongs.</summary>
    public int Find(long priceUnits)
    {
        long key = _sign * priceUnits;
        int low = 0, high = Count - 1;
        while (low <= high)
        {
            int middle = (low + high) >> 1;
            long at = _sign * _levels[middle].PriceUnits;
            if (at == key) return middle;
            if (at < key) low = middle + 1;
            else high = middle - 1;
        }
        return ~low;
    }

    public ref PriceLevel this[int index] => ref _levels[index];

    public ref PriceLevel Insert(int index, long priceUnits)
    {
        Array.Copy(_levels, index, _levels, index + 1, Count - index);
        Count++;
        ref PriceLevel level = ref _levels[index];
        level = new PriceLevel { PriceUnits = priceUnits, Head = -1, Tail = -1 };
        return ref level;
    }

    public void Remove(int index)
    {
        Count--;
        Array.Copy(_levels, index + 1, _levels, index, Count - index);
    }
}
