using Appliance.Kernels.Pricing;
using FsCheck;
using FsCheck.Fluent;

namespace Appliance.Tests.Compute;

/// <summary>What no formula may break, whatever the numbers: parities, bounds, order, and Greeks that are the slopes of the prices.</summary>
public class PricingPropertyTests
{
    /// <summary>Ordinary markets, drawn evenly.</summary>
    private sealed record Case(double Spot, double Strike, double Years, double Rate, double Yield, double Volatility, double Share);

    private static Gen<double> Between(double low, double high) => Gen.Choose(0, 1_000_000).Select(i => low + (high - low) * i / 1e6);

    private static readonly Arbitrary<Case> _cases = Arb.From(
        from spot in Between(50, 200) from moneyness in Between(0.6, 1.6) from years in Between(0.02, 5) from rate in Between(-0.02, 0.1) from yield in Between(-0.02, 0.08)
        from volatility in Between(0.05, 0.9) from share in Between(0, 1)
        select new Case(spot, spot * moneyness, years, rate, yield, volatility, share));

    private static void Holds(Func<Case, bool> property, int count = 500) =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(count), Prop.ForAll(_cases, property));

    private static OptionContract Contract(Case c, ContractKind kind, OptionRight right) => new()
    {
        Kind = kind, Right = right, Spot = c.Spot, Strike = c.Strike, Expiry = c.Years, Cash = 7,
        Barrier = kind is ContractKind.DownAndOut or ContractKind.DownAndIn ? c.Spot * (0.6 + 0.39 * c.Share) : c.Spot * (1.01 + c.Share),
    };

    private static MarketModel Flat(Case c) => new() { Kind = ModelKind.BlackScholes, Rate = c.Rate, Yield = c.Yield, Volatility = c.Volatility };

    private static MarketModel Heston(Case c) => new()
    {
        Kind = ModelKind.Heston, Rate = c.Rate, Yield = c.Yield, V0 = c.Volatility * c.Volatility, Theta = 0.05 + 0.1 * c.Share, Kappa = 0.5 + 4 * c.Share, Xi = 0.2 + c.Volatility, Rho = -0.9 + c.Share,
    };

    private static Sensitivities Price(OptionContract contract, MarketModel model)
    {
        PricingStatus status = Pricer.Price(in contract, in model, out Sensitivities result);
        Assert.True(status == PricingStatus.Ok, $"{contract.Kind} {model.Kind}: {status}");
        return result;
    }

    [Fact]
    public void Call_less_put_is_the_forward_under_every_model() => Holds(c =>
    {
        double expected = c.Spot * Math.Exp(-c.Yield * c.Years) - c.Strike * Math.Exp(-c.Rate * c.Years), scale = Math.Max(c.Spot, c.Strike);
        MarketModel merton = Flat(c) with { Kind = ModelKind.Merton, Lambda = 2 * c.Share, JumpMean = -0.1, JumpStdDev = 0.2 };
        foreach (MarketModel model in new[] { Flat(c), Heston(c), merton, Heston(c) with { Kind = ModelKind.Bates, Lambda = 1, JumpMean = 0.05, JumpStdDev = 0.1 } })
        {
            double difference = Price(Contract(c, ContractKind.European, OptionRight.Call), model).Price - Price(Contract(c, ContractKind.European, OptionRight.Put), model).Price;
            if (!(Math.Abs(difference - expected) < 1e-12 * scale)) return false;
        }
        return true;
    });

    [Fact]
    public void A_call_is_an_asset_digital_less_its_strike_in_cash_digitals() => Holds(c =>
    {
        foreach (MarketModel model in new[] { Flat(c), Heston(c), Flat(c) with { Kind = ModelKind.Merton, Lambda = 1, JumpMean = -0.1, JumpStdDev = 0.2 } })
            foreach (OptionRight right in new[] { OptionRight.Call, OptionRight.Put })
            {
                double w = right == OptionRight.Call ? 1 : -1;
                double parts = w * (Price(Contract(c, ContractKind.AssetDigital, right), model).Price - c.Strike / 7 * Price(Contract(c, ContractKind.CashDigital, right), model).Price);
                if (!(Math.Abs(parts - Price(Contract(c, ContractKind.European, right), model).Price) < 1e-9 * c.Spot)) return false;
            }
        return true;
    });

    [Fact]
    public void Knocking_in_and_out_make_the_plain_option() => Holds(c =>
    {
        foreach (OptionRight right in new[] { OptionRight.Call, OptionRight.Put })
        {
            double plain = Price(Contract(c, ContractKind.European, right), Flat(c)).Price;
            double down = Price(Contract(c, ContractKind.DownAndIn, right), Flat(c)).Price + Price(Contract(c, ContractKind.DownAndOut, right), Flat(c)).Price;
            double up = Price(Contract(c, ContractKind.UpAndIn, right), Flat(c)).Price + Price(Contract(c, ContractKind.UpAndOut, right), Flat(c)).Price;
            if (!(Math.Abs(down - plain) < 1e-10 * c.Spot && Math.Abs(up - plain) < 1e-10 * c.Spot)) return false;
        }
        return true;
    });

    [Fact]
    public void An_american_is_worth_no_less_than_exercise_or_the_european() => Holds(c =>
    {
        foreach (OptionRight right in new[] { OptionRight.Call, OptionRight.Put })
        {
            OptionContract contract = Contract(c, ContractKind.American, right);
            MarketModel model = Flat(c);
            PricingStatus status = Pricer.Price(in contract, in model, out Sensitivities american);
            double exercise = right == OptionRight.Call ? c.Spot - c.Strike : c.Strike - c.Spot;
            double european = Price(Contract(c, ContractKind.European, right), model).Price;
            // Exercise has a slope of one; what is never exercised early has at most the forward's, which is more where the yield is below zero.
            double steepest = Math.Max(1, Math.Exp(-c.Yield * c.Years));
            if (status != PricingStatus.Ok || american.Price < Math.Max(exercise, european) - 2e-7 * Math.Max(c.Spot, c.Strike) || Math.Abs(american.Delta) > steepest + 1e-5) return false;
        }
        return true;
    }, 40);

    [Fact]
    public void A_lookback_is_worth_no_less_than_what_it_looks_over_and_an_average_no_more() => Holds(c =>
    {
        double european = Price(Contract(c, ContractKind.European, OptionRight.Call), Flat(c)).Price;
        double geometric = Price(Contract(c, ContractKind.AsianGeometric, OptionRight.Call) with { Fixings = 6 }, Flat(c)).Price;
        double arithmetic = Price(Contract(c, ContractKind.AsianArithmetic, OptionRight.Call) with { Fixings = 6 }, Flat(c) with { Volatility = Math.Min(c.Volatility, 0.9) }).Price;
        return Price(Contract(c, ContractKind.LookbackFixed, OptionRight.Call), Flat(c)).Price >= european - 1e-11 * c.Spot && geometric <= arithmetic + 1e-10 * c.Spot;
    }, 60);

    /// <summary>Vega, rho, theta and the second derivatives come out of jets or out of the integrand; here they stand beside differences of prices.</summary>
    [Theory]
    [InlineData(ContractKind.European, ModelKind.BlackScholes)]
    [InlineData(ContractKind.European, ModelKind.Black76)]
    [InlineData(ContractKind.European, ModelKind.Heston)]
    [InlineData(ContractKind.European, ModelKind.Bates)]
    [InlineData(ContractKind.European, ModelKind.Merton)]
    [InlineData(ContractKind.CashDigital, ModelKind.BlackScholes)]
    [InlineData(ContractKind.CashDigital, ModelKind.Heston)]
    [InlineData(ContractKind.AssetDigital, ModelKind.Bates)]
    [InlineData(ContractKind.DownAndOut, ModelKind.BlackScholes)]
    [InlineData(ContractKind.UpAndIn, ModelKind.Black76)]
    [InlineData(ContractKind.UpAndOut, ModelKind.BlackScholes)]
    [InlineData(ContractKind.LookbackFixed, ModelKind.BlackScholes)]
    [InlineData(ContractKind.LookbackFloating, ModelKind.Black76)]
    [InlineData(ContractKind.AsianGeometric, ModelKind.BlackScholes)]
    [InlineData(ContractKind.AsianArithmetic, ModelKind.BlackScholes)]
    [InlineData(ContractKind.American, ModelKind.BlackScholes)]
    public void Greeks_are_the_slopes_of_prices(ContractKind kind, ModelKind model)
    {
        foreach (OptionRight right in new[] { OptionRight.Call, OptionRight.Put })
        {
            var c = new Case(100, 104, 0.7, 0.05, 0.02, 0.3, 0.6);
            OptionContract contract = Contract(c, kind, right) with { Rebate = 2, Fixings = kind == ContractKind.AsianArithmetic ? 6 : 0 };
            MarketModel m = (model is ModelKind.Heston or ModelKind.Bates ? Heston(c) : Flat(c)) with { Kind = model, Lambda = 0.8, JumpMean = -0.1, JumpStdDev = 0.15 };
            Sensitivities At(double spot = 0, double volatility = 0, double rate = 0, double years = 0)
            {
                double root = Math.Sqrt(m.V0) + volatility;
                return Price(contract with { Spot = c.Spot + spot, Expiry = c.Years + years }, m with { Volatility = m.Volatility + volatility, V0 = root * root, Rate = m.Rate + rate });
            }
            double Slope(Func<double, double> f, double h) => (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);
            Sensitivities g = At();
            double tolerance = kind == ContractKind.American ? 2e-4 : 2e-6;
            void Near(string name, double expected, double actual, double size) =>
                Assert.True(Math.Abs(expected - actual) <= tolerance * (size + Math.Abs(expected)), $"{kind} {model} {right} {name}: {actual:R}, by differences {expected:R}");
            Near("delta", Slope(h => At(spot: h).Price, 0.05), g.Delta, 0.1);
            Near("gamma", Slope(h => At(spot: h).Delta, 0.05), g.Gamma, 0.01);
            Near("vega", Slope(h => At(volatility: h).Price, 1e-3), g.Vega, 10);
            Near("theta", -Slope(h => At(years: h).Price, 1e-3), g.Theta, 10);
            Near("rho", Slope(h => At(rate: h).Price, 1e-3), g.Rho, 10);
            Near("vanna", Slope(h => At(volatility: h).Delta, 1e-3), g.Vanna, 1);
            Near("volga", Slope(h => At(volatility: h).Vega, 1e-3), g.Volga, 50);
            Near("charm", -Slope(h => At(years: h).Delta, 1e-3), g.Charm, 1);
        }
    }

    /// <summary>Nothing is NaN and nothing negative at the ends of the ranges; what cannot be said is a status.</summary>
    [Fact]
    public void The_ends_of_the_ranges_give_a_number_or_a_status()
    {
        var random = new Random(5);
        double[] years = [0, 1e-12, 1e-4, 1, 40], volatilities = [0, 1e-9, 0.01, 0.2, 3, 1e9, double.PositiveInfinity], rates = [-0.05, 0, 0.03], strikes = [0.01, 99.999999, 100, 250, 1e7];
        foreach (ContractKind kind in Enum.GetValues<ContractKind>())
            foreach (double t in years)
                foreach (double volatility in volatilities)
                    foreach (double rate in rates)
                        foreach (double strike in strikes)
                        {
                            if (kind == ContractKind.None || kind == ContractKind.AsianArithmetic && volatility > 0.3 || kind == ContractKind.American && random.Next(4) > 0) continue;
                            var contract = new OptionContract
                            {
                                Kind = kind, Right = (OptionRight)random.Next(1, 3), Spot = 100, Strike = strike, Expiry = t, Cash = 1, Rebate = 1,
                                Barrier = kind is ContractKind.DownAndOut or ContractKind.DownAndIn ? 95 : 105, Fixings = kind == ContractKind.AsianArithmetic ? 4 : 0,
                            };
                            var model = new MarketModel { Kind = ModelKind.BlackScholes, Rate = rate, Yield = 0.01, Volatility = volatility };
                            PricingStatus status = Pricer.Price(in contract, in model, out Sensitivities s);
                            Assert.True(status == PricingStatus.Ok ? s.IsFinite && s.Price >= -1e-11 * Math.Max(100, strike) : s == default, $"{kind} {contract.Right} T {t} vol {volatility} r {rate} K {strike}: {status} {s}");
                            bool limited = kind is not (ContractKind.LookbackFixed or ContractKind.LookbackFloating or ContractKind.AsianArithmetic or ContractKind.American);
                            if (limited) Assert.True(status == PricingStatus.Ok || volatility is > 0 and < 1e-8, $"{kind} T {t} vol {volatility} r {rate} K {strike}: {status}");
                        }
    }

    [Fact]
    public void Nothing_bad_is_priced()
    {
        var good = new OptionContract { Kind = ContractKind.European, Right = OptionRight.Call, Spot = 100, Strike = 100, Expiry = 1 };
        var model = new MarketModel { Kind = ModelKind.BlackScholes, Volatility = 0.2 };
        void Refused(PricingStatus expected, OptionContract contract, MarketModel m)
        {
            Assert.Equal(expected, Pricer.Price(in contract, in m, out Sensitivities s));
            Assert.Equal(default, s);
            Assert.NotEqual("unknown status", expected.Describe());
        }
        foreach (double bad in new[] { double.NaN, -1, double.PositiveInfinity })
        {
            Refused(PricingStatus.BadSpot, good with { Spot = bad }, model);
            Refused(PricingStatus.BadStrike, good with { Strike = bad }, model);
            Refused(PricingStatus.BadExpiry, good with { Expiry = bad }, model);
            if (bad != double.PositiveInfinity) Refused(PricingStatus.BadVolatility, good, model with { Volatility = bad });
            Refused(PricingStatus.BadRate, good, model with { Rate = 20 * bad });
            Refused(PricingStatus.BadBarrier, good with { Kind = ContractKind.UpAndIn, Barrier = bad }, model);
        }
        Refused(PricingStatus.BadExtremum, good with { Kind = ContractKind.LookbackFixed, Extremum = 99 }, model);
        Refused(PricingStatus.BadFixings, good with { Kind = ContractKind.AsianGeometric, Fixings = 3, ElapsedFixings = 4 }, model);
        Refused(PricingStatus.BadRunningAverage, good with { Kind = ContractKind.AsianGeometric, Fixings = 3, ElapsedFixings = 2 }, model);
        Refused(PricingStatus.UnknownContract, good with { Kind = (ContractKind)99 }, model);
        Refused(PricingStatus.UnknownModel, good, model with { Kind = (ModelKind)77 });
        Refused(PricingStatus.UnsupportedCombination, good with { Kind = ContractKind.UpAndIn, Barrier = 120 }, model with { Kind = ModelKind.Merton });
    }

    [Fact]
    public void A_ladder_is_the_portfolio_priced_anew_in_each_cell()
    {
        var contracts = new OptionContract[]
        {
            new() { Kind = ContractKind.European, Right = OptionRight.Call, Spot = 100, Strike = 105, Expiry = 0.5 },
            new() { Kind = ContractKind.LookbackFixed, Right = OptionRight.Call, Spot = 100, Strike = 100, Expiry = 0.5, Extremum = 104 },
        };
        var models = new MarketModel[] { new() { Kind = ModelKind.BlackScholes, Volatility = 0.2 }, new() { Kind = ModelKind.BlackScholes, Volatility = 0.3, Rate = 0.02 } };
        double[] quantities = [3, -2], spots = [0.9, 1, 1.1], shifts = [-0.05, 0, 0.05];
        var cells = new Sensitivities[9];
        Assert.Equal(PricingStatus.Ok, ScenarioLadder.Evaluate(contracts, models, quantities, spots, shifts, cells, out _));
        Sensitivities a = Price(contracts[0] with { Spot = 100 * 1.1 }, models[0] with { Volatility = 0.2 - 0.05 });
        Sensitivities b = Price(contracts[1] with { Spot = 100 * 1.1, Extremum = 100 * 1.1 }, models[1] with { Volatility = 0.3 - 0.05 });
        Assert.Equal(3 * a.Price - 2 * b.Price, cells[6].Price, 12);
        Assert.Equal(3 * a.Vanna - 2 * b.Vanna, cells[6].Vanna, 12);
        Assert.Equal(PricingStatus.Ok, ScenarioLadder.Aggregate(contracts, models, quantities, out Sensitivities total, out _));
        Assert.Equal(total, cells[4]);
        contracts[1].Spot = -1;
        Assert.Equal(PricingStatus.BadSpot, ScenarioLadder.Aggregate(contracts, models, quantities, out _, out int failedAt));
        Assert.Equal(1, failedAt);
    }
}
