namespace Appliance.Fix;

/// <summary>The session's own messages, received: Logon, Logout, heartbeats, sequence resets, rejects.</summary>
public sealed partial class FixSession<THost>
{
    private void OnFirstMessage(in FixHeader header, ReadOnlySpan<byte> message)
    {
        if (header.MsgType != FixMsgType.Logon)
        {
            // An initiator may be answered by a Logout that says why; anything else is no FIX session. Neither is worth an answer.
            GoDown(header.MsgType == FixMsgType.Logout ? FixDownReason.LogonRefused : FixDownReason.Protocol, cut: true);
            return;
        }
        if (!header.Sender(message).SequenceEqual(_target) || !header.Target(message).SequenceEqual(_sender))
        {
            Refuse("incorrect SenderCompID or TargetCompID"u8, FixDownReason.CompIdProblem);
            return;
        }
        if (header.RejectReason >= 0 || !ReadLogon(message, header.BodyStart, out uint heartbeatSeconds, out bool reset) || IsTimeWrong(in header))
        {
            Refuse("Logon refused: malformed, encrypted, or SendingTime accuracy"u8, FixDownReason.Protocol);
            return;
        }
        if (reset && header.Sequence != 1)
        {
            Refuse("ResetSeqNumFlag with a MsgSeqNum other than 1"u8, FixDownReason.Protocol);
            return;
        }
        if (State == FixSessionState.AwaitingLogon) OnLogonAsAcceptor(in header, message, heartbeatSeconds, reset);
        else OnLogonAsInitiator(in header, message, reset);
    }

    private void OnLogonAsAcceptor(in FixHeader header, ReadOnlySpan<byte> message, uint heartbeatSeconds, bool reset)
    {
        if (reset) _store.Reset();
        if (header.Sequence < _store.NextIncoming && !header.PossDup)
        {
            Counters.SequenceTooLow++;
            RefuseTooLow(header.Sequence);
            return;
        }
        Counters.Logons++;
        _heartbeatNs = heartbeatSeconds * SecondNs;
        _acceptedHeartbeatSeconds = heartbeatSeconds;
        Enter(FixSessionState.Synchronising);
        SendLogon(reset);
        if (State == FixSessionState.Disconnected)
            return;
        _synchronised = true;
        if (header.Sequence == _store.NextIncoming) _store.NextIncoming = header.Sequence + 1;
        _host.OnLogon(message);
        // An acceptor is up with the Logon: what it still misses comes by its resend request, and what it sends is numbered anyway.
        ComeUp();
        if (header.Sequence >= _store.NextIncoming) IsInSequence(in header);
    }

    private void OnLogonAsInitiator(in FixHeader header, ReadOnlySpan<byte> message, bool reset)
    {
        if (reset && !_settings.ResetSequenceNumbersOnLogon)
        {
            // The venue began anew on its own: our Logon counts as number 1.
            _store.Reset();
            _store.MoveOutgoing(2);
        }
        if (header.Sequence < _store.NextIncoming && !header.PossDup)
        {
            Counters.SequenceTooLow++;
            RefuseTooLow(header.Sequence);
            return;
        }
        Counters.Logons++;
        Enter(FixSessionState.Synchronising);
        _host.OnLogon(message);
        bool inSequence = IsInSequence(in header);
        if (inSequence) Advance(header.Sequence + 1);
        if (State == FixSessionState.Disconnected)
            return;
        _synchronised = !_settings.SynchroniseAfterLogon;
        if (_synchronised) TryComeUp();
        else SendTestRequest();
    }

    private static bool ReadLogon(ReadOnlySpan<byte> message, int from, out uint heartbeatSeconds, out bool reset)
    {
        heartbeatSeconds = 0;
        reset = false;
        bool encrypted = true;
        var fields = new FixFieldReader(message, from);
        while (fields.Read(out int tag, out var value))
        {
            switch (tag)
            {
                case FixTag.EncryptMethod:
                    encrypted = value is not [(byte)'0'];
                    break;
                case FixTag.HeartBtInt:
                    if (!FixNumber.TryParseUnsigned(value, out heartbeatSeconds)) return false;
                    break;
                case FixTag.ResetSeqNumFlag:
                    reset = value is [(byte)'Y'];
                    break;
            }
        }
        return !fields.Malformed && !encrypted && heartbeatSeconds is > 0 and <= 86_400;
    }

