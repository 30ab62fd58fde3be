using Appliance.Contract;

namespace Appliance.Fix;

/// <summary>
/// A FIX 4.4 session, initiator or acceptor, as a state machine: bytes and time in, actions out (<see cref="IFixSessionHost"/>). It has no socket and reads no clock,
/// so a script, a simulation and the wire drive the same code. This file holds what comes in and the timers; FixSession.Outbound.cs what goes out and resends.
/// </summary>
public sealed partial class FixSession<THost> where THost : struct, IFixSessionHost
{
    private const long SecondNs = 1_000_000_000;

    private THost _host;
    private readonly SequenceStore _store;
    private readonly FixHeaderTemplate _header;
    private readonly FixSessionSettings _settings;
    private readonly byte[] _sender, _target;
    private long _nowNs, _utcNs, _lastReceivedNs, _lastSentNs, _stateSinceNs, _heartbeatNs;
    private long _testRequestSentNs, _synchronisingSinceNs;
    private ulong _testRequestId, _testRequestsBeforeLogon;
    private bool _announcedUp, _synchronised;
    // Recovery of the inbound side: a gap was seen and asked for; it is closed once this number was taken.
    private bool _recovering;
    private uint _recoverUpTo;
    private long _recoverySinceNs;

    public FixSession(THost host, SequenceStore store, FixHeaderTemplate header, FixSessionSettings settings)
    {
        if (settings.HeartbeatSeconds is < 1 or > 3600)
            throw new ArgumentOutOfRangeException(nameof(settings), settings.HeartbeatSeconds, "HeartbeatSeconds must be 1 to 3600");
        if (settings.LogonFields.Length > 256)
            throw new ArgumentOutOfRangeException(nameof(settings), settings.LogonFields.Length, "LogonFields may have at most 256 bytes");
        _host = host;
        _store = store;
        _header = header;
        _settings = settings;
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
        _recovering = _synchronised = _announcedUp = false;
        EndResend();
        if (_settings.Role == FixRole.Acceptor)
        {
            Enter(FixSessionState.AwaitingLogon);
            return;
        }
        _heartbeatNs = _settings.HeartbeatSeconds * SecondNs;
        Enter(FixSessionState.LogonSent);
        if (_settings.ResetSequenceNumbersOnLogon) _store.Reset();
        SendLogon(_settings.ResetSequenceNumbersOnLogon);
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
        while (State != FixSessionState.Disconnected && _host.CanTakeMessage)
        {
            var rest = stream[consumed..];
            var status = FixFramer.Next(rest, _settings.MaxMessageBytes, out int length);
            if (status == FrameStatus.NeedMore)
                break;
            consumed += length;
            if (status == FrameStatus.Complete)
                OnWholeMessage(rest[..length]);
            else if (status == FrameStatus.Garbled)
                Counters.GarbledMessages++;
            else
                Counters.GarbageBytes += length;
        }
        return State == FixSessionState.Disconnected ? stream.Length : consumed;
    }

