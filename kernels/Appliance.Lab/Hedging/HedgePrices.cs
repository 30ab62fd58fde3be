using Appliance.Lab.Baselines;
using Appliance.Lab.Markets;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Hedging;

/// <summary>
/// Prices of hedge instruments that are not an underlying itself. A variance swap is idealised: it pays the variance realised from start to maturity, ∫v dt, and its price at t is what has been realised plus
/// (v − θ)(1 − e^(−κτ))/κ + θτ, all of it discounted from maturity, so that with the spot it completes Heston's market (Buehler, Gonon, Teichmann and Wood, "Deep hedging", Quantitative Finance 19 (2019), section 5). An option is priced by its model's closed form.
/// </summary>
internal static class HedgePrices
{
    public static void Fill(HedgingEnvironment environment, EpisodeBlock block, int instrument)
    {
        var s = environment.Specification;
        var hedge = s.Hedges[instrument];
        if (hedge.Instrument == HedgeKind.VarianceSwap) VarianceSwap(environment, block, instrument);
        else Option(s, hedge, block, instrument);
    }

    private static void VarianceSwap(HedgingEnvironment environment, EpisodeBlock block, int instrument)
    {
        var s = environment.Specification;
        double kappa = s.Market.Kappa, theta = s.Market.Theta;
        for (int step = 0; step <= block.Steps; step++)
        {
            double years = (block.Steps - step) * s.Time.StepYears, share = MeanReversion.EffectiveYears(kappa, years);
            var price = block.Price(instrument, step);
            var variance = block.Market.Row(1, step);
            var realised = block.Market.Row(2, step);
            double discount = 1 / environment.Growth[step];
            for (int p = 0; p < price.Length; p++) price[p] = discount * (realised[p] + (variance[p] - theta) * share + theta * years);
        }
    }

    private static void Option(LabSpecification s, HedgeSpecification hedge, EpisodeBlock block, int instrument)
    {
        var contract = new ContractSpecification { Contract = ContractKind.European, Call = hedge.Call, Strike = hedge.Strike, Underlying = hedge.Underlying };
        for (int step = 0; step <= block.Steps; step++)
        {
            double years = Math.Max(0, hedge.ExpiryYears - step * s.Time.StepYears);
            var price = block.Price(instrument, step);
            var spot = block.Market.Row(hedge.Underlying, step);
            for (int p = 0; p < price.Length; p++)
                price[p] = s.Market.Model == MarketModel.Merton
                    ? ClosedForms.Merton(contract, spot[p], years, s.Market.Volatilities[0], s.Market).Value
                    : ClosedForms.BlackScholes(contract, spot[p], years, s.Market.Volatilities[hedge.Underlying], s.Market.Rate).Value;
        }
    }
}
