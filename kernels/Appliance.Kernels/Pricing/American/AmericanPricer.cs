using Appliance.Kernels.Pricing.Closed;
using Appliance.Kernels.Scalar;
using Jet = Appliance.Kernels.Simd.Jet<Appliance.Kernels.Simd.ScalarLanes, double>;

namespace Appliance.Kernels.Pricing.American;

/// <summary>
/// American options: which regime rate and yield make, the boundary, and the Greeks. Price, delta and gamma come from the boundary at once, theta from the Black-Scholes equation, which
/// holds wherever the option is not exercised. Vega, vanna and volga are five-point central differences in volatility (steps of a hundredth of it), rho in the rate (steps of a thousandth, or a
/// quarter of the rate where that is less), charm in the years (steps of a hundredth): their own error is below 1e-7 of spot, relative to the natural size of each.
/// </summary>
internal static class AmericanPricer
{
    /// <summary>σ√T below this: the path is known, and the holder picks the best moment on it.</summary>
    private const double DeviationMin = 1e-8;

    private readonly record struct Point(double Price, double Delta, double Gamma);

    public static PricingStatus Price(in OptionContract contract, in MarketModel model, bool greeks, out Sensitivities result)
    {
        result = default;
        double r = model.Rate, q = model.Kind == ModelKind.Black76 ? r : model.Yield, sigma = Math.Min(model.Volatility, 1e3), t = contract.Expiry;
        bool call = contract.Right == OptionRight.Call, forward = model.Kind == ModelKind.Black76;
        if (!(sigma * Math.Sqrt(t) > DeviationMin))
        {
            result = WithoutVolatility(in contract, in model);
            return PricingStatus.Ok;
        }
        double sign = call ? 1 : -1;
        AmericanPut.Regime regime = AmericanPut.RegimeOf(call ? q : r, call ? r : q);
        if (regime == AmericanPut.Regime.European)
        {
            result = European.Evaluate(contract.Spot, contract.Strike, t, sigma, r, q, sign, forward);
            return PricingStatus.Ok;
        }
        if (!greeks)
        {
            if (!Solve(null, in contract, t, sigma, r, q, stackalloc double[ExerciseGrid.Fine.Points], out Point alone)) return PricingStatus.OutOfRange;
            result = new Sensitivities(alone.Price, alone.Delta, alone.Gamma, 0, 0, 0, 0, 0, 0);
            return PricingStatus.Ok;
        }
        // Where rate and yield are next to each other and little time is left, the fine grid's first points may not settle; coarser grids have none so early.
        return Greeks(ExerciseGrid.Fine, in contract, t, sigma, r, q, forward, out result) || Greeks(ExerciseGrid.Middle, in contract, t, sigma, r, q, forward, out result)
            || Greeks(ExerciseGrid.Coarse, in contract, t, sigma, r, q, forward, out result)
            ? PricingStatus.Ok : PricingStatus.OutOfRange;
    }

    private static bool Greeks(ExerciseGrid grid, in OptionContract contract, double t, double sigma, double r, double q, bool forward, out Sensitivities result)
    {
        result = default;
        // NaN says that it holds no boundary yet.
        Span<double> logs = stackalloc double[grid.Points];
        logs[0] = double.NaN;
        if (!Solve(grid, in contract, t, sigma, r, q, logs, out Point p)) return false;
        double sign = contract.Right == OptionRight.Call ? 1 : -1, intrinsic = sign * (contract.Spot - contract.Strike);
        if (p.Gamma == 0 && p.Price == intrinsic)
        {
            result = new Sensitivities(p.Price, sign, 0, 0, 0, 0, 0, 0, 0);
            return true;
        }
        Span<Point> ring = stackalloc Point[4];
        double h = 0.01 * sigma;
        for (int i = 0; i < 4; i++)
            if (!Solve(grid, in contract, t, sigma + _offsets[i] * h, r, q, logs, out ring[i])) return false;
        double vega = First(ring[0].Price, ring[1].Price, ring[2].Price, ring[3].Price, h), vanna = First(ring[0].Delta, ring[1].Delta, ring[2].Delta, ring[3].Delta, h);
        double volga = (16 * (ring[1].Price + ring[2].Price) - ring[0].Price - ring[3].Price - 30 * p.Price) / (12 * h * h);
        h = Math.Max(1e-5, Math.Min(1e-3, 0.25 * Math.Abs(r)));
        for (int i = 0; i < 4; i++)
            if (!Solve(grid, in contract, t, sigma, r + _offsets[i] * h, forward ? r + _offsets[i] * h : q, logs, out ring[i])) return false;
        double rho = First(ring[0].Price, ring[1].Price, ring[2].Price, ring[3].Price, h);
        h = 0.01 * t;
        for (int i = 0; i < 4; i++)
            if (!Solve(grid, in contract, t + _offsets[i] * h, sigma, r, q, logs, out ring[i])) return false;
        double charm = -First(ring[0].Delta, ring[1].Delta, ring[2].Delta, ring[3].Delta, h);
        double theta = r * p.Price - (r - q) * contract.Spot * p.Delta - 0.5 * sigma * sigma * contract.Spot * contract.Spot * p.Gamma;
        result = new Sensitivities(p.Price, p.Delta, p.Gamma, vega, theta, rho, vanna, volga, charm);
        return true;
    }

