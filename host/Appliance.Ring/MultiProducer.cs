using System.Numerics;
using System.Runtime.CompilerServices;
using Appliance.Contract;

namespace Appliance.Ring;

/// <summary>
/// The writing end for any number of threads. A claim is a compare-and-swap on the claim cursor; publication writes the slot's lap number into
/// its flag, and first-line consumers read on while flags of consecutive slots bear the lap they expect.
/// </summary>
public sealed unsafe class MultiProducer<T> : IRingProducer<T> where T : unmanaged
{
    private readonly T* _slots;
    private readonly int* _laps;
    private readonly long _mask;
    private readonly int _lapShift;
    private readonly RingSequence* _claimed;
    private readonly RingSequence* _claimLimit;
    private readonly RingSequence* _refused;
    private ParkingSpot[]? _parked;
    private readonly EmbeddedRing<T> _ring;

    internal MultiProducer(EmbeddedRing<T> ring, T* slots, int* laps, RingSequence* claimed, RingSequence* claimLimit, RingSequence* refused)
    {
        _ring = ring;
        _slots = slots;
        _laps = laps;
        _mask = ring.Capacity - 1;
        _lapShift = BitOperations.Log2((uint)ring.Capacity);
        _claimed = claimed;
        _claimLimit = claimLimit;
        _refused = refused;
        _refused->Value = 0;
        for (int slot = 0; slot < ring.Capacity; slot++) laps[slot] = -1;
    }

    /// <summary>Claims refused because the ring was full.</summary>
    public long RefusedClaims => Volatile.Read(ref _refused->Value);

    /// <summary>Slots that may be claimed now; other producers may take them first. Smaller than the truth at times, as the port allows.</summary>
    public long RemainingCapacity
    {
        get
        {
            long known = Volatile.Read(ref _claimLimit->Value) - Volatile.Read(ref _claimed->Value);
            if (known > _mask >> 1) return known;
            return LookAtConsumers() - Volatile.Read(ref _claimed->Value);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryClaim(out long sequence) => TryClaimRun(1, out sequence);

    public bool TryClaim(int count, out long lastSequence)
    {
        if ((uint)(count - 1) > (uint)_mask) RingFault.BadClaimCount(count, _mask + 1);
        return TryClaimRun(count, out lastSequence);
    }

    public ref T this[long sequence]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref _slots[sequence & _mask];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Publish(long sequence)
    {
        Volatile.Write(ref _laps[sequence & _mask], (int)(sequence >> _lapShift));
        if (_parked != null) ParkingSpot.WakeAll(_parked);
    }

    public void Publish(long firstSequence, long lastSequence)
    {
        for (long sequence = firstSequence; sequence <= lastSequence; sequence++)
            Volatile.Write(ref _laps[sequence & _mask], (int)(sequence >> _lapShift));
        if (_parked != null) ParkingSpot.WakeAll(_parked);
    }

    internal void WakesOnPublish(ParkingSpot[]? parked) => _parked = parked;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryClaimRun(int count, out long lastSequence)
    {
        while (true)
        {
            long current = Volatile.Read(ref _claimed->Value);
            long last = current + count;
            if (last > Volatile.Read(ref _claimLimit->Value) && !HasRoom(last))
            {
                lastSequence = current;
                return false;
            }
            if (Interlocked.CompareExchange(ref _claimed->Value, last, current) == current)
            {
                lastSequence = last;
                return true;
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool HasRoom(long sequence)
    {
        _ring.Freeze();
        if (sequence <= LookAtConsumers()) return true;
        Interlocked.Increment(ref _refused->Value);
        return false;
    }

    /// <summary>
    /// Two producers may store their answers in the wrong order. The older is the smaller, so that the worst is one more look.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private long LookAtConsumers()
    {
        if (!_ring.IsFrozen) return _mask;
        long limit = _ring.ClaimLimit();
        Volatile.Write(ref _claimLimit->Value, limit);
        return limit;
    }
}
