using Appliance.Kernels.Ilgpu;

namespace Appliance.Tests.Accelerator;

/// <summary>A test on the devices that ILGPU sees; skipped, saying so, where the adapter is not built.</summary>
public sealed class DeviceFactAttribute : FactAttribute
{
    public DeviceFactAttribute() => Skip = IlgpuAdapter.Status.IsBuilt ? null : IlgpuAdapter.Status.Sentence;
}

/// <summary>The same for a theory.</summary>
public sealed class DeviceTheoryAttribute : TheoryAttribute
{
    public DeviceTheoryAttribute() => Skip = IlgpuAdapter.Status.IsBuilt ? null : IlgpuAdapter.Status.Sentence;
}
