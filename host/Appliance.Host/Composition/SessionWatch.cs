using System.Globalization;
using Appliance.Fix;

namespace Appliance.Host.Composition;

/// <summary>A FIX session as somebody sees it who wants to know why it is down. Any thread may ask.</summary>
internal interface IWatchedSession
{
    bool IsUp { get; }
    string? LastConnectError { get; }
    FixSessionCounters Counters { get; }
}

/// <summary>
/// Says on the terminal why a session is down: its hours, the error of a connection, what the venue said, or that it said nothing. Each reason is said once an outage, and a session that stays up costs a
/// few comparisons; the supervisor asks. What it says decides nothing.
/// </summary>
/// <param name="heading">Ten characters at most, as the other lines of the terminal have it.</param>
/// <param name="venue">The venue's CompID.</param>
/// <param name="toldByCompanion">Whether a TLS companion says itself why it did not connect.</param>
internal sealed class SessionWatch(IWatchedSession session, string heading, string venue, bool toldByCompanion, SessionSchedule? schedule, Action<string> say)
{
    /// <summary>A venue that fails in a new way each second would otherwise fill the terminal.</summary>
    private const int LinesMax = 200;

    private readonly HashSet<string> _told = [];
    private ScheduleWindow _window;
    private string? _error;
    private long _word, _unanswered;
    private int _lines;
    private bool _wasUp;

    /// <summary>The last reason, for the report; null when there was none.</summary>
    public string? LastReason { get; private set; }

    public void Turn(long utcNs)
    {
        bool isUp = session.IsUp;
        var counters = session.Counters;
        if (_wasUp && !isUp) Tell($"down: {WordsOf(counters.LastDownReason)}");
        if (counters.LastWord.TryRead(ref _word, out string text, out SessionSpeaker speaker))
            Tell($"{speaker switch { SessionSpeaker.Ourselves => "we logged out", SessionSpeaker.PeerAtLogon => $"{venue} does not let us log on", _ => $"{venue} logged out" }}{(text == "" ? ", and does not say why" : $": {text}")}");
        if (isUp)
        {
            if (!_wasUp && _told.Count > 0) Say("up");
            _told.Clear();
            _wasUp = true;
            return;
        }
        _wasUp = false;
        if (schedule is not null && IsClosed(utcNs)) return;
        if (Volatile.Read(ref counters.LogonsUnanswered) is var unanswered && unanswered != _unanswered)
        {
            _unanswered = unanswered;
            Tell($"{venue} took the connection and did not answer our Logon; whom a venue does not know by its CompIDs, version or address it often turns away without a word");
        }
        string? error = session.LastConnectError;
        if (ReferenceEquals(error, _error)) return;
        _error = error;
        if (error is not null && toldByCompanion) LastReason = error;
        else if (error is not null) Tell(error);
    }

    private bool IsClosed(long utcNs)
    {
        if (utcNs < _window.FromUtcNs || utcNs >= _window.ToUtcNs) _window = schedule!.At(utcNs);
        if (!_window.IsOpen) Tell(string.Create(CultureInfo.InvariantCulture, $"outside of its hours; it opens at {DateTime.UnixEpoch.AddTicks(_window.ToUtcNs / 100):yyyy-MM-dd HH:mm:ss} UTC"));
        return !_window.IsOpen;
    }

    private void Tell(string reason)
    {
        LastReason = reason;
        if (_told.Add(reason)) Say(reason);
    }

    private void Say(string what)
    {
        if (_lines++ < LinesMax) say($"{heading,-10} {what}");
        else if (_lines == LinesMax + 1) say($"{heading,-10} no more of this is said; the report has the last reason");
    }

    private static string WordsOf(FixDownReason reason) => reason switch
    {
        FixDownReason.LinkLost => "the connection is gone",
        FixDownReason.LoggedOut => "logged out",
        FixDownReason.PeerSilent => "nothing came for longer than the heartbeat interval allows",
        FixDownReason.SequenceTooLow => "a message had a number that was used before: the numbers must be agreed upon with the venue, or begin anew (resetOnLogon)",
        FixDownReason.CompIdProblem => "a message had other CompIDs, or a SendingTime too far from our clock",
        FixDownReason.SlowReader => "the venue reads too slowly",
        FixDownReason.OutOfHours => "its hours are over",
        FixDownReason.MessageTooLong => "a message was longer than is taken",
        FixDownReason.StoreFailed => "the store could not be flushed",
        FixDownReason.MessagesMissed => "messages were missed, and the venue repeats none",
        FixDownReason.Protocol => "a message broke the rules of the session",
        FixDownReason.Emergency => "its socket was shut",
        _ => $"{reason}",
    };
}
