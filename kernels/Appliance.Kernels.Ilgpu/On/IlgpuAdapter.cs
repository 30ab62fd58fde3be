using Appliance.Contract;
using Appliance.Kernels.Hedging;
using Appliance.Kernels.Networks;
using ILGPU.Runtime;

namespace Appliance.Kernels.Ilgpu;

/// <summary>The kernels on ILGPU behind the compute port: the side that is built where the package restores.</summary>
public static class IlgpuAdapter
{
    public static AdapterStatus Status { get; } = AdapterStatus.Built("Ilgpu");

    /// <summary>What ILGPU sees on this machine; its simulator on the processor always.</summary>
    public static IReadOnlyList<IlgpuDevice> Devices() => Card.List();

    /// <exception cref="IlgpuDeviceException">The device is not here; or it must answer in the call and its bits are not the processor's, so that a deadline would show in decisions.</exception>
    public static IComputeBackend CreateBackend(IlgpuOptions options) => Guarded(() => Backend(options));

    private static DeadlineGreeksBackend Backend(IlgpuOptions options)
    {
        Card card = Card.Open(options);
        IGreeksSlot[] slots = options.IsPersistent ? [new PersistentGreeksSlot(card, options.OptionsMax)] : [new GreeksSlot(card, options.OptionsMax), new GreeksSlot(card, options.OptionsMax)];
        var backend = new DeadlineGreeksBackend($"ilgpu {card.Name}{(options.IsPersistent ? ", persistent" : "")}", slots, options, card);
        if (!options.CompletesInCall || backend.SameBits) return backend;
        backend.Dispose();
        throw new IlgpuDeviceException($"{backend.Name} does not give the processor's bits: which of the two computed would show in decisions, and a replay could not repeat them");
    }

    /// <exception cref="IlgpuDeviceException">The device is not here.</exception>
    public static IDevicePricing CreatePricing(IlgpuOptions options) => Guarded(() => new IlgpuPricing(options));

    /// <param name="rowsMax">The most rows that one call brings.</param>
    /// <exception cref="IlgpuDeviceException">The device is not here.</exception>
    public static IDeviceNetwork CreateMlp(IlgpuOptions options, IReadOnlyList<DenseLayer> layers, Activation activation, int rowsMax) =>
        Guarded(() => new IlgpuNetwork(options, [], layers, activation, rowsMax, stepsMax: 1));

    /// <param name="layers">LSTM layers from the input up; other recurrences are refused.</param>
    /// <param name="head">Dense layers on the last layer's h.</param>
    /// <param name="stepsMax">The longest window.</param>
    /// <exception cref="IlgpuDeviceException">The device is not here.</exception>
    public static IDeviceNetwork CreateLstm(IlgpuOptions options, IReadOnlyList<RecurrentLayer> layers, IReadOnlyList<DenseLayer> head, Activation headActivation, int rowsMax, int stepsMax)
    {
        if (layers.Count == 0) throw new ArgumentException("A recurrent network has at least one layer.", nameof(layers));
        return Guarded(() => new IlgpuNetwork(options, layers, head, headActivation, rowsMax, stepsMax));
    }

    /// <summary>A training problem's hedge, forwards and back.</summary>
    /// <param name="blocksRecorded">The most blocks of paths that are gone back through at once.</param>
    /// <param name="blocksMax">The most whose losses alone are asked for at once.</param>
    /// <exception cref="IlgpuDeviceException">The device is not here, or too small.</exception>
    public static IHedgeDevice CreateHedge(IlgpuOptions options, DeviceHedgeProblem problem, int pathsPerBlock, int blocksRecorded, int blocksMax) =>
        Guarded(() => new IlgpuHedge(options, problem, pathsPerBlock, blocksRecorded, blocksMax));

    /// <exception cref="IlgpuDeviceException">The device is not here.</exception>
    public static IDeviceMeter CreateMeter(IlgpuOptions options) => Guarded(() => new DeviceMeter(options));

    /// <summary>Every kernel as ILGPU would give it to a card; needs neither card nor driver.</summary>
    public static IReadOnlyList<KernelAssembly> Assembly() => PtxText.All();

    /// <summary>What the training kernels are launched with.</summary>
    public static HedgeLaunchData HedgeLaunch(DeviceHedgeProblem problem, int pathsPerBlock, int firstBlock, int every, bool records, int paths) =>
        IlgpuHedge.LaunchData(problem, pathsPerBlock, firstBlock, every, records, paths);

    /// <summary>The text of one of those.</summary>
    public static string AssemblyText(string kernel) => PtxText.Of(kernel);

    /// <summary>A device that is there and cannot be used (out of memory, a driver too old, a kernel that its compiler refuses) is said as one.</summary>
    private static T Guarded<T>(Func<T> make)
    {
        try { return make(); }
        catch (Exception e) when (e is AcceleratorException or NotSupportedException) { throw new IlgpuDeviceException($"the device refuses: {e.GetType().Name}: {e.Message}"); }
    }
}
