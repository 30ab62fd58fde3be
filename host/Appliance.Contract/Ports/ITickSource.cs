namespace Appliance.Contract;

/// <summary>Where sources put events: a struct over the ring's producer, so that the JIT inlines the claim.</summary>
public interface IEventSink
{
    /// <summary>How many events can be claimed without overwriting one that a consumer has not read.</summary>
    long RemainingCapacity { get; }

    /// <summary>The next slot, to be filled in place (call <see cref="RingEvent.Begin"/> first). Call only while RemainingCapacity is above zero.</summary>
    ref RingEvent Claim();

    /// <summary>Makes the claimed slot visible to consumers.</summary>
    void Publish();
}

/// <summary>
/// Market data into the ring. Polled by one thread; never blocks; never reads a packet for which the ring might have no room
/// (<see cref="MaxEventsPerPacket"/>), so nothing is lost between the socket and the ring.
/// </summary>
public interface ITickSource : IDisposable
{
    /// <summary>Reads and publishes at most <paramref name="maxPackets"/> packets.</summary>
    /// <returns>Packets taken; 0 when none is there now or the ring is too full.</returns>
    int Poll(int maxPackets);

    /// <summary>True once the source has nothing more to give, ever (end of a capture).</summary>
    bool Ended { get; }

    /// <summary>The most events one packet can make: the ring must hold several times this.</summary>
    int MaxEventsPerPacket { get; }

    SourceStatistics Statistics { get; }
}

/// <summary>Counts of one source, written by the ingest thread, read at the end or racily by a watcher (each a single aligned word).</summary>
public sealed class SourceStatistics
{
    /// <summary>What the source is, for the report: "udp-moldudp64", "pcap", "binance-json", ...</summary>
    public string Kind = "";
    public long Packets, Messages, Ticks, Gaps, MissingMessages, SequenceResets, Duplicates, DecodeErrors, UnknownMessages, IgnoredMessages, Bytes;
    /// <summary>Packets that were not this protocol (wrong port, not UDP, not IPv4).</summary>
    public long ForeignPackets;
    /// <summary>Packets whose time lay before an earlier one's: their sequenced time is the earlier one's.</summary>
    public long BackwardTimes;
    /// <summary>Datagrams that the kernel dropped because the socket's buffer was full.</summary>
    public long KernelDrops;
    /// <summary>Holes in the sequence that were closed before anyone behind the source saw them, by a re-request server or by the other line; messages that the server gave; questions to it; messages of a line that the other had brought.</summary>
    public long GapsFilled, MessagesRecovered, RecoveryRequests, LineDuplicates;
    public bool TornTail;
    /// <summary>Smallest and largest venue time minus receive time seen, nanoseconds: negative latencies show a clock offset.</summary>
    public long VenueClockLeadNsMin = long.MaxValue, VenueClockLeadNsMax = long.MinValue;
    /// <summary>Counts by message type; the name is what the report prints.</summary>
    public readonly string?[] MessageTypeNames = new string?[256];
    public readonly long[] MessageTypeCounts = new long[256];
    /// <summary>The first decode error in words (what, where), for the report.</summary>
    public string? FirstError;
}
