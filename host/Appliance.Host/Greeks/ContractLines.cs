using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Appliance.Host.Greeks;

/// <summary>What the next step found.</summary>
internal enum LineStep
{
    /// <summary>A line with text stands in the fields, or its fault in <see cref="ContractLines.Fault"/>.</summary>
    Line,
    /// <summary>The line's end is not in memory yet: call <see cref="ContractLines.Fill"/>, after which earlier fields are gone.</summary>
    NeedsFill,
    End,
}

/// <summary>
/// Cuts a stream into lines and fields, in one buffer of fixed size. Fields are separated by commas; one that begins with a quotation mark ends with one, and a doubled
/// mark inside it is a mark (RFC 4180). Unlike there, a line break always ends the row: no field here has use for one, and so a lost quotation mark
/// spoils its own row only. Lines end with LF or CRLF; empty ones are passed over; a byte-order mark of UTF-8 is skipped.
/// </summary>
internal sealed class ContractLines
{
    public const int FieldsMax = ContractColumns.Count + 6;
    public const int LineBytesMax = 65_536;
    /// <summary>Vector loads may run past the data by one register.</summary>
    private const int Padding = 64;

    private readonly Stream _stream;
    private readonly byte[] _buffer;
    private int _next, _end;
    private bool _ended, _skipping, _started;

