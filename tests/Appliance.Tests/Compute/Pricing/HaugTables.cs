using Appliance.Kernels.Pricing;

namespace Appliance.Tests.Compute;

/// <summary>Whole tables of Haug, "The Complete Guide to Option Pricing Formulas" (1st ed. 1998 by page, as QuantLib's tests quote them). Most agree to the last digit printed; some of the book's are off by up to one unit in it.</summary>
public class HaugTables
{
    private const double LastDigit = 1e-4;

    private static double Price(OptionContract contract, double rate, double yield, double volatility)
    {
        var model = new MarketModel { Kind = ModelKind.BlackScholes, Rate = rate, Yield = yield, Volatility = volatility };
        Assert.Equal(PricingStatus.Ok, Pricer.Price(in contract, in model, out Sensitivities result));
        return result.Price;
    }

    /// <summary>Page 72: single barriers; spot 100, rebate 3, half a year, rate 0.08, yield 0.04; strikes 90, 100 and 110. A barrier at the spot has been hit.</summary>
    [Theory]
    [InlineData("DownAndOut", "Call", 95, 0.25, 9.0246, 6.7924, 4.8759)]
    [InlineData("DownAndOut", "Call", 100, 0.25, 3.0000, 3.0000, 3.0000)]
    [InlineData("UpAndOut", "Call", 105, 0.25, 2.6789, 2.3580, 2.3453)]
    [InlineData("DownAndIn", "Call", 95, 0.25, 7.7627, 4.0109, 2.0576)]
    [InlineData("DownAndIn", "Call", 100, 0.25, 13.8333, 7.8494, 3.9795)]
    [InlineData("UpAndIn", "Call", 105, 0.25, 14.1112, 8.4482, 4.5910)]
    [InlineData("DownAndOut", "Call", 95, 0.30, 8.8334, 7.0285, 5.4137)]
    [InlineData("DownAndOut", "Call", 100, 0.30, 3.0000, 3.0000, 3.0000)]
    [InlineData("UpAndOut", "Call", 105, 0.30, 2.6341, 2.4389, 2.4315)]
    [InlineData("DownAndIn", "Call", 95, 0.30, 9.0093, 5.1370, 2.8517)]
    [InlineData("DownAndIn", "Call", 100, 0.30, 14.8816, 9.2045, 5.3043)]
    [InlineData("UpAndIn", "Call", 105, 0.30, 15.2098, 9.7278, 5.8350)]
    [InlineData("DownAndOut", "Put", 95, 0.25, 2.2798, 2.2947, 2.6252)]
    [InlineData("DownAndOut", "Put", 100, 0.25, 3.0000, 3.0000, 3.0000)]
    [InlineData("UpAndOut", "Put", 105, 0.25, 3.7760, 5.4932, 7.5187)]
    [InlineData("DownAndIn", "Put", 95, 0.25, 2.9586, 6.5677, 11.9752)]
    [InlineData("DownAndIn", "Put", 100, 0.25, 2.2845, 5.9085, 11.6465)]
    [InlineData("UpAndIn", "Put", 105, 0.25, 1.4653, 3.3721, 7.0846)]
    [InlineData("DownAndOut", "Put", 95, 0.30, 2.4170, 2.4258, 2.6246)]
    [InlineData("DownAndOut", "Put", 100, 0.30, 3.0000, 3.0000, 3.0000)]
    [InlineData("UpAndOut", "Put", 105, 0.30, 4.2293, 5.8032, 7.5649)]
    [InlineData("DownAndIn", "Put", 95, 0.30, 3.8769, 7.7989, 13.3078)]
    [InlineData("DownAndIn", "Put", 100, 0.30, 3.3328, 7.2636, 12.9713)]
    [InlineData("UpAndIn", "Put", 105, 0.30, 2.0658, 4.4226, 8.3686)]
    public void Single_barriers(string kind, string right, double barrier, double volatility, double at90, double at100, double at110)
    {
        foreach ((double strike, double expected) in new[] { (90.0, at90), (100, at100), (110, at110) })
        {
            var contract = new OptionContract { Kind = Enum.Parse<ContractKind>(kind), Right = Enum.Parse<OptionRight>(right), Spot = 100, Strike = strike, Expiry = 0.5, Barrier = barrier, Rebate = 3 };
            Assert.Equal(expected, Price(contract, 0.08, 0.04, volatility), LastDigit);
        }
    }

