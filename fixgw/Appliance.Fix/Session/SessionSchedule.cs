namespace Appliance.Fix;

/// <summary>How a session's hours repeat.</summary>
public enum ScheduleKind : byte
{
    /// <summary>Open on each of the days from Start to End; an End not after Start is on the next day.</summary>
    Daily,
    /// <summary>Open from StartDay, Start to EndDay, End.</summary>
    Weekly,
    /// <summary>Never closed; sequence numbers begin anew each day at Start, within the session.</summary>
    Continuous,
}

/// <summary>A stretch of time in which the session is open or closed throughout, and when the session that it belongs to began. UTC nanoseconds.</summary>
public readonly record struct ScheduleWindow(long FromUtcNs, long ToUtcNs, bool IsOpen);

/// <summary>
/// A session's hours in the local time of a zone, as venues state them. Where a clock is put forward, a time that does not exist stands for the moment after the gap; where it is
/// put back, a time that exists twice stands for its first occurrence. Each open window is a session of its own: sequence numbers begin at 1 with it.
/// </summary>
public sealed class SessionSchedule
{
    private const long TicksToNs = 100;
    private readonly TimeZoneInfo _zone;
    private readonly bool[] _days = new bool[7];
    private readonly TimeSpan _start, _end;
    private readonly DayOfWeek _startDay, _endDay;

    private SessionSchedule(ScheduleKind kind, string zone, TimeOnly start, TimeOnly end, DayOfWeek startDay, DayOfWeek endDay, IEnumerable<DayOfWeek> days)
    {
        Kind = kind;
        try
        {
            _zone = TimeZoneInfo.FindSystemTimeZoneById(zone);
        }
        catch (Exception e) when (e is TimeZoneNotFoundException or InvalidTimeZoneException)
        {
            throw new ArgumentException($"'{zone}' is no time zone of this machine; zones are named like America/New_York, and come with the package tzdata", nameof(zone));
        }
        _start = start.ToTimeSpan();
        _end = end.ToTimeSpan();
        _startDay = startDay;
        _endDay = endDay;
        foreach (var day in days) _days[(int)day] = true;
    }

    public ScheduleKind Kind { get; }

    public static SessionSchedule Daily(string zone, TimeOnly start, TimeOnly end, params IReadOnlyList<DayOfWeek> days)
    {
        if (days.Count == 0) days = Enum.GetValues<DayOfWeek>();
        return new SessionSchedule(ScheduleKind.Daily, zone, start, end, default, default, days);
    }

    public static SessionSchedule Weekly(string zone, DayOfWeek startDay, TimeOnly start, DayOfWeek endDay, TimeOnly end) =>
        new(ScheduleKind.Weekly, zone, start, end, startDay, endDay, [startDay]);

    public static SessionSchedule Continuous(string zone, TimeOnly resetAt) => new(ScheduleKind.Continuous, zone, resetAt, resetAt, default, default, Enum.GetValues<DayOfWeek>());

    /// <summary>The window that the moment lies in. Costs some microseconds and may allocate: ask again only when the window is over.</summary>
    public ScheduleWindow At(long utcNs)
    {
        var now = DateTime.UnixEpoch.AddTicks(utcNs / TicksToNs);
        var today = DateOnly.FromDateTime(TimeZoneInfo.ConvertTimeFromUtc(now, _zone));
        var closedSince = DateTime.MinValue;
        // A week and a day on either side holds the window before, the one that may contain the moment, and the next.
        for (int offset = -8; offset <= 8; offset++)
        {
            var day = today.AddDays(offset);
            if (!_days[(int)day.DayOfWeek]) continue;
            var opens = ToUtc(day, _start);
            var closes = ToUtc(day.AddDays(DaysOpen()), _end);
            if (now < opens) return new ScheduleWindow(Ns(closedSince), Ns(opens), false);
            if (now < closes) return new ScheduleWindow(Ns(opens), Ns(closes), true);
            closedSince = closes;
        }
        throw new InvalidOperationException("a schedule without any open day");
    }

    private int DaysOpen() => Kind switch
    {
        ScheduleKind.Weekly => ((int)_endDay - (int)_startDay + 7) % 7 is var days && days == 0 && _end <= _start ? 7 : days,
        _ => _end <= _start ? 1 : 0,
    };

    private static long Ns(DateTime utc) => utc <= DateTime.UnixEpoch ? 0 : (utc - DateTime.UnixEpoch).Ticks * TicksToNs;

    private DateTime ToUtc(DateOnly day, TimeSpan time)
    {
        var local = day.ToDateTime(TimeOnly.MinValue) + time;
        if (_zone.IsInvalidTime(local))
        {
            // The gap's end is the first valid time after it; gaps are whole quarters of an hour.
            var end = local;
            while (_zone.IsInvalidTime(end)) end = new DateTime(end.Ticks - end.Ticks % TimeSpan.TicksPerMinute).AddMinutes(1);
            return TimeZoneInfo.ConvertTimeToUtc(end, _zone);
        }
        if (!_zone.IsAmbiguousTime(local))
            return TimeZoneInfo.ConvertTimeToUtc(local, _zone);
        // The first occurrence has the larger offset from UTC.
        return new DateTimeOffset(local, _zone.GetAmbiguousTimeOffsets(local).Max()).UtcDateTime;
    }
}

/// <summary>A schedule and the window that was last asked for, so that asking costs two comparisons until the window is over.</summary>
internal sealed class ScheduleClock(SessionSchedule schedule)
{
    private ScheduleWindow _window = new(0, 0, false);

    public bool IsContinuous => schedule.Kind == ScheduleKind.Continuous;

    public ScheduleWindow At(long utcNs)
    {
        if (utcNs < _window.FromUtcNs || utcNs >= _window.ToUtcNs) _window = schedule.At(utcNs);
        return _window;
    }
}
