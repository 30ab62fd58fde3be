using Appliance.Strategy.Features;

namespace Appliance.Strategy.Policies;

/// <summary>Reads one feature of a state by its catalogue name; what each means and its unit stands with <see cref="FeatureId"/>.</summary>
public static class PolicyFeatures
{
    public static double Read(FeatureId feature, in PortfolioState state) => feature switch
    {
        FeatureId.Mid => state.Market.Mid,
        FeatureId.Microprice => state.Market.Microprice,
        FeatureId.MicropriceOffset => state.Market.Mid > 0 ? (state.Market.Microprice - state.Market.Mid) / state.Market.Mid : 0,
        FeatureId.Imbalance => state.Market.Imbalance,
        FeatureId.EwmaVolatility => state.Market.EwmaVolatility,
        FeatureId.SignedFlow => state.Market.SignedFlow,
        FeatureId.RelativeSpread => state.Market.RelativeSpread,
        FeatureId.Spot => state.Spot,
        FeatureId.Delta => state.Delta,
        FeatureId.Gamma => state.Gamma,
        FeatureId.Vega => state.Vega,
        FeatureId.Theta => state.Theta,
        FeatureId.Value => state.Value,
        FeatureId.HedgePosition => state.HedgePositionUnits,
        FeatureId.HedgeRatio => state.Delta == 0 ? 0 : -state.HedgePositionUnits * state.ContractSize / state.Delta,
        FeatureId.YearsToExpiry => state.YearsToExpiry,
        FeatureId.Moneyness => state.Moneyness,
        FeatureId.AccruedPnl => state.AccruedPnl,
        _ => throw new ArgumentOutOfRangeException(nameof(feature), feature, "This feature is in the catalogue but no policy can read it."),
    };
}
