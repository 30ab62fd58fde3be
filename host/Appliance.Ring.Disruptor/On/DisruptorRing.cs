using Appliance.Contract;
using global::Disruptor;

namespace Appliance.Ring.Disruptor;

/// <summary>
/// A ring of Disruptor-net 6 (github.com/disruptor-net/Disruptor-net): its value ring buffer, sequencers and sequences, with consumers that run their own loops.
/// The library's event processors cannot be asked for a bounded wait, which the port wants, so that readers here poll its sequences.
/// </summary>
public sealed class DisruptorRing<T> : IRing<T> where T : struct
{
    private readonly ISequencer _sequencer;
    private readonly ValueRingBuffer<T> _buffer;
    private readonly DisruptorRingOptions _options;
    private readonly List<Sequence> _final = [];
    private readonly DisruptorProducer<T> _producer;

    public DisruptorRing(DisruptorRingOptions options)
    {
        _options = options;
        IWaitStrategy wait = options.AllowsParking
            ? new TimeoutBlockingWaitStrategy(TimeSpan.FromMilliseconds(options.ParkMsPerSlice))
            : new BusySpinWaitStrategy();
        _sequencer = options.ManyProducers ? new MultiProducerSequencer(options.Capacity, wait) : new SingleProducerSequencer(options.Capacity, wait);
        _buffer = new ValueRingBuffer<T>(_sequencer);
        _producer = new DisruptorProducer<T>(this, _buffer);
    }

    public int Capacity => _buffer.BufferSize;
    public IRingProducer<T> Producer => _producer;
    internal bool IsFrozen { get; private set; }

    /// <summary>The library's own ring, for loops that use it without the port.</summary>
    public ValueRingBuffer<T> Buffer => _buffer;

    /// <summary>With many producers the library's cursor is the last claim, so that gaps are looked for, from the slowest consumer on.</summary>
    public long Cursor => _sequencer is SingleProducerSequencer
        ? _sequencer.Cursor
        : _sequencer.GetHighestPublishedSequence(Math.Max(0, _sequencer.GetMinimumSequence()), _sequencer.Cursor);

    public IRingReader<T> AddConsumer(string name, RingWait wait, params ReadOnlySpan<IRingReader<T>> dependsOn)
    {
        if (IsFrozen) throw new InvalidOperationException($"Consumer '{name}' comes too late: consumers are added before the first claim.");
        if (wait == RingWait.Parking && !_options.AllowsParking)
            throw new ArgumentException($"Consumer '{name}' parks, but this ring was not made for it (AllowsParking).");
        var upstream = new Sequence[dependsOn.Length];
        for (int i = 0; i < upstream.Length; i++)
        {
            if (dependsOn[i] is not DisruptorReader<T> reader || reader.Ring != this)
                throw new ArgumentException($"Consumer '{name}' depends on a reader of another ring.");
            upstream[i] = reader.Sequence;
            _final.Remove(reader.Sequence);
        }
        var added = new DisruptorReader<T>(this, _buffer, _sequencer, _buffer.NewBarrier(upstream), wait);
        _final.Add(added.Sequence);
        return added;
    }

    internal void Freeze()
    {
        lock (_final)
        {
            if (IsFrozen) return;
            if (_final.Count != 0) _buffer.AddGatingSequences(_final.ToArray());
            IsFrozen = true;
        }
    }

    public void Dispose() { }
}

/// <summary>The writing end over the library's ring buffer.</summary>
public sealed class DisruptorProducer<T> : IRingProducer<T> where T : struct
{
    private readonly DisruptorRing<T> _ring;
    private readonly ValueRingBuffer<T> _buffer;

    internal DisruptorProducer(DisruptorRing<T> ring, ValueRingBuffer<T> buffer)
    {
        _ring = ring;
        _buffer = buffer;
    }

    public long RemainingCapacity => _buffer.GetRemainingCapacity();

    public bool TryClaim(out long sequence)
    {
        if (!_ring.IsFrozen) _ring.Freeze();
        return _buffer.TryNext(out sequence);
    }

    public bool TryClaim(int count, out long lastSequence)
    {
        if (!_ring.IsFrozen) _ring.Freeze();
        if (count < 1 || count > _buffer.BufferSize)
            throw new ArgumentOutOfRangeException(nameof(count), count, $"One claim takes 1 to {_buffer.BufferSize} slots.");
        return _buffer.TryNext(count, out lastSequence);
    }

    public ref T this[long sequence] => ref _buffer[sequence];
    public void Publish(long sequence) => _buffer.Publish(sequence);
    public void Publish(long firstSequence, long lastSequence) => _buffer.Publish(firstSequence, lastSequence);
}
