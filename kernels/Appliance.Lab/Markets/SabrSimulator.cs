using Appliance.Kernels.Scalar;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Markets;

/// <summary>
/// SABR: S = F·e^(μt), dF = α F^β dW, dα = ν α dZ, correlation ρ. The volatility is stepped exactly; the price by its logarithm at the volatility αF^(β−1) of the substep's start, which keeps E F exactly. The price
/// stays above zero, where a path with β below ½ would be absorbed; use substeps there. Source: Hagan, Kumar, Lesniewski and Woodward, "Managing smile risk", Wilmott September 2002, 84–108.
/// Series: spot, volatility (α).
/// </summary>
public sealed class SabrSimulator : MarketSimulator
{
    /// <summary>A local volatility above this in one substep is cut: a path next to zero is worth nothing either way.</summary>
    private const double DeviationMost = 5;

    public SabrSimulator(MarketSpecification market, TimeSpecification time, ulong seed, ImportanceSpecification? importance = null)
        : base(market, time, seed, ["spot", "volatility"], 1, 2, 0, usesSubsteps: true, importance) { }

    protected override int OwnScratchRows => 3;

    protected override void FillPaths(PathBlock block, long firstPath)
    {
        var forward = OwnScratch(block, 0);
        var alpha = OwnScratch(block, 1);
        var move = OwnScratch(block, 2);
        forward.Fill(Market.Spots[0]);
        alpha.Fill(Market.Alpha);
        block.Row(0, 0).Fill(Market.Spots[0]);
        block.Row(1, 0).Fill(Market.Alpha);
        double h = SubstepYears, root = Math.Sqrt(h), rho = Market.Rho, own = Math.Sqrt(1 - rho * rho), nu = Market.Nu, exponent = Market.Beta - 1;
        for (int step = 0; step < Steps; step++)
        {
            for (int sub = 0; sub < Substeps; sub++)
            {
                int index = step * Substeps + sub;
                var z1 = Draws.Normals(block, firstPath, 0, index);
                var z2 = Draws.Normals(block, firstPath, 1, index);
                for (int p = 0; p < forward.Length; p++)
                {
                    double local = exponent == 0 ? alpha[p] : alpha[p] * Elementary.Exp(exponent * Elementary.Log(forward[p]));
                    double deviation = Math.Min(local * root, DeviationMost);
                    move[p] = deviation * (rho * z2[p] + own * z1[p]) - 0.5 * deviation * deviation;
                }
                RowMath.LogNormalStep(forward, move, 0, 1, forward);
                for (int p = 0; p < forward.Length; p++) forward[p] = Math.Max(forward[p], 1e-300);
                RowMath.LogNormalStep(alpha, z2, -0.5 * nu * nu * h, nu * root, alpha);
            }
            double growth = Math.Exp(Market.Drift * (step + 1) * StepYears);
            var spot = block.Row(0, step + 1);
            for (int p = 0; p < spot.Length; p++) spot[p] = growth * forward[p];
            alpha.CopyTo(block.Row(1, step + 1));
        }
    }
}
