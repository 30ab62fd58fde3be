using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Appliance.Kernels.Scalar;
using Appliance.Kernels.Simd;

namespace Appliance.Kernels.Pricing.American;

/// <summary>
/// American puts for a strike of one by the integral equation of the exercise boundary (<see cref="BoundaryNewton"/>) from the QD+ boundary (<see cref="QdPlus"/>). The price is the European's and
/// ∫ r K e^(−ru) Φ(−d₋) − q S e^(−qu) Φ(−d₊) du with the boundary at T − u.
/// <para>Calls are puts with spot and strike, rate and yield exchanged (McDonald and Schroder 1998).</para>
/// </summary>
internal static class AmericanPut
{
    /// <summary>What a price may be off by, relative to the larger of spot and strike, before a finer grid is asked.</summary>
    private const double ErrorMax = 2.5e-7;

    /// <summary>The last steps of Newton's method that do for a price, and for differences of prices.</summary>
    private const double SettledPrice = 4e-4, SettledDifference = 1e-6;

    /// <summary>How the put is exercised, which the signs of rate and yield decide (Andersen and Lake 2021, "Fast American option pricing: the double-boundary case").</summary>
    public enum Regime { European, OneBoundary, TwoBoundaries }

    public static Regime RegimeOf(double rate, double yield)
    {
        if (rate > 0) return Regime.OneBoundary;
        if (yield >= 0 || rate <= yield) return Regime.European;
        return rate == 0 ? Regime.OneBoundary : Regime.TwoBoundaries;
    }

    /// <summary>The boundary for one price: ln B at the points of the coarsest grid that holds it; null where none settles. <paramref name="logs"/>: [Fine.Points].</summary>
    public static ExerciseGrid? Boundary(in PutMarket market, Span<double> logs)
    {
        ExerciseGrid grid = ExerciseGrid.Coarse;
        if (Solve(grid, in market, SettledPrice, true, logs) && grid.ErrorPerRoughness * Roughness(grid, in market, logs) <= ErrorMax) return grid;
        grid = ExerciseGrid.Middle;
        if (Solve(grid, in market, SettledPrice, true, logs) && grid.ErrorPerRoughness * Roughness(grid, in market, logs) <= ErrorMax) return grid;
        grid = ExerciseGrid.Fine;
        return Solve(grid, in market, SettledPrice, true, logs) ? grid : null;
    }

    /// <summary>The boundary on the given grid, to the last digits. <paramref name="logs"/>: that of a market near by to start from, or NaN first where there is none.</summary>
    public static bool BoundaryNear(ExerciseGrid grid, in PutMarket market, Span<double> logs) =>
        logs[0] < market.LogLimit && Solve(grid, in market, SettledDifference, false, logs) || Solve(grid, in market, SettledDifference, true, logs);

    private static bool Solve(ExerciseGrid grid, in PutMarket market, double settled, bool fresh, Span<double> logs) =>
        Vector512.IsHardwareAccelerated ? Solve<Lanes512, Vector512<double>>(grid, in market, settled, fresh, logs)
        : Vector256.IsHardwareAccelerated ? Solve<Lanes256, Vector256<double>>(grid, in market, settled, fresh, logs)
        : Solve<ScalarLanes, double>(grid, in market, settled, fresh, logs);

    private static bool Solve<L, V>(ExerciseGrid grid, in PutMarket market, double settled, bool fresh, Span<double> logs) where L : struct, ILanes<V> where V : struct
    {
        if (fresh) QdPlus.Boundary<L, V>(grid, in market, logs);
        return BoundaryNewton.Solve<L, V>(grid, in market, settled, logs);
    }

    /// <summary>How much of the boundary its last two Chebyshev coefficients make up, times what rates weigh it with: what the price is off by is in proportion.</summary>
    private static double Roughness(ExerciseGrid grid, in PutMarket market, ReadOnlySpan<double> logs)
    {
        double limit = market.LogLimit * market.LogLimit, last = grid.Last[0] * limit, before = grid.LastButOne[0] * limit;
        for (int k = 0; k < grid.Points; k++)
        {
            double square = logs[k] * logs[k];
            last += grid.Last[k + 1] * square;
            before += grid.LastButOne[k + 1] * square;
        }
        double end = logs[grid.Points - 1];
        return Elementary.Exp(end) * (Math.Abs(last) + Math.Abs(before)) / (-2 * end) * (Math.Abs(market.Rate) + Math.Abs(market.Yield)) * market.Years;
    }

    /// <summary>Φ(x) and φ(x), to 1e-16 absolute.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Distribution<L, V>(V x, out V probability, out V density) where L : struct, ILanes<V> where V : struct
    {
        V limit = L.All(38.0), distance = L.Abs(x);
        distance = L.WhereGreater(distance, limit, limit, distance);
        V bell = ElementaryLanes<L, V>.Exp(L.Multiply(L.Multiply(distance, distance), L.All(-0.5)));
        V tail = L.Multiply(bell, NormalLanes<L, V>.TailOneDivision(distance));
        probability = L.WhereGreater(x, L.All(0.0), L.Subtract(L.All(1.0), tail), tail);
        density = L.Multiply(bell, L.All(0.3989422804014327));
    }

