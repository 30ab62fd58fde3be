namespace Appliance.Fix;

/// <summary>
/// When to try again: the first retry almost at once, then twice as long each time up to a bound, each with a random share of up to a half on top, so that
/// many sessions cut by one event do not return in step. Pure: time comes in, and the randomness is seeded.
/// </summary>
public sealed class ReconnectSchedule
{
    private readonly long _firstNs, _maxNs;
    private ulong _random;
    private long _delayNs;

    public ReconnectSchedule(int firstMs, int maxMs, ulong seed)
    {
        if (firstMs < 0 || maxMs < Math.Max(1, firstMs))
            throw new ArgumentOutOfRangeException(nameof(firstMs), $"reconnect delays need 0 <= first ({firstMs} ms) <= longest ({maxMs} ms)");
        _firstNs = firstMs * 1_000_000L;
        _maxNs = maxMs * 1_000_000L;
        // SplitMix64's increment, so that seeds 0 and 1 differ from the first draw on.
        _random = seed * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15;
        _delayNs = _firstNs;
    }

    /// <summary>The session was up: the next loss is a new one.</summary>
    public void Succeeded() => _delayNs = _firstNs;

    /// <summary>The delay before the next attempt.</summary>
    public long NextDelayNs()
    {
        long delay = _delayNs;
        _delayNs = Math.Min(_maxNs, Math.Max(1_000_000, delay * 2));
        // xorshift64 (Marsaglia 2003).
        _random ^= _random << 13;
        _random ^= _random >> 7;
        _random ^= _random << 17;
        return delay + (long)(_random % (ulong)(delay / 2 + 1));
    }
}
