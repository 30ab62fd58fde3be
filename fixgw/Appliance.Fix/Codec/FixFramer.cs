namespace Appliance.Fix;

/// <summary>What stands at the head of a byte stream.</summary>
public enum FrameStatus : byte
{
    /// <summary>One whole message with the right body length and checksum.</summary>
    Complete,
    /// <summary>The beginning of what may be a message.</summary>
    NeedMore,
    /// <summary>Bytes that belong to no message; drop them and look again.</summary>
    Garbage,
    /// <summary>A message whose checksum or length is wrong, or whose third field is not MsgType; FIX says to ignore it, its number will be asked for again.</summary>
    Garbled,
    /// <summary>The beginning of a message that says it is longer than what is taken; the length is that of what to drop before looking again.</summary>
    TooLong,
}

/// <summary>
/// Finds messages in a byte stream: BeginString, BodyLength, MsgType, and CheckSum where the length says. After anything that is not a message it finds the
/// next "8=FIX" that follows a separator.
/// </summary>
public static class FixFramer
{
    public const byte Separator = 1;
    private const int TrailerLength = 7;

    /// <param name="length">Bytes of the message (Complete, Garbled), or to drop (Garbage, TooLong); 0 for NeedMore.</param>
    public static FrameStatus Next(ReadOnlySpan<byte> stream, int maxMessageBytes, out int length)
    {
        length = 0;
        if (stream.IsEmpty)
            return FrameStatus.NeedMore;
        int at = 0;
        if (!StartsLike(stream, "8=FIX"u8))
            return Resynchronise(stream, out length);
        int separator = stream[..Math.Min(stream.Length, 16)].IndexOf(Separator);
        if (separator < 0)
            return stream.Length < 16 ? FrameStatus.NeedMore : Resynchronise(stream, out length);
        at = separator + 1;
        if (!StartsLike(stream[at..], "9="u8))
            return Resynchronise(stream, out length);
        if (stream.Length < at + 3)
            return FrameStatus.NeedMore;
        at += 2;
        int digitsEnd = stream.Slice(at, Math.Min(stream.Length - at, 8)).IndexOf(Separator);
        if (digitsEnd < 0)
            return stream.Length - at < 8 ? FrameStatus.NeedMore : Resynchronise(stream, out length);
        if (!FixNumber.TryParseUnsigned(stream.Slice(at, digitsEnd), out uint bodyLength))
            return Resynchronise(stream, out length);
        int body = at + digitsEnd + 1, trailer = body + (int)bodyLength;
        if (bodyLength > maxMessageBytes || trailer + TrailerLength > maxMessageBytes)
        {
            Resynchronise(stream, out length);
            return FrameStatus.TooLong;
        }
        if (stream.Length < trailer + TrailerLength)
            return FrameStatus.NeedMore;
        var end = stream.Slice(trailer, TrailerLength);
        if (stream[trailer - 1] != Separator || !end.StartsWith("10="u8) || end[6] != Separator)
            return SkipGarbled(stream, trailer, maxMessageBytes, out length);
        length = trailer + TrailerLength;
        uint a = (uint)end[3] - '0', b = (uint)end[4] - '0', c = (uint)end[5] - '0';
        if (a > 9 || b > 9 || c > 9 || a * 100 + b * 10 + c != FixChecksum.Sum(stream[..trailer]) || !stream[body..].StartsWith("35="u8))
            return FrameStatus.Garbled;
        return FrameStatus.Complete;
    }

    /// <summary>
    /// BodyLength is wrong. The message ends with the first CheckSum field at or after the end that it claims, unless a new message begins before: a length
    /// that is too long takes the next message with it, as it must, because a data field may contain what looks like a message.
    /// </summary>
    private static FrameStatus SkipGarbled(ReadOnlySpan<byte> stream, int claimedEnd, int maxMessageBytes, out int length)
    {
        int from = claimedEnd - 1;
        var rest = stream[from..];
        int checksum = rest.IndexOf("\u000110="u8), begin = rest.IndexOf("\u00018=FIX"u8);
        if (begin >= 0 && (checksum < 0 || begin < checksum))
        {
            length = from + begin + 1;
            return FrameStatus.Garbage;
        }
        int close = checksum < 0 ? -1 : rest[(checksum + 4)..].IndexOf(Separator);
        if (close >= 0)
        {
            length = from + checksum + 4 + close + 1;
            return FrameStatus.Garbled;
        }
        length = 0;
        return stream.Length < maxMessageBytes ? FrameStatus.NeedMore : Resynchronise(stream, out length);
    }

    private static bool StartsLike(ReadOnlySpan<byte> stream, ReadOnlySpan<byte> wanted)
    {
        int common = Math.Min(stream.Length, wanted.Length);
        return stream[..common].SequenceEqual(wanted[..common]);
    }

    /// <summary>The next place that could begin a message, or all but a tail that could be the beginning of such a place.</summary>
    private static FrameStatus Resynchronise(ReadOnlySpan<byte> stream, out int length)
    {
        ReadOnlySpan<byte> wanted = "\u00018=FIX"u8;
        int found = stream.IndexOf(wanted);
        if (found >= 0)
        {
            length = found + 1;
            return FrameStatus.Garbage;
        }
        int keep = Math.Min(wanted.Length - 1, stream.Length);
        while (keep > 0 && !stream[^keep..].SequenceEqual(wanted[..keep])) keep--;
        // A kept tail begins with the separator, which is dropped: what stays begins like a message.
        length = stream.Length - Math.Max(0, keep - 1);
        return FrameStatus.Garbage;
    }
}
