using Appliance.Kernels.Pricing.Closed;
using Appliance.Kernels.Scalar;

namespace Appliance.Kernels.Pricing.American;

/// <summary>
/// A put for a strike of one with yield &lt; rate &lt; 0, which is exercised between a lower boundary Y, from r/q at expiry, and an upper one B, from one (Andersen and Lake, "Fast American option pricing:
/// the double-boundary case", Wilmott 2021; Battauz, De Donno and Sbuelz, Management Science 61 (2015)). The further from expiry, the nearer they come; where volatility is above |√(−2r) − √(−2q)| they meet at some
/// τ*, before which in time there is no exercise. With both, p = European + ∫ r e^(−rs) (Φ(−d₋(S/B)) − Φ(−d₋(S/Y))) − q S e^(−qs) (Φ(−d₊(S/B)) − Φ(−d₊(S/Y))) dt, s = τ − t, over t below τ*, and p = 1 − S on either.
/// <para>The two equations are solved time by time on an even grid of ξ = √(t/T). Kept are the middle c = ln √(BY) and the square w = ln²(B/Y): both are smooth where the boundaries meet, so that cubic
/// interpolation holds to τ* itself, the zero of w. Where they meet early the grid is laid anew to end there.</para>
/// </summary>
internal static class TwoBoundaries
{
    /// <summary>Times, nodes of each time's integral, nodes of the premium.</summary>
    private const int Steps = 48, Nodes = 24, PremiumNodes = 96;
    /// <summary>Times before the meeting that are left to extrapolation.</summary>
    private const int Unclear = 3;

    private const int Ahead = 3, AheadPoints = 5;
    private const int LayingsMax = 30;

    private static readonly (double[] Cosine, double[] Weight) _rule = Rule();
    private static readonly (double[] Root, double[] Weight) _premium = Premium();

    /// <summary>What has been solved: c and w at ξ = k/Steps for k = 0…Known, to ξ = End; years: those of ξ = 1.</summary>
    private ref struct March(in PutMarket market, double years, Span<double> middle, Span<double> square)
    {
        public readonly PutMarket Market = market;
        public readonly double Years = years;
        public readonly Span<double> Middle = middle, Square = square;
        public int Known = 0;
        public double End = 1;

        /// <summary>ln B and ln Y at ξ by the cubic through the four nearest times up to <paramref name="last"/>.</summary>
        public readonly void At(double xi, int last, out double upper, out double lower)
        {
            double place = xi * Steps;
            // Beyond the last time a wider stencil, whose sums do not swell what the last digits are off by.
            int stride = place > last && last >= Ahead * (AheadPoints - 1) ? Ahead : 1, points = stride > 1 ? AheadPoints : Math.Min(4, last + 1);
            int first = stride > 1 ? last - Ahead * (AheadPoints - 1) : Math.Clamp((int)place - 1, 0, last + 1 - points);
            double c = 0, w = 0;
            for (int i = 0; i < points; i++)
            {
                double share = 1;
                for (int k = 0; k < points; k++)
                    if (k != i) share *= (place - first - k * stride) / ((i - k) * stride);
                c += share * Middle[first + i * stride];
                w += share * Square[first + i * stride];
            }
            double half = 0.5 * Math.Sqrt(Math.Max(0, w));
            (upper, lower) = (c + half, c - half);
        }

        public void Set(int at, double upper, double lower) => (Middle[at], Square[at]) = (0.5 * (upper + lower), (upper - lower) * (upper - lower));
    }

    /// <summary>Price, delta and gamma per strike of one.</summary>
    public static (double Price, double Delta, double Gamma) Price(double spot, in PutMarket market)
    {
        Sensitivities european = European.Evaluate(spot, 1, market.Years, market.Volatility, market.Rate, market.Yield, -1, false);
        Span<double> middle = stackalloc double[Steps + 1], square = stackalloc double[Steps + 1];
        // The grid is to reach today, or to end a little after the boundaries have met; a meeting within its first steps says little of where.
        double years = market.Years, tooLong = double.PositiveInfinity;
        for (int laying = 1; ; laying++)
        {
            var march = new March(in market, years, middle, square);
            Walk(ref march);
            bool whole = march.Known == Steps;
            if (laying == LayingsMax || (whole ? years == market.Years : march.Known > Steps * 4 / 5)) return FromBoundaries(spot, in march, in european);
            if (whole)
            {
                years = double.IsInfinity(tooLong) ? market.Years : Math.Sqrt(years * tooLong);
                continue;
            }
            tooLong = years;
            double end = march.Known < 5 ? (march.Known + 1.0) / Steps : march.End * 1.02;
            years *= end * end;
        }
    }

