using Appliance.Contract;

namespace Appliance.Kernels.Ilgpu;

/// <summary>The kernels on ILGPU behind the compute port: here the side that is built where the package does not restore.</summary>
public static class IlgpuAdapter
{
    public static AdapterStatus Status { get; } = AdapterStatus.NotBuilt("Ilgpu");
}
