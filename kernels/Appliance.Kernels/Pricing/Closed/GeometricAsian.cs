using Appliance.Kernels.Scalar;
using Jet = Appliance.Kernels.Simd.Jet<Appliance.Kernels.Simd.ScalarLanes, double>;

namespace Appliance.Kernels.Pricing.Closed;

/// <summary>
/// Options on the geometric average, which is lognormal (Kemna and Vorst 1990; Haug 2007, sections 4.20.1 and 4.20.2 for the continuous and discrete average). Continuous from now on:
/// ln G has mean ln S + (b − σ²/2)T/2 and variance σ²T/3. With N fixings, m elapsed at average A, n = N − m to come at kT/n: mean (m ln A + n ln S)/N + (b − σ²/2)T(n + 1)/(2N),
/// variance σ²T(n + 1)(2n + 1)/(6N²).
/// </summary>
internal static class GeometricAsian
{
    public static Jet Price(in JetMarket m, in OptionContract contract)
    {
        double w = contract.Right == OptionRight.Call ? 1 : -1;
        double strike = Math.Max(contract.Strike, European.StrikeMin);
        double spotShare = 1, elapsedLog = 0, meanShare = 0.5, varianceShare = 1.0 / 3;
        if (contract.Fixings > 0)
        {
            double all = contract.Fixings, past = contract.ElapsedFixings, rest = all - past;
            spotShare = rest / all;
            if (past > 0) elapsedLog = past / all * Elementary.Log(contract.RunningAverage);
            meanShare = (rest + 1) / (2 * all);
            varianceShare = rest == 0 ? 0 : (rest + 1) * (2 * rest + 1) / (6 * all * all);
            if (rest == 0) return JetMarket.Positive(w * (contract.RunningAverage - strike) * m.Discount);
        }
        Jet logSpot = m.LogOfSpotTo(1.0);
        // ln(G/K) without the cancellation of two large logarithms where nothing has elapsed.
        Jet logMoneyness = contract.ElapsedFixings == 0 ? m.LogOfSpotTo(strike) : spotShare * logSpot + (elapsedLog - Elementary.Log(strike));
        Jet drift = m.Carry - 0.5 * (m.Volatility * m.Volatility);
        Jet mean = logMoneyness + meanShare * (drift * m.Years);
        if (m.IsDeterministic) return JetMarket.Positive(w * (m.Discount * (strike * (Jet.Exp(in mean) - 1.0))));
        Jet v = m.Deviation * Math.Sqrt(varianceShare);
        Jet d2 = mean / v, d1 = d2 + v;
        // Without bound, volatility takes the average to zero as it takes the call; e^mean·Φ(d₁) is one exponential.
        Jet asset = Jet.ExpTimesCdf(mean + 0.5 * (v * v), w * d1);
        return w * strike * (m.Discount * (asset - Jet.Cdf(w * d2)));
    }
}
