using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Appliance.Fix;

/// <summary>
/// Walks the tag=value fields of a message. Allocates nothing; values are spans of the message. Separators are found 64 bytes at a time, as bits of a word: where the next field begins is known
/// without this one's tag, so that the processor works on several fields at once. Tags of up to three digits, which are nearly all, are read without a loop.
/// </summary>
public ref struct FixFieldReader
{
    private const int BlockBytes = 64;

    private readonly ref byte _first;
    private readonly int _length;
    private int _at;
    // The separators not passed yet of the 64 bytes from _blockAt, one bit each.
    private ulong _separators;
    private int _blockAt;
    private uint _dataLength;
    private int _dataTag;

    public FixFieldReader(ReadOnlySpan<byte> message, int from = 0)
    {
        _first = ref MemoryMarshal.GetReference(message);
        _length = message.Length;
        // Behind the end there is nothing, wherever the caller thought that the body begins.
        _at = (uint)from < (uint)message.Length ? from : message.Length;
    }

    /// <summary>Where the next field begins.</summary>
    public readonly int Position => _at;
    /// <summary>True once a field was no digits=value; reading has ended there.</summary>
    public bool Malformed { get; private set; }
    /// <summary>The number that stands where the malformed field's tag should ("-1", "0"), 0 when there is none.</summary>
    public int MalformedTag { get; private set; }

    /// <summary>The next field; false at the end or at a malformed field.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Read(out int tag, out ReadOnlySpan<byte> value)
    {
        int start = _at;
        if (_separators == 0 && !FindSeparators(start))
        {
            tag = 0;
            value = default;
            return false;
        }
        ulong separators = _separators;
        int end = _blockAt + BitOperations.TrailingZeroCount(separators);
        // Reading three bytes beyond the first is safe where five more stand: the shortest field is "1=" and its separator, and every message ends with its checksum.
        if (_dataTag != 0 || start > _length - 5)
            return ReadSlow(start, end, out tag, out value);
        ref byte field = ref Unsafe.Add(ref _first, start);
        uint a = (uint)field - '0', b = Unsafe.Add(ref field, 1);
        int at;
        if (b == '=')
        {
            if (a - 1 > 8) return ReadSlow(start, end, out tag, out value);
            tag = (int)a;
            at = start + 2;
        }
        else
        {
            uint c = Unsafe.Add(ref field, 2);
            b -= '0';
            if (c == '=')
            {
                if (a - 1 > 8 || b > 9) return ReadSlow(start, end, out tag, out value);
                tag = (int)(a * 10 + b);
                at = start + 3;
            }
            else
            {
                c -= '0';
                if (Unsafe.Add(ref field, 3) != '=' || a - 1 > 8 || b > 9 || c > 9) return ReadSlow(start, end, out tag, out value);
                tag = (int)(a * 100 + b * 10 + c);
                at = start + 4;
            }
        }
        value = MemoryMarshal.CreateReadOnlySpan(ref Unsafe.Add(ref _first, at), end - at);
        _separators = separators & (separators - 1);
        _at = end + 1;
        if (IsLengthOfData(tag)) ExpectData(tag, value);
        return true;
    }

    /// <summary>A field at the message's end, with a longer tag, behind the length of data, or that is none.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool ReadSlow(int start, int end, out int tag, out ReadOnlySpan<byte> value)
    {
        tag = 0;
        value = default;
        var field = MemoryMarshal.CreateReadOnlySpan(ref Unsafe.Add(ref _first, start), end - start);
        int parsed = 0, at = 0;
        for (; at < field.Length && at < 9 && (uint)field[at] - '0' <= 9; at++) parsed = parsed * 10 + (field[at] - '0');
        if (at == field.Length || at == 0 || field[at] != (byte)'=' || field[0] == (byte)'0')
            return Fail();
        at += start + 1;
        _separators &= _separators - 1;
        if (_dataTag != 0 && !PassData(parsed, at, ref end))
            return Fail();
        tag = parsed;
        value = MemoryMarshal.CreateReadOnlySpan(ref Unsafe.Add(ref _first, at), end - at);
        _at = end + 1;
        if (IsLengthOfData(parsed)) ExpectData(parsed, value);
        return true;
    }

    /// <summary>The separators of the first 64 bytes from a place on that have any. Without one, what stands there is no field.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool FindSeparators(int from)
    {
        if (from >= _length)
            return false;
        for (int at = from; at < _length; at = _blockAt + BlockBytes)
        {
            // The last block reaches back, so that it is read whole.
            _blockAt = Math.Max(0, Math.Min(at, _length - BlockBytes));
            _separators = Separators(MemoryMarshal.CreateReadOnlySpan(ref Unsafe.Add(ref _first, _blockAt), Math.Min(BlockBytes, _length - _blockAt))) & ulong.MaxValue << (at - _blockAt);
            if (_separators != 0)
                return true;
        }
        return Fail();
    }

    private static ulong Separators(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length >= BlockBytes) return SeparatorsOf64(ref MemoryMarshal.GetReference(bytes));
        ulong bits = 0;
        for (int i = 0; i < bytes.Length; i++)
            if (bytes[i] == FixFramer.Separator) bits |= 1UL << i;
        return bits;
    }

    /// <summary>The separators among 64 bytes, a bit each.</summary>
    internal static ulong SeparatorsOf64(ref byte first)
    {
        if (Vector512.IsHardwareAccelerated)
            return Vector512.Equals(Vector512.LoadUnsafe(ref first), Vector512.Create(FixFramer.Separator)).ExtractMostSignificantBits();
        var separator = Vector256.Create(FixFramer.Separator);
        uint low = Vector256.Equals(Vector256.LoadUnsafe(ref first), separator).ExtractMostSignificantBits();
        uint high = Vector256.Equals(Vector256.LoadUnsafe(ref first, 32), separator).ExtractMostSignificantBits();
        return low | (ulong)high << 32;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool Fail()
    {
        Malformed = true;
        var rest = MemoryMarshal.CreateReadOnlySpan(ref Unsafe.Add(ref _first, _at), _length - _at);
        int equals = rest.IndexOf((byte)'=');
        if (equals is > 0 and < 12 && System.Buffers.Text.Utf8Parser.TryParse(rest[..equals], out int number, out int digits) && digits == equals) MalformedTag = number;
        _at = _length;
        _separators = 0;
        return false;
    }

    /// <summary>The fields of type Length that announce a data field: those of the header, RawData, and the Encoded… texts of every version.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsLengthOfData(int tag) =>
        tag is FixTag.RawDataLength or FixTag.SecureDataLen or FixTag.SignatureLength || tag >= FixTag.XmlDataLen && IsLaterLengthOfData(tag);

    /// <summary>Whether the field behind one with this tag may contain separators.</summary>
    internal static bool AnnouncesData(int tag) => IsLengthOfData(tag);

    private static bool IsLaterLengthOfData(int tag) =>
        tag is FixTag.XmlDataLen or 348 or 350 or 352 or 354 or 356 or 358 or 360 or 362 or 364 or 445 or 618 or 621 or 1277 or 1280 or 1282 or 1397 or 1401 or 1403 or 1468 or 1480;

    /// <summary>A data field may contain separators; the length field before it says where it ends.</summary>
    private void ExpectData(int lengthTag, scoped ReadOnlySpan<byte> value)
    {
        if (!FixNumber.TryParseUnsigned(value, out _dataLength))
            return;
        _dataTag = lengthTag switch
        {
            FixTag.SignatureLength => FixTag.Signature,
            _ => lengthTag + 1,
        };
    }

    /// <summary>The field behind a length: if it is the data announced, it ends where the length says, separators within it or not.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool PassData(int tag, int at, ref int end)
    {
        bool isData = tag == _dataTag;
        _dataTag = 0;
        if (!isData)
            return true;
        long dataEnd = at + (long)_dataLength;
        if (dataEnd >= _length || Unsafe.Add(ref _first, (int)dataEnd) != FixFramer.Separator)
            return false;
        end = (int)dataEnd;
        _separators = 0;
        return true;
    }
}
