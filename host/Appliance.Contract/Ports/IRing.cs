namespace Appliance.Contract;

/// <summary>
/// The writing end of a ring of <typeparamref name="T"/>: used by one thread where the ring has a single producer, by any number at once where
/// it has several. What is claimed must be published, soon and whole: an unpublished slot holds back every later one. A single producer publishes one claim
/// before it makes the next: Disruptor-net's sequencer, when it then finds the ring full, takes the further claim for a publication of the former.
/// </summary>
public interface IRingProducer<T> where T : struct
{
    /// <summary>Slots that may be claimed before the slowest final consumer is overtaken; an implementation may answer fewer, but not fewer than the smaller of the truth and half the ring.</summary>
    long RemainingCapacity { get; }
    /// <summary>Claims the next sequence; false when the ring is full. Never waits.</summary>
    bool TryClaim(out long sequence);
    /// <summary>Claims the next <paramref name="count"/> sequences, all or none; the last of them is answered.</summary>
    bool TryClaim(int count, out long lastSequence);
    /// <summary>A claimed slot. Nothing may be assumed of what it holds: an earlier lap's event, or parts of it.</summary>
    ref T this[long sequence] { get; }
    /// <summary>Makes one claimed slot readable. A single producer publishes in order.</summary>
    void Publish(long sequence);
    /// <summary>Makes a claimed run readable.</summary>
    void Publish(long firstSequence, long lastSequence);
}

/// <summary>The reading end of one consumer. It sees an event only after every consumer it depends on has released it.</summary>
public interface IRingReader<T> where T : struct
{
    /// <summary>The next sequence this consumer will read.</summary>
    long NextSequence { get; }
    /// <summary>The highest sequence readable now, or NextSequence − 1 when there is none. Never waits.</summary>
    long Available();
    /// <summary>Waits by the consumer's wait strategy, at most one slice of it, then answers as <see cref="Available"/>.</summary>
    long Wait();
    ref T this[long sequence] { get; }
    /// <summary>Everything up to and including <paramref name="sequence"/> has been handled.</summary>
    void Release(long sequence);
}

/// <summary>A ring with its consumers, built once at start and then frozen.</summary>
public interface IRing<T> : IDisposable where T : struct
{
    int Capacity { get; }
    IRingProducer<T> Producer { get; }
    /// <summary>Adds a consumer behind <paramref name="dependsOn"/> (none: behind the producer). Only before the first claim.</summary>
    IRingReader<T> AddConsumer(string name, RingWait wait, params ReadOnlySpan<IRingReader<T>> dependsOn);
    /// <summary>The highest sequence that is published with all before it; −1 before the first.</summary>
    long Cursor { get; }
}

/// <summary>How a consumer waits for events.</summary>
public enum RingWait : byte { BusySpin, Yielding, Sleeping, Parking }
