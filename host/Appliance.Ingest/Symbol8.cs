using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Appliance.Ingest;

/// <summary>
/// A venue symbol of at most eight ASCII characters, padded on the right with spaces as ITCH and DEEP write it, packed in one word so that
/// comparing and hashing cost one instruction. The first character is the lowest byte.
/// </summary>
public readonly struct Symbol8 : IEquatable<Symbol8>
{
    public const int Length = 8;
    private const ulong EightSpaces = 0x2020202020202020;

    public readonly ulong Packed;

    private Symbol8(ulong packed) => Packed = packed;

    /// <summary>From the eight bytes on the wire. The caller has checked that eight are there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Symbol8 FromWire(ref readonly byte first)
    {
        ulong packed = Unsafe.ReadUnaligned<ulong>(in first);
        return new Symbol8(BitConverter.IsLittleEndian ? packed : BinaryPrimitives.ReverseEndianness(packed));
    }

    public static Symbol8 FromPacked(ulong packed) => new(packed);

    /// <summary>False when the text is empty, longer than eight characters, or holds anything but visible ASCII.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Symbol8 symbol)
    {
        symbol = default;
        if (text.Length is 0 or > Length)
            return false;
        ulong packed = EightSpaces;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] is <= ' ' or > '~')
                return false;
            packed = (packed & ~(0xFFUL << (8 * i))) | ((ulong)text[i] << (8 * i));
        }
        symbol = new Symbol8(packed);
        return true;
    }

    public static Symbol8 Parse(ReadOnlySpan<char> text) => TryParse(text, out Symbol8 symbol)
        ? symbol
        : throw new ArgumentException($"'{text}' is not a venue symbol: one to eight visible ASCII characters are allowed.", nameof(text));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteTo(ref byte first) => Unsafe.WriteUnaligned(ref first, BitConverter.IsLittleEndian ? Packed : BinaryPrimitives.ReverseEndianness(Packed));

    public bool Equals(Symbol8 other) => Packed == other.Packed;
    public override bool Equals(object? obj) => obj is Symbol8 other && Equals(other);
    public override int GetHashCode() => Packed.GetHashCode();
    public static bool operator ==(Symbol8 left, Symbol8 right) => left.Packed == right.Packed;
    public static bool operator !=(Symbol8 left, Symbol8 right) => left.Packed != right.Packed;

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Length];
        WriteTo(ref MemoryMarshal.GetReference(bytes));
        return System.Text.Encoding.Latin1.GetString(bytes).TrimEnd(' ');
    }
}
