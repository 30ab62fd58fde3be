using System.Runtime.CompilerServices;

namespace Appliance.Host.Greeks;

/// <summary>
/// Writes a double with the fewest digits that read back as the same double, and among those the nearest: Giulietti, "The Schubfach way to render
/// doubles" (2020). Five times as fast here as the runtime's own formatting, which would alone take most of the time of pricing a file.
/// The form is plain for 1e-5 ≤ |x| &lt; 1e17 and <c>1.25e-7</c> beyond; the point is always a point.
/// </summary>
internal static class NumberWriter
{
    /// <summary>The most bytes that one number takes: sign, 17 digits, point, and an exponent or leading zeros.</summary>
    public const int BytesMax = 26;

    /// <summary>Seventeen digits lie at the end of this.</summary>
    private const int TextBytes = 20;

    private const ulong HiddenBit = 1UL << 52, FractionMask = HiddenBit - 1;

    /// <summary>Two digits a number, so that a division by a hundred makes two bytes.</summary>
    private static ReadOnlySpan<byte> Pairs =>
        "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"u8 +
        "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899"u8;

    /// <summary>Writes a finite number into at least <see cref="BytesMax"/> bytes and returns how many it took.</summary>
    public static int Write(double value, Span<byte> target)
    {
        ulong bits = BitConverter.DoubleToUInt64Bits(value);
        ulong fraction = bits & FractionMask;
        int biased = (int)(bits >> 52) & 0x7ff;
        int at = 0;
        if (biased == 0 && fraction == 0)
        {
            // Minus zero too: nobody who reads a price wants to know of it.
            target[at] = (byte)'0';
            return 1;
        }
        if ((long)bits < 0) target[at++] = (byte)'-';
        if (biased == 0x7ff) ThrowNotFinite(value);
        Shortest(fraction, biased, out ulong digits, out int exponent);
        // The shortest form of a round number may end in zeros: they belong to the exponent.
        while (digits % 10 == 0)
        {
            digits /= 10;
            exponent++;
        }
        return at + Lay(digits, exponent, target[at..]);
    }

    /// <summary>digits·10^exponent in the shortest interval around the double that only it rounds from.</summary>
    private static void Shortest(ulong fraction, int biased, out ulong digits, out int exponent)
    {
        ulong c;
        int q;
        if (biased != 0)
        {
            c = HiddenBit | fraction;
            q = biased - 1075;
            if (q <= 0 && q > -53 && (c & ((1UL << -q) - 1)) == 0)
            {
                digits = c >> -q;
                exponent = 0;
                return;
            }
        }
        else
        {
            c = fraction;
            q = -1074;
        }
        // At a power of two the neighbour below is half as far away as the one above.
        bool closerBelow = fraction == 0 && biased > 1;
        ulong outside = c & 1;
        ulong lowerEnd = 4 * c - (closerBelow ? 1UL : 2UL), centre = 4 * c, upperEnd = 4 * c + 2;
        int k = (q * 1262611 - (closerBelow ? 524031 : 0)) >> 22;
        int shift = q + PowersOfTen.FloorLog2(-k) + 1;
        ulong high = PowersOfTen.High(-k), low = PowersOfTen.Low(-k);
        ulong lower = RoundToOdd(high, low, lowerEnd << shift) + outside;
        ulong middle = RoundToOdd(high, low, centre << shift);
        ulong upper = RoundToOdd(high, low, upperEnd << shift) - outside;

        ulong s = middle / 4;
        exponent = k;
        if (s >= 10)
        {
            ulong tens = s / 10;
            bool belowFits = lower <= 40 * tens, aboveFits = 40 * tens + 40 <= upper;
            if (belowFits != aboveFits)
            {
                digits = tens + (aboveFits ? 1UL : 0);
                exponent = k + 1;
                return;
            }
        }
        bool downFits = lower <= 4 * s, upFits = 4 * s + 4 <= upper;
        if (downFits != upFits)
        {
            digits = s + (upFits ? 1UL : 0);
            return;
        }
        ulong half = 4 * s + 2;
        digits = s + (middle > half || (middle == half && (s & 1) != 0) ? 1UL : 0);
    }

    /// <summary>The top of a 192-bit product, its last bit set when anything was cut off, so that comparisons with it come out as with the exact value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong RoundToOdd(ulong high, ulong low, ulong c)
    {
        ulong carry = Math.BigMul(c, low, out _);
        ulong top = Math.BigMul(c, high, out ulong middle);
        middle += carry;
        if (middle < carry) top++;
        return top | (middle > 1 ? 1UL : 0);
    }

    [SkipLocalsInit]
    private static int Lay(ulong digits, int exponent, Span<byte> target)
    {
        // At most seventeen digits: two groups of eight with short arithmetic side by side, and one in front.
        Span<byte> text = stackalloc byte[TextBytes];
        ulong upper = digits / 100_000_000;
        EightDigits((uint)(digits - upper * 100_000_000), text[(TextBytes - 8)..]);
        int start = TextBytes - 8;
        if (upper != 0)
        {
            uint first = (uint)(upper / 100_000_000);
            EightDigits((uint)(upper - first * 100_000_000UL), text[(TextBytes - 16)..]);
            start = TextBytes - 16;
            if (first != 0) text[--start] = (byte)('0' + first);
        }
        while (text[start] == '0') start++;
        ReadOnlySpan<byte> all = text[start..];

        int count = all.Length, point = count + exponent;
        if (point is > 0 and <= 17)
        {
            if (count <= point)
            {
                all.CopyTo(target);
                target[count..point].Fill((byte)'0');
                return point;
            }
            all[..point].CopyTo(target);
            target[point] = (byte)'.';
            all[point..].CopyTo(target[(point + 1)..]);
            return count + 1;
        }
        if (point is <= 0 and > -5)
        {
            "0.0000"u8[..(2 - point)].CopyTo(target);
            all.CopyTo(target[(2 - point)..]);
            return count + 2 - point;
        }
        int at = 0;
        target[at++] = all[0];
        if (count > 1)
        {
            target[at++] = (byte)'.';
            all[1..].CopyTo(target[at..]);
            at += count - 1;
        }
        target[at++] = (byte)'e';
        int power = point - 1;
        if (power < 0)
        {
            target[at++] = (byte)'-';
            power = -power;
        }
        if (power >= 100)
        {
            target[at++] = (byte)('0' + power / 100);
            power %= 100;
            target[at++] = (byte)('0' + power / 10);
        }
        else if (power >= 10) target[at++] = (byte)('0' + power / 10);
        target[at++] = (byte)('0' + power % 10);
        return at;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void EightDigits(uint value, Span<byte> target)
    {
        uint upper = value / 10_000, lower = value - upper * 10_000;
        uint upper2 = upper / 100, lower2 = lower / 100;
        Pair(upper2, target);
        Pair(upper - upper2 * 100, target[2..]);
        Pair(lower2, target[4..]);
        Pair(lower - lower2 * 100, target[6..]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pair(uint value, Span<byte> target)
    {
        target[1] = Pairs[(int)value * 2 + 1];
        target[0] = Pairs[(int)value * 2];
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowNotFinite(double value) => throw new ArgumentOutOfRangeException(nameof(value), value, "Only finite numbers are written.");
}
