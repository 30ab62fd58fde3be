namespace Appliance.Fix;

/// <summary>A message found in a log: where it stands, what the line says before it, and its bytes with real separators.</summary>
public sealed record FixLogEntry(int Line, string Prefix, byte[] Message);

/// <summary>
/// Finds FIX messages in a log of any kind: bare messages one after another, or one a line behind a time or a direction, with SOH, '|' or "^A" between the fields.
/// A message begins at "8=FIX" and ends behind its CheckSum, or where the line ends. A log may be of any length: it is read in pieces.
/// </summary>
public static class FixLogReader
{
    private const int PieceBytes = 1 << 22;

    /// <param name="pieceBytes">Read at once, at least 16; a message that is longer is read all the same.</param>
    public static IEnumerable<FixLogEntry> Read(Stream log, int pieceBytes = PieceBytes)
    {
        byte[] piece = new byte[pieceBytes];
        int held = 0, linesBefore = 0;
        for (bool ended = false; !ended;)
        {
            if (held == piece.Length) Array.Resize(ref piece, 2 * piece.Length);
            int got = log.Read(piece, held, piece.Length - held);
            ended = got == 0;
            held += got;
            int cut = ended ? held : CutOf(piece.AsSpan(0, held));
            if (cut == 0) continue;
            byte[] whole = piece[..cut];
            foreach (var entry in Read(whole)) yield return entry with { Line = entry.Line + linesBefore };
            linesBefore += Count(whole, 0, cut);
            piece.AsSpan(cut, held - cut).CopyTo(piece);
            held -= cut;
        }
    }

    /// <summary>Where the last message begins that may go on behind the piece, or its line; 0 when that is the first.</summary>
    private static int CutOf(ReadOnlySpan<byte> piece)
    {
        int begin = piece.Length;
        while (begin > 0)
        {
            begin = piece[..begin].LastIndexOf("8=FIX"u8);
            if (begin < 0) return piece.LastIndexOf((byte)'\n') + 1;
            int line = piece[..begin].LastIndexOf((byte)'\n') + 1;
            // Behind another message on the same line: the line's beginning is that one's.
            if (piece[line..begin].IndexOf("8=FIX"u8) < 0) return line;
            if (piece[begin - 1] is FixFramer.Separator or (byte)'|' || piece[..begin].EndsWith("^A"u8)) return begin;
        }
        return 0;
    }

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
        for (begin = from; ; begin++)
        {
            int found = log.AsSpan(begin).IndexOf("8=FIX"u8);
            if (found < 0) return false;
            begin += found;
            // "448=FIXDESK" is another field.
            if (begin == 0 || !char.IsAsciiDigit((char)log[begin - 1])) return true;
        }
    }

    private static int Count(byte[] log, int from, int to) => log.AsSpan(from, to - from).Count((byte)'\n');

    /// <summary>Where the message that begins there ends in the log, and its bytes with SOH between the fields.</summary>
    private static int EndOf(byte[] log, int begin, out byte[] message)
    {
        var rest = log.AsSpan(begin);
        var separator = SeparatorOf(rest);
        var window = rest[..NextBegin(rest, separator)];
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

    /// <summary>Another message cannot begin before this one ended, except behind a separator or on a later line; a text that speaks of "8=FIX" begins none.</summary>
    private static int NextBegin(ReadOnlySpan<byte> rest, ReadOnlySpan<byte> separator)
    {
        int at = 5;
        while (at < rest.Length && rest[at..].IndexOf("8=FIX"u8) is >= 0 and var found)
        {
            at += found;
            var before = rest[..at];
            if (!separator.IsEmpty && before.EndsWith(separator) || before.Contains((byte)'\n') && !char.IsAsciiDigit((char)before[^1])) return at;
            at++;
        }
        return rest.Length;
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
