namespace Appliance.Ingest.Binance;

public enum LineRead : byte
{
    Line = 0,
    /// <summary>A line without its end: the file stops in it.</summary>
    LastLineWithoutEnd = 1,
    /// <summary>A line longer than the buffer; it was skipped to its end.</summary>
    TooLong = 2,
    End = 3,
}

/// <summary>Lines out of a stream through one buffer, sized once: its length is the longest line that can be read.</summary>
public sealed class LineReader : IDisposable
{
    private readonly Stream _stream;
    private readonly byte[] _buffer;
    private int _start, _end, _scanned;
    private bool _streamEnded;

    /// <summary>Reads the buffer full once: a decompressing stream makes its own buffer at the first read, and that is to be before the hot threads start.</summary>
    public LineReader(Stream stream, int lineBytesMax)
    {
        _stream = stream;
        _buffer = GC.AllocateUninitializedArray<byte>(lineBytesMax, pinned: true);
        Fill();
    }

    /// <summary>Lines begun so far; the number of the current line, counted from 1.</summary>
    public long LineNumber { get; private set; }
    /// <summary>Why the stream ended early (a damaged or cut gzip file), or null.</summary>
    public string? StreamError { get; private set; }

    /// <summary>The next line, without its end, valid until the next call.</summary>
    public LineRead Read(out ReadOnlySpan<byte> line)
    {
        _scanned = 0;
        while (true)
        {
            int length = _buffer.AsSpan(_start + _scanned, _end - _start - _scanned).IndexOf((byte)'\n');
            if (length >= 0)
            {
                line = Trimmed(_start, _scanned + length);
                _start += _scanned + length + 1;
                LineNumber++;
                return LineRead.Line;
            }
            _scanned = _end - _start;
            if (_streamEnded)
            {
                line = Trimmed(_start, _end - _start);
                _start = _end;
                if (line.IsEmpty) return LineRead.End;
                LineNumber++;
                return LineRead.LastLineWithoutEnd;
            }
            if (_scanned == _buffer.Length)
            {
                SkipToLineEnd();
                LineNumber++;
                line = default;
                return LineRead.TooLong;
            }
            Fill();
        }
    }

    public void Dispose() => _stream.Dispose();

    private ReadOnlySpan<byte> Trimmed(int start, int length)
    {
        if (length > 0 && _buffer[start + length - 1] == '\r') length--;
        return _buffer.AsSpan(start, length);
    }

    private void Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }
        int read = 0;
        try
        {
            read = _stream.Read(_buffer, _end, _buffer.Length - _end);
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            StreamError = e.Message;
        }
        _streamEnded = read == 0;
        _end += read;
    }

    private void SkipToLineEnd()
    {
        while (!_streamEnded)
        {
            int length = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (length >= 0)
            {
                _start += length + 1;
                return;
            }
            _start = _end = 0;
            Fill();
        }
        _start = _end;
    }
}
