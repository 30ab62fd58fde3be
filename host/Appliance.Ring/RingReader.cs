using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Appliance.Contract;

namespace Appliance.Ring;

/// <summary>What one reader knows by itself.</summary>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Explicit, Size = RingSequence.SizeBytes)]
internal struct ReaderState
{
    /// <summary>The last answer of Available: a cached upstream sequence.</summary>
    [System.Runtime.InteropServices.FieldOffset(0)] public long KnownAvailable;
    /// <summary>Set when a busy-spinning wait has run through its pauses without an event, until the next event.</summary>
    [System.Runtime.InteropServices.FieldOffset(8)] public bool IsQuiet;
    [System.Runtime.InteropServices.FieldOffset(9)] private Gap _gap;
    [System.Runtime.InteropServices.FieldOffset(16)] private Padding _padding;

    [InlineArray(7)]
    private struct Gap { private byte _first; }

    [InlineArray(14)]
    private struct Padding { private long _first; }
}

/// <summary>
/// The reading end of one consumer, for one thread. Upstream is the producer's cursor, or the released sequences of the consumers it depends on.
/// </summary>
public sealed unsafe class RingReader<T> : IRingReader<T> where T : unmanaged
{
    private const int SpinsBeforeGivingWay = 100;
    /// <summary>The longest run of pauses between two looks before a busy-spinning consumer looks without: runs of 1, 2 and 4 make 0.1 to 0.3 µs by processor.</summary>
    private const int LongestRunOfPauses = 4;
    private const int YieldsPerSlice = 16;

    private readonly EmbeddedRing<T> _ring;
    private readonly T* _slots;
    private readonly long _mask;
    private readonly RingSequence* _released;
    private readonly ReaderState* _state;
    private readonly RingSequence* _upstream;
    private readonly RingSequence*[] _moreUpstream;
    /// <summary>Publication flags, where this consumer stands directly behind many producers; else null.</summary>
    private readonly int* _laps;
    private readonly int _lapShift;
    private readonly bool _isPlain;
    private readonly ParkingSpot? _spot;
    private ParkingSpot[]? _parked;

    internal RingReader(EmbeddedRing<T> ring, string name, RingWait wait, T* slots, RingSequence* released, ReaderState* state,
        RingSequence*[] upstream, int* laps, ParkingSpot? spot)
    {
        _ring = ring;
        Name = name;
        Strategy = wait;
        _slots = slots;
        _mask = ring.Capacity - 1;
        _released = released;
        _state = state;
        _state->KnownAvailable = RingSequence.None;
        _upstream = upstream[0];
        _moreUpstream = new RingSequence*[upstream.Length - 1];
        for (int i = 0; i < _moreUpstream.Length; i++) _moreUpstream[i] = upstream[i + 1];
        _laps = laps;
        _lapShift = BitOperations.Log2((uint)ring.Capacity);
        _isPlain = laps == null && _moreUpstream.Length == 0;
        _spot = spot;
    }

    public string Name { get; }
    public RingWait Strategy { get; }

    internal RingSequence* Released => _released;
    internal EmbeddedRing<T> Ring => _ring;

    public long NextSequence
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _released->Value + 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long Available()
    {
        long available = Volatile.Read(ref _upstream->Value);
        return _isPlain ? available : Available(available);
    }

    /// <summary>
    /// Takes events one by one without a look upstream while the last look still holds: the sequence after <paramref name="handled"/>, which is
    /// NextSequence − 1 or anything read since. The caller releases when it wants.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryNext(long handled, out long sequence)
    {
        sequence = handled + 1;
        ReaderState* state = _state;
        if (sequence <= state->KnownAvailable) return true;
        state->KnownAvailable = Available();
        return sequence <= state->KnownAvailable;
    }

    public ref T this[long sequence]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref _slots[sequence & _mask];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Release(long sequence)
    {
        Volatile.Write(ref _released->Value, sequence);
        if (_parked != null) ParkingSpot.WakeAll(_parked);
    }

    public long Wait()
    {
        long available = Available();
        return available >= NextSequence ? available : WaitOneSlice();
    }

    internal void WakesOnRelease(ParkingSpot[]? parked) => _parked = parked;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private long Available(long available)
    {
        foreach (RingSequence* other in _moreUpstream)
            available = Math.Min(available, Volatile.Read(ref other->Value));
        if (_laps == null) return available;
        long sequence = Math.Max(_state->KnownAvailable, _released->Value) + 1;
        while (sequence <= available && Volatile.Read(ref _laps[sequence & _mask]) == (int)(sequence >> _lapShift)) sequence++;
        _state->KnownAvailable = sequence - 1;
        return sequence - 1;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private long WaitOneSlice() => Strategy switch
    {
        RingWait.BusySpin => Spin(),
        RingWait.Yielding => Yield(YieldsPerSlice),
        RingWait.Sleeping => Sleep(),
        _ => Park(),
    };

    /// <summary>
    /// In a burst, each look of a consumer that has caught up takes the cursor's line away from the producer, which then pays a whole hop for each publication; a few pauses let it publish several.
    /// Once it is quiet, the consumer looks without pause: the next event comes alone, and a pause of up to 140 cycles is as long as the hop.
    /// </summary>
    private long Spin()
    {
        long next = NextSequence;
        if (!_state->IsQuiet)
        {
            for (int pauses = 1; pauses <= LongestRunOfPauses; pauses *= 2)
            {
                for (int i = 0; i < pauses; i++) Pause();
                long soon = Available();
                if (soon >= next) return soon;
            }
            _state->IsQuiet = true;
        }
        int spins = _ring.Options.SpinsPerSlice;
        long available = Available();
        for (int i = 0; i < spins && available < next; i++) available = Available();
        if (available >= next) _state->IsQuiet = false;
        return available;
    }

    private long PausingSpin(int spins)
    {
        long next = NextSequence;
        long available = Available();
        for (int i = 0; i < spins && available < next; i++)
        {
            Pause();
            available = Available();
        }
        return available;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pause()
    {
        if (X86Base.IsSupported) X86Base.Pause();
        else if (ArmBase.IsSupported) ArmBase.Yield();
    }

    private long Yield(int yields)
    {
        long next = NextSequence;
        long available = PausingSpin(SpinsBeforeGivingWay);
        for (int i = 0; i < yields && available < next; i++)
        {
            Thread.Yield();
            available = Available();
        }
        return available;
    }

    private long Sleep()
    {
        long available = Yield(1);
        if (available >= NextSequence) return available;
        ParkingSpot.SleepMicroseconds(_ring.Options.SleepUsPerSlice);
        return Available();
    }

    private long Park()
    {
        long available = PausingSpin(SpinsBeforeGivingWay);
        if (available >= NextSequence) return available;
        _spot!.Announce();
        available = Available();
        if (available >= NextSequence)
        {
            _spot.CallOff();
            return available;
        }
        _spot.Sleep(_ring.Options.ParkMsPerSlice);
        return Available();
    }
}
