using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Appliance.Fix;

/// <summary>One session's log: the lines gathered in a buffer, and the file of the day that they go to. Nothing is allocated but when a file changes.</summary>
internal sealed class MessageLogFile(StoreTail tail, MessageLogOptions options, string session) : IDisposable
{
    private const int BufferBytes = 1 << 18, PrefixBytes = FixTimestamp.MaxLength + 5, LineBytes = PrefixBytes + SequenceStore.MaxIncomingBytes + 1;
    private const long DayNs = 86_400_000_000_000;

    private readonly int[] _secretTags = [.. options.SecretTags];
    private readonly byte[] _buffer = new byte[BufferBytes];
    private FixTimestamp _time = new(microseconds: true);
    private SafeFileHandle? _file;
    private long _fileDay, _at, _lostTold, _refused, _retryAtMs;

    public long LinesLost => tail.Lost + _refused;
    public long LinesWritten { get; private set; }
    public string? LastError { get; private set; }

    /// <summary>Fills the buffer once and writes it.</summary>
    /// <returns>True when the buffer was full: there may be more.</returns>
    public bool WriteOne()
    {
        int used = 0, lines = 0;
        long day = -1;
        while (used <= BufferBytes - LineBytes)
        {
            if (!tail.TryRead(_buffer.AsSpan(used + PrefixBytes, SequenceStore.MaxIncomingBytes), out var message))
                break;
            long itsDay = message.TimeUtcNs / DayNs;
            if (lines > 0 && itsDay != day)
            {
                // The line that begins a day goes to the new file: what came before is written first, and the line moves to the buffer's head.
                Write(used, lines, day);
                _buffer.AsSpan(used + PrefixBytes, message.Length).CopyTo(_buffer.AsSpan(PrefixBytes));
                used = lines = 0;
            }
            day = itsDay;
            SecretFields.Mask(_buffer.AsSpan(used + PrefixBytes, message.Length), _secretTags);
            used += Line(used, in message);
            lines++;
        }
        if (lines > 0) Write(used, lines, day);
        return used > BufferBytes - LineBytes;
    }

    /// <summary>Writes what stands around the message, which is in its place.</summary>
    private int Line(int at, in StoredMessage message)
    {
        var line = _buffer.AsSpan(at);
        _time.Write(line, Math.Max(0, message.TimeUtcNs));
        (message.Direction == StoreDirection.Out ? " out "u8 : " in  "u8).CopyTo(line[FixTimestamp.MaxLength..]);
        line[PrefixBytes + message.Length] = (byte)'\n';
        return PrefixBytes + message.Length + 1;
    }

    private void Write(int bytes, int lines, long day)
    {
        try
        {
            if (Environment.TickCount64 < _retryAtMs)
            {
                _refused += lines;
                return;
            }
            if (_file is null || day != _fileDay || _at >= (long)options.FileMegabytes << 20) Open(day);
            TellWhatIsMissing();
            RandomAccess.Write(_file!, _buffer.AsSpan(0, bytes), _at);
            _at += bytes;
            LinesWritten += lines;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LastError = e.Message;
            _refused += lines;
            _file?.Dispose();
            _file = null;
            _retryAtMs = Environment.TickCount64 + 1_000;
        }
    }

    private void TellWhatIsMissing()
    {
        if (LinesLost == _lostTold)
            return;
        byte[] line = System.Text.Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"# {LinesLost - _lostTold} messages are missing here: the log could not keep up, or not be written\n"));
        RandomAccess.Write(_file!, line, _at);
        _at += line.Length;
        _lostTold = LinesLost;
    }

    private void Open(long day)
    {
        _file?.Dispose();
        _file = null;
        string date = DateTime.UnixEpoch.AddDays(day).ToString("yyyyMMdd", CultureInfo.InvariantCulture);
        long bytes = (long)options.FileMegabytes << 20;
        for (int part = 1; ; part++)
        {
            string path = Path.Combine(options.Directory, part == 1 ? $"{session}-{date}.log" : $"{session}-{date}-{part}.log");
            var found = new FileInfo(path);
            if (found.Exists && found.Length >= bytes) continue;
            _file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
            break;
        }
        _at = RandomAccess.GetLength(_file);
        _fileDay = day;
        CloseLine();
    }

    /// <summary>An earlier run may have been killed in the middle of a line.</summary>
    private void CloseLine()
    {
        Span<byte> last = stackalloc byte[1];
        if (_at == 0 || RandomAccess.Read(_file!, last, _at - 1) == 1 && last[0] == (byte)'\n')
            return;
        last[0] = (byte)'\n';
        RandomAccess.Write(_file!, last, _at++);
    }

    public void Dispose() => _file?.Dispose();
}
