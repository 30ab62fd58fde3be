using Appliance.Kernels.Scalar;

namespace Appliance.Kernels.Pricing;

/// <summary>European options under Black-Scholes-Merton and Black-76 (Haug, "The Complete Guide to Option Pricing Formulas", 2nd ed. 2007, chapters 1 and 2).</summary>
internal static class European
{
    public static Sensitivities Price(in OptionContract contract, in MarketModel model)
    {
        double s = contract.Spot, k = contract.Strike, t = contract.Expiry, r = model.Rate, sigma = Math.Min(model.Volatility, 1e6);
        double q = model.Kind == ModelKind.Black76 ? r : model.Yield;
        double w = contract.Right == OptionRight.Call ? 1 : -1;
        k = Math.Max(k, 1e-200);
        OptionGreeks g = BlackScholes.Evaluate(s, k, t, sigma, r, q, w);
        double root = Math.Sqrt(t), v = sigma * root;
        double d1 = v > 1e-9 ? (Elementary.Log(s / k) + (r - q) * t) / v + v / 2 : 0, d2 = d1 - v;
        double rho = model.Kind == ModelKind.Black76 ? -t * g.Price : t * (s * g.Delta - g.Price);
        double vanna = v > 1e-9 ? -g.Vega / s * d2 / v : 0;
        double volga = v > 1e-9 ? g.Vega * d1 * d2 / sigma : 0;
        double charm = t > 0 ? q * g.Delta - s * g.Gamma * (r - q + sigma * sigma) - 0.5 * sigma * sigma * s * s * g.Speed : 0;
        return new Sensitivities(g.Price, g.Delta, g.Gamma, g.Vega, g.Theta, rho, vanna, volga, charm);
    }
}
