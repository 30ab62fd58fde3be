using Appliance.Contract;

namespace Appliance.Host.Composition;

/// <summary>A replay's gateway: its venue's answers are in the journal, so there is nothing to send to and nothing to read.</summary>
internal sealed class NoGateway : IOrderGateway
{
    public bool IsUp => true;
    public long LastEncodedNs => 0;
    public long LastSentNs => 0;
    public SendResult Send(in ApprovedOrder order) => SendResult.Sent;
    public int Poll(long monotonicNs, long utcNs) => 0;
    public void Dispose() { }
}
