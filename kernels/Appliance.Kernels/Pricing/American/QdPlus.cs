using Appliance.Kernels.Scalar;

namespace Appliance.Kernels.Pricing.American;

/// <summary>
/// The QD+ approximation of a put's exercise boundary (Li, "Analytical approximations for the critical stock prices of American options", Review of Derivatives Research 13 (2010); as restated
/// in Andersen, Lake and Offengenden 2016, section 4.1): good to a part in a hundred to a thousand, which is where the iteration wants to begin. Written with M/h and (1 − h)M, which keep
/// their limits at a rate of zero.
/// </summary>
internal static class QdPlus
{
    /// <summary>B(τ) for a strike of one; a root by bisection below <paramref name="limit"/>.</summary>
    public static double Boundary(double years, double volatility, double rate, double yield, double limit)
    {
        double variance = volatility * volatility, rt = rate * years;
        double discount = Elementary.Exp(-rt);
        // h = 1 − e^(−rτ); M = 2r/σ²; M/h tends to 2/(σ²τ).
        double h = Math.Abs(rt) < 1e-5 ? rt * (1 - rt / 2 + rt * rt / 6) : 1 - discount;
        double mOverH = 2 / (variance * years) * (Math.Abs(rt) < 1e-300 ? 1 : rt / h);
        double n = 2 * (rate - yield) / variance;
        double root = Math.Sqrt(Math.Max((n - 1) * (n - 1) + 4 * mOverH, 1e-300));
        double lambda = -0.5 * (n - 1 + root), twoLambda = -root;
        // M·λ' with λ' = M/(h²·root).
        double mLambdaSlope = mOverH * mOverH / root;

        double Miss(double s)
        {
            Sensitivities p = European.Evaluate(s, 1, years, volatility, rate, yield, -1, false);
            double early = 1 - s - p.Price;
            if (!(early > 1e-14)) return double.NegativeInfinity;
            double c0 = -((1 - h) * mOverH / twoLambda) + 2 / variance * p.Theta / (early * twoLambda) - (1 - h) * mLambdaSlope / (twoLambda * twoLambda);
            return (1 + p.Delta) * s + (lambda + c0) * early;
        }

        // Far below, the exercise is worth more than waiting and the miss is negative; at the European's own parity it is not exercised.
        double low = limit * Elementary.Exp(-6 * volatility * Math.Sqrt(years) - 1), high = limit;
        for (int i = 0; i < 40 && high - low > 1e-4 * high; i++)
        {
            double middle = 0.5 * (low + high), miss = Miss(middle);
            if (double.IsNegativeInfinity(miss) || miss > 0) high = middle;
            else low = middle;
        }
        return Math.Min(0.5 * (low + high), limit * (1 - 1e-6));
    }
}
