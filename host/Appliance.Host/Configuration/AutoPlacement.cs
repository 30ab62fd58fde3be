using Appliance.Contract;
using Appliance.Host.Native;

namespace Appliance.Host.Configuration;

/// <summary>
/// Where a profile with <c>placement: auto</c> puts the polling thread on this machine. One that shares a processor with whatever the kernel gives it takes several times as long to make an order, so a profile
/// that knows no core numbers takes the last processor that this process may use, if that leaves another for everybody else.
/// </summary>
internal static class AutoPlacement
{
    public static HardwareProfile Apply(HardwareProfile profile) => Apply(profile, Linux.AllowedCores(), Environment.ProcessorCount);

    /// <param name="allowed">Processors that the process may run on, rising.</param>
    /// <param name="processors">How many processors' time it may use: fewer than it may run on where a container has a quota.</param>
    internal static HardwareProfile Apply(HardwareProfile profile, IReadOnlyList<int> allowed, int processors) =>
        profile.PlacesItself && Math.Min(allowed.Count, processors) >= 2 ? profile with { Hot = profile.Hot with { Core = allowed[^1], Wait = RingWait.BusySpin } } : profile;

    /// <summary>For people, of a profile after <see cref="Apply(HardwareProfile)"/>: where the polling thread runs, and what it costs if nowhere in particular.</summary>
    public static string Describe(HardwareProfile profile) =>
        profile.Hot.Core >= 0 ? $"the hot thread on core {profile.Hot.Core}{(profile.Hot.Wait == RingWait.BusySpin ? ", spinning" : "")}{(profile.PlacesItself ? " (auto)" : "")}"
        : profile.PlacesItself ? "the hot thread has no core of its own (auto: this process may use one processor only), so latencies are several times what they could be"
        : "the hot thread has no core of its own, so latencies are several times what they could be: placement \"auto\", or a core in threads.hot, gives it one";
}
