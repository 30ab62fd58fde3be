using Appliance.Contract;

namespace Appliance.Venue.Paper;

/// <summary>
/// Displayed quantity by price on one side, sorted with the best at the end of the arrays, and what our own paper fills have used up of each level
/// since the feed last stated it anew. When it is full, the worst level is forgotten and counted.
/// </summary>
internal sealed class DepthSide
{
    private readonly long[] _priceUnits;
    private readonly long[] _quantityUnits;
    private readonly long[] _usedUnits;
    private readonly long _sign;

    public DepthSide(Side side, int levelsMax)
    {
        _priceUnits = TouchedArray.Of<long>(levelsMax);
        _quantityUnits = TouchedArray.Of<long>(levelsMax);
        _usedUnits = TouchedArray.Of<long>(levelsMax);
        _sign = side == Side.Buy ? 1 : -1;
    }

    public int Count { get; private set; }
    public long Forgotten { get; private set; }

    public long PriceFromBest(int depth) => _priceUnits[Count - 1 - depth];
    public long AvailableFromBest(int depth) => Math.Max(0, _quantityUnits[Count - 1 - depth] - _usedUnits[Count - 1 - depth]);

    /// <summary>Whether <paramref name="a"/> is the better price for this side's owner of the queue: higher for bids, lower for asks.</summary>
    public bool IsBetter(long a, long b) => _sign * a > _sign * b;

    public void Clear() => Count = 0;

    public long Displayed(long priceUnits)
    {
        int index = Find(priceUnits);
        return index < 0 ? 0 : _quantityUnits[index];
    }

    /// <summary>The feed states the level's quantity: what we had used of it counts no more.</summary>
    public void Set(long priceUnits, long quantityUnits)
    {
        int index = Find(priceUnits);
        if (quantityUnits <= 0)
        {
            if (index >= 0) Remove(index);
            return;
        }
        if (index < 0) index = Insert(~index, priceUnits);
        if (index < 0) return;
        _quantityUnits[index] = quantityUnits;
        _usedUnits[index] = 0;
    }

    /// <summary>
    /// An order joined (positive) or left (negative) the level. Only an arrival refreshes what our fills had used: a departure is no new liquidity.
    /// </summary>
    public void Change(long priceUnits, long byUnits)
    {
        int index = Find(priceUnits);
        if (index < 0)
        {
            if (byUnits > 0) Set(priceUnits, byUnits);
            return;
        }
        _quantityUnits[index] += byUnits;
        if (_quantityUnits[index] <= 0) Remove(index);
        else if (byUnits > 0) _usedUnits[index] = Math.Max(0, _usedUnits[index] - byUnits);
    }

    public void Use(long priceUnits, long byUnits)
    {
        int index = Find(priceUnits);
        if (index >= 0) _usedUnits[index] += byUnits;
    }

    private int Find(long priceUnits)
    {
        long key = _sign * priceUnits;
        int low = 0, high = Count - 1;
        while (low <= high)
        {
            int middle = (low + high) >> 1;
            long at = _sign * _priceUnits[middle];
            if (at == key) return middle;
            if (at < key) low = middle + 1;
            else high = middle - 1;
        }
        return ~low;
    }

    private int Insert(int index, long priceUnits)
    {
        if (Count == _priceUnits.Length)
        {
            Forgotten++;
            if (index == 0) return -1;
            Remove(0);
            index--;
        }
        Move(index, index + 1, Count - index);
        Count++;
        _priceUnits[index] = priceUnits;
        return index;
    }

    private void Remove(int index)
    {
        Count--;
        Move(index + 1, index, Count - index);
    }

    private void Move(int from, int to, int count)
    {
        Array.Copy(_priceUnits, from, _priceUnits, to, count);
        Array.Copy(_quantityUnits, from, _quantityUnits, to, count);
        Array.Copy(_usedUnits, from, _usedUnits, to, count);
    }
}
