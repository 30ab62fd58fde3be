using Appliance.Lab.Specification;

namespace Appliance.Lab.Markets;

/// <summary>
/// Paths from the returns of a real history, one observation a step, by the stationary bootstrap: blocks of consecutive returns that begin anywhere, go round at the end, and have geometric lengths of the given mean
/// (Politis and Romano, "The stationary bootstrap", Journal of the American Statistical Association 89 (1994) 1303–1313). Returns are shifted by a constant so that E S_T = S_0 e^(μT) as in every model; their
/// dispersion and dependence are history's.
/// </summary>
public sealed class BootstrapSimulator : MarketSimulator
{
    private readonly double[] _factors;

    /// <param name="returns">Log returns of the part of the history that these paths may draw from.</param>
    public BootstrapSimulator(MarketSpecification market, TimeSpecification time, ulong seed, double[] returns)
        : base(market, time, seed, ["spot"], 1, 0, 2, usesSubsteps: false)
    {
        double mean = returns.Average(Math.Exp), target = Math.Exp(market.Drift * time.StepYears);
        _factors = [.. returns.Select(r => Math.Exp(r) * target / mean)];
    }

    protected override int OwnScratchRows => 1;

    protected override void FillPaths(PathBlock block, long firstPath)
    {
        var place = OwnScratch(block, 0);
        block.Row(0, 0).Fill(Market.Spots[0]);
        double anew = 1 / Market.BlockLength;
        for (int step = 0; step < Steps; step++)
        {
            var begins = Draws.Uniforms(block, firstPath, 0, step);
            var where = Draws.Uniforms(block, firstPath, 1, step);
            var previous = block.Row(0, step);
            var next = block.Row(0, step + 1);
            for (int p = 0; p < next.Length; p++)
            {
                int at = step == 0 || begins[p] < anew ? (int)(where[p] * _factors.Length) : (int)place[p] + 1;
                if (at >= _factors.Length) at = 0;
                place[p] = at;
                next[p] = previous[p] * _factors[at];
            }
        }
    }
}
