namespace Appliance.Host.Configuration;

/// <summary>A file that the user names, read whole: what keeps it from being read is said in words that name the file and no part of this program.</summary>
internal static class InputFile
{
    /// <returns>Null where it cannot be read; <paramref name="problem"/> then says why, without the file's name.</returns>
    public static byte[]? TryRead(string file, out string problem)
    {
        problem = "";
        try { return File.ReadAllBytes(file); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problem = Directory.Exists(file) ? "it is a folder; name a file" : e is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : $"cannot be read: {e.Message}";
            return null;
        }
    }

    public static byte[]? TryRead(string file, ConfigurationErrors errors)
    {
        byte[]? bytes = TryRead(file, out string problem);
        if (bytes is null) errors.Add(file, 0, problem);
        return bytes;
    }

    public static byte[] Read(string file) => TryRead(file, out string problem) ?? throw new BadInputException($"{file}: {problem}");
}
