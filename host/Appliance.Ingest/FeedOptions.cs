namespace Appliance.Ingest;

/// <summary>What is known of the books when a source begins.</summary>
public enum BookStart : byte
{
    /// <summary>Complete (and empty) when the first packet bears sequence number 1, incomplete otherwise.</summary>
    BySequence = 0,
    /// <summary>Taken for complete whatever the number: for captures that are known to begin with empty books although their numbers say otherwise.</summary>
    Complete = 1,
    /// <summary>Never complete before the sequence begins again: to watch a feed without trading on it.</summary>
    Incomplete = 2,
}

/// <summary>What a decoder must be told about a feed beside its bytes.</summary>
public sealed record FeedOptions
{
    public BookStart BookStart { get; init; } = BookStart.BySequence;

    /// <summary>
    /// MoldUDP64 only: a packet at most this many messages behind the expected one is a repetition (a second line of the feed, a
    /// reordered packet); one further behind is a sequence that began again under the same session name. Messages; from 0; 1,024 is 50 ms of a busy line.
    /// </summary>
    public ulong DuplicateWindowMessages { get; init; } = 1_024;

    /// <summary>
    /// UTC nanoseconds of the midnight from which ITCH counts its timestamps; negative: not known, and then the venue's clock is not compared with ours.
    /// </summary>
    public long MidnightUtcNs { get; init; } = -1;
}
