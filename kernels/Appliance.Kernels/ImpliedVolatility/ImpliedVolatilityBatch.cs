using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Appliance.Kernels.Simd;

namespace Appliance.Kernels.ImpliedVolatility;

/// <summary>
/// Implied volatilities of many options. Prices of one region are gathered, so that each register of them takes one path without branches, and put back in their places.
/// The same bits as <see cref="ImpliedVolatilitySolver"/> gives one by one, at every width. One instance serves one thread and allocates nothing after its construction.
/// </summary>
public sealed class ImpliedVolatilityBatch
{
    /// <summary>Options looked at together: few enough that all that is kept of them stays in the first-level cache.</summary>
    private const int Chunk = 256;
    /// <summary>Lists are padded to whole registers.</summary>
    private const int Room = Chunk + 8;
    private const int Regions = 4;

    private readonly KernelWidth _width;
    private readonly double[] _log = new double[Room], _normalised = new double[Room], _gap = new double[Room], _region = new double[Room], _timeValue = new double[Room];
    private readonly double[] _logOf = new double[Regions * Room], _normalisedOf = new double[Regions * Room], _gapOf = new double[Regions * Room], _deviationOf = new double[Regions * Room];
    private readonly int[] _placeOf = new int[Regions * Room], _countOf = new int[Regions];

    public ImpliedVolatilityBatch(KernelWidth width = KernelWidth.Widest)
    {
        _width = width != KernelWidth.Widest ? width : Vector512.IsHardwareAccelerated ? KernelWidth.Simd512 : Vector256.IsHardwareAccelerated ? KernelWidth.Simd256 : KernelWidth.Scalar;
        if (!CpuGreeksBackend.IsSupported(_width)) throw new PlatformNotSupportedException($"The kernel width {width} needs vector instructions that this machine lacks.");
    }

