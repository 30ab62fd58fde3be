using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Appliance.TestKit.Conformance;

/// <summary>What a line of an acceptance script does, seen from the scripted peer.</summary>
public enum ScriptAction { Connect, Disconnect, Send, Expect, ExpectConnect, ExpectDisconnect }

/// <summary>One step: the connection it is about (1 when the line names none), and the message as written, separators SOH.</summary>
public sealed record ScriptStep(int Line, ScriptAction Action, int Connection, string Text);

/// <summary>A script that cannot be read: says file, line, and what stands there.</summary>
public sealed class ScriptException(string message) : Exception(message);

/// <summary>
/// An acceptance script in QuickFIX's format: lines that begin with I (send), E (expect), i or e with CONNECT or DISCONNECT, each optionally with a connection number
/// and a comma; # begins a comment. BodyLength and CheckSum are filled in where a sent line leaves them out, and &lt;TIME&gt;, &lt;TIME+n&gt;, &lt;TIME-n&gt; become UTC times.
/// </summary>
public sealed partial class ScriptFile
{
    private ScriptFile(string path, IReadOnlyList<ScriptStep> steps)
    {
        Path = path;
        Steps = steps;
    }

    public string Path { get; }
    public string Name => System.IO.Path.GetFileNameWithoutExtension(Path);
    public IReadOnlyList<ScriptStep> Steps { get; }

    public static ScriptFile Read(string path)
    {
        var steps = new List<ScriptStep>();
        int number = 0;
        foreach (string raw in File.ReadAllLines(path, Encoding.Latin1))
        {
            number++;
            string line = raw.TrimEnd('\r');
            if (line.Trim().Length == 0 || line[0] == '#') continue;
            var match = Line().Match(line);
            if (!match.Success) throw new ScriptException($"{path}:{number}: '{line}' is no step of a script");
            int connection = match.Groups[2].Success ? int.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture) : 1;
            string rest = match.Groups[3].Value;
            var action = (match.Groups[1].Value, rest.Trim()) switch
            {
                ("I", _) => ScriptAction.Send,
                ("E", _) => ScriptAction.Expect,
                ("i", "CONNECT") => ScriptAction.Connect,
                ("i", "DISCONNECT") => ScriptAction.Disconnect,
                ("e", "CONNECT") => ScriptAction.ExpectConnect,
                ("e", "DISCONNECT") => ScriptAction.ExpectDisconnect,
                _ => throw new ScriptException($"{path}:{number}: '{line}' neither connects nor disconnects"),
            };
            steps.Add(new ScriptStep(number, action, connection, rest));
        }
        return new ScriptFile(path, steps);
    }

    /// <summary>The value of a field in a message as written, or null.</summary>
    public static string? FieldOf(string message, int tag)
    {
        string prefix = tag.ToString(CultureInfo.InvariantCulture) + "=";
        foreach (string field in message.Split('\u0001'))
            if (field.StartsWith(prefix, StringComparison.Ordinal)) return field[prefix.Length..];
        return null;
    }

    /// <summary>The bytes of a message to be sent: times put in, length and checksum added where they are not written.</summary>
    public static byte[] Complete(string text, DateTime utcNow)
    {
        text = Time().Replace(text, m =>
        {
            int offset = m.Groups[1].Success ? int.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture) : 0;
            return utcNow.AddSeconds(offset).ToString("yyyyMMdd-HH:mm:ss", CultureInfo.InvariantCulture);
        });
        int headEnd = text.IndexOf('\u0001') + 1;
        if (!text.StartsWith("8=", StringComparison.Ordinal) || headEnd == 0)
            return Encoding.Latin1.GetBytes(text);
        string head = text[..headEnd], rest = text[headEnd..], checksum = "";
        var trailer = Trailer().Match(rest);
        if (trailer.Success)
        {
            checksum = trailer.Value;
            rest = rest[..trailer.Index];
        }
        if (!rest.StartsWith("9=", StringComparison.Ordinal) && !rest.Contains("\u00019=", StringComparison.Ordinal))
            rest = $"9={rest.Length.ToString(CultureInfo.InvariantCulture)}\u0001{rest}";
        if (checksum.Length == 0)
            checksum = $"10={(head + rest).Sum(c => c) % 256:000}\u0001";
        return Encoding.Latin1.GetBytes(head + rest + checksum);
    }

    [GeneratedRegex(@"^([IEie])(?:(\d+),)?(.*)$", RegexOptions.Singleline)]
    private static partial Regex Line();
    [GeneratedRegex(@"<TIME([+-]\d+)?>")]
    private static partial Regex Time();
    [GeneratedRegex("(?<=\u0001)10=[^\u0001]*\u0001$")]
    private static partial Regex Trailer();
}
