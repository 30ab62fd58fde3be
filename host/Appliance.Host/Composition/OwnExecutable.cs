using System.Diagnostics;

namespace Appliance.Host.Composition;

/// <summary>Starts another process of this same executable.</summary>
internal static class OwnExecutable
{
    public static Process Start(IEnumerable<string> arguments)
    {
        string self = Environment.ProcessPath ?? throw new InvalidOperationException("The path of this executable is unknown.");
        var start = new ProcessStartInfo(self) { UseShellExecute = false };
        // Under `dotnet appliance.dll` the process is dotnet's, and the assembly is its first argument.
        if (Path.GetFileNameWithoutExtension(self).Equals("dotnet", StringComparison.OrdinalIgnoreCase))
            start.ArgumentList.Add(typeof(OwnExecutable).Assembly.Location);
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        return Process.Start(start) ?? throw new IOException($"{self}: no process was started");
    }
}