    /// <summary>Heartbeats, test requests, time-outs, and the next slice of a resend.</summary>
    public void OnTimer(long nowNs, long utcNs)
    {
        SetTime(nowNs, utcNs);
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
        ContinueResend();
        if (State == FixSessionState.Disconnected)
            return;
        // A fifth above the interval is "some reasonable transmission time" of the specification.
        long patienceNs = _heartbeatNs + _heartbeatNs / 5;
        if (_testRequestSentNs != 0 && nowNs - Math.Max(_testRequestSentNs, _lastReceivedNs) > patienceNs)
            GoDown(FixDownReason.PeerSilent, cut: true);
        else if (_testRequestSentNs == 0 && nowNs - _lastReceivedNs > patienceNs)
            SendTestRequest();
        else if (_recovering && nowNs - _recoverySinceNs > patienceNs)
            AskForResend();
        else if (State == FixSessionState.Synchronising && !_synchronised && nowNs - _synchronisingSinceNs > patienceNs)
            // The answer may have been gap-filled away by a resend that overlapped it.
            SendTestRequest();
        if (State != FixSessionState.Disconnected && nowNs - _lastSentNs >= _heartbeatNs)
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

    private void OnWholeMessage(ReadOnlySpan<byte> message)
    {
        Counters.MessagesIn++;
        _lastReceivedNs = _nowNs;
        _testRequestSentNs = 0;
        var header = FixHeader.Read(message);
        if (!header.BeginStringIs44)
        {
            Refuse("BeginString is not FIX.4.4"u8, FixDownReason.Protocol);
            return;
        }
        if (!header.HasSequence)
        {
            Refuse("MsgSeqNum (34) missing or malformed"u8, FixDownReason.Protocol);
            return;
        }
        if (State is FixSessionState.LogonSent or FixSessionState.AwaitingLogon)
        {
            OnFirstMessage(in header, message);
            return;
        }
        if (State == FixSessionState.LogoutAnswered)
            return;
        if (!header.Sender(message).SequenceEqual(_target) || !header.Target(message).SequenceEqual(_sender))
        {
            SendReject(header.Sequence, FixTag.SenderCompID, header.MsgType, SessionRejectReason.CompIdProblem, "CompID problem"u8);
            Refuse("incorrect SenderCompID or TargetCompID"u8, FixDownReason.CompIdProblem);
            return;
        }
        if (header.RejectReason < 0 && IsTimeWrong(in header))
        {
            SendReject(header.Sequence, FixTag.SendingTime, header.MsgType, SessionRejectReason.SendingTimeAccuracy, "SendingTime accuracy problem"u8);
            Refuse("SendingTime accuracy problem"u8, FixDownReason.Protocol);
            return;
        }
        switch (header.MsgType)
        {
            case FixMsgType.Logout:
                OnLogout(in header);
                return;
            case FixMsgType.SequenceReset when !IsGapFill(message, header.BodyStart):
                OnSequenceReset(in header, message, gapFill: false);
                return;
            case FixMsgType.ResendRequest when header.Sequence > _store.NextIncoming:
                // Answer first: two sides that each wait for the other's resend would wait for ever.
                OnResendRequest(in header, message);
                break;
        }
        if (State == FixSessionState.Disconnected || !IsInSequence(in header))
            return;
        Dispatch(in header, message);
    }

    /// <summary>Whether the message is the next one. Higher: ask for what is missing. Lower: a duplicate, or the end of the session.</summary>
    private bool IsInSequence(in FixHeader header)
    {
        uint expected = _store.NextIncoming;
        if (header.Sequence == expected)
            return true;
        if (header.Sequence > expected)
        {
            if (!_recovering)
            {
                Counters.GapsSeen++;
                _recoverUpTo = header.Sequence;
                AskForResend();
            }
            else if (header.Sequence > _recoverUpTo)
            {
                _recoverUpTo = header.Sequence;
            }
            return false;
        }
        if (header.PossDup)
        {
            Counters.Duplicates++;
            return false;
        }
        Counters.SequenceTooLow++;
        RefuseTooLow(header.Sequence);
        return false;
    }

    private void Dispatch(in FixHeader header, ReadOnlySpan<byte> message)
    {
        if (header.RejectReason >= 0)
        {
            SendReject(header.Sequence, header.RejectTag, header.MsgType, header.RejectReason, "malformed header"u8);
            Advance(header.Sequence + 1);
            return;
        }
        switch (header.MsgType)
        {
            case FixMsgType.Heartbeat:
                OnHeartbeat(in header, message);
                break;
            case FixMsgType.TestRequest:
                OnTestRequest(in header, message);
                break;
            case FixMsgType.ResendRequest:
                // Advance first: the answer may be long, and it is the same whatever comes next.
                Advance(header.Sequence + 1);
                OnResendRequest(in header, message);
                return;
            case FixMsgType.Reject:
                OnReject(in header, message);
                break;
            case FixMsgType.SequenceReset:
                OnSequenceReset(in header, message, gapFill: true);
                return;
            case FixMsgType.Logon:
                Refuse("Logon within a session"u8, FixDownReason.Protocol);
                return;
            case 0:
                SendReject(header.Sequence, FixTag.MsgType, 0, SessionRejectReason.InvalidMsgType, "invalid MsgType"u8);
                break;
            default:
                _host.OnMessage(in header, message);
                break;
        }
        if (State != FixSessionState.Disconnected) Advance(header.Sequence + 1);
    }

    /// <summary>Moves the expected number on; the end of a recovery may bring the session up.</summary>
    private void Advance(uint next)
    {
        _store.NextIncoming = next;
        if (!_recovering)
            return;
        _recoverySinceNs = _nowNs;
        if (next <= _recoverUpTo)
            return;
        _recovering = false;
        // The answer to an earlier TestRequest may have been among what was missed; admin messages are not repeated.
        if (State == FixSessionState.Synchronising && !_synchronised) SendTestRequest();
        else TryComeUp();
    }

    private void TryComeUp()
    {
        if (State == FixSessionState.Synchronising && _synchronised && !_recovering)
            ComeUp();
    }

    private void ComeUp()
    {
        Enter(FixSessionState.Up);
        _announcedUp = true;
        _host.OnUp();
    }

    private bool IsTimeWrong(in FixHeader header)
    {
        if (_settings.SendingTimeToleranceSeconds == 0)
            return false;
        return Math.Abs(header.SendingTimeUtcNs - _utcNs) > _settings.SendingTimeToleranceSeconds * SecondNs;
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
        _host.OnDown(reason);
    }

    /// <summary>Logout with a reason, then cut: the peer is not in a state in which a handshake would help.</summary>
    private void Refuse(ReadOnlySpan<byte> text, FixDownReason reason)
    {
        if (State == FixSessionState.Disconnected)
            return;
        SendLogout(text);
        GoDown(reason, cut: true);
    }

    private void RefuseTooLow(uint received)
    {
        Span<byte> text = stackalloc byte[96];
        System.Text.Unicode.Utf8.TryWrite(text, System.Globalization.CultureInfo.InvariantCulture, $"MsgSeqNum too low, expecting {_store.NextIncoming} but received {received}", out int length);
        Refuse(text[..length], FixDownReason.SequenceTooLow);
    }
}
