using System.Collections.Concurrent;

namespace Appliance.Fix;

/// <summary>The dictionaries that come with the program (Shipped/*.xml, embedded): small ones, for the messages that it speaks. A venue's own replace them.</summary>
internal static class ShippedDictionaries
{
    private static readonly ConcurrentDictionary<string, FixDictionary> Loaded = new();

    public static FixDictionaries For(FixVersion version) => version.IsFixt
        ? new FixDictionaries(Load(version.Name.Replace(".", "", StringComparison.Ordinal)), Load("FIXT11"))
        : new FixDictionaries(Load(version.Name.Replace(".", "", StringComparison.Ordinal)));

    private static FixDictionary Load(string name) => Loaded.GetOrAdd(name, static n =>
    {
        string resource = $"Appliance.Fix.Dictionary.Shipped.{n}.xml";
        using var stream = typeof(ShippedDictionaries).Assembly.GetManifestResourceStream(resource)
            ?? throw new ArgumentException($"no dictionary {n} comes with the program; name a file");
        return FixDictionaryReader.Read(stream, $"{n}.xml (shipped)");
    });
}
