namespace Appliance.Kernels.Pricing;

/// <summary>The ranges that the formulas take, looked at before any of them runs. A comparison with a NaN is false, so each is written to fail on one.</summary>
internal static class InputCheck
{
    private const double PriceMax = 1e100, PriceMin = 1e-100, YearsMax = 1000, RateMax = 10;
    public const int FixingsMax = 100_000;

    public static PricingStatus Contract(in OptionContract c)
    {
        if (c.Kind is ContractKind.None or > ContractKind.AsianArithmetic) return PricingStatus.UnknownContract;
        if (c.Right is not (OptionRight.Call or OptionRight.Put)) return PricingStatus.UnknownRight;
        if (!IsPrice(c.Spot)) return PricingStatus.BadSpot;
        if (c.Kind != ContractKind.LookbackFloating && !(IsPrice(c.Strike) || c.Strike == 0 && c.Kind != ContractKind.American)) return PricingStatus.BadStrike;
        if (!(c.Expiry >= 0 && c.Expiry <= YearsMax)) return PricingStatus.BadExpiry;
        return c.Kind switch
        {
            ContractKind.CashDigital => Math.Abs(c.Cash) <= PriceMax ? PricingStatus.Ok : PricingStatus.BadCash,
            ContractKind.DownAndOut or ContractKind.DownAndIn or ContractKind.UpAndOut or ContractKind.UpAndIn => Barrier(in c),
            ContractKind.LookbackFixed or ContractKind.LookbackFloating => Lookback(in c),
            ContractKind.AsianGeometric or ContractKind.AsianArithmetic => Asian(in c),
            _ => PricingStatus.Ok,
        };
    }

    public static PricingStatus Model(in MarketModel m)
    {
        if (m.Kind is ModelKind.None or > ModelKind.Bates) return PricingStatus.UnknownModel;
        if (!(Math.Abs(m.Rate) <= RateMax)) return PricingStatus.BadRate;
        if (m.Kind != ModelKind.Black76 && !(Math.Abs(m.Yield) <= RateMax)) return PricingStatus.BadYield;
        if (m.Kind is (ModelKind.BlackScholes or ModelKind.Black76 or ModelKind.Merton) && !(m.Volatility >= 0)) return PricingStatus.BadVolatility;
        if (m.Kind is ModelKind.Heston or ModelKind.Bates)
        {
            if (!(m.Kappa > 0 && m.Kappa <= 1000)) return PricingStatus.BadKappa;
            if (!(m.Theta >= 0 && m.Theta <= 100)) return PricingStatus.BadTheta;
            if (!(m.Xi >= 0 && m.Xi <= 100)) return PricingStatus.BadXi;
            if (!(Math.Abs(m.Rho) <= 1)) return PricingStatus.BadRho;
            if (!(m.V0 >= 0 && m.V0 <= 100)) return PricingStatus.BadV0;
        }
        if (m.Kind is ModelKind.Merton or ModelKind.Bates)
        {
            if (!(m.Lambda >= 0 && m.Lambda <= 1000)) return PricingStatus.BadLambda;
            if (!(Math.Abs(m.JumpMean) <= 10)) return PricingStatus.BadJumpMean;
            if (!(m.JumpStdDev >= 0 && m.JumpStdDev <= 10)) return PricingStatus.BadJumpStdDev;
        }
        return PricingStatus.Ok;
    }

    private static bool IsPrice(double price) => price >= PriceMin && price <= PriceMax;

    private static PricingStatus Barrier(in OptionContract c)
    {
        if (!IsPrice(c.Barrier)) return PricingStatus.BadBarrier;
        if (!(c.Rebate >= 0 && c.Rebate <= PriceMax)) return PricingStatus.BadRebate;
        return c.Extremum == 0 || IsPrice(c.Extremum) ? PricingStatus.Ok : PricingStatus.BadExtremum;
    }

    private static PricingStatus Lookback(in OptionContract c)
    {
        if (c.Extremum == 0) return PricingStatus.Ok;
        bool maximum = (c.Kind == ContractKind.LookbackFixed) == (c.Right == OptionRight.Call);
        return IsPrice(c.Extremum) && (maximum ? c.Extremum >= c.Spot : c.Extremum <= c.Spot) ? PricingStatus.Ok : PricingStatus.BadExtremum;
    }

    private static PricingStatus Asian(in OptionContract c)
    {
        if (c.Fixings is < 0 or > FixingsMax || c.ElapsedFixings < 0 || c.ElapsedFixings > c.Fixings) return PricingStatus.BadFixings;
        return c.ElapsedFixings == 0 || IsPrice(c.RunningAverage) ? PricingStatus.Ok : PricingStatus.BadRunningAverage;
    }
}
