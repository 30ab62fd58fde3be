using System.Runtime.CompilerServices;
using Appliance.Kernels.Simd;

namespace Appliance.Kernels.Pricing.American;

/// <summary>
/// The integral equation of a put's exercise boundary (Andersen, Lake and Offengenden, "High-performance American option pricing", Journal of Computational Finance 20 (2016), their fixed point B):
/// B(τ) = K·e^(−(r − q)τ)·N(τ)/D(τ), N = Φ(d₋(τ, B/K)) + r∫e^(ru) Φ(d₋(τ − u, B(τ)/B(u))) du, D the same with q and d₊, collocated at Chebyshev points of √τ in y = ln(B/K), with H = y² interpolated
/// between them. (They take ln(B/X), X the boundary at expiry; where X is next to K that is flat at zero and then rises, which polynomials do not follow.) They substitute, which takes 20 to 60 rounds to the last digits; here all points are moved at once by Newton's method, whose matrix costs a tenth more than the sums themselves and
/// which is there after two to four rounds. A lane is a collocation point, so that no sum runs across lanes and the bits are the same at each register width.
/// </summary>
internal static class BoundaryNewton
{
    private const int IterationsMax = 16;

    /// <summary>
    /// Moves <paramref name="logs"/>, ln B at the grid's points, to the solution; false where it does not settle. <paramref name="settled"/>: the last step that is small enough, in
    /// units of σ√T and weighted with τ/T: what the boundary does next to expiry has hardly a price, and is what settles last.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool Solve<L, V>(ExerciseGrid grid, in PutMarket market, double settled, Span<double> logs) where L : struct, ILanes<V> where V : struct
    {
        int points = grid.Points, nodes = grid.Nodes;
        // What does not change from one round to the next: r·e^(ru)·du and q·e^(qu)·du.
        Span<double> cash = stackalloc double[points * nodes], asset = stackalloc double[points * nodes];
        Span<double> squares = stackalloc double[points + 1], residual = stackalloc double[points], matrix = stackalloc double[points * points];
        Span<double> cashMoves = stackalloc double[nodes * L.Width], assetMoves = stackalloc double[nodes * L.Width];
        Span<double> steps = stackalloc double[points], reach = stackalloc double[points];
        steps.Clear();
        reach.Fill(1);
        V one = L.All(1.0), half = L.All(0.5), zero = L.All(0.0);
        for (int i = 0; i < points; i += L.Width)
        {
            V xi = L.Load(in grid.Xi[i]), tau = L.Multiply(L.All(market.Years), L.Multiply(xi, xi));
            for (int j = 0; j < nodes; j++)
            {
                V u = L.Multiply(tau, L.All(grid.CosineSquare[j])), weight = L.Multiply(tau, L.All(grid.Weight[j]));
                L.Store(L.Multiply(L.Multiply(weight, L.All(market.Rate)), ElementaryLanes<L, V>.Exp(L.Multiply(L.All(market.Rate), u))), ref cash[i * nodes + j * L.Width]);
                L.Store(L.Multiply(L.Multiply(weight, L.All(market.Yield)), ElementaryLanes<L, V>.Exp(L.Multiply(L.All(market.Yield), u))), ref asset[i * nodes + j * L.Width]);
            }
        }
        double driftPerVariance = market.Carry / (market.Volatility * market.Volatility), perDeviationAll = 1 / Math.Min(1, market.Deviation);
        squares[0] = market.LogLimit * market.LogLimit;
        double changeBefore = double.MaxValue;
        for (int iteration = 0; iteration < IterationsMax; iteration++)
        {
            for (int k = 0; k < points; k++) squares[k + 1] = logs[k] * logs[k];
            for (int i = 0; i < points; i += L.Width)
            {
                V xi = L.Load(in grid.Xi[i]), own = L.Load(in logs[i]);
                V deviation = L.Multiply(L.All(market.Deviation), xi), perDeviation = L.Divide(one, deviation);
                ReadOnlySpan<double> group = grid.ToQuadrature.AsSpan(grid.At(i, 0));
                V cashSum = zero, assetSum = zero, cashSlope = zero, assetSlope = zero;
                for (int j = 0; j < nodes; j++)
                {
                    // Two chains, so that neither waits for the other.
                    ReadOnlySpan<double> shares = group.Slice(8 * j * (points + 1), 8 * points + L.Width);
                    V square = L.Multiply(L.Load(in shares[0]), L.All(squares[0])), odd = zero;
                    for (int k = 1; k <= points; k += 2)
                    {
                        square = L.Fma(L.Load(in shares[8 * k]), L.All(squares[k]), square);
                        odd = L.Fma(L.Load(in shares[8 * k + 8]), L.All(squares[k + 1]), odd);
                    }
                    square = L.Add(square, odd);
                    // Interpolation may overshoot below zero next to expiry, where it counts for nothing.
                    V floor = L.All(1e-30);
                    V root = L.Sqrt(L.WhereGreater(square, floor, square, zero));
                    V perRoot = L.WhereGreater(square, floor, L.Divide(one, L.WhereGreater(square, floor, root, one)), zero);
                    // ln(B(τ)/B(u)) over σ√(τ − u).
                    V v = L.Multiply(deviation, L.All(grid.Sine[j])), perV = L.Multiply(perDeviation, L.All(grid.PerSine[j]));
                    V middle = L.Fma(L.All(driftPerVariance), v, L.Multiply(L.Add(own, root), perV));
                    AmericanPut.Distribution<L, V>(L.FmaNegated(v, half, middle), out V minus, out V minusDensity);
                    AmericanPut.Distribution<L, V>(L.Fma(v, half, middle), out V plus, out V plusDensity);
                    V cashWeight = L.Load(in cash[i * nodes + j * L.Width]), assetWeight = L.Load(in asset[i * nodes + j * L.Width]);
                    cashSum = L.Fma(cashWeight, minus, cashSum);
                    assetSum = L.Fma(assetWeight, plus, assetSum);
                    V cashMove = L.Multiply(L.Multiply(cashWeight, minusDensity), perV), assetMove = L.Multiply(L.Multiply(assetWeight, plusDensity), perV);
                    cashSlope = L.Add(cashSlope, cashMove);
                    assetSlope = L.Add(assetSlope, assetMove);
                    L.Store(L.Multiply(cashMove, perRoot), ref cashMoves[j * L.Width]);
                    L.Store(L.Multiply(assetMove, perRoot), ref assetMoves[j * L.Width]);
                }
                V carry = L.Multiply(L.All(market.Carry * market.Years), L.Multiply(xi, xi));
                V ownMiddle = L.Multiply(L.Add(own, carry), perDeviation);
                AmericanPut.Distribution<L, V>(L.FmaNegated(deviation, half, ownMiddle), out V ownMinus, out V ownMinusDensity);
                AmericanPut.Distribution<L, V>(L.Fma(deviation, half, ownMiddle), out V ownPlus, out V ownPlusDensity);
                V n = L.Add(ownMinus, cashSum), d = L.Add(ownPlus, assetSum);
                // Next to expiry both are tiny, and a start that is too low may leave nothing of one: such a point is led towards the limit, the others go on.
                V tiny = L.All(1e-290), both = L.WhereGreater(n, d, d, n);
                n = L.WhereGreater(both, tiny, n, one);
                d = L.WhereGreater(both, tiny, d, one);
                V perN = L.WhereGreater(both, tiny, L.Divide(one, n), zero), perD = L.WhereGreater(both, tiny, L.Divide(one, d), zero);
                V miss = L.Subtract(L.Add(own, carry), ElementaryLanes<L, V>.LogOfNormal(L.Divide(n, d)));
                L.Store(L.WhereGreater(both, tiny, miss, L.Multiply(L.All(0.1), L.Subtract(own, L.All(market.LogLimit)))), ref residual[i]);

                // ∂residual_i/∂y_k: through √H at the nodes, and on the diagonal through B(τ) itself.
                for (int j = 0; j < nodes; j++)
                    L.Store(L.FmaNegated(perN, L.Load(in cashMoves[j * L.Width]), L.Multiply(perD, L.Load(in assetMoves[j * L.Width]))), ref cashMoves[j * L.Width]);
                for (int k = 0; k < points; k++)
                {
                    V sum = zero, odd = zero;
                    for (int j = 0; j < nodes; j += 2)
                    {
                        sum = L.Fma(L.Load(in cashMoves[j * L.Width]), L.Load(in group[8 * (j * (points + 1) + k + 1)]), sum);
                        odd = L.Fma(L.Load(in cashMoves[(j + 1) * L.Width]), L.Load(in group[8 * ((j + 1) * (points + 1) + k + 1)]), odd);
                    }
                    L.Store(L.Multiply(L.Add(sum, odd), L.All(logs[k])), ref matrix[k * points + i]);
                }
                V diagonal = L.Multiply(perD, L.Fma(ownPlusDensity, perDeviation, assetSlope));
                diagonal = L.Add(one, L.FmaNegated(perN, L.Fma(ownMinusDensity, perDeviation, cashSlope), diagonal));
                L.Store(diagonal, ref cashMoves[0]);
                for (int lane = 0; lane < L.Width; lane++) matrix[(i + lane) * points + i + lane] += cashMoves[lane];
            }
            if (!Eliminate<L, V>(points, matrix, residual)) return false;
            double change = 0;
            for (int i = 0; i < points; i++)
            {
                // A third of the way to the limit or half as much again from it is as far as the slopes are to be believed, and half of that each time a point turns back.
                if (residual[i] * steps[i] < 0) reach[i] *= 0.5;
                steps[i] = residual[i];
                double own = logs[i], depth = reach[i] * (market.LogLimit - own), moved = own - Math.Clamp(residual[i], -0.33 * depth, 0.5 * depth);
                change = Math.Max(change, grid.Xi[i] * grid.Xi[i] * Math.Abs(moved - own));
                logs[i] = moved;
            }
            change *= perDeviationAll;
            if (!double.IsFinite(change)) return false;
            if (change < settled || change < 1e-7 && change > 0.5 * changeBefore) return true;
            changeBefore = change;
        }
        // Where rates of a part in a million leave the boundary next to expiry undetermined, what it does there has no price.
        return changeBefore < 1e-4;
    }

