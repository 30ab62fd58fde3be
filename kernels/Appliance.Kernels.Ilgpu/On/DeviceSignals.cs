using System.Reflection;
using ILGPU;
using ILGPU.Backends.PTX;
using ILGPU.IR;
using ILGPU.IR.Intrinsics;
using ILGPU.IR.Values;

namespace Appliance.Kernels.Ilgpu;

/// <summary>
/// Words that a running kernel and the host pass to each other through page-locked memory. ILGPU 1.5.3 has a fence that reaches the host and no load that an optimiser must repeat: these are that load and its store, for CUDA (sm_70 and
/// newer) and the simulator.
/// </summary>
internal static class DeviceSignals
{
    public static void Register(IntrinsicImplementationManager manager)
    {
        foreach ((string method, string emitter) in ((string, string)[])[(nameof(LoadAcquire), nameof(EmitLoad)), (nameof(StoreRelease), nameof(EmitStore))])
            manager.RegisterMethod(typeof(DeviceSignals).GetMethod(method)!, new PTXIntrinsic(typeof(DeviceSignals), emitter, IntrinsicImplementationMode.GenerateCode));
    }

    /// <summary>What is read after it is at least as new as what the host wrote before this word.</summary>
    [IntrinsicImplementation]
    public static long LoadAcquire(ref long at) => Volatile.Read(ref at);

    /// <summary>Who reads this word finds what was written before it.</summary>
    [IntrinsicImplementation]
    public static void StoreRelease(ref long at, long value) => Volatile.Write(ref at, value);

    public static void EmitLoad(PTXBackend backend, PTXCodeGenerator generator, Value value)
    {
        var address = generator.LoadHardware(((MethodCall)value).Nodes[0]);
        var target = generator.AllocateHardware(value);
        using var command = generator.BeginCommand("ld.acquire.sys.b64");
        command.AppendArgument(target);
        command.AppendArgumentValue(address);
    }

    public static void EmitStore(PTXBackend backend, PTXCodeGenerator generator, Value value)
    {
        var call = (MethodCall)value;
        var address = generator.LoadHardware(call.Nodes[0]);
        var word = generator.LoadHardware(call.Nodes[1]);
        using var command = generator.BeginCommand("st.release.sys.b64");
        command.AppendArgumentValue(address);
        command.AppendArgument(word);
    }
}
