namespace Appliance.Ingest.Itch;

/// <summary>
/// The midnight from which Nasdaq counts a day's timestamps: New York's, in UTC nanoseconds. By the rule of the Energy Policy Act of 2005 (daylight
/// time from the second Sunday of March to the first Sunday of November), so for days from 2007; no time-zone database is needed.
/// </summary>
public static class ExchangeDay
{
    public static long MidnightUtcNs(DateOnly day)
    {
        // Both changes happen at two in the morning: midnight of the day itself is still of the old time.
        bool isDaylightTime = day > SundayOf(day.Year, 3, 2) && day <= SundayOf(day.Year, 11, 1);
        DateTime midnight = day.ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc);
        return (midnight.Ticks - DateTime.UnixEpoch.Ticks) * 100 + (isDaylightTime ? 4L : 5L) * 3_600_000_000_000;
    }

    /// <summary>From a name that begins with month, day and year in eight digits, as the exchange's own files do.</summary>
    public static bool TryFromFileName(string path, out long midnightUtcNs)
    {
        midnightUtcNs = -1;
        ReadOnlySpan<char> name = Path.GetFileName(path.AsSpan());
        if (name.Length < 8 || !DateOnly.TryParseExact(name[..8], "MMddyyyy", null, System.Globalization.DateTimeStyles.None, out DateOnly day))
            return false;
        midnightUtcNs = MidnightUtcNs(day);
        return true;
    }

    private static DateOnly SundayOf(int year, int month, int which)
    {
        var first = new DateOnly(year, month, 1);
        int untilSunday = (7 - (int)first.DayOfWeek) % 7;
        return first.AddDays(untilSunday + 7 * (which - 1));
    }
}
