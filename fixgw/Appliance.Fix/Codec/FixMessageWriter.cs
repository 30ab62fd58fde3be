using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Appliance.Fix;

/// <summary>
/// The header that every message of one session shares, laid out once with fields of fixed width, so that a message begins as a copy of it with the
/// type, the number and the time patched in. Owned by one thread: it keeps the formatted minute.
/// </summary>
public sealed class FixHeaderTemplate
{
    internal const int BodyLengthDigits = 4, SequenceDigits = 9;

    internal readonly byte[] Bytes;
    internal readonly int BodyLengthAt, BodyAt, MsgTypeAt, SequenceAt, SendingTimeAt;
    internal FixTimestamp Time;
    private readonly FixHeaderTemplate? _wide;

    public string SenderCompId { get; }
    public string TargetCompId { get; }
    /// <summary>Length of a header: where the body's own fields begin.</summary>
    public int Length => Bytes.Length;

    /// <param name="version">FIX 4.4 when null.</param>
    /// <param name="headerFields">Further header fields of every message (SenderSubID and the like), as on the wire, each with its separator.</param>
    public FixHeaderTemplate(string senderCompId, string targetCompId, bool microseconds, FixVersion? version = null, string headerFields = "")
        : this(senderCompId, targetCompId, microseconds, version ?? FixVersion.Fix44, headerFields, typeCharacters: 1)
    {
        _wide = new FixHeaderTemplate(senderCompId, targetCompId, microseconds, Version, headerFields, typeCharacters: 2);
    }

    private FixHeaderTemplate(string senderCompId, string targetCompId, bool microseconds, FixVersion version, string headerFields, int typeCharacters)
    {
        Version = version;
        SenderCompId = CheckCompId(senderCompId);
        TargetCompId = CheckCompId(targetCompId);
        Time = new FixTimestamp(microseconds);
        string begin = $"8={version.BeginString}\u00019=", type = begin + "0000\u000135=";
        string head = type + new string('?', typeCharacters) + $"\u000149={senderCompId}\u000156={targetCompId}\u000134=";
        string text = head + "000000000\u000152=" + new string('0', Time.Length) + "\u0001" + headerFields;
        Bytes = Encoding.ASCII.GetBytes(text);
        BodyLengthAt = begin.Length;
        MsgTypeAt = type.Length;
        BodyAt = type.Length - 3;
        SequenceAt = head.Length;
        SendingTimeAt = SequenceAt + SequenceDigits + 4;
    }

    public FixVersion Version { get; }

    /// <summary>The same header for messages whose type has two characters.</summary>
    internal FixHeaderTemplate Wide => _wide ?? this;

    private static string CheckCompId(string id) =>
        id.Length is > 0 and <= 32 && id.All(c => c is > ' ' and <= '~' and not '=') ? id : throw new ArgumentException($"a CompID is 1 to 32 printable ASCII characters without '=' or blanks, not '{id}'", nameof(id));
}

