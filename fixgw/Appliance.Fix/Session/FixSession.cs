using Appliance.Contract;

namespace Appliance.Fix;

/// <summary>
/// A FIX session of any version, initiator or acceptor, as a state machine: bytes and time in, actions out (<see cref="IFixSessionHost"/>). It has no socket and reads no clock,
/// so a script, a simulation and the wire drive the same code. This file holds time and the link; FixSession.Inbound.cs what comes in, FixSession.Logon.cs how a
/// session begins, FixSession.Admin.cs the session's own messages, FixSession.Outbound.cs what goes out and resends.
/// </summary>
public sealed partial class FixSession<THost> where THost : struct, IFixSessionHost
{
    private const long SecondNs = 1_000_000_000;

    private THost _host;
    private readonly SequenceStore _store;
    private readonly FixHeaderTemplate _header;
    private readonly FixSessionSettings _settings;
    private readonly byte[] _sender, _target;
    private readonly MessageValidator? _validator;
    private readonly HoldBack _held;
    private readonly LogonSigner? _signer;
    private readonly FixMessageReader _reader = new();
    private long _nowNs, _utcNs, _lastReceivedNs, _lastSentNs, _stateSinceNs, _heartbeatNs;
    private long _testRequestSentNs, _synchronisingSinceNs;
    private ulong _testRequestId, _testRequestsBeforeLogon;
    private bool _announcedUp, _synchronised, _resetAsked;
    // Recovery of the inbound side: a gap was seen and asked for; it is closed once this number was taken. With chunks, what was asked for may end before.
    private bool _recovering;
    private uint _recoverUpTo, _askedUpTo;
    private long _recoverySinceNs;

    public FixSession(THost host, SequenceStore store, FixHeaderTemplate header, FixSessionSettings settings)
    {
        if (settings.HeartbeatSeconds is < 0 or > 3600)
            throw new ArgumentOutOfRangeException(nameof(settings), settings.HeartbeatSeconds, "HeartbeatSeconds must be 0 to 3600");
        if (settings.MaxMessageBytes is < 512 or > SequenceStore.MaxIncomingBytes)
            throw new ArgumentOutOfRangeException(nameof(settings), settings.MaxMessageBytes, $"MaxMessageBytes must be 512 to {SequenceStore.MaxIncomingBytes}");
        if (settings.LogonFields.Length > 256)
            throw new ArgumentOutOfRangeException(nameof(settings), settings.LogonFields.Length, "LogonFields may have at most 256 bytes");
        _host = host;
        _store = store;
        _header = header;
        _settings = settings;
        _validator = settings.Validator;
        if (settings.ComputedLogonFields.Count > 0) _signer = new LogonSigner(settings.ComputedLogonFields, settings.Nonces is { } nonces ? bytes => nonces(bytes) : null);
        if (settings.Schedule is { } schedule) _schedule = new ScheduleClock(schedule);
        _held = new HoldBack(settings.HoldBackBytes, 1024);
        _sender = System.Text.Encoding.ASCII.GetBytes(header.SenderCompId);
        _target = System.Text.Encoding.ASCII.GetBytes(header.TargetCompId);
        _heartbeatNs = settings.HeartbeatSeconds * SecondNs;
    }

    public FixSessionState State { get; private set; }
    /// <summary>Logged on and in sequence: orders may go.</summary>
    public bool IsUp => State == FixSessionState.Up;
    public bool IsRecovering => _recovering;
    public FixSessionCounters Counters { get; } = new();
    public SequenceStore Store => _store;

    /// <summary>The link stands. An initiator logs on; an acceptor waits for the Logon.</summary>
    public void OnConnected(long nowNs, long utcNs)
    {
        SetTime(nowNs, utcNs);
        _lastReceivedNs = _lastSentNs = nowNs;
        _testRequestSentNs = 0;
        _testRequestsBeforeLogon = _testRequestId;
        _recovering = _synchronised = _announcedUp = _resetAsked = false;
        _held.Clear();
        EndResend();
        bool open = EnterWindow();
        if (_settings.Role == FixRole.Acceptor)
        {
            Enter(FixSessionState.AwaitingLogon);
            if (!open) GoDown(FixDownReason.OutOfHours, cut: true);
            return;
        }
        _heartbeatNs = _settings.HeartbeatSeconds * SecondNs;
        Enter(FixSessionState.LogonSent);
        if (!open)
        {
            GoDown(FixDownReason.OutOfHours, cut: true);
            return;
        }
        if (_settings.ResetSequenceNumbersOnLogon) _store.Reset();
        SendLogon((uint)_settings.HeartbeatSeconds, _settings.ResetSequenceNumbersOnLogon);
    }

    /// <summary>The link is gone, by no doing of ours.</summary>
    public void OnLinkLost(long nowNs, long utcNs)
    {
        SetTime(nowNs, utcNs);
        GoDown(FixDownReason.LinkLost, cut: false);
    }