    /// <summary>Gauss and Jordan's elimination in place, [column][row]; false where a pivot vanishes. The matrix is the identity and a lower triangle but for what interpolation spreads, so rows stay where they are.</summary>
    private static bool Eliminate<L, V>(int points, Span<double> matrix, Span<double> right) where L : struct, ILanes<V> where V : struct
    {
        Span<double> factors = stackalloc double[points];
        for (int k = 0; k < points; k++)
        {
            ReadOnlySpan<double> column = matrix.Slice(k * points, points);
            double pivot = column[k];
            if (!(Math.Abs(pivot) > 1e-8)) return false;
            double perPivot = 1 / pivot;
            for (int i = 0; i < points; i += L.Width) L.Store(L.Multiply(L.Load(in column[i]), L.All(perPivot)), ref factors[i]);
            // So that the pivot's own row is divided by it.
            factors[k] = 1 - perPivot;
            for (int c = k + 1; c < points; c++) Reduce<L, V>(matrix.Slice(c * points, points), factors, k);
            Reduce<L, V>(right, factors, k);
        }
        return true;
    }

    /// <summary>Takes from each entry of a column its factor times the pivot row's entry.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Reduce<L, V>(Span<double> column, Span<double> factors, int pivotRow) where L : struct, ILanes<V> where V : struct
    {
        V scale = L.All(column[pivotRow]);
        for (int i = 0; i < factors.Length; i += L.Width) L.Store(L.FmaNegated(L.Load(in factors[i]), scale, L.Load(in column[i])), ref column[i]);
    }
}
