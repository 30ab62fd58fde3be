using Appliance.Kernels.Scalar;
using Jet = Appliance.Kernels.Simd.Jet<Appliance.Kernels.Simd.ScalarLanes, double>;

namespace Appliance.Kernels.Pricing.Closed;

/// <summary>
/// European options and digitals under Merton's jump diffusion (1976; Haug 2007, section 6.9): given n jumps the price is lognormal with forward
/// F·e^(n(m + δ²/2) − λkT), k = e^(m + δ²/2) − 1, and variance σ²T + nδ²; n is Poisson with mean λT. The series runs until what is left of it is below 1e-17 of its sum.
/// </summary>
internal static class MertonJumps
{
    public static Jet Price(in JetMarket m, in OptionContract contract, in MarketModel model)
    {
        double w = contract.Right == OptionRight.Call ? 1 : -1, strike = Math.Max(contract.Strike, European.StrikeMin);
        double jumpGrowth = model.JumpMean + 0.5 * model.JumpStdDev * model.JumpStdDev, compensator = Elementary.Exp(jumpGrowth) - 1;
        double mean = model.Lambda * contract.Expiry;
        // Weighted by e^(growth) the asset's leg has its own Poisson mean; the series must cover both.
        double widest = Math.Max(mean, mean * (1 + compensator));
        int last = (int)Math.Min(widest + 12 * Math.Sqrt(widest) + 30, 2e6);
        Jet count = model.Lambda * m.Years, drift = m.LogOfSpotTo(strike) + m.Carry * m.Years - compensator * count;
        Jet variance = m.Volatility * m.Volatility * m.Years, cashLeg = m.Discount * (contract.Kind == ContractKind.CashDigital ? contract.Cash : strike);
        // The logarithm of the Poisson weight, so that a large mean does not underflow before the series has begun.
        Jet logCount = mean > 0 ? Jet.Log(in count) : default;
        double logFactorial = 0;
        Jet sum = default;
        for (int n = 0; n <= last; n++)
        {
            if (n > 0) logFactorial += Elementary.Log(n);
            if (n > 0 && mean == 0) break;
            Jet logWeight = n * logCount - count - logFactorial;
            Jet log = drift + n * jumpGrowth, total = variance + n * model.JumpStdDev * model.JumpStdDev;
            Jet asset, cash;
            if (total.Value > 1e-28)
            {
                Jet v = Jet.Sqrt(in total), d1 = log / v + 0.5 * v;
                asset = Jet.ExpTimesCdf(logWeight + log, w * d1);
                cash = Jet.ExpTimesCdf(in logWeight, w * (d1 - v));
            }
            else
            {
                bool pays = w * log.Value > 0;
                asset = pays ? Jet.Exp(logWeight + log) : default;
                cash = pays ? Jet.Exp(in logWeight) : default;
            }
            sum += contract.Kind switch
            {
                ContractKind.CashDigital => cash,
                ContractKind.AssetDigital => asset,
                _ => w * (asset - cash),
            };
        }
        return cashLeg * sum;
    }
}
