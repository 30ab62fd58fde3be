using Appliance.Contract;
using Appliance.Risk;
using static Appliance.Tests.Gates.GateBench;

namespace Appliance.Tests.Gates;

/// <summary>Ten messages a second, three of them kept for cancels.</summary>
public class MessageRateTests
{
    private readonly GateBench _bench = new(Limits with { MaxLiveOrders = 100, DuplicateWindowNs = 0, OrderTableCapacity = 256 });

    [Fact]
    public void New_orders_stop_at_the_limit_minus_the_cancel_reserve()
    {
        for (int i = 0; i < 7; i++) _bench.New();
        Assert.Equal(GateVerdict.MessageRate, _bench.TryNew());
    }

    [Fact]
    public void A_message_leaves_the_window_exactly_when_the_window_has_passed()
    {
        _bench.New();
        _bench.Now += 1;
        for (int i = 0; i < 6; i++) _bench.New();
        _bench.Now = Start + Second - 1;
        Assert.Equal(GateVerdict.MessageRate, _bench.TryNew());
        _bench.Now = Start + Second;
        Assert.Equal(GateVerdict.Approved, _bench.TryNew());
        Assert.Equal(GateVerdict.MessageRate, _bench.TryNew());
    }

    [Fact]
    public void Amends_count_and_are_limited_like_new_orders()
    {
        ApprovedOrder order = _bench.Live();
        for (int i = 0; i < 6; i++)
        {
            order = _bench.Amend(in order, 20 + 10 * i);
            _bench.Report(order.ClientOrderId, ExecutionKind.Replaced);
        }
        Assert.Equal(GateVerdict.MessageRate, _bench.TryAmend(in order, 100, 1_000_000, out _));
    }

    [Fact]
    public void Cancels_are_never_refused_for_the_rate_but_count_in_it()
    {
        var orders = new ApprovedOrder[7];
        for (int i = 0; i < 7; i++) orders[i] = _bench.New();
        _bench.Now = Start + Second / 2;
        foreach (ApprovedOrder order in orders)
        {
            _bench.Cancel(in order);
            // The venue's refusal frees the order for a second cancel.
            _bench.Report(order.ClientOrderId + 7, ExecutionKind.CancelRejected);
        }
        foreach (ApprovedOrder order in orders) _bench.Cancel(in order);
        Assert.Equal(21, _bench.Gate.Approved);
        // At one second the new orders have left the window, but the fourteen cancels of the half second fill it.
        _bench.Now = Start + Second;
        _bench.Market(0, 1_000_000);
        Assert.Equal(GateVerdict.MessageRate, _bench.TryNew());
        _bench.Now = Start + Second + Second / 2;
        Assert.Equal(GateVerdict.Approved, _bench.TryNew());
    }

    [Fact]
    public void Held_intents_do_not_count()
    {
        for (int i = 0; i < 100; i++) Assert.Equal(GateVerdict.MaxQuantity, _bench.TryNew(1_000));
        for (int i = 0; i < 7; i++) _bench.New();
        Assert.Equal(GateVerdict.MessageRate, _bench.TryNew());
    }

    [Fact]
    public void An_unsent_order_still_counts_as_a_message()
    {
        for (int i = 0; i < 7; i++) _bench.Unsent(_bench.New().ClientOrderId);
        Assert.Equal(0, _bench.Orders.LiveCount);
        Assert.Equal(GateVerdict.MessageRate, _bench.TryNew());
    }

    [Fact]
    public void A_reserve_of_everything_leaves_room_for_cancels_only()
    {
        var bench = new GateBench(Limits with { CancelReserveMessages = 10 });
        Assert.Equal(GateVerdict.MessageRate, bench.TryNew());
    }

    [Fact]
    public void Time_that_steps_back_is_taken_as_standing_still()
    {
        for (int i = 0; i < 7; i++) _bench.New();
        _bench.Now = Start - 10 * Second;
        Assert.Equal(GateVerdict.MessageRate, _bench.TryNew());
    }
}
