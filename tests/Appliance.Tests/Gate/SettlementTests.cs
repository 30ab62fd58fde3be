using Appliance.Contract;
using Appliance.Risk;
using static Appliance.Tests.Gates.GateBench;

namespace Appliance.Tests.Gates;

/// <summary>
/// The gate counts an approved order in rates, throttles and duplicates after it has left. Whether its caller says so or not, nothing that happens in between may change what is counted.
/// </summary>
public class SettlementTests
{
    private static readonly GateLimits Roomy = Limits with { MaxLiveOrders = 8, OrderTableCapacity = 16 };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_order_that_the_venue_restates_at_once_is_a_duplicate_by_what_was_asked_for(bool settles)
    {
        var bench = new GateBench(Roomy);
        ApprovedOrder order = bench.New(10);
        if (settles) bench.Gate.Settle();
        bench.Report(order.ClientOrderId, ExecutionKind.Restated, last: 20, price: 999_900);
        Assert.Equal(GateVerdict.DuplicateOrder, bench.TryNew(10));
        Assert.Equal(GateVerdict.Approved, bench.TryNew(20, 999_900));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Enabled_again_a_portfolio_has_all_its_orders_before_it(bool settles)
    {
        var bench = new GateBench(Roomy with { Portfolios = [new PortfolioLimits { Portfolio = 0, RepeatedExecutionsMax = 2 }] });
        bench.New(10);
        bench.New(20);
        if (settles) bench.Gate.Settle();
        bench.Gate.Enable(0);
        bench.New(30);
        bench.New(40);
        Assert.Equal(GateVerdict.RepeatedExecution, bench.TryNew(50));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_unsent_order_counts_although_its_record_is_another_orders_already(bool settles)
    {
        var bench = new GateBench(Limits with { MaxLiveOrders = 1, OrderTableCapacity = 2 });
        ApprovedOrder order = bench.New(10);
        if (settles) bench.Gate.Settle();
        bench.Unsent(order.ClientOrderId);
        for (int i = 1; i <= 2; i++)
            bench.Gate.OnRestored(new Execution { Kind = EventKind.OrderRestored, ClientOrderId = (ulong)i, Side = Side.Sell, LastPriceUnits = 1_000_000, LastQuantityUnits = 70, TimeUtcNs = Start });
        for (int i = 1; i <= 2; i++) bench.Report((ulong)i, ExecutionKind.Cancelled);
        Assert.Equal(GateVerdict.DuplicateOrder, bench.TryNew(10));
        Assert.Equal(GateVerdict.Approved, bench.TryNew(70, side: Side.Sell));
    }

    [Fact]
    public void The_longer_window_knows_the_minute_before_it_was_switched_on()
    {
        var bench = new GateBench(Roomy with { LongWindowNs = 10 * Second });
        for (int i = 1; i <= 3; i++) bench.New(10 * i);
        bench.Gate.Apply(new LimitChange(LimitKey.MessagesPerMinute, 0, 0, 4));
        bench.New(40);
        Assert.Equal(GateVerdict.MessageRateLong, bench.TryNew(50));
        bench.Now += 10 * Second;
        bench.Market(0, 1_000_000);
        Assert.Equal(GateVerdict.Approved, bench.TryNew(50));
    }

    [Fact]
    public void Rejects_of_before_count_when_their_limit_is_switched_on()
    {
        var bench = new GateBench(Roomy with { LongWindowNs = 10 * Second });
        for (int i = 1; i <= 3; i++) bench.Report(bench.New(10 * i).ClientOrderId, ExecutionKind.Rejected);
        bench.Gate.Apply(new LimitChange(LimitKey.RejectsPerMinute, 0, 0, 3));
        Assert.Equal(GateVerdict.RejectRate, bench.TryNew(50));
    }

    [Fact]
    public void A_lower_rate_makes_no_room_for_a_longer_duplicate_window_while_the_orders_of_the_higher_one_are_remembered()
    {
        // Ten a second over a tenth of a second: sixteen are remembered. At four a second sixteen would do for three seconds, but not for the twenty orders that went out before.
        var bench = new GateBench(Limits with { CancelReserveMessages = 0, MaxLiveOrders = 8 });
        for (int i = 0; i < 20; i++)
        {
            if (i == 10) bench.Now += Second;
            bench.Market(0, 1_000_000);
            bench.Report(bench.New(10 + 10 * i).ClientOrderId, ExecutionKind.Rejected);
        }
        bench.Gate.Apply(new LimitChange(LimitKey.MessagesPerSecond, 0, 0, 4));
        var longer = new LimitChange(LimitKey.DuplicateWindowMilliseconds, 0, 0, 3_000);
        Assert.NotNull(bench.Gate.Problem(in longer));
        bench.Gate.Apply(in longer);
        Assert.Equal(100, bench.Gate.Current(LimitKey.DuplicateWindowMilliseconds, 0, 0));
    }

    [Fact]
    public void Asking_for_memory_changes_nothing_and_takes_any_number()
    {
        var bench = new GateBench(Roomy);
        foreach (int instrument in (int[])[-1, 0, 2, 3, ushort.MaxValue]) bench.Gate.Prefetch(instrument);
        foreach (ushort portfolio in (ushort[])[0, 15, 16, ushort.MaxValue]) bench.Gate.PrefetchOrder(portfolio);
        Assert.Equal(7_000_000_001ul, bench.New().ClientOrderId);
    }
}
