using Appliance.Contract;
using Appliance.Flow;
using Appliance.Risk;
using Appliance.TestKit;

namespace Appliance.Tests.Decide;

/// <summary>When the venue is asked which orders stand, what happens when it does not answer, and who withdraws what nobody knows.</summary>
public class VenueOrdersTests
{
    private static readonly InstrumentDefinition Share = new(0, "AAA", 10_000, 1, 100, 10, 1);
    private const long Second = 1_000_000_000;

    /// <summary>Requests through the gate, as the flow puts them.</summary>
    private sealed class Requests(Gate gate) : IRequestOut
    {
        public readonly List<ApprovedOrder> Sent = [];

        void IRequestOut.Request(in OrderIntent intent)
        {
            if (gate.Check(in intent, out ApprovedOrder approved) == GateVerdict.Approved) Sent.Add(approved);
        }
    }

    private readonly WideGate _wide = new(Share);
    private readonly FlowCounters _counters = new();
    private readonly Requests _requests;
    private long _now = WideGate.StartUtcNs;

    public VenueOrdersTests() => _requests = new Requests(_wide.Gate);

    private void Turn(VenueOrders orders, long laterNs = 0) => orders.Turn(_wide.Gate, _counters, _requests, new RingEvent { Kind = EventKind.Timer, TimeUtcNs = _now += laterNs }, 1);

    private void Find(ulong id) => _wide.Gate.OnExecution(new Execution
    {
        Kind = EventKind.ExecutionReported, Flags = EventFlags.Listed, Side = Side.Buy, TimeUtcNs = _now, ClientOrderId = id, ExecutionKind = ExecutionKind.Status, OrderStatus = OrderStatus.New, LastPriceUnits = 1_000_000, LastQuantityUnits = 10,
    });

    [Fact]
    public void Each_time_that_the_session_comes_up_the_venue_is_asked_once()
    {
        var orders = new VenueOrders(new ReconciliationOptions { AsksForAll = true });
        orders.OnSessionUp(_wide.Gate);
        Turn(orders);
        Turn(orders, Second);
        ApprovedOrder question = Assert.Single(_requests.Sent);
        Assert.Equal((OrderRequestKind.MassStatus, true, GateVerdict.OrdersUnresolved), (question.Kind, orders.IsUnderWay, _wide.Gate.Stopped));
        orders.OnEnded(_wide.Gate, _counters, new Execution { Kind = EventKind.MassStatusEnded, ExecutionKind = ExecutionKind.Status });
        Assert.Equal((false, GateVerdict.Approved, 1L), (orders.IsUnderWay, _wide.Gate.Stopped, _counters.MassStatusAnswered));
        Turn(orders, 60 * Second);
        Assert.Single(_requests.Sent);
        // The session goes while the next question is under way: nobody answers that one any more.
        orders.OnSessionUp(_wide.Gate);
        Turn(orders);
        orders.OnSessionDown();
        Assert.False(orders.IsUnderWay);
        orders.OnSessionUp(_wide.Gate);
        Turn(orders);
        Assert.Equal(3, _requests.Sent.Count);
        Assert.Equal(3, _requests.Sent.Select(q => q.ClientOrderId).Distinct().Count());
    }

    [Fact]
    public void A_venue_that_is_silent_is_asked_again_and_then_not_waited_for()
    {
        var orders = new VenueOrders(new ReconciliationOptions { AsksForAll = true });
        orders.OnSessionUp(_wide.Gate);
        for (int i = 0; i < 5; i++) Turn(orders, 5 * Second + 1);
        Assert.Equal((3, false, 1L, GateVerdict.Approved), (_requests.Sent.Count, orders.IsUnderWay, _counters.MassStatusUnanswered, _wide.Gate.Stopped));
    }

    [Fact]
    public void A_venue_that_refuses_is_believed()
    {
        var orders = new VenueOrders(new ReconciliationOptions { AsksForAll = true });
        orders.OnSessionUp(_wide.Gate);
        Turn(orders);
        orders.OnEnded(_wide.Gate, _counters, new Execution { Kind = EventKind.MassStatusEnded, ExecutionKind = ExecutionKind.BusinessRejected });
        Assert.Equal((false, 1L, GateVerdict.Approved), (orders.IsUnderWay, _counters.MassStatusRefused, _wide.Gate.Stopped));
    }

    [Fact]
    public void Without_the_desks_word_nobody_asks()
    {
        var orders = new VenueOrders(new ReconciliationOptions());
        orders.OnSessionUp(_wide.Gate);
        Turn(orders);
        Assert.Empty(_requests.Sent);
        Assert.Equal(GateVerdict.Approved, _wide.Gate.Stopped);
    }

    [Theory]
    [InlineData(false, 0), InlineData(true, 2)]
    public void Unknown_orders_are_withdrawn_where_the_desk_says_so(bool cancels, int expected)
    {
        var orders = new VenueOrders(new ReconciliationOptions { AsksForAll = true, CancelsUnknown = cancels });
        orders.OnSessionUp(_wide.Gate);
        Turn(orders);
        ApprovedOrder own = default;
        Find(FoundOrderId.First);
        Find(77);
        orders.OnEnded(_wide.Gate, _counters, new Execution { Kind = EventKind.MassStatusEnded, ExecutionKind = ExecutionKind.Status });
        own = _wide.New(0, Side.Sell, 1_010_000, 10);
        Turn(orders, Second);
        Turn(orders, Second);
        Assert.Equal(expected, _requests.Sent.Count(r => r.Kind == OrderRequestKind.Cancel));
        Assert.DoesNotContain(_requests.Sent, r => r.OriginalClientOrderId == own.ClientOrderId);
        // An operator withdraws one by its name, and only that; twice is not asked.
        var more = new Requests(_wide.Gate);
        VenueOrders.Withdraw(_wide.Gate, more, 77, new RingEvent { TimeUtcNs = _now }, 1);
        Assert.Equal(cancels ? 0 : 1, more.Sent.Count);
        VenueOrders.Withdraw(_wide.Gate, more, 0, new RingEvent { TimeUtcNs = _now }, 1);
        Assert.Equal(cancels ? 0 : 2, more.Sent.Count);
    }

    [Fact]
    public void What_the_venue_refuses_to_withdraw_is_not_asked_for_ever()
    {
        var orders = new VenueOrders(new ReconciliationOptions { AsksForAll = true, CancelsUnknown = true });
        Find(FoundOrderId.First);
        for (int i = 0; i < 20; i++)
        {
            Turn(orders, Second);
            foreach (ApprovedOrder cancel in _requests.Sent) _wide.Report(in cancel, ExecutionKind.CancelRejected, OrderStatus.New);
        }
        Assert.Equal(3, _requests.Sent.Count);
        Assert.Equal(1, _wide.Gate.Orders.FoundCount);
    }
}