    /// <summary>Takes whole messages from the head of the stream.</summary>
    /// <returns>Bytes consumed; the rest must be there again, with more behind it, at the next call.</returns>
    public int OnBytes(ReadOnlySpan<byte> stream, long nowNs, long utcNs)
    {
        SetTime(nowNs, utcNs);
        int consumed = 0;
        TakeHeld();
        while (State != FixSessionState.Disconnected && _host.CanTakeMessage)
        {
            var rest = stream[consumed..];
            var status = _reader.Next(rest, _settings.MaxMessageBytes, out int length);
            if (status == FrameStatus.NeedMore)
                break;
            consumed += length;
            if (status == FrameStatus.Complete)
            {
                OnWholeMessage(rest[..length]);
                TakeHeld();
            }
            else if (status == FrameStatus.Garbled)
                Counters.GarbledMessages++;
            else if (status == FrameStatus.TooLong && State is FixSessionState.Up or FixSessionState.Synchronising)
                RefuseTooLong();
            else
                Counters.GarbageBytes += length;
        }
        return State == FixSessionState.Disconnected ? stream.Length : consumed;
    }

    /// <summary>Heartbeats, test requests, time-outs, and the next slice of a resend.</summary>
    public void OnTimer(long nowNs, long utcNs)
    {
        SetTime(nowNs, utcNs);
        _store.Settle();
        if (State == FixSessionState.Disconnected)
            return;
        FollowSchedule();
        if (State == FixSessionState.Disconnected)
            return;
        long inState = nowNs - _stateSinceNs;
        switch (State)
        {
            case FixSessionState.LogonSent or FixSessionState.AwaitingLogon:
                if (inState > _settings.LogonTimeoutSeconds * SecondNs) GoDown(FixDownReason.LogonTimeout, cut: true);
                return;
            case FixSessionState.LogoutSent or FixSessionState.LogoutAnswered:
                if (inState > _settings.LogoutTimeoutSeconds * SecondNs)
                    GoDown(State == FixSessionState.LogoutAnswered ? FixDownReason.LoggedOut : FixDownReason.LogoutTimeout, cut: true);
                return;
        }
        TakeHeld();
        ContinueResend();
        if (State == FixSessionState.Disconnected || _heartbeatNs == 0)
            return;
        // A fifth above the interval is "some reasonable transmission time" of the specification.
        long patienceNs = _heartbeatNs + _heartbeatNs / 5;
        if (_testRequestSentNs != 0 && nowNs - Math.Max(_testRequestSentNs, _lastReceivedNs) > patienceNs)
            GoDown(FixDownReason.PeerSilent, cut: true);
        else if (_testRequestSentNs == 0 && nowNs - _lastReceivedNs > patienceNs)
            SendLivenessRequest();
        else if (_recovering && nowNs - _recoverySinceNs > patienceNs)
            AskForResend();
        else if (State == FixSessionState.Synchronising && !_synchronised && nowNs - _synchronisingSinceNs > patienceNs)
            // The answer may have been gap-filled away by a resend that overlapped it.
            SendTestRequest();
        // While a TestRequest stands unanswered the session is about to end: a heartbeat would say nothing that it has not said.
        if (State != FixSessionState.Disconnected && _testRequestSentNs == 0 && nowNs - _lastSentNs >= _heartbeatNs)
            SendHeartbeat(default);
    }

    /// <summary>Starts the Logout handshake.</summary>
    public void Logout(ReadOnlySpan<byte> text, long nowNs, long utcNs)
    {
        SetTime(nowNs, utcNs);
        if (State is FixSessionState.Up or FixSessionState.Synchronising)
        {
            SendLogout(text);
            if (State != FixSessionState.Disconnected) Enter(FixSessionState.LogoutSent);
            AnnounceDown(FixDownReason.LoggedOut);
        }
        else if (State is FixSessionState.LogonSent or FixSessionState.AwaitingLogon)
        {
            GoDown(FixDownReason.LoggedOut, cut: true);
        }
    }

    /// <summary>Cuts at once, without a Logout.</summary>
    public void Stop(FixDownReason reason, long nowNs, long utcNs)
    {
        SetTime(nowNs, utcNs);
        GoDown(reason, cut: true);
    }

    private void SetTime(long nowNs, long utcNs)
    {
        _nowNs = nowNs;
        _utcNs = utcNs;
    }

    private void Enter(FixSessionState state)
    {
        State = state;
        _stateSinceNs = _nowNs;
    }

    private void GoDown(FixDownReason reason, bool cut)
    {
        if (State == FixSessionState.Disconnected)
            return;
        if (State == FixSessionState.LogonSent && reason is FixDownReason.LinkLost or FixDownReason.LogonTimeout) Counters.LogonsUnanswered++;
        Enter(FixSessionState.Disconnected);
        _recovering = false;
        EndResend();
        Counters.LastDownReason = reason;
        if (cut) _host.Cut(reason);
        AnnounceDown(reason);
    }

    private void AnnounceDown(FixDownReason reason)
    {
        if (!_announcedUp)
            return;
        _announcedUp = false;
        Counters.LastDownReason = reason;
        _host.OnDown(reason);
    }
}
