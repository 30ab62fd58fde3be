using System.Buffers.Text;

namespace Appliance.Ingest.Dump;

/// <summary>Builds the lines of a field dump in a buffer and passes them on to a stream. The form is that of tests/reference/FIELDS.md.</summary>
internal sealed class DumpLine(Stream to)
{
    private const int FlushAtBytes = 64 * 1024;
    /// <summary>More than any one line is long.</summary>
    private const int LineBytes = 8 * 1024;

    private readonly byte[] _buffer = new byte[FlushAtBytes + LineBytes];
    private int _length;

    public DumpLine Begin(byte messageType)
    {
        _buffer[_length++] = messageType;
        return this;
    }

    public DumpLine Begin(ReadOnlySpan<byte> kind)
    {
        Put(kind);
        return this;
    }

    public DumpLine Unsigned(ReadOnlySpan<byte> name, ulong value)
    {
        Name(name);
        Utf8Formatter.TryFormat(value, _buffer.AsSpan(_length), out int written);
        _length += written;
        return this;
    }

    public DumpLine Signed(ReadOnlySpan<byte> name, long value)
    {
        Name(name);
        Utf8Formatter.TryFormat(value, _buffer.AsSpan(_length), out int written);
        _length += written;
        return this;
    }

    public DumpLine Alpha(ReadOnlySpan<byte> name, byte value) => Alpha(name, [value]);

    public DumpLine Alpha(ReadOnlySpan<byte> name, Symbol8 value)
    {
        Span<byte> bytes = stackalloc byte[Symbol8.Length];
        value.WriteTo(ref bytes[0]);
        return Alpha(name, bytes);
    }

    public DumpLine Alpha(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        Name(name);
        foreach (byte b in value.TrimEnd((byte)' '))
        {
            if (b is >= 0x20 and <= 0x7E and not ((byte)'|' or (byte)'\\'))
            {
                _buffer[_length++] = b;
                continue;
            }
            Put("\\x"u8);
            _buffer[_length++] = "0123456789abcdef"u8[b >> 4];
            _buffer[_length++] = "0123456789abcdef"u8[b & 15];
        }
        return this;
    }

    public void End()
    {
        _buffer[_length++] = (byte)'\n';
        if (_length >= FlushAtBytes)
            Flush();
    }

    public void Flush()
    {
        to.Write(_buffer, 0, _length);
        _length = 0;
    }

    private void Name(ReadOnlySpan<byte> name)
    {
        _buffer[_length++] = (byte)'|';
        Put(name);
        _buffer[_length++] = (byte)'=';
    }

    private void Put(ReadOnlySpan<byte> text)
    {
        text.CopyTo(_buffer.AsSpan(_length));
        _length += text.Length;
    }
}
