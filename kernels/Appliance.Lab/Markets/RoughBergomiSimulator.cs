using Appliance.Lab.Specification;

namespace Appliance.Lab.Markets;

/// <summary>
/// Rough Bergomi, v = ξ₀·exp(ηY − ½η² Var Y) with Y = √(2H)∫(t − s)^(H−½)dW, by the hybrid scheme with one exact cell: the singular last cell is drawn jointly with its Brownian increment, older cells take the power
/// function at its optimal point. Sources: Bayer, Friz and Gatheral, "Pricing under rough volatility", Quantitative Finance 16 (2016) 887–904; Bennedsen, Lunde and Pakkanen, "Hybrid scheme for Brownian semistationary
/// processes", Finance and Stochastics 21 (2017) 931–965, with κ = 1. The variance of Y that is subtracted is the scheme's own, so that E v = ξ₀ exactly at every step; the price's log steps by the variance of the
/// substep's start, which keeps E S. Work grows with the square of steps·substeps. Series: spot, variance.
/// </summary>
public sealed class RoughBergomiSimulator : MarketSimulator
{
    private readonly double[] _kernel, _halfVariance;
    private readonly double _cellOnIncrement, _cellOwn, _root;

    public RoughBergomiSimulator(MarketSpecification market, TimeSpecification time, ulong seed, ImportanceSpecification? importance = null)
        : base(market, time, seed, ["spot", "variance"], 1, 3, 0, usesSubsteps: true, importance)
    {
        int n = time.Steps * Substeps;
        double a = market.Hurst - 0.5, h = SubstepYears, scale = Math.Sqrt(2 * market.Hurst);
        _root = Math.Sqrt(h);
        // kernel[k]: weight of the increment of k cells ago, k = 2 … n.
        _kernel = new double[n + 1];
        for (int k = 2; k <= n; k++) _kernel[k] = scale * Math.Pow(h, a) * (Math.Pow(k, a + 1) - Math.Pow(k - 1, a + 1)) / (a + 1) * _root;
        // The last cell: variance h^(2a+1)/(2a+1), covariance with the increment h^(a+1)/(a+1).
        double variance = Math.Pow(h, 2 * a + 1) / (2 * a + 1), covariance = Math.Pow(h, a + 1) / (a + 1);
        _cellOnIncrement = scale * covariance / _root;
        _cellOwn = scale * Math.Sqrt(Math.Max(0, variance - covariance * covariance / h));
        _halfVariance = new double[n + 1];
        double sum = _cellOnIncrement * _cellOnIncrement + _cellOwn * _cellOwn;
        for (int i = 1; i <= n; i++)
        {
            if (i >= 2) sum += _kernel[i] * _kernel[i];
            _halfVariance[i] = 0.5 * market.Eta * market.Eta * sum;
        }
    }

    /// <summary>The increments of every substep so far, and five rows of work.</summary>
    protected override int OwnScratchRows => Time.Steps * Substeps + 5;

    protected override void FillPaths(PathBlock block, long firstPath)
    {
        const int History = 5;
        var spot = OwnScratch(block, 0);
        var variance = OwnScratch(block, 1);
        var volterra = OwnScratch(block, 2);
        var move = OwnScratch(block, 3);
        var forward = OwnScratch(block, 4);
        forward.Fill(Market.ForwardVariance);
        spot.Fill(Market.Spots[0]);
        variance.Fill(Market.ForwardVariance);
        spot.CopyTo(block.Row(0, 0));
        variance.CopyTo(block.Row(1, 0));
        double h = SubstepYears, rho = Market.Rho, own = Math.Sqrt(1 - rho * rho), eta = Market.Eta;
        for (int step = 0; step < Steps; step++)
        {
            for (int sub = 0; sub < Substeps; sub++)
            {
                int index = step * Substeps + sub;
                var z1 = Draws.Normals(block, firstPath, 0, index);
                var z2 = Draws.Normals(block, firstPath, 1, index);
                var z3 = Draws.Normals(block, firstPath, 2, index);
                for (int p = 0; p < spot.Length; p++)
                {
                    double deviation = Math.Sqrt(variance[p]) * _root;
                    move[p] = deviation * (rho * z1[p] + own * z3[p]) - 0.5 * deviation * deviation;
                    volterra[p] = _cellOnIncrement * z1[p] + _cellOwn * z2[p];
                }
                RowMath.LogNormalStep(spot, move, Market.Drift * h, 1, spot);
                z1.CopyTo(OwnScratch(block, History + index));
                for (int k = 2; k <= index + 1; k++) RowMath.AddScaled(volterra, OwnScratch(block, History + index + 1 - k), _kernel[k]);
                RowMath.LogNormalStep(forward, volterra, -_halfVariance[index + 1], eta, variance);
            }
            spot.CopyTo(block.Row(0, step + 1));
            variance.CopyTo(block.Row(1, step + 1));
        }
    }
}
