using Appliance.Contract;

namespace Appliance.TestKit;

/// <summary>Gathers what a source publishes. <see cref="Room"/> bounds it, to play a ring that is full.</summary>
public sealed class EventCollector
{
    private RingEvent _claimed;

    public List<RingEvent> Events { get; } = [];
    /// <summary>How many more events are taken; lowered by each.</summary>
    public long Room { get; set; } = long.MaxValue;

    public Sink AsSink() => new(this);

    public readonly struct Sink(EventCollector collector) : IEventSink
    {
        public long RemainingCapacity => collector.Room;

        public ref RingEvent Claim()
        {
            if (collector.Room <= 0) throw new InvalidOperationException("The source claimed a slot that was not free.");
            // What an earlier lap left in the slot: a source that does not begin the event shows it.
            collector._claimed.AsBytes().Fill(0xA5);
            return ref collector._claimed;
        }

        public void Publish()
        {
            collector.Events.Add(collector._claimed);
            collector.Room--;
        }
    }
}

/// <summary>An event as bytes, for comparison and for damage.</summary>
public static class RingEventBytes
{
    public static Span<byte> AsBytes(this ref RingEvent e) =>
        System.Runtime.InteropServices.MemoryMarshal.AsBytes(System.Runtime.InteropServices.MemoryMarshal.CreateSpan(ref e, 1));
}
