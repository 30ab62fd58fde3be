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
    /// <summary>What the last wait of a busy-spinning reader answered.</summary>
    [System.Runtime.InteropServices.FieldOffset(8)] public long WaitedFor;
    /// <summary>How many events that wait found.</summary>
    [System.Runtime.InteropServices.FieldOffset(16)] public long Found;
    /// <summary>Pauses taken before the last look at a stream; 0 when events come singly.</summary>
    [System.Runtime.InteropServices.FieldOffset(24)] public long Pauses;
    [System.Runtime.InteropServices.FieldOffset(32)] private Padding _padding;

    [InlineArray(12)]
    private struct Padding { private long _first; }
}

/// <summary>
/// The reading end of one consumer, for one thread. Upstream is the producer's cursor, or the released sequences of the consumers it depends on.
/// </summary>
public sealed unsafe class RingReader<T> : IRingReader<T> where T : unmanaged
{
    private const int SpinsBeforeGivingWay = 100;
    /// <summary>So many events found at one look are a stream: the producer is faster than one event a hop.</summary>
    private const long StreamEvents = 4;
    /// <summary>The most pauses before a look at a stream: about 1 µs where a pause takes 15 ns.</summary>
    private const long MostPauses = 64;
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
        if (Strategy == RingWait.BusySpin) return Spin();
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
        RingWait.Yielding => Yield(YieldsPerSlice),
        RingWait.Sleeping => Sleep(),
        _ => Park(),
    };

    /// <summary>
    /// Each look of a reader that has caught up takes the cursor's line away from the producer, which then pays a whole hop for its next publication: a reader faster than the producer holds
    /// both to a hop every few events. One that stays a little behind looks seldom and finds many. So a reader that has handled a stream's events pauses before it looks again; one that finds events
    /// singly looks without pause, for there the next comes alone and a pause is as long as the hop.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private long Spin()
    {
        ReaderState* state = _state;
        long next = NextSequence;
        if (next > state->WaitedFor)
        {
            state->Pauses = PausesBeforeLook(state->Found, state->Pauses);
            for (long i = state->Pauses; i > 0; i--) Pause();
        }
        int spins = _ring.Options.SpinsPerSlice;
        long available = Available();
        for (int i = 0; i < spins && available < next; i++) available = Available();
        state->WaitedFor = available;
        state->Found = available - next + 1;
        return available;
    }

    /// <summary>
    /// Twice as many as before and one, while the last look found a stream; never more than it found, so that a handler which takes a tenth of a microsecond an event, and finds several for that
    /// reason, is not held up by much.
    /// </summary>
    internal static long PausesBeforeLook(long found, long before) =>
        found < StreamEvents ? 0 : Math.Min(Math.Min(2 * before + 1, found), MostPauses);

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
