using System.Net;
using System.Text;
using Appliance.Contract;

namespace Appliance.Fix;

/// <summary>
/// FIX 4.4 acceptor over TCP, on the same session engine as the initiator's gateway. Sessions are made at a counterparty's first logon and live, with their
/// sequence numbers, as long as the acceptor; with a store directory, longer.
/// </summary>
public sealed class FixAcceptor<THandler> : IFixAcceptor where THandler : IFixAcceptorHandler
{
    private const int FirstMessageBytes = 4096;
    private const long PatienceNs = 10_000_000_000;
    /// <summary>
    /// An accept that finds nobody is dear: Linux makes the new socket's file before it looks, and frees it by RCU, whose callbacks a spinning poller piles up until they take
    /// most of a millisecond from its core. Nobody's connecting is in such a hurry.
    /// </summary>
    private const long AcceptEveryNs = 1_000_000;

    private readonly FixAcceptorOptions _options;
    private readonly SymbolTable _symbols;
    private readonly SocketHandle _listener;
    private readonly List<Peer> _peers = [];
    private readonly List<Pending> _pending = [];
    private readonly byte[] _compId;
    private THandler _handler;
    private long _nowNs, _utcNs;
    private long _nextAcceptNs;
    private int _handled;

    public FixAcceptor(FixAcceptorOptions options, ReadOnlySpan<InstrumentDefinition> instruments, THandler handler)
    {
        if (options.MaxSessions is < 1 or > 1024)
            throw new ArgumentOutOfRangeException(nameof(options), options.MaxSessions, "MaxSessions must be 1 to 1024");
        if (options.OutputQueueBytes < 16_384)
            throw new ArgumentOutOfRangeException(nameof(options), options.OutputQueueBytes, "OutputQueueBytes must be at least 16384");
        _options = options;
        _handler = handler;
        _symbols = new SymbolTable(instruments);
        _compId = Encoding.ASCII.GetBytes(new FixHeaderTemplate(options.CompId, "X", true).SenderCompId);
        _listener = SocketHandle.Listen(IPAddress.Parse(options.Address), options.Port, out int port);
        Port = port;
        // Reports may be sent before the first poll; they need a time.
        _utcNs = default(HostUtcClock).NowUtcNs();
    }

    public int Port { get; }
    /// <summary>Monotonic stamp of the last system call that brought bytes, taken before they were looked at: for measuring what a counterparty took to answer.</summary>
    public long LastReceivedNs { get; private set; }
    public int SessionCount => _peers.Count;
    public bool IsUp(int session) => _peers[session].Session.IsUp;
    public string Counterparty(int session) => _peers[session].CompId;
    public FixSessionCounters Counters(int session) => _peers[session].Session.Counters;
    /// <summary>The numbers that our next message and the counterparty's next message bear.</summary>
    public (uint Outgoing, uint Incoming) NextSequences(int session) => (_peers[session].Store.NextOutgoing, _peers[session].Store.NextIncoming);
    /// <summary>Connections closed because their first message was no acceptable Logon.</summary>
    public long Refused { get; private set; }

    public int Poll(long monotonicNs, long utcNs)
    {
        _nowNs = monotonicNs;
        _utcNs = utcNs;
        _handled = 0;
        foreach (var peer in _peers) peer.Poll(monotonicNs, utcNs);
        for (int i = _pending.Count - 1; i >= 0; i--)
        {
            if (!PollPending(_pending[i])) continue;
            _pending.RemoveAt(i);
        }
        if (monotonicNs >= _nextAcceptNs && _pending.Count < _options.MaxSessions)
        {
            if (_listener.Accept() is { } socket) _pending.Add(new Pending(socket, monotonicNs));
            else _nextAcceptNs = monotonicNs + AcceptEveryNs;
        }
        return _handled;
    }

    /// <summary>Reads a new connection up to its first message, which says whose it is.</summary>
    /// <returns>True when the connection has left the waiting list.</returns>
    private bool PollPending(Pending pending)
    {
        int got = pending.Read();
        var status = FixFramer.Next(pending.Bytes, FirstMessageBytes, out int length);
        if (status == FrameStatus.NeedMore && got >= 0 && _nowNs - pending.SinceNs < PatienceNs)
            return false;
        if (status == FrameStatus.Complete)
        {
            var message = pending.Bytes[..length];
            var header = FixHeader.Read(message);
            if (header.MsgType == FixMsgType.Logon && header.Target(message).SequenceEqual(_compId) && FindOrMake(header.Sender(message)) is { } peer
                && peer.Session.State == FixSessionState.Disconnected)
            {
                peer.Attach(pending.Socket, pending.Bytes, _nowNs, _utcNs);
                return true;
            }
        }
        Refused++;
        pending.Socket.Dispose();
        return true;
    }

