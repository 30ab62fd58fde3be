namespace Appliance.Ingest.Pcap;

/// <summary>What to play of a capture, and how.</summary>
public sealed record CaptureOptions
{
    public required string Path { get; init; }

    /// <summary>Capture seconds a second: 1 as recorded, 10 ten times as fast, 0 as fast as the ring takes it.</summary>
    public double Speed { get; init; }

    /// <summary>Milliseconds of capture time between Timer events; 0 for none. From 0; 10 is fine enough for staleness and rate limits, and about one timer a hundred ticks of a busy feed.</summary>
    public int TimerPeriodMs { get; init; } = 10;

    /// <summary>Bytes of the longest datagram taken; a longer one is counted as a decode error. 9,216 holds a jumbo frame's.</summary>
    public int MaxDatagramBytes { get; init; } = 9_216;

    /// <summary>Only datagrams to this port; 0 for all.</summary>
    public int DestinationPort { get; init; }

    /// <summary>Only datagrams to this IPv4 address (a multicast group); null for all.</summary>
    public string? DestinationAddress { get; init; }

    /// <summary>"pcap-itch", "pcap-deep", "itch-file" or "binance-json"; null: found from the file's bytes.</summary>
    public string? Kind { get; init; }

    /// <summary>Index of this source, for the events' Source field.</summary>
    public ushort Source { get; init; }

    public FeedOptions Feed { get; init; } = new();
}
