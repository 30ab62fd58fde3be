namespace Appliance.Contract;

/// <summary>
/// Orders out, execution events in. Owned by the sending thread. Implementations refuse the default ApprovedOrder by throwing: that is a programmer's error.
/// Before an order's bytes leave, it stands in the order log.
/// </summary>
public interface IOrderGateway : IDisposable
{
    /// <summary>Encodes, logs and writes one order. Never blocks.</summary>
    SendResult Send(in ApprovedOrder order);

    /// <summary>Reads what the venue sent, publishes execution events, runs session timers. Never blocks.</summary>
    /// <returns>Events published.</returns>
    int Poll(long monotonicNs, long utcNs);

    bool IsUp { get; }

    /// <summary>
    /// Runs what it can of <see cref="Send"/> without doing it: encodes into a buffer of its own and looks at the memory that the next order will be written to, so that both are near when it
    /// comes. Nothing is numbered, logged, stored or sent. For the thread that owns the gateway, while it has nothing else to do.
    /// </summary>
    void Rehearse(in OrderIntent intent) { }

    /// <summary>Monotonic stamps of the last Send: when its bytes were ready, and when the system call returned.</summary>
    long LastEncodedNs { get; }
    long LastSentNs { get; }
}
