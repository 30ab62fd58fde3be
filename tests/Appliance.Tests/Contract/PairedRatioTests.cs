using Appliance.Contract;

namespace Appliance.Tests.Contract;

public class PairedRatioTests
{
    /// <summary>
    /// Ranks of the sign test's interval for the median at 95 %: W. J. Conover, Practical Nonparametric Statistics, 3rd ed., section 3.2; n = 10 gives the second
    /// and the ninth value (97.9 %), n = 20 the sixth and the fifteenth (95.9 %), n = 25 the eighth and the eighteenth (95.7 %).
    /// </summary>
    [Theory, InlineData(6, 1), InlineData(8, 1), InlineData(9, 2), InlineData(10, 2), InlineData(12, 3), InlineData(15, 4), InlineData(20, 6), InlineData(25, 8), InlineData(30, 10)]
    public void The_interval_takes_the_tabled_order_statistics(int n, int rank)
    {
        double[] values = Enumerable.Range(1, n).Select(i => (double)i).Reverse().ToArray();
        RatioEstimate estimate = PairedRatio.Estimate(values);
        Assert.Equal(rank, estimate.Low);
        Assert.Equal(n + 1 - rank, estimate.High);
        Assert.Equal((n + 1) / 2.0, estimate.Median);
    }

    [Fact]
    public void The_interval_holds_the_median_as_often_as_it_says()
    {
        var random = new Random(12345);
        int held = 0;
        const int Trials = 4000;
        for (int trial = 0; trial < Trials; trial++)
        {
            double[] values = Enumerable.Range(0, 20).Select(_ => -Math.Log(1 - random.NextDouble())).ToArray();
            RatioEstimate estimate = PairedRatio.Estimate(values);
            if (estimate.Low <= Math.Log(2) && Math.Log(2) <= estimate.High) held++;
        }
        // 95.9 % by the binomial; three standard deviations of the count are below one per cent.
        Assert.InRange(held / (double)Trials, 0.949, 0.969);
    }

    private static PairedRatio Rounds(int n, double ratio, double control)
    {
        var comparison = new PairedRatio("test");
        // The machine drifts by a factor of ten; the pairs do not feel it.
        for (int i = 0; i < n; i++) comparison.Add(ratio * (1 + i % 10), 1 + i % 10, control * (1 + i % 10));
        return comparison;
    }

    [Theory]
    [InlineData(20, 0.9, 1.0, PairedVerdict.Met)]
    [InlineData(20, 1.0, 1.04, PairedVerdict.Met)]
    [InlineData(20, 1.1, 1.0, PairedVerdict.NotMet)]
    [InlineData(20, 0.9, 1.06, PairedVerdict.None)]
    [InlineData(20, 0.9, 0.94, PairedVerdict.None)]
    [InlineData(9, 0.9, 1.0, PairedVerdict.None)]
    public void The_verdict_needs_ten_pairs_and_a_control_that_holds(int pairs, double ratio, double control, PairedVerdict verdict) =>
        Assert.Equal(verdict, Rounds(pairs, ratio, control).Verdict(1.0));

    [Fact]
    public void A_target_inside_the_interval_is_open()
    {
        var comparison = new PairedRatio("test");
        for (int i = 0; i < 20; i++) comparison.Add(i % 2 == 0 ? 0.9 : 1.1, 1, 1);
        Assert.Equal(PairedVerdict.Open, comparison.Verdict(1.0));
    }

    [Theory, InlineData(0, 1, 1), InlineData(1, -1, 1), InlineData(1, 1, double.NaN), InlineData(double.PositiveInfinity, 1, 1)]
    public void Costs_are_positive_numbers(double ours, double peer, double again) =>
        Assert.Throws<ArgumentException>(() => new PairedRatio("test").Add(ours, peer, again));
}
