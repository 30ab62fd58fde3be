namespace Appliance.Fix;

/// <summary>What comes in: whose it is, whether it is sound, whether it is its turn.</summary>
public sealed partial class FixSession<THost>
{
    private void OnWholeMessage(ReadOnlySpan<byte> message)
    {
        Counters.MessagesIn++;
        _lastReceivedNs = _nowNs;
        _testRequestSentNs = 0;
        _reader.Header(message, out var header);
        _store.AppendIncoming(message, header.HasSequence ? header.Sequence : 0, header.MsgType, _utcNs);
        if (State is FixSessionState.LogonSent or FixSessionState.AwaitingLogon)
        {
            OnFirstMessage(in header, message);
            return;
        }
        if (State == FixSessionState.LogoutAnswered)
            return;
        if (!header.BeginString(message).SequenceEqual(_header.Version.BeginStringBytes))
        {
            OnWrongVersion(in header, message);
            return;
        }
        if (!header.HasSequence)
        {
            Refuse("MsgSeqNum (34) missing or malformed"u8, FixDownReason.Protocol);
            return;
        }
        if (header.RejectReason < 0 && !IsFromPeer(in header, message))
        {
            RejectAndLogOut(in header, message, SessionRejectReason.CompIdProblem, FixDownReason.CompIdProblem);
            return;
        }
        if (header.RejectReason < 0 && IsTimeWrong(in header))
        {
            RejectAndLogOut(in header, message, SessionRejectReason.SendingTimeAccuracy, FixDownReason.Protocol);
            return;
        }
        if (IsOutsideSequence(in header, message) || State == FixSessionState.Disconnected)
            return;
        if (IsInSequence(in header, message)) Dispatch(in header, message);
    }

    private bool IsFromPeer(in FixHeader header, ReadOnlySpan<byte> message) =>
        header.Sender(message).SequenceEqual(_target) && header.Target(message).SequenceEqual(_sender);

    private void OnWrongVersion(in FixHeader header, ReadOnlySpan<byte> message)
    {
        if (header.MsgType == FixMsgType.Logout)
        {
            OnLogout(in header, message);
            return;
        }
        SendLogout("Incorrect BeginString"u8);
        BeginLogout(FixDownReason.Protocol);
        if (header.HasSequence && header.Sequence == _store.NextIncoming) _store.NextIncoming = header.Sequence + 1;
    }

    /// <summary>The message cannot be the peer's, or not of now: it is rejected, and the session ends by our Logout.</summary>
    private void RejectAndLogOut(in FixHeader header, ReadOnlySpan<byte> message, int reason, FixDownReason why)
    {
        Reject(in header, message, new FixVerdict(reason, 0));
        if (header.Sequence == _store.NextIncoming) _store.NextIncoming = header.Sequence + 1;
        if (State == FixSessionState.Disconnected)
            return;
        SendLogout(default);
        BeginLogout(why);
    }

    private void BeginLogout(FixDownReason why)
    {
        if (State == FixSessionState.Disconnected)
            return;
        Counters.LastDownReason = why;
        Enter(FixSessionState.LogoutSent);
        AnnounceDown(why);
    }

    /// <summary>Messages that are acted on whatever their number: the end of the session, a reset, a question that blocks the peer.</summary>
    /// <returns>True when the message is dealt with.</returns>
    private bool IsOutsideSequence(in FixHeader header, ReadOnlySpan<byte> message)
    {
        switch (header.MsgType)
        {
            case FixMsgType.Logout:
                if (IsUnsound(in header, message)) return false;
                OnLogout(in header, message);
                return true;
            case FixMsgType.SequenceReset when !IsGapFill(message, header.BodyStart):
                if (IsUnsound(in header, message)) return false;
                OnSequenceReset(in header, message, gapFill: false);
                return true;
            case FixMsgType.ResendRequest when header.Sequence != _store.NextIncoming && !header.PossDup:
                // Answered first: two sides that each wait for the other's resend would wait for ever. The number is used up when its turn comes.
                if (IsUnsound(in header, message)) return false;
                OnResendRequest(in header, message);
                if (State == FixSessionState.Disconnected || header.Sequence < _store.NextIncoming) return true;
                AwaitTurn(in header, message, done: true);
                return true;
            case FixMsgType.Logon when ReadLogon(message, header.BodyStart, out var logon) && logon.Reset && header.Sequence == 1 && !IsUnsound(in header, message):
                OnResetWithinSession(in header, message, in logon);
                return true;
            default:
                return false;
        }
    }

    private bool IsUnsound(in FixHeader header, ReadOnlySpan<byte> message) => !Verdict(in header, message).IsNone;

    private FixVerdict Verdict(in FixHeader header, ReadOnlySpan<byte> message) =>
        header.RejectReason >= 0 ? new FixVerdict(header.RejectReason, header.RejectTag)
        : _validator is null ? FixVerdict.None : _validator.Check(message, in header);

    /// <summary>Whether the message is the next one. Higher: keep it and ask for what is missing. Lower: a duplicate, or the end of the session.</summary>
    private bool IsInSequence(in FixHeader header, ReadOnlySpan<byte> message)
    {
        uint expected = _store.NextIncoming;
        if (header.Sequence == expected)
            return true;
        if (header.Sequence > expected)
        {
            AwaitTurn(in header, message, done: false);
            return false;
        }
        if (header.PossDup)
        {
            OnDuplicate(in header, message);
            return false;
        }
        Counters.SequenceTooLow++;
        RefuseTooLow(header.Sequence);
        return false;
    }

    private void AwaitTurn(in FixHeader header, ReadOnlySpan<byte> message, bool done)
    {
        if (!_settings.PeerRepeats)
        {
            RefuseGap(header.Sequence);
            return;
        }
        Counters.HeldBack++;
        _held.Add(header.Sequence, message, done);
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
    }

    /// <summary>A message that was taken before. It must say when it was first sent, and that cannot be after it was sent again.</summary>
    private void OnDuplicate(in FixHeader header, ReadOnlySpan<byte> message)
    {
        Counters.Duplicates++;
        if (header.MsgType == FixMsgType.SequenceReset || header.RejectReason >= 0)
            return;
        if (header.OrigSendingTimeUtcNs < 0)
            Reject(in header, message, new FixVerdict(SessionRejectReason.RequiredTagMissing, FixTag.OrigSendingTime));
        else if (header.OrigSendingTimeUtcNs > header.SendingTimeUtcNs)
            RejectAndLogOut(in header, message, SessionRejectReason.SendingTimeAccuracy, FixDownReason.Protocol);
    }

    /// <summary>Takes what was kept back and is in turn now, while there is room for what it causes.</summary>
    private void TakeHeld()
    {
        while (!_held.IsEmpty && State is FixSessionState.Up or FixSessionState.Synchronising && _host.CanTakeMessage && _held.TryTake(_store.NextIncoming, out var message))
        {
            if (message.IsEmpty)
            {
                Advance(_store.NextIncoming + 1);
                continue;
            }
            var header = FixHeader.Read(message);
            Dispatch(in header, message);
        }
    }

    private void Dispatch(in FixHeader header, ReadOnlySpan<byte> message)
    {
        var verdict = Verdict(in header, message);
        if (!verdict.IsNone)
        {
            Reject(in header, message, verdict);
            if (State != FixSessionState.Disconnected) Advance(header.Sequence + 1);
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
                Reject(in header, message, new FixVerdict(SessionRejectReason.InvalidMsgType, 0));
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
        {
            if (_askedUpTo != 0 && next > _askedUpTo) AskForResend();
            return;
        }
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
}
