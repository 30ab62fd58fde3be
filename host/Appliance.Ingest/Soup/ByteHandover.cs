using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Appliance.Ingest.Soup;

/// <summary>
/// Records of bytes from one thread to one other, in a circular buffer made at start; neither side ever waits in here. Each record lies in one piece: what is left
/// before the buffer's end is skipped when a record does not fit into it.
/// </summary>
internal sealed class ByteHandover
{
    private const int HeaderBytes = 16;
    private const int SkipKind = -1;

    private readonly byte[] _buffer;
    private readonly int _mask;
    private Positions _positions;

    /// <summary>Each side's position on cache lines of its own.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 384)]
    private struct Positions
    {
        [FieldOffset(128)] public long Written;
        [FieldOffset(256)] public long Read;
    }

    public ByteHandover(int bytes)
    {
        if (!BitOperations.IsPow2(bytes) || bytes < 1_024)
            throw new ArgumentOutOfRangeException(nameof(bytes), bytes, "a handover is a power of two of at least 1,024 bytes");
        _buffer = GC.AllocateArray<byte>(bytes, pinned: true);
        _mask = bytes - 1;
    }

    public bool TryWrite(int kind, long receivedNs, ReadOnlySpan<byte> payload)
    {
        int need = Rounded(HeaderBytes + payload.Length);
        long written = _positions.Written;
        int at = (int)written & _mask;
        int untilEnd = _buffer.Length - at;
        int skip = untilEnd < need ? untilEnd : 0;
        if (skip + need > _buffer.Length - (written - Volatile.Read(ref _positions.Read)))
            return false;
        if (skip > 0)
        {
            PutHeader(at, SkipKind, 0, 0);
            written += skip;
            at = 0;
        }
        PutHeader(at, kind, payload.Length, receivedNs);
        payload.CopyTo(_buffer.AsSpan(at + HeaderBytes));
        Volatile.Write(ref _positions.Written, written + need);
        return true;
    }

    /// <summary>Looks at the oldest record, which stays until <see cref="Release"/>.</summary>
    public bool TryPeek(out int kind, out long receivedNs, out ReadOnlySpan<byte> payload)
    {
        while (_positions.Read != Volatile.Read(ref _positions.Written))
        {
            int at = (int)_positions.Read & _mask;
            ReadOnlySpan<byte> record = _buffer.AsSpan(at);
            kind = MemoryMarshal.Read<int>(record);
            if (kind == SkipKind)
            {
                Volatile.Write(ref _positions.Read, _positions.Read + _buffer.Length - at);
                continue;
            }
            int length = MemoryMarshal.Read<int>(record[4..]);
            receivedNs = MemoryMarshal.Read<long>(record[8..]);
            payload = record.Slice(HeaderBytes, length);
            return true;
        }
        kind = 0;
        receivedNs = 0;
        payload = default;
        return false;
    }

    public void Release(int payloadBytes) => Volatile.Write(ref _positions.Read, _positions.Read + Rounded(HeaderBytes + payloadBytes));

    // Records are whole multiples of their header, so a header never straddles the buffer's end.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Rounded(int bytes) => (bytes + HeaderBytes - 1) / HeaderBytes * HeaderBytes;

    private void PutHeader(int at, int kind, int length, long receivedNs)
    {
        Span<byte> record = _buffer.AsSpan(at);
        MemoryMarshal.Write(record, kind);
        MemoryMarshal.Write(record[4..], length);
        MemoryMarshal.Write(record[8..], receivedNs);
    }
}
