using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Appliance.Kernels.Scalar;
using Appliance.Kernels.Simd;

namespace Appliance.Kernels.Pricing.American;

/// <summary>
/// American puts by the integral equation of the exercise boundary (Andersen, Lake and Offengenden, "High-performance American option pricing", Journal of Computational Finance 20 (2016)):
/// B(τ) = K·e^(−(r − q)τ)·N(τ)/D(τ), N = Φ(d₋(τ, B/K)) + r∫e^(ru) Φ(d₋(τ − u, B(τ)/B(u))) du, D the same with q and d₊ (their fixed point B), collocated in H = ln²(B/X) over √τ at Chebyshev
/// points, X = K·min(1, r/q), from the QD+ boundary (Li 2010) as a start. A step is the plain substitution: their
/// derivative to B(τ) alone made the iteration wander here, and substitution settles within 20 to 60 steps. The price is the European's and ∫ r K e^(−ru) Φ(−d₋) − q S e^(−qu) Φ(−d₊) du with the boundary at T − u.
/// <para>Calls are puts with spot and strike, rate and yield exchanged (McDonald and Schroder 1998).</para>
/// </summary>
internal static class AmericanPut
{
    private const int IterationsMax = 60;

    /// <summary>How the put is exercised, which the signs of rate and yield decide (Andersen and Lake 2021, "Fast American option pricing: the double-boundary case").</summary>
    public enum Regime { European, OneBoundary, TwoBoundaries }

    public static Regime RegimeOf(double rate, double yield)
    {
        if (rate > 0) return Regime.OneBoundary;
        if (yield >= 0 || rate <= yield) return Regime.European;
        return rate == 0 ? Regime.OneBoundary : Regime.TwoBoundaries;
    }

    /// <summary>The limit of the boundary at expiry.</summary>
    public static double BoundaryAtExpiry(double strike, double rate, double yield) => yield > 0 && yield > rate ? strike * (rate / yield) : strike;