    private Peer? FindOrMake(ReadOnlySpan<byte> compId)
    {
        foreach (var known in _peers)
            if (compId.SequenceEqual(known.CompIdBytes))
                return known;
        string name = Encoding.ASCII.GetString(compId);
        if (_peers.Count >= _options.MaxSessions || name.Length is 0 or > 32 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
            || name.StartsWith('.') || _options.Counterparties is not null && !_options.Counterparties.Contains(name))
            return null;
        var peer = new Peer(this, _peers.Count, name);
        _peers.Add(peer);
        return peer;
    }

    public void SendExecutionReport(int session, in ExecutionReportMessage report)
    {
        var peer = _peers[session];
        var buffer = peer.Session.NextBuffer(out uint sequence);
        peer.Session.SendReport(ReportEncoder.ExecutionReport(buffer, peer.Header, _symbols, in report, sequence, _utcNs), FixMsgType.ExecutionReport, _nowNs);
    }

    public void SendCancelReject(int session, in CancelRejectMessage reject)
    {
        var peer = _peers[session];
        var buffer = peer.Session.NextBuffer(out uint sequence);
        peer.Session.SendReport(ReportEncoder.OrderCancelReject(buffer, peer.Header, in reject, sequence, _utcNs), FixMsgType.OrderCancelReject, _nowNs);
    }

    public void Logout(int session, ReadOnlySpan<byte> text) => _peers[session].Session.Logout(text, _nowNs, _utcNs);

    public void Drop(int session) => _peers[session].Session.Stop(FixDownReason.Stopped, _nowNs, _utcNs);

    public void Dispose()
    {
        _listener.Dispose();
        foreach (var pending in _pending) pending.Socket.Dispose();
        foreach (var peer in _peers) peer.Dispose();
    }

    private void OnMessage(Peer peer, in FixHeader header, ReadOnlySpan<byte> message)
    {
        _handled++;
        RequestProblem problem;
        switch (header.MsgType)
        {
            case FixMsgType.NewOrderSingle:
                problem = RequestDecoder.NewOrder(message, in header, _symbols, out var order);
                if (problem.IsNone) _handler.OnNewOrder(peer.Index, in order);
                else Refuse(peer, in header, problem, order.ClientOrderId);
                break;
            case FixMsgType.OrderCancelRequest:
                problem = RequestDecoder.Cancel(message, in header, _symbols, out var cancel);
                if (problem.IsNone) _handler.OnCancel(peer.Index, in cancel);
                else Refuse(peer, in header, problem, cancel.ClientOrderId);
                break;
            case FixMsgType.OrderCancelReplaceRequest:
                problem = RequestDecoder.Replace(message, in header, _symbols, out var replace);
                if (problem.IsNone) _handler.OnReplace(peer.Index, in replace);
                else Refuse(peer, in header, problem, replace.ClientOrderId);
                break;
            default:
                peer.Session.SendBusinessReject(header.Sequence, header.MsgType, default, 3, "unsupported message type"u8);
                break;
        }
    }

    private static void Refuse(Peer peer, in FixHeader header, RequestProblem problem, FixText id)
    {
        if (problem.UnknownSymbol) peer.Session.SendBusinessReject(header.Sequence, header.MsgType, id.Span, 2, "unknown symbol"u8);
        else peer.Session.SendReject(header.Sequence, problem.Tag, header.MsgType, problem.Reason, "field missing or incorrect"u8);
    }

    /// <summary>A connection whose first message has not come yet.</summary>
    private sealed class Pending(SocketHandle socket, long sinceNs)
    {
        private readonly byte[] _bytes = new byte[FirstMessageBytes];
        private int _length;

        public SocketHandle Socket { get; } = socket;
        public long SinceNs { get; } = sinceNs;
        public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

