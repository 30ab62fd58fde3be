namespace Appliance.Contract;

/// <summary>
/// What an optional adapter says of itself. Each adapter project has one entry type with a static Status, the same in On/ and Off/; whoever composes calls
/// <see cref="Require"/> when a profile names the adapter, before anything starts: there is no silent fallback.
/// </summary>
public sealed record AdapterStatus(string Name, bool IsBuilt, string Sentence)
{
    public static AdapterStatus Built(string name) => new(name, true, $"The {name} adapter is built.");

    /// <summary>For Off/ sides.</summary>
    public static AdapterStatus NotBuilt(string name) =>
        new(name, false, $"The {name} adapter is not built: run make configure, which says whether its package restores here, and build again.");

    /// <exception cref="AdapterNotBuiltException">The adapter is not there.</exception>
    public void Require()
    {
        if (!IsBuilt) throw new AdapterNotBuiltException(this);
    }
}

/// <summary>A profile names an adapter that this build lacks. The host prints the message and ends with exit code 2.</summary>
public sealed class AdapterNotBuiltException(AdapterStatus status) : Exception(status.Sentence)
{
    public AdapterStatus Status { get; } = status;
}