    private static readonly double[] _offsets = [-2, -1, 1, 2];

    private static double First(double a, double b, double c, double d, double h) => (8 * (c - b) - (d - a)) / (12 * h);

    /// <param name="grid">Null: the coarsest that holds a price.</param>
    /// <param name="logs">Holds the last boundary solved for, from which the next one starts.</param>
    private static bool Solve(ExerciseGrid? grid, in OptionContract contract, double years, double volatility, double rate, double yield, Span<double> logs, out Point point)
    {
        bool call = contract.Right == OptionRight.Call;
        double spot = contract.Spot, strike = contract.Strike;
        (double r, double q) = call ? (yield, rate) : (rate, yield);
        (double unit, double putSpot) = call ? (spot, strike / spot) : (strike, spot / strike);
        if (!SolvePut(grid, putSpot, years, volatility, r, q, logs, out Point p))
        {
            point = default;
            return false;
        }
        // A call is S·p(K/S), a put K·p(S/K).
        point = call
            ? new Point(unit * p.Price, p.Price - putSpot * p.Delta, putSpot * putSpot * p.Gamma / spot)
            : new Point(unit * p.Price, p.Delta, p.Gamma / strike);
        return true;
    }

    private static bool SolvePut(ExerciseGrid? grid, double spot, double years, double volatility, double rate, double yield, Span<double> logs, out Point point)
    {
        point = default;
        AmericanPut.Regime regime = AmericanPut.RegimeOf(rate, yield);
        if (regime == AmericanPut.Regime.European)
        {
            Sensitivities e = European.Evaluate(spot, 1, years, volatility, rate, yield, -1, false);
            point = new Point(e.Price, e.Delta, e.Gamma);
            return true;
        }
        var market = new PutMarket(years, volatility, rate, yield);
        double price, delta, gamma;
        if (regime == AmericanPut.Regime.TwoBoundaries)
        {
            (price, delta, gamma) = TwoBoundaries.Price(spot, in market);
            point = new Point(price, delta, gamma);
            return true;
        }
        if (grid is null)
        {
            grid = AmericanPut.Boundary(in market, logs);
            if (grid is null) return false;
        }
        else if (!AmericanPut.BoundaryNear(grid, in market, logs))
        {
            return false;
        }
        (price, delta, gamma) = AmericanPut.FromBoundary(grid, spot, in market, logs);
        point = new Point(price, delta, gamma);
        return true;
    }

    /// <summary>The best of now, expiry, and the moment at which carry on both legs is even, on the only path there is.</summary>
    private static Sensitivities WithoutVolatility(in OptionContract contract, in MarketModel model)
    {
        var flat = model;
        flat.Volatility = 0;
        var m = new JetMarket(in contract, in flat);
        double w = contract.Right == OptionRight.Call ? 1 : -1, r = m.Rate.Value, q = m.Yield.Value;
        double strike = contract.Strike;
        Jet best = JetMarket.Positive(w * (m.Spot - strike)), last = w * (m.Discount * (m.Forward - strike));
        if (last.Value > best.Value) best = last;
        if (r != q && r * q > 0)
        {
            double even = Elementary.Log(q * contract.Spot / (r * strike)) / (q - r);
            if (even > 0 && even < contract.Expiry)
            {
                // The moment is optimal, so its own change does not count at first order; spot's second derivative through it is left out.
                Jet value = w * (m.Spot * Jet.Exp(m.Yield * -even) - strike * Jet.Exp(m.Rate * -even));
                if (value.Value > best.Value) best = value;
            }
        }
        return m.Greeks(in best);
    }
}
