using Appliance.Lab.Specification;

namespace Appliance.Lab.Markets;

/// <summary>
/// Geometric Brownian motion whose volatility (and drift, where given) follows a Markov chain in continuous time. The chain is exact at the substeps, by the exponential of its generator; within one the volatility is
/// that of its start, so that switching is as fine as time.substeps. Source: Hardy, "A regime-switching model of long-term stock returns", North American Actuarial Journal 5 (2001) 41–53.
/// Series: spot, regime.
/// </summary>
public sealed class RegimeSwitchingSimulator : MarketSimulator
{
    private readonly int _regimes;
    private readonly double[] _cumulative, _drift, _deviation;

    public RegimeSwitchingSimulator(MarketSpecification market, TimeSpecification time, ulong seed, ImportanceSpecification? importance = null)
        : base(market, time, seed, ["spot", "regime"], 1, 1, 1, usesSubsteps: true, importance)
    {
        _regimes = market.RegimeVolatilities.Count;
        double[] transition = Transition(market, SubstepYears);
        _cumulative = new double[_regimes * _regimes];
        for (int i = 0; i < _regimes; i++)
        {
            double sum = 0;
            for (int j = 0; j < _regimes; j++) _cumulative[i * _regimes + j] = sum += transition[i * _regimes + j];
        }
        _deviation = [.. market.RegimeVolatilities.Select(v => v * Math.Sqrt(SubstepYears))];
        _drift = [.. market.RegimeVolatilities.Select((v, i) => ((market.RegimeDrifts.Count > 0 ? market.RegimeDrifts[i] : market.Drift) - 0.5 * v * v) * SubstepYears)];
    }

    /// <summary>exp(Q·years), by Taylor's series after halving until the rates are small, and squaring back.</summary>
    public static double[] Transition(MarketSpecification market, double years)
    {
        int n = market.RegimeVolatilities.Count;
        var q = new double[n * n];
        double greatest = 0;
        for (int i = 0; i < n; i++)
        {
            double leave = 0;
            for (int j = 0; j < n; j++)
                if (i != j) leave += q[i * n + j] = market.RegimeIntensities[i * n + j] * years;
            q[i * n + i] = -leave;
            greatest = Math.Max(greatest, leave);
        }
        int halvings = Math.Max(0, (int)Math.Ceiling(Math.Log2(Math.Max(greatest, 1e-300) / 0.1)));
        for (int i = 0; i < q.Length; i++) q[i] /= Math.Pow(2, halvings);
        double[] sum = Identity(n), term = Identity(n);
        for (int k = 1; k <= 14; k++)
        {
            term = Product(term, q, n);
            for (int i = 0; i < term.Length; i++) sum[i] += term[i] /= k;
        }
        for (int k = 0; k < halvings; k++) sum = Product(sum, sum, n);
        return sum;
    }

    protected override int OwnScratchRows => 3;

    protected override void FillPaths(PathBlock block, long firstPath)
    {
        var spot = OwnScratch(block, 0);
        var regime = OwnScratch(block, 1);
        var move = OwnScratch(block, 2);
        spot.Fill(Market.Spots[0]);
        regime.Fill(Market.InitialRegime);
        spot.CopyTo(block.Row(0, 0));
        regime.CopyTo(block.Row(1, 0));
        for (int step = 0; step < Steps; step++)
        {
            for (int sub = 0; sub < Substeps; sub++)
            {
                int index = step * Substeps + sub;
                var normals = Draws.Normals(block, firstPath, 0, index);
                var uniforms = Draws.Uniforms(block, firstPath, 0, index);
                for (int p = 0; p < spot.Length; p++)
                {
                    int r = (int)regime[p];
                    move[p] = Math.FusedMultiplyAdd(_deviation[r], normals[p], _drift[r]);
                    int next = 0;
                    while (next < _regimes - 1 && uniforms[p] > _cumulative[r * _regimes + next]) next++;
                    regime[p] = next;
                }
                RowMath.LogNormalStep(spot, move, 0, 1, spot);
            }
            spot.CopyTo(block.Row(0, step + 1));
            regime.CopyTo(block.Row(1, step + 1));
        }
    }

    private static double[] Identity(int n)
    {
        var m = new double[n * n];
        for (int i = 0; i < n; i++) m[i * n + i] = 1;
        return m;
    }

    private static double[] Product(double[] a, double[] b, int n)
    {
        var c = new double[n * n];
        for (int i = 0; i < n; i++)
            for (int k = 0; k < n; k++)
                for (int j = 0; j < n; j++) c[i * n + j] += a[i * n + k] * b[k * n + j];
        return c;
    }
}
