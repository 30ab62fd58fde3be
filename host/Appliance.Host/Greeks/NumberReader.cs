using System.Globalization;
using System.Runtime.CompilerServices;

namespace Appliance.Host.Greeks;

/// <summary>
/// Reads a decimal number, correctly rounded: an optional sign, digits with at most one point among or around them, an optional exponent. No blanks, no
/// group separators, no words (nan, inf), no hexadecimal. Short numbers are exact in one multiplication or division (Clinger, "How to read floating
/// point numbers accurately", 1990); longer ones take a 128-bit product whose error is bounded, and the few whose rounding that bound cannot decide are left to the runtime.
/// </summary>
internal static class NumberReader
{
    private static readonly double[] ExactPowers =
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22];

    /// <summary>False when the text is no number of this form. A number beyond the doubles comes out infinite: the caller decides.</summary>
    public static bool TryRead(ReadOnlySpan<byte> text, out double value)
    {
        value = 0;
        int at = 0, length = text.Length;
        bool negative = false;
        if (length > 0 && text[0] is (byte)'-' or (byte)'+')
        {
            negative = text[0] == '-';
            at = 1;
        }
        ulong digits = 0;
        int first = at;
        while (at < length && (uint)(text[at] - '0') <= 9) digits = digits * 10 + (uint)(text[at++] - '0');
        int count = at - first, exponent = 0;
        if (at < length && text[at] == '.')
        {
            int point = ++at;
            while (at < length && (uint)(text[at] - '0') <= 9) digits = digits * 10 + (uint)(text[at++] - '0');
            exponent = point - at;
            count -= exponent;
        }
        if (count == 0) return false;
        if (at < length)
        {
            if (!TryExponent(text[at..], out int written)) return false;
            exponent += written;
        }
        // With more than 19 digits the integer may have overflowed (leading zeros count too, which only costs time).
        double magnitude = count <= 19 ? Scale(digits, exponent, text) : ByRuntime(text);
        value = count <= 19 && negative ? -magnitude : magnitude;
        return true;
    }

    private static bool TryExponent(ReadOnlySpan<byte> text, out int exponent)
    {
        exponent = 0;
        if ((text[0] | 0x20) != 'e' || text.Length < 2) return false;
        int at = text[1] is (byte)'-' or (byte)'+' ? 2 : 1;
        if (at == text.Length) return false;
        for (int i = at; i < text.Length; i++)
        {
            uint digit = (uint)(text[i] - '0');
            if (digit > 9) return false;
            // Saturates: whatever stands in front, so large an exponent gives zero or infinity.
            exponent = Math.Min(exponent * 10 + (int)digit, 100_000_000);
        }
        if (text[1] == '-') exponent = -exponent;
        return true;
    }

    /// <summary>|digits·10^exponent|, rounded to nearest, ties to even.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static double Scale(ulong digits, int exponent, ReadOnlySpan<byte> text)
    {
        if (digits <= 1UL << 53 && exponent is >= -22 and <= 22)
            return exponent < 0 ? digits / ExactPowers[-exponent] : digits * ExactPowers[exponent];
        return ByProduct(digits, exponent, text);
    }

    private static double ByProduct(ulong digits, int exponent, ReadOnlySpan<byte> text)
    {
        if (digits == 0) return 0;
        if (exponent is < -300 or > 280) return Math.Abs(ByRuntime(text));
        int shift = System.Numerics.BitOperations.LeadingZeroCount(digits);
        ulong w = digits << shift;
        // w·10^k to 128 bits. The power is too large by less than one unit and the product is cut off, so the truth lies within two units below or one above.
        ulong carry = Math.BigMul(w, PowersOfTen.Low(exponent), out _);
        ulong high = Math.BigMul(w, PowersOfTen.High(exponent), out ulong low);
        low += carry;
        if (low < carry) high++;
        int binary = PowersOfTen.FloorLog2(exponent) + 64 - shift;
        if (high >> 63 == 0)
        {
            high = high << 1 | low >> 63;
            low <<= 1;
            binary--;
        }
        // Below the 53 bits that stay, high holds eleven more. Where those and all of low are near a tie, the bound cannot say which way to round.
        ulong rest = high & 0x7ff;
        if ((rest is 0x3ff && low > ulong.MaxValue - 8) || (rest is 0x400 && low < 8)) return Math.Abs(ByRuntime(text));
        ulong mantissa = high >> 11;
        if (rest >= 0x400) mantissa++;
        // A carry out of the mantissa runs into the exponent, which is right: its hidden bit is part of the sum.
        return BitConverter.UInt64BitsToDouble(((ulong)(binary + 1022) << 52) + mantissa);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static double ByRuntime(ReadOnlySpan<byte> text) => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
}
