using Appliance.Strategy.Policies;

namespace Appliance.Tests.Compute;

/// <summary>The two classical rules.</summary>
public class PolicyTests
{
    private static PortfolioState State(double delta, double gamma, double held, double contractSize = 1) =>
        new() { Spot = 61_700, Delta = delta, Gamma = gamma, HedgePositionUnits = held, ContractSize = contractSize };

    [Fact]
    public void Delta_threshold_centres_its_band_on_the_neutral_hedge()
    {
        var policy = new DeltaThresholdPolicy(0.25);
        HedgeTarget target = policy.Decide(State(-3, 0, 0));
        Assert.Equal(new HedgeTarget(3, 2.75, 3.25), target);
        Assert.True(target.IsInside(2.75));
        Assert.False(target.IsInside(2.74));
        Assert.Equal(300, policy.Decide(State(-3, 0, 0, contractSize: 0.01)).TargetUnits, 12);
        Assert.Throws<ArgumentOutOfRangeException>(() => new DeltaThresholdPolicy(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new DeltaThresholdPolicy(double.NaN));
    }

    [Fact]
    public void Whalley_wilmott_band_has_the_published_half_width()
    {
        var policy = new WhalleyWilmottPolicy(new WhalleyWilmottOptions { CostShare = 1e-4, RiskAversion = 1e-3, RebalanceShare = 0 });
        PortfolioState state = State(2, -0.004, 0);
        double expected = Math.Cbrt(3 * 1e-4 * 61_700 * 0.004 * 0.004 / (2 * 1e-3));
        Assert.Equal(expected, policy.HalfWidthUnits(state), 1e-15);
        HedgeTarget target = policy.Decide(state);
        // The hedge held lies above the band, so the trade goes to its upper edge.
        Assert.Equal(-2 + expected, target.TargetUnits, 1e-14);
        Assert.Equal(-2 - expected, target.LowerUnits, 1e-14);
        Assert.Equal(-2 + expected, target.UpperUnits, 1e-14);
        Assert.Equal(-2 - expected, policy.Decide(State(2, -0.004, -5)).TargetUnits, 1e-14);
    }

    /// <summary>The cube-root law: eight times the cost or an eighth of the risk aversion doubles the band; gamma enters by its two-thirds power.</summary>
    [Fact]
    public void Whalley_wilmott_scales_as_derived()
    {
        double Width(double cost, double aversion, double gamma) =>
            new WhalleyWilmottPolicy(new WhalleyWilmottOptions { CostShare = cost, RiskAversion = aversion }).HalfWidthUnits(State(0, gamma, 0));
        double one = Width(1e-4, 1e-3, 0.01);
        Assert.Equal(2 * one, Width(8e-4, 1e-3, 0.01), 1e-14);
        Assert.Equal(2 * one, Width(1e-4, 1e-3 / 8, 0.01), 1e-14);
        Assert.Equal(4 * one, Width(1e-4, 1e-3, 0.08), 1e-13);
        Assert.Equal(one, Width(1e-4, 1e-3, -0.01));
        Assert.Equal(0, Width(1e-4, 1e-3, 0));
    }

    [Fact]
    public void Whalley_wilmott_keeps_its_floor_its_cap_and_its_rebalance_share()
    {
        var options = new WhalleyWilmottOptions { CostShare = 1e-4, RiskAversion = 1e-3, HalfWidthUnitsMin = 0.01, HalfWidthUnitsMax = 0.02, RebalanceShare = 1 };
        var policy = new WhalleyWilmottPolicy(options);
        Assert.Equal(0.01, policy.HalfWidthUnits(State(0, 0, 0)));
        Assert.Equal(0.02, policy.HalfWidthUnits(State(0, 1, 0)));
        Assert.Equal(-2, policy.Decide(State(2, 1, 0)).TargetUnits);
        Assert.Equal(-2 + 0.01, new WhalleyWilmottPolicy(options with { RebalanceShare = 0.5 }).Decide(State(2, 1, 0)).TargetUnits, 14);
        Assert.Throws<ArgumentOutOfRangeException>(() => new WhalleyWilmottPolicy(options with { CostShare = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new WhalleyWilmottPolicy(options with { RiskAversion = double.NaN }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new WhalleyWilmottPolicy(options with { RebalanceShare = 1.5 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new WhalleyWilmottPolicy(options with { HalfWidthUnitsMin = 3 }));
    }
}
