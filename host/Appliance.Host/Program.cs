using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;
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
            RunCommand.Make(), ReplayCommand.Make(), LatencyCommand.Make(), DoctorCommand.Make(), ConsoleCommand.Make(), VenueCommand.Make(), FixCommand.Make(), TlsCommand.Make(),
            GreeksCommand.Make(), PolicyCommand.Make(), TrainCommand.Make(), BacktestCommand.Make(), LabCommand.Make(),
        };
        var parsed = root.Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            foreach (string line in InWords(parsed.Errors)) Console.Error.WriteLine(line);
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

    /// <summary>The parser's complaints without names of its own types, and without "a command is missing" where a word was meant as one.</summary>
    private static IEnumerable<string> InWords(IReadOnlyList<ParseError> errors)
    {
        foreach (ParseError error in errors)
        {
            Match type = Regex.Match(error.Message, @"'(?<seen>[^']*)' for (option|argument) '(?<name>[^']*)' as expected type '(?<type>[^']*)'");
            if (type.Success)
                yield return $"{type.Groups["name"].Value}: saw {type.Groups["seen"].Value}, allowed is {(type.Groups["type"].Value.Contains("Int", StringComparison.Ordinal) ? "a whole number" : "a number")}";
            else if (errors.Count == 1 || error.SymbolResult is not CommandResult || error.Message.Contains('\'', StringComparison.Ordinal))
                yield return error.Message;
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
