namespace Appliance.Kernels.Pricing;

/// <summary>
/// Prices one contract under one model with all its Greeks. A function of its arguments alone: the same bits on every machine, no state, callable from any thread; only the arithmetic
/// Asian and the American allocate.
/// <para>Conventions: <see cref="Sensitivities"/>. Anything that is not priced answers with a status and leaves the numbers zero.</para>
/// </summary>
public static class Pricer
{
    public static PricingStatus Price(in OptionContract contract, in MarketModel model, out Sensitivities result)
    {
        result = default;
        PricingStatus status = InputCheck.Contract(in contract);
        if (status != PricingStatus.Ok) return status;
        status = InputCheck.Model(in model);
        if (status != PricingStatus.Ok) return status;
        status = Dispatch(in contract, in model, out result);
        if (status == PricingStatus.Ok && !result.IsFinite) status = PricingStatus.OutOfRange;
        if (status != PricingStatus.Ok) result = default;
        return status;
    }

    private static PricingStatus Dispatch(in OptionContract contract, in MarketModel model, out Sensitivities result)
    {
        result = default;
        if (model.Kind is not (ModelKind.BlackScholes or ModelKind.Black76) || contract.Kind != ContractKind.European) return PricingStatus.UnsupportedCombination;
        result = European.Price(in contract, in model);
        return PricingStatus.Ok;
    }
}