    private void OnLogout(in FixHeader header)
    {
        if (header.Sequence == _store.NextIncoming) _store.NextIncoming = header.Sequence + 1;
        if (State == FixSessionState.LogoutSent)
        {
            GoDown(FixDownReason.LoggedOut, cut: true);
            return;
        }
        SendLogout(default);
        if (State == FixSessionState.Disconnected)
            return;
        // Whoever began the handshake ends the connection; cutting here could destroy our answer on its way.
        Enter(FixSessionState.LogoutAnswered);
        AnnounceDown(FixDownReason.LoggedOut);
    }

    private void OnHeartbeat(in FixHeader header, ReadOnlySpan<byte> message)
    {
        if (_synchronised || State != FixSessionState.Synchronising || !TryFind(message, header.BodyStart, FixTag.TestReqID, out var id))
            return;
        if (!FixNumber.TryParseUnsigned(id, out ulong number) || number <= _testRequestsBeforeLogon || number > _testRequestId)
            return;
        _synchronised = true;
        TryComeUp();
    }

    private void OnTestRequest(in FixHeader header, ReadOnlySpan<byte> message)
    {
        if (TryFind(message, header.BodyStart, FixTag.TestReqID, out var id) && !id.IsEmpty)
            SendHeartbeat(id);
        else
            SendReject(header.Sequence, FixTag.TestReqID, header.MsgType, SessionRejectReason.RequiredTagMissing, "TestReqID missing"u8);
    }

    private static bool IsGapFill(ReadOnlySpan<byte> message, int bodyStart) => TryFind(message, bodyStart, FixTag.GapFillFlag, out var flag) && flag is [(byte)'Y'];

    private void OnSequenceReset(in FixHeader header, ReadOnlySpan<byte> message, bool gapFill)
    {
        bool sound = header.RejectReason < 0 && TryFind(message, header.BodyStart, FixTag.NewSeqNo, out var text) && FixNumber.TryParseUnsigned(text, out uint next) && next > 0
            ? Assign(next, out uint newSequence)
            : Assign(0, out newSequence);
        if (!sound)
        {
            SendReject(header.Sequence, FixTag.NewSeqNo, header.MsgType, SessionRejectReason.RequiredTagMissing, "NewSeqNo missing or malformed"u8);
            if (header.Sequence == _store.NextIncoming) Advance(header.Sequence + 1);
            return;
        }
        // A gap fill stands for itself at least; a reset disregards the message's own number and may only move forward.
        uint lowest = gapFill ? header.Sequence + 1 : _store.NextIncoming;
        if (newSequence < lowest)
        {
            SendReject(header.Sequence, FixTag.NewSeqNo, header.MsgType, SessionRejectReason.ValueIncorrect, "attempt to lower the sequence number"u8);
            if (gapFill) Advance(header.Sequence + 1);
            return;
        }
        Advance(newSequence);
    }

    private static bool Assign(uint value, out uint to)
    {
        to = value;
        return value != 0;
    }

    private void OnReject(in FixHeader header, ReadOnlySpan<byte> message)
    {
        Counters.RejectsIn++;
        uint refSequence = 0, reason = 99;
        if (TryFind(message, header.BodyStart, FixTag.RefSeqNum, out var reference)) FixNumber.TryParseUnsigned(reference, out refSequence);
        if (TryFind(message, header.BodyStart, FixTag.SessionRejectReason, out var code) && FixNumber.TryParseUnsigned(code, out uint number)) reason = number;
        _store.TryGet(refSequence, out _, out _, out var order);
        _host.OnRejected(in header, refSequence, (int)reason, in order);
    }

    private static bool TryFind(ReadOnlySpan<byte> message, int from, int wanted, out ReadOnlySpan<byte> value)
    {
        var fields = new FixFieldReader(message, from);
        while (fields.Read(out int tag, out value))
            if (tag == wanted)
                return true;
        value = default;
        return false;
    }
}
