using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text;

namespace Appliance.Fix;

/// <summary>
/// A short text field held by value (ClOrdID, Account): at most 31 bytes, so that a request can be kept without a string. Unused bytes are zero,
/// which makes equality a comparison of 32 bytes.
/// </summary>
public struct FixText : IEquatable<FixText>
{
    public const int MaxLength = 31;

    [InlineArray(MaxLength)]
    private struct Bytes { private byte _first; }

    private Bytes _bytes;
    private byte _length;

    public readonly int Length => _length;
    public readonly bool IsEmpty => _length == 0;

    [UnscopedRef]
    public readonly ReadOnlySpan<byte> Span => ((ReadOnlySpan<byte>)_bytes)[.._length];

    /// <summary>False, and empty, when the text is longer than a FixText holds.</summary>
    public static bool TryCreate(ReadOnlySpan<byte> text, out FixText result)
    {
        result = default;
        if (text.Length > MaxLength)
            return false;
        text.CopyTo(result._bytes);
        result._length = (byte)text.Length;
        return true;
    }

    /// <summary>The decimal text of an identifier.</summary>
    public static FixText FromNumber(ulong value)
    {
        var result = default(FixText);
        Utf8Formatter.TryFormat(value, result._bytes, out int written);
        result._length = (byte)written;
        return result;
    }

    /// <summary>For tests and start-up; throws when too long or not ASCII.</summary>
    public static FixText FromString(string text) =>
        Ascii.IsValid(text) && TryCreate(Encoding.ASCII.GetBytes(text), out var result) ? result : throw new ArgumentException($"not a short ASCII text: '{text}'", nameof(text));

    /// <summary>The number whose decimal text this is: digits only, within 64 bits.</summary>
    public readonly bool TryGetNumber(out ulong value) => Utf8Parser.TryParse(Span, out value, out int consumed) && consumed == _length && _length > 0;

    public readonly bool Equals(FixText other) => _length == other._length && Span.SequenceEqual(other.Span);
    public override readonly bool Equals(object? obj) => obj is FixText other && Equals(other);
    public override readonly int GetHashCode()
    {
        uint hash = 2166136261;
        foreach (byte b in Span) hash = (hash ^ b) * 16777619;
        return (int)hash;
    }
    public override readonly string ToString() => Encoding.ASCII.GetString(Span);
    public static bool operator ==(in FixText left, in FixText right) => left.Equals(right);
    public static bool operator !=(in FixText left, in FixText right) => !left.Equals(right);
}
