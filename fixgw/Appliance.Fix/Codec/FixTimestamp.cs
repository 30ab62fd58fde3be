using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

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
    private uint _prefixSum;
    private ulong _lastOfPrefix;

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
        if (to.Length < Length) ThrowTooShort(to.Length);
        Write(ref MemoryMarshal.GetReference(to), ref MemoryMarshal.GetReference(to), utcNs);
    }

    /// <summary>Writes the same time in two places.</summary>
    /// <returns>The sum of its characters.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal uint Write(ref byte to, ref byte also, long utcNs)
    {
        uint inMinute = MicrosecondsInMinute(utcNs);
        if (_microseconds)
        {
            ulong digits = FixNumber.EightDigitText(inMinute);
            return WriteRest(ref to, ref also, digits) + FixNumber.DigitSum(digits);
        }
        else
        {
            var prefix = Vector128.LoadUnsafe(ref Unsafe.As<Prefix, byte>(ref _prefix));
            prefix.StoreUnsafe(ref to);
            prefix.StoreUnsafe(ref also);
            // "000ssfff": written behind the minute's last digit and its colon, which stand in the prefix, as ":ss.fff".
            ulong digits = FixNumber.EightDigitText(inMinute / 1000);
            ulong rest = _lastOfPrefix | (digits >> 24 & 0xFFFF) << 16 | (ulong)'.' << 32 | digits >> 40 << 40;
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, PrefixLength - 2), rest);
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref also, PrefixLength - 2), rest);
            return _prefixSum + '.' + 5 * '0' + FixNumber.DigitSum(digits);
        }
    }

    /// <summary>Microseconds since the minute began, which then stands ready for <see cref="WriteRest"/>. For stamps with six decimals.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal uint MicrosecondsInMinute(long utcNs)
    {
        long minute = utcNs / MinuteNs;
        if (minute != _minute)
            WritePrefix(minute);
        return (uint)((utcNs - minute * MinuteNs) / 1000);
    }

    internal readonly bool HasMicroseconds => _microseconds;

    /// <summary>Writes the time in two places, its minute as it stands ready, and "ssffffff" as given.</summary>
    /// <returns>The sum of the characters, but for the digits of that text.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal uint WriteRest(ref byte to, ref byte also, ulong text)
    {
        var prefix = Vector128.LoadUnsafe(ref Unsafe.As<Prefix, byte>(ref _prefix));
        prefix.StoreUnsafe(ref to);
        prefix.StoreUnsafe(ref also);
        // The tens of seconds by themselves, the rest as "s.ffffff".
        ulong rest = text >> 8 & 0xFF | (ulong)'.' << 8 | text & 0xFFFF_FFFF_FFFF_0000;
        Unsafe.Add(ref to, PrefixLength) = Unsafe.Add(ref also, PrefixLength) = (byte)text;
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, PrefixLength + 1), rest);
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref also, PrefixLength + 1), rest);
        return _prefixSum + '.' + 8 * '0';
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private readonly void ThrowTooShort(int length) => throw new ArgumentException($"a time takes {Length} bytes, there are {length}");

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
        _prefixSum = FixChecksum.Sum(to[..PrefixLength]);
        _lastOfPrefix = MemoryMarshal.Read<ushort>(to[(PrefixLength - 2)..]);
        _minute = minute;
    }

    /// <summary>Nanoseconds since 1970 of a UTCTimestamp with zero to nine decimals; second 60 is allowed and counts as the next minute's first.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out long utcNs)
    {
        utcNs = 0;
        if (text.Length is < 17 or > 27 || text[8] != (byte)'-' || !FixNumber.EightDigits(text, out ulong date))
            return false;
        // "HH:MM:SS" as one word: colons and the digits' common bits taken off, every byte must be 0 to 9.
        ulong clock = MemoryMarshal.Read<ulong>(text[9..]) ^ 0x30303A30303A3030;
        if (((clock + 0x7676767676767676 | clock) & 0x8080808080808080) != 0 || (clock & 0x0000FF0000FF0000) != 0)
            return false;
        int year = (int)(date / 10_000), month = (int)(date / 100 % 100), day = (int)(date % 100);
        int hour = (int)((clock & 0xFF) * 10 + ((clock >> 8) & 0xFF)), minute = (int)(((clock >> 24) & 0xFF) * 10 + ((clock >> 32) & 0xFF)), second = (int)(((clock >> 48) & 0xFF) * 10 + (clock >> 56));
        if (year is < 1970 or > 2261 || month is < 1 or > 12 || day < 1 || (day > 28 && day > DateTime.DaysInMonth(year, month)) || hour > 23 || minute > 59 || second > 60)
            return false;
        long fraction = 0;
        if (text.Length > 17)
        {
            if (text[17] != (byte)'.' || text.Length == 18)
                return false;
            if (!Digits(text[18..], out int digits))
                return false;
            fraction = (long)digits * NsPerUnit[text.Length - 18];
        }
        utcNs = ((DaysSince1970(year, month, day) * 24 + hour) * 60 + minute) * MinuteNs + second * 1_000_000_000L + fraction;
        return true;
    }

    /// <summary>Nanoseconds of the last of so many decimals.</summary>
    private static ReadOnlySpan<int> NsPerUnit => [1_000_000_000, 100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];

    /// <summary>Days of the Gregorian calendar, counted in years that begin in March, so that the leap day is a year's last (E. G. Richards, Explanatory Supplement to the Astronomical Almanac, 2013, section 15.11).</summary>
    private static long DaysSince1970(int year, int month, int day)
    {
        int shifted = (month + 9) % 12, years = year - (month <= 2 ? 1 : 0);
        return 365L * years + years / 4 - years / 100 + years / 400 + (153 * shifted + 2) / 5 + day - 719_469;
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
