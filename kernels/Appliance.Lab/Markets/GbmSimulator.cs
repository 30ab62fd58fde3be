using Appliance.Lab.Specification;

namespace Appliance.Lab.Markets;

/// <summary>
/// Geometric Brownian motion, one underlying or several correlated ones, by its exact transition: S(t + h) = S(t)·exp((μ − σ²/2)h + σ√h·z), z correlated by the Cholesky factor.
/// </summary>
public sealed class GbmSimulator : MarketSimulator
{
    private readonly double[] _drifts, _deviations, _cholesky;

    public GbmSimulator(MarketSpecification market, TimeSpecification time, ulong seed, ImportanceSpecification? importance = null)
        : base(market, time, seed, Names(market.Spots.Count), market.Spots.Count, market.Spots.Count, 0, usesSubsteps: false, importance)
    {
        double h = time.StepYears;
        int n = Underlyings;
        _drifts = [.. market.Volatilities.Select(v => (market.Drift - 0.5 * v * v) * h)];
        _deviations = [.. market.Volatilities.Select(v => v * Math.Sqrt(h))];
        _cholesky = n == 1 ? [1.0] : CorrelationMatrix.Cholesky(market.Correlation, n);
    }

    protected override int OwnScratchRows => Market.Spots.Count == 1 ? 0 : 1;

    protected override void FillPaths(PathBlock block, long firstPath)
    {
        int n = Underlyings;
        for (int u = 0; u < n; u++) block.Row(u, 0).Fill(Market.Spots[u]);
        for (int step = 0; step < Steps; step++)
        {
            if (n == 1)
            {
                RowMath.LogNormalStep(block.Row(0, step), Draws.Normals(block, firstPath, 0, step), _drifts[0], _deviations[0], block.Row(0, step + 1));
                continue;
            }
            var mixed = OwnScratch(block, 0);
            for (int u = 0; u < n; u++)
            {
                mixed.Clear();
                for (int k = 0; k <= u; k++)
                {
                    // Each stream is drawn when the underlying of its own number is reached; later ones find it in the scratch rows.
                    var z = k == u ? Draws.Normals(block, firstPath, k, step) : Draws.Drawn(block, k, step);
                    double weight = _cholesky[u * n + k];
                    for (int i = 0; i < mixed.Length; i++) mixed[i] = Math.FusedMultiplyAdd(weight, z[i], mixed[i]);
                }
                RowMath.LogNormalStep(block.Row(u, step), mixed, _drifts[u], _deviations[u], block.Row(u, step + 1));
            }
        }
    }

    internal static string[] Names(int count) => count == 1 ? ["spot"] : [.. Enumerable.Range(0, count).Select(i => $"spot{i}")];
}
