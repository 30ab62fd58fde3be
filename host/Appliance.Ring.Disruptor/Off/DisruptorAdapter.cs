using System.Diagnostics.CodeAnalysis;
using Appliance.Contract;

namespace Appliance.Ring.Disruptor;

/// <summary>The Disruptor-net ring behind the ring's port: here the side that is built where the package does not restore.</summary>
public static class DisruptorAdapter
{
    public static AdapterStatus Status { get; } = AdapterStatus.NotBuilt("Disruptor");

    /// <exception cref="AdapterNotBuiltException">Always, on this side.</exception>
    [DoesNotReturn]
    public static IRing<T> CreateRing<T>(DisruptorRingOptions options) where T : struct => throw new AdapterNotBuiltException(Status);
}
