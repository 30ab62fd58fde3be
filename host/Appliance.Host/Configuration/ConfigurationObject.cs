using System.Globalization;
using System.Text.Json;

namespace Appliance.Host.Configuration;

/// <summary>
/// A checked object of a configuration file: every key known, typed and in range, defaults filled in. Cross-checks between keys
/// report through <see cref="Error"/>, which knows the line.
/// </summary>
internal sealed class ConfigurationObject
{
    private readonly Dictionary<string, object> _values = [];
    private readonly Dictionary<string, int> _lines = [];
    private readonly string _file;
    private readonly string _path;
    private readonly int _line;
    private readonly ConfigurationErrors _errors;

    private ConfigurationObject(string file, string path, int line, ConfigurationErrors errors) => (_file, _path, _line, _errors) = (file, path, line, errors);

    public string Text(string key) => _values.TryGetValue(key, out var v) ? (string)v : "";
    public long Integer(string key) => _values.TryGetValue(key, out var v) ? (long)v : 0;
    public double Number(string key) => _values.TryGetValue(key, out var v) ? (double)v : 0;
    public bool Flag(string key) => _values.TryGetValue(key, out var v) && (bool)v;
    public long TimeUtcNs(string key) => _values.TryGetValue(key, out var v) ? (long)v : 0;
    /// <summary>An object without keys where the file had none that could be read, so that checks of its neighbours still run.</summary>
    public ConfigurationObject Object(string key) => _values.TryGetValue(key, out var v) ? (ConfigurationObject)v : new ConfigurationObject(_file, _path == "" ? key : $"{_path}.{key}", _line, _errors);
    public IReadOnlyList<ConfigurationObject> List(string key) => _values.TryGetValue(key, out var v) ? (IReadOnlyList<ConfigurationObject>)v : [];
    public IReadOnlyList<string> Texts(string key) => _values.TryGetValue(key, out var v) ? (IReadOnlyList<string>)v : [];
    public IReadOnlyList<double> Numbers(string key) => _values.TryGetValue(key, out var v) ? (IReadOnlyList<double>)v : [];
    /// <summary>Whether a key that may hold a number or a word holds the word.</summary>
    public bool IsText(string key) => _values.TryGetValue(key, out var v) && v is string;
    /// <summary>Whether the file itself has the key.</summary>
    public bool Given(string key) => _lines.ContainsKey(key);
    /// <summary>True when the key has a good value, given or by default.</summary>
    public bool Has(string key) => _values.ContainsKey(key);
    public bool Has(string key, string other) => Has(key) && Has(other);

    /// <summary>Reports a mistake that only shows between keys.</summary>
    public void Error(string key, string seen, string allowed) =>
        _errors.Add(_file, _lines.GetValueOrDefault(key, _line), _path == "" ? key : $"{_path}.{key}", seen, allowed);

    /// <summary>Parses and checks a file's text. Mistakes go to <paramref name="errors"/>; null when it is not even an object.</summary>
    public static ConfigurationObject? Parse(byte[] utf8, string file, Section section, ConfigurationErrors errors)
    {
        JsonNodeAt root;
        try { root = JsonNodeAt.Parse(utf8); }
        catch (JsonException e)
        {
            errors.Add(file, (int)(e.LineNumber ?? -1) + 1, "not valid JSON: " + (e.Message.Split(" LineNumber:", 2)[0]));
            return null;
        }
        if (root.Type != JsonTokenType.StartObject)
        {
            errors.Add(file, root.Line, "(file)", root.Seen, "an object");
            return null;
        }
        return FromNode(root, section, file, "", errors);
    }

    private static ConfigurationObject FromNode(JsonNodeAt node, Section section, string file, string path, ConfigurationErrors errors)
    {
        var result = new ConfigurationObject(file, path, node.Line, errors);
        foreach (var (key, line, value) in node.Members)
        {
            string full = path == "" ? key : $"{path}.{key}";
            if (key is "$schema") continue;
            var setting = section.Find(key);
            if (setting is null)
            {
                errors.Add(file, line, $"{full}: no such key{Suggestion(key, section)}");
                continue;
            }
            if (result._lines.ContainsKey(key)) errors.Add(file, line, $"{full}: given twice");
            result._lines[key] = line;
            result.Take(setting, value, full);
        }
        foreach (var setting in section.Settings)
        {
            if (result._lines.ContainsKey(setting.Key)) continue;
            string full = path == "" ? setting.Key : $"{path}.{setting.Key}";
            if (setting.Required)
            {
                errors.Add(file, node.Line, $"{full}: is missing; it must be {setting.Allowed}. {setting.Why}");
                continue;
            }
            if (setting.Default is { } json) result.Take(setting, JsonNodeAt.Parse(System.Text.Encoding.UTF8.GetBytes(json)), full);
            else if (setting.Type == SettingType.Object && setting.Section is { } inner && inner.Settings.All(s => !s.Required))
                result._values[setting.Key] = FromNode(new JsonNodeAt { Type = JsonTokenType.StartObject, Line = node.Line }, inner, file, full, errors);
        }
        return result;
    }

