namespace Appliance.Ingest.Binance;

/// <summary>Decimal text to integers of 1e-8: exact or refused, never rounded.</summary>
public static class FixedPoint
{
    public const int Decimals = 8;
    /// <summary>Units in 1.0, for prices and quantities alike.</summary>
    public const long UnitsPerOne = 100_000_000;

    /// <summary>
    /// Reads digits with at most one point and a digit on at least one side of it. Refuses signs, exponents, blanks, a non-zero digit behind the eighth decimal, and what
    /// does not fit 64 bits (above 92,233,720,368.54775807).
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out long units)
    {
        // Below this a further digit fits 64 unsigned bits; every value that fits a signed long stays below it until its last digit.
        const ulong beforeNextDigitMax = ulong.MaxValue / 10 - 1;
        ulong value = 0;
        int decimals = -1, digits = 0;
        units = 0;
        foreach (byte one in text)
        {
            uint digit = (uint)one - '0';
            if (digit > 9)
            {
                if (one != '.' || decimals >= 0) return false;
                decimals = 0;
                continue;
            }
            digits++;
            if (decimals == Decimals)
            {
                if (digit != 0) return false;
                continue;
            }
            if (value > beforeNextDigitMax) return false;
            value = value * 10 + digit;
            if (decimals >= 0) decimals++;
        }
        if (digits == 0) return false;
        for (int i = Math.Max(decimals, 0); i < Decimals; i++)
        {
            if (value > beforeNextDigitMax) return false;
            value *= 10;
        }
        if (value > long.MaxValue) return false;
        units = (long)value;
        return true;
    }
}
