using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Appliance.Host.Configuration;

/// <summary>Makes the JSON schema and the reference page from the tables of settings, so that neither can drift from the checks.</summary>
internal static class SchemaWriter
{
    public static string Schema(Section section, string title)
    {
        using var stream = new MemoryStream();
        using (var w = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            w.WriteStartObject();
            w.WriteString("$schema", "https://json-schema.org/draft/2020-12/schema");
            w.WriteString("title", title);
            Object(w, section, top: true);
            w.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    private static void Object(Utf8JsonWriter w, Section section, bool top)
    {
        w.WriteString("type", "object");
        w.WriteBoolean("additionalProperties", false);
        w.WriteStartObject("properties");
        if (top)
        {
            w.WriteStartObject("$schema");
            w.WriteString("type", "string");
            w.WriteEndObject();
        }
        foreach (var setting in section.Settings)
        {
            w.WriteStartObject(setting.Key);
            w.WriteString("description", setting.Unit == "" ? setting.Why : $"{setting.Why} Unit: {setting.Unit}.");
            switch (setting.Type)
            {
                case SettingType.Text: w.WriteString("type", "string"); break;
                case SettingType.Time: w.WriteString("type", "string"); w.WriteString("format", "date-time"); break;
                case SettingType.Integer: w.WriteString("type", "integer"); Bounds(w, setting); break;
                case SettingType.Number: w.WriteString("type", "number"); Bounds(w, setting); break;
                case SettingType.Flag: w.WriteString("type", "boolean"); break;
                case SettingType.Choice:
                    w.WriteStartArray("enum");
                    foreach (string choice in setting.Choices) w.WriteStringValue(choice);
                    w.WriteEndArray();
                    break;
                case SettingType.Object: Object(w, setting.Section!, top: false); break;
                case SettingType.NumberOrList:
                    w.WriteStartArray("type");
                    w.WriteStringValue("number");
                    w.WriteStringValue("array");
                    w.WriteEndArray();
                    break;
                case SettingType.NumberOrChoice:
                    w.WriteStartArray("type");
                    w.WriteStringValue("number");
                    w.WriteStringValue("string");
                    w.WriteEndArray();
                    break;
                case SettingType.List:
                    w.WriteString("type", "array");
                    if (setting.Min > 0) w.WriteNumber("minItems", (int)setting.Min);
                    w.WriteStartObject("items");
                    if (setting.Shorthand is null) Object(w, setting.Section!, top: false);
                    else
                    {
                        w.WriteStartArray("anyOf");
                        w.WriteStartObject();
                        w.WriteString("type", "string");
                        w.WriteEndObject();
                        w.WriteStartObject();
                        Object(w, setting.Section!, top: false);
                        w.WriteEndObject();
                        w.WriteEndArray();
                    }
                    w.WriteEndObject();
                    break;
                case SettingType.TextList or SettingType.NumberList:
                    w.WriteString("type", "array");
                    w.WriteStartObject("items");
                    w.WriteString("type", setting.Type == SettingType.TextList ? "string" : "number");
                    w.WriteEndObject();
                    break;
                default: throw new ArgumentOutOfRangeException(nameof(section));
            }
            if (setting.Default is not null)
            {
                w.WritePropertyName("default");
                w.WriteRawValue(setting.Default);
            }
            w.WriteEndObject();
        }
        w.WriteEndObject();
        string[] required = [.. section.Settings.Where(s => s.Required).Select(s => s.Key)];
        if (required.Length == 0) return;
        w.WriteStartArray("required");
        foreach (string key in required) w.WriteStringValue(key);
        w.WriteEndArray();
    }

    private static void Bounds(Utf8JsonWriter w, Setting setting)
    {
        if (double.IsFinite(setting.Min)) w.WriteNumber("minimum", setting.Min);
        if (double.IsFinite(setting.Max)) w.WriteNumber("maximum", setting.Max);
    }

    public static string Reference(Section section, string title, string opening)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# {title}\n\n<!-- Generated by `appliance doctor --write-reference` from the tables that check the files. Do not edit. -->\n\n{opening}\n\n");
        text.Append("| Key | Allowed | Default | What it is |\n|---|---|---|---|\n");
        Rows(text, section, "");
        return text.ToString();
    }

    private static void Rows(StringBuilder text, Section section, string path)
    {
        foreach (var setting in section.Settings)
        {
            string key = path + setting.Key;
            string fallback = setting.Required ? "required" : setting.Default is { } d ? $"`{d}`" : "—";
            text.Append(CultureInfo.InvariantCulture, $"| `{key}` | {setting.Allowed.Replace("|", "\\|", StringComparison.Ordinal)} | {fallback} | {setting.Why.Replace("|", "\\|", StringComparison.Ordinal)} |\n");
            if (setting.Section is { } inner)
                Rows(text, inner, setting.Type == SettingType.List ? key + "[]." : key + ".");
        }
    }
}