    private void Take(Setting setting, JsonNodeAt node, string full)
    {
        object? value = setting.Type switch
        {
            SettingType.Text => node.Type == JsonTokenType.String ? node.Text : null,
            SettingType.Choice => node.Type == JsonTokenType.String ? setting.Choose(node.Text) : null,
            SettingType.Integer => node.Type == JsonTokenType.Number && long.TryParse(node.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long i) && i >= setting.Min && i <= setting.Max ? i : null,
            SettingType.Number => InRange(node, setting),
            SettingType.Flag => node.Type switch { JsonTokenType.True => true, JsonTokenType.False => false, _ => null },
            SettingType.Time => node.Type == JsonTokenType.String && DateTimeOffset.TryParse(node.Text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var t) ? (t.UtcTicks - DateTime.UnixEpoch.Ticks) * 100 : null,
            SettingType.Object => node.Type == JsonTokenType.StartObject ? FromNode(node, setting.Section!, _file, full, _errors) : null,
            SettingType.List => node.Type == JsonTokenType.StartArray && node.Items.Count >= setting.Min ? Items(setting, node, full) : null,
            SettingType.TextList => node.Type == JsonTokenType.StartArray && node.Items.All(n => n.Type == JsonTokenType.String) ? node.Items.Select(n => n.Text).ToArray() : null,
            SettingType.NumberList => Numbers(setting, node),
            SettingType.NumberOrList => node.Type == JsonTokenType.Number ? (InRange(node, setting) is double one ? new[] { one } : null)
                : node.Type == JsonTokenType.StartArray && node.Items.All(n => InRange(n, setting) is not null) ? node.Items.Select(n => (double)InRange(n, setting)!).ToArray() : null,
            SettingType.NumberOrChoice => node.Type == JsonTokenType.String ? setting.Choose(node.Text) : InRange(node, setting),
            _ => throw new ArgumentOutOfRangeException(nameof(setting)),
        };
        if (value is null) _errors.Add(_file, node.Line, full, node.Seen, setting.Allowed);
        else _values[setting.Key] = value;
    }

    private static double[]? Numbers(Setting setting, JsonNodeAt node)
    {
        if (node.Type != JsonTokenType.StartArray) return null;
        bool isMatrix = setting.MayBeRows && node.Items.Count > 0 && node.Items.All(n => n.Type == JsonTokenType.StartArray && n.Items.Count == node.Items.Count);
        var items = isMatrix ? [.. node.Items.SelectMany(row => row.Items)] : node.Items;
        return items.All(n => InRange(n, setting) is not null) ? [.. items.Select(n => (double)InRange(n, setting)!)] : null;
    }

    private static object? InRange(JsonNodeAt node, Setting setting) =>
        node.Type == JsonTokenType.Number && double.TryParse(node.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out double x) && double.IsFinite(x) && x >= setting.Min && x <= setting.Max ? x : null;

    private List<ConfigurationObject> Items(Setting setting, JsonNodeAt node, string full)
    {
        var items = new List<ConfigurationObject>();
        for (int i = 0; i < node.Items.Count; i++)
        {
            var item = node.Items[i];
            if (setting.Shorthand is { } only && item.Type == JsonTokenType.String)
            {
                item = new JsonNodeAt { Type = JsonTokenType.StartObject, Line = item.Line };
                item.Members.Add((only, item.Line, node.Items[i]));
            }
            if (item.Type == JsonTokenType.StartObject) items.Add(FromNode(item, setting.Section!, _file, $"{full}[{i}]", _errors));
            else _errors.Add(_file, item.Line, $"{full}[{i}]", item.Seen, "an object");
        }
        return items;
    }

    private static string Suggestion(string key, Section section)
    {
        var near = section.Settings.Select(s => (s.Key, Distance: EditDistance(key, s.Key))).OrderBy(p => p.Distance).FirstOrDefault();
        return near.Key is not null && near.Distance <= Math.Max(2, key.Length / 3) ? $"; did you mean \"{near.Key}\"?" : $"; allowed are {string.Join(", ", section.Settings.Select(s => s.Key))}";
    }

    private static int EditDistance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int cost = char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1;
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + cost));
            }
        }
        return row[b.Length];
    }
}
