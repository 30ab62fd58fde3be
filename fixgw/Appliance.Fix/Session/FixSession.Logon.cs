namespace Appliance.Fix;

/// <summary>How a session begins, on either side, and how a Logon begins it anew.</summary>
public sealed partial class FixSession<THost>
{
    /// <summary>What a peer's Logon says, as far as the session itself reads it.</summary>
    private ref struct PeerLogon
    {
        public uint HeartbeatSeconds, NextExpectedSequence;
        public bool Reset, TestSession;
        public ReadOnlySpan<byte> DefaultApplVerId;
    }

    private void OnFirstMessage(in FixHeader header, ReadOnlySpan<byte> message)
    {
        bool accepting = State == FixSessionState.AwaitingLogon;
        if (header.MsgType != FixMsgType.Logon)
        {
            // An initiator may be answered by a Logout or a Reject that says why; anything else is no FIX session. Neither is worth an answer.
            if (!accepting && header.MsgType is FixMsgType.Logout or FixMsgType.Reject) NoteWord(in header, message, SessionSpeaker.PeerAtLogon);
            GoDown(header.MsgType == FixMsgType.Logout ? FixDownReason.LogonRefused : FixDownReason.Protocol, cut: true);
            return;
        }
        if (!header.BeginString(message).SequenceEqual(_header.Version.BeginStringBytes))
        {
            RefuseLogon("Incorrect BeginString"u8, FixDownReason.Protocol, accepting);
            return;
        }
        if (header.RejectReason < 0 && !IsFromPeer(in header, message))
        {
            RefuseLogon("incorrect SenderCompID or TargetCompID"u8, FixDownReason.CompIdProblem, accepting);
            return;
        }
        if (!header.HasSequence || !Verdict(in header, message).IsNone || !ReadLogon(message, header.BodyStart, out var logon) || IsTimeWrong(in header)
            || _header.Version.IsFixt && !logon.DefaultApplVerId.SequenceEqual(_header.Version.DefaultApplVerIdBytes) || logon.TestSession != _settings.TestSession)
        {
            RefuseLogon("Logon refused: malformed, encrypted, of another version, for another kind of session, or SendingTime accuracy"u8, FixDownReason.Protocol, accepting);
            return;
        }
        if (logon.Reset && header.Sequence != 1)
        {
            RefuseLogon("ResetSeqNumFlag with a MsgSeqNum other than 1"u8, FixDownReason.Protocol, accepting);
            return;
        }
        if (accepting) OnLogonAsAcceptor(in header, message, in logon);
        else OnLogonAsInitiator(in header, message, in logon);
    }

    /// <summary>An acceptor tells those whom it does not know nothing; an initiator tells its venue what is wrong.</summary>
    private void RefuseLogon(ReadOnlySpan<byte> text, FixDownReason reason, bool accepting)
    {
        if (accepting) GoDown(reason, cut: true);
        else Refuse(text, reason);
    }

    private void OnLogonAsAcceptor(in FixHeader header, ReadOnlySpan<byte> message, in PeerLogon logon)
    {
        if (logon.Reset || _settings.ResetSequenceNumbersOnLogon) _store.Reset();
        if (!IsLogonTaken(in header, message, in logon, out uint lastBefore))
            return;
        _heartbeatNs = logon.HeartbeatSeconds * SecondNs;
        bool inTurn = header.Sequence == _store.NextIncoming;
        if (inTurn) _store.NextIncoming = header.Sequence + 1;
        Enter(FixSessionState.Synchronising);
        SendLogon(logon.HeartbeatSeconds, logon.Reset);
        if (State == FixSessionState.Disconnected)
            return;
        _synchronised = true;
        // An acceptor is up with the Logon: what it still misses comes by its resend request, and what it sends is numbered anyway.
        ComeUp();
        if (header.Sequence > _store.NextIncoming) AwaitLogonTurn(in header, message, logon.NextExpectedSequence > 0);
        ResendWhatIsExpected(in logon, lastBefore);
    }

    private void OnLogonAsInitiator(in FixHeader header, ReadOnlySpan<byte> message, in PeerLogon logon)
    {
        if (logon.Reset && !_settings.ResetSequenceNumbersOnLogon)
        {
            // The venue began anew on its own: our Logon counts as number 1.
            _store.Reset();
            _store.MoveOutgoing(2);
        }
        if (!IsLogonTaken(in header, message, in logon, out uint lastBefore))
            return;
        Enter(FixSessionState.Synchronising);
        if (header.Sequence == _store.NextIncoming) Advance(header.Sequence + 1);
        else if (header.Sequence > _store.NextIncoming)
        {
            if (_settings.PeerRepeats) AwaitLogonTurn(in header, message, logon.NextExpectedSequence > 0);
            else PassOver(header.Sequence);
        }
        ResendWhatIsExpected(in logon, lastBefore);
        if (State == FixSessionState.Disconnected)
            return;
        _synchronised = !_settings.SynchroniseAfterLogon;
        if (_synchronised) TryComeUp();
        else if (!_resending) SendTestRequest();
    }

    /// <summary>What was missed is not repeated: the count goes on behind it.</summary>
    private void PassOver(uint sequence)
    {
        Counters.GapsSeen++;
        Counters.MissedForGood += sequence - _store.NextIncoming;
        Advance(sequence + 1);
    }