    private static void Walk(ref March march)
    {
        PutMarket m = march.Market;
        double lowest = Elementary.Log(m.Rate / m.Yield);
        march.Set(0, 0, lowest);
        for (int step = 1; step <= Steps; step++)
        {
            double xi = (double)step / Steps, deviation = m.Volatility * Math.Sqrt(march.Years) * xi, upper, lower;
            if (step == 1)
            {
                // The limits of both for little time (Evans, Kuske and Keller, Mathematical Finance 12 (2002)).
                double ratio = m.Carry * Math.Sqrt(march.Years) * xi / m.Volatility;
                upper = -deviation * Math.Sqrt(Math.Max(0.5, -Elementary.Log(8 * Math.PI * ratio * ratio)));
                lower = lowest + 0.6388 * deviation;
            }
            else
            {
                march.At(xi, step - 1, out upper, out lower);
            }
            if (!(upper > lower) || !Settle(ref march, step, deviation, ref upper, ref lower)) break;
            march.Known = step;
        }
        if (march.Known == Steps) return;
        // The last times before the meeting have two roots next to each other, which no arithmetic tells apart well; the cubic from before is the better.
        if (march.Known > 2 * Unclear) march.Known -= Unclear;
        march.End = Meeting(in march);
    }

    /// <summary>Newton's method on both equations at one time, with slopes by differences once; false where there is no exercise any more.</summary>
    private static bool Settle(ref March march, int step, double deviation, ref double upper, ref double lower)
    {
        double h = 1e-5 * deviation, scale = 1 / deviation;
        double a = 0, b = 0, c = 0, d = 0;
        for (int round = 0; round < 12; round++)
        {
            (double missUpper, double missLower) = Misses(ref march, step, upper, lower);
            if (round < 3)
            {
                (double up, double low) = Misses(ref march, step, upper + h, lower);
                (a, c) = ((up - missUpper) / h, (low - missLower) / h);
                (up, low) = Misses(ref march, step, upper, lower + h);
                (b, d) = ((up - missUpper) / h, (low - missLower) / h);
            }
            double determinant = a * d - b * c;
            double moveUpper = (missUpper * d - missLower * b) / determinant, moveLower = (missLower * a - missUpper * c) / determinant;
            if (!double.IsFinite(moveUpper) || !double.IsFinite(moveLower)) return false;
            double largest = Math.Max(Math.Abs(moveUpper), Math.Abs(moveLower)), most = 0.25 * deviation;
            double share = largest > most ? most / largest : 1;
            upper -= share * moveUpper;
            lower -= share * moveLower;
            if (!(upper > lower) || upper > 0) return false;
            if (largest * scale < 1e-10)
            {
                march.Set(step, upper, lower);
                return true;
            }
        }
        return false;
    }

    /// <summary>
    /// S·∂(p + S)/∂S at both boundaries of a time, which is zero where the price goes over into that of exercise without a kink. (That the price itself meets it follows; stepping by that equation
    /// instead, which has the boundary under an integral alone, is not stable.) The European's densities cancel, and Φ(−x) = 1 − Φ(x) joins the rest so that nothing large is left to cancel.
    /// </summary>
    private static (double Upper, double Lower) Misses(ref March march, int step, double upper, double lower)
    {
        march.Set(step, upper, lower);
        PutMarket m = march.Market;
        double xi = (double)step / Steps, tau = march.Years * xi * xi, deviation = m.Volatility * Math.Sqrt(tau), drift = m.Carry / (m.Volatility * m.Volatility) + 0.5;
        double discount = Elementary.Exp(-m.Yield * tau), upperSpot = Elementary.Exp(upper), lowerSpot = Elementary.Exp(lower);
        double upperMiss = upperSpot * discount * Elementary.NormalCdf(drift * deviation + upper / deviation), lowerMiss = lowerSpot * discount * Elementary.NormalCdf(drift * deviation + lower / deviation);
        for (int j = 0; j < Nodes; j++)
        {
            double cosine = _rule.Cosine[j], sine = Math.Sqrt(1 - cosine * cosine), s = tau * sine * sine, v = deviation * sine, weight = tau * _rule.Weight[j];
            march.At(xi * cosine, step, out double thenUpper, out double thenLower);
            double perV = 1 / v, cash = m.Rate * weight * Elementary.Exp(-m.Rate * s) * perV, asset = m.Yield * weight * Elementary.Exp(-m.Yield * s);
            upperMiss += Moment(upper, upperSpot);
            lowerMiss += Moment(lower, lowerSpot);

            double Moment(double x, double spot)
            {
                double fromUpper = drift * v + (x - thenUpper) * perV, fromLower = drift * v + (x - thenLower) * perV;
                double spread = Elementary.NormalPdf(fromUpper) - Elementary.NormalPdf(fromLower), cashSpread = Elementary.NormalPdf(fromUpper - v) - Elementary.NormalPdf(fromLower - v);
                return spot * asset * (Elementary.NormalCdf(fromUpper) + Elementary.NormalCdf(-fromLower) + spread * perV) - cash * cashSpread;
            }
        }
        return (upperMiss, lowerMiss);
    }

