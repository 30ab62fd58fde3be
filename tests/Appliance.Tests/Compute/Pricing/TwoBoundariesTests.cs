using Appliance.Kernels.Pricing;

namespace Appliance.Tests.Compute;

/// <summary>Americans whose exercise region lies between two boundaries: puts with yield &lt; rate &lt; 0, calls with rate &lt; yield &lt; 0. The reference is finite differences of our own, which know nothing of boundaries.</summary>
public class TwoBoundariesTests
{
    /// <summary>Two regions that stay open, one exercised at once, three whose boundaries meet within the years, one that has all but vanished, one of little time, and both sides of the strike.</summary>
    [Theory]
    [InlineData(1, 1, -0.01, -0.03, 0.1)]
    [InlineData(0.95, 5, -0.01, -0.03, 0.05)]
    [InlineData(0.6, 20, -0.005, -0.03, 0.07)]
    [InlineData(0.8, 5, -0.005, -0.02, 0.2)]
    [InlineData(1.1, 2, -0.02, -0.025, 0.2)]
    [InlineData(0.836, 3.65, -0.0158, -0.0227, 0.1045)]
    [InlineData(0.85, 3, -0.012, -0.015, 0.3)]
    [InlineData(0.97, 1, -0.02, -0.0201, 0.4)]
    [InlineData(0.95, 0.1, -0.01, -0.03, 0.2)]
    [InlineData(1.2, 10, -0.001, -0.03, 0.3)]
    public void Prices_are_those_of_finite_differences(double spot, double years, double rate, double yield, double volatility)
    {
        double expected = PutByDifferences.Price(spot, 1, years, rate, yield, volatility, 2000);
        var put = new OptionContract { Kind = ContractKind.American, Right = OptionRight.Put, Spot = spot, Strike = 1, Expiry = years };
        var model = new MarketModel { Kind = ModelKind.BlackScholes, Rate = rate, Yield = yield, Volatility = volatility };
        Assert.Equal(PricingStatus.Ok, Pricer.PriceOnly(in put, in model, out double price));
        Assert.Equal(expected, price, 1e-6 * Math.Max(spot, 1));
        // The put's mirror: spot and strike, rate and yield change places.
        var call = put with { Right = OptionRight.Call, Spot = 1, Strike = spot };
        Assert.Equal(PricingStatus.Ok, Pricer.Price(in call, model with { Rate = yield, Yield = rate }, out Sensitivities mirrored));
        Assert.Equal(price, mirrored.Price, 1e-12);
    }

    [Theory]
    [InlineData(OptionRight.Put, 0.97, 1.5, -0.01, -0.03, 0.1)]
    [InlineData(OptionRight.Put, 1.05, 4, -0.015, -0.022, 0.2)]
    [InlineData(OptionRight.Call, 1.1, 2, -0.04, -0.01, 0.15)]
    public void Greeks_are_the_slopes_of_prices(OptionRight right, double spot, double years, double rate, double yield, double volatility)
    {
        Sensitivities At(double s = 0, double v = 0, double r = 0, double t = 0)
        {
            var contract = new OptionContract { Kind = ContractKind.American, Right = right, Spot = spot + s, Strike = 1, Expiry = years + t };
            Assert.Equal(PricingStatus.Ok, Pricer.Price(in contract, new MarketModel { Kind = ModelKind.BlackScholes, Rate = rate + r, Yield = yield, Volatility = volatility + v }, out Sensitivities result));
            return result;
        }
        double Slope(Func<double, double> f, double h) => (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);
        void Near(string name, double expected, double actual, double size) =>
            Assert.True(Math.Abs(expected - actual) <= 2e-4 * (size + Math.Abs(expected)), $"{name}: {actual:R}, by differences {expected:R}");
        Sensitivities g = At();
        Near("delta", Slope(h => At(s: h).Price, 1e-3), g.Delta, 0.1);
        Near("gamma", Slope(h => At(s: h).Delta, 1e-3), g.Gamma, 1);
        Near("vega", Slope(h => At(v: h).Price, 1e-3), g.Vega, 0.1);
        Near("theta", -Slope(h => At(t: h).Price, 1e-2 * years), g.Theta, 0.1);
        Near("rho", Slope(h => At(r: h).Price, 5e-4), g.Rho, 0.1);
        Near("vanna", Slope(h => At(v: h).Delta, 1e-3), g.Vanna, 1);
        Near("charm", -Slope(h => At(t: h).Delta, 1e-2 * years), g.Charm, 1);
    }

    /// <summary>Found at random: the boundaries meet next to today, where the price's integral once left the range of roots, for one of the neighbours by which Greeks are made.</summary>
    [Theory]
    [InlineData(OptionRight.Put, 152.19021605335965, 0.06028297724026861, -0.003467159619011424, -0.00449028394995229, 0.26980041048368053)]
    [InlineData(OptionRight.Put, 157.47470879920925, 0.22271251446677154, -0.013241238292440687, -0.02117797974233002, 0.30910884894362245)]
    [InlineData(OptionRight.Put, 62.540398947447386, 6.5467700781297395, -0.017732093208381206, -0.029237898845525814, 0.09220723446374944)]
    [InlineData(OptionRight.Call, 178.62886007953819, 12.25600354752175, -0.0398275425280679, -0.019216660157208347, 0.14004156689444802)]
    public void Boundaries_that_meet_next_to_today_have_greeks(OptionRight right, double strike, double years, double rate, double yield, double volatility)
    {
        var contract = new OptionContract { Kind = ContractKind.American, Right = right, Spot = 100, Strike = strike, Expiry = years };
        var model = new MarketModel { Kind = ModelKind.BlackScholes, Rate = rate, Yield = yield, Volatility = volatility };
        Assert.Equal(PricingStatus.Ok, Pricer.Price(in contract, in model, out Sensitivities s));
        Assert.Equal(PricingStatus.Ok, Pricer.PriceOnly(in contract, in model, out double alone));
        Assert.Equal(alone, s.Price, 1e-6);
        Assert.True(s.IsFinite);
    }
}
