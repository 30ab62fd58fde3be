using System.Runtime.CompilerServices;
using Appliance.Contract;

namespace Appliance.Ring;

/// <summary>
/// Where a source puts its events when its thread is the ring's only producer: every call inlines to a few instructions. <paramref name="reserve"/> slots are left to what the
/// same thread publishes through other sinks, so that a source that fills the ring leaves room to an answer of the venue and to a kill.
/// </summary>
public readonly struct RingEventSink(SingleProducer<RingEvent> producer, long reserve = 0) : IEventSink
{
    public long RemainingCapacity
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => producer.RemainingCapacity - reserve;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref RingEvent Claim()
    {
        if (!producer.TryClaim(out long sequence)) RingFault.ClaimWithoutRoom();
        return ref producer[sequence];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Publish() => producer.Publish(producer.Claimed);
}

/// <summary>
/// The same over a ring with several producers; one instance for each producing thread. Room seen may be taken by another producer before the claim, so
/// that a claim may find the ring full: it then waits for the consumers, which must not be on this thread.
/// <paramref name="reserve"/> slots are left to the others: a consumer that also produces finds them even when the other threads have filled the ring.
/// </summary>
public sealed class SharedRingEventSink(MultiProducer<RingEvent> producer, long reserve = 0)
{
    private long _claimed;

    public long RemainingCapacity => producer.RemainingCapacity - reserve;

    public ref RingEvent Claim()
    {
        while (!producer.TryClaim(out _claimed)) Thread.Yield();
        return ref producer[_claimed];
    }

    public void Publish() => producer.Publish(_claimed);

    public Handle AsSink() => new(this);

    /// <summary>The struct that source type parameters want.</summary>
    public readonly struct Handle(SharedRingEventSink sink) : IEventSink
    {
        public long RemainingCapacity => sink.RemainingCapacity;
        public ref RingEvent Claim() => ref sink.Claim();
        public void Publish() => sink.Publish();
    }
}

/// <summary>
/// The same over any implementation's producer: what a source publishes through when the profile names the ring of an adapter. Two interface calls an event.
/// One instance for each producing thread; a claim that finds the ring full waits for the consumers.
/// </summary>
public sealed class PortEventSink(IRingProducer<RingEvent> producer, long reserve = 0)
{
    private long _claimed = -1;

    public long RemainingCapacity => producer.RemainingCapacity - reserve;

    public ref RingEvent Claim()
    {
        while (!producer.TryClaim(out _claimed)) Thread.Yield();
        return ref producer[_claimed];
    }

    public void Publish() => producer.Publish(_claimed);

    public Handle AsSink() => new(this);

    /// <summary>The struct that source type parameters want.</summary>
    public readonly struct Handle(PortEventSink sink) : IEventSink
    {
        public long RemainingCapacity => sink.RemainingCapacity;
        public ref RingEvent Claim() => ref sink.Claim();
        public void Publish() => sink.Publish();
    }
}
