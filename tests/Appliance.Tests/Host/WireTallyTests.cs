using Appliance.Contract;
using Appliance.Host.Latency;

namespace Appliance.Tests.Host;

/// <summary>The arithmetic of `appliance latency`: what is a pair, a verdict, and a core's lost time.</summary>
public class WireTallyTests
{
    private static void Add(WireTally tally, WirePlace place, long latencyNs, int orders = 100, int missed = 0, long late = 0)
    {
        long[] latencies = new long[orders];
        Array.Fill(latencies, latencyNs);
        tally.Add(new WireSlice(place, latencies, new MoveCount(orders, missed), sent: 1_000, late));
    }

    [Fact]
    public void A_pairs_ratio_is_of_percentiles_over_each_sides_slices_together()
    {
        var tally = new WireTally("test", 1);
        // Ours: nine in ten at 20 µs, one at 60; the floor's: all at 20, again at 21.
        for (int slice = 0; slice < 9; slice++)
        {
            Add(tally, WirePlace.Ours, 20_000);
            Add(tally, WirePlace.Floor, 20_000);
            Add(tally, WirePlace.FloorAgain, 21_000);
        }
        Add(tally, WirePlace.Ours, 60_000);
        Assert.True(tally.EndPair());
        Assert.Equal(1.0, tally.P50.Ratio.Median, 2e-3);
        Assert.Equal(3.0, tally.P99.Ratio.Median, 2e-3);
        Assert.Equal(1.05, tally.P99.Control.Median, 2e-3);
        Assert.Equal((28, 1_000L, 1_800L), (tally.Slices, tally.Ours.Count, tally.Floor.Count));
        // The next pair begins with nothing of this one.
        foreach (WirePlace place in Enum.GetValues<WirePlace>()) Add(tally, place, 10_000);
        Assert.True(tally.EndPair());
        Assert.Equal(2.0, tally.P99.Ratio.Median, 2e-3);
    }

    [Fact]
    public void Too_few_orders_on_one_side_give_no_ratio_and_are_forgotten()
    {
        var tally = new WireTally("test", 200);
        foreach (WirePlace place in Enum.GetValues<WirePlace>()) Add(tally, place, 10_000, place == WirePlace.FloorAgain ? 199 : 200);
        Assert.False(tally.EndPair());
        Assert.Equal(0, tally.P99.Pairs);
        foreach (WirePlace place in Enum.GetValues<WirePlace>()) Add(tally, place, 10_000, 200);
        Assert.True(tally.EndPair());
    }

    [Theory]
    [InlineData(10, 1, PairedVerdict.Met)]
    [InlineData(11, 1, PairedVerdict.None)]
    [InlineData(10, 2, PairedVerdict.None)]
    public void A_load_that_was_not_kept_decides_nothing(int latePerThousand, int missedPerHundred, PairedVerdict expected)
    {
        var tally = new WireTally("test", 1);
        for (int pair = 0; pair < PairedRatio.PairsMin; pair++)
        {
            foreach (WirePlace place in Enum.GetValues<WirePlace>()) Add(tally, place, 10_000, 100, missedPerHundred, latePerThousand);
            tally.EndPair();
        }
        Assert.Equal(expected, tally.Verdict(tally.P99, 1.5));
    }

    [Fact]
    public void What_a_thread_neither_ran_nor_waited_for_was_stolen()
    {
        CoreTime time = CoreTime.Of(100_000_000, ThreadTimes.Parse("95000000 2000000 17\n"));
        Assert.Equal((2_000_000L, 3_000_000L), (time.WaitedNs, time.StolenNs));
        // The account of a thread may run ahead of the clock by what reading it takes.
        Assert.Equal(0, CoreTime.Of(100_000, new ThreadTimes(100_500, 0)).StolenNs);
        Assert.Equal(0.04, (time + time + time).StolenShare + (time + time).WaitedShare - 0.01, 9);
    }

    [Fact]
    public void This_threads_account_grows_with_its_work()
    {
        long began = new HostMonotonicClock().NowNs();
        ThreadTimes before = ThreadTimes.OfThisThread();
        while (ThreadTimes.OfThisThread().RanNs - before.RanNs < 5_000_000) { }
        ThreadTimes passed = ThreadTimes.OfThisThread() - before;
        Assert.InRange(passed.RanNs, 5_000_000, new HostMonotonicClock().NowNs() - began);
    }
}
