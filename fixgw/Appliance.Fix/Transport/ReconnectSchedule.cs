namespace Appliance.Fix;

/// <summary>
/// Whom to try next, and when. The hosts are tried in their order, one after another without a pause; after the last one comes a pause, the first of them short,
/// then twice as long each time up to a bound, each with a random share of up to a half on top, so that many sessions cut by one event do not return in step. Pure:
/// time comes in, and the randomness is seeded. Nothing that decides depends on it: the ring only hears that a session is up or down.
/// </summary>
public sealed class ReconnectSchedule
{
    private readonly long _firstNs, _maxNs;
    private readonly int _hosts;
    private ulong _random;
    private long _delayNs;
    private bool _wasUp;

    /// <param name="hosts">How many hosts there are, at least 1.</param>
    public ReconnectSchedule(int firstMs, int maxMs, ulong seed, int hosts = 1)
    {
        if (firstMs < 0 || maxMs < Math.Max(1, firstMs))
            throw new ArgumentOutOfRangeException(nameof(firstMs), $"reconnect delays need 0 <= first ({firstMs} ms) <= longest ({maxMs} ms)");
        ArgumentOutOfRangeException.ThrowIfLessThan(hosts, 1);
        _firstNs = firstMs * 1_000_000L;
        _maxNs = maxMs * 1_000_000L;
        _hosts = hosts;
        // SplitMix64's increment, so that seeds 0 and 1 differ from the first draw on.
        _random = seed * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15;
        _delayNs = _firstNs;
    }

    /// <summary>Index of the host that the next attempt goes to.</summary>
    public int Host { get; private set; }

    /// <summary>The session was up: its loss is a new one, and begins with the first host.</summary>
    public void Succeeded()
    {
        _wasUp = true;
        _delayNs = _firstNs;
    }

    /// <summary>An attempt failed, or a session that was up is lost: moves on to the next host.</summary>
    /// <returns>The delay before the next attempt.</returns>
    public long NextDelayNs()
    {
        Host = _wasUp || Host + 1 == _hosts ? 0 : Host + 1;
        _wasUp = false;
        if (Host > 0)
            return 0;
        long delay = _delayNs;
        _delayNs = Math.Min(_maxNs, Math.Max(1_000_000, delay * 2));
        // xorshift64 (Marsaglia 2003).
        _random ^= _random << 13;
        _random ^= _random >> 7;
        _random ^= _random << 17;
        return delay + (long)(_random % (ulong)(delay / 2 + 1));
    }
}
