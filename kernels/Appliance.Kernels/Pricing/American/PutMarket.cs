using Appliance.Kernels.Scalar;

namespace Appliance.Kernels.Pricing.American;

/// <summary>What a put's boundary depends on, for a strike of one, with what follows from it at once.</summary>
internal readonly struct PutMarket
{
    public readonly double Years, Volatility, Rate, Yield;
    public readonly double Carry, Deviation;

    /// <summary>X, the limit of the boundary at expiry, and its logarithm.</summary>
    public readonly double Limit, LogLimit;

    public PutMarket(double years, double volatility, double rate, double yield)
    {
        Years = years;
        Volatility = volatility;
        Rate = rate;
        Yield = yield;
        Carry = rate - yield;
        Deviation = volatility * Math.Sqrt(years);
        Limit = yield > 0 && yield > rate ? rate / yield : 1;
        LogLimit = Limit == 1 ? 0 : Elementary.Log(Limit);
    }
}
