using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace Appliance.Kernels.Ilgpu;

/// <summary>An opened device.</summary>
internal sealed class Card : IDisposable
{
    /// <summary>ILGPU's simulator with one multiprocessor of two threads: as many as the smallest machine has processors.</summary>
    private const int SimulatedThreads = 2;
    /// <summary>More than any card holds at once; what is beyond strides.</summary>
    private const int ItemsMax = 1 << 20;

    private readonly Context _context;

    private Card(Context context, Device device, string kind)
    {
        _context = context;
        Accelerator = device.CreateAccelerator(context);
        Kind = kind;
    }

    public Accelerator Accelerator { get; }
    public string Kind { get; }
    public string Name => $"{Kind}: {Accelerator.Name}";
    public bool IsSimulated => Kind == "cpu";

    /// <summary>Work items for a batch: one an option on a card.</summary>
    public int Items(int count) => Math.Min(count, IsSimulated ? SimulatedThreads : ItemsMax);

    /// <summary>Threads of a group that share <paramref name="wanted"/> numbers among them.</summary>
    public int GroupSize(int wanted)
    {
        int most = Math.Min(Accelerator.MaxNumThreadsPerGroup, 512), warp = Accelerator.WarpSize;
        return Math.Min(most, (wanted + warp - 1) / warp * warp);
    }

    /// <exception cref="IlgpuDeviceException">It is not here.</exception>
    public static Card Open(IlgpuOptions options)
    {
        // Only what was asked for is looked at: a driver that is not needed must not be able to fail.
        string[] kinds = options.Device == "auto" ? ["cuda", "opencl", "cpu"] : [options.Device];
        foreach (string kind in kinds)
        {
            Context context = Build(kind);
            Device[] devices = Devices(context, kind);
            if (options.DeviceIndex >= 0 && options.DeviceIndex < devices.Length) return new Card(context, devices[options.DeviceIndex], kind);
            context.Dispose();
        }
        string here = string.Join(", ", List().Select(d => $"{d.Kind} {d.Index} ({d.Name})"));
        throw new IlgpuDeviceException($"there is no {options.Device} device {options.DeviceIndex} here; there are: {here}");
    }

    public static IReadOnlyList<IlgpuDevice> List()
    {
        var found = new List<IlgpuDevice>();
        foreach (string kind in (string[])["cuda", "opencl", "cpu"])
        {
            using Context context = Build(kind);
            Device[] devices = Devices(context, kind);
            for (int i = 0; i < devices.Length; i++) found.Add(new IlgpuDevice(kind, i, devices[i].Name, kind == "cpu" ? 0 : devices[i].MemorySize));
        }
        return found;
    }

    public void Dispose()
    {
        Accelerator.Dispose();
        _context.Dispose();
    }

    private static Context Build(string kind) => Context.Create(builder =>
    {
        builder.Exact();
        if (kind == "cuda") builder.Cuda();
        else if (kind == "opencl") builder.OpenCL();
        else builder.CPU(new CPUDevice(SimulatedThreads, 1, 1));
    });

    // A context without any device of the wanted kind holds ILGPU's simulator instead.
    private static Device[] Devices(Context context, string kind) => kind switch
    {
        "cuda" => [.. context.GetCudaDevices()],
        "opencl" => [.. context.GetCLDevices()],
        _ => [.. context.GetCPUDevices()],
    };
}
