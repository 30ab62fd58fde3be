using Appliance.Kernels.Scalar;

namespace Appliance.Tests.Compute;

/// <summary>
/// The scalar formulas against values computed in 120 digits, where the derivatives come from differentiating the price: so a wrong formula
/// for a Greek cannot agree with itself.
/// </summary>
public class BlackScholesTests
{
    public static TheoryData<int> Rows()
    {
        var data = new TheoryData<int>();
        for (int i = 0; i < ReferenceValues.Options.Length; i++) data.Add(i);
        return data;
    }

    /// <summary>
    /// What is claimed: the price to 1e-15 of the larger of spot and strike; every figure besides to a relative 2e-15·(1 + d²) + 4e-16·d/v, with v = σ√T and d
    /// the strike's distance in deviations: S/K is rounded once, and that is what its rounding does to d.
    /// </summary>
    [Theory]
    [MemberData(nameof(Rows))]
    public void Agrees_with_values_of_120_digits(int row)
    {
        double[] r = ReferenceValues.Options[row];
        (double spot, double strike, double years, double volatility, double rate, double yield, double callPut) = (r[0], r[1], r[2], r[3], r[4], r[5], r[6]);
        OptionGreeks greeks = BlackScholes.Evaluate(spot, strike, years, volatility, rate, yield, callPut);
        double deviation = volatility * Math.Sqrt(years);
        double distance = (Math.Abs(Math.Log(spot / strike) + (rate - yield) * years) / deviation) + deviation;
        double relative = 2e-15 * (1 + distance * distance) + 4e-16 * distance / deviation;

        void Check(string name, double actual, double expected, double scale) => Assert.True(
            Math.Abs(actual - expected) <= scale + relative * Math.Abs(expected), $"row {row} {name}: {actual:R}, expected {expected:R}, off by {actual - expected:E2}");

        Check("price", greeks.Price, r[7], 1e-15 * Math.Max(spot, strike));
        Check("delta", greeks.Delta, r[8], 0);
        Check("gamma", greeks.Gamma, r[9], 0);
        Check("vega", greeks.Vega, r[10], 0);
        // Theta is a difference of decay and carry, and speed has a zero: there the error is relative to the parts.
        Check("theta", greeks.Theta, r[11], relative * (Math.Abs(rate) + Math.Abs(yield)) * Math.Max(spot, strike));
        Check("speed", greeks.Speed, r[12], greeks.Gamma / spot * (relative * (1 + distance / deviation) + 4e-16 / (deviation * deviation)));
    }

    [Fact]
    public void Puts_and_calls_keep_their_parity()
    {
        var random = new Random(7);
        for (int i = 0; i < 20_000; i++)
        {
            double spot = 1 + 99 * random.NextDouble(), strike = 1 + 99 * random.NextDouble(), years = 3 * random.NextDouble(), volatility = 1.5 * random.NextDouble();
            double rate = 0.1 * random.NextDouble() - 0.02, yield = 0.05 * random.NextDouble();
            OptionGreeks call = BlackScholes.Evaluate(spot, strike, years, volatility, rate, yield, 1);
            OptionGreeks put = BlackScholes.Evaluate(spot, strike, years, volatility, rate, yield, -1);
            Assert.Equal(spot * Math.Exp(-yield * years) - strike * Math.Exp(-rate * years), call.Price - put.Price, 1e-13);
            Assert.Equal(Math.Exp(-yield * years), call.Delta - put.Delta, 1e-15);
            Assert.Equal(call.Gamma, put.Gamma);
            Assert.Equal(call.Vega, put.Vega);
            Assert.Equal(call.Speed, put.Speed);
            double lower = Math.Max(0, spot * Math.Exp(-yield * years) - strike * Math.Exp(-rate * years));
            Assert.InRange(call.Price, lower - 1e-12, spot + 1e-12);
        }
    }

    [Theory]
    [InlineData(110, 100, 1, 10, 1)]
    [InlineData(90, 100, 1, 0, 0)]
    [InlineData(90, 100, -1, 10, -1)]
    [InlineData(110, 100, -1, 0, 0)]
    [InlineData(100, 100, 1, 0, 0.5)]
    [InlineData(100, 100, -1, 0, -0.5)]
    public void At_expiry_an_option_is_its_payoff(double spot, double strike, double callPut, double price, double delta)
    {
        foreach (double years in new[] { 0.0, -0.0, -1.0, 5e-324, 1e-30 })
        {
            OptionGreeks greeks = BlackScholes.Evaluate(spot, strike, years, 0.5, 0.03, 0.01, callPut);
            Assert.Equal(price, greeks.Price, 12);
            Assert.Equal(delta, greeks.Delta, 12);
            Assert.Equal(0, greeks.Gamma);
            Assert.Equal(0, greeks.Vega);
            Assert.Equal(0, greeks.Speed);
            if (years <= 0) Assert.Equal(0, greeks.Theta);
        }
    }

    [Fact]
    public void Without_volatility_an_option_is_its_discounted_payoff()
    {
        OptionGreeks greeks = BlackScholes.Evaluate(100, 90, 2, 0, 0.05, 0.01, 1);
        double expected = 100 * Math.Exp(-0.02) - 90 * Math.Exp(-0.1);
        Assert.Equal(expected, greeks.Price, 12);
        Assert.Equal(Math.Exp(-0.02), greeks.Delta, 12);
        Assert.Equal(0, greeks.Gamma);
        Assert.Equal(0.01 * 100 * Math.Exp(-0.02) - 0.05 * 90 * Math.Exp(-0.1), greeks.Theta, 12);
        Assert.Equal(0, BlackScholes.Evaluate(100, 120, 2, 0, 0.05, 0.01, 1).Price);
    }

    /// <summary>The limits are limits: near them the formulas are continuous, from both sides of the point where the limit is taken.</summary>
    [Fact]
    public void Nothing_jumps_or_is_nan_towards_the_limits()
    {
        foreach (double strike in new[] { 1e-6, 1.0, 99.9, 100.0, 100.1, 1e4, 1e12 })
            foreach (double callPut in new[] { 1.0, -1.0 })
                for (int power = 0; power < 320; power++)
                {
                    double years = Math.Pow(10, -power);
                    foreach (OptionGreeks g in new[] { BlackScholes.Evaluate(100, strike, years, 0.5, 0, 0, callPut), BlackScholes.Evaluate(100, strike, 0.5, years, 0.01, 0.02, callPut) })
                    {
                        Assert.True(double.IsFinite(g.Price) && double.IsFinite(g.Delta) && double.IsFinite(g.Gamma) && double.IsFinite(g.Vega) && double.IsFinite(g.Theta) && double.IsFinite(g.Speed), $"{strike} {callPut} 1e-{power}: {g}");
                        Assert.True(g.Price >= 0 && g.Gamma >= 0 && g.Vega >= 0);
                    }
                }
        OptionGreeks near = BlackScholes.Evaluate(100, 100, 1e-17, 0.5, 0, 0, 1), at = BlackScholes.Evaluate(100, 100, 1e-19, 0.5, 0, 0, 1);
        Assert.Equal(near.Price, at.Price, 6);
        Assert.Equal(near.Delta, at.Delta, 6);
    }
}