/// <summary>Writes one message into a buffer: header by template, fields in turn, then body length and checksum. No bounds grow: a buffer of <see cref="FixMessageWriter.MinimumBuffer"/> bytes holds every message here.</summary>
public ref struct FixMessageWriter
{
    public const int MinimumBuffer = 608;
    /// <summary>Bytes of the buffer that free text may not use, so that the fields after it and the trailer fit.</summary>
    private const int Reserve = 64;

    private readonly Span<byte> _buffer;
    private readonly FixHeaderTemplate _header;
    private int _at;

    public FixMessageWriter(Span<byte> buffer, FixHeaderTemplate header, byte msgType, uint sequence, long sendingTimeUtcNs)
        : this(buffer, header, header.Bytes, sequence, sendingTimeUtcNs)
    {
        buffer[header.MsgTypeAt] = msgType;
    }

    /// <summary>Begins a message of any type of one or two characters, packed as <see cref="FixMsgType"/> says.</summary>
    public static FixMessageWriter Begin(Span<byte> buffer, FixHeaderTemplate header, uint msgType, uint sequence, long sendingTimeUtcNs)
    {
        if (msgType is 0 or > 0xFFFF) ThrowType(msgType);
        var own = msgType > 0xFF ? header.Wide : header;
        var writer = new FixMessageWriter(buffer, own, own.Bytes, sequence, sendingTimeUtcNs);
        FixMsgType.Unpack(msgType, buffer[own.MsgTypeAt..]);
        return writer;
    }

    private static void ThrowType(uint msgType) => throw new ArgumentOutOfRangeException(nameof(msgType), msgType, "a message type to be sent has one or two characters");

    /// <summary>Begins with a longer template, whose first bytes are the header's.</summary>
    internal FixMessageWriter(Span<byte> buffer, FixHeaderTemplate header, ReadOnlySpan<byte> template, uint sequence, long sendingTimeUtcNs)
    {
        _buffer = buffer;
        _header = header;
        template.CopyTo(buffer);
        _at = template.Length;
        FixNumber.WriteNineDigits(ref buffer[header.SequenceAt], sequence);
        header.Time.Write(buffer[header.SendingTimeAt..], sendingTimeUtcNs);
    }

    public readonly int Position => _at;

    /// <summary>Leaves out the session's further header fields: a message that is sent again brings its own.</summary>
    /// <summary>What stands so far, from BeginString on; the body's length is not in it yet.</summary>
    internal readonly ReadOnlySpan<byte> Written => _buffer[.._at];

    /// <summary>Directly behind the header: takes the zeros off MsgSeqNum that its fixed width brings. A venue that signs a Logon's fields signs the number without.</summary>
    internal void TakeZerosOffSequence()
    {
        var digits = _buffer.Slice(_header.SequenceAt, FixHeaderTemplate.SequenceDigits - 1);
        int zeros = digits.IndexOfAnyExcept((byte)'0');
        if (zeros < 0) zeros = digits.Length;
        _buffer[(_header.SequenceAt + zeros).._at].CopyTo(_buffer[_header.SequenceAt..]);
        _at -= zeros;
    }

    internal void CutBehindSendingTime() => _at = _header.SendingTimeAt + _header.Time.Length + 1;

    /// <summary>Bytes that body fields may still take, the trailer's kept free.</summary>
    public readonly int Room => _buffer.Length - _at - 7;

    /// <summary>Copies a field, or several, that stand ready with their separators ("40=2\u0001").</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Raw(scoped ReadOnlySpan<byte> fields)
    {
        if (fields.Length > _buffer.Length - _at) ThrowTooLong();
        fields.CopyTo(_buffer[_at..]);
        _at += fields.Length;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Text(scoped ReadOnlySpan<byte> tag, scoped ReadOnlySpan<byte> value)
    {
        Raw(tag);
        Raw(value);
        _buffer[_at++] = FixFramer.Separator;
    }

    /// <summary>Free text: cut to what fits, and a separator within it becomes a blank.</summary>
    public void FreeText(scoped ReadOnlySpan<byte> tag, scoped ReadOnlySpan<byte> value)
    {
        int room = _buffer.Length - _at - tag.Length - Reserve;
        if (room <= 0 || value.IsEmpty)
            return;
        if (value.Length > room) value = value[..room];
        int from = _at + tag.Length;
        Text(tag, value);
        _buffer.Slice(from, value.Length).Replace(FixFramer.Separator, (byte)' ');
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Character(scoped ReadOnlySpan<byte> tag, byte value)
    {
        Raw(tag);
        _buffer[_at++] = value;
        _buffer[_at++] = FixFramer.Separator;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private readonly void ThrowTooLong() => throw new InvalidOperationException($"the message is longer than its buffer of {_buffer.Length} bytes; a session sends at most {SequenceStore.MaxOutgoingBytes}");

    public void Byte(byte value) => _buffer[_at++] = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Number(scoped ReadOnlySpan<byte> tag, ulong value)
    {
        Raw(tag);
        _at += FixNumber.WriteNumber(_buffer[_at..], value);
        _buffer[_at++] = FixFramer.Separator;
    }

    /// <summary>A short text and, unless it is 0, a number behind it in brackets.</summary>
    public void TextAndNumber(scoped ReadOnlySpan<byte> tag, scoped ReadOnlySpan<byte> text, int number)
    {
        Raw(tag);
        Raw(text);
        if (number != 0)
        {
            Raw(" ("u8);
            if (number < 0) _buffer[_at++] = (byte)'-';
            _at += FixNumber.WriteNumber(_buffer[_at..], (ulong)Math.Abs((long)number));
            _buffer[_at++] = (byte)')';
        }
        _buffer[_at++] = FixFramer.Separator;
    }

    public void Signed(scoped ReadOnlySpan<byte> tag, int value)
    {
        Raw(tag);
        if (value < 0) _buffer[_at++] = (byte)'-';
        _at += FixNumber.WriteNumber(_buffer[_at..], (ulong)Math.Abs((long)value));
        _buffer[_at++] = FixFramer.Separator;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Decimal(scoped ReadOnlySpan<byte> tag, long units, int decimals)
    {
        Raw(tag);
        _at += FixNumber.WriteDecimal(_buffer[_at..], units, decimals);
        _buffer[_at++] = FixFramer.Separator;
    }

    public void Time(scoped ReadOnlySpan<byte> tag, long utcNs)
    {
        Raw(tag);
        _header.Time.Write(_buffer[_at..], utcNs);
        _at += _header.Time.Length;
        _buffer[_at++] = FixFramer.Separator;
    }

    /// <summary>Patches the body length, appends the checksum.</summary>
    /// <returns>The message's length.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Finish()
    {
        FixNumber.WriteFourDigits(ref _buffer[_header.BodyLengthAt], (uint)(_at - _header.BodyAt));
        uint sum = FixChecksum.Sum(_buffer[.._at]);
        var trailer = _buffer.Slice(_at, 7);
        trailer[0] = (byte)'1';
        trailer[1] = (byte)'0';
        trailer[2] = (byte)'=';
        FixNumber.WriteFixedWidth(trailer[3..], sum, 3);
        trailer[6] = FixFramer.Separator;
        return _at + 7;
    }
}
