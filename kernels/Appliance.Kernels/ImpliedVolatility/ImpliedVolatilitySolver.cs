using System.Runtime.CompilerServices;
using Appliance.Kernels.Pricing;
using Appliance.Kernels.Scalar;
using Appliance.Kernels.Simd;

namespace Appliance.Kernels.ImpliedVolatility;

/// <summary>
/// The volatility at which Black's formula gives a price, one option at a time: the reference for <see cref="ImpliedVolatilityBatch"/>, which gives the same bits.
/// <para>Range: forward and strike from 1e-100 to 1e100, years above zero up to 1000, any price within the bounds whose part above the payoff is at least 1e-290 of the smaller of forward and strike, and of one.</para>
/// <para>Accuracy: a few units in the last place of what the price tells; the price's own rounding moves the volatility by that times price/(vega·volatility), which for a price near its upper bound is
/// much. ImpliedVolatilityTests asserts both against 60-digit values (tests/reference/kernels/implied_volatility_values.py).</para>
/// </summary>
public static class ImpliedVolatilitySolver
{
    internal const double TimeValueMin = 1e-290, PriceMin = 1e-100, PriceMax = 1e100, YearsMax = 1000;
    /// <summary>Steps where strike and forward are more than e^10 apart: the start may be 20 % off there.</summary>
    private const int FarSteps = 6;

    /// <param name="price">Undiscounted: what is paid at expiry for the option.</param>
    /// <param name="callPut">+1 call, −1 put.</param>
    /// <param name="volatility">Per √year; zero unless the status is Ok.</param>
    public static ImpliedVolatilityStatus Solve(double price, double forward, double strike, double years, double callPut, out double volatility)
    {
        ImpliedVolatilityLanes<ScalarLanes, double>.Prepare(price, forward, strike, years, callPut, out double a, out double c, out double gap, out double timeValue, out double code);
        var status = ImpliedVolatilityStatus.Ok;
        double s;
        switch ((Region)(int)code)
        {
            case Region.Low: s = ImpliedVolatilityLanes<ScalarLanes, double>.Low(a, c, gap); break;
            case Region.Middle: s = ImpliedVolatilityLanes<ScalarLanes, double>.Middle(a, c, gap); break;
            case Region.High: s = ImpliedVolatilityLanes<ScalarLanes, double>.High(a, c); break;
            default: status = Other(price, forward, strike, years, callPut, a, c, gap, timeValue, out s); break;
        }
        volatility = status == ImpliedVolatilityStatus.Ok ? s / Math.Sqrt(years) : 0;
        return status;
    }

    /// <summary>As above for a contract whose price is what is paid today; it must be European under Black-Scholes or Black-76. The model's volatility is not looked at.</summary>
    public static ImpliedVolatilityStatus Solve(in OptionContract contract, in MarketModel model, double price, out double volatility)
    {
        volatility = 0;
        if (contract.Kind != ContractKind.European || model.Kind is not (ModelKind.BlackScholes or ModelKind.Black76)) return ImpliedVolatilityStatus.BadInput;
        double carry = model.Kind == ModelKind.Black76 ? 0 : model.Rate - model.Yield;
        double forward = contract.Spot * Elementary.Exp(carry * contract.Expiry), undiscounted = price * Elementary.Exp(model.Rate * contract.Expiry);
        return Solve(undiscounted, forward, contract.Strike, contract.Expiry, contract.Right == OptionRight.Put ? -1 : 1, out volatility);
    }

    /// <summary>What is not plainly in a region: limits, far strikes, and what has no volatility.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static ImpliedVolatilityStatus Other(
        double price, double forward, double strike, double years, double callPut, double a, double c, double gap, double timeValue, out double s)
    {
        s = 0;
        ImpliedVolatilityStatus status = Classify(price, forward, strike, years, callPut, a, c, timeValue, out Region region);
        if (status == ImpliedVolatilityStatus.Ok) s = Deviation(region, a, c, gap);
        return status;
    }

    /// <summary>The region of a price that <see cref="ImpliedVolatilityLanes{L,V}.Prepare"/> left to a closer look, or why it has no volatility.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ImpliedVolatilityStatus Classify(
        double price, double forward, double strike, double years, double callPut, double a, double c, double timeValue, out Region region)
    {
        region = Region.Other;
        if (!(forward >= PriceMin && forward <= PriceMax && strike >= PriceMin && strike <= PriceMax && years > 0 && years <= YearsMax && double.IsFinite(price) && Math.Abs(callPut) == 1))
            return ImpliedVolatilityStatus.BadInput;
        if (!(c >= TimeValueMin && timeValue >= TimeValueMin)) return timeValue < 0 ? ImpliedVolatilityStatus.BelowIntrinsic : ImpliedVolatilityStatus.NoTimeValue;
        if (!(c < 1)) return ImpliedVolatilityStatus.AboveMaximum;
        bool isLow = a > ImpliedVolatilityLanes<ScalarLanes, double>.AtForwardLogMax && c < 0.5 - NormalLanes<ScalarLanes, double>.TailOneDivision(Math.Sqrt(a + a));
        bool isMiddle = c < ImpliedVolatilityLanes<ScalarLanes, double>.MiddlePriceMax && a < ImpliedVolatilityLanes<ScalarLanes, double>.MiddleLogMax;
        region = isLow ? Region.Low : isMiddle ? Region.Middle : Region.High;
        return ImpliedVolatilityStatus.Ok;
    }

    /// <summary>s = σ√T of a price whose region is known, strike and forward however far apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static double Deviation(Region region, double a, double c, double gap)
    {
        bool isFar = a >= ImpliedVolatilityLanes<ScalarLanes, double>.NearLogMax;
        if (region == Region.Low) return isFar ? FarLow(a, c) : ImpliedVolatilityLanes<ScalarLanes, double>.Low(a, c, gap);
        if (region == Region.Middle) return ImpliedVolatilityLanes<ScalarLanes, double>.Middle(a, c, gap);
        return isFar ? FarHigh(a, c) : ImpliedVolatilityLanes<ScalarLanes, double>.High(a, c);
    }

    /// <summary>ln c = −(h² + s²/4)/2 + a/2 + smaller terms: solved for h² where the price is above the formula's ridge, else the ridge itself.</summary>
    private static double FarLow(double a, double c)
    {
        double logPrice = Elementary.Log(c), perLogPrice = 1 / logPrice, sMax = Math.Sqrt(2 * a) * 1.001;
        double half = a / 2 - logPrice;
        // −2 ln c + a ≈ h² + a²/(4h²) + 2·ln(√(2π)·h³/a...): the logarithm is left to the steps.
        double s = Math.Min(a / Math.Sqrt(half + Math.Sqrt(Math.Max(half * half - a * a / 4, 0))), sMax);
        for (int i = 0; i < FarSteps; i++) s = Math.Min(ImpliedVolatilityLanes<ScalarLanes, double>.LowStep(a, logPrice, perLogPrice, s), sMax);
        return s;
    }

    private static double FarHigh(double a, double c)
    {
        double logRest = Elementary.Log(1 - c);
        double s = ImpliedVolatilityLanes<ScalarLanes, double>.HighStart(a, logRest);
        for (int i = 0; i < FarSteps; i++) s = ImpliedVolatilityLanes<ScalarLanes, double>.HighStep(a, logRest, s);
        return s;
    }
}
