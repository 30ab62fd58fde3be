using System.Runtime.CompilerServices;
using Appliance.Contract;

namespace Appliance.Ingest.Mold;

/// <summary>Where a datagram came from.</summary>
internal enum MoldOrigin : byte { Line, Server }

/// <summary>
/// Puts the packets of one or two lines of a MoldUDP64 channel, and the answers of its re-request server, into one order: what continues the sequence passes, what was seen is dropped, what lies
/// behind a hole is held. Bytes and times in, decisions out: no socket, no clock. A hole that is not closed in time is given up: what was held passes, and the decoder behind names the gap as it
/// does without any of this. So what reaches the ring is all that a replay needs. Sized at start.
/// </summary>
internal sealed class MoldRecovery
{
    private const int RequestMessagesMax = MoldHeader.EndOfSessionCount - 1;
    /// <summary>A server that has not answered is not asked for so long: each hole would hold up what comes behind it for nothing.</summary>
    private const long SilenceNs = 1_000_000_000;

    private readonly MoldRecoveryOptions _options;
    private readonly SourceStatistics _statistics;
    private readonly ulong _repetitionWindow;
    private readonly byte[] _bytes;
    private readonly Held[] _held;
    /// <summary>Slots of held packets by rising sequence, and the free ones behind them.</summary>
    private readonly int[] _order;
    private int _count;

    private MoldSession _session;
    private bool _hasSession, _entered;
    /// <summary>The end of what is known to have been sent, and of what is not waited for any more: a hole below it is given up.</summary>
    private ulong _highest, _givenUpTo;
    private bool _isOpen, _gaveUpHere;
    private int _attempts;
    private long _nextNs, _silentUntilNs;

    private struct Held
    {
        public ulong Sequence, End;
        public long ReceivedNs;
        public int Length;
        public bool EndsSession;
    }

    /// <param name="repetitionWindow">As the decoder's: a packet of the same session further behind is a sequence that began again, where it begins with message 1.</param>
    public MoldRecovery(MoldRecoveryOptions options, SourceStatistics statistics, ulong repetitionWindow)
    {
        options.Check();
        _options = options;
        _statistics = statistics;
        _repetitionWindow = repetitionWindow;
        _bytes = GC.AllocateArray<byte>(checked(options.HeldPackets * options.MaxDatagramBytes), pinned: true);
        // Written once, so that holding a packet faults no page.
        _bytes.AsSpan().Fill(1);
        _held = new Held[options.HeldPackets];
        _order = [.. Enumerable.Range(0, options.HeldPackets)];
    }

    /// <summary>A hole is open: there may be something to take, or to ask for.</summary>
    public bool IsOpen => _isOpen;

