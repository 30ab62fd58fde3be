using Appliance.Kernels.Scalar;

namespace Appliance.Kernels.Pricing;

/// <summary>
/// Options on the arithmetic average by quadrature instead of simulation (the reversed recursion of Carverhill and Clewlow 1990, with the trapezoidal rule's exponential convergence on smooth
/// densities as in Fusai and Meucci 2008). With n fixings to come, Σ S_k = S·e^(B₁), B_n = R_n, B_k = R_k + ln(1 + e^(B_(k+1))), R normal: the density of B_k is one sum over the grid of that of
/// B_(k+1). The last step is Black's formula at each grid point, which makes price, delta and gamma smooth and exact in spot.
/// <para>Discrete averages are exact but for rounding: 1e-10 of spot up to 252 fixings (the densities' own sums say so: they are normalised by what they sum to). A continuous average is
/// Richardson's extrapolation of trapezoidal ones, within 1e-9 of spot; more than 256 fixings to come are interpolated between it and fewer, within 1e-8.</para>
/// <para>Vega, volga and vanna are five-point central differences in σ√T with steps of a fiftieth of it, rho in (r − q)T with steps of 1e-3; theta and charm follow from these two, as years come in by
/// them and the discount alone.</para>
/// </summary>
internal static class ArithmeticAsian
{
    private const int DirectMax = 256;
    /// <summary>σ√T below this is no volatility.</summary>
    private const double DeviationMin = 1e-7;
    /// <summary>Grid points a standard deviation of one step, and how many deviations either side are kept.</summary>
    private const double PointsPerDeviation = 2.0, Reach = 8.5;

    private readonly record struct Point(double Price, double Delta, double Gamma);

    public static PricingStatus Price(in OptionContract contract, in MarketModel model, bool greeks, out Sensitivities result)
    {
        double r = model.Rate, t = contract.Expiry, sigma = model.Volatility;
        bool forward = model.Kind == ModelKind.Black76;
        double q = forward ? r : model.Yield, deviation = sigma * Math.Sqrt(t), growth = (r - q) * t;
        result = default;
        if (deviation > 4) return PricingStatus.OutOfRange;
        double discount = Elementary.Exp(-r * t);
        Point p = Value(in contract, deviation, growth);
        double price = discount * p.Price, delta = discount * p.Delta, gamma = discount * p.Gamma;
        if (!greeks || !(t > 0))
        {
            result = new Sensitivities(price, delta, gamma, 0, 0, 0, 0, 0, 0);
            return PricingStatus.Ok;
        }
        // Undiscounted, volatility and years come in as σ√T alone, rates as (r − q)T alone.
        Point slope = default, curve = default, carry = default;
        Span<Point> ring = stackalloc Point[4];
        bool random = deviation > DeviationMin && (contract.Fixings == 0 || contract.Fixings > contract.ElapsedFixings);
        if (random)
        {
            double h = deviation / 50;
            for (int i = 0; i < 4; i++) ring[i] = Value(in contract, deviation + _offsets[i] * h, growth);
            slope = new Point(First(ring[0].Price, ring[1].Price, ring[2].Price, ring[3].Price, h), First(ring[0].Delta, ring[1].Delta, ring[2].Delta, ring[3].Delta, h), 0);
            curve = new Point((16 * (ring[1].Price + ring[2].Price) - ring[0].Price - ring[3].Price - 30 * p.Price) / (12 * h * h), 0, 0);
        }
        if (!forward)
        {
            double h = random ? Math.Min(1e-3, deviation / 10) : 1e-4;
            for (int i = 0; i < 4; i++) ring[i] = Value(in contract, deviation, growth + _offsets[i] * h);
            carry = new Point(First(ring[0].Price, ring[1].Price, ring[2].Price, ring[3].Price, h), First(ring[0].Delta, ring[1].Delta, ring[2].Delta, ring[3].Delta, h), 0);
        }
        double root = Math.Sqrt(t), perTime = 0.5 * sigma / root;
        result = new Sensitivities(
            price, delta, gamma, discount * root * slope.Price, r * price - discount * (slope.Price * perTime + carry.Price * (r - q)), t * (discount * carry.Price - price),
            discount * root * slope.Delta, discount * t * curve.Price, r * delta - discount * (slope.Delta * perTime + carry.Delta * (r - q)));
        return PricingStatus.Ok;
    }

