namespace Appliance.Fix;

/// <summary>The session's own messages, received: Logout, heartbeats, sequence resets, rejects; and how a message is refused.</summary>
public sealed partial class FixSession<THost>
{
    private void OnLogout(in FixHeader header, ReadOnlySpan<byte> message)
    {
        if (header.Sequence == _store.NextIncoming) _store.NextIncoming = header.Sequence + 1;
        if (State == FixSessionState.LogoutSent)
        {
            GoDown(FixDownReason.LoggedOut, cut: true);
            return;
        }
        NoteWord(in header, message, SessionSpeaker.Peer);
        SendLogout(default);
        if (State == FixSessionState.Disconnected)
            return;
        // Whoever began the handshake ends the connection; cutting here could destroy our answer on its way.
        Enter(FixSessionState.LogoutAnswered);
        AnnounceDown(FixDownReason.LoggedOut);
    }

    private void NoteWord(in FixHeader header, ReadOnlySpan<byte> message, SessionSpeaker speaker)
    {
        TryFind(message, header.BodyStart, FixTag.Text, out var text);
        Counters.LastWord.Set(text, speaker);
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
            Reject(in header, message, new FixVerdict(SessionRejectReason.RequiredTagMissing, FixTag.TestReqID));
    }

    private static bool IsGapFill(ReadOnlySpan<byte> message, int bodyStart) => TryFind(message, bodyStart, FixTag.GapFillFlag, out var flag) && flag is [(byte)'Y'];

    private void OnSequenceReset(in FixHeader header, ReadOnlySpan<byte> message, bool gapFill)
    {
        bool sound = header.RejectReason < 0 && TryFind(message, header.BodyStart, FixTag.NewSeqNo, out var text) && FixNumber.TryParseUnsigned(text, out uint next) && next > 0
            ? Assign(next, out uint newSequence)
            : Assign(0, out newSequence);
        if (!sound)
        {
            Reject(in header, message, new FixVerdict(SessionRejectReason.RequiredTagMissing, FixTag.NewSeqNo));
            if (header.Sequence == _store.NextIncoming) Advance(header.Sequence + 1);
            return;
        }
        // A gap fill stands for itself at least; a reset disregards the message's own number and may only move forward.
        uint lowest = gapFill ? header.Sequence + 1 : _store.NextIncoming;
        if (newSequence < lowest)
        {
            Reject(in header, message, new FixVerdict(SessionRejectReason.ValueIncorrect, 0));
            if (gapFill && State != FixSessionState.Disconnected) Advance(header.Sequence + 1);
            return;
        }
        _held.DropBelow(newSequence);
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

    /// <summary>Rejects a message at session level; the caller moves the number on where it is used up.</summary>
    private void Reject(in FixHeader header, ReadOnlySpan<byte> message, FixVerdict verdict)
    {
        Counters.RejectsOut++;
        CommitAndWrite(AdminMessages.Reject(NextBuffer(out uint n), _header, n, _utcNs, header.Sequence, verdict.Tag, header.MsgType, verdict.Reason,
            SessionRejectReason.Text(verdict.Reason), message), FixMsgType.Reject);
    }

    /// <summary>Logout with a reason, then cut: the peer is not in a state in which a handshake would help.</summary>
    private void Refuse(ReadOnlySpan<byte> text, FixDownReason reason)
    {
        if (State == FixSessionState.Disconnected)
            return;
        Counters.LastWord.Set(text, SessionSpeaker.Ourselves);
        SendLogout(text);
        GoDown(reason, cut: true);
    }

    private void RefuseTooLow(uint received)
    {
        Span<byte> text = stackalloc byte[96];
        System.Text.Unicode.Utf8.TryWrite(text, System.Globalization.CultureInfo.InvariantCulture, $"MsgSeqNum too low, expecting {_store.NextIncoming} but received {received}", out int length);
        Refuse(text[..length], FixDownReason.SequenceTooLow);
    }

    private void RefuseGap(uint received)
    {
        Counters.GapsSeen++;
        Span<byte> text = stackalloc byte[112];
        System.Text.Unicode.Utf8.TryWrite(text, System.Globalization.CultureInfo.InvariantCulture, $"MsgSeqNum too high, expecting {_store.NextIncoming} but received {received}, and nothing is repeated", out int length);
        Refuse(text[..length], FixDownReason.MessagesMissed);
    }

    private void RefuseTooLong()
    {
        Span<byte> text = stackalloc byte[96];
        System.Text.Unicode.Utf8.TryWrite(text, System.Globalization.CultureInfo.InvariantCulture, $"a message is longer than the {_settings.MaxMessageBytes} bytes that are taken", out int length);
        Refuse(text[..length], FixDownReason.MessageTooLong);
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
