using Appliance.Kernels.Pricing;
using FsCheck;
using FsCheck.Fluent;

namespace Appliance.Tests.Compute;

/// <summary>
/// What holds of every contract under every model that prices it: money has no unit, prices move the right way in each parameter, stay within their bounds, and limits are reached. On wilder
/// inputs than desks see. APPLIANCE_PROPERTIES multiplies the counts.
/// </summary>
public class ExoticPropertyTests
{
    private sealed record Case(double Moneyness, double Years, double Rate, double Yield, double Volatility, double Share);

    private static readonly int _times = int.TryParse(Environment.GetEnvironmentVariable("APPLIANCE_PROPERTIES"), out int times) ? times : 1;

    private static Gen<double> Between(double low, double high) => Gen.Choose(0, 1_000_000).Select(i => low + (high - low) * i / 1e6);

    private static readonly Arbitrary<Case> _cases = Arb.From(
        from moneyness in Between(-2, 2) from years in Between(-7, 3) from rate in Between(-0.05, 0.15) from yield in Between(-0.05, 0.15) from volatility in Between(-4, 0.5) from share in Between(0, 1)
        select new Case(Math.Exp(moneyness), Math.Exp(years), rate, yield, Math.Exp(volatility), share));

    private static void Holds(Func<Case, bool> property, int count) => Check.One(Config.QuickThrowOnFailure.WithMaxTest(count * _times), Prop.ForAll(_cases, property));

    private static readonly ContractKind[] _closed =
    [
        ContractKind.European, ContractKind.CashDigital, ContractKind.AssetDigital, ContractKind.DownAndOut, ContractKind.DownAndIn, ContractKind.UpAndOut, ContractKind.UpAndIn,
        ContractKind.LookbackFixed, ContractKind.LookbackFloating, ContractKind.AsianGeometric,
    ];

    private static readonly OptionRight[] _rights = [OptionRight.Call, OptionRight.Put];

    private static bool IsDown(ContractKind kind) => kind is ContractKind.DownAndOut or ContractKind.DownAndIn;

    private static OptionContract Contract(Case c, ContractKind kind, OptionRight right)
    {
        bool maximum = (kind == ContractKind.LookbackFixed) == (right == OptionRight.Call);
        return new()
        {
            Kind = kind, Right = right, Spot = 100, Strike = 100 * c.Moneyness, Expiry = c.Years, Cash = 40, Rebate = 20 * c.Share,
            Barrier = IsDown(kind) ? 100 / (1.001 + c.Share) : 100 * (1.001 + c.Share), Fixings = c.Share < 0.5 ? 0 : 7, ElapsedFixings = c.Share < 0.7 ? 0 : 3, RunningAverage = c.Share < 0.7 ? 0 : 96,
            Extremum = kind is ContractKind.LookbackFixed or ContractKind.LookbackFloating ? maximum ? 100 + 20 * c.Share : 100 - 20 * c.Share : 0,
        };
    }

    private static MarketModel Flat(Case c) => new() { Kind = ModelKind.BlackScholes, Rate = c.Rate, Yield = c.Yield, Volatility = c.Volatility };

    private static MarketModel Bates(Case c) => new()
    {
        Kind = ModelKind.Bates, Rate = c.Rate, Yield = c.Yield, V0 = 0.01 + 0.2 * c.Share, Theta = 0.2 - 0.19 * c.Share, Kappa = 0.3 + 4 * c.Share, Xi = 0.1 + c.Share, Rho = -0.9 + 1.3 * c.Share,
        Lambda = 1.5 * c.Share, JumpMean = 0.3 - 0.6 * c.Share, JumpStdDev = 0.2 * c.Share,
    };

    private static double Price(OptionContract contract, MarketModel model)
    {
        PricingStatus status = Pricer.Price(in contract, in model, out Sensitivities result);
        Assert.True(status == PricingStatus.Ok, $"{contract.Kind} {contract.Right} {model.Kind}: {status}");
        return result.Price;
    }

    /// <summary>What a rounding of these prices may be: their legs are no larger, but for a lookback's, which grows with volatility, and a rebate, which negative rates make grow.</summary>
    private static double Size(Case c, params double[] prices) =>
        Math.Max(100 * Math.Max(1, c.Moneyness) * Math.Exp(0.05 * c.Years), prices.Select(Math.Abs).DefaultIfEmpty().Max());

    [Fact]
    public void Prices_have_no_unit_of_money() => Holds(c =>
    {
        const double a = 3.7;
        foreach (ContractKind kind in _closed)
            foreach (OptionRight right in _rights)
            {
                OptionContract contract = Contract(c, kind, right), scaled = contract with
                {
                    Spot = a * contract.Spot, Strike = a * contract.Strike, Barrier = a * contract.Barrier, Rebate = a * contract.Rebate, Cash = a * contract.Cash, Extremum = a * contract.Extremum,
                    RunningAverage = a * contract.RunningAverage,
                };
                double one = Price(contract, Flat(c)), other = Price(scaled, Flat(c));
                if (!(Math.Abs(other - a * one) <= 1e-11 * a * Size(c, one))) return Fails($"{kind} {right}", one, other);
            }
        return true;
    }, 300);

