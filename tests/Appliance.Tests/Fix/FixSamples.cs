using System.Globalization;
using System.Text;
using Appliance.Contract;
using Appliance.Fix;

namespace Appliance.Tests.Fix;

/// <summary>Messages written plainly, with length and checksum by a loop: the reference that the codec is held against.</summary>
internal static class FixSamples
{
    public const long StartUtcNs = 1_700_000_000_000_000_000; // 2023-11-14 22:13:20 UTC

    public static readonly InstrumentDefinition[] Instruments =
    [
        new(0, "AAPL", 10_000, 1, 100, 1, 1.0),
        new(1, "BTCUSDT", 100_000_000, 100_000_000, 10_000_000, 100_000, 1.0),
        new(2, "ESZ6", 100, 1, 25, 1, 50.0),
    ];

    /// <summary>A whole message from the fields between BodyLength and CheckSum, written with '|'.</summary>
    public static byte[] Message(string body, string beginString = "FIX.4.4")
    {
        string fields = body.Replace('|', '\u0001');
        string text = $"8={beginString}\u00019={fields.Length.ToString(CultureInfo.InvariantCulture)}\u0001{fields}";
        int sum = 0;
        foreach (char c in text) sum = (sum + c) & 0xFF;
        return Encoding.Latin1.GetBytes($"{text}10={sum:000}\u0001");
    }

    public static string Show(ReadOnlySpan<byte> message) => Encoding.Latin1.GetString(message).Replace('\u0001', '|');

    /// <summary>Fields in order, by splitting text: nothing of the codec takes part.</summary>
    public static List<(int Tag, string Value)> Fields(ReadOnlySpan<byte> message) =>
        [.. Encoding.Latin1.GetString(message).Split('\u0001', StringSplitOptions.RemoveEmptyEntries)
            .Select(f => (int.Parse(f[..f.IndexOf('=')], CultureInfo.InvariantCulture), f[(f.IndexOf('=') + 1)..]))];

    /// <summary>Length and checksum hold, by arithmetic that shares no code with the codec.</summary>
    public static void AssertSound(ReadOnlySpan<byte> message)
    {
        string text = Encoding.Latin1.GetString(message);
        Assert.StartsWith("8=FIX", text, StringComparison.Ordinal);
        Assert.EndsWith("\u0001", text, StringComparison.Ordinal);
        int lengthAt = text.IndexOf("\u00019=", StringComparison.Ordinal) + 3, bodyAt = text.IndexOf('\u0001', lengthAt) + 1;
        int trailerAt = text.LastIndexOf("\u000110=", StringComparison.Ordinal) + 1;
        Assert.Equal(text.Length - 7, trailerAt);
        Assert.Equal(trailerAt - bodyAt, int.Parse(text[lengthAt..(bodyAt - 1)], CultureInfo.InvariantCulture));
        Assert.Equal(text[..trailerAt].Sum(c => c) % 256, int.Parse(text.Substring(trailerAt + 3, 3), CultureInfo.InvariantCulture));
        Assert.Equal("35", Fields(message)[2].Tag.ToString(CultureInfo.InvariantCulture));
    }

    public static FixHeaderTemplate Header(bool microseconds = false) => new("DESK", "VENUE", microseconds);
    public static SymbolTable Symbols() => new(Instruments);
}