    public ContractLines(Stream stream, int bufferBytes = 2 * LineBytesMax)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bufferBytes, 64);
        _stream = stream;
        _buffer = new byte[bufferBytes + Padding];
    }

    public byte[] Buffer => _buffer;
    public int[] FieldStart { get; } = new int[FieldsMax];
    public int[] FieldEnd { get; } = new int[FieldsMax];
    /// <summary>Fields of the line; those past <see cref="FieldsMax"/> are counted, not kept.</summary>
    public int FieldCount { get; private set; }
    /// <summary>Of the current line, from one.</summary>
    public long LineNumber { get; private set; }
    /// <summary>Why the line cannot be cut into fields; null when it could.</summary>
    public string? Fault { get; private set; }
    public long BytesRead { get; private set; }
    /// <summary>The first bytes are those of UTF-16: nothing in it can be read.</summary>
    public bool IsUtf16 { get; private set; }

    /// <summary>Still true after a read that threw: the failure was the input's.</summary>
    public bool IsReading { get; private set; }

    private int Capacity => _buffer.Length - Padding;

    /// <summary>Moves what is unread to the front and reads until the buffer is full or the stream ends.</summary>
    public void Fill()
    {
        int rest = _end - _next;
        if (_next > 0) _buffer.AsSpan(_next, rest).CopyTo(_buffer);
        _next = 0;
        _end = rest;
        while (_end < Capacity && !_ended)
        {
            IsReading = true;
            int read = _stream.Read(_buffer, _end, Capacity - _end);
            IsReading = false;
            if (read == 0) _ended = true;
            _end += read;
            BytesRead += read;
        }
        if (_started) return;
        _started = true;
        var start = _buffer.AsSpan(0, _end);
        if (start.StartsWith((ReadOnlySpan<byte>)[0xef, 0xbb, 0xbf])) _next = 3;
        IsUtf16 = start.StartsWith((ReadOnlySpan<byte>)[0xff, 0xfe]) || start.StartsWith((ReadOnlySpan<byte>)[0xfe, 0xff]);
    }

    public LineStep Next()
    {
        while (true)
        {
            if (!_skipping)
            {
                LineStep step = Cut();
                if (step != LineStep.Line || FieldCount != 1 || FieldStart[0] != FieldEnd[0] || Fault is not null || _wasQuoted) return step;
                // An empty line is no row.
                continue;
            }
            if (!Skip()) return LineStep.NeedsFill;
        }
    }

    private bool _wasQuoted;

    private LineStep Cut()
    {
        int start = _next, fields = 0, fieldStart = start;
        Fault = null;
        _wasQuoted = false;
        ref byte bytes = ref MemoryMarshal.GetArrayDataReference(_buffer);
        ref int starts = ref MemoryMarshal.GetArrayDataReference(FieldStart), ends = ref MemoryMarshal.GetArrayDataReference(FieldEnd);
        Vector512<byte> comma = Vector512.Create((byte)','), line = Vector512.Create((byte)'\n'), quote = Vector512.Create((byte)'"');
        for (int at = start; at < _end; at += Padding)
        {
            var group = Vector512.LoadUnsafe(ref bytes, (nuint)at);
            ulong marks = (Vector512.Equals(group, comma) | Vector512.Equals(group, line) | Vector512.Equals(group, quote)).ExtractMostSignificantBits();
            for (; marks != 0; marks &= marks - 1)
            {
                int place = at + BitOperations.TrailingZeroCount(marks);
                if (place >= _end) break;
                byte mark = Unsafe.Add(ref bytes, place);
                if (mark == '"') return CutQuoted();
                if (fields < FieldsMax)
                {
                    Unsafe.Add(ref starts, fields) = fieldStart;
                    Unsafe.Add(ref ends, fields) = place;
                }
                fields++;
                fieldStart = place + 1;
                if (mark == '\n') return Finish(start, place, place + 1, fields);
            }
        }
        if (!_ended) return _end - start >= LineBytesMax || _end - start >= Capacity ? TooLong() : LineStep.NeedsFill;
        if (start >= _end) return LineStep.End;
        // The last line has no line break.
        if (fields < FieldsMax)
        {
            FieldStart[fields] = fieldStart;
            FieldEnd[fields] = _end;
        }
        return Finish(start, _end, _end, fields + 1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private LineStep Finish(int start, int lineEnd, int next, int fields)
    {
        if (lineEnd - start > LineBytesMax) return TooLong();
        LineNumber++;
        FieldCount = fields;
        _next = next;
        if (fields <= FieldsMax)
        {
            int last = fields - 1;
            if (FieldEnd[last] > FieldStart[last] && _buffer[FieldEnd[last] - 1] == '\r') FieldEnd[last]--;
        }
        return LineStep.Line;
    }

    /// <summary>A line with quotation marks, byte by byte. It is read once only, so doubled marks are closed up in place.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private LineStep CutQuoted()
    {
        int start = _next, length = _buffer.AsSpan(start, _end - start).IndexOf((byte)'\n');
        if (length < 0 && !_ended) return _end - start >= LineBytesMax || _end - start >= Capacity ? TooLong() : LineStep.NeedsFill;
        int lineEnd = length < 0 ? _end : start + length, next = length < 0 ? _end : lineEnd + 1;
        if (lineEnd - start > LineBytesMax) return TooLong();
        _wasQuoted = true;
        _next = next;
        LineNumber++;
        FieldCount = 0;
        if (lineEnd > start && _buffer[lineEnd - 1] == '\r') lineEnd--;
        int at = start;
        while (true)
        {
            int from = at, to;
            if (at < lineEnd && _buffer[at] == '"')
            {
                from = to = ++at;
                while (true)
                {
                    if (at >= lineEnd) return Spoiled("a quoted field has no closing quotation mark on its line");
                    byte b = _buffer[at++];
                    if (b == '"')
                    {
                        if (at >= lineEnd || _buffer[at] != '"') break;
                        at++;
                    }
                    _buffer[to++] = b;
                }
                if (at < lineEnd && _buffer[at] != ',') return Spoiled("text follows the closing quotation mark of a field");
            }
            else
            {
                while (at < lineEnd && _buffer[at] != ',')
                    if (_buffer[at++] == '"') return Spoiled("a quotation mark stands inside a field that does not begin with one");
                to = at;
            }
            if (FieldCount < FieldsMax)
            {
                FieldStart[FieldCount] = from;
                FieldEnd[FieldCount] = to;
            }
            FieldCount++;
            if (at >= lineEnd) return LineStep.Line;
            at++;
        }
    }

    private LineStep Spoiled(string fault)
    {
        Fault = fault;
        FieldCount = 0;
        return LineStep.Line;
    }

    /// <summary>Gives the line up: it is reported at once, and the rest of it is passed over by the next step.</summary>
    private LineStep TooLong()
    {
        LineNumber++;
        _skipping = true;
        return Spoiled($"the line is longer than {LineBytesMax} bytes");
    }

    private bool Skip()
    {
        int length = _buffer.AsSpan(_next, _end - _next).IndexOf((byte)'\n');
        if (length >= 0)
        {
            _next += length + 1;
            _skipping = false;
            return true;
        }
        _next = _end;
        if (_ended) _skipping = false;
        return _ended;
    }
}