    /// <summary>Where w, continued by its cubic, comes to zero; at most eight steps on.</summary>
    private static double Meeting(in March march)
    {
        double low = (double)march.Known / Steps, high = low + 8.0 / Steps;
        for (int i = 0; i < 60; i++)
        {
            double half = 0.5 * (low + high);
            march.At(half, march.Known, out double upper, out double lower);
            if (upper > lower) low = half;
            else high = half;
        }
        return low;
    }

    private static (double Price, double Delta, double Gamma) FromBoundaries(double spot, in March march, in Sensitivities european)
    {
        PutMarket m = march.Market;
        double x = Elementary.Log(spot), end = march.End * march.End * march.Years, drift = m.Carry / (m.Volatility * m.Volatility), perSpot = 1 / spot;
        // The meeting may lie a little beyond today: then exercise goes on until now, too.
        bool open = end >= m.Years;
        double now = Math.Sqrt(m.Years / march.Years);
        if (open)
        {
            end = m.Years;
            march.At(now, march.Known, out double upperNow, out double lowerNow);
            if (x <= upperNow && x >= lowerNow) return (1 - spot, -1, 0);
        }
        double price = european.Price, delta = european.Delta, gamma = european.Gamma;
        for (int j = 0; j < PremiumNodes; j++)
        {
            // Where exercise goes on until now, the last moments' root is taken out; else that of the meeting.
            double z = _premium.Root[j], xi = open ? now * Math.Sqrt((1 - z) * (1 + z)) : march.End * z, s = open ? end * z * z : m.Years - end * z * z;
            march.At(xi, march.Known, out double upper, out double lower);
            double weight = end * _premium.Weight[j], v = m.Volatility * Math.Sqrt(s), perV = 1 / v;
            double cash = m.Rate * weight * Elementary.Exp(-m.Rate * s), asset = m.Yield * weight * Elementary.Exp(-m.Yield * s);
            Add(upper, 1);
            Add(lower, -1);

            void Add(double boundary, double sign)
            {
                double middle = drift * v + (x - boundary) * perV, d1 = middle + 0.5 * v, d2 = middle - 0.5 * v;
                double plus = Elementary.NormalCdf(-d1), minus = Elementary.NormalCdf(-d2), cashDensity = cash * Elementary.NormalPdf(d2), assetDensity = asset * Elementary.NormalPdf(d1);
                price += sign * (cash * minus - asset * spot * plus);
                delta += sign * (assetDensity * perV - cashDensity * perV * perSpot - asset * plus);
                gamma += sign * perSpot * perV * (cashDensity * perSpot * (d2 * perV + 1) + assetDensity * (1 - d1 * perV));
            }
        }
        return price < 1 - spot ? (1 - spot, -1, 0) : (price, delta, gamma);
    }

    /// <summary>t/τ = cos²θ by Gauss's rule over θ.</summary>
    private static (double[], double[]) Rule()
    {
        (double[] y, double[] w) = GaussLegendre.Rule(Nodes);
        var cosines = new double[Nodes];
        for (int j = 0; j < Nodes; j++)
        {
            Simd.ComplexLanes<Simd.ScalarLanes, double>.SinCos(0.25 * Math.PI * (1 + y[j]), out double sine, out double cosine);
            cosines[j] = cosine;
            w[j] *= 0.5 * Math.PI * sine * cosine;
        }
        return (cosines, w);
    }

    /// <summary>z = 3a² − 2a³ for Gauss's a in [0, 1], and d(z²).</summary>
    private static (double[], double[]) Premium()
    {
        (double[] y, double[] w) = GaussLegendre.Rule(PremiumNodes);
        for (int j = 0; j < PremiumNodes; j++)
        {
            double a = 0.5 * (1 + y[j]);
            y[j] = a * a * (3 - 2 * a);
            w[j] *= 6 * a * (1 - a) * y[j];
        }
        return (y, w);
    }
}