    /// <summary>What either side asks of the other's Logon once its numbers are those of this session: none that was used before, the application's consent, none expected that was never sent.</summary>
    /// <param name="lastBefore">The last number that we had used when the Logon came.</param>
    /// <returns>False when it was refused, and the session is over.</returns>
    private bool IsLogonTaken(in FixHeader header, ReadOnlySpan<byte> message, in PeerLogon logon, out uint lastBefore)
    {
        lastBefore = _store.NextOutgoing - 1;
        if (header.Sequence < _store.NextIncoming && !header.PossDup)
        {
            Counters.SequenceTooLow++;
            RefuseTooLow(header.Sequence);
            return false;
        }
        if (_host.OnLogon(in header, message) is { } refusal)
        {
            Refuse(refusal, FixDownReason.LogonRefused);
            return false;
        }
        if (logon.NextExpectedSequence > _store.NextOutgoing)
        {
            RefuseNextExpected(logon.NextExpectedSequence, _store.NextOutgoing);
            return false;
        }
        Counters.Logons++;
        return true;
    }

    /// <summary>NextExpectedMsgSeqNum stands for a resend request.</summary>
    private void ResendWhatIsExpected(in PeerLogon logon, uint lastBefore)
    {
        if (logon.NextExpectedSequence > 0 && logon.NextExpectedSequence <= lastBefore && State != FixSessionState.Disconnected)
            BeginResend(logon.NextExpectedSequence, lastBefore);
    }

    /// <summary>The Logon came with a number above the expected one. With NextExpectedMsgSeqNum from both sides the peer sends the rest unasked.</summary>
    private void AwaitLogonTurn(in FixHeader header, ReadOnlySpan<byte> message, bool peerUsesNextExpected)
    {
        if (!_settings.UseNextExpectedSequence || !peerUsesNextExpected)
        {
            AwaitTurn(in header, message, done: true);
            return;
        }
        _held.Add(header.Sequence, message, done: true);
        _recovering = true;
        _recoverUpTo = header.Sequence;
        _recoverySinceNs = _nowNs;
        _askedUpTo = 0;
        Counters.GapsSeen++;
    }

    /// <summary>A Logon with ResetSeqNumFlag in the middle of a session: both sides begin at 1, and the connection stays.</summary>
    private void OnResetWithinSession(in FixHeader header, ReadOnlySpan<byte> message, in PeerLogon logon)
    {
        if (_resetAsked)
        {
            // The answer to our own: the numbers were set when we asked.
            _resetAsked = false;
            _store.NextIncoming = 2;
            return;
        }
        if (_host.OnLogon(in header, message) is { } refusal)
        {
            Refuse(refusal, FixDownReason.LogonRefused);
            return;
        }
        _store.Reset();
        _held.Clear();
        _recovering = false;
        EndResend();
        _store.NextIncoming = 2;
        _heartbeatNs = logon.HeartbeatSeconds * SecondNs;
        SendLogon(logon.HeartbeatSeconds, reset: true);
    }

    /// <summary>Begins both numbers at 1 within the session, as sessions that never end do once a day. The peer answers with a Logon of its own.</summary>
    public bool ResetSequenceNumbers(long nowNs, long utcNs)
    {
        SetTime(nowNs, utcNs);
        if (State != FixSessionState.Up || _resending || _recovering)
            return false;
        _store.Reset();
        _held.Clear();
        _resetAsked = true;
        SendLogon((uint)(_heartbeatNs / SecondNs), reset: true);
        return State == FixSessionState.Up;
    }

    private static bool ReadLogon(ReadOnlySpan<byte> message, int from, out PeerLogon logon)
    {
        logon = default;
        bool plain = false, hasHeartbeat = false;
        var fields = new FixFieldReader(message, from);
        while (fields.Read(out int tag, out var value))
        {
            switch (tag)
            {
                case FixTag.EncryptMethod:
                    plain = value is [(byte)'0'];
                    break;
                case FixTag.HeartBtInt:
                    if (!FixNumber.TryParseUnsigned(value, out logon.HeartbeatSeconds)) return false;
                    hasHeartbeat = true;
                    break;
                case FixTag.ResetSeqNumFlag:
                    logon.Reset = value is [(byte)'Y'];
                    break;
                case FixTag.TestMessageIndicator:
                    logon.TestSession = value is [(byte)'Y'];
                    break;
                case FixTag.NextExpectedMsgSeqNum:
                    if (!FixNumber.TryParseUnsigned(value, out logon.NextExpectedSequence)) return false;
                    break;
                case FixTag.DefaultApplVerID:
                    logon.DefaultApplVerId = value;
                    break;
            }
        }
        return !fields.Malformed && plain && hasHeartbeat && logon.HeartbeatSeconds <= 86_400;
    }

    private void RefuseNextExpected(uint received, uint expected)
    {
        Span<byte> text = stackalloc byte[96];
        System.Text.Unicode.Utf8.TryWrite(text, System.Globalization.CultureInfo.InvariantCulture, $"NextExpectedMsgSeqNum too high, expecting {expected} but received {received}", out int length);
        Refuse(text[..length], FixDownReason.Protocol);
    }
}
