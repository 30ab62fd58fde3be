using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Appliance.Contract;
using Appliance.Kernels.Simd;

namespace Appliance.Kernels;

/// <summary>Which registers the batch kernels use.</summary>
public enum KernelWidth
{
    /// <summary>The widest that this machine has.</summary>
    Widest = 0,
    Scalar = 1,
    Simd256 = 4,
    Simd512 = 8,
}

/// <summary>
/// Greeks on the calling thread. All widths give the same bits (<see cref="ILanes{V}"/>), so the choice is one of speed alone; asking for a
/// width that the machine lacks is refused at start rather than run in software.
/// </summary>
public sealed class CpuGreeksBackend : IComputeBackend
{
    private readonly KernelWidth _width;

    public CpuGreeksBackend(KernelWidth width = KernelWidth.Widest)
    {
        _width = width == KernelWidth.Widest ? WidestHere() : width;
        if (!IsSupported(_width)) throw new PlatformNotSupportedException($"The kernel width {width} needs vector instructions that this machine lacks.");
        Name = _width switch { KernelWidth.Scalar => "cpu-scalar", KernelWidth.Simd256 => "cpu-simd256", _ => "cpu-simd512" };
    }

    public string Name { get; }
    public bool CompletesInCall => true;
    public KernelWidth Width => _width;

    public static bool IsSupported(KernelWidth width) => width switch
    {
        KernelWidth.Simd512 => Vector512.IsHardwareAccelerated,
        KernelWidth.Simd256 => Vector256.IsHardwareAccelerated,
        _ => true,
    };

    public long Submit(in GreeksBatch batch)
    {
        CheckLengths(in batch);
        if (_width == KernelWidth.Simd512) Run<Lanes512, Vector512<double>>(in batch);
        else if (_width == KernelWidth.Simd256) Run<Lanes256, Vector256<double>>(in batch);
        else Run<ScalarLanes, double>(in batch);
        return 0;
    }

    public bool TryCollect(long ticket) => true;

    public void Dispose() { }

    private static KernelWidth WidestHere() =>
        Vector512.IsHardwareAccelerated ? KernelWidth.Simd512 : Vector256.IsHardwareAccelerated ? KernelWidth.Simd256 : KernelWidth.Scalar;

    // Optimised at its first call: the first repricing of a run is not to wait for a tiered recompilation.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<L, V>(in GreeksBatch batch) where L : struct, ILanes<V> where V : struct
    {
        int count = batch.Count, width = L.Width;
        if (count < width)
        {
            if (width > 1) Run<ScalarLanes, double>(in batch);
            return;
        }
        var shared = new SharedInputs<L, V>(batch.Spot, batch.Rate, batch.Yield);
        int last = count - width;
        int i = 0;
        while (true)
        {
            BlackScholesLanes<L, V>.Evaluate(
                in shared, ref batch.Strike[i], ref batch.Years[i], ref batch.Volatility[i], ref batch.CallPut[i],
                ref batch.Price[i], ref batch.Delta[i], ref batch.Gamma[i], ref batch.Vega[i], ref batch.Theta[i], ref batch.Speed[i]);
            if (i == last) return;
            // The last register overlaps the one before it where the count is no multiple of the width: the same results are written twice.
            i = Math.Min(i + width, last);
        }
    }

    internal static void CheckLengths(in GreeksBatch batch)
    {
        int n = batch.Count;
        if (n < 0 || batch.Strike.Length < n || batch.Years.Length < n || batch.Volatility.Length < n || batch.CallPut.Length < n || batch.Price.Length < n
            || batch.Delta.Length < n || batch.Gamma.Length < n || batch.Vega.Length < n || batch.Theta.Length < n || batch.Speed.Length < n
            || !(batch.Spot > 0))
            ThrowBadBatch(in batch);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowBadBatch(in GreeksBatch batch) =>
        throw new ArgumentException($"A batch of {batch.Count} options at spot {batch.Spot}: every array must hold the count, and the spot must be positive.");
}
