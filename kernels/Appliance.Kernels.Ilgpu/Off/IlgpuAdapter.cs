using System.Diagnostics.CodeAnalysis;
using Appliance.Contract;
using Appliance.Kernels.Hedging;
using Appliance.Kernels.Networks;

namespace Appliance.Kernels.Ilgpu;

/// <summary>The kernels on ILGPU behind the compute port: here the side that is built where the package does not restore.</summary>
public static class IlgpuAdapter
{
    public static AdapterStatus Status { get; } = AdapterStatus.NotBuilt("Ilgpu");

    public static IReadOnlyList<IlgpuDevice> Devices() => [];

    /// <exception cref="AdapterNotBuiltException">Always, on this side; so do all that follow.</exception>
    [DoesNotReturn]
    public static IComputeBackend CreateBackend(IlgpuOptions options) => throw new AdapterNotBuiltException(Status);

    [DoesNotReturn]
    public static IDevicePricing CreatePricing(IlgpuOptions options) => throw new AdapterNotBuiltException(Status);

    [DoesNotReturn]
    public static IDeviceNetwork CreateMlp(IlgpuOptions options, IReadOnlyList<DenseLayer> layers, Activation activation, int rowsMax) => throw new AdapterNotBuiltException(Status);

    [DoesNotReturn]
    public static IDeviceNetwork CreateLstm(IlgpuOptions options, IReadOnlyList<RecurrentLayer> layers, IReadOnlyList<DenseLayer> head, Activation headActivation, int rowsMax, int stepsMax) =>
        throw new AdapterNotBuiltException(Status);

    [DoesNotReturn]
    public static IHedgeDevice CreateHedge(IlgpuOptions options, DeviceHedgeProblem problem, int pathsPerBlock, int blocksRecorded, int blocksMax) => throw new AdapterNotBuiltException(Status);

    [DoesNotReturn]
    public static IDeviceMeter CreateMeter(IlgpuOptions options) => throw new AdapterNotBuiltException(Status);

    [DoesNotReturn]
    public static IReadOnlyList<KernelAssembly> Assembly() => throw new AdapterNotBuiltException(Status);

    [DoesNotReturn]
    public static HedgeLaunchData HedgeLaunch(DeviceHedgeProblem problem, int pathsPerBlock, int firstBlock, int every, bool records, int paths) => throw new AdapterNotBuiltException(Status);

    [DoesNotReturn]
    public static string AssemblyText(string kernel) => throw new AdapterNotBuiltException(Status);
}
