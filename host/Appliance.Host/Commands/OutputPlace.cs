using Appliance.Host.Configuration;

namespace Appliance.Host.Commands;

/// <summary>Whether results can be written where the command line wants them, asked before anything starts: a run is not worth much when its report fails at the end.</summary>
internal static class OutputPlace
{
    /// <summary>Makes the folder where it is missing. Throws <see cref="BadInputException"/> that names the option when it cannot be made or written to.</summary>
    public static void RequireFolder(string option, string folder)
    {
        if (File.Exists(folder)) throw new BadInputException($"{option} {folder}: this is a file; name a folder");
        try
        {
            Directory.CreateDirectory(folder);
            using var probe = new FileStream(Path.Combine(folder, $".writable-{Environment.ProcessId}"), FileMode.Create, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{option} {folder}: this folder cannot be made or written to ({e.Message.TrimEnd('.')}); name one that can");
        }
    }

    /// <summary>The same for a file that will be written at the end.</summary>
    public static void RequireFile(string option, string? file)
    {
        if (file is null) return;
        if (Directory.Exists(file)) throw new BadInputException($"{option} {file}: this is a folder; name a file in it");
        RequireFolder(option, Path.GetDirectoryName(Path.GetFullPath(file))!);
    }

    /// <summary>The same for a report, whose page and latency table take the same name with endings of their own.</summary>
    public static void RequireReport(string? file)
    {
        if (file is not null && Path.GetExtension(file) is ".html" or ".hgrm")
            throw new BadInputException($"--report {file}: the page and the latency table of this name are written beside the JSON report; name it {Path.ChangeExtension(file, ".json")}");
        RequireFile("--report", file);
    }
}
