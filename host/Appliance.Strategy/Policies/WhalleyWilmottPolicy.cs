using System.Globalization;
using Appliance.Kernels.Scalar;

namespace Appliance.Strategy.Policies;

/// <summary>Parameters of <see cref="WhalleyWilmottPolicy"/>.</summary>
public sealed record WhalleyWilmottOptions
{
    /// <summary>Cost of trading as a share of the notional traded: half the spread plus the fee. Above 0.</summary>
    public required double CostShare { get; init; }
    /// <summary>Absolute risk aversion of the exponential utility, per 1.0 of quote currency. Above 0.</summary>
    public required double RiskAversion { get; init; }
    /// <summary>
    /// How far into the band a trade goes: 0 to the nearer edge, which is optimal when costs are proportional and trades may be of any size; 1 to the centre. Half by default:
    /// with lots, a minimum trade and a latency the edge itself cannot be met, and the very next tick would be outside again.
    /// </summary>
    public double RebalanceShare { get; init; } = 0.5;
    /// <summary>The band is never narrower than this half-width, in 1.0 of the hedge instrument: gamma may vanish, lots do not.</summary>
    public double HalfWidthUnitsMin { get; init; }
    /// <summary>The band is never wider than this half-width.</summary>
    public double HalfWidthUnitsMax { get; init; } = double.PositiveInfinity;
}

/// <summary>
/// The asymptotically optimal no-trade band under small proportional costs: half-width (3·c·S·Γ² / 2a)^⅓ around the Black-Scholes delta, with c the cost as a share
/// of notional traded, S the spot, Γ the portfolio's gamma and a the absolute risk aversion of an exponential utility.
/// Source: Whalley and Wilmott, "An asymptotic analysis of an optimal hedging model for option pricing with transaction costs", Mathematical Finance 7 (1997) 307–324,
/// where the factor e^(−r(T−t)) also stands under the root: it is left out, so a is risk aversion in money of today.
/// <para>Units: with u for 1.0 of underlying and m for 1.0 of quote currency, c is a pure number, S is m/u, Γ is u²/m and a is 1/m;
/// so c·S·Γ²/a is u³ and its cube root is in units of the underlying, which the contract size turns into units of the hedge instrument.</para>
/// </summary>
public sealed class WhalleyWilmottPolicy : IHedgePolicy
{
    private readonly WhalleyWilmottOptions _options;
    private readonly double _factor;

    public WhalleyWilmottPolicy(WhalleyWilmottOptions options)
    {
        RequirePositive(options.CostShare, nameof(options.CostShare));
        RequirePositive(options.RiskAversion, nameof(options.RiskAversion));
        if (!(options.RebalanceShare >= 0 && options.RebalanceShare <= 1))
            throw new ArgumentOutOfRangeException(nameof(options), options.RebalanceShare, "RebalanceShare must lie in [0, 1].");
        if (!(options.HalfWidthUnitsMin >= 0 && options.HalfWidthUnitsMin <= options.HalfWidthUnitsMax))
            throw new ArgumentOutOfRangeException(nameof(options), options.HalfWidthUnitsMin, "HalfWidthUnitsMin must be zero or more, and not above HalfWidthUnitsMax.");
        _options = options;
        _factor = 1.5 * options.CostShare / options.RiskAversion;
        Name = string.Create(CultureInfo.InvariantCulture, $"whalley-wilmott(costShare {options.CostShare}, riskAversion {options.RiskAversion})");
    }

    public string Name { get; }

    /// <summary>Half-width of the no-trade band in 1.0 of the hedge instrument.</summary>
    public double HalfWidthUnits(in PortfolioState state)
    {
        double width = Elementary.CubeRoot(_factor * state.Spot * state.Gamma * state.Gamma) / state.ContractSize;
        return Math.Min(Math.Max(width, _options.HalfWidthUnitsMin), _options.HalfWidthUnitsMax);
    }

    public HedgeTarget Decide(in PortfolioState state)
    {
        double neutral = state.NeutralHedgeUnits;
        double halfWidth = HalfWidthUnits(in state);
        double towardsEdge = halfWidth * (1 - _options.RebalanceShare);
        double target = state.HedgePositionUnits > neutral ? neutral + towardsEdge : neutral - towardsEdge;
        return new HedgeTarget(target, neutral - halfWidth, neutral + halfWidth);
    }

    private static void RequirePositive(double value, string name)
    {
        if (!(value > 0) || double.IsInfinity(value)) throw new ArgumentOutOfRangeException(name, value, $"{name} must be a positive number.");
    }
}
