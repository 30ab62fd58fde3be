using System.Text.Json;
using Appliance.Contract;
using Appliance.Host.Configuration;

namespace Appliance.Host.Composition;

/// <summary>One order, or one unanswered request of the order before it, as <see cref="EventKind.OrderRestored"/> carries it; by names, for the desk file may change between runs.</summary>
internal sealed record SessionOrder(string Kind, ulong Id, string Symbol, string Portfolio, string Side, string TimeInForce, long PriceUnits, long QuantityUnits, long FilledUnits);

internal sealed record SessionPosition(string Portfolio, string Symbol, long Units);

/// <summary>
/// What a run began with, written beside its order log before anything is sent: positions, orders that may work, and the venue's next sequence number that the host had recorded. Together
/// with the run's own log and journal it is all that the next start needs; nothing older counts.
/// </summary>
internal sealed record SessionState(ulong Epoch, uint NextIncoming, IReadOnlyList<string> Instruments, IReadOnlyList<SessionPosition> Positions, IReadOnlyList<SessionOrder> Orders)
{
    private static readonly JsonSerializerOptions Options = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public static string PathIn(string sessionFolder) => Path.Combine(sessionFolder, "state.json");

    /// <summary>Null when there is none.</summary>
    public static SessionState? Read(string sessionFolder)
    {
        string path = PathIn(sessionFolder);
        if (!File.Exists(path)) return null;
        try { return JsonSerializer.Deserialize<SessionState>(File.ReadAllBytes(path), Options) ?? throw new JsonException("it is empty"); }
        catch (JsonException e)
        {
            throw new BadInputException($"{path}: cannot be read ({e.Message}), and positions and working orders stand in it; ask the venue for both, then move the session's folder away and start with --opening-position");
        }
    }

    /// <summary>Whole or not at all: a kill leaves the old one or the new one.</summary>
    public void Write(string sessionFolder)
    {
        string path = PathIn(sessionFolder), temporary = path + ".part";
        using (var file = File.Create(temporary))
        {
            JsonSerializer.Serialize(file, this, Options);
            file.Flush(flushToDisk: true);
        }
        File.Move(temporary, path, overwrite: true);
    }
}
