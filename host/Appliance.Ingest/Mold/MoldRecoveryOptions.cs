namespace Appliance.Ingest.Mold;

/// <summary>How long a hole in a MoldUDP64 sequence is waited for, and how often its messages are asked for.</summary>
public sealed record MoldRecoveryOptions
{
    /// <summary>A re-request server is there; without, a hole can be closed by the other line only.</summary>
    public required bool HasServer { get; init; }

    /// <summary>Microseconds from a hole to the first question: what a second line or a reordered packet may take. 0 to 1,000,000.</summary>
    public int WaitMicroseconds { get; init; } = 100;

    /// <summary>Milliseconds until an unanswered question is put again; without a server, until the hole is given up. 1 to 10,000.</summary>
    public int TimeoutMilliseconds { get; init; } = 20;

    /// <summary>Questions in a row without an answer before the hole is given up. 1 to 1,000.</summary>
    public int Attempts { get; init; } = 5;

    /// <summary>The largest hole that is asked for, messages; a larger one is given up at once. 1 to 2^40.</summary>
    public long MessagesMax { get; init; } = 1_000_000;

    /// <summary>Packets kept while a hole before them is open; what comes when all are taken is dropped and asked for later; 4,096 are a tenth of a second of 40,000 packets. 1 to 16,384.</summary>
    public int HeldPackets { get; init; } = 4_096;

    public int MaxDatagramBytes { get; init; } = 2_048;

    internal void Check()
    {
        Require(WaitMicroseconds is >= 0 and <= 1_000_000, nameof(WaitMicroseconds));
        Require(TimeoutMilliseconds is >= 1 and <= 10_000, nameof(TimeoutMilliseconds));
        Require(Attempts is >= 1 and <= 1_000, nameof(Attempts));
        Require(MessagesMax is >= 1 and <= 1L << 40, nameof(MessagesMax));
        Require(HeldPackets is >= 1 and <= 16_384, nameof(HeldPackets));
    }

    private static void Require(bool holds, string name)
    {
        if (!holds) throw new ArgumentOutOfRangeException(name);
    }
}
