using System.Numerics;
using Appliance.Kernels.Pricing;
using Appliance.Lab.Baselines;
using Appliance.Lab.Specification;
using ContractKind = Appliance.Lab.Specification.ContractKind;

namespace Appliance.Lab.Backtest;

/// <summary>
/// What European options and digitals cost under a model whose price is a formula or an integral: Black and Scholes, Merton, Heston and Bates by the kernels, Kou by its characteristic function. A premium of this
/// kind has no error of simulation, which would stand in every figure of P&amp;L.
/// </summary>
public static class ModelPrice
{
    /// <summary>Points of an integral; above it (hardly any diffusion beside very heavy tails) there is no price here.</summary>
    private const double PointsMost = 4e6;

    /// <summary>What is owed, at the start; null where the model or a contract has no such price.</summary>
    public static double? Owed(LabSpecification s)
    {
        double sum = 0;
        foreach (var c in s.Liability.Contracts)
        {
            if (!ClosedForms.Knows(c.Contract) || Of(c, s) is not { } price) return null;
            sum -= c.Position * c.Notional * price;
        }
        return sum;
    }

    private static double? Of(ContractSpecification c, LabSpecification s)
    {
        var m = s.Market;
        double years = ClosedForms.Expiry(c, s.Time) * s.Time.StepYears, spot = m.Spots[c.Underlying];
        if (years == 0) return ClosedForms.BlackScholes(c, spot, 0, 0, m.Rate).Value;
        return m.Model switch
        {
            Specification.MarketModel.Gbm => ClosedForms.BlackScholes(c, spot, years, m.Volatilities[c.Underlying], m.Rate).Value,
            Specification.MarketModel.Merton => ClosedForms.Merton(c, spot, years, m.Volatilities[0], m).Value,
            Specification.MarketModel.Heston or Specification.MarketModel.Bates => Kernel(c, m, years),
            Specification.MarketModel.Kou => Kou(c, m, years),
            _ => null,
        };
    }

    private static double? Kernel(ContractSpecification c, MarketSpecification m, double years)
    {
        // A strike of zero makes the call the asset itself.
        if (c.Strike <= 0) return null;
        var contract = new OptionContract
        {
            Kind = c.Contract switch { ContractKind.CashDigital => Kernels.Pricing.ContractKind.CashDigital, ContractKind.AssetDigital => Kernels.Pricing.ContractKind.AssetDigital, _ => Kernels.Pricing.ContractKind.European },
            Right = c.Call ? OptionRight.Call : OptionRight.Put, Spot = m.Spots[0], Strike = c.Strike, Expiry = years, Cash = c.Cash,
        };
        bool jumps = m.Model == Specification.MarketModel.Bates;
        var model = new Kernels.Pricing.MarketModel
        {
            Kind = jumps ? ModelKind.Bates : ModelKind.Heston, Rate = m.Rate, Kappa = m.Kappa, Theta = m.Theta, Xi = m.Xi, Rho = m.Rho, V0 = m.V0,
            Lambda = jumps ? m.Lambda : 0, JumpMean = jumps ? m.JumpMean : 0, JumpStdDev = jumps ? m.JumpStdDev : 0,
        };
        return Pricer.PriceOnly(in contract, in model, out double price) == PricingStatus.Ok ? price : null;
    }

    /// <summary>
    /// Kou, "A jump-diffusion model for option pricing", Management Science 48 (2002) 1086–1101: the probabilities of ending above the strike, in money and in units of the asset, by Gil-Pelaez's inversion of the
    /// characteristic function. The midpoint rule is exact here but for the density's mass beyond the period 2π/h and the function's beyond the last point; both are set below 1e-14.
    /// </summary>
    private static double? Kou(ContractSpecification c, MarketSpecification m, double years)
    {
        double sigma = m.Volatilities[0], total = sigma * Math.Sqrt(years), up = m.UpProbability > 0 ? m.UpRate - 1 : double.PositiveInfinity, down = m.UpProbability < 1 ? m.DownRate : double.PositiveInfinity;
        if (c.Strike <= 0 || total == 0) return null;
        double moneyness = Math.Log(m.Spots[0] / c.Strike) + m.Rate * years, jumps = m.Lambda * years;
        double reach = m.Lambda == 0 ? 0 : (40 + 6 * Math.Sqrt(jumps) + 3 * jumps) / Math.Min(up, down);
        double period = 2 * (Math.Abs(moneyness) + 12 * total + total * total + reach), step = 2 * Math.PI / period, last = 8.5 / total;
        if (!(last / step < PointsMost)) return null;
        double money = 0, asset = 0;
        for (double u = 0.5 * step; u < last; u += step)
        {
            Complex turn = Complex.Exp(new Complex(0, u * moneyness)) / new Complex(0, u);
            money += (turn * Characteristic(m, u, years)).Real;
            asset += (turn * Characteristic(m, new Complex(u, -1), years)).Real;
        }
        double above = 0.5 + money * step / Math.PI, aboveOfAsset = 0.5 + asset * step / Math.PI, discount = Math.Exp(-m.Rate * years), spot = m.Spots[0];
        if (!c.Call) (above, aboveOfAsset) = (1 - above, 1 - aboveOfAsset);
        return c.Contract switch
        {
            ContractKind.CashDigital => c.Cash * discount * above,
            ContractKind.AssetDigital => spot * aboveOfAsset,
            _ => (c.Call ? 1 : -1) * (spot * aboveOfAsset - c.Strike * discount * above),
        };
    }

    /// <summary>E e^(iuX) of X = ln(S_T/S_0) − rT, a martingale's logarithm: one at u = −i.</summary>
    private static Complex Characteristic(MarketSpecification m, Complex u, double years)
    {
        double variance = m.Volatilities[0] * m.Volatilities[0], p = m.UpProbability;
        Complex iu = Complex.ImaginaryOne * u;
        Complex jump = p * m.UpRate / (m.UpRate - iu) + (1 - p) * m.DownRate / (m.DownRate + iu) - 1;
        double mean = p * m.UpRate / (m.UpRate - 1) + (1 - p) * m.DownRate / (m.DownRate + 1) - 1;
        return Complex.Exp(years * (-0.5 * variance * (u * u + iu) + m.Lambda * (jump - iu * mean)));
    }
}
