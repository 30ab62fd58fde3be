using Appliance.Contract;
using Appliance.Risk;

namespace Appliance.Flow;

/// <summary>
/// Which orders stand at the venue: asked each time that the session comes up, where the venue answers that (OrderMassStatusRequest). Until it has answered nothing new is placed. What it lists is
/// confirmed; what it does not list is then asked about by itself (<see cref="EarlierRunOrders"/>), because an order that is gone may have been filled; what nobody here knows is reported, and withdrawn if
/// the desk or an operator says so.
/// </summary>
internal sealed class VenueOrders(ReconciliationOptions options)
{
    private const long WithdrawEveryNs = 1_000_000_000;
    /// <summary>An order whose withdrawal the venue refuses so often stays, and stays reported.</summary>
    private const int RefusalsMax = 3;

    private bool _isDue;
    private int _asked;
    private long _askedUtcNs, _withdrawNotBeforeUtcNs;

    /// <summary>The list is due or under way: single orders are not asked about yet.</summary>
    public bool IsUnderWay => _isDue || _asked > 0;

    public void OnSessionUp(Gate gate)
    {
        if (!options.AsksForAll) return;
        _isDue = true;
        _asked = 0;
        gate.BeginListing();
    }

    public void OnSessionDown() => (_isDue, _asked) = (false, 0);

    public void OnEnded(Gate gate, FlowCounters counters, in Execution e)
    {
        // A person may have settled it meanwhile.
        if (_asked == 0) return;
        bool isAnswer = e.ExecutionKind == ExecutionKind.Status;
        if (isAnswer) counters.MassStatusAnswered++;
        else counters.MassStatusRefused++;
        End(gate, isAnswer);
    }

    /// <summary>A person says that the orders are settled.</summary>
    public void Settle() => (_isDue, _asked) = (false, 0);

    public void Turn(Gate gate, FlowCounters counters, IRequestOut requests, in RingEvent e, long sequence)
    {
        if (!gate.IsSessionUp) return;
        if (_isDue || (_asked > 0 && e.TimeUtcNs - _askedUtcNs > options.AnswerWithinNs)) Ask(gate, counters, requests, in e, sequence);
        if (options.CancelsUnknown && !IsUnderWay && gate.Orders.FoundCount > 0 && e.TimeUtcNs >= _withdrawNotBeforeUtcNs)
        {
            _withdrawNotBeforeUtcNs = e.TimeUtcNs + WithdrawEveryNs;
            Withdraw(gate, requests, 0, in e, sequence);
        }
    }

    /// <summary>Withdraws orders that the venue listed and nobody here knows.</summary>
    /// <param name="id">Which; 0 for all.</param>
    public static void Withdraw(Gate gate, IRequestOut requests, ulong id, in RingEvent e, long sequence)
    {
        OrderTable orders = gate.Orders;
        for (int i = 0; i < orders.LiveCount; i++)
        {
            ref readonly OrderRecord order = ref orders[orders.LiveSlot(i)];
            if (!order.IsFound || order.PendingCancelId != 0 || (id == 0 ? order.RefusedRequests >= RefusalsMax : order.CurrentId != id)) continue;
            requests.Request(new OrderIntent
            {
                Kind = OrderRequestKind.Cancel, Side = order.Side, Instrument = order.Instrument, Portfolio = order.Portfolio, OriginalClientOrderId = order.CurrentId, RingSequence = sequence, TimeUtcNs = e.TimeUtcNs,
            });
        }
    }

    private void Ask(Gate gate, FlowCounters counters, IRequestOut requests, in RingEvent e, long sequence)
    {
        if (!_isDue && _asked >= options.Attempts)
        {
            counters.MassStatusUnanswered++;
            End(gate, isComplete: false);
            return;
        }
        _isDue = false;
        _asked++;
        _askedUtcNs = e.TimeUtcNs;
        counters.MassStatusAsked++;
        // Orders that came to stand in between the two questions are in the second answer.
        gate.BeginListing();
        requests.Request(new OrderIntent { Kind = OrderRequestKind.MassStatus, RingSequence = sequence, TimeUtcNs = e.TimeUtcNs });
    }

    private void End(Gate gate, bool isComplete)
    {
        (_isDue, _asked) = (false, 0);
        gate.EndListing(isComplete);
    }
}
