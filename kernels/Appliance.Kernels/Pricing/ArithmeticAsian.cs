using Appliance.Kernels.Scalar;

namespace Appliance.Kernels.Pricing;

/// <summary>
/// Options on the arithmetic average by quadrature instead of simulation (the reversed recursion of Carverhill and Clewlow 1990, with the trapezoidal rule's exponential convergence on smooth
/// densities as in Fusai and Meucci 2008). With n fixings to come, Σ S_k = S·e^(B₁), B_n = R_n, B_k = R_k + ln(1 + e^(B_(k+1))), R normal: the density of B_k is one sum over the grid of that of
/// B_(k+1). The last step is Black's formula at each grid point, which makes price, delta and gamma smooth and exact in spot.
/// <para>Discrete averages are exact but for rounding: 1e-10 of spot up to 252 fixings (the densities' own sums say so: they are normalised by what they sum to). A continuous average, and a
/// discrete one of more than 256 fixings to come, is Richardson's extrapolation in 1/n of averages with 16, 32, 64 and 128 trapezoidal weights; its error is a few 1e-7 of spot.</para>
/// <para>Vega, volga, vanna, rho, theta and charm are five-point central differences with steps of a fiftieth (volatility, years) or 1e-3 (rate).</para>
/// </summary>
internal static class ArithmeticAsian
{
    private const int DirectMax = 256;
    /// <summary>Grid points a standard deviation of one step, and how many deviations either side are kept.</summary>
    private const double PointsPerDeviation = 2.0, Reach = 8.5;

    private readonly record struct Point(double Price, double Delta, double Gamma);

    public static PricingStatus Price(in OptionContract contract, in MarketModel model, out Sensitivities result)
    {
        double r = model.Rate, t = contract.Expiry, sigma = model.Volatility;
        bool forward = model.Kind == ModelKind.Black76;
        double q = forward ? r : model.Yield;
        if (sigma * Math.Sqrt(t) > 4)
        {
            result = default;
            return PricingStatus.OutOfRange;
        }
        Point p = Value(in contract, sigma, r, q, t);
        int rest = contract.Fixings - contract.ElapsedFixings;
        if (!(sigma * Math.Sqrt(t) > 1e-7) || contract.Fixings > 0 && rest == 0)
        {
            // Without volatility the figures that remain are those of a certain payment; rate and years by differences.
            double h0 = 1e-4, rho0 = (Value(in contract, sigma, r + h0, forward ? r + h0 : q, t).Price - Value(in contract, sigma, r - h0, forward ? r - h0 : q, t).Price) / (2 * h0);
            double k0 = 1e-3 * t;
            double theta0 = t > 0 ? -(Value(in contract, sigma, r, q, t + k0).Price - Value(in contract, sigma, r, q, t - k0).Price) / (2 * k0) : 0;
            double charm0 = t > 0 ? -(Value(in contract, sigma, r, q, t + k0).Delta - Value(in contract, sigma, r, q, t - k0).Delta) / (2 * k0) : 0;
            result = new Sensitivities(p.Price, p.Delta, 0, 0, theta0, t > 0 ? rho0 : 0, 0, 0, charm0);
            return PricingStatus.Ok;
        }
        Span<Point> ring = stackalloc Point[4];
        double h = sigma / 50;
        for (int i = 0; i < 4; i++) ring[i] = Value(in contract, sigma + _offsets[i] * h, r, q, t);
        double vega = First(ring[0].Price, ring[1].Price, ring[2].Price, ring[3].Price, h), vanna = First(ring[0].Delta, ring[1].Delta, ring[2].Delta, ring[3].Delta, h);
        double volga = (16 * (ring[1].Price + ring[2].Price) - ring[0].Price - ring[3].Price - 30 * p.Price) / (12 * h * h);
        h = 1e-3;
        for (int i = 0; i < 4; i++) ring[i] = Value(in contract, sigma, r + _offsets[i] * h, forward ? r + _offsets[i] * h : q, t);
        double rho = First(ring[0].Price, ring[1].Price, ring[2].Price, ring[3].Price, h);
        h = t / 50;
        for (int i = 0; i < 4; i++) ring[i] = Value(in contract, sigma, r, q, t + _offsets[i] * h);
        double theta = -First(ring[0].Price, ring[1].Price, ring[2].Price, ring[3].Price, h), charm = -First(ring[0].Delta, ring[1].Delta, ring[2].Delta, ring[3].Delta, h);
        result = new Sensitivities(p.Price, p.Delta, p.Gamma, vega, theta, rho, vanna, volga, charm);
        return PricingStatus.Ok;
    }

    private static readonly double[] _offsets = [-2, -1, 1, 2];

    private static double First(double a, double b, double c, double d, double h) => (8 * (c - b) - (d - a)) / (12 * h);

