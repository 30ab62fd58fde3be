using Appliance.Contract;

namespace Appliance.Fix;

/// <summary>What the session sends, and how it answers a resend request.</summary>
public sealed partial class FixSession<THost>
{
    // What a resent message grows by (PossDupFlag, OrigSendingTime) has room beside the longest message.
    private const int LooksPerSlice = 1024, ResentBytes = SequenceStore.MaxOutgoingBytes + 64;
    // A slice of a resend is gathered here and written as one piece, and so are orders that leave together: a system call a message would cost more than the messages.
    private readonly byte[] _slice = new byte[32_768];
    private int _sliceLength;
    // An answer to a resend request in progress: the next number to look at, the last one asked for, and where the gap fill being gathered began.
    private bool _resending;
    private uint _resendNext, _resendEnd, _gapFrom;
    // Messages numbered while the answer was under way: written after it, so that the peer sees every number in turn. 0: none.
    private uint _deferredFrom;

    /// <summary>Where the next message is to be encoded, and the number it must bear.</summary>
    public Span<byte> NextBuffer(out uint sequence)
    {
        sequence = _store.NextOutgoing;
        return _store.NextBuffer();
    }

    /// <summary>Whether an order may be encoded and sent now.</summary>
    public SendResult OrderReadiness => State != FixSessionState.Up ? SendResult.Disconnected : _resending ? SendResult.BackPressure : SendResult.Sent;

    /// <summary>
    /// Stores and sends the order that was encoded into <see cref="NextBuffer"/>. It is never queued: either its first byte leaves now, or its number is taken back
    /// and nothing of it leaves, ever.
    /// </summary>
    public SendResult SendOrder(int length, uint type, in StoredOrder order, long nowNs)
    {
        var ready = OrderReadiness;
        if (ready != SendResult.Sent)
            return ready;
        var message = _store.NextBuffer()[..length];
        return SendOrderCommitted(message, type, in order, nowNs);
    }

    private SendResult SendOrderCommitted(ReadOnlySpan<byte> message, uint type, in StoredOrder order, long nowNs)
    {
        // The session's times were taken in one moment, the order's is later.
        _store.Commit(message.Length, type, in order, _utcNs + (nowNs - _nowNs));
        if (!_store.FlushOutgoing())
        {
            _store.TakeBack();
            Counters.TakenBack++;
            return SendResult.LogFull;
        }
        var written = _host.Write(message, mayQueue: false);
        if (written == LinkWrite.Accepted)
        {
            _lastSentNs = nowNs;
            Counters.MessagesOut++;
            return SendResult.Sent;
        }
        _store.TakeBack();
        Counters.TakenBack++;
        if (written == LinkWrite.Refused)
        {
            Counters.BackPressure++;
            return SendResult.BackPressure;
        }
        _nowNs = nowNs;
        GoDown(FixDownReason.LinkLost, cut: true);
        return SendResult.Disconnected;
    }

    /// <summary>
    /// Numbers, stores and sends an application message that must not be lost (an acceptor's report). While the session is away it is only stored, and
    /// the peer's resend request fetches it.
    /// </summary>
    public void SendReport(int length, uint type, long nowNs)
    {
        _nowNs = nowNs;
        CommitAndWrite(length, type);
    }

    private void CommitAndWrite(int length, uint type)
    {
        uint sequence = _store.NextOutgoing;
        var message = _store.NextBuffer()[..length];
        _store.Commit(length, type, default, _utcNs);
        // Before the logon only a refusal may be said; reports wait in the store.
        if (State == FixSessionState.Disconnected || State == FixSessionState.AwaitingLogon && type != FixMsgType.Logout)
            return;
        if (_resending && type != FixMsgType.Logout)
        {
            if (_deferredFrom == 0) _deferredFrom = sequence;
            // It counts as sent for the heartbeat's sake, or each poll would number another one while a slow peer holds the resend up.
            _lastSentNs = _nowNs;
            return;
        }
        if (_store.FlushOutgoing()) Write(message);
        else GoDown(FixDownReason.StoreFailed, cut: true);
    }

    private void Write(ReadOnlySpan<byte> message)
    {
        var written = _host.Write(message, mayQueue: true);
        if (written == LinkWrite.Accepted)
        {
            _lastSentNs = _nowNs;
            Counters.MessagesOut++;
            return;
        }
        GoDown(written == LinkWrite.Refused ? FixDownReason.SlowReader : FixDownReason.LinkLost, cut: true);
    }