    /// <summary>Arguments as <see cref="ImpliedVolatilitySolver.Solve(double, double, double, double, double, out double)"/> has them; all spans hold as many options as <paramref name="price"/>.</summary>
    public void Solve(
        ReadOnlySpan<double> price, ReadOnlySpan<double> forward, ReadOnlySpan<double> strike, ReadOnlySpan<double> years, ReadOnlySpan<double> callPut,
        Span<double> volatility, Span<ImpliedVolatilityStatus> status)
    {
        int n = price.Length;
        if (forward.Length < n || strike.Length < n || years.Length < n || callPut.Length < n || volatility.Length < n || status.Length < n) ThrowShort(n);
        for (int from = 0; from < n; from += Chunk)
        {
            int count = Math.Min(Chunk, n - from);
            var p = price.Slice(from, count);
            var f = forward.Slice(from, count);
            var k = strike.Slice(from, count);
            var t = years.Slice(from, count);
            var w = callPut.Slice(from, count);
            var v = volatility.Slice(from, count);
            var s = status.Slice(from, count);
            if (_width == KernelWidth.Simd512) Run<Lanes512, Vector512<double>>(p, f, k, t, w, v, s);
            else if (_width == KernelWidth.Simd256) Run<Lanes256, Vector256<double>>(p, f, k, t, w, v, s);
            else Run<ScalarLanes, double>(p, f, k, t, w, v, s);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Run<L, V>(
        ReadOnlySpan<double> price, ReadOnlySpan<double> forward, ReadOnlySpan<double> strike, ReadOnlySpan<double> years, ReadOnlySpan<double> callPut,
        Span<double> volatility, Span<ImpliedVolatilityStatus> status) where L : struct, ILanes<V> where V : struct
    {
        int n = price.Length;
        if (n < L.Width)
        {
            for (int i = 0; i < n; i++) status[i] = ImpliedVolatilitySolver.Solve(price[i], forward[i], strike[i], years[i], callPut[i], out volatility[i]);
            return;
        }
        for (int i = 0; ;)
        {
            ImpliedVolatilityLanes<L, V>.Prepare(L.Load(in price[i]), L.Load(in forward[i]), L.Load(in strike[i]), L.Load(in years[i]), L.Load(in callPut[i]),
                out V log, out V normalised, out V gap, out V timeValue, out V region);
            L.Store(log, ref _log[i]);
            L.Store(normalised, ref _normalised[i]);
            L.Store(gap, ref _gap[i]);
            L.Store(timeValue, ref _timeValue[i]);
            L.Store(region, ref _region[i]);
            if (i == n - L.Width) break;
            // The last register overlaps the one before it where the count is no multiple of the width.
            i = Math.Min(i + L.Width, n - L.Width);
        }
        status[..n].Fill(ImpliedVolatilityStatus.Ok);
        Part(n);
        if (Pad((int)Region.Low) is var low && low > 0)
            for (int i = (int)Region.Low * Room, end = i + low; i < end; i += L.Width)
                L.Store(ImpliedVolatilityLanes<L, V>.Low(L.Load(in _logOf[i]), L.Load(in _normalisedOf[i]), L.Load(in _gapOf[i])), ref _deviationOf[i]);
        if (Pad((int)Region.Middle) is var middle && middle > 0)
            for (int i = (int)Region.Middle * Room, end = i + middle; i < end; i += L.Width)
                L.Store(ImpliedVolatilityLanes<L, V>.Middle(L.Load(in _logOf[i]), L.Load(in _normalisedOf[i]), L.Load(in _gapOf[i])), ref _deviationOf[i]);
        if (Pad((int)Region.High) is var high && high > 0)
            for (int i = (int)Region.High * Room, end = i + high; i < end; i += L.Width)
                L.Store(ImpliedVolatilityLanes<L, V>.High(L.Load(in _logOf[i]), L.Load(in _normalisedOf[i])), ref _deviationOf[i]);
        for (int region = 0; region <= (int)Region.High; region++)
            for (int i = region * Room, end = i + _countOf[region]; i < end; i++) _log[_placeOf[i]] = _deviationOf[i];
        int firstOther = (int)Region.Other * Room, endOther = firstOther + _countOf[(int)Region.Other];
        for (int i = firstOther; i < endOther; i++)
        {
            int at = _placeOf[i];
            status[at] = ImpliedVolatilitySolver.Other(price[at], forward[at], strike[at], years[at], callPut[at], _logOf[i], _normalisedOf[i], _gapOf[i], _timeValue[at], out _log[at]);
        }
        for (int i = 0; ;)
        {
            L.Store(L.Divide(L.Load(in _log[i]), L.Sqrt(L.Load(in years[i]))), ref volatility[i]);
            if (i == n - L.Width) break;
            i = Math.Min(i + L.Width, n - L.Width);
        }
        // The years may be zero where there is no volatility.
        for (int i = firstOther; i < endOther; i++)
            if (status[_placeOf[i]] != ImpliedVolatilityStatus.Ok) volatility[_placeOf[i]] = 0;
    }

    /// <summary>Sorts a chunk into its regions' lists, without a branch that depends on the data.</summary>
    private void Part(int count)
    {
        _countOf.AsSpan().Clear();
        ref int counts = ref MemoryMarshal.GetArrayDataReference(_countOf);
        for (int i = 0; i < count; i++)
        {
            int region = (int)_region[i] & (Regions - 1), at = region * Room + Unsafe.Add(ref counts, region)++;
            _logOf[at] = _log[i];
            _normalisedOf[at] = _normalised[i];
            _gapOf[at] = _gap[i];
            _placeOf[at] = i;
        }
    }

    /// <summary>Fills the region's list up to whole registers with copies of its last option; returns its padded length.</summary>
    private int Pad(int region)
    {
        int count = _countOf[region];
        if (count == 0) return 0;
        int at = region * Room + count, last = at - 1, padded = (count + 7) / 8 * 8;
        for (int end = region * Room + padded; at < end; at++) (_logOf[at], _normalisedOf[at], _gapOf[at]) = (_logOf[last], _normalisedOf[last], _gapOf[last]);
        return padded;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowShort(int count) => throw new ArgumentException($"Every span must hold the {count} options of the prices.");
}
