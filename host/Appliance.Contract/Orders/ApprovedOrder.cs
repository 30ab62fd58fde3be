namespace Appliance.Contract;

/// <summary>
/// An order that passed every limit. Only the gate (Appliance.Risk) can make one, and gateways refuse the default value:
/// so what is on the wire went through the gate.
/// </summary>
public readonly struct ApprovedOrder
{
    private readonly OrderIntent _intent;
    private readonly bool _approved;

    internal ApprovedOrder(in OrderIntent intent)
    {
        _intent = intent;
        _approved = true;
    }

    /// <summary>False only for the default value, which no gateway may send.</summary>
    public bool IsApproved => _approved;
    public OrderRequestKind Kind => _intent.Kind;
    public Side Side => _intent.Side;
    public TimeInForce TimeInForce => _intent.TimeInForce;
    public ushort Instrument => _intent.Instrument;
    public ushort Portfolio => _intent.Portfolio;
    public long PriceUnits => _intent.PriceUnits;
    public long QuantityUnits => _intent.QuantityUnits;
    public ulong ClientOrderId => _intent.ClientOrderId;
    public ulong OriginalClientOrderId => _intent.OriginalClientOrderId;
    public long RingSequence => _intent.RingSequence;
    public long ReceivedNs => _intent.ReceivedNs;
    public long TimeUtcNs => _intent.TimeUtcNs;
}
