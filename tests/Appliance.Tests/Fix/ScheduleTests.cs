using System.Globalization;
using Appliance.Fix;

namespace Appliance.Tests.Fix;

/// <summary>Session hours in local time, over changes of the clocks, by simulated time. The expected moments were worked out by hand from the zones' rules of 2026.</summary>
public class ScheduleTests
{
    private static long Utc(string text) => (DateTime.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal) - DateTime.UnixEpoch).Ticks * 100;

    private static string Show(long utcNs) => DateTime.UnixEpoch.AddTicks(utcNs / 100).ToString("MM-dd HH:mm", CultureInfo.InvariantCulture);

    /// <summary>72 hours, minute by minute: when it opens and closes.</summary>
    private static string[] Changes(SessionSchedule schedule, string from)
    {
        var changes = new List<string>();
        long start = Utc(from);
        var window = schedule.At(start);
        for (long t = start; t < start + 72L * 3_600 * 1_000_000_000; t += 60_000_000_000)
        {
            var now = schedule.At(t);
            Assert.True(now.FromUtcNs <= t && t < now.ToUtcNs);
            if (now != window) changes.Add($"{(now.IsOpen ? "opens" : "closes")} {Show(t)}");
            window = now;
        }
        return [.. changes];
    }

    [Fact]
    public void New_York_puts_its_clocks_forward()
    {
        // 8 March 2026: 02:00 becomes 03:00, UTC−5 becomes UTC−4.
        var day = SessionSchedule.Daily("America/New_York", new TimeOnly(8, 0), new TimeOnly(17, 0));
        Assert.Equal(["opens 03-07 13:00", "closes 03-07 22:00", "opens 03-08 12:00", "closes 03-08 21:00", "opens 03-09 12:00", "closes 03-09 21:00"], Changes(day, "2026-03-07T05:00"));
        // Overnight, and it opens at a time that does not exist that day: at the end of the gap, 07:00 UTC.
        var night = SessionSchedule.Daily("America/New_York", new TimeOnly(2, 30), new TimeOnly(1, 0));
        Assert.Equal(["closes 03-07 06:00", "opens 03-07 07:30", "closes 03-08 06:00", "opens 03-08 07:00", "closes 03-09 05:00", "opens 03-09 06:30"], Changes(night, "2026-03-07T05:00"));
    }

    [Fact]
    public void London_puts_its_clocks_back()
    {
        // 25 October 2026: 02:00 summer time becomes 01:00; 01:30 comes twice, and the first one counts.
        var schedule = SessionSchedule.Daily("Europe/London", new TimeOnly(1, 30), new TimeOnly(16, 30));
        Assert.Equal(["opens 10-24 00:30", "closes 10-24 15:30", "opens 10-25 00:30", "closes 10-25 16:30", "opens 10-26 01:30", "closes 10-26 16:30"], Changes(schedule, "2026-10-24T00:00"));
    }

    [Fact]
    public void Sydney_ends_its_summer_and_the_week_goes_on()
    {
        // 5 April 2026: UTC+11 becomes UTC+10 at 03:00. From Monday 07:00 to Saturday 06:00.
        var week = SessionSchedule.Weekly("Australia/Sydney", DayOfWeek.Monday, new TimeOnly(7, 0), DayOfWeek.Saturday, new TimeOnly(6, 0));
        Assert.Equal(["closes 04-03 19:00", "opens 04-05 21:00"], Changes(week, "2026-04-03T00:00"));
        var weekdays = SessionSchedule.Daily("Australia/Sydney", new TimeOnly(10, 0), new TimeOnly(16, 0), DayOfWeek.Friday, DayOfWeek.Monday);
        Assert.Equal(["closes 04-03 05:00", "opens 04-06 00:00"], Changes(weekdays, "2026-04-03T01:00"));
        var continuous = SessionSchedule.Continuous("Australia/Sydney", new TimeOnly(6, 0));
        Assert.Equal(["opens 04-03 19:00", "opens 04-04 20:00", "opens 04-05 20:00"], Changes(continuous, "2026-04-03T00:00"));
    }

    [Fact]
    public void An_unknown_zone_is_told()
    {
        var thrown = Assert.Throws<ArgumentException>(() => SessionSchedule.Continuous("Mars/Olympus", new TimeOnly(6, 0)));
        Assert.Contains("'Mars/Olympus' is no time zone", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_session_logs_out_when_its_hours_end_and_begins_the_next_with_new_numbers()
    {
        var rig = new SessionRig(FixRole.Initiator, s => s with { Schedule = SessionSchedule.Daily("America/New_York", new TimeOnly(8, 0), new TimeOnly(17, 0)), HeartbeatSeconds = 0 });
        rig.UtcNs = Utc("2026-03-07T21:59:30");
        rig.Up();
        Assert.Equal(3u, rig.Store.NextOutgoing);
        rig.Pass(20);
        Assert.Empty(rig.TakeTold());
        rig.Pass(11);
        Assert.Equal(["5 3 58=the session's hours are over"], rig.TakeWritten());
        rig.Receive("5", 3);
        Assert.Equal(["down OutOfHours", "cut LoggedOut"], rig.TakeTold());
        Assert.False(rig.Session.MayConnect(rig.UtcNs));
        rig.Connect();
        Assert.Equal(["cut OutOfHours"], rig.TakeTold());
        Assert.Empty(rig.TakeWritten());
        // The next day, after the clocks went forward: open at 12:00 UTC, and both numbers are 1 again.
        rig.Pass(14 * 3_600 - 40);
        Assert.False(rig.Session.MayConnect(rig.UtcNs));
        rig.Pass(60);
        Assert.True(rig.Session.MayConnect(rig.UtcNs));
        rig.Connect();
        Assert.Equal(["A 1 98=0 108=0"], rig.TakeWritten());
        Assert.Equal(1u, rig.Store.NextIncoming);
    }

    [Fact]
    public void A_reconnect_within_the_hours_keeps_the_numbers_and_so_does_a_restart()
    {
        var schedule = SessionSchedule.Daily("Europe/London", new TimeOnly(8, 0), new TimeOnly(17, 0));
        var rig = new SessionRig(FixRole.Initiator, s => s with { Schedule = schedule, HeartbeatSeconds = 0 }) { UtcNs = Utc("2026-07-01T09:00") };
        rig.Up();
        rig.Session.OnLinkLost(rig.NowNs, rig.UtcNs);
        rig.Pass(3_600);
        rig.Connect();
        Assert.Equal(["A 3 98=0 108=0"], rig.TakeWritten());
    }

    [Fact]
    public void A_session_that_never_closes_resets_its_numbers_once_a_day_without_a_break()
    {
        var rig = new SessionRig(FixRole.Initiator, s => s with { Schedule = SessionSchedule.Continuous("Europe/London", new TimeOnly(6, 0)), HeartbeatSeconds = 0 }) { UtcNs = Utc("2026-10-24T04:59:00") };
        rig.Up();
        rig.Pass(61);
        Assert.Equal(["A 1 98=0 108=0 141=Y"], rig.TakeWritten());
        rig.Receive("A", 1, "98=0|108=0|141=Y|");
        Assert.True(rig.Session.IsUp);
        rig.Pass(3_600);
        Assert.Empty(rig.TakeWritten());
        // The next day's six o'clock is in winter time: 25 hours later.
        rig.Pass(23 * 3_600);
        Assert.Empty(rig.TakeWritten());
        rig.Pass(3_600);
        Assert.Equal(["A 1 98=0 108=0 141=Y"], rig.TakeWritten());
        Assert.Empty(rig.TakeTold());
    }
}
