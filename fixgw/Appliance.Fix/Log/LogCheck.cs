using System.Text;

namespace Appliance.Fix;

/// <summary>
/// Checks the messages of a log one by one: frame, header, dictionary, and the sequence of numbers in each direction. Numbers may begin anywhere; from then on each message
/// has the next number, is a possible duplicate, or comes after a reset.
/// </summary>
public sealed class LogCheck(FixDictionaries? given, FixValidationOptions options)
{
    private readonly DictionaryChoice _choice = new(given);
    private readonly Dictionary<FixDictionaries, MessageValidator> _validators = [];
    private readonly Dictionary<string, uint> _next = [];

    public int Messages { get; private set; }

    /// <summary>What is wrong with the message, in words, each with its tag's name; empty when nothing is.</summary>
    public IReadOnlyList<string> Check(FixLogEntry entry)
    {
        Messages++;
        byte[] message = entry.Message;
        var status = FixFramer.Next(message, Math.Max(message.Length + 64, 512), out int length);
        if (status != FrameStatus.Complete || length != message.Length)
            return [FrameProblem(message)];
        var problems = new List<string>();
        var header = FixHeader.Read(message);
        var dictionaries = _choice.For(message, in header);
        if (dictionaries is null)
        {
            problems.Add($"BeginString (8) {Encoding.Latin1.GetString(header.BeginString(message))} is of no version that a dictionary is at hand for");
        }
        else
        {
            if (!_validators.TryGetValue(dictionaries, out var validator)) _validators[dictionaries] = validator = new MessageValidator(dictionaries, options);
            var verdict = header.RejectReason >= 0 ? new FixVerdict(header.RejectReason, header.RejectTag) : validator.Check(message, in header);
            if (!verdict.IsNone) problems.Add(Describe(verdict, dictionaries, in header));
        }
        if (!header.HasSequence) problems.Add("MsgSeqNum (34) is missing or no number");
        else CheckSequence(message, in header, problems);
        return problems;
    }

    private static string FrameProblem(ReadOnlySpan<byte> message)
    {
        string? sum = SumProblem(message), length = LengthProblem(message);
        if (sum is null && length is null) return "BeginString (8), BodyLength (9) and MsgType (35) are not the first three fields";
        return length is null ? sum! : sum is null ? length : $"{length}; {sum}";
    }

    /// <summary>Null where the length is right, or none that could be.</summary>
    private static string? LengthProblem(ReadOnlySpan<byte> message)
    {
        int trailer = message.LastIndexOf("\u000110="u8) + 1;
        var fields = new FixFieldReader(message);
        if (trailer == 0 || !fields.Read(out int first, out _) || first != FixTag.BeginString || !fields.Read(out int second, out var written) || second != FixTag.BodyLength) return null;
        int counted = trailer - fields.Position;
        return FixNumber.TryParseUnsigned(written, out uint length) && length == counted ? null : $"BodyLength (9) is {Encoding.Latin1.GetString(written)}, the body has {counted} bytes";
    }

    private static string? SumProblem(ReadOnlySpan<byte> message)
    {
        int trailer = message.LastIndexOf("\u000110="u8) + 1;
        if (trailer == 0) return "CheckSum (10) is missing: the message is cut short or damaged";
        string written = Encoding.Latin1.GetString(message[(trailer + 3)..]).TrimEnd('\u0001');
        int sum = FixChecksum.Sum(message[..trailer]);
        return written == sum.ToString("000", System.Globalization.CultureInfo.InvariantCulture) ? null : $"CheckSum (10) is {written}, the bytes give {sum:000}";
    }

    private static string Describe(FixVerdict verdict, FixDictionaries dictionaries, in FixHeader header)
    {
        string text = Encoding.ASCII.GetString(SessionRejectReason.Text(verdict.Reason));
        if (verdict.Tag == 0 && verdict.Reason != SessionRejectReason.InvalidTag) return text;
        var field = dictionaries.For(header.MsgType).Field(verdict.Tag) ?? dictionaries.Transport.Field(verdict.Tag);
        return $"{text}: {field?.Name ?? "tag"} ({verdict.Tag})";
    }

    private void CheckSequence(ReadOnlySpan<byte> message, in FixHeader header, List<string> problems)
    {
        string direction = $"{Encoding.Latin1.GetString(header.Sender(message))}>{Encoding.Latin1.GetString(header.Target(message))}";
        uint next = header.Sequence + 1, expected = _next.GetValueOrDefault(direction, header.Sequence);
        bool reset = false, gapFill = false;
        var fields = new FixFieldReader(message, header.BodyStart);
        while (fields.Read(out int tag, out var value))
        {
            if (tag == FixTag.ResetSeqNumFlag && header.MsgType == FixMsgType.Logon) reset = value is [(byte)'Y'];
            if (tag == FixTag.GapFillFlag) gapFill = value is [(byte)'Y'];
            if (tag == FixTag.NewSeqNo && header.MsgType == FixMsgType.SequenceReset && FixNumber.TryParseUnsigned(value, out uint named)) next = named;
        }
        if (reset || header.MsgType == FixMsgType.SequenceReset && !gapFill) expected = header.Sequence;
        else if (header.PossDup) next = Math.Max(next, expected);
        else if (header.Sequence != expected) problems.Add($"MsgSeqNum (34) is {header.Sequence}, after {expected - 1} {(header.Sequence < expected ? "without PossDupFlag" : "a gap")}");
        _next[direction] = next;
    }
}
