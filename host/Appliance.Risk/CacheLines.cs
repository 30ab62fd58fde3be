using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Appliance.Risk;

/// <summary>Asks the processor for memory that will be needed soon. A request costs about a nanosecond and never waits; where there is no such instruction, nothing happens.</summary>
internal static class CacheLines
{
    private const int LineBytes = 64;

    /// <summary>Every line of one element of an array.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Prefetch<T>(ref T element) where T : struct
    {
        if (!Sse.IsSupported) return;
        byte* at = (byte*)Unsafe.AsPointer(ref element);
        for (int offset = 0; offset < Unsafe.SizeOf<T>(); offset += LineBytes) Sse.Prefetch0(at + offset);
        // An element need not begin where a line does.
        Sse.Prefetch0(at + Unsafe.SizeOf<T>() - 1);
    }
}
