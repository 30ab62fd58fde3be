using System.Text;
using Appliance.Contract;
using Appliance.Flow;
using Appliance.Flow.Decide;
using Appliance.Flow.Market;
using Appliance.Host.Composition;
using Appliance.Host.Configuration;
using Appliance.Host.Threads;
using Appliance.TestKit;

namespace Appliance.Tests.Host;

/// <summary>The understudy plays orders to the end of their road without the live flow hearing of it.</summary>
public sealed class UnderstudyTests
{
    private const long PeriodNs = 20_000;

    [Theory]
    [InlineData(BookFeed.Orders, HedgeStyle.Taking)]
    [InlineData(BookFeed.Levels, HedgeStyle.Taking)]
    [InlineData(BookFeed.BridgedLevels, HedgeStyle.Taking)]
    [InlineData(BookFeed.Orders, HedgeStyle.Passive)]
    public void Every_performance_makes_one_order_and_leaves_the_live_flow_as_it_was(BookFeed feed, HedgeStyle style)
    {
        var live = Live(feed, style);
        var sender = new CountingSender();
        var understudy = new Understudy(live, DeskComposer.Backend(Profile()), sender, PeriodNs);
        for (int i = 1; i <= 5_000; i++)
        {
            understudy.PlayIfDue(i * PeriodNs);
            understudy.PlayIfDue(i * PeriodNs + PeriodNs - 1);
        }
        Assert.Equal((5_000L, 0L, 5_000L), (understudy.Performances, understudy.Missed, sender.Rehearsed));
        Assert.Equal((2_500L, 2_500L), (sender.Buys, sender.Sells));
        Assert.Equal((0L, 0L, 0), (live.Counters.Events, live.Gate.Approved, live.Gate.Orders.LiveCount));
        Assert.Equal(0, live.Hash.Orders);
    }

    [Fact]
    public void A_performance_allocates_nothing()
    {
        var understudy = new Understudy(Live(BookFeed.Orders, HedgeStyle.Taking), DeskComposer.Backend(Profile()), new CountingSender(), PeriodNs);
        for (int i = 1; i <= 200; i++) understudy.PlayIfDue(i * PeriodNs);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 201; i <= 2_200; i++) understudy.PlayIfDue(i * PeriodNs);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(0, understudy.Missed);
    }

    private static Flow<HostMonotonicClock> Live(BookFeed feed, HedgeStyle style)
    {
        var errors = new ConfigurationErrors();
        var desk = Desk.Parse(Encoding.UTF8.GetBytes(WalkCapture.Desk), "walk.json", errors);
        Assert.Empty(errors.Lines);
        var options = DeskComposer.Flow(desk!, Profile(), orderIdEpoch: 1);
        return new Flow<HostMonotonicClock>(options with { Portfolios = [.. options.Portfolios.Select(p => p with { Execution = p.Execution with { Style = style } })], Market = options.Market with { DefaultFeed = new InstrumentFeed(feed) } }, DeskComposer.Backend(Profile()), new NoOrderOut(), new StageLatency(1_000_000_000));
    }

    private static HardwareProfile Profile()
    {
        var errors = new ConfigurationErrors();
        var profile = HardwareProfile.Parse("""{ "name": "test", "topology": "fused" }"""u8.ToArray(), "test.json", errors);
        Assert.Empty(errors.Lines);
        return profile!;
    }

    private sealed class CountingSender : IRehearsable
    {
        public long Rehearsed, Buys, Sells;

        public void Rehearse(in OrderIntent intent)
        {
            Rehearsed++;
            if (intent.Side == Side.Buy) Buys++;
            else if (intent.Side == Side.Sell) Sells++;
        }
    }
}
