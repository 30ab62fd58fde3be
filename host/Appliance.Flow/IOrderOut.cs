using Appliance.Contract;

namespace Appliance.Flow;

/// <summary>
/// Where the flow's approved orders go: straight to the gateway, into the gateway thread's ring, or nowhere in a replay. The flow ignores the answer: what was
/// not sent comes back as an event, so that a replay sees it too.
/// </summary>
public interface IOrderOut
{
    /// <summary>The first order of a decision leaves in this call; those after it may wait for <see cref="EndDecision"/>, to leave together.</summary>
    SendResult Send(in ApprovedOrder order);

    /// <summary>The event that was decided on causes no further order: what waited leaves.</summary>
    void EndDecision() { }

    /// <summary>Stamps for latency only; 0 where unknown here. While an order waits, LastSentNs is earlier than its LastEncodedNs.</summary>
    long LastEncodedNs { get; }
    long LastSentNs { get; }
}

/// <summary>Takes orders and sends none: a replay's venue is in its journal.</summary>
public sealed class NoOrderOut : IOrderOut
{
    public SendResult Send(in ApprovedOrder order) => SendResult.Sent;
    public long LastEncodedNs => 0;
    public long LastSentNs => 0;
}
