using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Appliance.Host.Composition;

/// <summary>What this build is and on what it runs, as a journal's header pins it.</summary>
internal static class BuildIdentity
{
    public static string Build { get; } = typeof(BuildIdentity).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    public static string InstructionSet { get; } = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()
        + (Avx512F.IsSupported ? " AVX-512" : Avx2.IsSupported ? " AVX2" : System.Runtime.Intrinsics.Arm.AdvSimd.IsSupported ? " AdvSimd" : " scalar");
}
