using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Appliance.Fix;

/// <summary>
/// Reads the messages of one session: finds them in the stream as <see cref="FixFramer"/> does and reads their headers as <see cref="FixHeader.Read"/> does, with the same answers always, but in one pass over the
/// bytes that sums the checksum and notes every separator, and by the orders of fields that it has learned (<see cref="MessageShape"/>). Whatever is unusual is left to those two.
/// It describes one message at a time, that of the last <see cref="Next"/>. One thread owns it; it allocates nothing after construction.
/// </summary>
public sealed class FixMessageReader
{
    private const int BlockBytes = 64, MaxMessageBytes = 8192, TrailerLength = 7;
    // "8=FIX"; "9="; "35="; and from a body's last separator on: SOH, "10=", three digits, SOH.
    private const ulong Begin = 0x58_4946_3D38, BeginMask = 0xFF_FFFF_FFFF, Trailer = 0x0100_0000_3D30_3101, TrailerMask = 0xFF00_0000_FFFF_FFFF, Zeros = 0x3030_3030_3030_3030;
    private const uint LengthTag = 0x3D39, TypeTag = 0x3D_3533, TypeMask = 0xFF_FFFF;
    /// <summary>Shapes are kept by type and number of fields, four of a kind; a peer that shuffles its fields is not learned from for ever.</summary>
    private const int Sets = 8, Ways = 4, EagerLessons = 64, ReluctantEvery = 16;

    /// <summary>Zeros, then ones: 64 bytes from n on end in n ones.</summary>
    private static ReadOnlySpan<byte> TailMasks =>
    [
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    ];

    // Where each field of the message begins, by its separators, and behind the last where the message ends. A block's separators are written without asking how many they are, so there is room for a block more.
    private readonly ushort[] _starts = new ushort[MessageShape.MaxFields + 2 * BlockBytes];
    private readonly MessageShape[] _shapes = new MessageShape[Sets * Ways];
    private MessageShape _shape, _spare = new();
    private FixTimeReader _time = new();
    private int _count, _lessons;

    public FixMessageReader()
    {
        for (int i = 0; i < _shapes.Length; i++) _shapes[i] = new MessageShape();
        _shape = _shapes[0];
    }

    /// <summary>Messages whose order of fields was known.</summary>
    public long Recognised { get; private set; }

    /// <summary>What stands at the head of the stream, as <see cref="FixFramer.Next"/> says it.</summary>
    public FrameStatus Next(ReadOnlySpan<byte> stream, int maxMessageBytes, out int length)
    {
        if (TryScan(stream, maxMessageBytes, out length)) return FrameStatus.Complete;
        _count = 0;
        return FixFramer.Next(stream, maxMessageBytes, out length);
    }

    /// <summary>The header of the message that <see cref="Next"/> found last.</summary>
    /// <param name="header">Written in place, without a copy.</param>
    public void Header(ReadOnlySpan<byte> message, out FixHeader header)
    {
        if (_count > 0 && TryRecognise(message, out header)) return;
        header = FixHeader.Read(message);
    }

