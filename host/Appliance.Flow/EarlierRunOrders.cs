using Appliance.Contract;
using Appliance.Risk;

namespace Appliance.Flow;

/// <summary>Where requests go that no policy made.</summary>
internal interface IRequestOut
{
    void Request(in OrderIntent intent);
}

/// <summary>
/// Orders that an earlier run left at the venue. Each is given back to its portfolio; the venue is asked how it stands as soon as the session is up and in sequence, and again
/// every second until it has answered for all. An order that no portfolio owns is then withdrawn.
/// </summary>
internal sealed class EarlierRunOrders
{
    private const long AskEveryNs = 1_000_000_000;

    private long _askNotBeforeUtcNs;
    private int _orphans;

    public void Restore(Gate gate, PortfolioStage[] portfolios, in Execution e)
    {
        int slot = gate.OnRestored(in e);
        if (slot < 0 || e.ExecutionKind is ExecutionKind.PendingReplace) return;
        ref readonly OrderRecord order = ref gate.Orders[slot];
        if (e.Reason >= portfolios.Length || portfolios[e.Reason].Instrument != order.Instrument || !portfolios[e.Reason].Adopt(in order)) _orphans++;
    }

    /// <summary>The session went down: what was asked may be lost.</summary>
    public void AskAgain() => _askNotBeforeUtcNs = 0;

    public void Turn(Gate gate, PortfolioStage[] portfolios, IRequestOut requests, in RingEvent e, long sequence)
    {
        if (!gate.IsSessionUp || e.TimeUtcNs < _askNotBeforeUtcNs) return;
        OrderTable orders = gate.Orders;
        if (orders.UnconfirmedCount > 0)
        {
            _askNotBeforeUtcNs = e.TimeUtcNs + AskEveryNs;
            for (int i = 0; i < orders.LiveCount; i++)
            {
                ref readonly OrderRecord order = ref orders[orders.LiveSlot(i)];
                if (order.IsUnconfirmed) requests.Request(Intent(OrderRequestKind.Status, in order, in e, sequence));
            }
        }
        else if (_orphans > 0)
        {
            _askNotBeforeUtcNs = e.TimeUtcNs + AskEveryNs;
            int left = 0;
            for (int i = 0; i < orders.LiveCount; i++)
            {
                ref readonly OrderRecord order = ref orders[orders.LiveSlot(i)];
                // An order that was only found at the venue is withdrawn by who says so.
                if (order.IsFound) continue;
                if (order.Portfolio < portfolios.Length && portfolios[order.Portfolio].Executor.ChildId == order.FirstId) continue;
                left++;
                if (order.PendingCancelId == 0) requests.Request(Intent(OrderRequestKind.Cancel, in order, in e, sequence));
            }
            _orphans = left;
        }
    }

    private static OrderIntent Intent(OrderRequestKind kind, in OrderRecord order, in RingEvent e, long sequence) => new()
    {
        Kind = kind, Side = order.Side, Instrument = order.Instrument, Portfolio = order.Portfolio, OriginalClientOrderId = order.CurrentId, RingSequence = sequence, TimeUtcNs = e.TimeUtcNs,
    };
}
