using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Appliance.Risk;

/// <summary>
/// How many messages went out in a rolling window, exactly, at a constant cost: the time of the n-th last message tells whether n more than allowed
/// lie in the window. A message of time t counts at t and up to, not including, t + window. The allowed number is given at each question, so that it may change
/// while the window runs; it may not pass <see cref="Capacity"/>.
/// </summary>
internal struct MessageRateWindow
{
    /// <summary>A window keeps room for this many times the limit it starts with, so that the limit can be raised without a restart.</summary>
    private const int Headroom = 4;
    public const int CapacityMax = 1 << 20;

    private readonly long[] _timesUtcNs;
    private readonly int _mask;
    private readonly long _windowNs;
    private long _count;
    /// <summary>The time of the message that has to leave before one more may come, kept beside the count so that a question reads no other memory; and for which allowed number it is that.</summary>
    private long _edgeUtcNs;
    private int _edgeAllowed;

    public MessageRateWindow(int messagesMax, long windowNs)
    {
        long room = Math.Clamp((long)messagesMax * Headroom, 16, CapacityMax);
        _timesUtcNs = new long[(int)BitOperations.RoundUpToPowerOf2((ulong)room)];
        _mask = _timesUtcNs.Length - 1;
        // Written once, so that no page of memory is first touched on the hot path.
        _timesUtcNs.AsSpan().Clear();
        _windowNs = windowNs;
    }

    public readonly int Capacity => _timesUtcNs.Length;
    public readonly long WindowNs => _windowNs;
    public readonly long Total => _count;

    /// <summary>True when fewer than <paramref name="allowed"/> messages lie in the window that ends now.</summary>
    public bool HasRoom(int allowed, long nowUtcNs)
    {
        if (allowed <= 0) return false;
        if (_count < allowed) return true;
        if (allowed != _edgeAllowed) FindEdge(allowed);
        return nowUtcNs - _edgeUtcNs >= _windowNs;
    }

    private void FindEdge(int allowed)
    {
        _edgeAllowed = allowed;
        _edgeUtcNs = _count >= allowed ? At(_count - allowed) : long.MinValue / 2;
    }

    public void Add(long nowUtcNs)
    {
        At(_count++) = nowUtcNs;
        if (_edgeAllowed > 0) FindEdge(_edgeAllowed);
    }

    /// <summary>The mask keeps the index within the array; its length, which lies in a cache line of its own, need not be read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly ref long At(long index) => ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_timesUtcNs), (nint)((int)index & _mask));

    /// <summary>Forgets what was counted, for a window that a person begins anew.</summary>
    public void Clear() => (_count, _edgeAllowed) = (0, 0);
}
