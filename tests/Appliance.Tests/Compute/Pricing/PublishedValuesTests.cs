using Appliance.Kernels.Pricing;

namespace Appliance.Tests.Compute;

/// <summary>Prices that books and papers print, to the last digit printed.</summary>
public class PublishedValuesTests
{
    private static OptionContract Contract(string kind, string right, double spot, double strike, double years) =>
        new() { Kind = Enum.Parse<ContractKind>(kind), Right = Enum.Parse<OptionRight>(right), Spot = spot, Strike = strike, Expiry = years };

    private static MarketModel Flat(double rate, double yield, double volatility) => new() { Kind = ModelKind.BlackScholes, Rate = rate, Yield = yield, Volatility = volatility };

    private static double Price(OptionContract contract, MarketModel model)
    {
        Assert.Equal(PricingStatus.Ok, Pricer.Price(in contract, in model, out Sensitivities result));
        return result.Price;
    }

    /// <summary>Haug, "The Complete Guide to Option Pricing Formulas", 1st ed. 1998 (more in <see cref="HaugTables"/>): digitals pages 88 and 90, a lookback page 62, the continuous geometric average pages 96 and 97.</summary>
    [Fact]
    public void Digitals_a_lookback_and_the_geometric_average()
    {
        Assert.Equal(2.6710, Price(Contract("CashDigital", "Put", 100, 80, 0.75) with { Cash = 10 }, Flat(0.06, 0.06, 0.35)), 4);
        Assert.Equal(20.2069, Price(Contract("AssetDigital", "Put", 70, 65, 0.5), Flat(0.07, 0.05, 0.27)), 4);
        // The book cuts 25.35336 off.
        Assert.Equal(25.3533, Price(Contract("LookbackFloating", "Call", 120, 0, 0.5) with { Extremum = 100 }, Flat(0.10, 0.06, 0.30)), 1e-4);
        Assert.Equal(4.6922, Price(Contract("AsianGeometric", "Put", 80, 85, 0.25), Flat(0.05, -0.03, 0.20)), 4);
    }

    /// <summary>Linetsky, "Spectral expansions for Asian (average price) options", Operations Research 52 (2004), table 3: continuous averages, spot and strike 2.</summary>
    [Theory]
    [InlineData(0.02, 0.10, 1, 2.0, 0.0559860415)]
    [InlineData(0.18, 0.30, 1, 2.0, 0.2183875466)]
    [InlineData(0.0125, 0.25, 2, 2.0, 0.1722687410)]
    [InlineData(0.05, 0.50, 1, 1.9, 0.1931737903)]
    [InlineData(0.05, 0.50, 1, 2.0, 0.2464156905)]
    [InlineData(0.05, 0.50, 1, 2.1, 0.3062203648)]
    [InlineData(0.05, 0.50, 2, 2.0, 0.3500952190)]
    public void Continuous_arithmetic_averages(double rate, double volatility, double years, double spot, double expected) =>
        Assert.Equal(expected, Price(Contract("AsianArithmetic", "Call", spot, 2, years), Flat(rate, 0, volatility)), 2e-10);

    /// <summary>
    /// Levy, "Asian options", in Clewlow and Strickland, "Exotic options: the state of the art" (1997), pages 118 to 123, as QuantLib's tests quote it: puts on the average of prices from now on, so that the
    /// first is already known. These are simulated figures.
    /// </summary>
    [Theory]
    [InlineData(2, 1.3942835683)]
    [InlineData(4, 1.5852442983)]
    [InlineData(8, 1.66970673)]
    [InlineData(12, 1.6980019214)]
    [InlineData(26, 1.7255070456)]
    [InlineData(52, 1.7401553533)]
    [InlineData(100, 1.7478303712)]
    [InlineData(250, 1.7490291943)]
    [InlineData(500, 1.7515113291)]
    [InlineData(1000, 1.7537344885)]
    public void Discrete_arithmetic_averages(int fixings, double expected)
    {
        OptionContract contract = Contract("AsianArithmetic", "Put", 90, 87, 11.0 / 12) with { Fixings = fixings, ElapsedFixings = 1, RunningAverage = 90 };
        Assert.Equal(expected, Price(contract, Flat(0.025, 0.06, 0.13)), 3e-3);
    }

    /// <summary>Two and three fixings by integrals of 20 digits, tests/reference/kernels/asian_average.py.</summary>
    [Theory]
    [InlineData(2, 100, 104, 0.5, 0.05, 0.01, 0.3, 5.5629589371009314)]
    [InlineData(2, 100, 80, 2, -0.02, 0.03, 0.6, 30.643959044829603)]
    [InlineData(3, 100, 101, 1, 0.03, 0.05, 0.25, 5.8733110597280035)]
    public void Few_fixings(int fixings, double spot, double strike, double years, double rate, double yield, double volatility, double expected) =>
        Assert.Equal(expected, Price(Contract("AsianArithmetic", "Call", spot, strike, years) with { Fixings = fixings }, Flat(rate, yield, volatility)), 1e-11);

