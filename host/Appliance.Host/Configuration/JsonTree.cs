using System.Text;
using System.Text.Json;

namespace Appliance.Host.Configuration;

/// <summary>A JSON value that knows on which line it stands, so that a mistake can be shown where it was made.</summary>
internal sealed class JsonNodeAt
{
    public required JsonTokenType Type { get; init; }
    public required int Line { get; init; }
    public string Text { get; init; } = "";
    public List<(string Key, int Line, JsonNodeAt Value)> Members { get; } = [];
    public List<JsonNodeAt> Items { get; } = [];

    /// <summary>What the reader sees, for a message: short, on one line.</summary>
    public string Seen => Type switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => $"a list of {Items.Count}",
        JsonTokenType.String => $"\"{(Text.Length > 60 ? Text[..57] + "..." : Text)}\"",
        _ => Text,
    };

    /// <summary>Parses JSON with comments and trailing commas, behind the mark (EF BB BF) that some editors begin a file with.</summary>
    /// <exception cref="JsonException">The text is not JSON; the exception carries the line.</exception>
    public static JsonNodeAt Parse(byte[] utf8)
    {
        if (utf8.AsSpan().StartsWith("\uFEFF"u8)) utf8 = utf8[3..];
        if (!utf8.AsSpan().ContainsAnyExcept(" \t\r\n"u8)) throw new JsonException("the file is empty");
        var lines = new LineIndex(utf8);
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = 32 });
        reader.Read();
        var node = Value(ref reader, lines);
        if (reader.Read()) throw new JsonException("text after the end of the document");
        return node;
    }

    private static JsonNodeAt Value(ref Utf8JsonReader reader, LineIndex lines)
    {
        int line = lines.LineOf(reader.TokenStartIndex);
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                var obj = new JsonNodeAt { Type = JsonTokenType.StartObject, Line = line };
                while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
                {
                    string key = reader.GetString()!;
                    int keyLine = lines.LineOf(reader.TokenStartIndex);
                    reader.Read();
                    obj.Members.Add((key, keyLine, Value(ref reader, lines)));
                }
                return obj;
            case JsonTokenType.StartArray:
                var list = new JsonNodeAt { Type = JsonTokenType.StartArray, Line = line };
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                    list.Items.Add(Value(ref reader, lines));
                return list;
            case JsonTokenType.String:
                return new JsonNodeAt { Type = JsonTokenType.String, Line = line, Text = reader.GetString()! };
            default:
                return new JsonNodeAt { Type = reader.TokenType, Line = line, Text = Encoding.UTF8.GetString(reader.ValueSpan) };
        }
    }

    private sealed class LineIndex(byte[] utf8)
    {
        private long _at;
        private int _line = 1;

        /// <summary>Tokens come in order, so each byte is looked at once.</summary>
        public int LineOf(long position)
        {
            for (; _at < position; _at++)
                if (utf8[_at] == (byte)'\n') _line++;
            return _line;
        }
    }
}
