using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Appliance.Ring;

/// <summary>The ring's throws, apart from its fast paths. Each is a programmer's error: nothing a feed or a venue does leads here.</summary>
internal static class RingFault
{
    [DoesNotReturn, MethodImpl(MethodImplOptions.NoInlining)]
    public static void BadClaimCount(int count, long capacity) =>
        throw new ArgumentOutOfRangeException(nameof(count), count, $"One claim takes 1 to {capacity} slots.");

    [DoesNotReturn, MethodImpl(MethodImplOptions.NoInlining)]
    public static void Frozen(string consumer) =>
        throw new InvalidOperationException($"Consumer '{consumer}' comes too late: consumers are added before the first claim.");

    [DoesNotReturn, MethodImpl(MethodImplOptions.NoInlining)]
    public static void NotOfThisRing(string consumer) =>
        throw new ArgumentException($"Consumer '{consumer}' depends on a reader of another ring.");

    [DoesNotReturn, MethodImpl(MethodImplOptions.NoInlining)]
    public static void ClaimWithoutRoom() =>
        throw new InvalidOperationException("A source claimed a slot of a full ring: it reads RemainingCapacity before each packet.");
}
