namespace Appliance.Ring;

/// <summary>Who publishes into a ring.</summary>
public enum RingProducers : byte
{
    /// <summary>One thread. The claim and the publication are plain stores.</summary>
    Single,
    /// <summary>Several threads. The claim is a compare-and-swap; each slot carries the lap of its last publication.</summary>
    Multiple,
}

/// <summary>What a ring is made of. Everything is allocated and page-touched at construction.</summary>
public sealed record RingOptions
{
    /// <summary>Slots; a power of two from 2 to 2^24. 64 Ki slots of 64 bytes are 4 MiB: some tens of milliseconds of the busiest feeds.</summary>
    public int Capacity { get; init; } = 1 << 16;

    public RingProducers Producers { get; init; } = RingProducers.Single;

    /// <summary>The most consumers that will be added.</summary>
    public int MaxConsumers { get; init; } = 8;

    /// <summary>Pauses in one slice of a busy-spinning wait. A pause takes 10 to 140 cycles by processor, so that a slice is some microseconds.</summary>
    public int SpinsPerSlice { get; init; } = 256;

    /// <summary>The longest that one wait of a sleeping consumer sleeps, microseconds: 10 to 100,000.</summary>
    public int SleepUsPerSlice { get; init; } = 50;

    /// <summary>The longest that one wait of a parked consumer lasts without an event, milliseconds: 1 to 1,000. Bounds how late a loop sees its stop flag.</summary>
    public int ParkMsPerSlice { get; init; } = 10;

    internal void Check()
    {
        if (Capacity < 2 || Capacity > 1 << 24 || (Capacity & (Capacity - 1)) != 0)
            throw new ArgumentException($"A ring's capacity is a power of two from 2 to {1 << 24}, not {Capacity}.");
        if (MaxConsumers is < 1 or > 64) throw new ArgumentException($"A ring has room for 1 to 64 consumers, not {MaxConsumers}.");
        if (SpinsPerSlice < 1) throw new ArgumentException($"SpinsPerSlice is at least 1, not {SpinsPerSlice}.");
        if (SleepUsPerSlice is < 10 or > 100_000) throw new ArgumentException($"SleepUsPerSlice is 10 to 100000, not {SleepUsPerSlice}.");
        if (ParkMsPerSlice is < 1 or > 1_000) throw new ArgumentException($"ParkMsPerSlice is 1 to 1000, not {ParkMsPerSlice}.");
    }
}
