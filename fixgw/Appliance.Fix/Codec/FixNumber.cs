using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Appliance.Fix;

/// <summary>How a decimal text became an integer number of units.</summary>
public enum DecimalParse : byte { Exact, Rounded, Malformed }

/// <summary>Integers and decimals between text and fixed point. A price is units / 10^decimals: no floating point stands between the book and the wire.</summary>
public static class FixNumber
{
    public const int MaxDecimals = 12;

    private static readonly long[] Powers = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000, 100_000_000_000, 1_000_000_000_000];

    /// <summary>The number of decimals of a unit: 4 for 10,000 units in 1.0. Throws for a unit that is no power of ten, whose decimal text would not be exact.</summary>
    public static int DecimalsOf(long unitsPerOne)
    {
        int decimals = Array.IndexOf(Powers, unitsPerOne);
        return decimals >= 0 ? decimals : throw new ArgumentOutOfRangeException(nameof(unitsPerOne), unitsPerOne, "units in 1.0 must be a power of ten up to 10^12 to be written exactly as decimal text");
    }

    /// <summary>Writes units / 10^decimals without trailing zeros ("187.25", "0.0001", "-3"); the span must have 24 bytes.</summary>
    /// <returns>Bytes written.</returns>
    public static int WriteDecimal(Span<byte> to, long units, int decimals)
    {
        int at = 0;
        ulong magnitude = (ulong)units;
        if (units < 0)
        {
            to[at++] = (byte)'-';
            magnitude = 0 - magnitude;
        }
        if (decimals == 0)
            return at + WriteNumber(to[at..], magnitude);
        ulong power = (ulong)Powers[decimals];
        ulong whole = magnitude / power;
        at += WriteNumber(to[at..], whole);
        ulong fraction = magnitude - whole * power;
        if (fraction == 0)
            return at;
        to[at++] = (byte)'.';
        int digits = decimals;
        while (true)
        {
            ulong tenth = fraction / 10;
            if (tenth * 10 != fraction)
                break;
            fraction = tenth;
            digits--;
        }
        for (int i = digits - 1; i >= 0; i--)
        {
            ulong tenth = fraction / 10;
            to[at + i] = (byte)('0' + (int)(fraction - tenth * 10));
            fraction = tenth;
        }
        return at + digits;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int WriteNumber(Span<byte> to, ulong value)
    {
        Utf8Formatter.TryFormat(value, to, out int written);
        return written;
    }

    /// <summary>Exactly <paramref name="width"/> digits with leading zeros; FIX allows them in int and SeqNum fields, and they let a template be patched in place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteFixedWidth(Span<byte> to, uint value, int width)
    {
        for (int i = width - 1; i >= 0; i--)
        {
            uint tenth = value / 10;
            to[i] = (byte)('0' + (value - tenth * 10));
            value = tenth;
        }
    }

    /// <summary>Digits only, at most nine: sequence numbers, lengths, counts.</summary>
    public static bool TryParseUnsigned(ReadOnlySpan<byte> text, out uint value)
    {
        value = 0;
        int from = 0;
        while (from < text.Length - 1 && text[from] == (byte)'0') from++;
        if (text.Length - from is 0 or > 9)
            return false;
        for (int i = from; i < text.Length; i++)
        {
            uint digit = (uint)text[i] - '0';
            if (digit > 9)
                return false;
            value = value * 10 + digit;
        }
        return true;
    }

    /// <summary>Digits only, within 64 bits.</summary>
    public static bool TryParseUnsigned(ReadOnlySpan<byte> text, out ulong value)
    {
        value = 0;
        if (text.Length is 0 or > 20)
            return false;
        // Nineteen digits fit whatever they are; only a twentieth may be too many.
        int safe = Math.Min(text.Length, 19), at = 0;
        if (safe >= sizeof(ulong) && !EightDigits(text, out value)) return false;
        if (safe >= sizeof(ulong)) at = sizeof(ulong);
        if (safe >= 2 * sizeof(ulong))
        {
            if (!EightDigits(text[sizeof(ulong)..], out ulong next)) return false;
            value = value * 100_000_000 + next;
            at = 2 * sizeof(ulong);
        }
        for (; at < text.Length; at++)
        {
            ulong digit = (ulong)text[at] - '0';
            if (digit > 9 || (at == 19 && value > (ulong.MaxValue - digit) / 10))
                return false;
            value = value * 10 + digit;
        }
        return true;
    }

    /// <summary>The number that the first eight bytes are the digits of: pairs, fours and all eight joined by multiplication.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool EightDigits(ReadOnlySpan<byte> text, out ulong value)
    {
        ulong word = MemoryMarshal.Read<ulong>(text) ^ 0x3030303030303030;
        bool areDigits = ((word + 0x7676767676767676 | word) & 0x8080808080808080) == 0;
        word = word * 10 + (word >> 8);
        value = ((word & 0x000000FF000000FF) * 0x000F424000000064 + ((word >> 16) & 0x000000FF000000FF) * 0x0000271000000001) >> 32;
        return areDigits;
    }

    /// <summary>
    /// Decimal text ("-12.50", "100", ".5") into units of 10^-decimals. Digits finer than the unit round half away from zero and are told; anything that
    /// is not a decimal, or does not fit, is malformed. FIX's float type has no exponent.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DecimalParse ParseDecimal(ReadOnlySpan<byte> text, int decimals, out long units) =>
        text.Length <= 9 && decimals <= 9 && ParseShort(text, decimals, out units) ? DecimalParse.Exact : ParseAny(text, decimals, out units);

    /// <summary>The usual decimal: at most nine characters, digits with at most one point, none finer than the unit. Anything else is left to the other.</summary>
    private static bool ParseShort(ReadOnlySpan<byte> text, int decimals, out long units)
    {
        long magnitude = 0;
        int at = 0;
        for (; at < text.Length; at++)
        {
            uint digit = (uint)text[at] - '0';
            if (digit > 9) break;
            magnitude = magnitude * 10 + digit;
        }
        int places = text.Length - at - 1;
        if (at < text.Length)
        {
            if (text[at] != (byte)'.' || places > decimals) { units = 0; return false; }
            for (at++; at < text.Length; at++)
            {
                uint digit = (uint)text[at] - '0';
                if (digit > 9) { units = 0; return false; }
                magnitude = magnitude * 10 + digit;
            }
        }
        // Below a billion, times 10^9 at most: it fits. A point alone, or nothing, is no number.
        units = magnitude * Powers[decimals - Math.Max(0, places)];
        return text.Length > (places < 0 ? 0 : 1);
    }

    private static DecimalParse ParseAny(ReadOnlySpan<byte> text, int decimals, out long units)
    {
        units = 0;
        int at = 0;
        bool negative = text.Length > 0 && text[0] == (byte)'-';
        if (negative) at = 1;
        long magnitude = 0;
        int fractionDigits = -1, digits = 0;
        bool roundUp = false, inexact = false;
        for (; at < text.Length; at++)
        {
            int c = text[at];
            if (c == '.')
            {
                if (fractionDigits >= 0)
                    return DecimalParse.Malformed;
                fractionDigits = 0;
                continue;
            }
            uint digit = (uint)c - '0';
            if (digit > 9)
                return DecimalParse.Malformed;
            digits++;
            if (fractionDigits >= 0)
            {
                if (fractionDigits >= decimals)
                {
                    if (fractionDigits++ == decimals) roundUp = digit >= 5;
                    inexact |= digit != 0;
                    continue;
                }
                fractionDigits++;
            }
            if (magnitude > (long.MaxValue - 9) / 10)
                return DecimalParse.Malformed;
            magnitude = magnitude * 10 + digit;
        }
        if (digits == 0)
            return DecimalParse.Malformed;
        long scale = Powers[decimals - Math.Min(decimals, Math.Max(0, fractionDigits))];
        if (magnitude > (long.MaxValue - 1) / scale)
            return DecimalParse.Malformed;
        magnitude = magnitude * scale + (roundUp ? 1 : 0);
        units = negative ? -magnitude : magnitude;
        return inexact ? DecimalParse.Rounded : DecimalParse.Exact;
    }
}
