using System.Text.Json;

namespace Appliance.Host.Configuration;

/// <summary>Mistakes that show only after a specification was read ("FILE: policy.hidden: …") get the line on which their key stands, as those have that show while it is read.</summary>
internal static class KeyLines
{
    /// <param name="messages">Messages; those that do not begin with the file and a key of it stay as they are.</param>
    public static string[] Of(string file, params IEnumerable<string> messages)
    {
        JsonNodeAt root;
        try { root = JsonNodeAt.Parse(File.ReadAllBytes(file)); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException) { return [.. messages]; }
        return [.. messages.Select(m => m.StartsWith(file + ": ", StringComparison.Ordinal) && Line(root, m[(file.Length + 2)..]) is { } line ? $"{file}:{line}{m[file.Length..]}" : m)];
    }

    /// <summary>The line of the key before the first colon, or of the nearest object around it that the file has; null where the message begins with no key.</summary>
    private static int? Line(JsonNodeAt root, string message)
    {
        int end = message.IndexOf(": ", StringComparison.Ordinal);
        if (end <= 0 || message[..end].Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('.' or '[' or ']'))) return null;
        int? line = null;
        JsonNodeAt node = root;
        foreach (string part in message[..end].Replace("[", ".[", StringComparison.Ordinal).Split('.'))
        {
            if (part.StartsWith('['))
            {
                if (!int.TryParse(part.Trim('[', ']'), out int item) || item >= node.Items.Count) return line;
                (node, line) = (node.Items[item], node.Items[item].Line);
                continue;
            }
            int at = node.Members.FindIndex(m => m.Key == part);
            // A key that was left out belongs to the object that lacks it; at the top that is the file's first line.
            if (at < 0) return line ?? (LabSpecificationKeys.Keys.Find(part) is null ? null : root.Line);
            (line, node) = (node.Members[at].Line, node.Members[at].Value);
        }
        return line;
    }
}
