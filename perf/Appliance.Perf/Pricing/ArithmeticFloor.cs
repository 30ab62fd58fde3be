using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Appliance.Perf.Pricing;

/// <summary>
/// What the machine's registers allow at most: the time of one multiplication and addition of eight doubles, and of one division, each in a stream of independent ones. The least time of work is
/// its counted operations at these rates, as if nothing ever waited for anything. Divisions have a unit of their own, so the slower of both streams counts and not their sum, which code that keeps
/// several registers on their way has been seen to fall below.
/// </summary>
internal static class ArithmeticFloor
{
    private const int Rounds = 200_000, Chains = 8;

    /// <param name="operations">Arithmetic instructions on registers of eight.</param>
    /// <param name="divisions">Divisions and square roots.</param>
    public static double Ns(double operations, double divisions) => Math.Max(operations * _operationNs.Value, divisions * _divisionNs.Value);

    private static readonly Lazy<double> _operationNs = new(() => Least(Additions)), _divisionNs = new(() => Least(Divisions));

    private static double Least(Func<double> work)
    {
        double least = double.MaxValue, sum = 0;
        for (int i = 0; i < 12; i++)
        {
            long start = Stopwatch.GetTimestamp();
            sum += work();
            least = Math.Min(least, Stopwatch.GetElapsedTime(start).TotalNanoseconds);
        }
        return double.IsNaN(sum) ? double.NaN : least / (Rounds * Chains);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static double Additions()
    {
        Vector512<double> x = Vector512.Create(0.999), y = Vector512.Create(1e-3), a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x;
        for (int i = 0; i < Rounds; i++)
        {
            a = Vector512.FusedMultiplyAdd(a, x, y); b = Vector512.FusedMultiplyAdd(b, x, y); c = Vector512.FusedMultiplyAdd(c, x, y); d = Vector512.FusedMultiplyAdd(d, x, y);
            e = Vector512.FusedMultiplyAdd(e, x, y); f = Vector512.FusedMultiplyAdd(f, x, y); g = Vector512.FusedMultiplyAdd(g, x, y); h = Vector512.FusedMultiplyAdd(h, x, y);
        }
        return Vector512.Sum(a + b + c + d + e + f + g + h);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static double Divisions()
    {
        Vector512<double> x = Vector512.Create(1.0), a = x, b = x + x, c = b + x, d = c + x, e = d + x, f = e + x, g = f + x, h = g + x;
        for (int i = 0; i < Rounds; i++)
        {
            a = x / a; b = x / b; c = x / c; d = x / d; e = x / e; f = x / f; g = x / g; h = x / h;
        }
        return Vector512.Sum(a + b + c + d + e + f + g + h);
    }
}