    private bool TryRecognise(ReadOnlySpan<byte> message, out FixHeader header)
    {
        Unsafe.SkipInit(out header);
        ref byte first = ref MemoryMarshal.GetReference(message);
        int typeBytes = _starts[3] - _starts[2] - 4;
        if (typeBytes is < 1 or > 4) return false;
        uint type = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref first, _starts[2] + 3)) & uint.MaxValue >> (32 - 8 * typeBytes);
        int set = (int)(((type + (type >> 8)) * 5 + (uint)_count) & (Sets - 1)) * Ways;
        for (int way = set; way < set + Ways; way++)
        {
            var shape = _shapes[way];
            if (shape.Count != _count || shape.Type != type || !shape.Matches(ref first, ref MemoryMarshal.GetArrayDataReference(_starts))) continue;
            _shape = shape;
            Recognised++;
            if (shape.HasUsualHeader && FixHeader.TryTake(message, type, this, out header)) return true;
            header = FixHeader.Read(message);
            header.Fields = this;
            return true;
        }
        header = Learn(message, set);
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private FixHeader Learn(ReadOnlySpan<byte> message, int set)
    {
        var header = FixHeader.Read(message);
        if (header.RejectReason >= 0 || ++_lessons > EagerLessons && _lessons % ReluctantEvery != 0) return header;
        if (!_spare.Learn(message, in header, _starts.AsSpan(0, _count + 1))) return header;
        // The oldest of its kind makes room.
        var oldest = _shapes[set + Ways - 1];
        for (int way = set + Ways - 1; way > set; way--) _shapes[way] = _shapes[way - 1];
        (_shapes[set], _spare) = (_spare, oldest);
        return header;
    }

    /// <summary>Index of the body's first byte, and of the separator behind BeginString.</summary>
    internal int BodyStart => _starts[_shape.Body];
    internal int FirstEnd => _starts[1] - 1;

    /// <summary>A field of the message whose shape was recognised, the last of that tag; empty when it has none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ReadOnlySpan<byte> Value(ReadOnlySpan<byte> message, KnownField field)
    {
        int at = Find(field, out int length);
        return at == 0 ? default : MemoryMarshal.CreateReadOnlySpan(ref Unsafe.Add(ref MemoryMarshal.GetReference(message), at), length);
    }

    /// <returns>Where the field's value begins; 0 when the message has none.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int Find(KnownField field, out int length)
    {
        var place = _shape.PlaceOf(field);
        ref ushort start = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_starts), (int)place.Index);
        int at = start + place.TagBytes;
        length = Unsafe.Add(ref start, 1) - 1 - at;
        return place.Index == 0 ? 0 : at;
    }

    /// <summary>A field of one character; 0 when the message has none. False when it is no single character.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryCode(ReadOnlySpan<byte> message, KnownField field, out byte code)
    {
        int at = Find(field, out int length);
        code = at == 0 ? (byte)0 : Unsafe.Add(ref MemoryMarshal.GetReference(message), at);
        return at == 0 || length == 1;
    }

    internal bool TryParseTime(ReadOnlySpan<byte> text, out long utcNs) => _time.TryParse(text, out utcNs);

    /// <summary>One whole and sound message of usual length at the head of the stream; false leaves it to the plain framer, whatever it is.</summary>
    private bool TryScan(ReadOnlySpan<byte> stream, int maxMessageBytes, out int length)
    {
        length = 0;
        if (stream.Length < BlockBytes) return false;
        ref byte first = ref MemoryMarshal.GetReference(stream);
        if ((Unsafe.ReadUnaligned<ulong>(ref first) & BeginMask) != Begin) return false;
        uint separators = Vector128.Equals(Vector128.LoadUnsafe(ref first), Vector128.Create(FixFramer.Separator)).ExtractMostSignificantBits();
        int at = BitOperations.TrailingZeroCount(separators) + 1;
        if (separators == 0 || (Unsafe.ReadUnaligned<ushort>(ref Unsafe.Add(ref first, at))) != LengthTag) return false;
        at += 2;
        ulong word = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref first, at)), zeroAtSeparator = word ^ 0x0101_0101_0101_0101;
        // The lowest byte that is the separator; bytes above it may be marked wrongly, and are not looked at.
        ulong marks = (zeroAtSeparator - 0x0101_0101_0101_0101) & ~zeroAtSeparator & 0x8080_8080_8080_8080;
        int digits = BitOperations.TrailingZeroCount(marks) >> 3;
        if (digits is 0 or > 7 || !FixNumber.EightDigits((word ^ Zeros) << (64 - 8 * digits) ^ Zeros, out ulong bodyLength)) return false;
        int body = at + digits + 1;
        long end = body + (long)bodyLength + TrailerLength;
        if (end > Math.Min(Math.Min(stream.Length, maxMessageBytes), MaxMessageBytes) || end < BlockBytes || bodyLength > (ulong)maxMessageBytes) return false;
        length = (int)end;
        ulong trailer = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref first, length - TrailerLength - 1));
        if ((trailer & TrailerMask) != Trailer || (Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref first, body)) & TypeMask) != TypeTag) return false;
        uint sum = (uint)(trailer >> 32) & 0xFF_FFFF ^ 0x30_3030;
        if (((sum + 0x76_7676 | sum) & 0x80_8080) != 0) return false;
        uint stated = (sum & 0xFF) * 100 + (sum >> 8 & 0xFF) * 10 + (sum >> 16);
        // The trailer was summed with the rest: its characters come off again.
        uint trailerSum = '1' + '0' + '=' + 3 * '0' + (sum & 0xFF) + (sum >> 8 & 0xFF) + (sum >> 16) + FixFramer.Separator;
        return TryMark(ref first, length, out uint all) && stated == (byte)(all - trailerSum);
    }

    /// <summary>The one pass: sums all bytes and notes behind each separator where the next field begins. False when there are more fields than any shape has.</summary>
    private bool TryMark(ref byte first, int length, out uint sum)
    {
        sum = 0;
        int count = 0, at = 0;
        ref ushort starts = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_starts), 1);
        if (Vector512.IsHardwareAccelerated && Avx512BW.IsSupported)
        {
            var sums = Vector512<ulong>.Zero;
            for (; at <= length - BlockBytes; at += BlockBytes)
            {
                var block = Vector512.LoadUnsafe(ref first, (nuint)at);
                sums += Avx512BW.SumAbsoluteDifferences(block, Vector512<byte>.Zero).AsUInt64();
                count = Note(Vector512.Equals(block, Vector512.Create(FixFramer.Separator)), at, ref starts, count);
                if (count > MessageShape.MaxFields) return false;
            }
            if (at < length)
            {
                // The last block reaches back, what was seen before made zeros.
                int back = length - BlockBytes;
                var block = Vector512.LoadUnsafe(ref first, (nuint)back) & Vector512.LoadUnsafe(ref MemoryMarshal.GetReference(TailMasks), (nuint)(length - at));
                sums += Avx512BW.SumAbsoluteDifferences(block, Vector512<byte>.Zero).AsUInt64();
                count = Note(Vector512.Equals(block, Vector512.Create(FixFramer.Separator)), back, ref starts, count);
            }
            sum = (uint)Vector512.Sum(sums);
        }
        else
        {
            for (; at <= length - BlockBytes; at += BlockBytes)
            {
                count = Note(FixFieldReader.SeparatorsOf64(ref Unsafe.Add(ref first, at)), at, ref starts, count);
                if (count > MessageShape.MaxFields) return false;
            }
            if (at < length)
            {
                int back = length - BlockBytes;
                count = Note(FixFieldReader.SeparatorsOf64(ref Unsafe.Add(ref first, back)) & ulong.MaxValue << (at - back), back, ref starts, count);
            }
            sum = FixChecksum.Sum(MemoryMarshal.CreateReadOnlySpan(ref first, length));
        }
        _count = count;
        return count <= MessageShape.MaxFields;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Note(Vector512<byte> separators, int blockAt, ref ushort starts, int count)
    {
        if (!Avx512Vbmi2.IsSupported) return Note(separators.ExtractMostSignificantBits(), blockAt, ref starts, count);
        // The indices of the separators, moved together: what stands behind them is overwritten by the next block's.
        var found = Avx512Vbmi2.Compress(Vector512<byte>.Zero, separators, Vector512.Create(
            (byte)0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
            32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63));
        var behind = Vector512.Create((ushort)(blockAt + 1));
        (Avx512BW.ConvertToVector512UInt16(found.GetLower()) + behind).StoreUnsafe(ref starts, (nuint)count);
        int several = BitOperations.PopCount(separators.ExtractMostSignificantBits());
        if (several > 32) (Avx512BW.ConvertToVector512UInt16(found.GetUpper()) + behind).StoreUnsafe(ref starts, (nuint)count + 32);
        return count + several;
    }

    /// <summary>The same bit by bit, eight at a time without asking whether there are as many.</summary>
    private static int Note(ulong separators, int blockAt, ref ushort starts, int count)
    {
        int several = BitOperations.PopCount(separators);
        ref ushort to = ref Unsafe.Add(ref starts, count);
        for (int done = 0; done < several; done += 8)
        {
            for (int i = 0; i < 8; i++)
            {
                Unsafe.Add(ref to, done + i) = (ushort)(blockAt + 1 + BitOperations.TrailingZeroCount(separators));
                separators &= separators - 1;
            }
        }
        return count + several;
    }
}
