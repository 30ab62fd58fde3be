using Appliance.Strategy.Features;

namespace Appliance.Strategy.Policies;

/// <summary>
/// What a policy sees of one portfolio at one decide mark: the options' Greeks, the hedge held, and the hedge instrument's market.
/// Greeks are sums over options of position × Black-Scholes derivative, without the hedge.
/// </summary>
public struct PortfolioState
{
    /// <summary>Sequenced time: the only time that a policy knows.</summary>
    public long TimeUtcNs;
    /// <summary>The nearest expiry among options still alive; 0 when none is.</summary>
    public long ExpiryUtcNs;
    /// <summary>Price of the underlying at which the Greeks stand, in quote currency.</summary>
    public double Spot;
    /// <summary>In 1.0 of the underlying.</summary>
    public double Delta;
    /// <summary>In 1.0 of the underlying per 1.0 of quote currency.</summary>
    public double Gamma;
    /// <summary>In quote currency per 1.00 of volatility.</summary>
    public double Vega;
    /// <summary>In quote currency per year.</summary>
    public double Theta;
    /// <summary>The options' value at the desk's volatility marks, in quote currency.</summary>
    public double Value;
    /// <summary>Years of 365 days to the nearest expiry among options still alive; 0 when none is.</summary>
    public double YearsToExpiry;
    /// <summary>ln(Spot / reference strike); 0 where the portfolio names none.</summary>
    public double Moneyness;
    /// <summary>Gains of the hedge at this mid less its costs since the start, in quote currency; without the options.</summary>
    public double AccruedPnl;
    /// <summary>Held of the hedge instrument, in 1.0 of it, signed.</summary>
    public double HedgePositionUnits;
    /// <summary>Underlying per 1.0 of the hedge instrument.</summary>
    public double ContractSize;
    /// <summary>The hedge instrument's market.</summary>
    public InstrumentFeatures Market;

    /// <summary>The hedge position, in 1.0 of the hedge instrument, that makes the portfolio's delta zero.</summary>
    public readonly double NeutralHedgeUnits => -Delta / ContractSize;
}