    [Fact]
    public void Prices_fall_or_rise_in_their_parameters() => Holds(c =>
    {
        MarketModel flat = Flat(c);
        bool Rises(OptionContract low, OptionContract high) => Ordered(c, low, flat, high, flat);
        foreach (OptionRight right in _rights)
        {
            bool call = right == OptionRight.Call;
            foreach (ContractKind kind in _closed)
            {
                OptionContract contract = Contract(c, kind, right);
                bool rebated = contract.Barrier > 0 && kind is ContractKind.DownAndOut or ContractKind.DownAndIn or ContractKind.UpAndOut or ContractKind.UpAndIn;
                // A put's asset digital pays less the lower the strike as well; an asset digital call more.
                if (kind is not ContractKind.LookbackFloating)
                {
                    OptionContract higher = contract with { Strike = contract.Strike * 1.05 };
                    if (!(call ? Rises(higher, contract) : Rises(contract, higher))) return false;
                }
                if (rebated)
                {
                    if (!Rises(contract, contract with { Rebate = contract.Rebate + 1 })) return false;
                    OptionContract plain = contract with { Rebate = 0 }, further = plain with { Barrier = IsDown(kind) ? plain.Barrier * 0.97 : plain.Barrier * 1.03 };
                    bool isOut = kind is ContractKind.DownAndOut or ContractKind.UpAndOut;
                    if (!(isOut ? Rises(plain, further) : Rises(further, plain))) return false;
                    if (!Rises(plain, plain with { Kind = ContractKind.European })) return false;
                }
                if (kind is ContractKind.European or ContractKind.LookbackFixed or ContractKind.LookbackFloating && !Ordered(c, contract, flat, contract, flat with { Volatility = c.Volatility * 1.05 })) return false;
                if (kind == ContractKind.LookbackFixed && !Rises(contract, contract with { Extremum = call ? contract.Extremum * 1.02 : contract.Extremum * 0.98 })) return false;
                if (kind == ContractKind.LookbackFixed && !Rises(contract with { Kind = ContractKind.European }, contract)) return false;
                if (kind is ContractKind.European or ContractKind.AsianGeometric && !(call ? Rises(contract, contract with { Spot = 104 }) : Rises(contract with { Spot = 104 }, contract))) return false;
            }
            double cash = Price(Contract(c, ContractKind.CashDigital, right), flat), most = 40 * Math.Exp(-c.Rate * c.Years);
            if (!(cash >= 0 && cash <= most * (1 + 1e-14))) return Fails($"cash digital {right}", cash, most);
        }
        return true;
    }, 300);

    [Fact]
    public void Under_bates_digitals_fall_in_the_strike_and_stay_within_their_bounds() => Holds(c =>
    {
        Case near = c with { Moneyness = Math.Pow(c.Moneyness, 0.4), Years = Math.Clamp(c.Years, 0.02, 10) };
        MarketModel model = Bates(near);
        foreach (ContractKind kind in new[] { ContractKind.European, ContractKind.CashDigital, ContractKind.AssetDigital })
        {
            OptionContract contract = Contract(near, kind, OptionRight.Call);
            if (!Ordered(near, contract with { Strike = contract.Strike * 1.05 }, model, contract, model, 1e-9)) return false;
            double price = Price(contract, model), most = kind == ContractKind.CashDigital ? 40 * Math.Exp(-near.Rate * near.Years) : 100 * Math.Exp(-near.Yield * near.Years);
            if (!(price >= -1e-9 * Size(near) && price <= most + 1e-9 * Size(near))) return Fails($"Bates {kind}", price, most);
        }
        return true;
    }, 100);

    /// <summary>At the barrier, with no time, and with next to no volatility a price is the limit that its contract names, within what it moves on the way there.</summary>
    [Fact]
    public void Limits_are_reached() => Holds(c =>
    {
        MarketModel flat = Flat(c);
        foreach (OptionRight right in _rights)
            foreach (ContractKind kind in _closed)
            {
                OptionContract contract = Contract(c, kind, right);
                if (kind is ContractKind.DownAndOut or ContractKind.UpAndOut)
                {
                    Pricer.Price(contract with { Spot = contract.Barrier * (IsDown(kind) ? 1 + 1e-10 : 1 - 1e-10) }, in flat, out Sensitivities near);
                    if (!(Math.Abs(near.Price - contract.Rebate) <= 1e-10 * Math.Abs(near.Delta) * 200 + 1e-9 * Size(c))) return Fails($"{kind} {right} at its barrier", near.Price, contract.Rebate);
                }
                // A digital next to its strike, and a barrier that the only path touches, have no limit; others do.
                bool steps = kind is ContractKind.CashDigital or ContractKind.AssetDigital or ContractKind.DownAndOut or ContractKind.DownAndIn or ContractKind.UpAndOut or ContractKind.UpAndIn;
                if (!steps)
                {
                    double none = Price(contract, flat with { Volatility = 0 }), little = Price(contract, flat with { Volatility = 1e-8 });
                    if (!(Math.Abs(none - little) <= 1e-6 * Size(c, none))) return Fails($"{kind} {right} without volatility", little, none);
                }
                double today = Price(contract with { Expiry = 0 }, flat), soon = Price(contract with { Expiry = 1e-14 }, flat with { Volatility = 0.2 });
                if (!(Math.Abs(today - soon) <= 1e-5 * Size(c)) && Math.Abs(c.Moneyness - 1) > 1e-5) return Fails($"{kind} {right} today", soon, today);
            }
        return true;
    }, 200);

    private static bool Ordered(Case c, OptionContract low, MarketModel lowModel, OptionContract high, MarketModel highModel, double tolerance = 1e-11)
    {
        double less = Price(low, lowModel), more = Price(high, highModel);
        return less <= more + tolerance * Size(c, less) || Fails($"{low.Kind} {low.Right} {lowModel.Kind}", less, more);
    }

    private static bool Fails(string what, double a, double b) => throw new InvalidOperationException($"{what}: {a:R} beside {b:R}");
}
