using Appliance.Kernels.Scalar;
using Appliance.Lab.Random;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Markets;

/// <summary>
/// Heston's model, and with jumps of the price Bates's, by the quadratic-exponential scheme with martingale correction: the next variance is matched in its first two conditional moments, by a squared normal where
/// ψ = s²/m² ≤ 1.5 and by an exponential with a mass at zero above, which stays right when the Feller ratio 2κθ/ξ² is small. Source: Andersen, "Simple and efficient simulation of the Heston stochastic volatility
/// model", Journal of Computational Finance 11 (2008) 1–42, sections 3.2 and 4.3, with γ₁ = γ₂ = ½.
/// <para>Series: spot, variance, integratedVariance (∫v dt by the trapezoidal rule over substeps). Weak error falls with the substep; time.substeps sets it.</para>
/// </summary>
public sealed class HestonSimulator : MarketSimulator
{
    private const double SwitchPsi = 1.5;
    private readonly double _decay, _k0, _k1, _k2, _k3, _k4, _a, _varianceA, _varianceB, _drift;
    private readonly JumpCounts? _jumps;

    public HestonSimulator(MarketSpecification market, TimeSpecification time, ulong seed, ImportanceSpecification? importance = null)
        : base(market, time, seed, ["spot", "variance", "integratedVariance"], 1, 1, market.Model == MarketModel.Bates ? 2 : 1, usesSubsteps: true, importance)
    {
        double h = SubstepYears, kappa = market.Kappa, xi = market.Xi, rho = market.Rho;
        _decay = Math.Exp(-kappa * h);
        // Conditional variance of v is v·A + B; κ towards zero has its limit.
        _varianceA = kappa > 1e-10 ? xi * xi * _decay * (1 - _decay) / kappa : xi * xi * h;
        _varianceB = kappa > 1e-10 ? market.Theta * xi * xi * (1 - _decay) * (1 - _decay) / (2 * kappa) : 0;
        double ratio = xi > 1e-12 ? rho / xi : 0;
        _k0 = -ratio * kappa * market.Theta * h;
        _k1 = 0.5 * h * (kappa * ratio - 0.5) - ratio;
        _k2 = 0.5 * h * (kappa * ratio - 0.5) + ratio;
        _k3 = _k4 = 0.5 * h * (xi > 1e-12 ? 1 - rho * rho : 1);
        _a = _k2 + 0.5 * _k4;
        double compensation = market.Model == MarketModel.Bates ? market.Lambda * (Math.Exp(market.JumpMean + 0.5 * market.JumpStdDev * market.JumpStdDev) - 1) : 0;
        _drift = (market.Drift - compensation) * h;
        _jumps = market.Model == MarketModel.Bates ? new JumpCounts(market.Lambda * h, Tilt) : null;
    }

    /// <summary>Price, variance, its integral, normals of the variance, exponents and factors of the price.</summary>
    protected override int OwnScratchRows => 6;

    protected override void FillPaths(PathBlock block, long firstPath)
    {
        var spot = OwnScratch(block, 0);
        var variance = OwnScratch(block, 1);
        var integral = OwnScratch(block, 2);
        spot.Fill(Market.Spots[0]);
        variance.Fill(Market.V0);
        integral.Clear();
        Store(block, 0, spot, variance, integral);
        for (int step = 0; step < Steps; step++)
        {
            for (int sub = 0; sub < Substeps; sub++) Substep(block, firstPath, step * Substeps + sub, spot, variance, integral);
            Store(block, step + 1, spot, variance, integral);
        }
    }

    private void Substep(PathBlock block, long firstPath, int index, Span<double> spot, Span<double> variance, Span<double> integral)
    {
        var own = OwnScratch(block, 3);
        var exponent = OwnScratch(block, 4);
        var factor = OwnScratch(block, 5);
        var normals = Draws.Normals(block, firstPath, 0, index);
        var uniforms = Draws.Uniforms(block, firstPath, 0, index);
        uniforms.CopyTo(own);
        RowMath.ToNormal(own);
        for (int p = 0; p < spot.Length; p++)
        {
            double v = variance[p], next = NextVariance(v, uniforms[p], own[p], out double correction, out factor[p]);
            exponent[p] = _drift + correction + _k1 * v + _k2 * next + Math.Sqrt(Math.Max(0, _k3 * v + _k4 * next)) * normals[p];
            variance[p] = next;
            integral[p] += 0.5 * SubstepYears * (v + next);
        }
        if (_jumps is not null) AddJumps(block, firstPath, index, exponent);
        RowMath.LogNormalStep(spot, exponent, 0, 1, spot);
        for (int p = 0; p < spot.Length; p++) spot[p] *= factor[p];
    }

    private void AddJumps(PathBlock block, long firstPath, int index, Span<double> exponent)
    {
        var jumps = Draws.Uniforms(block, firstPath, 1, index);
        for (int p = 0; p < exponent.Length; p++)
        {
            int count = _jumps!.Count(block, p, jumps[p]);
            if (count == 0) continue;
            exponent[p] += count * Market.JumpMean + Math.Sqrt(count) * Market.JumpStdDev * Draws.Normal(firstPath + p, 0, index);
        }
    }

    /// <summary>The next variance, and what keeps the price's mean: K0* is −log E exp(A v′) − (K1 + ½K3)v, of which the part that is no logarithm stands in the correction and the rest is a factor of the price.</summary>
    private double NextVariance(double v, double uniform, double normal, out double correction, out double factor)
    {
        double mean = Market.Theta + (v - Market.Theta) * _decay, square = v * _varianceA + _varianceB;
        double tail = _k1 * v + 0.5 * _k3 * v;
        factor = 1;
        if (!(mean > 0) || square <= 1e-300)
        {
            double settled = Math.Max(mean, 0);
            correction = -tail - _a * settled;
            return settled;
        }
        double psi = square / (mean * mean);
        if (psi <= SwitchPsi)
        {
            double inverse = 2 / psi, b2 = inverse - 1 + Math.Sqrt(inverse * Math.Max(0, inverse - 1)), a = mean / (1 + b2);
            double room = 1 - 2 * _a * a, shifted = Math.Sqrt(b2) + normal;
            if (room > 0)
            {
                correction = -_a * b2 * a / room - tail;
                factor = Math.Sqrt(room);
            }
            else correction = _k0;
            return a * shifted * shifted;
        }
        double p = (psi - 1) / (psi + 1), beta = (1 - p) / mean;
        if (beta > _a)
        {
            correction = -tail;
            factor = 1 / (p + beta * (1 - p) / (beta - _a));
        }
        else correction = _k0;
        return uniform <= p ? 0 : Elementary.Log((1 - p) / (1 - uniform)) / beta;
    }

    private static void Store(PathBlock block, int step, ReadOnlySpan<double> spot, ReadOnlySpan<double> variance, ReadOnlySpan<double> integral)
    {
        spot.CopyTo(block.Row(0, step));
        variance.CopyTo(block.Row(1, step));
        integral.CopyTo(block.Row(2, step));
    }
}
