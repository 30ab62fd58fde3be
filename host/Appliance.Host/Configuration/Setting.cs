namespace Appliance.Host.Configuration;

internal enum SettingType { Text, Integer, Number, Flag, Choice, Time, Object, List, TextList, NumberList, NumberOrList, NumberOrChoice }

/// <summary>
/// One key of a configuration file: its type, what is allowed, its default with unit and reason. From these tables come the checks,
/// the JSON schema that editors complete from, and the generated reference.
/// </summary>
internal sealed record Setting(string Key, SettingType Type, string Why)
{
    public bool Required { get; init; }
    /// <summary>The default as JSON text; null where there is none.</summary>
    public string? Default { get; init; }
    public double Min { get; init; } = double.NegativeInfinity;
    public double Max { get; init; } = double.PositiveInfinity;
    public string[] Choices { get; init; } = [];
    /// <summary>
    /// Other names by which the field knows the choices, in small letters without separators, each with the choice that it means. Where there are any, separators and capitals of the choices themselves may differ too
    /// ("roughBergomi", "GBM"); null takes the choices to the letter.
    /// </summary>
    public (string Seen, string Meant)[]? OtherNames { get; init; }
    /// <summary>A list of numbers may be written as a matrix, a list a row.</summary>
    public bool MayBeRows { get; init; }
    public string Unit { get; init; } = "";
    /// <summary>A list's item may be a text alone, which then stands for an object with this one key.</summary>
    public string? Shorthand { get; init; }
    /// <summary>Keys of an object, or of each item of a list.</summary>
    public Section? Section { get; init; }

    public string Allowed => Type switch
    {
        SettingType.Text => "text",
        SettingType.Integer => "a whole number" + Range,
        SettingType.Number => "a number" + Range,
        SettingType.Flag => "true or false",
        SettingType.Choice => "one of " + string.Join(", ", Choices.Select(c => $"\"{c}\"")),
        SettingType.Time => "a UTC time such as \"2024-08-30T08:00:00Z\"",
        SettingType.Object => "an object",
        SettingType.NumberOrList => "a number or a list of numbers" + Range,
        SettingType.NumberOrChoice => "a number" + Range + " or one of " + string.Join(", ", Choices.Select(c => $"\"{c}\"")),
        SettingType.List => (Shorthand is null ? "a list of objects" : "a list of objects or texts") + (Min > 0 ? $", at least {Min}" : ""),
        SettingType.TextList => "a list of texts",
        SettingType.NumberList => "a list of numbers" + Range,
        _ => throw new ArgumentOutOfRangeException(nameof(Type)),
    };

    /// <summary>The choice that a text names; null where it names none.</summary>
    public string? Choose(string text)
    {
        if (Array.IndexOf(Choices, text) >= 0) return text;
        if (OtherNames is null) return null;
        string plain = Plain(text);
        string? meant = Array.Find(Choices, c => Plain(c) == plain) ?? Array.Find(OtherNames, n => n.Seen == plain).Meant;
        return meant is not null && Choices.Contains(meant) ? meant : null;
    }

    private static string Plain(string text) => string.Concat(text.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant();

    private string Range => (double.IsFinite(Min), double.IsFinite(Max)) switch
    {
        (true, true) => $" from {Number(Min)} to {Number(Max)}",
        (true, false) => $" of at least {Number(Min)}",
        (false, true) => $" of at most {Number(Max)}",
        _ => "",
    } + (Unit == "" ? "" : $" ({Unit})");

    internal static string Number(double x) => x.ToString(Math.Abs(x) is >= 1e15 or (> 0 and < 1e-4) ? "g" : "0.##########", System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>An object's keys, in the order in which the reference lists them.</summary>
internal sealed class Section(string name, params Setting[] settings)
{
    public string Name { get; } = name;
    public Setting[] Settings { get; } = settings;
    public Setting? Find(string key) => Array.Find(Settings, s => s.Key == key);
}
