using Appliance.Contract;
using Appliance.Risk;
using Appliance.TestKit;
using static Appliance.Tests.Gates.GateBench;

namespace Appliance.Tests.Gates;

/// <summary>The gate allocates nothing after construction; the control shows that the measure would see it if it did.</summary>
public class GateAllocationTests
{
    [Fact]
    public void A_million_checks_and_answers_allocate_nothing()
    {
        var bench = new GateBench(Limits with { MaxMessagesPerWindow = 10_000, DuplicateWindowNs = 100 * Millisecond });
        Run(bench.Gate, 20_000, control: null);
        using var pause = new CollectorPause();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(bench.Gate, 250_000, control: null);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(bench.Gate.Approved > 250_000);
    }

    [Fact]
    public void The_control_that_allocates_is_seen()
    {
        var bench = new GateBench(Limits with { MaxMessagesPerWindow = 10_000 });
        var control = new List<object>();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(bench.Gate, 1_000, control);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before >= 24_000);
    }

    private static long _now = Start;

    private static void Run(Gate gate, int rounds, List<object>? control)
    {
        for (int i = 0; i < rounds; i++)
        {
            _now += Millisecond;
            long mid = 1_000_000 + i % 50 * 100;
            gate.OnTop(0, new TopOfBook
            {
                BidPriceUnits = mid - 100, BidQuantityUnits = 1, AskPriceUnits = mid + 100, AskQuantityUnits = 1, TimeUtcNs = _now, UpperBandUnits = long.MaxValue,
                State = BookState.Ready, Status = TradingStatus.Trading,
            });
            var intent = new OrderIntent
            {
                Kind = OrderRequestKind.New, Side = i % 2 == 0 ? Side.Buy : Side.Sell, PriceUnits = mid, QuantityUnits = 10 + i % 7 * 10, TimeUtcNs = _now,
            };
            if (gate.Check(in intent, out ApprovedOrder order) == GateVerdict.Approved)
            {
                gate.OnExecution(new Execution { ClientOrderId = order.ClientOrderId, ExecutionKind = ExecutionKind.New, TimeUtcNs = _now });
                gate.OnExecution(new Execution
                {
                    ClientOrderId = order.ClientOrderId, ExecutionKind = ExecutionKind.Trade, CumulativeQuantityUnits = 10, LastQuantityUnits = 10,
                    LastPriceUnits = mid, TimeUtcNs = _now,
                });
                var cancel = new OrderIntent { Kind = OrderRequestKind.Cancel, OriginalClientOrderId = order.ClientOrderId, TimeUtcNs = _now };
                if (gate.Check(in cancel, out ApprovedOrder cancelled) == GateVerdict.Approved)
                    gate.OnExecution(new Execution { ClientOrderId = cancelled.ClientOrderId, ExecutionKind = ExecutionKind.Cancelled, CumulativeQuantityUnits = 10, TimeUtcNs = _now });
            }
            intent.QuantityUnits = 5_000;
            gate.Check(in intent, out _);
            gate.OnTimer(_now);
            control?.Add(new object());
        }
    }
}
