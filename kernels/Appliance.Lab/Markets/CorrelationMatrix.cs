namespace Appliance.Lab.Markets;

/// <summary>Correlation matrices, row by row.</summary>
public static class CorrelationMatrix
{
    /// <summary>Whether the matrix has no eigenvalue below zero, by its Cholesky factorisation.</summary>
    public static bool IsPositiveSemidefinite(IReadOnlyList<double> matrix, int size) => TryCholesky(matrix, size, new double[size * size]);

    /// <summary>Lower triangular factor L with L·Lᵀ the matrix.</summary>
    public static double[] Cholesky(IReadOnlyList<double> matrix, int size)
    {
        var factor = new double[size * size];
        if (!TryCholesky(matrix, size, factor)) throw new ArgumentException("The correlation matrix has a negative eigenvalue.", nameof(matrix));
        return factor;
    }

    private static bool TryCholesky(IReadOnlyList<double> matrix, int size, double[] factor)
    {
        for (int i = 0; i < size; i++)
            for (int j = 0; j <= i; j++)
            {
                double sum = matrix[i * size + j];
                for (int k = 0; k < j; k++) sum -= factor[i * size + k] * factor[j * size + k];
                if (i == j)
                {
                    if (sum < -1e-12) return false;
                    factor[i * size + i] = Math.Sqrt(Math.Max(sum, 0));
                }
                else if (factor[j * size + j] > 1e-9) factor[i * size + j] = sum / factor[j * size + j];
                else if (Math.Abs(sum) > 1e-9) return false;
            }
        return true;
    }
}
