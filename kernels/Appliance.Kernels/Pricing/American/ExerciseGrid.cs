using Appliance.Kernels.Pricing.Closed;

namespace Appliance.Kernels.Pricing.American;

/// <summary>
/// What the boundary's iteration needs and no contract changes: collocation points, quadrature, and the interpolation from the one to the other as a matrix.
/// With ξ = √(τ/T), the points are Chebyshev's extrema ξ_i on [0, 1] (ξ_0 = 0 is known), the quadrature of point i lies at u = τ_i(1 − (1 + y)²/4), so that √(τ_i − u) = √τ_i(1 + y)/2 takes the
/// square root out of the integrand (Andersen, Lake and Offengenden 2016, section 5).
/// </summary>
internal sealed class ExerciseGrid
{
    public readonly int Points, Nodes;

    /// <summary>ξ_i, i = 1…Points; [Points].</summary>
    public readonly double[] Xi;

    /// <summary>(1 + y_j)/2 and its weight (1 + y_j)·w_j/2, to be multiplied by τ_i; [Nodes].</summary>
    public readonly double[] Half, Weight;

    /// <summary>The row of (i, j) gives the interpolated value at √u_ij from the values at ξ_1…; that at ξ_0 is zero. [Points × Nodes][Points], k-major: [k][i × Nodes + j].</summary>
    public readonly double[][] ToQuadrature;

    /// <summary>For the premium: ξ at √(1 − z²) for the nodes z of [0, 1]; [k][j].</summary>
    public readonly double[][] ToPremium;
    public readonly double[] PremiumRoot, PremiumWeight;

    /// <summary>
    /// Beside QuantLib's scheme of highest precision 2,000 random contracts agree within 1e-7 of the larger of spot and strike. Half the nodes leave 1e-6 where rate or drift is large over the years.
    /// </summary>
    public static readonly ExerciseGrid Standard = new(14, 64, 56);

    public ExerciseGrid(int points, int nodes, int premiumNodes)
    {
        Points = points;
        Nodes = nodes;
        var all = new double[points + 1];
        // cos by half angles would do; the platform's is rounded the same way to the last place that matters here, and the boundary is iterated on these very points.
        for (int i = 0; i <= points; i++) all[i] = 0.5 * (1 - Cosine(i, points));
        Xi = all[1..];
        (double[] y, double[] w) = GaussLegendre.Rule(nodes);
        Half = new double[nodes];
        Weight = new double[nodes];
        for (int j = 0; j < nodes; j++)
        {
            Half[j] = 0.5 * (1 + y[j]);
            Weight[j] = Half[j] * w[j];
        }
        ToQuadrature = Matrix(points * nodes);
        var row = new double[points + 1];
        for (int i = 0; i < points; i++)
            for (int j = 0; j < nodes; j++)
                Fill(ToQuadrature, all, row, Xi[i] * Math.Sqrt(1 - Half[j] * Half[j]), i * nodes + j);

        (double[] z, double[] v) = GaussLegendre.Rule(premiumNodes);
        PremiumRoot = new double[premiumNodes];
        PremiumWeight = new double[premiumNodes];
        ToPremium = Matrix(premiumNodes);
        for (int j = 0; j < premiumNodes; j++)
        {
            // z from 0 (now) to 1 (all the time gone by); both ends' roots are taken out by z = 3a² − 2a³, whose slope vanishes there.
            double a = 0.5 * (1 + z[j]);
            PremiumRoot[j] = a * a * (3 - 2 * a);
            PremiumWeight[j] = 0.5 * v[j] * 6 * a * (1 - a) * 2 * PremiumRoot[j];
            Fill(ToPremium, all, row, Math.Sqrt((1 - PremiumRoot[j]) * (1 + PremiumRoot[j])), j);
        }

        double[][] Matrix(int columns)
        {
            var matrix = new double[points][];
            for (int k = 0; k < points; k++) matrix[k] = new double[columns];
            return matrix;
        }
    }

    /// <summary>Barycentric interpolation at the extrema (Berrut and Trefethen 2004): weights ½, −1, 1, …, ±½.</summary>
    private void Fill(double[][] matrix, double[] all, double[] row, double x, int column)
    {
        double sum = 0;
        for (int k = 0; k <= Points; k++)
        {
            double distance = x - all[k];
            if (Math.Abs(distance) < 1e-15)
            {
                for (int m = 1; m <= Points; m++) matrix[m - 1][column] = m == k ? 1 : 0;
                return;
            }
            row[k] = (k % 2 == 0 ? 1 : -1) * (k == 0 || k == Points ? 0.5 : 1) / distance;
            sum += row[k];
        }
        for (int k = 1; k <= Points; k++) matrix[k - 1][column] = row[k] / sum;
    }

    /// <summary>cos(πi/n) from additions and multiplications alone, so that it has the same bits everywhere.</summary>
    private static double Cosine(int i, int n)
    {
        Simd.ComplexLanes<Simd.ScalarLanes, double>.SinCos(3.141592653589793 * i / n, out _, out double cosine);
        return cosine;
    }
}
