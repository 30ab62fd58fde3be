using System.Reflection;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.OpenCL;
using ILGPU.Backends.PTX;
using ILGPU.Frontend;
using ILGPU.Frontend.Intrinsic;
using ILGPU.IR;
using ILGPU.IR.Intrinsics;
using ILGPU.IR.Values;

namespace Appliance.Kernels.Ilgpu;

/// <summary>
/// Makes the formulas' operations on accelerators what they are on the processor, so that both give the same bits: the fused multiply-add, which ILGPU 1.5.3 does not know, becomes the device's
/// own; and sums, differences and products say how they round, because an assembler may otherwise fuse a product and a sum that the formula keeps apart.
/// </summary>
internal static class DeviceArithmetic
{
    // Registered once in the process: ILGPU keeps these in a static table.
    private static readonly bool _isRemapped = Remap();

    /// <summary>Prepares a context, its level of optimisation too; to be called while it is built.</summary>
    public static Context.Builder Exact(this Context.Builder builder)
    {
        _ = _isRemapped;
        IntrinsicImplementationManager manager = builder.GetIntrinsicManager();
        foreach (Type type in (Type[])[typeof(double), typeof(float)])
        {
            MethodInfo fused = Fused(type);
            manager.RegisterMethod(fused, new PTXIntrinsic(typeof(DeviceArithmetic), nameof(EmitFusedPtx), IntrinsicImplementationMode.GenerateCode));
            manager.RegisterMethod(fused, new CLIntrinsic(typeof(DeviceArithmetic), nameof(EmitFusedOpenCl), IntrinsicImplementationMode.GenerateCode));
        }
        foreach (BinaryArithmeticKind kind in (BinaryArithmeticKind[])[BinaryArithmeticKind.Add, BinaryArithmeticKind.Sub, BinaryArithmeticKind.Mul])
            foreach (BasicValueType type in (BasicValueType[])[BasicValueType.Float32, BasicValueType.Float64])
                manager.RegisterBinaryArithmetic(kind, type, new PTXIntrinsic(typeof(DeviceArithmetic), nameof(EmitRoundedPtx), IntrinsicImplementationMode.GenerateCode));
        DeviceSignals.Register(manager);
        // At O2 ILGPU 1.5.3 takes a kernel's index for the same in all threads, and marks branches that depend on it as never parting a warp.
        return builder.Optimize(OptimizationLevel.O1);
    }

    /// <summary>a·b + c, rounded once. On the processor it is the runtime's; accelerators get an instruction in its place.</summary>
    [IntrinsicImplementation]
    public static double FusedMultiplyAdd(double a, double b, double c) => Math.FusedMultiplyAdd(a, b, c);

    [IntrinsicImplementation]
    public static float FusedMultiplyAdd(float a, float b, float c) => MathF.FusedMultiplyAdd(a, b, c);

    private static MethodInfo Fused(Type type) => typeof(DeviceArithmetic).GetMethod(nameof(FusedMultiplyAdd), [type, type, type])!;

    private static bool Remap()
    {
        RemappedIntrinsics.AddRemapping(
            typeof(Math).GetMethod(nameof(Math.FusedMultiplyAdd), [typeof(double), typeof(double), typeof(double)])!, (ref InvocationContext call) => call.Method = Fused(typeof(double)));
        RemappedIntrinsics.AddRemapping(
            typeof(MathF).GetMethod(nameof(MathF.FusedMultiplyAdd), [typeof(float), typeof(float), typeof(float)])!, (ref InvocationContext call) => call.Method = Fused(typeof(float)));
        return true;
    }

    public static void EmitFusedPtx(PTXBackend backend, PTXCodeGenerator generator, Value value)
    {
        var call = (MethodCall)value;
        var a = generator.LoadPrimitive(call.Nodes[0]);
        var b = generator.LoadPrimitive(call.Nodes[1]);
        var c = generator.LoadPrimitive(call.Nodes[2]);
        var target = generator.AllocateHardware(value);
        using var command = generator.BeginCommand(call.BasicValueType == BasicValueType.Float64 ? "fma.rn.f64" : "fma.rn.f32");
        command.AppendArgument(target);
        command.AppendArgument(a);
        command.AppendArgument(b);
        command.AppendArgument(c);
    }

    public static void EmitRoundedPtx(PTXBackend backend, PTXCodeGenerator generator, Value value)
    {
        var operation = (BinaryArithmeticValue)value;
        string name = operation.Kind switch { BinaryArithmeticKind.Add => "add", BinaryArithmeticKind.Sub => "sub", _ => "mul" };
        var left = generator.LoadPrimitive(operation.Left);
        var right = generator.LoadPrimitive(operation.Right);
        var target = generator.AllocateHardware(value);
        using var command = generator.BeginCommand(operation.BasicValueType == BasicValueType.Float64 ? $"{name}.rn.f64" : $"{name}.rn.f32");
        command.AppendArgument(target);
        command.AppendArgument(left);
        command.AppendArgument(right);
    }

    public static void EmitFusedOpenCl(CLBackend backend, CLCodeGenerator generator, Value value)
    {
        var call = (MethodCall)value;
        var a = generator.Load(call.Nodes[0]);
        var b = generator.Load(call.Nodes[1]);
        var c = generator.Load(call.Nodes[2]);
        var target = generator.Allocate(value);
        using var statement = generator.BeginStatement(target);
        statement.AppendCommand("fma");
        statement.BeginArguments();
        statement.AppendArgument(a);
        statement.AppendArgument(b);
        statement.AppendArgument(c);
        statement.EndArguments();
    }
}
