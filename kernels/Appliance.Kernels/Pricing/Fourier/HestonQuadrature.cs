using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Appliance.Kernels.Scalar;
using Appliance.Kernels.Simd;

namespace Appliance.Kernels.Pricing.Fourier;

/// <summary>
/// Integrals along u = b·(sinh(y + iθ) − i·sin θ), y ≥ 0, by the trapezoidal rule in y, which converges exponentially: the integrand, whose poles at ±i/2 the control variate removes, is
/// analytic in a strip around the contour and decays doubly exponentially along it (Boyarchenko and Levendorskiĭ, "Sinh-acceleration", International Journal of Theoretical and Applied Finance
/// 22 (2019); the turn θ as in Andersen and Lake, "Robust high-precision option pricing by Fourier transforms", 2018). b goes with the inverse root of the total variance.
/// <para>The first rule has a step of 0.2, and its odd points are what its even ones were halved by. What halving moves bounds the error before it, and each halving about squares the error; so
/// the rule is halved until the square of the move is small, for price and delta both and, where less is asked, for gamma too, lest one of them agree by chance.</para>
/// </summary>
internal static class HestonQuadrature
{
    private const int LevelCount = 7;
    /// <summary>sinh(40) is 10¹⁷: what has not decayed there is refused.</summary>
    private const double FirstStep = 0.2, End = 40;
    /// <summary>A halving that moved these by no more than this, relative to payment, leaves an error of some thirty times its square.</summary>
    private const double MoveMaxPrice = 2e-7, MoveMaxGreeks = 1e-8;
    /// <summary>Where the sums end, relative to payment.</summary>
    private const double LeastPrice = 1e-10, LeastGreeks = 1e-17;

    private static readonly HestonNodes[] _levels = MakeLevels();

    /// <param name="payment">What errors are relative to.</param>
    /// <returns>False where the integrand does not decay, or the sums do not settle.</returns>
    public static bool Integrate(in HestonIntegrand p, double payment, bool greeks, out HestonIntegrals result) =>
        Vector512.IsHardwareAccelerated ? Integrate<Lanes512, Vector512<double>>(in p, payment, greeks, out result)
        : Vector256.IsHardwareAccelerated ? Integrate<Lanes256, Vector256<double>>(in p, payment, greeks, out result)
        : Integrate<ScalarLanes, double>(in p, payment, greeks, out result);

    [SkipLocalsInit]
    internal static bool Integrate<L, V>(in HestonIntegrand p, double payment, bool greeks, out HestonIntegrals result) where L : struct, ILanes<V> where V : struct
    {
        Span<double> buffer = stackalloc double[HestonLanes<L, V>.BufferLength], partial = stackalloc double[HestonLanes<L, V>.PartialLength];
        double least = payment * (greeks ? LeastGreeks : LeastPrice), moveMax = payment * (greeks ? MoveMaxGreeks : MoveMaxPrice), step = FirstStep;
        result = default;
        for (int level = 0; level < LevelCount; level++)
        {
            partial.Clear();
            if (!Sum<L, V>(in p, in _levels[level], least * least, greeks, buffer, partial)) return false;
            // Half of the difference between the rule before and the midpoints' rule is what halving moves; in the first rule even lanes and odd ones are these two.
            HestonIntegrals added = Fold(partial, greeks);
            double move = level == 0
                ? Move(Alternating(partial[..8]), Alternating(partial.Slice(8, 8)), greeks ? 0 : Alternating(partial.Slice(16, 8)), p.Scale)
                : Move(result.Value - added.Value, result.S - added.S, greeks ? 0 : result.SS - added.SS, p.Scale);
            result = result.Plus(in added);
            if (level > 0) step *= 0.5;
            if (!(step * move <= moveMax) || step > p.StepMax) continue;
            result = result.Times(step);
            return true;
        }
        return false;
    }

    /// <summary>The third counts for a tenth: it weighs the far nodes, where the price has little. With Greeks the first two are asked for so much that chance has no part in it.</summary>
    private static double Move(double value, double s, double ss, double scale) => Math.Max(Math.Max(Math.Abs(value), Math.Abs(s) / scale), 0.1 * Math.Abs(ss) / (scale * scale));

    private static bool Sum<L, V>(in HestonIntegrand p, in HestonNodes nodes, double leastSquare, bool greeks, Span<double> buffer, Span<double> partial)
        where L : struct, ILanes<V> where V : struct
    {
        // Two registers first, which is what most need, then one at a time.
        for (int from = 0, count = HestonLanes<L, V>.ChunkNodes; from + count <= nodes.Sinh.Length; from += count, count = 8)
            if (HestonLanes<L, V>.Add(in p, in nodes, from, count, greeks, buffer, partial) <= leastSquare && p.Scale * p.Cos * nodes.Sinh[from + count - 1] >= p.Reach) return true;
        return false;
    }

    private static HestonIntegrals Fold(Span<double> partial, bool greeks)
    {
        var sums = new HestonIntegrals { Value = Fold(partial[..8]), S = Fold(partial.Slice(8, 8)), SS = Fold(partial.Slice(16, 8)) };
        if (!greeks) return sums;
        (sums.D, sums.DD) = (Fold(partial.Slice(24, 8)), Fold(partial.Slice(32, 8)));
        (sums.SD, sums.Time, sums.STime) = (Fold(partial.Slice(40, 8)), Fold(partial.Slice(48, 8)), Fold(partial.Slice(56, 8)));
        return sums;
    }

    private static double Fold(Span<double> p) => (p[0] + p[4] + (p[2] + p[6])) + (p[1] + p[5] + (p[3] + p[7]));

    private static double Alternating(Span<double> p) => (p[0] + p[4] + (p[2] + p[6])) - (p[1] + p[5] + (p[3] + p[7]));

    private static HestonNodes[] MakeLevels()
    {
        var levels = new HestonNodes[LevelCount];
        double step = FirstStep;
        for (int level = 0; level < LevelCount; level++)
        {
            double start = level == 0 ? 0 : 0.5 * step;
            int count = ((int)((End - start) / step) + 16) / 16 * 16;
            double[] sinh = new double[count], coshLessOne = new double[count], cosh = new double[count];
            for (int i = 0; i < count; i++)
            {
                double y = start + step * i, e = Elementary.Exp(0.5 * y), root = 0.5 * (e - 1 / e);
                sinh[i] = root * (e + 1 / e);
                coshLessOne[i] = 2 * root * root;
                cosh[i] = i == 0 && level == 0 ? 0.5 : 1 + coshLessOne[i];
            }
            levels[level] = new HestonNodes(sinh, coshLessOne, cosh);
            if (level > 0) step *= 0.5;
        }
        return levels;
    }
}