    /// <summary>Price, delta and gamma of a put at the given spot per strike of one, from the boundary.</summary>
    public static (double Price, double Delta, double Gamma) FromBoundary(ExerciseGrid grid, double spot, in PutMarket market, ReadOnlySpan<double> logs)
    {
        if (spot <= Elementary.Exp(logs[grid.Points - 1])) return (1 - spot, -1, 0);
        Sensitivities european = European.Evaluate(spot, 1, market.Years, market.Volatility, market.Rate, market.Yield, -1, false);
        (double price, double delta, double gamma) premium =
            Vector512.IsHardwareAccelerated ? Premium<Lanes512, Vector512<double>>(grid, spot, in market, logs)
            : Vector256.IsHardwareAccelerated ? Premium<Lanes256, Vector256<double>>(grid, spot, in market, logs)
            : Premium<ScalarLanes, double>(grid, spot, in market, logs);
        double price = Math.Max(european.Price + premium.price, 1 - spot);
        return (price, european.Delta + premium.delta, european.Gamma + premium.gamma);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static (double Price, double Delta, double Gamma) Premium<L, V>(ExerciseGrid grid, double spot, in PutMarket market, ReadOnlySpan<double> logs) where L : struct, ILanes<V> where V : struct
    {
        int nodes = grid.PremiumRoot.Length;
        Span<double> prices = stackalloc double[nodes], deltas = stackalloc double[nodes], gammas = stackalloc double[nodes];
        double logSpot = Elementary.Log(spot), limit = market.LogLimit * market.LogLimit, driftPerVariance = market.Carry / (market.Volatility * market.Volatility), perSpot = 1 / spot;
        for (int j = 0; j < nodes; j += L.Width)
        {
            V square = L.Multiply(L.Load(in grid.ToPremium[0][j]), L.All(limit));
            for (int k = 0; k < grid.Points; k++) square = L.Fma(L.Load(in grid.ToPremium[k + 1][j]), L.All(logs[k] * logs[k]), square);
            square = L.WhereGreater(square, L.All(0.0), square, L.All(0.0));
            V root = L.Load(in grid.PremiumRoot[j]);
            V u = L.Multiply(L.All(market.Years), L.Multiply(root, root));
            V v = L.Multiply(L.All(market.Deviation), root), perV = L.Divide(L.All(1.0), v);
            V middle = L.Fma(L.All(driftPerVariance), v, L.Multiply(L.Add(L.All(logSpot), L.Sqrt(square)), perV));
            V half = L.Multiply(v, L.All(0.5));
            V d2 = L.Subtract(middle, half), d1 = L.Add(middle, half);
            Distribution<L, V>(L.Negate(d2), out V minus, out V minusDensity);
            Distribution<L, V>(L.Negate(d1), out V plus, out V plusDensity);
            V weight = L.Multiply(L.All(market.Years), L.Load(in grid.PremiumWeight[j]));
            V cash = L.Multiply(weight, L.Multiply(L.All(market.Rate), ElementaryLanes<L, V>.Exp(L.Multiply(L.All(-market.Rate), u))));
            V asset = L.Multiply(weight, L.Multiply(L.All(market.Yield), ElementaryLanes<L, V>.Exp(L.Multiply(L.All(-market.Yield), u))));
            L.Store(L.FmaNegated(L.Multiply(asset, L.All(spot)), plus, L.Multiply(cash, minus)), ref prices[j]);
            // ∂d/∂S = 1/(S v).
            V perMove = L.Multiply(perV, L.All(perSpot));
            V cashDensity = L.Multiply(cash, minusDensity), assetDensity = L.Multiply(asset, plusDensity);
            V shift = L.FmaNegated(cashDensity, perMove, L.Multiply(assetDensity, perV));
            L.Store(L.FmaNegated(asset, plus, shift), ref deltas[j]);
            // d/dS of −cφ(d₂)/(Sv): cφ(d₂)(d₂/v + 1)/(S²v); of aφ(d₁)/v: −aφ(d₁)d₁/(Sv²); of −aΦ(−d₁): aφ(d₁)/(Sv).
            V cashCurve = L.Multiply(L.Multiply(cashDensity, perMove), L.Multiply(L.All(perSpot), L.Fma(d2, perV, L.All(1.0))));
            V assetCurve = L.Multiply(L.Multiply(assetDensity, perMove), L.FmaNegated(d1, perV, L.All(1.0)));
            L.Store(L.Add(cashCurve, assetCurve), ref gammas[j]);
        }
        // Summed in the nodes' order, whatever the register's width.
        double price = 0, delta = 0, gamma = 0;
        for (int j = 0; j < nodes; j++)
        {
            price += prices[j];
            delta += deltas[j];
            gamma += gammas[j];
        }
        return (price, delta, gamma);
    }
}
