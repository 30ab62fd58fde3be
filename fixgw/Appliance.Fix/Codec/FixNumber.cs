using System.Buffers.Text;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

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

    private const ulong Zeros = 0x3030_3030_3030_3030;
    private const uint EightDigitsEnd = 100_000_000;
    /// <summary>The decimals with fewer than eight places and fewer units than this are written from one word.</summary>
    internal const ulong ShortDecimalEnd = EightDigitsEnd;
    /// <summary>Bytes that a number or a decimal may be written over, if not into.</summary>
    public const int WriteRoom = 24;

    /// <summary>The eight digits of a number below 10^8 with leading zeros, the first one lowest: fours, pairs and digits are parted by multiplication, all of them at once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong EightDigitText(uint value)
    {
        uint high = value / 10_000;
        ulong fours = high | (ulong)(value - high * 10_000) << 32;
        ulong hundreds = (fours * 10_486 >> 20) & 0x0000_007F_0000_007F;
        ulong pairs = hundreds | (fours - hundreds * 100) << 16;
        ulong tens = (pairs * 103 >> 10) & 0x000F_000F_000F_000F;
        return (tens | (pairs - tens * 10) << 8) + Zeros;
    }

    /// <summary>The digits (not yet characters) of eight such numbers, all parted at once.</summary>
    /// <param name="sums">The sum of each number's digits.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<ulong> PartDigits(Vector512<ulong> values, out Vector512<ulong> sums)
    {
        // n / 10^4 = n · 3518437209 >> 45 below 2^32, n / 100 = n · 5243 >> 19 below 10^4, n / 10 = n · 6554 >> 16 below 100 (H. S. Warren, Hacker's Delight, 2nd edition, chapter 10; the last two are tried for each n by a test).
        var high = Avx512F.Multiply(values.AsUInt32(), Vector512.Create(3_518_437_209u)) >>> 45;
        var fours = (high | (values - Avx512F.Multiply(high.AsUInt32(), Vector512.Create(10_000u))) << 32).AsUInt16();
        var hundreds = Avx512BW.MultiplyHigh(fours, Vector512.Create((ushort)5_243)) >>> 3;
        var pairs = (hundreds.AsUInt32() | (fours - hundreds * Vector512.Create((ushort)100)).AsUInt32() << 16).AsUInt16();
        var tens = Avx512BW.MultiplyHigh(pairs, Vector512.Create((ushort)6_554));
        var digits = tens | (pairs - tens * Vector512.Create((ushort)10)) << 8;
        sums = Avx512BW.SumAbsoluteDifferences(digits.AsByte(), Vector512<byte>.Zero).AsUInt64();
        return digits.AsUInt64();
    }

    /// <summary>Writes the digits of such a number without leading zeros; eight bytes are written over.</summary>
    /// <param name="sum">The sum of the characters is added, but for the digits' own.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int WriteDigits(ref byte to, ulong digits, ref uint sum)
    {
        int zeros = Math.Min(7, BitOperations.TrailingZeroCount(digits) >> 3);
        Unsafe.WriteUnaligned(ref to, digits + Zeros >> 8 * zeros);
        sum += (uint)(8 - zeros) * '0';
        return 8 - zeros;
    }

    /// <summary>The same with leading zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int WriteAllDigits(ref byte to, ulong digits, ref uint sum)
    {
        Unsafe.WriteUnaligned(ref to, digits + Zeros);
        sum += 8 * '0';
        return 8;
    }

    /// <summary>Sum of the digits of such a text.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint DigitSum(ulong eightDigitText) => (uint)((eightDigitText ^ Zeros) * 0x0101_0101_0101_0101 >> 56);

    /// <summary>Writes a number; up to <see cref="WriteRoom"/> bytes are written over.</summary>
    /// <param name="sum">The sum of the characters written is added.</param>
    /// <returns>Characters written.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int WriteNumber(ref byte to, ulong value, ref uint sum)
    {
        int at = 0;
        if (value >= EightDigitsEnd)
        {
            ulong high = value / EightDigitsEnd;
            at = WriteHigh(ref to, high, ref sum);
            ulong low = EightDigitText((uint)(value - high * EightDigitsEnd));
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, at), low);
            sum += DigitSum(low) + 8 * '0';
            return at + 8;
        }
        ulong text = EightDigitText((uint)value);
        int zeros = Math.Min(7, BitOperations.TrailingZeroCount(text ^ Zeros) >> 3);
        Unsafe.WriteUnaligned(ref to, text >> 8 * zeros);
        sum += DigitSum(text) + (uint)(8 - zeros) * '0';
        return 8 - zeros;
    }

    private static int WriteHigh(ref byte to, ulong value, ref uint sum) => WriteNumber(ref to, value, ref sum);

    /// <summary>Writes units / 10^decimals without trailing zeros ("187.25", "0.0001", "-3"); the span must have <see cref="WriteRoom"/> bytes.</summary>
    /// <returns>Bytes written.</returns>
    public static int WriteDecimal(Span<byte> to, long units, int decimals)
    {
        uint sum = 0;
        if (to.Length >= WriteRoom && (ulong)units < EightDigitsEnd && decimals < 8) return WriteShortDecimal(ref MemoryMarshal.GetReference(to), (uint)units, decimals, ref sum);
        return WriteAnyDecimal(to, units, decimals);
    }

    /// <summary>A decimal of at most eight digits: integer and fraction are two cuts from the same text.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int WriteShortDecimal(ref byte to, uint units, int decimals, ref uint sum)
    {
        ulong digits = EightDigitText(units) ^ Zeros;
        sum += DigitSum(digits ^ Zeros);
        return WriteShortDecimal(ref to, digits, decimals, ref sum);
    }

    /// <summary>The same of digits that stand ready; their own sum is not added.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int WriteShortDecimal(ref byte to, ulong digits, int decimals, ref uint sum)
    {
        ulong text = digits + Zeros;
        int zeros = Math.Min(7 - decimals, BitOperations.TrailingZeroCount(digits) >> 3), whole = 8 - decimals - zeros;
        Unsafe.WriteUnaligned(ref to, text >> 8 * zeros);
        sum += (uint)whole * '0';
        // In two steps: a word is not shifted by all its 64 bits.
        int above = 8 * (7 - decimals);
        ulong fraction = digits >> above >> 8;
        if (fraction == 0) return whole;
        int places = 8 - (BitOperations.LeadingZeroCount(fraction) >> 3);
        Unsafe.Add(ref to, whole) = (byte)'.';
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, whole + 1), text >> above >> 8);
        sum += '.' + (uint)places * '0';
        return whole + 1 + places;
    }

    private static int WriteAnyDecimal(Span<byte> to, long units, int decimals)
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
        uint sum = 0;
        if (to.Length >= WriteRoom) return WriteNumber(ref MemoryMarshal.GetReference(to), value, ref sum);
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

    /// <summary>The last nine digits of a number, with leading zeros.</summary>
    /// <returns>The sum of the digits.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint WriteNineDigits(ref byte to, uint value)
    {
        uint first = value / EightDigitsEnd;
        ulong rest = EightDigitText(value - first * EightDigitsEnd);
        first %= 10;
        to = (byte)('0' + first);
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, 1), rest);
        return first + DigitSum(rest);
    }

    /// <summary>Four digits with leading zeros, of a number below 10^4.</summary>
    /// <returns>The sum of the digits.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint WriteFourDigits(ref byte to, uint value)
    {
        ulong text = EightDigitText(value);
        Unsafe.WriteUnaligned(ref to, (uint)(text >> 32));
        return DigitSum(text);
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

    /// <summary>The same of a text that has eight bytes before its end, wherever it begins: up to eight digits are read as one word, and a ninth beside it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryParseWithin(ref byte end, int length, out uint value)
    {
        if (length == 9)
        {
            uint first = (uint)Unsafe.Subtract(ref end, 9) - '0';
            bool isNumber = EightDigits(Unsafe.ReadUnaligned<ulong>(ref Unsafe.Subtract(ref end, sizeof(ulong))), out ulong rest) && first <= 9;
            value = first * 100_000_000 + (uint)rest;
            return isNumber;
        }
        if ((uint)(length - 1) < sizeof(ulong))
        {
            // What stands before the text is shifted out, and zeros in: '0' is the only character whose lower bits are none.
            int others = 64 - 8 * length;
            ulong word = (Unsafe.ReadUnaligned<ulong>(ref Unsafe.Subtract(ref end, sizeof(ulong))) ^ 0x3030303030303030) >> others << others;
            bool isNumber = EightDigits(word ^ 0x3030303030303030, out ulong number);
            value = (uint)number;
            return isNumber;
        }
        return TryParseUnsigned(MemoryMarshal.CreateReadOnlySpan(ref Unsafe.Subtract(ref end, length), length), out value);
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
    internal static bool EightDigits(ReadOnlySpan<byte> text, out ulong value) => EightDigits(MemoryMarshal.Read<ulong>(text), out value);

    /// <summary>The same of eight characters in a word, the first one lowest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool EightDigits(ulong text, out ulong value)
    {
        ulong word = text ^ 0x3030303030303030;
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
        text.Length <= 8 && decimals <= 9 && ParseShort(text, decimals, out units) ? DecimalParse.Exact : ParseAny(text, decimals, out units);

    /// <summary>
    /// The usual decimal: at most eight characters, digits with at most one point, none finer than the unit, all in one word; what stands behind the point moves up by one. Anything else is left to the other.
    /// </summary>
    private static bool ParseShort(ReadOnlySpan<byte> text, int decimals, out long units)
    {
        ref byte first = ref MemoryMarshal.GetReference(text);
        int length = text.Length;
        ulong word;
        // Two reads that overlap where there are fewer characters than both have.
        if (length >= 4) word = Unsafe.ReadUnaligned<uint>(ref first) | (ulong)Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref first, length - 4)) << 8 * (length - 4);
        else if (length >= 2) word = Unsafe.ReadUnaligned<ushort>(ref first) | (ulong)Unsafe.Add(ref first, length - 1) << 8 * (length - 1);
        else if (length == 1) word = first;
        else { units = 0; return false; }
        ulong atPoint = word ^ 0x2E2E_2E2E_2E2E_2E2E, marks = (atPoint - 0x0101_0101_0101_0101) & ~atPoint & 0x8080_8080_8080_8080;
        // The lowest mark is the first point; without one the number ends where the text does.
        int whole = Math.Min(length, BitOperations.TrailingZeroCount(marks) >> 3), digits = whole == length ? length : length - 1, places = digits - whole;
        if (digits == 0 || places > decimals) { units = 0; return false; }
        // Shifts by a whole word are two.
        ulong below = (1UL << 4 * whole << 4 * whole) - 1, rest = word >> 4 * whole >> 4 * whole >> 8;
        ulong joined = whole == length ? word : word & below | rest << 8 * whole;
        bool isNumber = EightDigits((joined ^ Zeros) << 64 - 8 * digits ^ Zeros, out ulong magnitude);
        // Below 10^8, times 10^9 at most: it fits.
        units = (long)magnitude * Powers[decimals - places];
        return isNumber;
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
