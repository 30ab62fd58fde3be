using System.Globalization;

namespace Appliance.Strategy.Policies;

/// <summary>Hedges the whole delta once it is off by more than a fixed amount: the move-based strategy, the plainest of the rules that know of costs.</summary>
public sealed class DeltaThresholdPolicy : IHedgePolicy
{
    private readonly double _thresholdUnits;

    /// <param name="thresholdUnits">Half-width of the band around the neutral hedge, in 1.0 of the hedge instrument; zero hedges every change that lots allow.</param>
    public DeltaThresholdPolicy(double thresholdUnits)
    {
        if (!(thresholdUnits >= 0) || double.IsInfinity(thresholdUnits))
            throw new ArgumentOutOfRangeException(nameof(thresholdUnits), thresholdUnits, "The threshold must be zero or a positive number of units.");
        _thresholdUnits = thresholdUnits;
        Name = string.Create(CultureInfo.InvariantCulture, $"delta-threshold({thresholdUnits})");
    }

    public string Name { get; }

    public HedgeTarget Decide(in PortfolioState state)
    {
        double neutral = state.NeutralHedgeUnits;
        return new HedgeTarget(neutral, neutral - _thresholdUnits, neutral + _thresholdUnits);
    }
}
