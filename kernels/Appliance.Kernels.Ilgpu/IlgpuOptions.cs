namespace Appliance.Kernels.Ilgpu;

/// <summary>Which device computes, and when the processor does instead. The hardware profile's <c>compute</c> section fills it.</summary>
public sealed record IlgpuOptions
{
    /// <summary>"cuda", "opencl", "cpu" (ILGPU's simulator on the processor: right answers, not speed), or "auto": the first of these that is here.</summary>
    public string Device { get; init; } = "auto";
    /// <summary>Which one of that kind, from 0.</summary>
    public int DeviceIndex { get; init; }
    /// <summary>A batch that the device has not answered this long after its submission is computed on the processor.</summary>
    public long DeadlineNs { get; init; } = 1_000_000;
    /// <summary>Smaller batches are computed on the processor at once: the way to the device and back would take longer.</summary>
    public int CrossoverOptions { get; init; }
    /// <summary>The largest batch that the device takes; larger ones are computed on the processor. Buffers are made for it at start.</summary>
    public int OptionsMax { get; init; } = 65_536;
    /// <summary>A kernel that never ends takes batches from host memory: no copy and no launch for each. It holds its part of the device for itself.</summary>
    public bool IsPersistent { get; init; }
    /// <summary>Submit waits for the result, up to the deadline; the flow needs that.</summary>
    public bool CompletesInCall { get; init; }
}

/// <summary>A device that ILGPU sees.</summary>
/// <param name="Kind">"cuda", "opencl" or "cpu": what <see cref="IlgpuOptions.Device"/> names.</param>
/// <param name="Index">Among its kind.</param>
public sealed record IlgpuDevice(string Kind, int Index, string Name, long MemoryBytes);

/// <summary>The device that was asked for is not here, or it failed. The message says what there is.</summary>
public sealed class IlgpuDeviceException(string message) : Exception(message);

/// <summary>One kernel as a card would run it, in numbers.</summary>
/// <param name="LocalLoads">Loads from local memory, which is memory off the chip that stands in for registers: none is what one wants.</param>
/// <param name="Calls">Calls of functions that were not inlined.</param>
public sealed record KernelAssembly(string Kernel, string Target, int Instructions, int LocalLoads, int LocalStores, int LocalBytes, int Calls, int FusedMultiplyAdds, int Divisions)
{
    /// <summary>Products and sums that an assembler would be free to fuse: their bits would not be the processor's.</summary>
    public required int FusableOperations { get; init; }
    /// <summary>Branches on a condition that promise the same answer in all threads of a warp.</summary>
    public required int UniformConditions { get; init; }
}
