namespace Appliance.Kernels.ImpliedVolatility;

/// <summary>What became of a search for a volatility. Every value but <see cref="Ok"/> comes without a number.</summary>
public enum ImpliedVolatilityStatus : byte
{
    Ok = 0,
    /// <summary>Price, forward, strike or years is no number, or beyond the range that is looked at.</summary>
    BadInput,
    /// <summary>Below what exercise is worth already: no volatility makes an option that cheap.</summary>
    BelowIntrinsic,
    /// <summary>Nothing above what exercise is worth, or less than 1e-290: any small volatility fits.</summary>
    NoTimeValue,
    /// <summary>At or above what the option can ever pay: no volatility makes it that dear.</summary>
    AboveMaximum,
}

/// <summary>A status in words, for whoever has to mend the input.</summary>
public static class ImpliedVolatilityStatusText
{
    public static string Describe(this ImpliedVolatilityStatus status) => status switch
    {
        ImpliedVolatilityStatus.Ok => "ok",
        ImpliedVolatilityStatus.BadInput => "no volatility can be looked for: price, spot, strike and expiry must be numbers above zero, expiry at most 1000 and the others from 1e-100 to 1e100",
        ImpliedVolatilityStatus.BelowIntrinsic => "the price is below the discounted payoff at the forward: no volatility gives it",
        ImpliedVolatilityStatus.NoTimeValue => "the price holds no time value (less than 1e-290): the volatility cannot be told",
        ImpliedVolatilityStatus.AboveMaximum => "the price is at or above its upper bound (the discounted forward for a call, the discounted strike for a put): no volatility gives it",
        _ => "unknown status",
    };
}