    /// <summary>Pages 63 and 64: fixed lookbacks; spot and extremum 100, rate 0.10, no yield; volatilities 0.10, 0.20 and 0.30.</summary>
    [Theory]
    [InlineData("Call", 95, 0.50, 13.2687, 18.9263, 24.9857)]
    [InlineData("Call", 100, 0.50, 8.5126, 14.1702, 20.2296)]
    [InlineData("Call", 105, 0.50, 4.3908, 9.8905, 15.8512)]
    [InlineData("Call", 95, 1.00, 18.3241, 26.0731, 34.7116)]
    [InlineData("Call", 100, 1.00, 13.8000, 21.5489, 30.1874)]
    [InlineData("Call", 105, 1.00, 9.5445, 17.2965, 25.9002)]
    [InlineData("Put", 95, 0.50, 0.6899, 4.4448, 8.9213)]
    [InlineData("Put", 100, 0.50, 3.3917, 8.3177, 13.1579)]
    [InlineData("Put", 105, 0.50, 8.1478, 13.0739, 17.9140)]
    [InlineData("Put", 95, 1.00, 1.0534, 6.2813, 12.2376)]
    [InlineData("Put", 100, 1.00, 3.8079, 10.1294, 16.3889)]
    [InlineData("Put", 105, 1.00, 8.3321, 14.6536, 20.9130)]
    public void Fixed_lookbacks(string right, double strike, double years, double at10, double at20, double at30)
    {
        foreach ((double volatility, double expected) in new[] { (0.1, at10), (0.2, at20), (0.3, at30) })
        {
            var contract = new OptionContract { Kind = ContractKind.LookbackFixed, Right = Enum.Parse<OptionRight>(right), Spot = 100, Strike = strike, Expiry = years, Extremum = 100 };
            Assert.Equal(expected, Price(contract, 0.1, 0, volatility), LastDigit);
        }
    }

    /// <summary>Pages 61 and 62: floating lookbacks without yield.</summary>
    [Theory]
    [InlineData("Call", 100, 100, 0.05, 1.0, 23.7884)]
    [InlineData("Call", 100, 100, 0.05, 0.2, 10.7190)]
    [InlineData("Call", 110, 100, 0.05, 0.2, 14.4597)]
    [InlineData("Put", 100, 100, 0.10, 0.5, 15.3526)]
    [InlineData("Put", 100, 110, 0.10, 0.5, 16.8468)]
    [InlineData("Put", 100, 120, 0.10, 0.5, 21.0645)]
    public void Floating_lookbacks(string right, double spot, double extremum, double rate, double years, double expected) => Assert.Equal(
        expected, Price(new OptionContract { Kind = ContractKind.LookbackFloating, Right = Enum.Parse<OptionRight>(right), Spot = spot, Expiry = years, Extremum = extremum }, rate, 0, 0.3), LastDigit);

    /// <summary>
    /// Page 95: 15 paid when the asset first touches 100, half a year, rate 0.10, volatility 0.20. That is the rebate of a knock-out whose option is worth nothing; paid at expiry if never
    /// touched it is that of a knock-in.
    /// </summary>
    [Theory]
    [InlineData("DownAndOut", "Put", 105, 0, 9.7264)]
    [InlineData("UpAndOut", "Call", 95, 0, 11.6553)]
    [InlineData("DownAndOut", "Put", 105, 0.2, 12.2715)]
    [InlineData("UpAndOut", "Call", 95, 0.2, 8.9109)]
    [InlineData("DownAndIn", "Put", 105, 0, 4.9081)]
    [InlineData("UpAndIn", "Call", 95, 0, 3.0461)]
    public void Cash_at_a_touch(string kind, string right, double spot, double yield, double expected)
    {
        double worthless = right == "Put" ? 1e-9 : 1e9;
        var contract = new OptionContract { Kind = Enum.Parse<ContractKind>(kind), Right = Enum.Parse<OptionRight>(right), Spot = spot, Strike = worthless, Expiry = 0.5, Barrier = 100, Rebate = 15 };
        Assert.Equal(expected, Price(contract, 0.1, yield, 0.2), LastDigit);
    }
}
