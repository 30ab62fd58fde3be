using Appliance.Contract;
using Appliance.Risk;

namespace Appliance.Tests.Gates;

/// <summary>A change takes effect whole or not at all, reads back as it was made, and stays within what the gate was sized for.</summary>
public class LimitChangeTests
{
    private static readonly GateLimits Limits = GateBench.Limits with
    {
        // An option, so that a bound on vega is a bound.
        Instruments = [.. GateBench.Limits.Instruments.Select(i => i with { VegaPerUnit = i.Instrument == 2 ? 0.25 : 0 })],
        PortfolioCapacity = 2, MaxMessagesPerLongWindow = 100, MaxRejectsPerLongWindow = 100,
        Portfolios = [new PortfolioLimits { Portfolio = 0, Instrument = 2, RepeatedExecutionsMax = 50 }, new PortfolioLimits { Portfolio = 1, Instrument = 0, RepeatedExecutionsMax = 50 }],
    };

    public static TheoryData<LimitKey, double> Sound => new()
    {
        { LimitKey.MaxOrderQuantity, 7 }, { LimitKey.MaxOrderNotional, 12_345.5 }, { LimitKey.CollarBps, 17 }, { LimitKey.DriftCollarBps, 250 }, { LimitKey.MaxPosition, 77 },
        { LimitKey.StaleMilliseconds, 333 }, { LimitKey.Restricted, 1 }, { LimitKey.MaxAccountPosition, 5_000 }, { LimitKey.MaxExposure, 6_000 }, { LimitKey.MessagesPerSecond, 12 },
        { LimitKey.MessagesPerMinute, 90 }, { LimitKey.CancelReserve, 4 }, { LimitKey.RejectsPerMinute, 9 }, { LimitKey.MaxLiveOrders, 5 }, { LimitKey.DuplicateWindowMilliseconds, 55 },
        { LimitKey.MaxDailyLoss, 2_500 }, { LimitKey.MaxClockSkewMilliseconds, 20 }, { LimitKey.SelfMatchPrevention, 1 }, { LimitKey.StaleGreeksMilliseconds, 900 }, { LimitKey.MaxHedge, 3 },
        { LimitKey.MaxHedgeAttempts, 11 }, { LimitKey.RepeatedExecutions, 150 }, { LimitKey.ProtectionQuantity, 8 }, { LimitKey.ProtectionDelta, 9.5 }, { LimitKey.ProtectionVega, 10.5 },
        { LimitKey.ProtectionIntervalMilliseconds, 2_000 }, { LimitKey.ProtectionFreezeMilliseconds, 3_000 }, { LimitKey.UserRestricted, 1 },
    };

    [Fact]
    public void Every_key_is_tried() => Assert.Equal(Enum.GetValues<LimitKey>().Length - 1, Sound.Count);

    [Theory]
    [MemberData(nameof(Sound))]
    public void A_change_reads_back_for_what_it_addresses_and_leaves_the_rest(LimitKey key, double value)
    {
        var gate = new GateBench(Limits).Gate;
        LimitKey[] others = [.. Enum.GetValues<LimitKey>().Where(k => k != LimitKey.None && k != key)];
        double[] before = [.. others.Select(k => gate.Current(k, 2, 0))];
        double neighbour = gate.Current(key, 0, 1);
        var change = new LimitChange(key, 2, 0, value);
        Assert.Null(gate.Problem(in change));
        gate.Apply(in change);
        Assert.Equal(value, gate.Current(key, 2, 0));
        Assert.Equal(before, others.Select(k => gate.Current(k, 2, 0)));
        Assert.Equal(key is >= LimitKey.MaxAccountPosition and < LimitKey.MaxHedge ? value : neighbour, gate.Current(key, 0, 1));
        Assert.Equal((1L, 0L), (gate.LimitChanges, gate.LimitChangesRefused));

        var all = new LimitChange(key, RingEvent.AllInstruments, RingEvent.AllPortfolios, value);
        Assert.Null(gate.Problem(in all));
        gate.Apply(in all);
        Assert.Equal(value, gate.Current(key, 0, 1));
    }

    [Theory]
    [InlineData(LimitKey.MaxOrderQuantity, -1)]
    [InlineData(LimitKey.MaxPosition, double.NaN)]
    [InlineData(LimitKey.MaxExposure, double.PositiveInfinity)]
    [InlineData(LimitKey.MaxDailyLoss, 0)]
    [InlineData(LimitKey.CollarBps, 10.5)]
    [InlineData(LimitKey.Restricted, 2)]
    [InlineData(LimitKey.MessagesPerSecond, 65)]            // Ten at the start: sized for forty, a power of two above.
    [InlineData(LimitKey.MaxLiveOrders, 9)]                 // Sixteen records.
    [InlineData(LimitKey.DuplicateWindowMilliseconds, 60_000)]
    [InlineData(LimitKey.RepeatedExecutions, 1_000)]
    [InlineData(LimitKey.None, 1)]
    [InlineData((LimitKey)200, 1)]
    public void What_is_out_of_range_or_beyond_what_was_sized_changes_nothing(LimitKey key, double value)
    {
        var gate = new GateBench(Limits).Gate;
        var change = new LimitChange(key, 2, 0, value);
        Assert.NotNull(gate.Problem(in change));
        double[] before = [.. Enum.GetValues<LimitKey>().Select(k => gate.Current(k, 2, 0))];
        gate.Apply(in change);
        Assert.Equal(before, Enum.GetValues<LimitKey>().Select(k => gate.Current(k, 2, 0)));
        Assert.Equal((0L, 1L), (gate.LimitChanges, gate.LimitChangesRefused));
    }

    [Fact]
    public void What_does_not_exist_cannot_be_addressed()
    {
        var gate = new GateBench(Limits).Gate;
        Assert.Contains("instrument", gate.Problem(new LimitChange(LimitKey.CollarBps, 7, 0, 1)), StringComparison.Ordinal);
        Assert.Contains("portfolio", gate.Problem(new LimitChange(LimitKey.MaxHedge, 0, 2, 1)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_change_allocates_nothing()
    {
        var gate = new GateBench(Limits).Gate;
        void ChangeAll()
        {
            for (LimitKey key = LimitKey.MaxOrderQuantity; key <= LimitKey.UserRestricted; key++)
                gate.Apply(new LimitChange(key, RingEvent.AllInstruments, RingEvent.AllPortfolios, 1));
        }
        ChangeAll();
        long before = GC.GetAllocatedBytesForCurrentThread();
        // Keys that are not, and windows too long, are refused in words: those allocate, and no path leads them here but a journal that was tampered with.
        foreach (LimitKey key in (ReadOnlySpan<LimitKey>)[LimitKey.MaxOrderQuantity, LimitKey.MaxOrderNotional, LimitKey.MaxExposure, LimitKey.MessagesPerSecond, LimitKey.MaxHedge, LimitKey.RepeatedExecutions])
            gate.Apply(new LimitChange(key, RingEvent.AllInstruments, RingEvent.AllPortfolios, 1));
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
