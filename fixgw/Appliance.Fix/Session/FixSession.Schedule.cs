namespace Appliance.Fix;

/// <summary>A session's hours: outside them it logs out and lets nobody in, and each window begins with new numbers.</summary>
public sealed partial class FixSession<THost>
{
    private readonly ScheduleClock? _schedule;

    /// <summary>Whether a connection makes sense now; false outside the session's hours.</summary>
    public bool MayConnect(long utcNs) => _schedule is null || _schedule.At(utcNs).IsOpen;

    /// <summary>Before a Logon of either side: numbers of an earlier window are void. False outside the hours.</summary>
    private bool EnterWindow()
    {
        if (_schedule is null)
            return true;
        var window = _schedule.At(_utcNs);
        if (!window.IsOpen)
            return false;
        long start = window.FromUtcNs / SecondNs;
        if (_store.WindowStart == start)
            return true;
        // A store that never saw a window keeps its numbers: a schedule may be added to a session that runs.
        if (_store.WindowStart != 0) _store.Reset();
        _store.WindowStart = start;
        return true;
    }

    /// <summary>The hours end, or with a session that never closes, a new day begins.</summary>
    private void FollowSchedule()
    {
        if (_schedule is null)
            return;
        var window = _schedule.At(_utcNs);
        if (!window.IsOpen)
        {
            if (State is FixSessionState.Up or FixSessionState.Synchronising)
            {
                SendLogout("the session's hours are over"u8);
                BeginLogout(FixDownReason.OutOfHours);
            }
            else if (State is FixSessionState.LogonSent or FixSessionState.AwaitingLogon)
            {
                GoDown(FixDownReason.OutOfHours, cut: true);
            }
            return;
        }
        long start = window.FromUtcNs / SecondNs;
        if (_store.WindowStart == start || State != FixSessionState.Up)
            return;
        // The initiator leads; the acceptor's numbers follow by the Logon that it gets.
        if (_settings.Role == FixRole.Acceptor || ResetSequenceNumbers(_nowNs, _utcNs)) _store.WindowStart = start;
    }
}
