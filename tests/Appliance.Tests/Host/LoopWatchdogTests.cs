using Appliance.Host.Threads;

namespace Appliance.Tests.Host;

public sealed class LoopWatchdogTests
{
    private const long Period = 20, Bound = 1_000;

    private static bool Turn(Watchdog watchdog, long now, params long[] beats)
    {
        long passed = watchdog.Turn(now);
        bool stuck = false;
        for (int i = 0; i < beats.Length; i++) stuck |= watchdog.Observe(i, beats[i], passed);
        return stuck;
    }

    [Fact]
    public void A_stuck_thread_is_found_beside_one_that_beats()
    {
        var watchdog = new Watchdog(2, Bound, Period, startNs: 0);
        long now = 0, found = 0;
        while (found == 0 && now < 10 * Bound)
        {
            now += Period;
            if (Turn(watchdog, now, now, 7)) found = now;
        }
        Assert.InRange(found, Bound, Bound + 3 * Period);
    }

    [Fact]
    public void A_pause_of_the_whole_machine_is_nobodys_stall()
    {
        var watchdog = new Watchdog(1, Bound, Period, startNs: 0);
        Assert.False(Turn(watchdog, Period, 1));
        // Nobody ran: neither the thread nor the supervisor.
        Assert.False(Turn(watchdog, Period + 50 * Bound, 1));
        Assert.False(Turn(watchdog, 2 * Period + 50 * Bound, 2));
    }

    [Fact]
    public void A_supervisor_that_is_always_late_still_finds_a_stall()
    {
        var watchdog = new Watchdog(1, Bound, Period, startNs: 0);
        int turns = 0;
        while (turns < 1_000 && !Turn(watchdog, ++turns * 5 * Period, 0)) { }
        Assert.InRange(turns, Bound / (2 * Period), Bound / (2 * Period) + 2);
    }

    [Fact]
    public void Each_hot_thread_has_a_heartbeat_of_its_own()
    {
        var switches = new RunSwitches();
        switches.Beat(1);
        switches.Beat(2);
        switches.Beat(2);
        Assert.Equal([0, 1, 2], Enumerable.Range(0, RunSwitches.HotThreadsMax).Select(switches.HeartbeatOf));
        Assert.Equal((-1L, false, false), (switches.DecidedSequence, switches.StopRequested, switches.Ended));
    }
}