    private void SendLogon(uint heartbeatSeconds, bool reset)
    {
        var fields = new LogonFields
        {
            HeartbeatSeconds = heartbeatSeconds, ResetSequenceNumbers = reset, TestSession = _settings.TestSession, Extra = _settings.LogonFields, Signer = _signer,
            NextExpectedSequence = _settings.UseNextExpectedSequence ? _store.NextIncoming : 0,
        };
        CommitAndWrite(AdminMessages.Logon(NextBuffer(out uint n), _header, n, _utcNs, in fields), FixMsgType.Logon);
    }

    private void SendHeartbeat(ReadOnlySpan<byte> testRequestId) =>
        CommitAndWrite(AdminMessages.Heartbeat(NextBuffer(out uint n), _header, n, _utcNs, testRequestId), FixMsgType.Heartbeat);

    /// <summary>Asks whether the peer is in sequence with us: the answer bears the request's own number.</summary>
    private void SendTestRequest()
    {
        _testRequestSentNs = _synchronisingSinceNs = _nowNs;
        Counters.TestRequestsOut++;
        Span<byte> id = stackalloc byte[24];
        int digits = FixNumber.WriteNumber(id, ++_testRequestId);
        CommitAndWrite(AdminMessages.TestRequest(NextBuffer(out uint n), _header, n, _utcNs, id[..digits]), FixMsgType.TestRequest);
    }

    /// <summary>Asks whether the peer is there at all: any message answers it.</summary>
    private void SendLivenessRequest()
    {
        _testRequestSentNs = _nowNs;
        Counters.TestRequestsOut++;
        CommitAndWrite(AdminMessages.TestRequest(NextBuffer(out uint n), _header, n, _utcNs, "TEST"u8), FixMsgType.TestRequest);
    }

    private void SendLogout(ReadOnlySpan<byte> text) =>
        CommitAndWrite(AdminMessages.Logout(NextBuffer(out uint n), _header, n, _utcNs, text), FixMsgType.Logout);

    /// <summary>Session-level Reject of an application message that the host was given.</summary>
    public void SendReject(in FixHeader header, ReadOnlySpan<byte> message, int reason, int tag) => Reject(in header, message, new FixVerdict(reason, tag));

    /// <param name="businessRefId">The identifier (ClOrdID) of the message refused, empty when it has none.</param>
    public void SendBusinessReject(uint refSequence, uint refMsgType, ReadOnlySpan<byte> businessRefId, int reason, ReadOnlySpan<byte> text)
    {
        Counters.RejectsOut++;
        if (!_header.Version.IsAtLeast(FixVersion.Fix42))
        {
            // BusinessMessageReject came with 4.2; before, a Reject says it.
            CommitAndWrite(AdminMessages.Reject(NextBuffer(out uint m), _header, m, _utcNs, refSequence, 0, refMsgType, 0, text, default), FixMsgType.Reject);
            return;
        }
        CommitAndWrite(AdminMessages.BusinessMessageReject(NextBuffer(out uint n), _header, n, _utcNs, refSequence, refMsgType, businessRefId, reason, text), FixMsgType.BusinessMessageReject);
    }

    private void AskForResend()
    {
        _recovering = true;
        _recoverySinceNs = _nowNs;
        Counters.ResendRequestsOut++;
        uint begin = _store.NextIncoming, end = _header.Version.ResendToInfinity;
        _askedUpTo = 0;
        if (_settings.ResendChunk > 0) _askedUpTo = end = Math.Min(begin + (uint)_settings.ResendChunk - 1, _recoverUpTo);
        CommitAndWrite(AdminMessages.ResendRequest(NextBuffer(out uint n), _header, n, _utcNs, begin, end), FixMsgType.ResendRequest);
    }

    private void OnResendRequest(in FixHeader header, ReadOnlySpan<byte> message)
    {
        Counters.ResendRequestsIn++;
        uint end = 0;
        bool sound = TryFind(message, header.BodyStart, FixTag.BeginSeqNo, out var text) & FixNumber.TryParseUnsigned(text, out uint begin)
            && TryFind(message, header.BodyStart, FixTag.EndSeqNo, out text) && FixNumber.TryParseUnsigned(text, out end) && begin > 0 && (end == 0 || end >= begin);
        uint last = _store.NextOutgoing - 1;
        if (!sound || begin > last)
        {
            Reject(in header, message, new FixVerdict(SessionRejectReason.ValueIncorrect, FixTag.BeginSeqNo));
            return;
        }
        BeginResend(begin, end == 0 || end > last ? last : end);
    }