    /// <param name="decoderExpects">The decoder's next sequence number.</param>
    /// <returns>True when the decoder is to have it now.</returns>
    public bool Accept(ReadOnlySpan<byte> datagram, MoldOrigin origin, ulong decoderExpects, long nowNs)
    {
        // What is no packet of the protocol, or bears no number, is the decoder's to judge; a server's must be an answer.
        if (!MoldHeader.TryRead(datagram, out MoldHeader header) || header.Sequence == 0) return origin == MoldOrigin.Line;
        if (!_hasSession || header.Session != _session)
        {
            if (origin == MoldOrigin.Server) return false;
            Forget();
            (_session, _hasSession, _entered) = (header.Session, true, false);
        }
        ulong expected = Expected(decoderExpects);
        ulong end = header.Sequence + (ulong)header.MessageCount;
        if (header.Sequence == expected || expected == 0 && _count == 0)
        {
            Advance(origin, end - header.Sequence, nowNs);
            return true;
        }
        return header.Sequence < expected ? AcceptBehind(in header, origin, expected, end, nowNs) : AcceptAhead(datagram, in header, expected, end, nowNs);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool AcceptBehind(in MoldHeader header, MoldOrigin origin, ulong expected, ulong end, long nowNs)
    {
        if (end > expected)
        {
            Advance(origin, end - expected, nowNs);
            return true;
        }
        if (origin == MoldOrigin.Line && header.Sequence == 1 && expected - 1 > _repetitionWindow)
        {
            Forget();
            _entered = true;
            return true;
        }
        _statistics.LineDuplicates += header.MessageCount;
        return false;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool AcceptAhead(ReadOnlySpan<byte> datagram, in MoldHeader header, ulong expected, ulong end, long nowNs)
    {
        // With nothing held, this packet, or heartbeat, is what shows the decoder the hole that was given up.
        if (expected < _givenUpTo && _count == 0)
        {
            Advance(MoldOrigin.Line, 0, nowNs);
            return true;
        }
        _highest = Math.Max(_highest, end);
        if (!_isOpen)
        {
            (_isOpen, _attempts, _gaveUpHere) = (true, 0, false);
            _nextNs = nowNs + (_options.HasServer ? _options.WaitMicroseconds * 1_000L : _options.TimeoutMilliseconds * 1_000_000L);
        }
        if (header.MessageCount > 0 || header.IsEndOfSession) Hold(datagram, in header, end, nowNs);
        if (Missing(expected) > (ulong)_options.MessagesMax) GiveUp(_count > 0 ? _held[_order[0]].Sequence : _highest);
        return false;
    }

    /// <summary>The next held packet that may pass now: one that continues the sequence, or the first behind a hole that was given up. Valid until the next is accepted.</summary>
    public bool TryTakeHeld(ulong decoderExpects, out ReadOnlySpan<byte> datagram, out long receivedNs)
    {
        ulong expected = Expected(decoderExpects);
        while (_count > 0)
        {
            int slot = _order[0];
            ref Held held = ref _held[slot];
            bool isNew = held.End > expected || held.EndsSession && held.Sequence == expected;
            if (held.Sequence > expected && expected >= _givenUpTo) break;
            _count--;
            Array.Copy(_order, 1, _order, 0, _count);
            _order[_count] = slot;
            if (!isNew)
            {
                // The other line, or the server, closed the hole with it.
                _statistics.LineDuplicates += (long)(held.End - held.Sequence);
                continue;
            }
            _entered = true;
            datagram = _bytes.AsSpan(slot * _options.MaxDatagramBytes, held.Length);
            receivedNs = held.ReceivedNs;
            return true;
        }
        datagram = default;
        receivedNs = 0;
        return false;
    }

    /// <summary>Writes the question that is due now, if one is; gives the hole up when enough were put in vain.</summary>
    public bool TryRequest(ulong decoderExpects, long nowNs, Span<byte> request)
    {
        if (!_isOpen) return false;
        ulong expected = Expected(decoderExpects);
        if (expected != 0 && expected >= _highest && _count == 0)
        {
            _isOpen = false;
            if (!_gaveUpHere) _statistics.GapsFilled++;
            return false;
        }
        if (expected < _givenUpTo)
        {
            if (_count == 0) _isOpen = false;
            return false;
        }
        if (nowNs < _nextNs) return false;
        if (!_options.HasServer || _attempts >= _options.Attempts || _attempts == 0 && nowNs < _silentUntilNs)
        {
            // What lies behind further holes has waited as long, and would be asked for as vainly.
            GiveUp(_highest);
            if (_attempts > 0) _silentUntilNs = nowNs + SilenceNs;
            return false;
        }
        _attempts++;
        _nextNs = nowNs + _options.TimeoutMilliseconds * 1_000_000L;
        new MoldHeader(_session, expected, (ushort)Math.Clamp(Missing(expected), 1, RequestMessagesMax)).WriteTo(request);
        _statistics.RecoveryRequests++;
        return true;
    }

    /// <summary>The next message of the session that the decoder should see: before it has seen any, the first, where that can be asked for; else 0, whatever comes.</summary>
    private ulong Expected(ulong decoderExpects) => _entered ? decoderExpects : _options.HasServer && _givenUpTo == 0 ? 1u : 0u;

    /// <summary>The size of the first hole: up to the first packet held, or to what is known to have been sent.</summary>
    private ulong Missing(ulong expected)
    {
        ulong until = _count > 0 ? _held[_order[0]].Sequence : _highest;
        return until > expected ? until - expected : 0;
    }

    private void Advance(MoldOrigin origin, ulong fresh, long nowNs)
    {
        _entered = true;
        if (!_isOpen) return;
        _attempts = 0;
        if (origin != MoldOrigin.Server) return;
        _statistics.MessagesRecovered += (long)fresh;
        _silentUntilNs = 0;
        // The answer is here: what is still missing is asked for at once.
        _nextNs = nowNs;
    }

    private void GiveUp(ulong to)
    {
        _givenUpTo = to;
        _gaveUpHere = true;
        // Known from a heartbeat or from dropped packets only: the next packet shows the decoder the hole.
        if (_count == 0) _isOpen = false;
    }

    private void Forget() => (_count, _highest, _givenUpTo, _isOpen, _gaveUpHere, _attempts) = (0, 0, 0, false, false, 0);

    private void Hold(ReadOnlySpan<byte> datagram, in MoldHeader header, ulong end, long nowNs)
    {
        int at = _count;
        while (at > 0 && _held[_order[at - 1]].Sequence > header.Sequence) at--;
        if (at > 0 && _held[_order[at - 1]] is var before && before.Sequence == header.Sequence && before.End >= end && (before.EndsSession || !header.IsEndOfSession))
        {
            _statistics.LineDuplicates += header.MessageCount;
            return;
        }
        if (_count == _held.Length || datagram.Length > _options.MaxDatagramBytes) return;
        int slot = _order[_count];
        Array.Copy(_order, at, _order, at + 1, _count - at);
        _order[at] = slot;
        _count++;
        datagram.CopyTo(_bytes.AsSpan(slot * _options.MaxDatagramBytes));
        _held[slot] = new Held { Sequence = header.Sequence, End = end, ReceivedNs = nowNs, Length = datagram.Length, EndsSession = header.IsEndOfSession };
    }
}
