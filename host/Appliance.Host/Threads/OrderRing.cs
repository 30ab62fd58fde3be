using Appliance.Contract;
using Appliance.Ring;

namespace Appliance.Host.Threads;

/// <summary>In the staged topology: approved orders from the deciding thread to the gateway's, in order.</summary>
internal sealed class OrderRing : IOrderGateway
{
    private readonly EmbeddedRing<ApprovedOrder> _ring = new(new RingOptions { Capacity = 8192, Producers = RingProducers.Single, MaxConsumers = 1 });
    private readonly SingleProducer<ApprovedOrder> _producer;
    private readonly RingReader<ApprovedOrder> _reader;

    public OrderRing(RingWait wait)
    {
        _reader = _ring.AddReader("gateway", wait);
        _ring.Freeze();
        _producer = _ring.SingleProducer;
    }

    public RingReader<ApprovedOrder> Reader => _reader;
    public bool IsDrained => _reader.NextSequence > _ring.Cursor;
    public bool IsUp => true;
    /// <summary>The gateway's thread encodes and sends, and keeps those stamps.</summary>
    public long LastEncodedNs => 0;
    public long LastSentNs => 0;

    public SendResult Send(in ApprovedOrder order)
    {
        if (!order.IsApproved) throw new InvalidOperationException("An order that no gate approved was given to the gateway.");
        if (!_producer.TryClaim(out long sequence)) return SendResult.BackPressure;
        _producer[sequence] = order;
        _producer.Publish(sequence);
        return SendResult.Sent;
    }

    public int Poll(long monotonicNs, long utcNs) => 0;
    public void Dispose() => _ring.Dispose();
}