    /// <summary>
    /// H = ln²(B/X) at the grid's points for a strike of one; false where the iteration does not settle. <paramref name="settled"/>: the last step of ln B that is small enough.
    /// </summary>
    public static bool Boundary(ExerciseGrid grid, double years, double volatility, double rate, double yield, double settled, Span<double> squares)
    {
        double limit = BoundaryAtExpiry(1, rate, yield);
        for (int i = 0; i < grid.Points; i++)
        {
            double tau = years * grid.Xi[i] * grid.Xi[i];
            double start = QdPlus.Boundary(tau, volatility, rate, yield, limit);
            double log = Elementary.Log(start / limit);
            squares[i] = log * log;
        }
        return Vector512.IsHardwareAccelerated ? Iterate<Lanes512, Vector512<double>>(grid, years, volatility, rate, yield, limit, settled, squares)
            : Vector256.IsHardwareAccelerated ? Iterate<Lanes256, Vector256<double>>(grid, years, volatility, rate, yield, limit, settled, squares)
            : Iterate<ScalarLanes, double>(grid, years, volatility, rate, yield, limit, settled, squares);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool Iterate<L, V>(ExerciseGrid grid, double years, double volatility, double rate, double yield, double limit, double settled, Span<double> squares)
        where L : struct, ILanes<V> where V : struct
    {
        int points = grid.Points, nodes = grid.Nodes;
        double carry = rate - yield, logLimit = Elementary.Log(limit);
        // What does not change from one iteration to the next: e^(ru)·weight, e^(qu)·weight, and the moneyness that drift and volatility give.
        Span<double> cash = stackalloc double[points * nodes], asset = stackalloc double[points * nodes], roots = stackalloc double[points * nodes];
        Span<double> next = stackalloc double[points];
        for (int i = 0; i < points; i++)
        {
            double tau = years * grid.Xi[i] * grid.Xi[i], deviation = volatility * Math.Sqrt(tau);
            for (int j = 0; j < nodes; j += L.Width)
            {
                int at = i * nodes + j;
                V half = L.Load(in grid.Half[j]);
                V u = L.Multiply(L.All(tau), L.FmaNegated(half, half, L.All(1.0)));
                V weight = L.Multiply(L.All(tau), L.Load(in grid.Weight[j]));
                L.Store(L.Multiply(weight, ElementaryLanes<L, V>.Exp(L.Multiply(L.All(rate), u))), ref cash[at]);
                L.Store(L.Multiply(weight, ElementaryLanes<L, V>.Exp(L.Multiply(L.All(yield), u))), ref asset[at]);
                L.Store(L.Multiply(L.All(deviation), half), ref roots[at]);
            }
        }
        double driftPerVariance = carry / (volatility * volatility);
        double changeBefore = double.MaxValue;
        for (int iteration = 0; iteration < IterationsMax; iteration++)
        {
            double change = 0;
            for (int i = 0; i < points; i++)
            {
                double own = -Math.Sqrt(squares[i]), tau = years * grid.Xi[i] * grid.Xi[i], deviation = volatility * Math.Sqrt(tau);
                V cashSum = L.All(0.0), assetSum = cashSum;
                for (int j = 0; j < nodes; j += L.Width)
                {
                    int at = i * nodes + j;
                    V square = L.All(0.0);
                    for (int k = 0; k < points; k++) square = L.Fma(L.Load(in grid.ToQuadrature[k][at]), L.All(squares[k]), square);
                    square = L.WhereGreater(square, L.All(0.0), square, L.All(0.0));
                    // ln(B(τ)/B(u)).
                    V log = L.Add(L.All(own), L.Sqrt(square));
                    V v = L.Load(in roots[at]);
                    V perV = L.Divide(L.All(1.0), v);
                    V middle = L.Fma(L.All(driftPerVariance), v, L.Multiply(log, perV));
                    V half = L.Multiply(v, L.All(0.5));
                    Distribution<L, V>(L.Subtract(middle, half), out V minus, out _);
                    Distribution<L, V>(L.Add(middle, half), out V plus, out _);
                    V cashWeight = L.Load(in cash[at]), assetWeight = L.Load(in asset[at]);
                    cashSum = L.Fma(cashWeight, minus, cashSum);
                    assetSum = L.Fma(assetWeight, plus, assetSum);
                }
                // With x = ln B: the equation is x = ln K − (r − q)τ + ln N − ln D.
                double logB = own + logLimit;
                double mid = (logB + carry * tau) / deviation, d1 = mid + 0.5 * deviation, d2 = mid - 0.5 * deviation;
                double n = Elementary.NormalCdf(d2) + rate * Sum<L, V>(cashSum), d = Elementary.NormalCdf(d1) + yield * Sum<L, V>(assetSum);
                if (!(n > 0 && d > 0)) return false;
                double residual = logB - (Elementary.Log(n / d) - carry * tau);
                double step = residual;
                // A step must neither cross the limit nor run away.
                double limitStep = 0.5 * (1 + Math.Abs(own));
                if (!(Math.Abs(step) < limitStep)) step = Math.CopySign(limitStep, residual);
                double moved = Math.Min(own - step, 0.5 * own);
                next[i] = moved * moved;
                change = Math.Max(change, Math.Abs(moved - own) / (1 + Math.Abs(own)));
            }
            next.CopyTo(squares);
            if (change < settled || change < 1e-9 && change > 0.5 * changeBefore) return true;
            changeBefore = change;
        }
        return changeBefore < 1e-7;
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

    private static double Sum<L, V>(V value) where L : struct, ILanes<V> where V : struct
    {
        Span<double> lanes = stackalloc double[8];
        L.Store(value, ref lanes[0]);
        double sum = 0;
        for (int i = 0; i < L.Width; i++) sum += lanes[i];
        return sum;
    }

    /// <summary>Price, delta and gamma of a put at the given spot per strike of one, from the boundary.</summary>
    public static (double Price, double Delta, double Gamma) FromBoundary(ExerciseGrid grid, double spot, double years, double volatility, double rate, double yield, ReadOnlySpan<double> squares)
    {
        double limit = BoundaryAtExpiry(1, rate, yield);
        double boundary = limit * Elementary.Exp(-Math.Sqrt(squares[^1]));
        if (spot <= boundary) return (1 - spot, -1, 0);
        Sensitivities european = European.Evaluate(spot, 1, years, volatility, rate, yield, -1, false);
        (double price, double delta, double gamma) premium =
            Vector512.IsHardwareAccelerated ? Premium<Lanes512, Vector512<double>>(grid, spot, limit, years, volatility, rate, yield, squares)
            : Vector256.IsHardwareAccelerated ? Premium<Lanes256, Vector256<double>>(grid, spot, limit, years, volatility, rate, yield, squares)
            : Premium<ScalarLanes, double>(grid, spot, limit, years, volatility, rate, yield, squares);
        double price = Math.Max(european.Price + premium.price, 1 - spot);
        return (price, european.Delta + premium.delta, european.Gamma + premium.gamma);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static (double Price, double Delta, double Gamma) Premium<L, V>(
        ExerciseGrid grid, double spot, double limit, double years, double volatility, double rate, double yield, ReadOnlySpan<double> squares) where L : struct, ILanes<V> where V : struct
    {
        double logSpot = Elementary.Log(spot / limit), driftPerVariance = (rate - yield) / (volatility * volatility), deviation = volatility * Math.Sqrt(years), perSpot = 1 / spot;
        V price = L.All(0.0), delta = price, gamma = price;
        for (int j = 0; j < grid.PremiumRoot.Length; j += L.Width)
        {
            V square = L.All(0.0);
            for (int k = 0; k < grid.Points; k++) square = L.Fma(L.Load(in grid.ToPremium[k][j]), L.All(squares[k]), square);
            square = L.WhereGreater(square, L.All(0.0), square, L.All(0.0));
            V root = L.Load(in grid.PremiumRoot[j]);
            V u = L.Multiply(L.All(years), L.Multiply(root, root));
            V v = L.Multiply(L.All(deviation), root), perV = L.Divide(L.All(1.0), v);
            V middle = L.Fma(L.All(driftPerVariance), v, L.Multiply(L.Add(L.All(logSpot), L.Sqrt(square)), perV));
            V half = L.Multiply(v, L.All(0.5));
            V d2 = L.Subtract(middle, half), d1 = L.Add(middle, half);
            Distribution<L, V>(L.Negate(d2), out V minus, out V minusDensity);
            Distribution<L, V>(L.Negate(d1), out V plus, out V plusDensity);
            V weight = L.Multiply(L.All(years), L.Load(in grid.PremiumWeight[j]));
            V cash = L.Multiply(weight, L.Multiply(L.All(rate), ElementaryLanes<L, V>.Exp(L.Multiply(L.All(-rate), u))));
            V asset = L.Multiply(weight, L.Multiply(L.All(yield), ElementaryLanes<L, V>.Exp(L.Multiply(L.All(-yield), u))));
            price = L.Add(price, L.FmaNegated(L.Multiply(asset, L.All(spot)), plus, L.Multiply(cash, minus)));
            // ∂d/∂S = 1/(S v).
            V perMove = L.Multiply(perV, L.All(perSpot));
            V cashDensity = L.Multiply(cash, minusDensity), assetDensity = L.Multiply(asset, plusDensity);
            V shift = L.FmaNegated(cashDensity, perMove, L.Multiply(assetDensity, perV));
            delta = L.Add(delta, L.FmaNegated(asset, plus, shift));
            // d/dS of −cφ(d₂)/(Sv): cφ(d₂)(d₂/v + 1)/(S²v); of aφ(d₁)/v: −aφ(d₁)d₁/(Sv²); of −aΦ(−d₁): aφ(d₁)/(Sv).
            V cashCurve = L.Multiply(L.Multiply(cashDensity, perMove), L.Multiply(L.All(perSpot), L.Fma(d2, perV, L.All(1.0))));
            V assetCurve = L.Multiply(L.Multiply(assetDensity, perMove), L.FmaNegated(d1, perV, L.All(1.0)));
            gamma = L.Add(gamma, L.Add(cashCurve, assetCurve));
        }
        return (Sum<L, V>(price), Sum<L, V>(delta), Sum<L, V>(gamma));
    }
}
