using Appliance.Kernels.Pricing.American;
using Appliance.Kernels.Pricing.Closed;
using Appliance.Kernels.Pricing.Fourier;

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

    /// <summary>The price alone, which costs less where Greeks would be integrals or differences of their own: Americans, arithmetic averages, Heston, Bates.</summary>
    public static PricingStatus PriceOnly(in OptionContract contract, in MarketModel model, out double price)
    {
        price = 0;
        PricingStatus status = InputCheck.Contract(in contract);
        if (status != PricingStatus.Ok) return status;
        status = InputCheck.Model(in model);
        if (status != PricingStatus.Ok) return status;
        bool flat = model.Kind is ModelKind.BlackScholes or ModelKind.Black76;
        Sensitivities result;
        if (flat && contract.Kind == ContractKind.American) status = AmericanPricer.Price(in contract, in model, greeks: false, out result);
        else if (flat && contract.Kind == ContractKind.AsianArithmetic) status = ArithmeticAsian.Price(in contract, in model, greeks: false, out result);
        else if (model.Kind is (ModelKind.Heston or ModelKind.Bates) && contract.Kind is (ContractKind.European or ContractKind.CashDigital or ContractKind.AssetDigital))
            status = HestonPricer.Price(in contract, in model, greeks: false, out result);
        else return PriceOf(in contract, in model, out price);
        if (status == PricingStatus.Ok && !double.IsFinite(result.Price)) status = PricingStatus.OutOfRange;
        if (status == PricingStatus.Ok) price = result.Price;
        return status;
    }

    private static PricingStatus PriceOf(in OptionContract contract, in MarketModel model, out double price)
    {
        PricingStatus status = Price(in contract, in model, out Sensitivities result);
        price = result.Price;
        return status;
    }

    private static PricingStatus Dispatch(in OptionContract contract, in MarketModel model, out Sensitivities result)
    {
        result = default;
        bool isLognormal = model.Kind is ModelKind.BlackScholes or ModelKind.Black76;
        if (!isLognormal)
        {
            if (contract.Kind is not (ContractKind.European or ContractKind.CashDigital or ContractKind.AssetDigital)) return PricingStatus.UnsupportedCombination;
            if (model.Kind != ModelKind.Merton) return HestonPricer.Price(in contract, in model, greeks: true, out result);
            var jumps = new JetMarket(in contract, in model);
            result = jumps.Greeks(MertonJumps.Price(in jumps, in contract, in model));
            return PricingStatus.Ok;
        }
        switch (contract.Kind)
        {
            case ContractKind.European:
                result = European.Price(in contract, in model);
                return PricingStatus.Ok;
            case ContractKind.American:
                return AmericanPricer.Price(in contract, in model, greeks: true, out result);
            case ContractKind.AsianArithmetic:
                return ArithmeticAsian.Price(in contract, in model, greeks: true, out result);
            default:
                result = ClosedForm(in contract, in model);
                return PricingStatus.Ok;
        }
    }

    private static Sensitivities ClosedForm(in OptionContract contract, in MarketModel model)
    {
        bool isBarrier = contract.Kind is ContractKind.DownAndOut or ContractKind.DownAndIn or ContractKind.UpAndOut or ContractKind.UpAndIn;
        if (isBarrier && SingleBarrier.HasHit(in contract))
            return SingleBarrier.AfterHit(in contract) is { } worth ? new Sensitivities(worth, 0, 0, 0, 0, 0, 0, 0, 0) : European.Price(in contract, in model);
        var market = new JetMarket(in contract, in model);
        var price = contract.Kind switch
        {
            ContractKind.CashDigital or ContractKind.AssetDigital => Digital.Price(in market, in contract),
            ContractKind.LookbackFixed or ContractKind.LookbackFloating => Lookback.Price(in market, in contract),
            ContractKind.AsianGeometric => GeometricAsian.Price(in market, in contract),
            _ => SingleBarrier.Price(in market, in contract),
        };
        return market.Greeks(in price);
    }
}
