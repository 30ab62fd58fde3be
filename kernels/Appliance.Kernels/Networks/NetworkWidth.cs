namespace Appliance.Kernels.Networks;

/// <summary>Which registers a network uses; all give the same bits.</summary>
internal static class NetworkWidth
{
    public static KernelWidth Resolve(KernelWidth width)
    {
        if (width != KernelWidth.Widest)
            return CpuGreeksBackend.IsSupported(width) ? width : throw new PlatformNotSupportedException($"The kernel width {width} needs vector instructions that this machine lacks.");
        return CpuGreeksBackend.IsSupported(KernelWidth.Simd512) ? KernelWidth.Simd512 : CpuGreeksBackend.IsSupported(KernelWidth.Simd256) ? KernelWidth.Simd256 : KernelWidth.Scalar;
    }
}
