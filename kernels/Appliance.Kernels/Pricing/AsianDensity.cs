using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Appliance.Kernels.Scalar;
using Appliance.Kernels.Simd;

namespace Appliance.Kernels.Pricing;

/// <summary>
/// The density on an even grid of B, where B' = R + ln(1 + e^B) with R normal, one step after another (<see cref="ArithmeticAsian"/> says of what). A step adds to the new grid a bell around
/// R's mean + ln(1 + e^x) for each point x of the old one. With o the distance from the bell's middle to the nearest grid point and h the grid's spacing, both in deviations, its value k points on
/// is e^(−½o²)·e^(−okh)·e^(−½k²h²): the last factor is one table for all bells, the middle one powers of one number. So a bell costs two exponentials and three operations for eight points.
/// <para>The same bits at every register width: each point of the new grid gets its shares in the old grid's order.</para>
/// </summary>
internal sealed class AsianDensity
{
    /// <summary>What has no weight is not spread; beside one, 1e-40 is nothing.</summary>
    private const double WeightMin = 1e-40;

    private static readonly double[] _odd = [0, 1, 0, 1, 0, 1, 0, 1], _secondPair = [0, 0, 1, 1, 0, 0, 1, 1], _secondFour = [0, 0, 0, 0, 1, 1, 1, 1];

    private readonly double _spacing, _deviation, _reachDeviations;
    /// <summary>Points a bell reaches to either side, a multiple of eight; as many stand beyond the grid on both its sides, so that no bell needs a check.</summary>
    private readonly int _reach;
    private readonly double[] _bell, _power, _height, _middle;
    private double[] _old, _new;
    private int _count;

    /// <param name="steps">How many there will be, the first included.</param>
    /// <param name="deviation">Of R.</param>
    /// <param name="reachDeviations">How far bells and grids reach.</param>
    public AsianDensity(int steps, double spacing, double deviation, double reachDeviations)
    {
        (_spacing, _deviation, _reachDeviations) = (spacing, deviation, reachDeviations);
        double h = spacing / deviation;
        _reach = ((int)(reachDeviations / h) + 2 + 7) / 8 * 8;
        _bell = new double[2 * _reach];
        for (int i = 0; i < _bell.Length; i++)
        {
            double k = i - _reach;
            _bell[i] = Elementary.Exp(-0.5 * k * k * h * h);
        }
        Extent(steps, out _, out int most);
        _old = new double[most + 2 * _reach + 8];
        _new = new double[_old.Length];
        (_power, _height, _middle) = (new double[most], new double[most], new double[most]);
    }

    /// <summary>The point of <see cref="Values"/>' first entry.</summary>
    public double Low { get; private set; }

    public ReadOnlySpan<double> Values => _old.AsSpan(_reach, _count);

    /// <summary>The density of R itself, shifted to <paramref name="centre"/>.</summary>
    public void Start(double centre)
    {
        Extent(1, out int below, out _count);
        Low = centre - below * _spacing;
        for (int i = 0; i < _count; i++) _old[_reach + i] = Elementary.NormalPdf((Low + i * _spacing - centre) / _deviation) / _deviation;
        Normalise();
    }

    /// <param name="centre">Where B' lies without noise.</param>
    /// <param name="drift">R's mean.</param>
    /// <param name="steps">How many there have been, this one included.</param>
    public void Step(double centre, double drift, int steps)
    {
        Extent(steps, out int below, out int count);
        double newLow = centre - below * _spacing;
        Array.Clear(_new, 0, count + 2 * _reach);
        if (Vector512.IsHardwareAccelerated) Spread<Lanes512, Vector512<double>>(drift, newLow, count);
        else if (Vector256.IsHardwareAccelerated) Spread<Lanes256, Vector256<double>>(drift, newLow, count);
        else Spread<ScalarLanes, double>(drift, newLow, count);
        (_old, _new) = (_new, _old);
        (Low, _count) = (newLow, count);
        Normalise();
    }

