using Appliance.Contract;

namespace Appliance.Ring.Disruptor;

/// <summary>The Disruptor-net ring behind the ring's port: the side that is built where the package restores.</summary>
public static class DisruptorAdapter
{
    public static AdapterStatus Status { get; } = AdapterStatus.Built("Disruptor");

    public static IRing<T> CreateRing<T>(DisruptorRingOptions options) where T : struct => new DisruptorRing<T>(options);
}
