using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Appliance.Fix;

namespace Appliance.TestKit.Conformance;

/// <summary>
/// Compares a received message with a script's expected line. Header fields behind the first three may stand in any order, as FIX allows; the body's must stand as written.
/// Times (52, 60, 122, 42) must have their format, integers are compared as numbers (a leading zero is allowed in them), and BodyLength and CheckSum of what was
/// received were verified by the framer, so their expected values are not looked at.
/// </summary>
public static partial class MessageComparison
{
    private static readonly HashSet<int> Times = [42, 52, 60, 122];
    private static readonly HashSet<int> Integers = [7, 16, 34, 36, 45, 108, 371, 373, 380, 789];

    /// <summary>Null when they agree; otherwise what differs.</summary>
    public static string? Difference(string expected, ReadOnlySpan<byte> received)
    {
        var want = Split(expected);
        var got = Split(Encoding.Latin1.GetString(received));
        if (want.Count == 0 || want[0].Tag != 8 || got[0].Value != want[0].Value)
            return "BeginString differs";
        if (got.Count < 4 || got[1].Tag != 9 || got[2].Tag != 35 || got[^1].Tag != 10)
            return "the message received does not have 8, 9, 35 first and 10 last";
        var wantHeader = Header(want);
        var gotHeader = Header(got);
        foreach (var field in wantHeader)
        {
            int at = gotHeader.FindIndex(f => f.Tag == field.Tag);
            if (at < 0) return $"header field {field.Tag} is missing";
            if (Differs(field, gotHeader[at]) is { } difference) return difference;
            gotHeader.RemoveAt(at);
        }
        if (gotHeader.Count > 0) return $"header field {gotHeader[0].Tag} was not expected";
        var wantBody = Body(want);
        var gotBody = Body(got);
        for (int i = 0; i < Math.Max(wantBody.Count, gotBody.Count); i++)
        {
            if (i >= gotBody.Count) return $"field {wantBody[i].Tag} is missing";
            if (i >= wantBody.Count) return $"field {gotBody[i].Tag} was not expected";
            if (wantBody[i].Tag != gotBody[i].Tag) return $"field {wantBody[i].Tag} was expected where {gotBody[i].Tag} stands";
            if (Differs(wantBody[i], gotBody[i]) is { } difference) return difference;
        }
        return null;
    }

    public static string Show(ReadOnlySpan<byte> message) => Encoding.Latin1.GetString(message).Replace('\u0001', '|');

    private static List<(int Tag, string Value)> Split(string message) =>
        [.. message.Split('\u0001', StringSplitOptions.RemoveEmptyEntries).Select(f => f.IndexOf('=') is > 0 and var at ? (int.Parse(f[..at], CultureInfo.InvariantCulture), f[(at + 1)..]) : (0, f))];

    private static List<(int Tag, string Value)> Header(List<(int Tag, string Value)> fields) => [.. fields.TakeWhile(f => FixHeader.IsHeaderTag(f.Tag)).Where(f => f.Tag is not (8 or 9))];

    private static List<(int Tag, string Value)> Body(List<(int Tag, string Value)> fields) => [.. fields.SkipWhile(f => FixHeader.IsHeaderTag(f.Tag)).Where(f => f.Tag != 10)];

    private static string? Differs((int Tag, string Value) want, (int Tag, string Value) got)
    {
        bool equal = Times.Contains(want.Tag) ? TimeFormat().IsMatch(got.Value)
            : Integers.Contains(want.Tag) && long.TryParse(want.Value, CultureInfo.InvariantCulture, out long a) && long.TryParse(got.Value, CultureInfo.InvariantCulture, out long b) ? a == b
            : want.Value == got.Value;
        return equal ? null : $"field {want.Tag} should be '{want.Value}' and is '{got.Value}'";
    }

    [GeneratedRegex(@"^\d{8}-\d{2}:\d{2}:\d{2}(\.\d+)?$")]
    private static partial Regex TimeFormat();
}
