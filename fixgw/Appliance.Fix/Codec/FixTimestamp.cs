using System.Runtime.CompilerServices;

namespace Appliance.Fix;

/// <summary>
/// UTCTimestamp fields: YYYYMMDD-HH:MM:SS.sss, or with six decimals. The part down to the minute is kept and written anew once a minute,
/// so that a stamp costs a copy and a few divisions.
/// </summary>
public struct FixTimestamp
{
    public const int MaxLength = 24;
    private const long MinuteNs = 60_000_000_000;
    private const int PrefixLength = 15;

    [InlineArray(16)]
    private struct Prefix { private byte _first; }

    private readonly bool _microseconds;
    private long _minute;
    private Prefix _prefix;

    public FixTimestamp(bool microseconds)
    {
        _microseconds = microseconds;
        _minute = long.MinValue;
    }

    public readonly int Length => _microseconds ? 24 : 21;

    /// <summary>Writes <see cref="Length"/> bytes. Times before 1970 or after 9999 are a programmer's error.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(Span<byte> to, long utcNs)
    {
        long minute = utcNs / MinuteNs;
        if (minute != _minute)
            WritePrefix(minute);
        ((ReadOnlySpan<byte>)_prefix)[..PrefixLength].CopyTo(to);
        uint inMinute = (uint)((utcNs - minute * MinuteNs) / 1000);
        uint second = inMinute / 1_000_000;
        uint fraction = inMinute - second * 1_000_000;
        FixNumber.WriteFixedWidth(to[15..], second, 2);
        to[17] = (byte)'.';
        if (_microseconds)
            FixNumber.WriteFixedWidth(to[18..], fraction, 6);
        else
            FixNumber.WriteFixedWidth(to[18..], fraction / 1000, 3);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void WritePrefix(long minute)
    {
        var time = DateTime.UnixEpoch.AddTicks(minute * TimeSpan.TicksPerMinute);
        Span<byte> to = _prefix;
        FixNumber.WriteFixedWidth(to, (uint)time.Year, 4);
        FixNumber.WriteFixedWidth(to[4..], (uint)time.Month, 2);
        FixNumber.WriteFixedWidth(to[6..], (uint)time.Day, 2);
        to[8] = (byte)'-';
        FixNumber.WriteFixedWidth(to[9..], (uint)time.Hour, 2);
        to[11] = (byte)':';
        FixNumber.WriteFixedWidth(to[12..], (uint)time.Minute, 2);
        to[14] = (byte)':';
        _minute = minute;
    }

    /// <summary>Nanoseconds since 1970 of a UTCTimestamp with zero to nine decimals; second 60 is allowed and counts as the next minute's first.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out long utcNs)
    {
        utcNs = 0;
        if (text.Length is < 17 or > 27 || text[8] != (byte)'-' || text[11] != (byte)':' || text[14] != (byte)':')
            return false;
        if (!Digits(text[..4], out int year) || !Digits(text.Slice(4, 2), out int month) || !Digits(text.Slice(6, 2), out int day)
            || !Digits(text.Slice(9, 2), out int hour) || !Digits(text.Slice(12, 2), out int minute) || !Digits(text.Slice(15, 2), out int second))
            return false;
        if (year is < 1970 or > 2261 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month) || hour > 23 || minute > 59 || second > 60)
            return false;
        long fraction = 0;
        if (text.Length > 17)
        {
            if (text[17] != (byte)'.' || text.Length == 18)
                return false;
            if (!Digits(text[18..], out int digits))
                return false;
            fraction = digits;
            for (int i = text.Length - 18; i < 9; i++) fraction *= 10;
        }
        long days = (new DateTime(year, month, day, 0, 0, 0, DateTimeKind.Utc) - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerDay;
        utcNs = ((days * 24 + hour) * 60 + minute) * MinuteNs + second * 1_000_000_000L + fraction;
        return true;
    }

    private static bool Digits(ReadOnlySpan<byte> text, out int value)
    {
        value = 0;
        foreach (byte b in text)
        {
            uint digit = (uint)b - '0';
            if (digit > 9)
                return false;
            value = value * 10 + (int)digit;
        }
        return true;
    }
}
