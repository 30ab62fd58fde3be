namespace Appliance.Strategy.Policies;

/// <summary>
/// The hedge wanted, in 1.0 of the hedge instrument, signed. While the hedge held lies within [LowerUnits, UpperUnits] nothing is traded; outside,
/// the trade goes to TargetUnits. Lower ≤ Target ≤ Upper.
/// </summary>
public readonly record struct HedgeTarget(double TargetUnits, double LowerUnits, double UpperUnits)
{
    public bool IsInside(double hedgeUnits) => hedgeUnits >= LowerUnits && hedgeUnits <= UpperUnits;
}

/// <summary>
/// From the states of one portfolio, in the order in which it is asked, to the hedge wanted. It reads no clock and allocates nothing; what it keeps (a recurrent network's state, the
/// clock of its schedule) follows from the states it was asked with, so that a replay decides alike and the lab trains against exactly what trades. One instance a portfolio.
/// </summary>
public interface IHedgePolicy
{
    /// <summary>Its kind and parameters, for reports.</summary>
    string Name { get; }
    HedgeTarget Decide(in PortfolioState state);
}
