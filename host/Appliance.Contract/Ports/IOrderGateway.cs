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

    /// <summary>Monotonic stamps of the last Send: when its bytes were ready, and when the system call returned.</summary>
    long LastEncodedNs { get; }
    long LastSentNs { get; }
}
