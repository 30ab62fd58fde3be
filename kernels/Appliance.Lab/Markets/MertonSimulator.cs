using Appliance.Kernels.Scalar;
using Appliance.Lab.Random;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Markets;

/// <summary>
/// Merton's jump diffusion, exactly: over a step the log price moves by (μ − λk − σ²/2)h + σ√h·z + N·m + √N·s·z′ with N Poisson of mean λh, jumps of log mean m and deviation s, and
/// k = e^(m + s²/2) − 1, so that E S_T = S_0 e^(μT). Source: Merton, "Option pricing when underlying stock returns are discontinuous", Journal of Financial Economics 3 (1976) 125–144;
/// Glasserman, "Monte Carlo Methods in Financial Engineering", Springer 2004, section 3.5.1.
/// </summary>
public sealed class MertonSimulator : MarketSimulator
{
    private readonly double _drift, _deviation;
    private readonly JumpCounts _jumps;

    public MertonSimulator(MarketSpecification market, TimeSpecification time, ulong seed, ImportanceSpecification? importance = null)
        : base(market, time, seed, ["spot"], 1, 1, 1, usesSubsteps: false, importance)
    {
        double h = time.StepYears, v = market.Volatilities[0];
        double k = Math.Exp(market.JumpMean + 0.5 * market.JumpStdDev * market.JumpStdDev) - 1;
        _drift = (market.Drift - market.Lambda * k - 0.5 * v * v) * h;
        _deviation = v * Math.Sqrt(h);
        _jumps = new JumpCounts(market.Lambda * h, Tilt);
    }

    protected override void FillPaths(PathBlock block, long firstPath)
    {
        block.Row(0, 0).Fill(Market.Spots[0]);
        for (int step = 0; step < Steps; step++)
        {
            var next = block.Row(0, step + 1);
            RowMath.LogNormalStep(block.Row(0, step), Draws.Normals(block, firstPath, 0, step), _drift, _deviation, next);
            var uniforms = Draws.Uniforms(block, firstPath, 0, step);
            for (int i = 0; i < next.Length; i++)
            {
                int count = _jumps.Count(block, i, uniforms[i]);
                if (count == 0) continue;
                next[i] *= Elementary.Exp(count * Market.JumpMean + Math.Sqrt(count) * Market.JumpStdDev * Draws.Normal(firstPath + i, 0, step));
            }
        }
    }
}