    private static readonly double[] _offsets = [-2, -1, 1, 2];

    private static double First(double a, double b, double c, double d, double h) => (8 * (c - b) - (d - a)) / (12 * h);

    /// <summary>Price, delta and gamma, undiscounted, with what has been fixed taken into the strike.</summary>
    private static Point Value(in OptionContract c, double deviation, double growth)
    {
        double w = c.Right == OptionRight.Call ? 1 : -1;
        int rest = c.Fixings == 0 ? 0 : c.Fixings - c.ElapsedFixings;
        double strike = c.Strike, share = 1;
        if (c.Fixings > 0)
        {
            share = rest / (double)c.Fixings;
            strike -= c.ElapsedFixings == 0 ? 0 : c.RunningAverage * (c.ElapsedFixings / (double)c.Fixings);
            if (rest == 0) return new Point(Math.Max(0, -w * strike), 0, 0);
        }
        // share·(average to come) against what is left of the strike. Where that is not above zero the option is a forward.
        if (!(strike > 0) || !(deviation > DeviationMin))
        {
            double mean = MeanFactor(rest, growth) * share, value = w * (c.Spot * mean - strike);
            return value > 0 ? new Point(value, w * mean, 0) : default;
        }
        double moneyness = strike / (share * c.Spot);
        if (rest is > 0 and <= DirectMax) return Scale(Recursion(rest, true, deviation, growth, moneyness, w), share, c.Spot);
        Point limit = Continuous(deviation, growth, moneyness, w);
        if (rest == 0) return Scale(limit, share, c.Spot);
        // Many fixings: the cubic in 1/n through n = 32, 64, 128 and ∞.
        double x = 1.0 / rest, x1 = 1.0 / 32, x2 = 1.0 / 64, x3 = 1.0 / 128;
        double w1 = x * (x - x2) * (x - x3) / (x1 * (x1 - x2) * (x1 - x3)), w2 = x * (x - x1) * (x - x3) / (x2 * (x2 - x1) * (x2 - x3)), w3 = x * (x - x1) * (x - x2) / (x3 * (x3 - x1) * (x3 - x2));
        Point a = Recursion(32, true, deviation, growth, moneyness, w), b = Recursion(64, true, deviation, growth, moneyness, w), d = Recursion(128, true, deviation, growth, moneyness, w);
        double w0 = 1 - w1 - w2 - w3;
        return Scale(
            new Point(
                w0 * limit.Price + w1 * a.Price + w2 * b.Price + w3 * d.Price, w0 * limit.Delta + w1 * a.Delta + w2 * b.Delta + w3 * d.Delta,
                w0 * limit.Gamma + w1 * a.Gamma + w2 * b.Gamma + w3 * d.Gamma), share, c.Spot);
    }

    /// <summary>Richardson's extrapolation of trapezoidal averages of n, 2n, 4n and 8n intervals, whose error has even powers of 1/n alone (so were its ratios seen, 4.000 at the end).</summary>
    private static Point Continuous(double deviation, double growth, double moneyness, double w)
    {
        int n = deviation < 0.6 ? 4 : deviation < 2 ? 8 : 16;
        Point a = Recursion(n, false, deviation, growth, moneyness, w), b = Recursion(2 * n, false, deviation, growth, moneyness, w);
        Point c = Recursion(4 * n, false, deviation, growth, moneyness, w), d = Recursion(8 * n, false, deviation, growth, moneyness, w);
        (a, b, c) = (Combine(a, b, 4), Combine(b, c, 4), Combine(c, d, 4));
        return Combine(Combine(a, b, 16), Combine(b, c, 16), 64);
    }

