using Appliance.Kernels.Scalar;
using Appliance.Kernels.Simd;
using Jet = Appliance.Kernels.Simd.Jet<Appliance.Kernels.Simd.ScalarLanes, double>;

namespace Appliance.Kernels.Pricing.Closed;

/// <summary>
/// What every closed formula starts from, as jets: under Black-76 the yield is the rate and moves with it, so that the cost of carry b = r − q is zero and rho is taken at constant
/// forward.
/// </summary>
internal readonly struct JetMarket
{
    public readonly Jet Spot, Volatility, Rate, Yield, Carry, Years, RootYears, Deviation, Discount, YieldDiscount;

    /// <summary>Without volatility or time the path is known, and the formulas' divisions by σ√T have no meaning.</summary>
    public readonly bool IsDeterministic;

    /// <summary>σ√T below this leaves a price unchanged to the last place.</summary>
    private const double DeviationMin = 1e-14;

    public JetMarket(in OptionContract contract, in MarketModel model)
    {
        Spot = Jet.OfSpot(contract.Spot);
        Rate = Jet.OfRate(model.Rate);
        Yield = model.Kind == ModelKind.Black76 ? Rate : Jet.Constant(model.Yield);
        Carry = Rate - Yield;
        Years = Jet.OfYears(contract.Expiry);
        // So wide a deviation has reached every limit that exists, and its square is still a number.
        double volatility = Math.Min(model.Volatility, 1e6);
        IsDeterministic = !(volatility * Math.Sqrt(contract.Expiry) > DeviationMin);
        Volatility = Jet.OfVolatility(volatility);
        RootYears = IsDeterministic ? default : Jet.Sqrt(Years);
        Deviation = Volatility * RootYears;
        Discount = Jet.Exp(-(Rate * Years));
        YieldDiscount = Jet.Exp(-(Yield * Years));
    }

    /// <summary>ln(S/level) as a function of the spot, with the ratio's rounding put back.</summary>
    public Jet LogOfSpotTo(double level)
    {
        double spot = Spot.Value, perSpot = 1 / spot, ratio = spot / level;
        double value = Elementary.Log(ratio) + Math.FusedMultiplyAdd(-ratio, level, spot) * perSpot;
        return new Jet { Value = value, Spot = perSpot, SpotSpot = -perSpot * perSpot };
    }

    /// <summary>d₁ for the ratio whose logarithm is given.</summary>
    public Jet D1(in Jet logRatio) => (logRatio + Carry * Years) / Deviation + 0.5 * Deviation;

    /// <summary>The price at the end of the only path that there is without volatility.</summary>
    public Jet Forward => Spot * Jet.Exp(Carry * Years);

    public static Jet Positive(in Jet x) => x.Value > 0 ? x : default;

    /// <summary>The Greeks in the appliance's conventions: theta and charm run forward in calendar time, which shortens the years to expiry; at expiry time has stopped.</summary>
    public Sensitivities Greeks(in Jet price)
    {
        bool expired = !(Years.Value > 0);
        return new Sensitivities(
            price.Value, price.Spot, price.SpotSpot, price.Vol, expired ? 0 : 0 - price.Years, price.Rate, price.SpotVol, price.VolVol, expired ? 0 : 0 - price.SpotYears);
    }
}
