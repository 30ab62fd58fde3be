using Appliance.Kernels.Pricing.Closed;

namespace Appliance.Kernels.Pricing.American;

/// <summary>
/// What the boundary's iteration needs and no contract changes: collocation points, quadrature, and the interpolation from the one to the other as a matrix.
/// With ξ = √(τ/T), the points are Chebyshev's extrema ξ_i on [0, 1] (ξ_0 = 0, where the boundary is known). The quadrature of point i lies at u = τ_i·cos²θ, so that both √u and √(τ_i − u) are smooth in θ and Gauss's rule
/// over [0, π/2] converges at once; Andersen, Lake and Offengenden 2016, section 5, take out the second root alone.
/// </summary>
internal sealed class ExerciseGrid
{
    /// <summary>Points are laid out in groups of this many whatever the register's width, so that one table serves all.</summary>
    private const int Group = 8;

    /// <summary>Points is a multiple of eight.</summary>
    public readonly int Points, Nodes;

    /// <summary>How far the price may be off, at most, for what <see cref="AmericanPut.Roughness"/> sees: errors relative to the larger of spot and strike stayed below a third of it.</summary>
    public readonly double ErrorPerRoughness;

    /// <summary>ξ_i, i = 1…Points; [Points].</summary>
    public readonly double[] Xi;

    /// <summary>sin θ_j and one over it, cos²θ_j, and du/τ_i at node j: 2 sin θ cos θ dθ; [Nodes].</summary>
    public readonly double[] Sine, PerSine, CosineSquare, Weight;

    /// <summary>The weight of the value at ξ_k in the interpolated value at ξ_(i+1)·cos θ_j. [Points / 8][Nodes][Points + 1][8]: group of i, j, k, i within its group.</summary>
    public readonly double[] ToQuadrature;

    /// <summary>For the premium: √(u/T) = z at node j and du/T; [PremiumNodes], a multiple of eight. ToPremium: the interpolation to ξ = √(1 − z²); [k][j].</summary>
    public readonly double[] PremiumRoot, PremiumWeight;
    public readonly double[][] ToPremium;

    /// <summary>Chebyshev's last two coefficients from the values at ξ_0…; [Points + 1] each.</summary>
    public readonly double[] Last, LastButOne;

    /// <summary>
    /// Coarse holds 1e-7 for most options of up to two years; what it does not hold goes to the middle one, and then to the fine one, which holds 2e-7 up to thirty years.
    /// </summary>
    public static readonly ExerciseGrid Coarse = new(8, 12, 32, 0.12), Middle = new(16, 16, 32, 0.012), Fine = new(24, 32, 64, 0);

    public ExerciseGrid(int points, int nodes, int premiumNodes, double errorPerRoughness)
    {
        Points = points;
        Nodes = nodes;
        ErrorPerRoughness = errorPerRoughness;
        var all = new double[points + 1];
        for (int i = 0; i <= points; i++) all[i] = 0.5 * (1 - Cosine(i, points));
        Xi = all[1..];
        (double[] y, double[] w) = GaussLegendre.Rule(nodes);
        Sine = new double[nodes];
        PerSine = new double[nodes];
        CosineSquare = new double[nodes];
        Weight = new double[nodes];
        ToQuadrature = new double[points * nodes * (points + 1)];
        var row = new double[points + 1];
        for (int j = 0; j < nodes; j++)
        {
            SinCos(0.25 * Math.PI * (1 + y[j]), out double sine, out double cosine);
            Sine[j] = sine;
            PerSine[j] = 1 / sine;
            CosineSquare[j] = cosine * cosine;
            Weight[j] = 0.5 * Math.PI * sine * cosine * w[j];
            for (int i = 0; i < points; i++)
            {
                Interpolation(all, row, Xi[i] * cosine);
                for (int k = 0; k <= points; k++) ToQuadrature[At(i, j) + k * Group] = row[k];
            }
        }

        (double[] z, double[] v) = GaussLegendre.Rule(premiumNodes);
        PremiumRoot = new double[premiumNodes];
        PremiumWeight = new double[premiumNodes];
        ToPremium = new double[points + 1][];
        for (int k = 0; k <= points; k++) ToPremium[k] = new double[premiumNodes];
        for (int j = 0; j < premiumNodes; j++)
        {
            // z from 0 (now) to 1 (all the time gone by); both ends' roots are taken out by z = 3a² − 2a³, whose slope vanishes there.
            double a = 0.5 * (1 + z[j]);
            PremiumRoot[j] = a * a * (3 - 2 * a);
            PremiumWeight[j] = 0.5 * v[j] * 6 * a * (1 - a) * 2 * PremiumRoot[j];
            Interpolation(all, row, Math.Sqrt((1 - PremiumRoot[j]) * (1 + PremiumRoot[j])));
            for (int k = 0; k <= points; k++) ToPremium[k][j] = row[k];
        }

        Last = new double[points + 1];
        LastButOne = new double[points + 1];
        for (int k = 0; k <= points; k++)
        {
            double end = k is 0 || k == points ? 0.5 : 1;
            Last[k] = end / points * (k % 2 == 0 ? 1 : -1);
            LastButOne[k] = end * 2 / points * Cosine(k * (points - 1) % (2 * points), points);
        }
    }

    /// <summary>Where point <paramref name="i"/>'s group begins for node <paramref name="j"/>, and i's place in it; k follows in steps of eight.</summary>
    public int At(int i, int j) => (i / Group * Nodes + j) * (Points + 1) * Group + i % Group;

    /// <summary>Barycentric interpolation at the extrema (Berrut and Trefethen 2004): weights ½, −1, 1, …, ±½.</summary>
    private static void Interpolation(double[] all, double[] row, double x)
    {
        int points = all.Length - 1;
        double sum = 0;
        for (int k = 0; k <= points; k++)
        {
            double distance = x - all[k];
            if (Math.Abs(distance) < 1e-15)
            {
                for (int m = 0; m <= points; m++) row[m] = m == k ? 1 : 0;
                return;
            }
            row[k] = (k % 2 == 0 ? 1 : -1) * (k == 0 || k == points ? 0.5 : 1) / distance;
            sum += row[k];
        }
        for (int k = 0; k <= points; k++) row[k] /= sum;
    }

    /// <summary>cos(πi/n).</summary>
    private static double Cosine(int i, int n)
    {
        SinCos(Math.PI * i / n, out _, out double cosine);
        return cosine;
    }

    /// <summary>From additions and multiplications alone, so that tables have the same bits everywhere.</summary>
    private static void SinCos(double x, out double sine, out double cosine) => Simd.ComplexLanes<Simd.ScalarLanes, double>.SinCos(x, out sine, out cosine);
}
