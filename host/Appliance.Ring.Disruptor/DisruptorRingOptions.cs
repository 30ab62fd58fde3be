namespace Appliance.Ring.Disruptor;

/// <summary>What a ring of the adapter is made of.</summary>
public sealed record DisruptorRingOptions
{
    /// <summary>Slots; a power of two.</summary>
    public int Capacity { get; init; } = 1 << 16;
    public bool ManyProducers { get; init; }
    /// <summary>
    /// Whether consumers may park. The library's wait strategy belongs to the ring, and with a blocking one every publication takes a lock; so it is a choice at construction.
    /// </summary>
    public bool AllowsParking { get; init; }
    /// <summary>The longest that one wait of a parked consumer lasts without an event, milliseconds.</summary>
    public int ParkMsPerSlice { get; init; } = 10;
}
