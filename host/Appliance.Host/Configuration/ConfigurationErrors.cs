namespace Appliance.Host.Configuration;

/// <summary>Everything wrong with a set of files, gathered so that the user mends all of it in one go.</summary>
internal sealed class ConfigurationErrors
{
    private readonly List<(string File, int Line, string Message)> _all = [];

    public int Count => _all.Count;

    public void Add(string file, int line, string key, string seen, string allowed) =>
        _all.Add((file, line, $"{key}: saw {seen}, allowed is {allowed}"));

    public void Add(string file, int line, string message) => _all.Add((file, line, message));

    /// <summary>One line a mistake: file:line: key: what was seen, what is allowed.</summary>
    public IEnumerable<string> Lines => _all.OrderBy(e => e.File, StringComparer.Ordinal).ThenBy(e => e.Line).Select(e => e.Line > 0 ? $"{e.File}:{e.Line}: {e.Message}" : $"{e.File}: {e.Message}");
}

/// <summary>A profile or desk file cannot be used. The command prints the lines and exits with 2; nothing was started.</summary>
internal sealed class BadInputException(IReadOnlyList<string> lines) : Exception(string.Join(Environment.NewLine, lines))
{
    public BadInputException(string line) : this([line]) { }
    public IReadOnlyList<string> Lines { get; } = lines;
}
