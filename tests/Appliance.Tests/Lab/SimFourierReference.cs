using System.Numerics;
using Appliance.Lab.Specification;

namespace Appliance.Tests.Lab;

/// <summary>
/// Calls from the characteristic function by Lewis's integral, C = S − √(SK)e^(−rT/2)/π ∫₀^∞ Re[e^(iuk) φ(u − i/2)] du/(u² + ¼), k = ln(S/K) + rT, by the trapezoidal rule: written for the tests and sharing nothing with
/// the simulators. Heston's function in the form of Albrecher, Mayer, Schoutens and Tistaert, "The little Heston trap", Wilmott January 2007.
/// </summary>
internal static class SimFourierReference
{
    public static double Call(MarketSpecification m, double strike, double years)
    {
        double spot = m.Spots[0], k = Math.Log(spot / strike) + m.Rate * years, sum = 0;
        const double Step = 0.01;
        for (int i = 0; i <= 40_000; i++)
        {
            double u = i * Step;
            Complex phi = Characteristic(m, new Complex(u, -0.5), years);
            double term = (Complex.Exp(new Complex(0, u * k)) * phi).Real / (u * u + 0.25);
            sum += (i == 0 ? 0.5 : 1) * term;
        }
        return spot - Math.Sqrt(spot * strike) * Math.Exp(-0.5 * m.Rate * years) / Math.PI * sum * Step;
    }

    /// <summary>E exp(iu X), X = ln(S_T/S_0) − rT.</summary>
    private static Complex Characteristic(MarketSpecification m, Complex u, double t)
    {
        Complex i = Complex.ImaginaryOne, log = Complex.Zero;
        if (m.Model == MarketModel.Kou)
        {
            double v = m.Volatilities[0], p = m.UpProbability, a = m.UpRate, b = m.DownRate, mean = p * a / (a - 1) + (1 - p) * b / (b + 1) - 1;
            Complex jump = p * a / (a - i * u) + (1 - p) * b / (b + i * u) - 1;
            return Complex.Exp(t * (-0.5 * v * v * (u * u + i * u) + m.Lambda * (jump - i * u * mean)));
        }
        Complex d = Complex.Sqrt(Complex.Pow(m.Rho * m.Xi * i * u - m.Kappa, 2) + m.Xi * m.Xi * (i * u + u * u));
        Complex g = (m.Kappa - m.Rho * m.Xi * i * u - d) / (m.Kappa - m.Rho * m.Xi * i * u + d), e = Complex.Exp(-d * t);
        log = m.Kappa * m.Theta / (m.Xi * m.Xi) * ((m.Kappa - m.Rho * m.Xi * i * u - d) * t - 2 * Complex.Log((1 - g * e) / (1 - g)))
            + m.V0 / (m.Xi * m.Xi) * (m.Kappa - m.Rho * m.Xi * i * u - d) * (1 - e) / (1 - g * e);
        if (m.Model == MarketModel.Bates)
        {
            double mean = Math.Exp(m.JumpMean + 0.5 * m.JumpStdDev * m.JumpStdDev) - 1;
            log += t * m.Lambda * (Complex.Exp(i * u * m.JumpMean - 0.5 * m.JumpStdDev * m.JumpStdDev * u * u) - 1 - i * u * mean);
        }
        return Complex.Exp(log);
    }
}
