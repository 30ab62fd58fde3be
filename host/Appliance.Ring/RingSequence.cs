using System.Runtime.InteropServices;

namespace Appliance.Ring;

/// <summary>
/// One word that two threads share, alone on two cache lines. Two, because the adjacent-line prefetcher of x86 fetches lines in pairs,
/// and a neighbour's write would then invalidate this one all the same.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = SizeBytes)]
internal struct RingSequence
{
    public const int SizeBytes = 128;
    /// <summary>Before the first event.</summary>
    public const long None = -1;

    [FieldOffset(0)] public long Value;
    [FieldOffset(8)] private Padding _padding;

    [System.Runtime.CompilerServices.InlineArray(15)]
    private struct Padding { private long _first; }
}

/// <summary>What the single producer knows by itself, on lines that no other thread touches.</summary>
[StructLayout(LayoutKind.Explicit, Size = RingSequence.SizeBytes)]
internal struct ProducerState
{
    /// <summary>The last sequence claimed.</summary>
    [FieldOffset(0)] public long Claimed;
    /// <summary>The last sequence that may be claimed without a look at the consumers: the cached gate plus the capacity.</summary>
    [FieldOffset(8)] public long ClaimLimit;
    /// <summary>Claims refused because the ring was full.</summary>
    [FieldOffset(16)] public long Refused;
    [FieldOffset(24)] private Padding _padding;

    [System.Runtime.CompilerServices.InlineArray(13)]
    private struct Padding { private long _first; }
}