    /// <summary>
    /// Haug 1998, page 9, Merton's jump diffusion: spot 100, rate 0.08, total volatility 0.25, of whose square jumps make a quarter; calls at 0.1, 0.25 and half a year for one, five and ten jumps a year.
    /// </summary>
    [Theory]
    [InlineData(80, 1, 20.67, 21.74, 23.63)]
    [InlineData(80, 5, 20.65, 21.70, 23.61)]
    [InlineData(80, 10, 20.64, 21.70, 23.61)]
    [InlineData(90, 1, 11.00, 12.74, 15.40)]
    [InlineData(90, 5, 10.98, 12.75, 15.42)]
    [InlineData(90, 10, 10.98, 12.75, 15.42)]
    [InlineData(100, 1, 3.42, 5.88, 8.95)]
    [InlineData(100, 5, 3.51, 5.96, 9.02)]
    [InlineData(100, 10, 3.53, 5.97, 9.03)]
    [InlineData(110, 1, 0.55, 2.11, 4.67)]
    [InlineData(110, 5, 0.56, 2.16, 4.73)]
    [InlineData(110, 10, 0.56, 2.17, 4.74)]
    [InlineData(120, 1, 0.10, 0.64, 2.23)]
    [InlineData(120, 5, 0.06, 0.63, 2.25)]
    [InlineData(120, 10, 0.05, 0.62, 2.25)]
    public void Jumps_after_merton(double strike, double jumpsAYear, double tenth, double quarter, double half)
    {
        double jumpVariance = 0.25 * 0.25 * 0.25 / jumpsAYear;
        MarketModel model = Flat(0.08, 0, 0.25 * Math.Sqrt(0.75)) with { Kind = ModelKind.Merton, Lambda = jumpsAYear, JumpMean = -0.5 * jumpVariance, JumpStdDev = Math.Sqrt(jumpVariance) };
        foreach ((double years, double expected) in new[] { (0.1, tenth), (0.25, quarter), (0.5, half) }) Assert.Equal(expected, Price(Contract("European", "Call", 100, strike, years), model), 0.0051);
    }

    /// <summary>
    /// Prices of 30 digits by tests/reference/kernels/heston_price.py. The first two are the cases of Fang and Oosterlee, SIAM Journal on Scientific Computing 31 (2008), section 5, whose
    /// printed 5.785155450 is right to eight digits; then a week with a volatility of variance of 1.2 and 18 days with one of 3.
    /// </summary>
    [Fact]
    public void Heston_and_bates()
    {
        var model = new MarketModel { Kind = ModelKind.Heston, Kappa = 1.5768, Xi = 0.5751, Theta = 0.0398, V0 = 0.0175, Rho = -0.5711 };
        Assert.Equal(5.78515543437618932, Price(Contract("European", "Call", 100, 100, 1), model), 1e-10);
        Assert.Equal(22.3189457911544899, Price(Contract("European", "Call", 100, 100, 10), model), 1e-10);
        MarketModel week = model with { Rate = 0.03, Yield = 0.01, Kappa = 1.5, Theta = 0.04, Xi = 1.2, Rho = -0.9, V0 = 0.04 };
        Assert.Equal(19.9480195958139746, Price(Contract("European", "Put", 100, 120, 0.02), week), 1e-10);
        MarketModel wild = week with { Kappa = 0.5, Theta = 0.02, Xi = 3, Rho = -0.7, V0 = 0.01 };
        Assert.Equal(0.00182072025264493210, Price(Contract("European", "Call", 100, 110, 0.05), wild), 1e-10);
        var bates = new MarketModel
        {
            Kind = ModelKind.Bates, Rate = 0.0585, Yield = 0.064, Kappa = 0.266, Theta = 0.0322, Xi = 1.012, Rho = -0.685, V0 = 0.1063, Lambda = 0.763, JumpMean = 0.084, JumpStdDev = 0.238,
        };
        Assert.Equal(19.4237939701067965, Price(Contract("European", "Call", 85.15, 64.69, 8.084931506849315), bates), 1e-10);
    }

