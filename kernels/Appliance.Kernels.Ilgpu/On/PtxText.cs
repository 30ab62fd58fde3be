using System.Reflection;
using System.Text.RegularExpressions;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;

namespace Appliance.Kernels.Ilgpu;

/// <summary>The assembly that a card would get, made without a card or a driver, and counted: what stands in local memory is off the chip, what is called was not inlined.</summary>
internal static partial class PtxText
{
    /// <summary>The oldest of the cards that such a machine would have; what is counted does not depend on it.</summary>
    private const string Target = "sm_80";

    private static (string Name, MethodInfo Method, bool IsGrouped)[] Kernels =>
    [
        ("greeks", Method(typeof(PricingKernels), nameof(PricingKernels.Greeks)), false),
        ("persistent-greeks", Method(typeof(PricingKernels), nameof(PricingKernels.PersistentGreeks)), true),
        ("european", Method(typeof(PricingKernels), nameof(PricingKernels.European)), false),
        ("implied-volatility", Method(typeof(PricingKernels), nameof(PricingKernels.ImpliedVolatility)), false),
        ("mlp", Method(typeof(NetworkKernels), nameof(NetworkKernels.Mlp)), true),
        ("lstm-inputs", Method(typeof(NetworkKernels), nameof(NetworkKernels.LstmInputs)), false),
        ("lstm-steps", Method(typeof(NetworkKernels), nameof(NetworkKernels.LstmSteps)), true),
        ("hedge-forward", Method(typeof(HedgeKernels), nameof(HedgeKernels.Forward)), true),
        ("hedge-backward", Method(typeof(HedgeKernels), nameof(HedgeKernels.Backward)), true),
        ("hedge-fold", Method(typeof(HedgeKernels), nameof(HedgeKernels.Fold)), false),
        ("hedge-gather", Method(typeof(HedgeKernels), nameof(HedgeKernels.Gather)), false),
    ];

    public static string Of(string kernel)
    {
        var (name, method, isGrouped) = Kernels.FirstOrDefault(k => k.Name == kernel);
        if (name is null) throw new ArgumentException($"There is no kernel {kernel}; there are: {string.Join(", ", Kernels.Select(k => k.Name))}.", nameof(kernel));
        using var context = Context.Create(b => b.CPU().Exact());
        using var backend = new PTXBackend(context, new CudaCapabilityContext(CudaArchitecture.SM_80), CudaArchitecture.SM_80, CudaInstructionSet.ISA_70, null);
        var entry = isGrouped ? EntryPointDescription.FromExplicitlyGroupedKernel(method) : EntryPointDescription.FromImplicitlyGroupedKernel(method);
        return ((PTXCompiledKernel)backend.Compile(entry, default)).PTXAssembly;
    }

    public static IReadOnlyList<KernelAssembly> All() => [.. Kernels.Select(k => Count(k.Name, Of(k.Name)))];

    private static KernelAssembly Count(string name, string text)
    {
        // Functions that were inlined are left in the text without a body of their own; the kernel is what runs.
        string kernel = text[text.IndexOf(".entry", StringComparison.Ordinal)..];
        int Matches(Regex pattern) => pattern.Count(kernel);
        return new KernelAssembly(
            name, Target, Matches(Instruction()), Matches(LocalLoad()), Matches(LocalStore()), LocalArray().Matches(kernel).Sum(m => int.Parse(m.Groups[1].ValueSpan)), Matches(Call()), Matches(Fused()), Matches(Division()))
        { FusableOperations = Matches(Fusable()), UniformConditions = Matches(UniformCondition()) };
    }

    private static MethodInfo Method(Type type, string name) => type.GetMethod(name)!;

    [GeneratedRegex(@"^\t(@!?%p\d+ )?[a-z][a-z0-9]*\.[^;:]*;", RegexOptions.Multiline)]
    private static partial Regex Instruction();
    [GeneratedRegex(@"\bld\.local\b")]
    private static partial Regex LocalLoad();
    [GeneratedRegex(@"\bst\.local\b")]
    private static partial Regex LocalStore();
    [GeneratedRegex(@"\.local \.align \d+ \.b8 \w+\[(\d+)\]")]
    private static partial Regex LocalArray();
    [GeneratedRegex(@"\bcall\b")]
    private static partial Regex Call();
    [GeneratedRegex(@"@!?%p\d+ bra\.uni\b")]
    private static partial Regex UniformCondition();
    [GeneratedRegex(@"\bfma\.rn\.f(32|64)\b")]
    private static partial Regex Fused();
    [GeneratedRegex(@"\b(div|rcp|sqrt)\.rn\.f(32|64)\b")]
    private static partial Regex Division();
    [GeneratedRegex(@"\b((add|sub|mul|mad)\.f(32|64)|(div|rcp|sqrt|ex2|lg2|tanh)\.(approx|full)[.a-z]*\.f(32|64))\b")]
    private static partial Regex Fusable();
}
