using Appliance.Lab.Markets;

namespace Appliance.Lab.Certificates;

/// <summary>
/// The primal simplex method on a dense tableau: minimise c·x subject to A·x = b, x ≥ 0, from a given feasible basis of unit columns. Entering by the most negative reduced cost; after a run of degenerate
/// pivots by the least index, which cannot cycle (Bland, "New finite pivoting rules for the simplex method", Mathematics of Operations Research 2 (1977) 103–107).
/// For the small trees of the lab (thousands of columns at most); the reduced costs at the end prove the optimum up to rounding.
/// </summary>
public sealed class Simplex
{
    private readonly int _rows, _columns;
    private readonly double[] _tableau;
    private readonly double[] _reduced;
    private readonly int[] _basis;

    /// <param name="rows">Equations.</param>
    /// <param name="columns">Variables.</param>
    public Simplex(int rows, int columns)
    {
        (_rows, _columns) = (rows, columns);
        _tableau = new double[rows * (columns + 1)];
        _reduced = new double[columns + 1];
        _basis = new int[rows];
    }

    public double this[int row, int column] { get => _tableau[row * (_columns + 1) + column]; set => _tableau[row * (_columns + 1) + column] = value; }
    public void RightSide(int row, double value) => _tableau[row * (_columns + 1) + _columns] = value;
    public void Cost(int column, double value) => _reduced[column] = value;
    public void Basic(int row, int column) => _basis[row] = column;
    public int Pivots { get; private set; }

    /// <summary>The least cost.</summary>
    public double Minimise(int pivotsMost = 200_000)
    {
        int width = _columns + 1;
        for (int r = 0; r < _rows; r++)
        {
            if (this[r, _basis[r]] != 1 || _tableau[r * width + _columns] < 0) throw new InvalidOperationException($"Row {r} does not begin feasible.");
            Eliminate(_reduced, r, _reduced[_basis[r]]);
        }
        int degenerate = 0;
        while (true)
        {
            int entering = degenerate < 500 ? MostNegative() : FirstNegative();
            if (entering < 0) return -_reduced[_columns];
            int leaving = Leaving(entering);
            if (leaving < 0) throw new InvalidOperationException("The linear programme has no finite optimum.");
            degenerate = _tableau[leaving * width + _columns] < 1e-12 ? degenerate + 1 : 0;
            Pivot(leaving, entering);
            if (++Pivots > pivotsMost) throw new InvalidOperationException($"The linear programme was not solved within {pivotsMost} pivots.");
        }
    }

    private int MostNegative()
    {
        int best = -1;
        double least = -1e-10;
        for (int j = 0; j < _columns; j++)
            if (_reduced[j] < least) (least, best) = (_reduced[j], j);
        return best;
    }

    private int FirstNegative()
    {
        for (int j = 0; j < _columns; j++)
            if (_reduced[j] < -1e-10) return j;
        return -1;
    }

    private int Leaving(int entering)
    {
        int width = _columns + 1, best = -1;
        double least = double.PositiveInfinity;
        for (int r = 0; r < _rows; r++)
        {
            double pivot = _tableau[r * width + entering];
            if (pivot <= 1e-9) continue;
            double ratio = _tableau[r * width + _columns] / pivot;
            if (ratio < least - 1e-12 || (ratio < least + 1e-12 && best >= 0 && _basis[r] < _basis[best])) (least, best) = (ratio, r);
        }
        return best;
    }

    private void Pivot(int row, int column)
    {
        int width = _columns + 1;
        var own = _tableau.AsSpan(row * width, width);
        double inverse = 1 / own[column];
        for (int j = 0; j < width; j++) own[j] *= inverse;
        own[column] = 1;
        for (int r = 0; r < _rows; r++)
        {
            if (r == row) continue;
            double factor = _tableau[r * width + column];
            if (factor == 0) continue;
            var other = _tableau.AsSpan(r * width, width);
            RowMath.AddScaled(other, own, -factor);
            other[column] = 0;
            // Rounding may leave a basic variable a hair below zero; it is zero.
            if (other[_columns] < 0 && other[_columns] > -1e-11) other[_columns] = 0;
        }
        double cost = _reduced[column];
        RowMath.AddScaled(_reduced, own, -cost);
        _reduced[column] = 0;
        _basis[row] = column;
    }

    private void Eliminate(double[] target, int row, double factor)
    {
        if (factor != 0) RowMath.AddScaled(target, _tableau.AsSpan(row * (_columns + 1), _columns + 1), -factor);
    }
}
