using Appliance.Kernels.Ilgpu;

namespace Appliance.Tests.Accelerator;

/// <summary>What a card would run, made without one.</summary>
public class DeviceAssemblyTests
{
    [DeviceFact]
    public void No_kernel_touches_local_memory_calls_a_function_or_leaves_rounding_to_the_assembler()
    {
        IReadOnlyList<KernelAssembly> kernels = IlgpuAdapter.Assembly();
        Assert.Equal(["greeks", "persistent-greeks", "european", "implied-volatility", "mlp", "lstm-inputs", "lstm-steps", "hedge-forward", "hedge-backward", "hedge-fold", "hedge-gather"], kernels.Select(k => k.Kernel));
        foreach (KernelAssembly k in kernels)
        {
            Assert.Equal((0, 0, 0, 0, 0, 0), (k.LocalLoads, k.LocalStores, k.LocalBytes, k.Calls, k.FusableOperations, k.UniformConditions));
            // Two kernels only move and add.
            Assert.True(k.Instructions > 20 && (k.FusedMultiplyAdds > 0 || k.Kernel is "hedge-fold" or "hedge-gather"), k.ToString());
        }
        Assert.Throws<ArgumentException>(() => IlgpuAdapter.AssemblyText("nothing"));
    }
}
