namespace Appliance.Kernels.Pricing;

/// <summary>What became of a request for a price. Every value but <see cref="Ok"/> comes without a number.</summary>
public enum PricingStatus : byte
{
    Ok = 0,
    /// <summary>No formula here prices this kind of contract under this model.</summary>
    UnsupportedCombination,
    UnknownContract,
    UnknownModel,
    UnknownRight,
    BadSpot,
    BadStrike,
    BadExpiry,
    BadBarrier,
    BadRebate,
    BadCash,
    BadExtremum,
    BadFixings,
    BadRunningAverage,
    BadRate,
    BadYield,
    BadVolatility,
    BadKappa,
    BadTheta,
    BadXi,
    BadRho,
    BadV0,
    BadLambda,
    BadJumpMean,
    BadJumpStdDev,
    /// <summary>The inputs are allowed, yet the price or one of its derivatives is beyond what a double holds, or the method's accuracy could not be reached.</summary>
    OutOfRange,
}

/// <summary>A status in words, for whoever has to mend the input.</summary>
public static class PricingStatusText
{
    public static string Describe(this PricingStatus status) => status switch
    {
        PricingStatus.Ok => "ok",
        PricingStatus.UnsupportedCombination => "this contract is not priced under this model: jump and stochastic-volatility models price european, cash-digital and asset-digital only",
        PricingStatus.UnknownContract => "the contract is not one of those known",
        PricingStatus.UnknownModel => "the model is not one of those known",
        PricingStatus.UnknownRight => "right must be call or put",
        PricingStatus.BadSpot => "spot must be a number above zero, at most 1e100 and at least 1e-100",
        PricingStatus.BadStrike => "strike must be a number of zero or more (above zero for american), at most 1e100, and not between 0 and 1e-100",
        PricingStatus.BadExpiry => "expiry must be a number of years from 0 to 1000",
        PricingStatus.BadBarrier => "barrier must be a number above zero, from 1e-100 to 1e100",
        PricingStatus.BadRebate => "rebate must be a number of zero or more, at most 1e100",
        PricingStatus.BadCash => "cash must be a number between -1e100 and 1e100",
        PricingStatus.BadExtremum => "extremum must be the running maximum (fixed call, floating put), at or above spot, or the running minimum (fixed put, floating call), at or below spot and above zero",
        PricingStatus.BadFixings => "fixings must be from 0 (continuous) to 100000, elapsedFixings from 0 to fixings and 0 when the average is continuous",
        PricingStatus.BadRunningAverage => "runningAverage must be a number above zero when fixings have elapsed",
        PricingStatus.BadRate => "rate must be a number between -10 and 10",
        PricingStatus.BadYield => "yield must be a number between -10 and 10",
        PricingStatus.BadVolatility => "vol must be a number of zero or more",
        PricingStatus.BadKappa => "kappa must be a number above zero, at most 1000",
        PricingStatus.BadTheta => "theta must be a number from 0 to 100",
        PricingStatus.BadXi => "xi must be a number from 0 to 100",
        PricingStatus.BadRho => "rho must be a number from -1 to 1",
        PricingStatus.BadV0 => "v0 must be a number from 0 to 100",
        PricingStatus.BadLambda => "lambda must be a number from 0 to 1000",
        PricingStatus.BadJumpMean => "jumpMean must be a number between -10 and 10",
        PricingStatus.BadJumpStdDev => "jumpStdDev must be a number from 0 to 10",
        PricingStatus.OutOfRange => "the price or one of its derivatives is beyond the range of numbers, or its accuracy was not reached",
        _ => "unknown status",
    };
}
