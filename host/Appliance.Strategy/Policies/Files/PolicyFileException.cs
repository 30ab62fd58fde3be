namespace Appliance.Strategy.Policies.Files;

/// <summary>A policy file that cannot be used: which file, and for each fault where, what was seen and what is expected. For start-up; the host exits with code 2.</summary>
public sealed class PolicyFileException(string file, IReadOnlyList<string> faults)
    : Exception($"{file}: {string.Join($"{Environment.NewLine}{file}: ", faults)}")
{
    public PolicyFileException(string file, string fault) : this(file, [fault]) { }

    public string File { get; } = file;
    public IReadOnlyList<string> Faults { get; } = faults;
}
