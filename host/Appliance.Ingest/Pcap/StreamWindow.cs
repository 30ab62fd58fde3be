using System.IO.Compression;
using System.Runtime.CompilerServices;

namespace Appliance.Ingest.Pcap;

/// <summary>
/// A moving window over a stream, in one buffer made at start: asks for n bytes in a row, looks at them in place, goes on. A compressed stream
/// that was cut off ends like any other; <see cref="WasCut"/> then says so.
/// </summary>
public sealed class StreamWindow : IDisposable
{
    /// <summary>Large enough for any record a reader accepts, and for few system calls a megabyte.</summary>
    public const int DefaultBytes = 1 << 20;

    private static ReadOnlySpan<byte> MemberStart => [0x1F, 0x8B, 0x08];

    private readonly Stream _stream;
    private readonly byte[] _buffer;
    private FileStream? _gzipFile;
    private long _produced;
    private int _begin;
    private int _end;
    private bool _streamEnded;

    public StreamWindow(Stream stream, int bytes = DefaultBytes)
    {
        _stream = stream;
        _buffer = GC.AllocateArray<byte>(bytes, pinned: true);
    }

    /// <summary>Opens a file, through gzip when its first two bytes say so.</summary>
    public static StreamWindow OpenFile(string path, int bytes = DefaultBytes)
    {
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
        try
        {
            bool isGzip = file.ReadByte() == 0x1F && file.ReadByte() == 0x8B;
            file.Position = 0;
            return isGzip ? new StreamWindow(new GZipStream(file, CompressionMode.Decompress), bytes) { _gzipFile = file } : new StreamWindow(file, bytes);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public bool IsGzip => _gzipFile is not null;

    /// <summary>The stream broke off or is damaged from here on.</summary>
    public bool WasCut { get; private set; }

    public int Available => _end - _begin;

    /// <summary>Bytes handed over so far.</summary>
    public long Position { get; private set; }

    public ReadOnlySpan<byte> Span => _buffer.AsSpan(_begin, _end - _begin);

    /// <summary>True when at least this many bytes lie in the window; false when the stream ends before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Ensure(int bytes) => _end - _begin >= bytes || Fill(bytes);

    public void Advance(int bytes)
    {
        _begin += bytes;
        Position += bytes;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool Fill(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, _buffer.Length);
        if (_begin > 0)
        {
            Buffer.BlockCopy(_buffer, _begin, _buffer, 0, _end - _begin);
            _end -= _begin;
            _begin = 0;
        }
        while (_end < bytes && !_streamEnded)
        {
            int got = ReadSome();
            if (got == 0)
                OnStreamEnd();
            _end += got;
            _produced += got;
        }
        return _end >= bytes;
    }

    private int ReadSome()
    {
        try
        {
            return _stream.Read(_buffer.AsSpan(_end));
        }
        catch (InvalidDataException)
        {
            WasCut = true;
            return 0;
        }
        catch (EndOfStreamException)
        {
            WasCut = true;
            return 0;
        }
    }

    private void OnStreamEnd()
    {
        _streamEnded = true;
        WasCut |= _gzipFile is not null && !EndsLikeGzip(_gzipFile);
    }

    // The runtime's reader takes a gzip file that was cut off for a finished one, so the length that a gzip member states in its last four bytes (RFC 1952) is
    // compared. A file of several members states only the last one's: with another member's beginning in it, the file is believed.
    private bool EndsLikeGzip(FileStream file)
    {
        Span<byte> stated = stackalloc byte[4];
        file.Position = Math.Max(0, file.Length - 4);
        if (file.ReadAtLeast(stated, 4, throwOnEndOfStream: false) == 4 && System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(stated) == (uint)_produced)
            return true;
        var block = new byte[64 * 1024];
        for (long at = 1; at < file.Length; at += block.Length - 2)
        {
            file.Position = at;
            int got = file.ReadAtLeast(block, block.Length, throwOnEndOfStream: false);
            if (block.AsSpan(0, got).IndexOf(MemberStart) >= 0)
                return true;
        }
        return false;
    }

    public void Dispose() => _stream.Dispose();
}
