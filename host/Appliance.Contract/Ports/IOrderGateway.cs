namespace Appliance.Contract;

/// <summary>
/// Orders out, execution events in. Owned by the sending thread. Implementations refuse the default ApprovedOrder by throwing: that is a programmer's error.
/// Before an order's bytes leave, it stands in the order log.
/// </summary>
public interface IOrderGateway : IDisposable
{
    /// <summary>Encodes, logs and writes one order. Never blocks. Nothing may be gathered meanwhile.</summary>
    SendResult Send(in ApprovedOrder order);

    /// <summary>One more order can be gathered. False when what is gathered has to be written first, and always of a gateway that only sends.</summary>
    bool CanGather => false;

    /// <summary>
    /// Encodes, logs and numbers an order that others of the same decision stand beside, for one <see cref="WriteGathered"/> to write them all. Only while <see cref="CanGather"/>, and not for
    /// questions. Until then the gateway is neither polled nor given an order to send. The answer Sent says that it was gathered; any other, that it will not leave.
    /// </summary>
    SendResult Gather(in ApprovedOrder order) => Send(in order);

    /// <summary>Writes what was gathered, by one call. Those of which no byte was taken will never leave: they are no longer numbered, and marked in the order log. Never blocks.</summary>
    /// <param name="left">How many left, the oldest first.</param>
    /// <returns>Why the others did not leave; Sent when all did.</returns>
    SendResult WriteGathered(out int left)
    {
        left = 0;
        return SendResult.Sent;
    }

    /// <summary>Lets go of what was gathered, as if <see cref="WriteGathered"/> had found no room: none of it leaves.</summary>
    void TakeBackGathered() { }

    /// <summary>Reads what the venue sent, publishes execution events, runs session timers. Never blocks.</summary>
    /// <returns>Events published.</returns>
    int Poll(long monotonicNs, long utcNs);

    bool IsUp { get; }

    /// <summary>
    /// Runs what it can of <see cref="Send"/> without doing it: encodes into a buffer of its own and looks at the memory that the next order will be written to, so that both are near when it
    /// comes. Nothing is numbered, logged, stored or sent. For the thread that owns the gateway, while it has nothing else to do.
    /// </summary>
    void Rehearse(in OrderIntent intent) { }

    /// <summary>Monotonic stamps: when the bytes of the last order were ready, and when the last system call returned that sent some.</summary>
    long LastEncodedNs { get; }
    long LastSentNs { get; }
}
