namespace Appliance.Fix;

/// <summary>A message found in a log: where it stands, what the line says before it, and its bytes with real separators.</summary>
public sealed record FixLogEntry(int Line, string Prefix, byte[] Message);

/// <summary>
/// Finds FIX messages in a log of any kind: bare messages one after another, or one a line behind a time or a direction, with SOH, '|' or "^A" between the fields.
/// A message begins at "8=FIX" and ends behind its CheckSum, or where the line ends.
/// </summary>
public static class FixLogReader
{
    public static IEnumerable<FixLogEntry> Read(byte[] log)
    {
        int at = 0, line = 1, counted = 0;
        while (Find(log, at, out int begin))
        {
            line += Count(log, counted, begin);
            counted = begin;
            int end = EndOf(log, begin, out byte[] message);
            int lineStart = log.AsSpan(0, begin).LastIndexOf((byte)'\n') + 1;
            string prefix = lineStart < at ? "" : System.Text.Encoding.Latin1.GetString(log, lineStart, begin - lineStart).Trim();
            yield return new FixLogEntry(line, prefix, message);
            at = end;
        }
    }

    private static bool Find(byte[] log, int from, out int begin)
    {
        int found = log.AsSpan(from).IndexOf("8=FIX"u8);
        begin = from + found;
        return found >= 0;
    }

    private static int Count(byte[] log, int from, int to) => log.AsSpan(from, to - from).Count((byte)'\n');

    /// <summary>Where the message that begins there ends in the log, and its bytes with SOH between the fields.</summary>
    private static int EndOf(byte[] log, int begin, out byte[] message)
    {
        var rest = log.AsSpan(begin);
        int next = rest[5..].IndexOf("8=FIX"u8);
        // Another message cannot begin before this one ended, except behind a separator or a line of its own.
        var window = next < 0 ? rest : rest[..(next + 5)];
        var separator = SeparatorOf(window);
        Span<byte> trailer = stackalloc byte[separator.Length + 3];
        separator.CopyTo(trailer);
        "10="u8.CopyTo(trailer[separator.Length..]);
        int checksum = separator.IsEmpty ? -1 : window.IndexOf(trailer);
        int newline = window.IndexOf((byte)'\n');
        int length;
        if (checksum >= 0)
        {
            int value = checksum + trailer.Length, close = window[value..].IndexOf(separator);
            int lineEnd = window[value..].IndexOf((byte)'\n');
            // A log that trims its lines loses the last separator.
            bool trimmed = close < 0 || lineEnd >= 0 && lineEnd < close;
            length = trimmed ? value + (lineEnd >= 0 ? lineEnd : window.Length - value) : value + close + separator.Length;
            message = Unify(window[..length].TrimEnd("\r\n "u8), separator, trimmed);
            return begin + length;
        }
        length = newline >= 0 ? newline : window.Length;
        message = Unify(window[..length].TrimEnd("\r\n "u8), separator, false);
        return begin + Math.Max(length, 1);
    }

    private static ReadOnlySpan<byte> SeparatorOf(ReadOnlySpan<byte> message)
    {
        foreach (byte b in message[..Math.Min(message.Length, 16)])
        {
            if (b == FixFramer.Separator) return "\u0001"u8;
            if (b == (byte)'|') return "|"u8;
            if (b == (byte)'^') return "^A"u8;
        }
        return default;
    }

    private static byte[] Unify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> separator, bool close)
    {
        var unified = new List<byte>(message.Length + 1);
        while (!separator.IsEmpty)
        {
            int at = message.IndexOf(separator);
            if (at < 0) break;
            unified.AddRange(message[..at]);
            unified.Add(FixFramer.Separator);
            message = message[(at + separator.Length)..];
        }
        unified.AddRange(message);
        if (close && unified.Count > 0 && unified[^1] != FixFramer.Separator) unified.Add(FixFramer.Separator);
        return [.. unified];
    }
}