    private static Point Combine(Point coarse, Point fine, double power) => new(
        (power * fine.Price - coarse.Price) / (power - 1), (power * fine.Delta - coarse.Delta) / (power - 1), (power * fine.Gamma - coarse.Gamma) / (power - 1));

    /// <summary>From per unit of spot at a strike of m = K/S: V = S·f(m), ∂V/∂S = f − m f', ∂²V/∂S² = m²f''/S.</summary>
    private static Point Scale(Point f, double factor, double spot) => new(factor * spot * f.Price, factor * f.Delta, factor * f.Gamma / spot);

    /// <summary>E of the average to come per unit of spot.</summary>
    private static double MeanFactor(int rest, double growth)
    {
        if (rest == 0) return Math.Abs(growth) < 1e-8 ? 1 + growth / 2 : (Elementary.Exp(growth) - 1) / growth;
        double sum = 0;
        for (int k = 1; k <= rest; k++) sum += Elementary.Exp(growth * k / rest);
        return sum / rest;
    }

    /// <summary>
    /// f(m), f − m f' and m²f'' for f(m) = E(w(average − m))⁺, the average of n prices at kT/n per unit of spot. <paramref name="plain"/>: k = 1…n, equal weights; else k = 0…n with trapezoidal
    /// weights, whose first is a constant and whose last is half.
    /// </summary>
    private static Point Recursion(int n, bool plain, double totalDeviation, double growth, double moneyness, double w)
    {
        double carry = growth / n, deviation = totalDeviation / Math.Sqrt(n), drift = carry - 0.5 * deviation * deviation;
        double target = plain ? moneyness * n : moneyness * n - 0.5;
        double firstShare = plain ? 1 : 0.5;
        if (!(target > 0))
        {
            double mean = 0;
            for (int k = 1; k <= n; k++) mean += (k == n ? firstShare : 1) * Elementary.Exp(carry * k);
            double certain = w * (mean - target) / n;
            return certain > 0 ? new Point(certain, w * (mean + (plain ? 0 : 0.5)) / n, 0) : default;
        }
        double spacing = Math.Min(deviation / PointsPerDeviation, 0.3);
        // B_k lies around the path without noise; its deviation is at most that of the longest path left, and e^B's weight shifts it upwards by the variance.
        var grid = new AsianDensity(n, spacing, deviation, Reach);
        double centre = 0;
        for (int k = n; k >= 2; k--)
        {
            centre = k == n ? drift + Elementary.Log(firstShare) : drift + Elementary.Log(1 + Elementary.Exp(centre));
            if (k == n) grid.Start(centre);
            else grid.Step(centre, drift, n - k + 1);
        }
        ReadOnlySpan<double> density = grid.Values;
        double low = grid.Low;
        double price = 0, delta = 0, paid = 0, curve = 0;
        if (n == 1) Last(0, 1);
        else
            for (int i = 0; i < density.Length; i++)
                if (density[i] > 1e-40) Last(Elementary.Log(1 + Elementary.Exp(low + i * spacing)), density[i] * spacing);
        // The constant first weight moves with spot too, wherever the option pays.
        return new Point(price / n, (delta + (plain ? 0 : 0.5 * w * paid)) / n, moneyness * moneyness * n * curve);

        // S·e^(R₁ + logSum) against the target: lognormal.
        void Last(double logSum, double weight)
        {
            double forward = Elementary.Exp(logSum + drift + 0.5 * deviation * deviation), d2 = (logSum + drift - Elementary.Log(target)) / deviation, d1 = d2 + deviation;
            double asset = weight * w * forward * Elementary.NormalCdf(w * d1), cash = weight * Elementary.NormalCdf(w * d2);
            price += asset - w * target * cash;
            delta += asset;
            paid += cash;
            curve += weight * Elementary.NormalPdf(d2) / (target * deviation);
        }
    }
}
