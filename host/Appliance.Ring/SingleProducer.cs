using System.Runtime.CompilerServices;
using Appliance.Contract;

namespace Appliance.Ring;

/// <summary>
/// The writing end for one thread. A claim compares two words of its own lines; it looks at the consumers only when it has used up
/// what its last look allowed, which with a consumer that keeps up is once a lap of the ring. Publication is one releasing store.
/// </summary>
public sealed unsafe class SingleProducer<T> : IRingProducer<T> where T : unmanaged
{
    private readonly T* _slots;
    private readonly long _mask;
    private readonly ProducerState* _state;
    private readonly RingSequence* _cursor;
    private ParkingSpot[]? _parked;
    private readonly EmbeddedRing<T> _ring;

    internal SingleProducer(EmbeddedRing<T> ring, T* slots, RingSequence* cursor, ProducerState* state)
    {
        _ring = ring;
        _slots = slots;
        _mask = ring.Capacity - 1;
        _cursor = cursor;
        _state = state;
        _state->Claimed = RingSequence.None;
        // The first claim takes the slow way, which freezes the ring's consumers.
        _state->ClaimLimit = RingSequence.None;
    }

    /// <summary>The last sequence claimed; −1 before the first.</summary>
    public long Claimed
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _state->Claimed;
    }

    /// <summary>Claims refused because the ring was full. Read it on any thread; it may be a little old.</summary>
    public long RefusedClaims => Volatile.Read(ref _state->Refused);

    /// <summary>
    /// Slots that may be claimed now. Exact when less than half the ring; else it may be an older, smaller answer, but never one below half the
    /// ring: so a caller who asks for room once a packet reads no consumer's line while the consumers keep up.
    /// </summary>
    public long RemainingCapacity
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            long known = _state->ClaimLimit - _state->Claimed;
            return known > _mask >> 1 ? known : LookAtConsumers();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryClaim(out long sequence)
    {
        ProducerState* state = _state;
        long next = state->Claimed + 1;
        if (next > state->ClaimLimit && !HasRoom(next))
        {
            sequence = next - 1;
            return false;
        }
        state->Claimed = next;
        sequence = next;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryClaim(int count, out long lastSequence)
    {
        if ((uint)(count - 1) > (uint)_mask) RingFault.BadClaimCount(count, _mask + 1);
        ProducerState* state = _state;
        long last = state->Claimed + count;
        if (last > state->ClaimLimit && !HasRoom(last))
        {
            lastSequence = state->Claimed;
            return false;
        }
        state->Claimed = last;
        lastSequence = last;
        return true;
    }

    public ref T this[long sequence]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref _slots[sequence & _mask];
    }

    /// <summary>Makes everything up to and including <paramref name="sequence"/> readable.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Publish(long sequence)
    {
        Volatile.Write(ref _cursor->Value, sequence);
        ProducerState* state = _state;
        long next = state->Claimed + 1;
        // The next slot's line is still in the last reader's cache. A write into the slot, which is nobody's until it is claimed, fetches the line now, while there is nothing to
        // do, instead of then, when an event waits for it. (The runtime has no prefetch for writing.)
        if (next <= state->ClaimLimit) *(byte*)(_slots + (next & _mask)) = 0;
        if (_parked != null) ParkingSpot.WakeAll(_parked);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Publish(long firstSequence, long lastSequence) => Publish(lastSequence);

    internal void WakesOnPublish(ParkingSpot[]? parked) => _parked = parked;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool HasRoom(long sequence)
    {
        _ring.Freeze();
        LookAtConsumers();
        if (sequence <= _state->ClaimLimit) return true;
        Volatile.Write(ref _state->Refused, _state->Refused + 1);
        return false;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private long LookAtConsumers()
    {
        if (!_ring.IsFrozen) return _mask + 1;
        _state->ClaimLimit = _ring.ClaimLimit();
        return _state->ClaimLimit - _state->Claimed;
    }
}
