using Appliance.Fix;
using Appliance.Host.Composition;
using Appliance.Tests.Fix;

namespace Appliance.Tests.Host;

/// <summary>Why a session is down stands on the terminal: the venue's own words, its silence, a connection's error, the session's hours; each once an outage.</summary>
public class SessionWatchTests
{
    private sealed class Watched(SessionRig rig) : IWatchedSession
    {
        public bool IsUp => rig.Session.IsUp;
        public string? LastConnectError { get; set; }
        public FixSessionCounters Counters => rig.Session.Counters;
    }

    private readonly List<string> _said = [];
    private readonly SessionRig _rig = new(FixRole.Initiator, s => s with { SynchroniseAfterLogon = false });

    private (SessionWatch Watch, Watched Session) Watch(SessionSchedule? schedule = null, bool overTls = false)
    {
        var session = new Watched(_rig);
        return (new SessionWatch(session, "session", "VENUE", overTls, schedule, _said.Add), session);
    }

    private string[] Said(SessionWatch watch)
    {
        for (int i = 0; i < 3; i++) watch.Turn(_rig.UtcNs);
        string[] all = [.. _said];
        _said.Clear();
        return all;
    }

    [Fact]
    public void What_a_venue_answers_a_logon_with_is_said_once_an_outage()
    {
        var (watch, _) = Watch();
        Assert.Empty(Said(watch));
        _rig.Connect().Receive("5", 1, "58=invalid password|");
        Assert.Equal(["session    VENUE does not let us log on: invalid password"], Said(watch));
        _rig.Connect().Receive("5", 1, "58=invalid password|");
        Assert.Empty(Said(watch));
        _rig.Connect().Receive("3", 1, "45=1|58=too many\tconnections|");
        Assert.Equal(["session    VENUE does not let us log on: too many?connections"], Said(watch));
        _rig.Connect().Session.OnLinkLost(_rig.NowNs, _rig.UtcNs);
        Assert.StartsWith("session    VENUE took the connection and did not answer our Logon", Assert.Single(Said(watch)), StringComparison.Ordinal);
        _rig.Connect().Pass(11);
        Assert.Empty(Said(watch));
        Assert.Equal(2, _rig.Session.Counters.LogonsUnanswered);
        _rig.Connect().Receive("A", 1, "98=0|108=10|");
        Assert.Equal(["session    up"], Said(watch));
        Assert.Empty(Said(watch));
        // The next outage is a new one.
        _rig.Receive("5", 2, "58=maintenance|");
        Assert.Equal(["session    down: logged out", "session    VENUE logged out: maintenance"], Said(watch)[^2..]);
        _rig.Session.OnLinkLost(_rig.NowNs, _rig.UtcNs);
        _rig.Connect().Receive("A", 3, "98=0|108=10|");
        Assert.Equal(["session    up"], Said(watch));
        _rig.Receive("5", 4);
        Assert.Contains("session    VENUE logged out, and does not say why", Said(watch));
    }

    [Fact]
    public void What_we_do_not_take_is_said_too()
    {
        var (watch, _) = Watch();
        _rig.Connect().Receive("A", 1, "98=0|108=10|");
        Assert.Empty(Said(watch));
        _rig.Receive("0", 1);
        Assert.Equal(["session    down: a message had a number that was used before: the numbers must be agreed upon with the venue, or begin anew (resetOnLogon)", "session    we logged out: MsgSeqNum too low, expecting 2 but received 1"], Said(watch));
        Assert.Equal("we logged out: MsgSeqNum too low, expecting 2 but received 1", watch.LastReason);
        // Our own orderly end is no news.
        _rig.Connect().Receive("A", 2, "98=0|108=10|");
        Said(watch);
        _rig.Session.Logout(default, _rig.NowNs, _rig.UtcNs);
        _rig.Receive("5", 3, "58=bye|");
        Assert.DoesNotContain(Said(watch), line => line.Contains("bye", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_error_of_a_connection_is_said_unless_a_companion_has_said_it(bool overTls)
    {
        var (watch, session) = Watch(overTls: overTls);
        session.LastConnectError = "venue.example:4001: Connection refused";
        Assert.Equal(overTls ? [] : (string[])["session    venue.example:4001: Connection refused"], Said(watch));
        // Another attempt, the same error, another string.
        session.LastConnectError = new string("venue.example:4001: Connection refused".AsSpan());
        Assert.Empty(Said(watch));
        Assert.Equal("venue.example:4001: Connection refused", watch.LastReason);
    }

    [Fact]
    public void Outside_of_its_hours_a_session_says_when_it_opens()
    {
        // The rig's time is 2023-11-14 22:13:20 UTC.
        var (watch, session) = Watch(SessionSchedule.Daily("America/New_York", new TimeOnly(9, 30), new TimeOnly(16, 0)));
        session.LastConnectError = "an error of before";
        Assert.Equal(["session    outside of its hours; it opens at 2023-11-15 14:30:00 UTC"], Said(watch));
        _rig.Pass(17 * 3600);
        Assert.Equal(["session    an error of before"], Said(watch));
        _rig.Pass(8 * 3600);
        Assert.Equal(["session    outside of its hours; it opens at 2023-11-16 14:30:00 UTC"], Said(watch));
    }

    [Fact]
    public void A_terminal_is_not_filled()
    {
        var (watch, session) = Watch();
        for (int i = 0; i < 500; i++)
        {
            session.LastConnectError = $"error {i}";
            watch.Turn(_rig.UtcNs);
        }
        Assert.Equal(201, _said.Count);
        Assert.Equal("session    no more of this is said; the report has the last reason", _said[^1]);
        Assert.Equal("error 499", watch.LastReason);
    }

    /// <summary>The words are read by another thread while they are written: none is ever torn.</summary>
    [Fact]
    public void A_word_is_read_whole_or_not_at_all()
    {
        var rig = new SessionRig(FixRole.Initiator, s => s with { ResetSequenceNumbersOnLogon = true }) { Quiet = true };
        bool ended = false;
        long seen = 0, read = 0;
        var torn = new List<string>();
        var reader = new Thread(() =>
        {
            while (!Volatile.Read(ref ended))
            {
                if (!rig.Session.Counters.LastWord.TryRead(ref seen, out string text, out _)) continue;
                Volatile.Write(ref read, read + 1);
                if (text.Distinct().Count() != 1) torn.Add(text);
            }
        });
        reader.Start();
        var waited = System.Diagnostics.Stopwatch.StartNew();
        for (int i = 0; i < 2_000 || Volatile.Read(ref read) < 20 && waited.Elapsed.TotalSeconds < 60; i++)
            rig.Connect().Receive("5", 1, $"58={new string((char)('a' + i % 26), 1 + i % 200)}|");
        Volatile.Write(ref ended, true);
        reader.Join();
        Assert.True(read >= 20, $"only {read} words were read");
        Assert.Empty(torn);
    }
}
