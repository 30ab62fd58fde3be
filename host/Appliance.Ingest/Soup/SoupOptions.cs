namespace Appliance.Ingest.Soup;

/// <summary>Where a SoupBinTCP server is and how to log on.</summary>
public sealed record SoupOptions
{
    public required string Host { get; init; }
    public required int Port { get; init; }

    /// <summary>At most 6 characters.</summary>
    public string Username { get; init; } = "";

    /// <summary>At most 10 characters.</summary>
    public string Password { get; init; } = "";

    /// <summary>The session to log on to, at most 10 characters; empty for the current one.</summary>
    public string Session { get; init; } = "";

    /// <summary>The first message wanted: 1 for the session from its beginning, 0 for the next one sent.</summary>
    public ulong FirstSequence { get; init; } = 1;

    /// <summary>Milliseconds of our silence before a heartbeat goes out; the protocol says 1,000.</summary>
    public int HeartbeatMs { get; init; } = 1_000;

    /// <summary>Milliseconds of the server's silence before the connection counts as dead; the protocol says 15,000.</summary>
    public int ServerTimeoutMs { get; init; } = 15_000;

    /// <summary>Milliseconds between a lost connection and the next attempt.</summary>
    public int ReconnectMs { get; init; } = 1_000;

    /// <summary>Bytes between the reading thread and the polling one, a power of two. When they are full the reader waits and TCP holds the server back.</summary>
    public int HandoverBytes { get; init; } = 4 << 20;

    /// <summary>Index of this source, for the events' Source field.</summary>
    public ushort Source { get; init; }

    public FeedOptions Feed { get; init; } = new();
}
