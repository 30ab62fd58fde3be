using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Appliance.Contract;

namespace Appliance.Host.Composition;

/// <summary>One line of the audit log: who asked what of the running host, when, and what came of it.</summary>
internal sealed record AuditEntry
{
    public required DateTime AtUtc { get; init; }
    public required string By { get; init; }
    public required OperatorCommand Command { get; init; }
    public LimitKey Key { get; init; }
    /// <summary>Symbol or portfolio; empty for all.</summary>
    public string Target { get; init; } = "";
    public double Old { get; init; }
    public double New { get; init; }
    /// <summary>The desk file's value when the change was made: the change stands for as long as the file says so.</summary>
    public double Desk { get; init; }
    /// <summary>Empty when it was done; otherwise why not.</summary>
    public string Refused { get; init; } = "";
}

/// <summary>
/// The audit log: a line of JSON for each command, written and flushed to the disk before the command enters the ring, so that no change takes effect unrecorded. It is also what makes
/// changes survive a restart: <see cref="Standing"/>.
/// </summary>
internal sealed class AuditLog(string path)
{
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public string Path { get; } = path;

    public void Append(AuditEntry entry)
    {
        using var line = new MemoryStream();
        using (var w = new Utf8JsonWriter(line, Plain))
        {
            w.WriteStartObject();
            w.WriteString("at", entry.AtUtc.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture));
            w.WriteString("by", entry.By);
            w.WriteString("command", Camel(entry.Command.ToString()));
            if (entry.Key != LimitKey.None)
            {
                w.WriteString("limit", Camel(entry.Key.ToString()));
                w.WriteNumber("old", Finite(entry.Old));
                w.WriteNumber("new", Finite(entry.New));
                w.WriteNumber("desk", Finite(entry.Desk));
            }
            w.WriteString("target", entry.Target == "" ? "all" : entry.Target);
            w.WriteString("outcome", entry.Refused == "" ? "done" : "refused: " + entry.Refused);
            w.WriteEndObject();
        }
        line.WriteByte((byte)'\n');
        using var file = new FileStream(Path, FileMode.Append, FileAccess.Write, FileShare.Read);
        file.Write(line.GetBuffer(), 0, (int)line.Length);
        file.Flush(flushToDisk: true);
    }

    /// <summary>Infinity has no JSON; a limit without bound is the largest number.</summary>
    private static double Finite(double value) => double.IsFinite(value) ? value : Math.CopySign(double.MaxValue, value);

    /// <summary>
    /// The changes that still hold, oldest first: for each limit and target the last one that was done, unless the desk file's value is another now, for then the file was edited since and
    /// is the newer word. A line that cannot be read is reported, and is nobody's change.
    /// </summary>
    /// <param name="deskValue">What the desk file says now; NaN when it has no such limit or target.</param>
    public List<AuditEntry> Standing(Func<LimitKey, string, double> deskValue, List<string> warnings)
    {
        var last = new Dictionary<(LimitKey, string), AuditEntry>();
        if (!File.Exists(Path)) return [];
        int number = 0;
        foreach (string line in File.ReadLines(Path))
        {
            number++;
            if (line.Length == 0) continue;
            try
            {
                using var json = JsonDocument.Parse(line);
                var e = json.RootElement;
                if (e.GetProperty("command").GetString() != "setLimit" || e.GetProperty("outcome").GetString() != "done") continue;
                string target = e.GetProperty("target").GetString()!;
                if (target == "all") target = "";
                if (!Enum.TryParse(e.GetProperty("limit").GetString(), ignoreCase: true, out LimitKey key)) throw new FormatException($"there is no limit \"{e.GetProperty("limit").GetString()}\"");
                // A change of all takes the place of every earlier change of one.
                if (target == "") foreach (var earlier in last.Keys.Where(k => k.Item1 == key).ToList()) last.Remove(earlier);
                last.Remove((key, target));
                last[(key, target)] = new AuditEntry
                {
                    AtUtc = DateTime.Parse(e.GetProperty("at").GetString()!, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind), By = e.GetProperty("by").GetString()!, Command = OperatorCommand.SetLimit, Key = key,
                    Target = target, Old = e.GetProperty("old").GetDouble(), New = e.GetProperty("new").GetDouble(), Desk = e.GetProperty("desk").GetDouble(),
                };
            }
            catch (Exception problem) when (problem is JsonException or KeyNotFoundException or FormatException or InvalidOperationException)
            {
                warnings.Add($"{Path}: line {number} cannot be read ({problem.Message}); a change of a limit that it may hold is not restored");
            }
        }
        var standing = new List<AuditEntry>();
        foreach (var entry in last.Values)
        {
            double now = Finite(deskValue(entry.Key, entry.Target));
            if (now == entry.Desk) standing.Add(entry);
            else warnings.Add(string.Create(CultureInfo.InvariantCulture, $"limit {Camel(entry.Key.ToString())} of {(entry.Target == "" ? "all" : entry.Target)}: {entry.By} changed it to {entry.New:R} when the desk file said {entry.Desk:R}; the file says {now:R} now, and holds"));
        }
        standing.Sort((a, b) => a.AtUtc.CompareTo(b.AtUtc));
        return standing;
    }

    public static string Camel(string name) => char.ToLowerInvariant(name[0]) + name[1..];
}
