using Appliance.Contract;
using Appliance.Ring;

namespace Appliance.Host.Composition;

/// <summary>A ring with the struct types through which hot loops reach it.</summary>
internal abstract class RingKind<TSink, TReader> where TSink : struct, IEventSink where TReader : struct, IRingReader<RingEvent>
{
    public abstract IRing<RingEvent> Ring { get; }
    public abstract TReader AddReader(string name, RingWait wait);
    public abstract IRingReader<RingEvent> AddPlainReader(string name, RingWait wait);
    /// <summary>
    /// One for each producing thread. It leaves <paramref name="reserve"/> slots to the threads that follow: the deciding thread produces into the ring
    /// that it empties, and would wait for itself for ever had the ingest thread taken the slot it saw free.
    /// </summary>
    public abstract TSink NewSink(long reserve);
    public virtual void Freeze() { }
}

/// <summary>Fused: one thread produces.</summary>
internal sealed class SingleRing(EmbeddedRing<RingEvent> ring) : RingKind<RingEventSink, InlineReader<RingEvent>>
{
    public override IRing<RingEvent> Ring => ring;
    public override InlineReader<RingEvent> AddReader(string name, RingWait wait) => new(ring.AddReader(name, wait));
    public override IRingReader<RingEvent> AddPlainReader(string name, RingWait wait) => ring.AddReader(name, wait);
    public override RingEventSink NewSink(long reserve) => new(ring.SingleProducer, reserve);
    public override void Freeze() => ring.Freeze();
}

/// <summary>Paired and staged: the ingest thread and the sending threads produce.</summary>
internal sealed class SharedRing(EmbeddedRing<RingEvent> ring) : RingKind<SharedRingEventSink.Handle, InlineReader<RingEvent>>
{
    public override IRing<RingEvent> Ring => ring;
    public override InlineReader<RingEvent> AddReader(string name, RingWait wait) => new(ring.AddReader(name, wait));
    public override IRingReader<RingEvent> AddPlainReader(string name, RingWait wait) => ring.AddReader(name, wait);
    public override SharedRingEventSink.Handle NewSink(long reserve) => new SharedRingEventSink(ring.MultiProducer, reserve).AsSink();
    public override void Freeze() => ring.Freeze();
}

/// <summary>An adapter's ring, through the port.</summary>
internal sealed class PortRing(IRing<RingEvent> ring) : RingKind<PortEventSink.Handle, PortReader<RingEvent>>
{
    public override IRing<RingEvent> Ring => ring;
    public override PortReader<RingEvent> AddReader(string name, RingWait wait) => new(ring.AddConsumer(name, wait));
    public override IRingReader<RingEvent> AddPlainReader(string name, RingWait wait) => ring.AddConsumer(name, wait);
    public override PortEventSink.Handle NewSink(long reserve) => new PortEventSink(ring.Producer, reserve).AsSink();
}
