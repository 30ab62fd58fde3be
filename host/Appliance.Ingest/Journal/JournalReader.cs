using Appliance.Contract;
using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;

namespace Appliance.Ingest.Journal;

public enum JournalRead : byte
{
    Event = 0,
    /// <summary>Every whole record was read; <see cref="JournalReader.TornTailBytes"/> says what was dropped behind them.</summary>
    End = 1,
    /// <summary>A record fails its checksum and valid ones follow; <see cref="JournalReader.Error"/> names the place.</summary>
    Damaged = 2,
}

/// <summary>Reads a journal from front to back through one buffer; no allocation per event.</summary>
public sealed class JournalReader : IDisposable
{
    private const int BufferRecords = 8_192;

    private readonly SafeFileHandle _file;
    private readonly byte[] _buffer = GC.AllocateArray<byte>(BufferRecords * JournalFormat.RecordBytes, pinned: true);
    private readonly long _headerBytes;
    private readonly string _path;
    private long _bufferOffset;
    private int _bufferBytes;
    private int _at;
    private JournalRead _state;
    private RingEvent _footer;

    private JournalReader(SafeFileHandle file, string path, JournalHeader header, int headerBytes)
    {
        _file = file;
        _path = path;
        Header = header;
        _headerBytes = _bufferOffset = headerBytes;
        NextSequence = header.FirstSequence;
    }

    public JournalHeader Header { get; }
    /// <summary>Ring sequence of the event that the next Read returns.</summary>
    public long NextSequence { get; private set; }
    /// <summary>Bytes at the end that are no whole valid record; known after <see cref="JournalRead.End"/>.</summary>
    public long TornTailBytes { get; private set; }
    /// <summary>True once EndOfInput has been read: the recorded run came to its own end.</summary>
    public bool SawEndOfInput { get; private set; }
    public bool SawFooter => _footer.Kind == EventKind.RunFooter;
    /// <summary>The recording host's own account, once it was read; seen through <see cref="RunFooter.In"/>.</summary>
    public RingEvent Footer => _footer;
    /// <summary>Where and what the damage is; null unless Damaged was returned.</summary>
    public string? Error { get; private set; }

    /// <returns>Null with <paramref name="error"/> in words when this is no journal that this build reads.</returns>
    public static JournalReader? TryOpen(string path, out string? error)
    {
        SafeFileHandle? file = null;
        try
        {
            file = File.OpenHandle(path, options: FileOptions.SequentialScan);
            var prefix = new byte[JournalFormat.HeaderPrefixBytes];
            int headerBytes = JournalHeader.CheckPrefix(prefix.AsSpan(0, ReadFully(file, prefix, 0)), out error);
            if (headerBytes != 0)
            {
                long length = RandomAccess.GetLength(file);
                if (length < headerBytes) error = $"the file ends inside the journal's header, after {length} of {headerBytes} bytes";
            }
            if (error is null)
            {
                var bytes = new byte[headerBytes];
                _ = ReadFully(file, bytes, 0);
                if (JournalHeader.TryDecode(bytes, out JournalHeader? header, out error)) return new JournalReader(file, path, header, headerBytes);
            }
            error = $"{path}: {error}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            error = $"{path}: cannot be read: {e.Message}";
        }
        file?.Dispose();
        return null;
    }

    /// <summary>Copies the next event out.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public JournalRead Read(ref RingEvent e)
    {
        if (_bufferBytes - _at < JournalFormat.RecordBytes && !Refill()) return _state;
        ref byte record = ref _buffer[_at];
        if (!JournalFormat.IsValidRecord(in record, NextSequence)) return StopAtInvalidRecord();
        e = Unsafe.ReadUnaligned<RingEvent>(ref record);
        _at += JournalFormat.RecordBytes;
        NextSequence++;
        if (e.Kind >= EventKind.EndOfInput) NoteEnd(in e);
        return JournalRead.Event;
    }

    public void Dispose() => _file.Dispose();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void NoteEnd(in RingEvent e)
    {
        SawEndOfInput |= e.Kind == EventKind.EndOfInput;
        if (e.Kind == EventKind.RunFooter) _footer = e;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool Refill()
    {
        if (_state != JournalRead.Event) return false;
        _bufferOffset += _at;
        _at = 0;
        _bufferBytes = ReadFully(_file, _buffer, _bufferOffset);
        if (_bufferBytes >= JournalFormat.RecordBytes) return true;
        TornTailBytes = _bufferBytes;
        _state = JournalRead.End;
        return false;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private JournalRead StopAtInvalidRecord()
    {
        long offset = _bufferOffset + _at;
        long length = RandomAccess.GetLength(_file);
        long nextValid = FindValidAfter(offset, length);
        if (nextValid < 0)
        {
            TornTailBytes = length - offset;
            _state = JournalRead.End;
        }
        else
        {
            Error = $"{_path}: damaged at byte {offset}: the record of sequence {NextSequence} fails its checksum, but valid records follow from byte {nextValid}";
            _state = JournalRead.Damaged;
        }
        // Nothing more is given out, whatever the caller does.
        _bufferBytes = _at = 0;
        return _state;
    }

    /// <summary>The offset of the first valid record behind an invalid one, or −1: what tells damage from a torn tail.</summary>
    private long FindValidAfter(long invalidOffset, long length)
    {
        long offset = invalidOffset + JournalFormat.RecordBytes;
        while (length - offset >= JournalFormat.RecordBytes)
        {
            int bytes = ReadFully(_file, _buffer, offset);
            for (int at = 0; bytes - at >= JournalFormat.RecordBytes; at += JournalFormat.RecordBytes)
            {
                long sequence = Header.FirstSequence + (offset + at - _headerBytes) / JournalFormat.RecordBytes;
                if (JournalFormat.IsValidRecord(in _buffer[at], sequence)) return offset + at;
            }
            offset += bytes - bytes % JournalFormat.RecordBytes;
        }
        return -1;
    }

    private static int ReadFully(SafeFileHandle file, Span<byte> destination, long offset)
    {
        int total = 0;
        while (total < destination.Length)
        {
            int read = RandomAccess.Read(file, destination[total..], offset + total);
            if (read == 0) break;
            total += read;
        }
        return total;
    }
}
