using Appliance.Contract;
using Appliance.Fix;

namespace Appliance.Host.Latency;

/// <summary>The venue of a measurement: fills every order whole and at once, at its limit. It keeps when an order's bytes came.</summary>
internal sealed class FillingVenue : IFixAcceptorHandler, IDisposable
{
    private readonly FixAcceptor<FillingVenue> _acceptor;
    private ulong _next = 1;

    public FillingVenue(InstrumentDefinition instrument)
    {
        _acceptor = new FixAcceptor<FillingVenue>(new FixAcceptorOptions { CompId = "RIG", MaxSessions = 1 }, [instrument], this);
    }

    public int Port => _acceptor.Port;
    public long Orders { get; private set; }
    public bool IsUp { get; private set; }
    public Side LastSide { get; private set; }
    /// <summary>When the bytes of the last order came.</summary>
    public long LastOrderNs { get; private set; }

    public void Poll()
    {
        long now = default(HostMonotonicClock).NowNs();
        _acceptor.Poll(now, default(HostUtcClock).NowUtcNs());
    }

    public void OnSessionUp(int session, ReadOnlySpan<byte> counterparty, bool cancelOnDisconnect) => IsUp = true;
    public void OnSessionDown(int session) => IsUp = false;

    public void OnNewOrder(int session, in NewOrderRequest request)
    {
        LastOrderNs = _acceptor.LastReceivedNs;
        LastSide = request.Side;
        Orders++;
        ulong id = _next++;
        _acceptor.SendExecutionReport(session, new ExecutionReportMessage
        {
            OrderId = id, ExecutionId = id, ClientOrderId = request.ClientOrderId, Instrument = request.Instrument, Side = request.Side, TimeInForce = request.TimeInForce,
            Kind = ExecutionKind.Trade, Status = OrderStatus.Filled, OrderQuantityUnits = request.QuantityUnits, PriceUnits = request.PriceUnits, LastQuantityUnits = request.QuantityUnits,
            LastPriceUnits = request.PriceUnits, CumulativeQuantityUnits = request.QuantityUnits, AveragePriceUnits = request.PriceUnits, TransactTimeUtcNs = default(HostUtcClock).NowUtcNs(),
        });
    }

    public void OnCancel(int session, in CancelOrderRequest request) =>
        _acceptor.SendCancelReject(session, new CancelRejectMessage { ClientOrderId = request.ClientOrderId, OriginalClientOrderId = request.OriginalClientOrderId, Status = OrderStatus.Filled, TransactTimeUtcNs = default(HostUtcClock).NowUtcNs() });

    public void OnReplace(int session, in ReplaceOrderRequest request) =>
        _acceptor.SendCancelReject(session, new CancelRejectMessage { ClientOrderId = request.ClientOrderId, OriginalClientOrderId = request.OriginalClientOrderId, Status = OrderStatus.Filled, AnswersReplace = true, TransactTimeUtcNs = default(HostUtcClock).NowUtcNs() });

    public void Dispose() => _acceptor.Dispose();
}
