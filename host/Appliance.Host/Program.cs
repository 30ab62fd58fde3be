using System.CommandLine;
using System.CommandLine.Parsing;
using Appliance.Host.Commands;
using Appliance.Host.Configuration;

namespace Appliance.Host;

/// <summary>The executable `appliance`: one verb a command, each in a file of Commands/. Exit codes: 0 done, 1 failed, 2 bad input, 130 interrupted.</summary>
internal static class Program
{
    public static int Main(string[] arguments)
    {
        var root = new RootCommand("The hedging appliance: market data in, hedge orders out.")
        {
            TrainCommand.Make(),
            RunCommand.Make(), LatencyCommand.Make(), ReplayCommand.Make(), DoctorCommand.Make(), VenueCommand.Make(), ConsoleCommand.Make(), FixCommand.Make(), TlsCommand.Make(), GreeksCommand.Make(), PolicyCommand.Make(),
            BacktestCommand.Make(), LabCommand.Make(),
        };
        var parsed = root.Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors) Console.Error.WriteLine(error.Message);
            Console.Error.WriteLine($"See: appliance {PathTo(parsed.CommandResult, root)}--help");
            return ExitCode.BadInput;
        }
        try
        {
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (BadInputException e)
        {
            foreach (string line in e.Lines) Console.Error.WriteLine(line);
            return ExitCode.BadInput;
        }
        catch (Contract.AdapterNotBuiltException e)
        {
            Console.Error.WriteLine(e.Message);
            return ExitCode.BadInput;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or Kernels.Ilgpu.IlgpuDeviceException)
        {
            Console.Error.WriteLine($"appliance: {e.Message}");
            return ExitCode.Failed;
        }
    }

    /// <summary>The words that lead to a command, such as "lab export ", so that what is printed can be typed.</summary>
    private static string PathTo(CommandResult command, RootCommand root) =>
        command.Command == root ? "" : (command.Parent is CommandResult parent ? PathTo(parent, root) : "") + command.Command.Name + " ";
}

internal static class ExitCode
{
    public const int Done = 0, Failed = 1, BadInput = 2, Interrupted = 130;
}
