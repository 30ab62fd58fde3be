namespace Appliance.Fix;

/// <summary>What a committed message survives.</summary>
public enum StoreDurability : byte
{
    /// <summary>The process: the kernel has it, and writes it to a disk when it likes. Nothing waits.</summary>
    PageCache,
    /// <summary>The power, but for the last <see cref="StoreOptions.FlushMilliseconds"/> and what a flush takes: a background thread flushes. Nothing waits.</summary>
    AsynchronousFlush,
    /// <summary>The power: a message of ours is flushed before its first byte leaves, one of the peer's when it was handed on. Each waits for the disk.</summary>
    FlushPerMessage,
}

/// <summary>Size and durability of a session's store.</summary>
public sealed record StoreOptions
{
    public const int SegmentBytesMin = 1 << 18, SegmentBytesMax = 1 << 30, SegmentsMax = 4096;

    /// <summary>Bytes of one segment file: a multiple of 4096 from 256 KiB, so that the largest message is a small part of it.</summary>
    public int SegmentBytes { get; init; } = 8 << 20;
    /// <summary>
    /// Segments that the store grows to, 2–4096: then the newest takes the place of the oldest, whose messages are gone (and gap-filled if they are asked for). Two are there from the start, further
    /// ones are made in the background, one ahead of need.
    /// </summary>
    public int Segments { get; init; } = 8;
    public StoreDurability Durability { get; init; } = StoreDurability.PageCache;
    /// <summary>Pause between two flushes of <see cref="StoreDurability.AsynchronousFlush"/>, milliseconds, 1–60000.</summary>
    public int FlushMilliseconds { get; init; } = 10;
    /// <summary>Ask for pages of 2 MiB (madvise); a file system that has none goes on with small ones. Either way every page is touched before it is needed.</summary>
    public bool HugePages { get; init; }

    /// <summary>A store of about that size: eight segments, or as many more as it takes.</summary>
    public static StoreOptions OfMegabytes(int megabytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(megabytes, 1);
        int segment = Math.Clamp(megabytes / 8, 1, 64) << 20;
        return new StoreOptions { SegmentBytes = megabytes == 1 ? SegmentBytesMin : segment, Segments = (int)Math.Clamp(((long)megabytes << 20) / segment, 4, SegmentsMax) };
    }

    /// <summary>What is wrong with these options, in words; null when nothing is.</summary>
    public string? Check() =>
        SegmentBytes is < SegmentBytesMin or > SegmentBytesMax || SegmentBytes % 4096 != 0 ? $"SegmentBytes {SegmentBytes} is not a multiple of 4096 from {SegmentBytesMin} to {SegmentBytesMax}"
        : Segments is < 2 or > SegmentsMax ? $"Segments {Segments} is not 2 to {SegmentsMax}"
        : FlushMilliseconds is < 1 or > 60_000 ? $"FlushMilliseconds {FlushMilliseconds} is not 1 to 60000"
        : !Enum.IsDefined(Durability) ? $"Durability {Durability} is none of page-cache, asynchronous-flush, flush-per-message" : null;

    /// <summary>The durability of that name: page-cache, asynchronous-flush, flush-per-message.</summary>
    public static StoreDurability DurabilityOf(string name) => name switch
    {
        "page-cache" => StoreDurability.PageCache,
        "asynchronous-flush" => StoreDurability.AsynchronousFlush,
        "flush-per-message" => StoreDurability.FlushPerMessage,
        _ => throw new ArgumentException($"durability '{name}': allowed are page-cache, asynchronous-flush, flush-per-message", nameof(name)),
    };
}
