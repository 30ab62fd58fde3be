using Appliance.Contract;

namespace Appliance.Kernels.Ilgpu;

/// <summary>The kernels on ILGPU behind the compute port: the side that is built where the package restores. README.md beside this says what goes here.</summary>
public static class IlgpuAdapter
{
    public static AdapterStatus Status { get; } = AdapterStatus.NotWritten("Ilgpu");
}