    /// <summary>B's deviation is at most that of the longest path so far, and e^B's weight shifts it upwards by the variance.</summary>
    private void Extent(int steps, out int below, out int count)
    {
        double wide = _deviation * Math.Sqrt(steps);
        below = (int)Math.Ceiling(_reachDeviations * wide / _spacing) + 1;
        count = (below + (int)Math.Ceiling((_reachDeviations * wide + 2 * wide * wide) / _spacing) + 8) / 8 * 8;
    }

    /// <summary>A density sums to one; what the grid's edges cut off is below 1e-16.</summary>
    private void Normalise()
    {
        Span<double> values = _old.AsSpan(_reach, _count);
        double total = 0;
        foreach (double value in values) total += value;
        double per = 1 / (total * _spacing);
        for (int i = 0; i < values.Length; i++) values[i] *= per;
    }

    private void Spread<L, V>(double drift, double newLow, int count) where L : struct, ILanes<V> where V : struct
    {
        Prepare<L, V>(drift, newLow);
        for (int j = 0; j < _count; j++)
        {
            if (!(_old[_reach + j] > WeightMin)) continue;
            double middle = _middle[j];
            // Around a point beyond the margin nothing reaches the grid.
            if (!(middle >= 0 && middle <= count)) continue;
            Bell<L, V>(ref _new[(int)middle], _power[j], _height[j]);
        }
    }

    /// <summary>For each point of the old grid: the nearest new one to its bell's middle, the number whose powers lean the bell, and the bell's height at its left end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Prepare<L, V>(double drift, double newLow) where L : struct, ILanes<V> where V : struct
    {
        const double rounder = 6755399441055744.0;
        Span<double> first = stackalloc double[8];
        for (int i = 0; i < 8; i++) first[i] = i * _spacing;
        double perSpacing = 1 / _spacing, h = _spacing / _deviation;
        V one = L.All(1.0), shift = L.All(rounder);
        for (int j = 0; j < _count; j += L.Width)
        {
            V x = L.Add(L.All(Low + (j & ~7) * _spacing), L.Load(in first[j & 7]));
            V place = L.Multiply(L.Add(L.All(drift - newLow), ElementaryLanes<L, V>.LogOfNormal(L.Add(one, ElementaryLanes<L, V>.Exp(x)))), L.All(perSpacing));
            V middle = L.Subtract(L.Add(place, shift), shift);
            V offset = L.Multiply(L.Subtract(middle, place), L.All(h));
            V lean = L.Negate(L.Multiply(offset, L.All(h)));
            V top = ElementaryLanes<L, V>.Exp(L.FmaNegated(L.Multiply(offset, offset), L.All(0.5), L.Multiply(lean, L.All(-(double)_reach))));
            L.Store(middle, ref _middle[j]);
            L.Store(ElementaryLanes<L, V>.Exp(lean), ref _power[j]);
            L.Store(L.Multiply(top, L.Load(in _old[_reach + j])), ref _height[j]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Bell<L, V>(ref double target, double power, double height) where L : struct, ILanes<V> where V : struct
    {
        double square = power * power, fourth = square * square, eighth = fourth * fourth;
        V half = L.All(0.5), one = L.All(1.0);
        ref double bell = ref _bell[0];
        int length = _bell.Length;
        for (int lane = 0; lane < 8; lane += L.Width)
        {
            V lean = L.Multiply(
                L.Multiply(L.WhereGreater(L.Load(in _odd[lane]), half, L.All(power), one), L.WhereGreater(L.Load(in _secondPair[lane]), half, L.All(square), one)),
                L.WhereGreater(L.Load(in _secondFour[lane]), half, L.All(fourth), one));
            lean = L.Multiply(lean, L.All(height));
            V next = L.All(eighth);
            for (int k = lane; k < length; k += 8)
            {
                ref double at = ref Unsafe.Add(ref target, k);
                L.Store(L.Fma(lean, L.Load(in Unsafe.Add(ref bell, k)), L.Load(in at)), ref at);
                lean = L.Multiply(lean, next);
            }
        }
    }
}
