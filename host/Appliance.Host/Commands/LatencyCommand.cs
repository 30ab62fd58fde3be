using System.CommandLine;

namespace Appliance.Host.Commands;

internal static class LatencyCommand
{
    public static Command Make() => new("latency", "Measure the appliance.");
}
