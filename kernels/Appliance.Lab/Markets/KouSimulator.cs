using Appliance.Kernels.Scalar;
using Appliance.Lab.Random;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Markets;

/// <summary>
/// Kou's double-exponential jump diffusion, exactly: a Poisson number of jumps a step, each upwards with probability p and exponential of rate η₁, else downwards of rate η₂; compensated by
/// λ(pη₁/(η₁ − 1) + (1 − p)η₂/(η₂ + 1) − 1), so that E S_T = S_0 e^(μT). Source: Kou, "A jump-diffusion model for option pricing", Management Science 48 (2002) 1086–1101.
/// </summary>
public sealed class KouSimulator : MarketSimulator
{
    /// <summary>Places for the jumps of one step in the field of lone numbers: more than a step of mean 100 ever has.</summary>
    private const int JumpsMost = 512;
    private readonly double _drift, _deviation;
    private readonly JumpCounts _jumps;

    public KouSimulator(MarketSpecification market, TimeSpecification time, ulong seed, ImportanceSpecification? importance = null)
        : base(market, time, seed, ["spot"], 1, 1, 1, usesSubsteps: false, importance)
    {
        double h = time.StepYears, v = market.Volatilities[0];
        _drift = (market.Drift - market.Lambda * MeanJump(market) - 0.5 * v * v) * h;
        _deviation = v * Math.Sqrt(h);
        _jumps = new JumpCounts(market.Lambda * h, Tilt);
    }

    /// <summary>E(e^J) − 1.</summary>
    public static double MeanJump(MarketSpecification m) => m.UpProbability * m.UpRate / (m.UpRate - 1) + (1 - m.UpProbability) * m.DownRate / (m.DownRate + 1) - 1;

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
                double sum = 0;
                for (int j = 0; j < count; j++) sum += Jump(Draws.Uniform(firstPath + i, 0, step * JumpsMost + j));
                next[i] *= Elementary.Exp(sum);
            }
        }
    }

    /// <summary>One uniform says the direction, and what is left of it the size.</summary>
    private double Jump(double u)
    {
        double p = Market.UpProbability;
        return u < p ? -Elementary.Log(u / p) / Market.UpRate : Elementary.Log((1 - u) / (1 - p)) / Market.DownRate;
    }
}
