using Appliance.Contract;

namespace Appliance.Ingest;

/// <summary>
/// One packet's payload to events: framing, sequence, messages, decide marks. Implementations are structs over their state, so that a source
/// compiles the decoder into its loop. They read no clock and no socket: bytes in, events out.
/// </summary>
public interface IDatagramDecoder
{
    /// <summary>For <see cref="SourceStatistics.Kind"/>: "moldudp64", "iextp".</summary>
    string Protocol { get; }

    /// <summary>The feed inside, as captures are called after it: "itch", "deep".</summary>
    string Feed { get; }

    SourceStatistics Statistics { get; }

    /// <summary>The most events that a datagram of this length can make.</summary>
    int MaxEvents(int datagramBytes);

    void Decode<TSink, TClock>(ReadOnlySpan<byte> datagram, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock;
}
