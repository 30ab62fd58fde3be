using Appliance.Contract;
using global::Disruptor;

namespace Appliance.Ring.Disruptor;

/// <summary>One consumer's end over the library's sequences.</summary>
public sealed class DisruptorReader<T> : IRingReader<T> where T : struct
{
    private const int SpinsPerSlice = 256, YieldsPerSlice = 16;

    private readonly ValueRingBuffer<T> _buffer;
    private readonly ISequencer _sequencer;
    private readonly SequenceBarrier _barrier;
    private readonly DependentSequenceGroup _upstream;
    private readonly bool _looksForGaps;
    private readonly RingWait _wait;

    internal DisruptorReader(DisruptorRing<T> ring, ValueRingBuffer<T> buffer, ISequencer sequencer, SequenceBarrier barrier, RingWait wait)
    {
        Ring = ring;
        _buffer = buffer;
        _sequencer = sequencer;
        _barrier = barrier;
        _upstream = barrier.DependentSequences;
        // Other consumers' sequences hold published events only; the cursor of many producers is the last claim.
        _looksForGaps = sequencer is MultiProducerSequencer && _upstream.DependsOnCursor;
        _wait = wait;
    }

    internal DisruptorRing<T> Ring { get; }
    internal Sequence Sequence { get; } = new();

    public long NextSequence => Sequence.Value + 1;

    public long Available()
    {
        long upstream = _upstream.Value;
        return _looksForGaps ? _sequencer.GetHighestPublishedSequence(NextSequence, upstream) : upstream;
    }

    public long Wait()
    {
        long next = NextSequence;
        long available = Available();
        if (available >= next) return available;
        // The library waits without bound for other consumers once the producer has passed, so that only a consumer right behind the producer parks in it.
        if (_wait == RingWait.Parking && _upstream.DependsOnCursor)
        {
            // A timeout is an answer without a sequence; what is there by then is asked for afresh.
            _barrier.WaitFor(next);
            return Available();
        }
        for (int i = 0; i < SpinsPerSlice && available < next; i++) available = Available();
        if (_wait == RingWait.BusySpin) return available;
        for (int i = 0; i < YieldsPerSlice && available < next; i++)
        {
            Thread.Yield();
            available = Available();
        }
        if (_wait is RingWait.Sleeping or RingWait.Parking && available < next) Thread.Sleep(1);
        return Available();
    }

    public ref T this[long sequence] => ref _buffer[sequence];
    public void Release(long sequence) => Sequence.SetValue(sequence);
}
