using Appliance.Lab.Specification;

namespace Appliance.Lab.Hedging;

/// <summary>Prices of hedge instruments that are not an underlying itself.</summary>
internal static class HedgePrices
{
    public static void Fill(HedgingEnvironment environment, EpisodeBlock block, int instrument)
    {
        var hedge = environment.Specification.Hedges[instrument];
        switch (hedge.Instrument)
        {
            case HedgeKind.Spot: return;
            default: throw new NotSupportedException($"The hedge instrument {hedge.Instrument} has no price in this market.");
        }
    }
}
