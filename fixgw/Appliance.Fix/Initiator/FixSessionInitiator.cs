using System.Diagnostics.CodeAnalysis;

namespace Appliance.Fix;

/// <summary>
/// An initiator for any application and every version: connects, logs on, keeps the session, reconnects with growing delays of its own. Orders go through
/// <see cref="FixOrderGateway{TSink,TClock}"/> instead, which adds the order log and the ring. One thread polls it and sends.
/// </summary>
public sealed class FixSessionInitiator<TApplication> : IDisposable where TApplication : IFixApplication
{
    private const int QueueBytes = 1 << 20;

    private readonly FixSessionOptions _options;
    private readonly SequenceStore _store;
    private readonly MessageLog? _messageLog;
    private readonly TcpLink _link;
    private readonly Connector _connector;
    private readonly ReconnectSchedule _schedule;
    private readonly FixSession<Actions> _session;
    private TApplication _application;
    private long _nowNs, _utcNs, _nextAttemptNs;
    private bool _stopping, _handled;

    public FixSessionInitiator(FixSessionOptions options, TApplication application)
    {
        var wrong = options.Check();
        if (wrong.Count > 0) ThrowWrong(wrong);
        _options = options;
        _application = application;
        Header = options.MakeHeader();
        _store = options.MakeStore();
        _messageLog = options.MakeMessageLog(_store);
        _link = new TcpLink(options.ReceiveBufferBytes, QueueBytes);
        _schedule = options.MakeReconnectSchedule();
        _session = new FixSession<Actions>(new Actions(this), _store, Header, options.MakeSettings());
        _connector = new Connector(options);
    }

    public FixHeaderTemplate Header { get; }
    public bool IsUp => _session.IsUp;
    public bool IsConnected => _link.IsOpen;
    public FixSessionState State => _session.State;
    public FixSessionCounters Counters => _session.Counters;
    public long UtcNs => _utcNs;
    /// <summary>The numbers that our next message and the peer's next message bear.</summary>
    public (uint Outgoing, uint Incoming) NextSequences => (_store.NextOutgoing, _store.NextIncoming);
    /// <summary>Why the last connection attempt failed; null when none did.</summary>
    public string? LastConnectError => _connector.LastError;

    /// <summary>Connects, reads, calls the application, writes what was queued, runs timers. Never blocks.</summary>
    /// <returns>True when application messages were handled.</returns>
    public bool Poll(long monotonicNs, long utcNs)
    {
        _nowNs = monotonicNs;
        _utcNs = utcNs;
        _handled = false;
        if (_link.IsOpen) PollLink();
        else PollConnector();
        return _handled;
    }

    private void PollLink()
    {
        bool lost = _link.HasBacklog && !_link.Flush();
        lost |= _link.Receive() < 0;
        if (!_link.Received.IsEmpty) _link.Consume(_session.OnBytes(_link.Received, _nowNs, _utcNs));
        if (!_link.IsOpen)
            return;
        if (lost)
        {
            _session.OnLinkLost(_nowNs, _utcNs);
            Close();
            return;
        }
        _session.OnTimer(_nowNs, _utcNs);
    }

    private void PollConnector()
    {
        if (_connector.TryTake(out var socket))
        {
            if (socket is null || _stopping)
            {
                socket?.Dispose();
                _nextAttemptNs = _nowNs + _schedule.NextDelayNs();
                return;
            }
            _link.Attach(socket);
            _session.OnConnected(_nowNs, _utcNs);
            return;
        }
        if (!_stopping && _connector.IsIdle && _nowNs >= _nextAttemptNs && _session.MayConnect(_utcNs)) _connector.Begin(_schedule.Host);
    }

    private void Close()
    {
        // A last word (a Logout that says why) may still stand in the queue.
        if (_link.IsOpen) _link.Flush();
        _link.Close();
        _nextAttemptNs = _nowNs + _schedule.NextDelayNs();
    }

    /// <summary>Where the next message is to be encoded, and the number it must bear.</summary>
    public Span<byte> NextBuffer(out uint sequence) => _session.NextBuffer(out sequence);

    /// <summary>Stores and sends what was encoded into <see cref="NextBuffer"/>; while the session is away it is only stored.</summary>
    public void Send(int length, uint type) => _session.SendReport(length, type, _nowNs);

    public void SendBusinessReject(in FixHeader header, ReadOnlySpan<byte> id, int reason, ReadOnlySpan<byte> text) =>
        _session.SendBusinessReject(header.Sequence, header.MsgType, id, reason, text);

    /// <summary>Begins both sequence numbers at 1 within the session.</summary>
    public bool ResetSequenceNumbers() => _session.ResetSequenceNumbers(_nowNs, _utcNs);

    /// <summary>Starts the Logout handshake and lets no reconnect follow.</summary>
    public void Logout(ReadOnlySpan<byte> text)
    {
        _stopping = true;
        _session.Logout(text, _nowNs, _utcNs);
    }

    public void Dispose()
    {
        _connector.Dispose();
        _link.Dispose();
        _store.Settle();
        _messageLog?.Dispose();
        _store.Dispose();
    }

    [DoesNotReturn]
    private static void ThrowWrong(IReadOnlyList<string> wrong) => throw new ArgumentException("FIX session options: " + string.Join("; ", wrong));

    /// <summary>The session's actions, as direct calls.</summary>
    private readonly struct Actions(FixSessionInitiator<TApplication> initiator) : IFixSessionHost
    {
        public LinkWrite Write(ReadOnlySpan<byte> message, bool mayQueue) => initiator._link.Write(message, mayQueue);
        public int WriteSome(ReadOnlySpan<byte> messages) => initiator._link.WriteSome(messages);
        public bool LinkIsClear => !initiator._link.HasBacklog;
        public bool CanTakeMessage => true;
        public void Cut(FixDownReason reason) => initiator.Close();
        public byte[]? OnLogon(in FixHeader header, ReadOnlySpan<byte> message) => initiator._application.OnLogon(initiator._options.Index, in header, message);

        public void OnUp()
        {
            initiator._schedule.Succeeded();
            initiator._application.OnSessionUp(initiator._options.Index);
        }

        public void OnDown(FixDownReason reason) => initiator._application.OnSessionDown(initiator._options.Index, reason);

        public void OnMessage(in FixHeader header, ReadOnlySpan<byte> message)
        {
            initiator._handled = true;
            initiator._application.OnMessage(initiator._options.Index, in header, message);
        }

        public void OnRejected(in FixHeader header, uint refSequence, int reason, in StoredOrder order) { }
        public void OnUnsent(uint sequence, in StoredOrder order) { }
    }
}