    /// <summary>
    /// 30 digits by the same script, where jumps have a skew of their own or the strike is fifty deviations away: here a step or a scale that is too wide shows first. The price alone asks less of
    /// its integral than the price with Greeks.
    /// </summary>
    [Theory]
    [InlineData("Put", 5.4054794520547942, 0.067897908677299459, 0.41242720783335496, 0.012897885219612106, 0.77435840027144109, -0.82668487246925237, 182.84112026745021, 0.90940852133063999, -0.15629250763742836, 0.051299323747539580, 0.073972188627334401, 0.074774447625863563, 56.33047107343328171)]
    [InlineData("Call", 13.207055401110841, 0.023656286701070686, 0.13177728114470078, 0.013426063827883982, 0.26841342765517134, 0.95135018682170203, 246.70757396220498, 0.61534292721904016, -0.16170766845425019, 0.061404118971621680, 0.055878239816929326, 0.057537776910484673, 4.881290811405138889)]
    [InlineData("Call", 4.6438356164383565, 0.094165407979937915, 0.79789134217327984, 0.096505441556920021, 0.90231220647800348, -0.94306021006454721, 355.43101641815019, 1.2222504523686368, -0.15549940301827128, 0.062725390383380181, 0.093862046470801375, -0.0053410562385530456, 1.142943404883900997)]
    [InlineData("Call", 0.0028572366732826445, 0.00030778095248952791, 0.12642257029099271, 0.12943825092088085, 0.18466094456500914, -0.0034427003904444753, 96.215879057768575, 0, 0, 0, 0.038774664806562803, 0.055271928024139230, 3.778988703492058749)]
    public void Heston_and_bates_where_they_are_hard(
        string right, double years, double v0, double kappa, double theta, double xi, double rho, double strike, double lambda, double jumpMean, double jumpStdDev, double rate, double yield,
        double expected)
    {
        OptionContract contract = Contract("European", right, 100, strike, years);
        var model = new MarketModel
        {
            Kind = ModelKind.Bates, Rate = rate, Yield = yield, Kappa = kappa, Theta = theta, Xi = xi, Rho = rho, V0 = v0, Lambda = lambda, JumpMean = jumpMean, JumpStdDev = jumpStdDev,
        };
        Assert.Equal(expected, Price(contract, model), 1e-8);
        Assert.Equal(PricingStatus.Ok, Pricer.PriceOnly(in contract, in model, out double alone));
        Assert.Equal(expected, alone, 1e-6);
    }

    /// <summary>QuantLib 1.29, QdFpAmericanEngine with its scheme of high precision, as contracts.py draws them: within 1e-6 of the larger of spot and strike.</summary>
    [Theory]
    [InlineData("Put", 62.3, 65.1, 0.0821917808219178, 0.078, 0.0188, 0.1, 2.7999999988944)]
    [InlineData("Call", 181.08, 729.4, 0.29863013698630136, 0.0836, 0.0462, 0.7872, 0.026536292819217523)]
    [InlineData("Put", 112.03, 109.67, 0.024657534246575342, -0.0162, 0.0105, 0.1, 0.0769269295864223)]
    [InlineData("Put", 97.6, 422.12, 3.175342465753425, 0.0097, 0.0667, 0.4484, 332.40648855653063)]
    [InlineData("Call", 94.18, 62.79, 0.36712328767123287, 0.0278, -0.0177, 0.2158, 32.643229603034634)]
    [InlineData("Put", 149.19, 178.38, 1.1369863013698631, 0.0295, 0.0576, 0.442, 48.340025083442384)]
    [InlineData("Call", 135.54, 132.89, 0.03287671232876712, 0.0563, 0.0251, 0.1984, 3.6274440157340813)]
    [InlineData("Put", 101.83, 133.98, 0.30684931506849317, 0.0273, 0.0312, 0.4033, 33.426092517514704)]
    [InlineData("Put", 198.06, 180.74, 1.2219178082191782, 0.0836, 0.0496, 0.1, 1.2062120211516323)]
    [InlineData("Put", 168.66, 161.38, 2.317808219178082, 0.0128, -0.0148, 0.1, 4.076636032077079)]
    [InlineData("Put", 54.95, 46.52, 4.358904109589041, 0.0856, -0.0237, 0.1, 0.020113042987043698)]
    [InlineData("Call", 106.4, 114.06, 0.0410958904109589, 0.0485, -0.0288, 0.1204, 0.0026849911156676095)]
    [InlineData("Put", 86.14, 134.34, 0.18356164383561643, 0.0195, -0.0267, 0.6178, 48.361901591969314)]
    [InlineData("Put", 168.83, 164.59, 0.06575342465753424, 0.0193, 0.0705, 0.2109, 2.046029591142093)]
    [InlineData("Call", 140.34, 143.13, 0.038356164383561646, 0.097, 0.0189, 0.1, 0.3033732730539846)]
    public void Americans(string right, double spot, double strike, double years, double rate, double yield, double volatility, double expected) =>
        Assert.Equal(expected, Price(Contract("American", right, spot, strike, years), Flat(rate, yield, volatility)), 1e-6 * Math.Max(spot, strike));
}
