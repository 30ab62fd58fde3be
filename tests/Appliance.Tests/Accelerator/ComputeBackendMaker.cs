using Appliance.Contract;
using Appliance.Kernels;
using Appliance.Kernels.Ilgpu;

namespace Appliance.Tests.Accelerator;

/// <summary>One implementation of the compute port. The contract's tests run for each that this build and this machine have: every register width, and every device that ILGPU sees.</summary>
public abstract class ComputeBackendMaker(string name)
{
    public abstract IComputeBackend Make();
    public override string ToString() => name;

    public static TheoryData<ComputeBackendMaker> All
    {
        get
        {
            var makers = new TheoryData<ComputeBackendMaker>();
            foreach (KernelWidth width in new[] { KernelWidth.Scalar, KernelWidth.Simd256, KernelWidth.Simd512 })
                if (CpuGreeksBackend.IsSupported(width)) makers.Add(new Processor(width));
            foreach (IlgpuDevice device in IlgpuAdapter.Devices())
            {
                makers.Add(new OnDevice(device, false));
                makers.Add(new OnDevice(device, true));
                if (device.Kind != "opencl") makers.Add(new OnDevice(device, false, isPersistent: true));
            }
            return makers;
        }
    }

    private sealed class Processor(KernelWidth width) : ComputeBackendMaker($"processor, {width}")
    {
        public override IComputeBackend Make() => new CpuGreeksBackend(width);
    }

    private sealed class OnDevice(IlgpuDevice device, bool completesInCall, bool isPersistent = false)
        : ComputeBackendMaker($"ILGPU {device.Kind} {device.Index}, {(completesInCall ? "in the call" : "later")}{(isPersistent ? ", persistent" : "")}")
    {
        // So long a deadline that the device itself is tried, on the slowest machine, too.
        public override IComputeBackend Make() => IlgpuAdapter.CreateBackend(new IlgpuOptions
        {
            Device = device.Kind, DeviceIndex = device.Index, CompletesInCall = completesInCall, IsPersistent = isPersistent, OptionsMax = 2048, DeadlineNs = 60_000_000_000,
        });
    }
}
