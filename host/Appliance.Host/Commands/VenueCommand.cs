using System.CommandLine;

namespace Appliance.Host.Commands;

internal static class VenueCommand
{
    public static Command Make() => new("venue", "The embedded venue.");
}