        public unsafe int Read()
        {
            if (_length == _bytes.Length)
                return 0;
            nint got;
            fixed (byte* at = _bytes) got = Libc.recv(Socket.Fd, at + _length, (nuint)(_bytes.Length - _length), Libc.MsgDontWait);
            if (got > 0)
            {
                _length += (int)got;
                return (int)got;
            }
            return got == 0 || System.Runtime.InteropServices.Marshal.GetLastSystemError() is not (Libc.ErrorAgain or Libc.ErrorInterrupted) ? -1 : 0;
        }
    }

    /// <summary>One counterparty: its store, its session, and its connection when it has one.</summary>
    private sealed class Peer : IDisposable
    {
        private readonly FixAcceptor<THandler> _owner;
        private readonly TcpLink _link;
        private bool _cancelOnDisconnect;

        public Peer(FixAcceptor<THandler> owner, int index, string compId)
        {
            _owner = owner;
            Index = index;
            CompId = compId;
            CompIdBytes = Encoding.ASCII.GetBytes(compId);
            var options = owner._options;
            string? path = options.StoreDirectory is null ? null : Path.Combine(options.StoreDirectory, $"{options.CompId}-{compId}.fixstore");
            Store = new SequenceStore(path, options.StoreMessages);
            Header = new FixHeaderTemplate(options.CompId, compId, options.Microseconds);
            _link = new TcpLink(1 << 16, options.OutputQueueBytes);
            Session = new FixSession<Actions>(new Actions(this), Store, Header, new FixSessionSettings { Role = FixRole.Acceptor, ResendApplicationMessages = true });
        }

        public int Index { get; }
        public string CompId { get; }
        public byte[] CompIdBytes { get; }
        public SequenceStore Store { get; }
        public FixHeaderTemplate Header { get; }
        public FixSession<Actions> Session { get; }

        public void Attach(SocketHandle socket, ReadOnlySpan<byte> read, long nowNs, long utcNs)
        {
            _link.Attach(socket, read);
            Session.OnConnected(nowNs, utcNs);
            Take(nowNs, utcNs);
        }

        public void Poll(long nowNs, long utcNs)
        {
            if (!_link.IsOpen)
                return;
            int got = _link.Receive();
            if (got > 0) _owner.LastReceivedNs = default(HostMonotonicClock).NowNs();
            bool lost = !_link.Flush() || got < 0;
            Take(nowNs, utcNs);
            if (!_link.IsOpen)
                return;
            if (lost)
            {
                Session.OnLinkLost(nowNs, utcNs);
                _link.Close();
                return;
            }
            Session.OnTimer(nowNs, utcNs);
        }

        private void Take(long nowNs, long utcNs)
        {
            if (!_link.Received.IsEmpty) _link.Consume(Session.OnBytes(_link.Received, nowNs, utcNs));
        }

        public void Dispose()
        {
            _link.Dispose();
            Store.Dispose();
        }

        public readonly struct Actions(Peer peer) : IFixSessionHost
        {
            public LinkWrite Write(ReadOnlySpan<byte> message, bool mayQueue) => peer._link.Write(message, mayQueue);
            public bool LinkIsClear => !peer._link.HasBacklog;
            public bool CanTakeMessage => true;

            public void Cut(FixDownReason reason)
            {
                // A last word (a Logout that says why) may still stand in the queue.
                peer._link.Flush();
                peer._link.Close();
            }

            public void OnLogon(ReadOnlySpan<byte> message)
            {
                int wanted = peer._owner._options.CancelOnDisconnectTag;
                peer._cancelOnDisconnect = false;
                var fields = new FixFieldReader(message);
                while (fields.Read(out int tag, out var value))
                    if (tag == wanted) peer._cancelOnDisconnect = value is [(byte)'Y'];
            }

            public void OnUp() => peer._owner._handler.OnSessionUp(peer.Index, peer.CompIdBytes, peer._cancelOnDisconnect);
            public void OnDown(FixDownReason reason) => peer._owner._handler.OnSessionDown(peer.Index);
            public void OnMessage(in FixHeader header, ReadOnlySpan<byte> message) => peer._owner.OnMessage(peer, in header, message);
            public void OnRejected(in FixHeader header, uint refSequence, int reason, in StoredOrder order) { }
            public void OnUnsent(uint sequence, in StoredOrder order) { }
        }
    }
}