    /// <summary>Price, delta and gamma, with what has been fixed taken into the strike.</summary>
    private static Point Value(in OptionContract c, double sigma, double r, double q, double t)
    {
        double w = c.Right == OptionRight.Call ? 1 : -1, discount = Elementary.Exp(-r * t);
        int rest = c.Fixings == 0 ? 0 : c.Fixings - c.ElapsedFixings;
        double strike = c.Strike, share = 1;
        if (c.Fixings > 0)
        {
            share = rest / (double)c.Fixings;
            strike -= c.ElapsedFixings == 0 ? 0 : c.RunningAverage * (c.ElapsedFixings / (double)c.Fixings);
            if (rest == 0) return new Point(discount * Math.Max(0, -w * strike), 0, 0);
        }
        // share·(average to come) against what is left of the strike. Where that is not above zero the option is a forward.
        if (!(strike > 0) || !(sigma * Math.Sqrt(t) > 1e-7))
        {
            double mean = MeanFactor(rest, (r - q) * t) * share, value = w * (c.Spot * mean - strike);
            return value > 0 ? new Point(discount * value, discount * w * mean, 0) : default;
        }
        double moneyness = strike / (share * c.Spot);
        if (rest is > 0 and <= DirectMax) return Scale(Recursion(rest, true, sigma, r - q, t, moneyness, w), discount * share, c.Spot);
        // Trapezoidal weights have an error in 1/n², 1/n⁴, …; what many fixings differ from the continuous average by is of first order, and interpolated below.
        Point a = Recursion(16, false, sigma, r - q, t, moneyness, w), b = Recursion(32, false, sigma, r - q, t, moneyness, w);
        Point d = Recursion(64, false, sigma, r - q, t, moneyness, w), e = Recursion(128, false, sigma, r - q, t, moneyness, w);
        Point limit = Combine(Combine(Combine(a, b, 2), Combine(b, d, 2), 4), Combine(Combine(b, d, 2), Combine(d, e, 2), 4), 8);
        if (rest > 0)
        {
            Point coarse = Recursion(128, true, sigma, r - q, t, moneyness, w), finer = Recursion(256, true, sigma, r - q, t, moneyness, w);
            // The price as a quadratic in 1/n through n = 128, 256 and ∞.
            double x = 1.0 / rest, x1 = 1.0 / 128, x2 = 1.0 / 256;
            double w1 = x * (x - x2) / (x1 * (x1 - x2)), w2 = x * (x - x1) / (x2 * (x2 - x1)), w0 = 1 - w1 - w2;
            limit = new Point(
                w0 * limit.Price + w1 * coarse.Price + w2 * finer.Price, w0 * limit.Delta + w1 * coarse.Delta + w2 * finer.Delta,
                w0 * limit.Gamma + w1 * coarse.Gamma + w2 * finer.Gamma);
        }
        return Scale(limit, discount * share, c.Spot);
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
    private static Point Recursion(int n, bool plain, double sigma, double carry, double years, double moneyness, double w)
    {
        double step = years / n, deviation = sigma * Math.Sqrt(step), drift = (carry - 0.5 * sigma * sigma) * step;
        double target = plain ? moneyness * n : moneyness * n - 0.5;
        double firstShare = plain ? 1 : 0.5;
        if (!(target > 0))
        {
            double mean = 0;
            for (int k = 1; k <= n; k++) mean += (k == n ? firstShare : 1) * Elementary.Exp(carry * step * k);
            double certain = w * (mean - target) / n;
            return certain > 0 ? new Point(certain, w * (mean + (plain ? 0 : 0.5)) / n, 0) : default;
        }
        double spacing = Math.Min(deviation / PointsPerDeviation, 0.3);
        // B_k lies around the path without noise; its deviation is at most that of the longest path left, and e^B's weight shifts it upwards by the variance.
        double[] density = [], next = [];
        double low = 0, centre = 0;
        for (int k = n; k >= 2; k--)
        {
            int left = n - k + 1;
            centre = k == n ? drift + Elementary.Log(firstShare) : drift + Elementary.Log(1 + Elementary.Exp(centre));
            double wide = deviation * Math.Sqrt(left);
            int below = (int)Math.Ceiling(Reach * wide / spacing) + 1, count = below + (int)Math.Ceiling((Reach * wide + 2 * wide * wide) / spacing) + 1;
            count = (count + 7) / 8 * 8;
            double newLow = centre - below * spacing;
            next = new double[count];
            if (k == n)
            {
                for (int i = 0; i < count; i++) next[i] = Elementary.NormalPdf((newLow + i * spacing - centre) / deviation) / deviation;
            }
            else
            {
                Spread(density, low, next, newLow, spacing, drift, deviation);
            }
            // A density sums to one; what the grid's edges cut off is below 1e-16.
            double total = 0;
            foreach (double value in next) total += value;
            total *= spacing;
            for (int i = 0; i < count; i++) next[i] /= total;
            (density, low) = (next, newLow);
        }
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

    /// <summary>Adds to each point of <paramref name="next"/> the normal densities around drift + ln(1 + e^x); a bell walked outwards from its middle costs two multiplications a point.</summary>
    private static void Spread(double[] density, double low, double[] next, double newLow, double spacing, double drift, double deviation)
    {
        double perDeviation = 1 / deviation, h = spacing * perDeviation, curve = Elementary.Exp(-h * h);
        int reach = (int)(Reach / h) + 1;
        for (int j = 0; j < density.Length; j++)
        {
            if (!(density[j] > 1e-40)) continue;
            double place = drift + Elementary.Log(1 + Elementary.Exp(low + j * spacing)) - newLow;
            int middle = (int)Math.Round(place / spacing);
            double offset = (middle * spacing - place) * perDeviation;
            double top = density[j] * Elementary.Exp(-0.5 * offset * offset);
            double value = top, ratio = Elementary.Exp(-offset * h - 0.5 * h * h);
            for (int i = middle, end = Math.Min(middle + reach, next.Length); i < end; i++, value *= ratio, ratio *= curve)
                if (i >= 0) next[i] += value;
            ratio = Elementary.Exp(offset * h - 0.5 * h * h);
            value = top * ratio;
            ratio *= curve;
            for (int i = middle - 1, end = Math.Max(middle - reach, 0); i >= end; i--, value *= ratio, ratio *= curve)
                if (i < next.Length) next[i] += value;
        }
    }
}
