namespace Appliance.Contract;

/// <summary>
/// An order that passed every limit. Only the gate (Appliance.Risk) can make one, and gateways refuse the default value:
/// so what is on the wire went through the gate.
/// </summary>
public struct ApprovedOrder
{
    private OrderIntent _intent;
    private bool _approved;

    /// <summary>For the gate alone: writes the order in place, field by field as the intent was written just before. A wider copy would wait until those writes are done.</summary>
    /// <param name="clientOrderId">In place of the intent's.</param>
    /// <param name="originalClientOrderId">In place of the intent's; 0 for a new order.</param>
    internal void Approve(in OrderIntent intent, ulong clientOrderId, ulong originalClientOrderId)
    {
        _intent.Kind = intent.Kind;
        _intent.Side = intent.Side;
        _intent.TimeInForce = intent.TimeInForce;
        _intent.Instrument = intent.Instrument;
        _intent.Portfolio = intent.Portfolio;
        _intent.PriceUnits = intent.PriceUnits;
        _intent.QuantityUnits = intent.QuantityUnits;
        _intent.RingSequence = intent.RingSequence;
        _intent.ReceivedNs = intent.ReceivedNs;
        _intent.TimeUtcNs = intent.TimeUtcNs;
        _intent.ClientOrderId = clientOrderId;
        _intent.OriginalClientOrderId = originalClientOrderId;
        _approved = true;
    }

    /// <summary>False only for the default value, which no gateway may send.</summary>
    public readonly bool IsApproved => _approved;
    public readonly OrderRequestKind Kind => _intent.Kind;
    public readonly Side Side => _intent.Side;
    public readonly TimeInForce TimeInForce => _intent.TimeInForce;
    public readonly ushort Instrument => _intent.Instrument;
    public readonly ushort Portfolio => _intent.Portfolio;
    public readonly long PriceUnits => _intent.PriceUnits;
    public readonly long QuantityUnits => _intent.QuantityUnits;
    public readonly ulong ClientOrderId => _intent.ClientOrderId;
    public readonly ulong OriginalClientOrderId => _intent.OriginalClientOrderId;
    public readonly long RingSequence => _intent.RingSequence;
    public readonly long ReceivedNs => _intent.ReceivedNs;
    public readonly long TimeUtcNs => _intent.TimeUtcNs;
}