    private void BeginResend(uint begin, uint end)
    {
        if (_resending && _deferredFrom != 0)
        {
            // What was deferred has never left; the new answer takes it in.
            end = _store.NextOutgoing - 1;
            _deferredFrom = 0;
        }
        // A peer that asks again for the very gap fill that is being gathered only grew impatient: begun anew each time, a long one would never be done.
        bool isRepeated = _resending && _gapFrom == begin;
        _resendEnd = isRepeated ? Math.Max(_resendEnd, end) : end;
        if (!isRepeated)
        {
            _resendNext = begin;
            _gapFrom = 0;
        }
        _resending = true;
        ContinueResend();
    }

    /// <summary>
    /// One slice of the answer: stored application messages again (acceptor), gap fills for the rest. The next slice waits until the link has taken this one, so a resend of any length needs no
    /// memory but the slice, and heeds whatever comes in between.
    /// </summary>
    private void ContinueResend()
    {
        if (!_resending)
            return;
        int budget = _settings.ResendSlice, looks = LooksPerSlice;
        while (_resendNext <= _resendEnd)
        {
            uint sequence = _resendNext;
            if (budget == 0 || looks-- == 0 || _sliceLength > _slice.Length - ResentBytes - FixMessageWriter.MinimumBuffer || !_host.LinkIsClear || !_host.CanTakeMessage)
            {
                // What was gathered goes out now, so that the peer sees the answer move and does not ask again. But a gap fill over orders stays whole: one that ended before an order would let a peer that has
                // kept that order take it for the next one, and the order was to be told unsent.
                if (_settings.ResendApplicationMessages) GatherGapFill(sequence);
                WriteSlice();
                return;
            }
            bool stored = _store.TryGet(sequence, out var message, out uint type, out var order);
            if (stored && _deferredFrom != 0 && sequence >= _deferredFrom)
            {
                GatherGapFill(sequence);
                message.CopyTo(_slice.AsSpan(_sliceLength));
                Gathered(message.Length);
                budget--;
            }
            else if (stored && _settings.ResendApplicationMessages && !FixMsgType.IsAdmin(type))
            {
                GatherGapFill(sequence);
                int length = AdminMessages.Resend(_slice.AsSpan(_sliceLength), _header, message, _utcNs);
                if (length == 0)
                {
                    _gapFrom = sequence;
                }
                else
                {
                    Gathered(length);
                    Counters.MessagesResent++;
                    budget--;
                }
            }
            else
            {
                if (_gapFrom == 0) _gapFrom = sequence;
                if (stored && order.Kind != OrderRequestKind.None && _store.MarkUnsentReported(sequence))
                {
                    Counters.OrdersGapFilled++;
                    _host.OnUnsent(sequence, in order);
                    budget--;
                }
            }
            _resendNext = sequence + 1;
            if (_resendNext <= _resendEnd)
                continue;
            GatherGapFill(_resendNext);
            if (_deferredFrom == 0)
                continue;
            _resendNext = Math.Max(_resendNext, _deferredFrom);
            _resendEnd = _store.NextOutgoing - 1;
        }
        WriteSlice();
        if (State == FixSessionState.Disconnected)
            return;
        EndResend();
        // A TestRequest of the synchronisation was gap-filled with the rest: ask again.
        if (State == FixSessionState.Synchronising && !_synchronised) SendTestRequest();
    }

    /// <summary>Gathers the gap fill that has grown, up to but not including <paramref name="next"/>. Its own number is the first it stands for.</summary>
    private void GatherGapFill(uint next)
    {
        if (_gapFrom == 0)
            return;
        int length = AdminMessages.SequenceReset(_slice.AsSpan(_sliceLength), _header, _gapFrom, _utcNs, next, gapFill: true);
        _gapFrom = 0;
        Counters.GapFillsOut++;
        Gathered(length);
    }

    private void Gathered(int length)
    {
        _sliceLength += length;
        Counters.MessagesOut++;
    }

    private void WriteSlice()
    {
        if (_sliceLength == 0)
            return;
        var written = _host.Write(_slice.AsSpan(0, _sliceLength), mayQueue: true);
        _sliceLength = 0;
        if (written == LinkWrite.Accepted) _lastSentNs = _nowNs;
        else GoDown(written == LinkWrite.Refused ? FixDownReason.SlowReader : FixDownReason.LinkLost, cut: true);
    }

    private void EndResend()
    {
        _resending = false;
        _resendNext = _resendEnd = _gapFrom = _deferredFrom = 0;
        _sliceLength = 0;
    }
}
