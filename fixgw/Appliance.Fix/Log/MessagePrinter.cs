using System.Globalization;
using System.Text;

namespace Appliance.Fix;

/// <summary>A message for people: a heading, then a line a field with its name and what its value means; repetitions of groups indented.</summary>
public static class MessagePrinter
{
    public static void Print(TextWriter to, FixLogEntry entry, FixDictionaries? dictionaries)
    {
        byte[] message = entry.Message;
        var header = FixHeader.Read(message);
        string type = TypeOf(message), name = dictionaries?.For(header.MsgType).Message(header.MsgType)?.Name ?? "";
        string number = header.HasSequence ? header.Sequence.ToString(CultureInfo.InvariantCulture) : "?";
        to.WriteLine($"line {entry.Line}{(entry.Prefix.Length > 0 ? $" [{entry.Prefix}]" : "")}  {name} ({type})  {Text(header.Sender(message))} to {Text(header.Target(message))}, number {number}{(header.PossDup ? ", possible duplicate" : "")}");
        var body = dictionaries?.For(header.MsgType).Message(header.MsgType)?.Body;
        var open = new Stack<FieldSet>();
        var scope = body;
        var fields = new FixFieldReader(message);
        while (fields.Read(out int tag, out var value))
        {
            while (open.Count > 0 && !open.Peek().Contains(tag)) open.Pop();
            var field = dictionaries?.For(header.MsgType).Field(tag) ?? dictionaries?.Transport.Field(tag);
            string text = Text(value), meaning = field?.Describe(text) is { Length: > 0 } described ? $" ({described})" : tag == FixTag.MsgType && name.Length > 0 ? $" ({name})" : "";
            string indent = new(' ', 4 + 2 * open.Count);
            string label = $"{tag.ToString(CultureInfo.InvariantCulture),5} {field?.Name ?? "(not in the dictionary)"}";
            to.WriteLine($"{indent}{label.PadRight(34 - 2 * open.Count)} {text}{meaning}");
            scope = open.Count > 0 ? open.Peek() : body;
            int place = scope?.PlaceOf(tag) ?? -1;
            if (place >= 0 && scope!.Members[place].Group is { } group) open.Push(group);
        }
        if (fields.Malformed) to.WriteLine($"    the rest is no field: {Text(message.AsSpan(Math.Min(message.Length, LastGood(message))))}");
    }

    private static int LastGood(ReadOnlySpan<byte> message)
    {
        var fields = new FixFieldReader(message);
        int at = 0;
        while (fields.Read(out _, out _)) at = fields.Position;
        return at;
    }

    private static string TypeOf(ReadOnlySpan<byte> message)
    {
        var fields = new FixFieldReader(message);
        while (fields.Read(out int tag, out var value))
            if (tag == FixTag.MsgType) return Text(value);
        return "?";
    }

    /// <summary>The bytes as text; what is no printable ASCII is shown as \xNN.</summary>
    private static string Text(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        foreach (byte b in bytes)
        {
            if (b is >= 32 and < 127) text.Append((char)b);
            else text.Append(CultureInfo.InvariantCulture, $"\\x{b:X2}");
        }
        return text.ToString();
    }
}
